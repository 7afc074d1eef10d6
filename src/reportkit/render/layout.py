"""A report's pages from its executed notebook, file to file: what a worker process does."""

from __future__ import annotations

import gc
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nbformat import NotebookNode, reader, v4

from reportkit import render
from reportkit.model.brand import Brand
from reportkit.render.sheet import Sheet

T = TypeVar("T")


FACES = HTML, PDF = "html", "pdf"


@dataclass(frozen=True)
class Cost:
    """What laying out took: seconds by face, and the most memory that its process held, in bytes."""

    seconds: Mapping[str, float]
    memory: int


def lay_out(
    source: Path, sheet: Sheet, faces: Sequence[str] = FACES, spare: bool = False, kept: Path | None = None
) -> Cost:
    """Write report.html and report.pdf, or one of them, beside the executed notebook.

    Sooner with a processor to spare, and after other reports that were laid out with the same folder `kept`.
    """
    notebook = _read(source)
    # The process of a build has threads and is not forked.
    spare = spare and multiprocessing.parent_process() is not None
    seconds = {}
    for face in faces:
        begun = time.monotonic()
        pdf = face == PDF
        page = render.pdf(notebook, sheet, spare=spare, kept=kept) if pdf else render.html(notebook, sheet).encode()
        source.with_suffix(f".{face}").write_bytes(page)
        seconds[face] = time.monotonic() - begun
    return Cost(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def restyle(source: Path, brand: Brand) -> None:
    """Draw the pictures of the executed notebook in the file again, in this brand."""
    source.write_text(v4.writes(render.restyled(_read(source), brand)) + "\n", encoding="utf-8")


def screen(source: Path, sheet: Sheet) -> str:
    """The page alone, of the executed notebook in the file."""
    return render.html(_read(source), sheet)


def _read(source: Path) -> NotebookNode:
    """The executed notebook in the file, as it is: we have written it ourselves, and to look it over takes nbformat a while."""
    notebook: NotebookNode = reader.reads(source.read_text(encoding="utf-8"))
    return notebook


def in_passing(scratch: Path, function: Callable[..., T], *arguments: object) -> T:
    """What the function returns, in a process that soon ends: what it leaves lying about goes with the scratch folder."""
    tempfile.tempdir = str(scratch)  # WeasyPrint's
    gc.disable()  # it has nothing to gain in so short a life
    return function(*arguments)
