"""The table of the needles that platform and reader own together: two quarters, target, nine quarters, the proof's effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reportkit.display import Block
from reportkit.english import tables as words
from reportkit.figures.recipe import drawn_from
from reportkit.figures.theme import MARKS, quantity
from reportkit.model.brand import Brand
from reportkit.model.evidence import Evidence
from reportkit.model.needle import Needle
from reportkit.model.shown import Shown

SPARK = (64.0, 20.0)  # points
BAR = (76.0, 20.0)
WIDEST = math.log(6)  # an interval beyond a sixth or six times is cut off
NOTHING = Markup('<span class="rk-none">–</span>')


@dataclass(frozen=True)
class Row:
    """One needle: the quarter before, this quarter and the target in its unit (NaN or None is not known), and its history."""

    needle: Needle
    owners: tuple[str, ...]
    before: float
    now: float
    target: float | None
    history: tuple[float, ...]
    evidence: Evidence | None
    record: tuple[Shown, ...] = ()


@drawn_from
def needle_table(rows: Sequence[Row], labels: tuple[str, str], brand: Brand) -> Block:
    """One row a needle; `labels` name the two quarters. Columns that would be empty for all needles are left out."""
    columns = _columns(rows, labels)
    reach = _reach(rows)
    head = Markup("").join(_head(label, style) for label, style in columns)
    body = Markup("").join(_row(row, columns, brand, reach) for row in rows)
    html = Markup(
        '<table class="rk-needle-table" role="table"><thead role="rowgroup"><tr role="row">{}</tr></thead>'
        '<tbody role="rowgroup">{}</tbody></table>'
    ).format(head, body)
    return Block(
        "needles", html, "\n".join(_plain(row, labels) for row in rows), tuple(s for r in rows for s in r.record)
    )


def _columns(rows: Sequence[Row], labels: tuple[str, str]) -> list[tuple[str, str]]:
    """(heading, class) of each column."""
    past = max((len(row.history) for row in rows), default=0)
    columns = [(words.OWNED, "name"), (labels[0], "num"), (labels[1], "num now")]
    if any(row.target is not None for row in rows):
        columns.append((words.TARGET, "num target"))
    columns.append((words.quarters(past), "spark"))
    if any(row.evidence and row.evidence.interval for row in rows):
        columns.append((words.CHANGE, "bar"))
    if any(row.evidence for row in rows):
        columns.append((words.VERDICT, "verdict"))
    return columns


def _head(label: str, style: str) -> Markup:
    return Markup('<th scope="col" role="columnheader" class="rk-{}">{}</th>').format(style.replace(" ", " rk-"), label)


def _row(row: Row, columns: Sequence[tuple[str, str]], brand: Brand, reach: float) -> Markup:
    cells = {
        "num": _number(row, row.before),
        "num now": _number(row, row.now),
        "num target": _target(row),
        "spark": _spark(row, brand),
        "bar": _bar(row, brand, reach),
        "verdict": _verdict(row.evidence),
    }
    owners = Markup('<span class="rk-owners">{}</span>').format(" · ".join(row.owners)) if row.owners else ""
    first = Markup('<th scope="row" role="rowheader" class="rk-name">{}{}</th>').format(row.needle.label, owners)
    rest = (
        Markup('<td role="cell" class="rk-{}" data-label="{}">{}</td>').format(
            style.replace(" ", " rk-"), label, cells[style]
        )
        for label, style in columns[1:]
    )
    return Markup('<tr role="row">{}{}</tr>').format(first, Markup("").join(rest))


def _number(row: Row, value: float) -> Markup:
    return quantity(row.needle.unit, value) if math.isfinite(value) else NOTHING


def _target(row: Row) -> Markup:
    if row.target is None:
        return NOTHING
    sign = "≤" if row.needle.better == "lower" else "≥"
    return Markup("{} {}").format(sign, quantity(row.needle.unit, row.target))


def _spark(row: Row, brand: Brand) -> Markup:
    """The quarters as a line with gaps; a dot on the last reading."""
    known = [v for v in row.history if math.isfinite(v)]
    if not known:
        return NOTHING
    wide, high = SPARK
    low, span = min(known), (max(known) - min(known)) or 1.0
    flat = max(known) == min(known)
    places = [
        (
            4 + i * (wide - 8) / max(1, len(row.history) - 1),
            high / 2 if flat else high - 4 - (v - low) / span * (high - 8),
        )
        for i, v in enumerate(row.history)
    ]
    drawn = _runs(row.history, places, brand)
    last = max(i for i, v in enumerate(row.history) if math.isfinite(v))
    dot = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="2.1" style="fill:{}"/>').format(*places[last], brand.primary)
    said = [row.needle.unit.number(v) if math.isfinite(v) else words.NO_FACTS for v in row.history]
    return _picture(SPARK, words.by_quarter(row.needle, said), drawn + dot)


def _runs(values: Sequence[float], places: Sequence[tuple[float, float]], brand: Brand) -> Markup:
    runs: list[list[tuple[float, float]]] = [[]]
    for value, place in zip(values, places, strict=True):
        if math.isfinite(value):
            runs[-1].append(place)
        elif runs[-1]:
            runs.append([])
    lines = Markup("")
    for run in runs:
        if len(run) > 1:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
            lines += Markup('<polyline points="{}" style="fill:none;stroke:{};stroke-width:1.2"/>').format(
                path, brand.primary
            )
        elif run:
            lines += Markup('<circle cx="{:.1f}" cy="{:.1f}" r="1" style="fill:{}"/>').format(*run[0], brand.primary)
    return lines


def _bar(row: Row, brand: Brand, reach: float) -> Markup:
    """The effect's interval on a scale shared by all rows; the upright line is no change."""
    evidence = row.evidence
    spread = _log(evidence) if evidence else None
    if evidence is None or spread is None:
        return NOTHING
    wide, high = BAR
    colour = {"good": brand.good, "bad": brand.bad}.get(MARKS[evidence.verdict].mood, brand.muted)
    low, middle, top = (wide / 2 + max(-1.0, min(1.0, v / reach)) * (wide / 2 - 4) for v in spread)
    drawn = Markup(
        '<line x1="{0:.1f}" y1="2" x2="{0:.1f}" y2="{1:.1f}" style="stroke:{2};stroke-width:0.7"/>'
        '<line x1="{3:.1f}" y1="{5:.1f}" x2="{4:.1f}" y2="{5:.1f}" style="stroke:{6};stroke-width:1.4"/>'
        '<circle cx="{7:.1f}" cy="{5:.1f}" r="2.3" style="fill:{6}"/>'
    ).format(wide / 2, high - 2, brand.ink, low, top, high / 2, colour, middle)
    if spread[0] < -reach:
        drawn += _beyond(low, high / 2, -1, colour)
    if spread[2] > reach:
        drawn += _beyond(top, high / 2, 1, colour)
    return _picture(BAR, words.in_proof(evidence, row.needle), drawn)


