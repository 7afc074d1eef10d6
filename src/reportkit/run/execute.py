"""One notebook through papermill, in its own kernel process, shielded from the user's Jupyter settings."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import psutil
from nbformat import NotebookNode

from reportkit import errors
from reportkit.errors import NotebookError, ReportkitError
from reportkit.forks import SETTLED, Family
from reportkit.run.parameters import check, read
from reportkit.run.tidy import INJECTED, tidy

if TYPE_CHECKING:
    from reportkit.run.kernel import OwnKernel

ANSI = re.compile(r"\x1b\[[0-9;]*m")
LONG, SHORT = 70, "/tmp"  # noqa: S108  # the folder made there is for nobody else to read
SOURCE_DATE = "SOURCE_DATE_EPOCH"
#: What would make a kernel behave as its user's own settings say.
FOREIGN = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "PYTHONSTARTUP", "MPLCONFIGDIR", "JUPYTER_NO_CONFIG")
OUR_ERRORS = {
    name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, ReportkitError)
}


@dataclass(frozen=True)
class Executed:
    """An executed notebook and how many seconds it took, `start` of them before its first cell."""

    notebook: NotebookNode
    seconds: float
    start: float


@dataclass(frozen=True)
class Isolated:
    """The settings under which all notebooks of a build run."""

    workspace: Path
    scratch: Path
    source_date: int  # seconds since 1970, the end of the quarter: what 'now' is for everything that is written
    sockets: Path = Path()  # where kernels are talked to; a short path, for sockets allow about a hundred characters
    shared: Path | None = None  # where notebooks hand on what they work out; in the scratch folder where not given
    known: Path | None = None  # what git knows of the params, looked up once for all notebooks
    family: Family | None = None  # what warm kernels and workers are forked into; None: cold ones

    @property
    def handing_on(self) -> Path:
        """The folder in which notebooks hand on what they work out."""
        return self.shared or self.scratch / "shared"

    @property
    def environment(self) -> dict[str, str]:
        """All variables that the kernels see."""
        home = self.scratch / "jupyter"
        inherited = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        known = {"REPORTKIT_KNOWN": str(self.known)} if self.known else {}
        return (
            inherited
            | known
            | {
                "REPORTKIT_WORKSPACE": str(self.workspace),
                "REPORTKIT_SHARED": str(self.handing_on),
                SOURCE_DATE: str(self.source_date),
                "JUPYTER_CONFIG_DIR": str(home / "config"),
                "JUPYTER_DATA_DIR": str(home / "data"),
                "JUPYTER_RUNTIME_DIR": str(self.sockets),
                "IPYTHONDIR": str(home / "ipython"),
                **SETTLED,
            }
        )


@contextmanager
def isolated(settings: Isolated) -> Iterator[Isolated]:
    """The settings made ready, with SOURCE_DATE_EPOCH set for the block; kernels that still run at its end are killed."""
    settings.handing_on.mkdir(parents=True, exist_ok=True)
    (settings.scratch / "jupyter").mkdir(exist_ok=True)  # else IPython makes folders elsewhere
    before = os.environ.get(SOURCE_DATE)
    # Sockets allow paths of about a hundred characters: a short folder, for nobody else to read.
    where = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(prefix="reportkit-", dir=where if len(where) < LONG else SHORT) as sockets:
        ready = replace(settings, sockets=Path(sockets))
        os.environ[SOURCE_DATE] = str(settings.source_date)
        try:
            yield ready
        finally:
            stop(ready)
            os.environ.pop(SOURCE_DATE, None)  # another thread of a cluster's worker may have done so
            if before is not None:
                os.environ[SOURCE_DATE] = before


def stop(settings: Isolated) -> None:
    """Kill the kernels of these settings that still run, with all that they started."""
    if settings.family:
        settings.family.stop()
    for child in psutil.Process().children(recursive=True):
        try:
            if any(str(settings.sockets) in part for part in child.cmdline()):
                for process in (*child.children(recursive=True), child):
                    process.kill()
        except psutil.NoSuchProcess:
            continue


def execute(
    notebook: Path, parameters: Mapping[str, Any], output: Path, settings: Isolated, *,
    timeout: float | None = None, kernel: OwnKernel | None = None,
) -> Executed:  # fmt: skip
    """Run the notebook in its own folder with these parameters; as far as it came it is written to `output` where it fails.

    `kernel` is one that was started ahead. Raises UnknownName for a parameter that the notebook does not declare,
    NotebookError for a failing cell (number, first line, error), a kernel that died or a cell that took longer than
    `timeout` seconds.
    """
    check(notebook, parameters)
    going = _Going(notebook, parameters, output, settings, timeout)
    begun, lost = time.monotonic(), settings.family.lost if settings.family else 0
    try:
        try:
            done = going.run(kernel)
        except NotebookError:
            if not settings.family or settings.family.lost == lost:
                raise
            done = going.run()  # the fork server died, and this kernel with it; there is another server by now
    except BaseException:
        if going.seen is not None:
            nbformat.write(tidy(going.seen, settings.workspace), output)
        raise
    seconds = time.monotonic() - begun
    return Executed(tidy(done, settings.workspace, published=True), seconds, max(going.started - begun, 0.0))


@dataclass
class _Going:
    """A notebook under way: the cell that runs, by its number as a reader counts, from 1, and by its first line."""

    notebook: Path
    parameters: Mapping[str, Any]
    output: Path
    settings: Isolated
    timeout: float | None
    seen: NotebookNode | None = None  # the notebook with what its cells have shown so far
    started: float = 0.0  # when its first cell began, by the monotonic clock
    number: int = 0
    line: str = ""

    def begins(self, *, cell: NotebookNode, cell_index: int) -> None:  # noqa: ARG002 (nbclient names them)
        """Called by nbclient as each cell begins."""
        if not self.number:
            self.started = time.monotonic()
        if INJECTED not in cell.get("metadata", {}).get("tags", []):
            self.number += 1
            self.line = _cut(cell.source, 80)

    def failed(self, what: str) -> NotebookError:
        """'executives.ipynb: cell 4 (`report.prof()`) failed: AttributeError: …'."""
        at = f"cell {self.number} (`{self.line}`)" if self.number else "the kernel"
        return NotebookError(f"{at} failed: {what.rstrip('.')}.", where=self.notebook.name)

    def run(self, kernel: OwnKernel | None = None) -> NotebookNode:
        """The executed notebook. Raises NotebookError."""
        from reportkit.run.kernel import end, started

        kernel = kernel or started(self.settings, self.output.with_suffix(".log"), self.notebook.parent)
        try:
            return self._run(kernel)
        finally:
            end(kernel)  # of which papermill sees to it that it ends, once it has begun

    def _run(self, kernel: OwnKernel) -> NotebookNode:
        # While the kernel starts: to import these takes as long.
        from nbclient.exceptions import CellTimeoutError, DeadKernelError

        from reportkit.run import engine

        self.number = 0
        try:
            done = self._papermill(kernel)
        except engine.PapermillExecutionError as error:
            what = _cut(error.evalue, 400)
            raise self.failed(what if error.ename in OUR_ERRORS else f"{error.ename}: {what}") from None
        except CellTimeoutError:
            raise self.failed(f"it ran longer than {self.timeout:g} seconds") from None
        except DeadKernelError:
            raise self.failed("its process ended all of a sudden (out of memory?)") from None
        except RuntimeError as error:
            raise self.failed(_cut(str(error), 200)) from None
        if not _ended(done):
            raise self.failed("the notebook ended there, before its last cell (sys.exit?)")
        return done

    def _papermill(self, kernel: OwnKernel) -> NotebookNode:
        from reportkit.run import engine

        # Papermill would save the notebook twice a cell, checked against its schema each time: it is kept in memory.
        done: NotebookNode = engine.execute_notebook(
            read(self.notebook), None, parameters=dict(self.parameters), engine_name=engine.NAME, progress_bar=False,
            kernel_name="python3", language="python", execution_timeout=self.timeout, on_cell_start=self.begins,
            kernel=kernel, shown=lambda notebook: setattr(self, "seen", notebook),
        )  # fmt: skip
        return done


def _ended(notebook: NotebookNode) -> bool:
    """Whether every cell that has code ran; papermill takes an early exit for a success."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    left = any(o.output_type == "error" and o.ename == "SystemExit" for cell in code for o in cell.outputs)
    return not left and all(cell.execution_count is not None for cell in code)


def _cut(text: str | None, length: int) -> str:
    """The first line that says something, without colours, cut to `length`."""
    line = next(iter(ANSI.sub("", text or "").strip().splitlines()), "")
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"
