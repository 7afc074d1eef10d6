"""A report's pages from its executed notebook, file to file: what a worker process does."""

from __future__ import annotations

import gc
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat

from reportkit import render
from reportkit.render import Sheet


@dataclass(frozen=True)
class Cost:
    """What laying out took: seconds for each face, and the most memory that its process held, in bytes."""

    html: float
    pdf: float
    memory: int


def lay_out(source: Path, sheet: Sheet, *, restyle: bool = False) -> Cost:
    """Write report.html and report.pdf beside the executed notebook, whose pictures are drawn again for a `restyle`."""
    notebook = nbformat.read(source, as_version=4)
    begun = time.monotonic()
    if restyle:
        nbformat.write(render.restyled(notebook, sheet.brand), source)
    source.with_suffix(".html").write_text(render.html(notebook, sheet), encoding="utf-8")
    between = time.monotonic()
    source.with_suffix(".pdf").write_bytes(render.pdf(notebook, sheet))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Cost(between - begun, time.monotonic() - between, memory)


def lay_out_apart(source: Path, sheet: Sheet, restyle: bool = False) -> Cost:
    """The same in a process that ends at once afterwards: what WeasyPrint leaves lying about goes with the scratch folder."""
    tempfile.tempdir = str(source.parent)
    gc.disable()  # it has nothing to gain in so short a life
    return lay_out(source, sheet, restyle=restyle)


def screen(source: Path, sheet: Sheet, restyle: bool = False) -> str:
    """The page alone, of the executed notebook in the file."""
    notebook = nbformat.read(source, as_version=4)
    return render.html(render.restyled(notebook, sheet.brand) if restyle else notebook, sheet)
