"""The engine under papermill: each notebook in a kernel of its own, which ends when the notebook does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbformat import NotebookNode

from reportkit.lean import later, without
from reportkit.run.kernel import START_TIMEOUT, OwnKernel, loop, quiet

with without("pyarrow"), later("requests"):  # with which papermill reads notebooks from Hadoop and the web
    from papermill import execute_notebook
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

__all__ = ["NAME", "PapermillExecutionError", "execute_notebook"]

NAME = "reportkit"


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


papermill_engines.register(NAME, OwnEngine)
