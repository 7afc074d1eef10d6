"""Kernels of this very interpreter, whose chatter goes to a file."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any, Self

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop

from reportkit.forks import Family
from reportkit.run import provisioner

if TYPE_CHECKING:
    from reportkit.run.execute import Isolated

COMMAND = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
START_TIMEOUT = 120  # seconds a kernel may take to start on a busy machine
SOON = 0.01  # seconds after which an ending kernel is looked at again; Jupyter's own tenth is more than it takes to end


class OwnClient(AsyncKernelClient):
    """A client that goes on as soon as its kernel has answered.

    Jupyter's own first listens for a fifth of a second of silence, so that a person sees no message twice; nbclient takes
    only what belongs to the cell that it runs.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Until the kernel answers and is heard. Raises RuntimeError where it died, or does not answer in `timeout` seconds."""
        until = time.monotonic() + (timeout or START_TIMEOUT)
        while time.monotonic() < until:
            self.kernel_info()
            if await _heard(self.shell_channel, 1.0) and await _heard(self.iopub_channel, 0.2):
                return
            if not await self._async_is_alive():
                raise RuntimeError("it died before it could be talked to")
        raise RuntimeError(f"it could not be talked to in {timeout:g} seconds")


async def _heard(channel: Any, timeout: float) -> bool:
    try:
        await channel.get_msg(timeout=timeout)
    except Empty:
        return False
    return True


class OwnKernel(AsyncKernelManager):
    """A kernel of this interpreter, whichever kernels the machine has installed; it writes its log to `log_file`.

    It is forked where it belongs to a family, else started by a command.
    """

    def __init__(self, *, log_file: Path, family: Family | None = None, **settings: Any) -> None:
        super().__init__(kernel_name="python3", transport="ipc", client_factory=OwnClient, **settings)
        how = {"kernel_provisioner": {"provisioner_name": provisioner.NAME}} if family else {}
        self._kernel_spec = KernelSpec(argv=COMMAND, display_name="Python 3", language="python", metadata=how)
        self._log_file = log_file
        self.family = family

    async def _async_launch_kernel(self, kernel_cmd: list[str], **settings: Any) -> None:
        with self._log_file.open("ab") as log:
            await super()._async_launch_kernel(kernel_cmd, **{**settings, "stdout": log, "stderr": log})

    _launch_kernel = _async_launch_kernel

    async def _async_finish_shutdown(
        self, waittime: float | None = None, pollinterval: float = SOON, restart: bool = False
    ) -> None:
        await super()._async_finish_shutdown(waittime, pollinterval, restart)


_NUMBERS = itertools.count(1)
HISTORY = "--HistoryManager.hist_file=:memory:"  # as nbclient starts them


class Spare:
    """A kernel that is started ahead and waits for its notebook; the last one ends with the block."""

    def __init__(self, settings: Isolated, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._kernel: OwnKernel | None = None

    def prepare(self) -> None:
        """Start the next one."""
        self._kernel = started(self._settings, self._settings.scratch / "spare.log", self._folder)

    def take(self) -> OwnKernel | None:
        """The one that waits; None where none does, or it did not live to be asked."""
        kernel, self._kernel = self._kernel, None
        if kernel is None:
            return None
        with loop() as own:
            return kernel if own.run_until_complete(kernel.is_alive()) else None

    def __enter__(self) -> Self:
        self.prepare()
        return self

    def __exit__(self, *_: object) -> None:
        if self._kernel:
            end(self._kernel)


def started(settings: Isolated, log_file: Path, folder: Path) -> OwnKernel:
    """A kernel under these settings that is about to answer. Its sockets have short names, whatever its report is called."""
    file = str(settings.sockets / f"k{next(_NUMBERS)}.json")
    kernel = OwnKernel(log=quiet(), connection_file=file, log_file=log_file, family=settings.family)
    with loop() as own:
        own.run_until_complete(
            kernel.start_kernel(extra_arguments=[HISTORY], env=settings.environment, cwd=str(folder))
        )
    return kernel


def end(kernel: OwnKernel) -> None:
    """End the kernel at once, if it still runs."""
    if kernel.has_kernel:
        with loop() as own:
            own.run_until_complete(kernel.shutdown_kernel(now=True))


@contextmanager
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The event loop of this thread, closed at the end with all that still waits in it."""
    own = ensure_event_loop()
    try:
        yield own
    finally:
        if not own.is_running():
            waiting = asyncio.all_tasks(own)
            for task in waiting:
                task.cancel()
            own.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
            own.close()


def quiet() -> logging.Logger:
    """A logger that nobody hears: what goes wrong is said once, by the error."""
    log = logging.getLogger("reportkit.kernel")
    log.propagate = False
    log.setLevel(logging.CRITICAL + 1)
    return log
