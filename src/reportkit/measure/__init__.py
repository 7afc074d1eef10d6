"""Needles over an extract: readings of periods, cuts of them, and the facts that a proof compares.

Everything is an Ibis expression on the snapshot's tables, so that it runs where the tables are; what comes back to pandas is
small (a row a period and group) or the facts of a proof.

    reading     a needle in one period
    needs       the columns that a needle is made of, and why it cannot be computed
    order       facts whose times run backwards
    rows        the facts of a needle in the shape of its kind
    money       costs in one currency
    periods     which window a time lies in
    life        the life table of durations (Kaplan–Meier)
    sums        facts summed up by window and group
    across      ratios whose sides come from two entities
    asking      readings from sums: what is covered, what is a gap
    cuts        by service, team, journey …, small groups folded
    each        several needles, two at a time over many facts
    frames      the facts as pandas
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportkit.measure.asking import by_group, covers, quarters, reading, readings, up_to
from reportkit.measure.cuts import Part, cut, cuts
from reportkit.measure.each import each
from reportkit.measure.needs import columns, fault, giving, lacking, needs, told, uses
from reportkit.measure.reading import Reading
from reportkit.measure.rows import OTHER
from reportkit.model.evidence import NO_TEAM

if TYPE_CHECKING:
    from reportkit.measure.frames import facts

__all__ = [
    "NO_TEAM",
    "OTHER",
    "Part",
    "Reading",
    "by_group",
    "columns",
    "covers",
    "cut",
    "cuts",
    "each",
    "facts",
    "fault",
    "giving",
    "lacking",
    "needs",
    "quarters",
    "reading",
    "readings",
    "told",
    "up_to",
    "uses",
]


def __getattr__(name: str) -> Any:
    """`facts`, imported when first used: who plans a build has no need of pandas."""
    if name != "facts":
        raise AttributeError(f"module 'reportkit.measure' has no attribute {name!r}")
    from reportkit.measure.frames import facts

    return facts
