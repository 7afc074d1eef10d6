"""The engine under papermill: each notebook in a kernel of its own, which ends when the notebook does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbformat import NotebookNode

from reportkit.lean import later, without
from reportkit.run.kernel import START_TIMEOUT, OwnKernel, loop, quiet

# Without what papermill reads notebooks from Hadoop and the web with, and is told of on a command line.
with without("pyarrow"), later("requests"), later("click"):
    from papermill import execute
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

__all__ = ["NAME", "PapermillExecutionError", "execute_notebook"]

NAME = "reportkit"
execute_notebook = execute.execute_notebook


class OwnEngine(Engine):  # type: ignore[misc]
    """Runs each notebook in a kernel of its own, with its own environment and folder."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, kernel: OwnKernel, shown: Callable[[NotebookNode], None],
        **settings: Any,
    ) -> NotebookNode:  # fmt: skip
        """Run all cells in a kernel that was started; `shown` is given the notebook that fills."""
        shown(nb_man.nb)
        with loop():
            client = PapermillNotebookClient(
                nb_man, km=kernel, kernel_name=kernel_name, log=quiet(), timeout=settings.get("execution_timeout"),
                startup_timeout=START_TIMEOUT, on_cell_start=settings.get("on_cell_start"),
            )  # fmt: skip
            executed: NotebookNode = client.execute(cleanup_kc=True)
        return executed


def _written(write: Callable[..., None]) -> Callable[..., None]:
    """Papermill's way to write a notebook, which turns it into text also where that is to be written nowhere."""

    def written(notebook: NotebookNode, path: str | None, **settings: Any) -> None:
        if path is not None:
            write(notebook, path, **settings)

    return written


if hasattr(execute, "write_ipynb"):
    execute.write_ipynb = _written(execute.write_ipynb)
papermill_engines.register(NAME, OwnEngine)
