"""The table of bets: what was promised by when, what became of it, and how a bet was changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from reportkit.display import Block
from reportkit.english import promises as say
from reportkit.english import tables as words
from reportkit.figures.theme import glyph
from reportkit.model.bets import Outcome, Promise
from reportkit.model.needle import Needle
from reportkit.model.period import day_text
from reportkit.model.shown import Shown

MARKS = {
    Outcome.HIT: ("▲", "good"),
    Outcome.MISSED: ("▼", "bad"),
    Outcome.TOO_EARLY: ("◔", "neutral"),
    Outcome.NO_NUMBER: ("○", "neutral"),
}
COLUMNS = ((words.OWNED, "name"), *zip(words.PROMISED, ("num", "num", "num", "num now", "verdict"), strict=True))


@dataclass(frozen=True)
class Row:
    """One bet, its needle, and the needle's value in this quarter (NaN is not known)."""

    promise: Promise
    needle: Needle
    value: float
    record: tuple[Shown, ...] = ()


def promises_table(rows: Sequence[Row], today: date) -> Block:
    """One row a bet with its outcome as of `today`; a bet that was changed says so under its name."""
    head = Markup("").join(
        Markup('<th scope="col" role="columnheader" class="rk-{}">{}</th>').format(style.replace(" ", " rk-"), label)
        for label, style in COLUMNS
    )
    body = Markup("").join(_row(row, today) for row in rows)
    html = Markup(
        '<table class="rk-needle-table" role="table"><thead role="rowgroup"><tr role="row">{}</tr></thead>'
        '<tbody role="rowgroup">{}</tbody></table>'
    ).format(head, body)
    plain = "\n".join(f"{say.outcome(r.promise, r.needle, r.value, today)} {r.promise.changed}".strip() for r in rows)
    return Block("needles", html, plain, tuple(shown for row in rows for shown in row.record))


def _row(row: Row, today: date) -> Markup:
    promise, needle = row.promise, row.needle
    found = promise.outcome(row.value, today)
    sign, mood = MARKS[found]
    cells = (
        say.target(promise, needle),
        day_text(promise.deadline),
        say.written(promise),
        needle.unit.brief(row.value) if math.isfinite(row.value) else Markup('<span class="rk-none">–</span>'),
        Markup('<span class="rk-verdict rk-{}">{} {}</span>').format(mood, glyph(sign, mood), say.OUTCOMES[found]),
    )
    rest = Markup("").join(
        Markup('<td role="cell" class="rk-{}" data-label="{}">{}</td>').format(style.replace(" ", " rk-"), label, cell)
        for (label, style), cell in zip(COLUMNS[1:], cells, strict=True)
    )
    small = [" · ".join(promise.owners), promise.changed]
    under = Markup("").join(Markup('<span class="rk-owners">{}</span>').format(text) for text in small if text)
    return Markup('<tr role="row"><th scope="row" role="rowheader" class="rk-name">{}{}</th>{}</tr>').format(
        needle.label, under, rest
    )
