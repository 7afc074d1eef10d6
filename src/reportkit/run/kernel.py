"""The engine under papermill: a kernel of this very interpreter, whose chatter goes to a file, ended when its notebook is."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines

NAME = "reportkit"
COMMAND = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
START_TIMEOUT = 120  # seconds a kernel may take to start on a busy machine


class OwnKernel(AsyncKernelManager):
    """A kernel of this interpreter, whichever kernels the machine has installed; it writes its log to `log_file`."""

    def __init__(self, *, log_file: Path, **settings: Any) -> None:
        super().__init__(kernel_name="python3", transport="ipc", **settings)
        self._kernel_spec = KernelSpec(argv=COMMAND, display_name="Python 3", language="python")
        self._log_file = log_file

    async def _async_launch_kernel(self, kernel_cmd: list[str], **settings: Any) -> None:
        with self._log_file.open("ab") as log:
            await super()._async_launch_kernel(kernel_cmd, **{**settings, "stdout": log, "stderr": log})

    _launch_kernel = _async_launch_kernel


class OwnEngine(Engine):  # type: ignore[misc]
    """Runs each notebook in a kernel of its own, with its own environment and folder."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, kernel: Mapping[str, Any], start: Mapping[str, Any],
        execution_timeout: float | None = None, on_cell_start: Any = None, **_: Any,
    ) -> NotebookNode:  # fmt: skip
        """Run all cells; `kernel` are the settings of OwnKernel, `start` those of its process (env, cwd)."""
        log = quiet()
        with _loop():
            client = PapermillNotebookClient(
                nb_man, km=OwnKernel(log=log, **kernel), kernel_name=kernel_name, log=log, timeout=execution_timeout,
                startup_timeout=START_TIMEOUT, on_cell_start=on_cell_start,
            )  # fmt: skip
            executed: NotebookNode = client.execute(cleanup_kc=True, **start)
        return executed


@contextmanager
def _loop() -> Iterator[None]:
    """The event loop of this thread, closed at the end with all that still waits in it."""
    loop = ensure_event_loop()
    try:
        yield
    finally:
        if not loop.is_running():
            waiting = asyncio.all_tasks(loop)
            for task in waiting:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
            loop.close()


def quiet() -> logging.Logger:
    """A logger that nobody hears: what goes wrong is said once, by the error."""
    log = logging.getLogger("reportkit.kernel")
    log.propagate = False
    log.setLevel(logging.CRITICAL + 1)
    return log


papermill_engines.register(NAME, OwnEngine)
