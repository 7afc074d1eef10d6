"""The strip below the answer: four figures at most, each with its verdict in mark, word and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reportkit.display import Block
from reportkit.english.amounts import CI
from reportkit.figures.theme import MARKS
from reportkit.model.evidence import Verdict
from reportkit.model.shown import Shown

MOST = 4
LONG = 27  # letters of a label that takes two lines


@dataclass(frozen=True)
class Cell:
    """One figure: `value` as printed, `detail` as effect with interval or as the quarter before.

    `verdict` is None where no proof bet on the needle; `good` says whether the effect points the way it should.
    """

    label: str
    value: str
    verdict: Verdict | None
    good: bool | None
    detail: str
    record: tuple[Shown, ...] = ()
    apart: bool = False  # the detail is not what the verdict is about


def strip(cells: Sequence[Cell]) -> Block:
    """The first four cells as a list."""
    shown = cells[:MOST]
    tall = " rk-tall" if any(len(c.label) > LONG for c in shown) else ""
    html = Markup('<ul class="rk-cells{}">{}</ul>').format(tall, Markup("").join(map(_cell, shown)))
    plain = "\n".join(f"{c.label}: {c.value} ({_said(c)})" for c in shown)
    return Block("strip", html, plain, tuple(record for c in shown for record in c.record))


def _cell(cell: Cell) -> Markup:
    return Markup(
        '<li><p class="rk-cell-label">{}</p><p class="rk-cell-value">{}</p>{}</li>'
    ).format(cell.label, cell.value, _verdict(cell))  # fmt: skip


def _verdict(cell: Cell) -> Markup:
    if cell.verdict is None:
        return Markup('<p class="rk-cell-note">{}</p>').format(_kept(cell.detail))
    mark = MARKS[cell.verdict]
    joint = ("; " if cell.apart else ": ") if cell.detail else ""
    return Markup('<p class="rk-cell-note rk-verdict rk-{}">{} <strong>{}</strong>{}{}</p>').format(
        mark.mood, mark.html, mark.word, joint, _kept(cell.detail)
    )


def _kept(detail: str) -> Markup:
    """The detail with its interval on one line."""
    parts = detail.split(f", {CI} ")
    kept = Markup("").join(Markup(', <span class="rk-kept">{} {}</span>').format(CI, part) for part in parts[1:])
    return Markup("{}{}").format(parts[0], kept)


def _said(cell: Cell) -> str:
    return ("; " if cell.apart else ": ").join(
        filter(None, (MARKS[cell.verdict].word if cell.verdict else "", cell.detail))
    )
