"""Which entities a report asks for, as far as its params and its notebook's text tell: those travel with it to a cluster.

It is a guess that may fall short: whatever is asked for beyond it is noticed (see snapshot.away), and the report is made again
with everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reportkit import entities, measure
from reportkit.needles import find, library
from reportkit.pack import parcel
from reportkit.pack.fingerprint import needles_of
from reportkit.pack.plan import Job
from reportkit.run import cells
from reportkit.workspace import Workspace

WORD = re.compile(r"[a-z_]+")
ALWAYS = ("changes",)  # the way of a change is told in most reports
FILES = frozenset(("extracts", "parquet", "snapshot"))  # words of code that may read the frozen files itself


def entities_of(workspace: Workspace, job: Job) -> frozenset[str]:
    """The entities that the report's needles are made of, and those that its notebook names itself or by a needle.

    All of them where the notebook, or code beside it, looks as if it read frozen files by itself.
    """
    words = {word for text in _texts(job) for word in WORD.findall(text)}
    if words & FILES:
        return frozenset(entities.library())
    keys = needles_of(workspace, job) | (words & set(library()))
    return frozenset({*ALWAYS, *(words & set(entities.library())), *_made_of(keys)})


def _texts(job: Job) -> Iterator[str]:
    """The notebook's cells, and the code that lies beside it."""
    yield from (cell.source for cell in cells(job.notebook))
    for path in parcel.beside(job.notebook):
        if path.suffix == ".py":
            yield path.read_text(encoding="utf-8", errors="replace")


def _made_of(keys: set[str]) -> Iterator[str]:
    for key in keys:
        yield from measure.needs(find(key))
