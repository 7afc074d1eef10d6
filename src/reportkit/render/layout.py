"""A report's pages from its executed notebook, file to file: what a worker process does."""

from __future__ import annotations

import gc
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import nbformat

from reportkit import render
from reportkit.model.brand import Brand
from reportkit.render.sheet import Sheet

T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What laying out took: seconds for each face, and the most memory that its process held, in bytes."""

    html: float
    pdf: float
    memory: int


def lay_out(source: Path, sheet: Sheet) -> Cost:
    """Write report.html and report.pdf beside the executed notebook."""
    notebook = nbformat.read(source, as_version=4)
    begun = time.monotonic()
    source.with_suffix(".html").write_text(render.html(notebook, sheet), encoding="utf-8")
    between = time.monotonic()
    source.with_suffix(".pdf").write_bytes(render.pdf(notebook, sheet))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Cost(between - begun, time.monotonic() - between, memory)


def restyle(source: Path, brand: Brand) -> None:
    """Draw the pictures of the executed notebook in the file again, in this brand."""
    notebook = nbformat.read(source, as_version=4)
    nbformat.write(render.restyled(notebook, brand), source)


def screen(source: Path, sheet: Sheet) -> str:
    """The page alone, of the executed notebook in the file."""
    return render.html(nbformat.read(source, as_version=4), sheet)


def in_passing(scratch: Path, function: Callable[..., T], *arguments: object) -> T:
    """What the function returns, in a process that ends at once afterwards: what it leaves lying about goes with the scratch folder."""
    tempfile.tempdir = str(scratch)  # WeasyPrint's
    gc.disable()  # it has nothing to gain in so short a life
    return function(*arguments)
