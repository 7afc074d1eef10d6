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
from typing import Any

import nbformat
import psutil
from nbformat import NotebookNode

from reportkit import errors
from reportkit.errors import NotebookError, ReportkitError
from reportkit.run.parameters import check, read
from reportkit.run.tidy import INJECTED, tidy

ANSI = re.compile(r"\x1b\[[0-9;]*m")
SOURCE_DATE = "SOURCE_DATE_EPOCH"
#: What would make a kernel behave as its user's own settings say.
FOREIGN = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "PYTHONSTARTUP", "MPLCONFIGDIR", "JUPYTER_NO_CONFIG")
OUR_ERRORS = {
    name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, ReportkitError)
}


@dataclass(frozen=True)
class Executed:
    """An executed notebook and how long it took."""

    notebook: NotebookNode
    seconds: float


@dataclass(frozen=True)
class Isolated:
    """The settings under which all notebooks of a build run."""

    workspace: Path
    scratch: Path
    source_date: int  # seconds since 1970, the end of the quarter: what 'now' is for everything that is written
    sockets: Path = Path()  # where kernels are talked to; a short path, for sockets allow about a hundred characters

    @property
    def environment(self) -> dict[str, str]:
        """All variables that the kernels see."""
        home = self.scratch / "jupyter"
        inherited = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return inherited | {
            "REPORTKIT_WORKSPACE": str(self.workspace),
            SOURCE_DATE: str(self.source_date),
            "PYTHONHASHSEED": "0",
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.sockets),
            "IPYTHONDIR": str(home / "ipython"),
            "MATPLOTLIBRC": str(home / "matplotlibrc"),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }


@contextmanager
def isolated(settings: Isolated) -> Iterator[Isolated]:
    """The settings made ready, with SOURCE_DATE_EPOCH set for the block; kernels that still run at its end are killed."""
    home = settings.scratch / "jupyter"
    home.mkdir(parents=True, exist_ok=True)
    (home / "matplotlibrc").touch()
    before = os.environ.get(SOURCE_DATE)
    # Sockets allow paths of about a hundred characters: a short folder, for nobody else to read.
    with tempfile.TemporaryDirectory(prefix="reportkit-") as sockets:
        ready = replace(settings, sockets=Path(sockets))
        os.environ[SOURCE_DATE] = str(settings.source_date)
        try:
            yield ready
        finally:
            stop(ready)
            os.environ.pop(SOURCE_DATE)
            if before is not None:
                os.environ[SOURCE_DATE] = before


def stop(settings: Isolated) -> None:
    """Kill the kernels of these settings that still run, with all that they started."""
    for child in psutil.Process().children(recursive=True):
        try:
            if any(str(settings.sockets) in part for part in child.cmdline()):
                for process in (*child.children(recursive=True), child):
                    process.kill()
        except psutil.NoSuchProcess:
            continue


def execute(
    notebook: Path, parameters: Mapping[str, Any], output: Path, settings: Isolated, *, timeout: float | None = None
) -> Executed:
    """Run the notebook in its own folder with these parameters; the executed one is written to `output`, also after a failure.

    Raises UnknownName for a parameter that the notebook does not declare, NotebookError for a failing cell (number, first
    line, error), a kernel that died or a cell that took longer than `timeout` seconds.
    """
    check(notebook, parameters)
    begun = time.monotonic()
    try:
        done = _papermill(notebook, parameters, output, settings, timeout)
    finally:
        if output.is_file():
            kept = tidy(read(output), settings.workspace)
            nbformat.write(kept, output)
    return Executed(tidy(done, settings.workspace, published=True), time.monotonic() - begun)


@dataclass
class _Position:
    """Which cell runs: its number as a reader of the notebook counts, from 1, and its first line."""

    number: int = 0
    line: str = ""

    def __call__(self, *, cell: NotebookNode, cell_index: int) -> None:  # noqa: ARG002 (nbclient names them)
        """Called by nbclient as each cell begins."""
        if INJECTED not in cell.get("metadata", {}).get("tags", []):
            self.number += 1
            self.line = _cut(cell.source, 80)

    def failed(self, notebook: Path, what: str) -> NotebookError:
        """'executives.ipynb: cell 4 (`report.prof()`) failed: AttributeError: …'."""
        at = f"cell {self.number} (`{self.line}`)" if self.number else "the kernel"
        return NotebookError(f"{at} failed: {what.rstrip('.')}.", where=notebook.name)


def _papermill(
    notebook: Path, parameters: Mapping[str, Any], output: Path, settings: Isolated, timeout: float | None
) -> NotebookNode:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    from reportkit.run import kernel

    position = _Position()
    own = {
        "connection_file": str(settings.sockets / f"{output.parent.name}.json"),
        "log_file": output.with_suffix(".log"),
    }
    start = {"env": settings.environment, "cwd": str(notebook.parent)}
    try:
        done: NotebookNode = execute_notebook(
            read(notebook), _unformatted(output), parameters=dict(parameters), engine_name=kernel.NAME,
            progress_bar=False, kernel_name="python3", language="python", execution_timeout=timeout,
            kernel=own, start=start, on_cell_start=position,
        )  # fmt: skip
    except PapermillExecutionError as error:
        what = _cut(error.evalue, 400)
        raise position.failed(notebook, what if error.ename in OUR_ERRORS else f"{error.ename}: {what}") from None
    except CellTimeoutError:
        raise position.failed(notebook, f"it ran longer than {timeout:g} seconds") from None
    except DeadKernelError:
        raise position.failed(notebook, "its process ended all of a sudden (out of memory?)") from None
    except RuntimeError as error:
        raise position.failed(notebook, _cut(str(error), 200)) from None
    if not _ended(done):
        raise position.failed(notebook, "the notebook ended there, before its last cell (sys.exit?)")
    return done


def _ended(notebook: NotebookNode) -> bool:
    """Whether every cell that has code ran; papermill takes an early exit for a success."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    left = any(o.output_type == "error" and o.ename == "SystemExit" for cell in code for o in cell.outputs)
    return not left and all(cell.execution_count is not None for cell in code)


def _unformatted(path: Path) -> str:
    """The path for papermill, which would fill in what stands in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _cut(text: str | None, length: int) -> str:
    """The first line that says something, without colours, cut to `length`."""
    line = next(iter(ANSI.sub("", text or "").strip().splitlines()), "")
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"