def _beyond(x: float, y: float, side: int, colour: str) -> Markup:
    """An arrow head: the interval goes on past the scale's end."""
    path = f"{x - 3 * side:.1f},{y - 3:.1f} {x + side:.1f},{y:.1f} {x - 3 * side:.1f},{y + 3:.1f}"
    return Markup('<polyline points="{}" style="fill:none;stroke:{};stroke-width:1.1"/>').format(path, colour)


def _reach(rows: Sequence[Row]) -> float:
    """Half the width of the intervals' scale, as a log ratio."""
    ends = [abs(v) for row in rows if row.evidence and (spread := _log(row.evidence)) for v in spread]
    return min(WIDEST, max(ends, default=1.0) or 1.0)


def _log(evidence: Evidence) -> tuple[float, float, float] | None:
    """Low end, effect and high end as log ratios of the level before; None where no interval may be shown."""
    if evidence.interval is None or not math.isfinite(evidence.effect):
        return None
    low, middle, high = evidence.interval.low, evidence.effect, evidence.interval.high
    if evidence.scale == "ratio":
        return _ln(low), _ln(middle), _ln(high)
    base = evidence.before.value
    if not base > 0:
        largest = max(abs(low), abs(high)) or 1.0
        return low / largest, middle / largest, high / largest
    return _ln(1 + low / base), _ln(1 + middle / base), _ln(1 + high / base)


def _ln(ratio: float) -> float:
    return math.log(max(ratio, math.exp(-2 * WIDEST)))


def _picture(size: tuple[float, float], said: str, drawn: Markup) -> Markup:
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="rk-mini" role="img" width="{0:.0f}pt" height="{1:.0f}pt" '
        'viewBox="0 0 {0:.0f} {1:.0f}"><title>{2}</title>{3}</svg>'
    ).format(*size, said, drawn)


def _verdict(evidence: Evidence | None) -> Markup:
    if evidence is None:
        return Markup('<span class="rk-none">{}</span>').format(words.NO_PROOF)
    mark = MARKS[evidence.verdict]
    return Markup('<span class="rk-verdict rk-{}">{} {}</span>').format(mark.mood, mark.html, mark.word)


def _plain(row: Row, labels: tuple[str, str]) -> str:
    before, now = (row.needle.unit.text(v) if math.isfinite(v) else words.NO_FACTS for v in (row.before, row.now))
    verdict = MARKS[row.evidence.verdict].word if row.evidence else ""
    return words.two_quarters(row.needle.label, (before, now), labels, verdict)
