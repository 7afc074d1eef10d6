"""How a needle has moved, week by week, where no proof is told of: one line, the quarter that is reported on a wash."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from matplotlib.patches import Rectangle

from reportkit.display import Figure
from reportkit.figures import drawing
from reportkit.figures.recipe import drawn_from
from reportkit.model.brand import Brand
from reportkit.model.kind import Duration, Rate, Stock
from reportkit.model.needle import Needle
from reportkit.model.period import WEEK, Window
from reportkit.model.unit import plural
from reportkit.narrative import english as say

PLOT, BELOW, ABOVE, BESIDE = 110.0, 18.0, 15.0, 7.0  # points
HEADROOM = 1.12


@dataclass(frozen=True)
class Week:
    """One week's reading in the needle's unit (NaN is a gap) and the facts behind it."""

    monday: date
    value: float
    facts: int


@drawn_from
def trend(weeks: Sequence[Week], needle: Needle, quarter: Window, brand: Brand) -> Figure | None:
    """The weekly line with the quarter marked; None where fewer than two weeks have a value."""
    known = [week for week in weeks if math.isfinite(week.value)]
    if len(known) < 2:
        return None
    top = max(week.value for week in known) * HEADROOM or 1.0
    name = f"trend-{needle.key}"
    return Figure(
        name=name,
        svg=drawing.svg(_drawn(weeks, known[-1], needle, quarter, brand, top), name),
        live=_live(weeks, needle, quarter, brand, top),
        alt=f"Line chart of {needle.lower_label} by week, {_measure(needle)}: "
        f"{needle.unit.text(known[0].value)} in the first week, {needle.unit.text(known[-1].value)} in the last.",
        caption=f"{needle.label}: {_measure(needle)}; {plural(sum(w.facts for w in weeks), *needle.facts)}, "
        f"{Window(weeks[0].monday, weeks[-1].monday + WEEK).label}. The wash is the quarter.",
    )


def _drawn(weeks: Sequence[Week], last: Week, needle: Needle, quarter: Window, brand: Brand, top: float) -> Any:
    ticks = drawing.ticks(top)
    left = max(drawing.extent(needle.unit.number(t), brand) for t in ticks) + 8
    said = needle.unit.brief(last.value)
    width = drawing.WIDTH - left - BESIDE - drawing.extent(said, brand, weight=600)
    figure = drawing.canvas(BELOW + PLOT + ABOVE)
    ax = drawing.axes(figure, (left, BELOW, width, PLOT))
    first, end = weeks[0].monday, weeks[-1].monday + WEEK
    ax.set_xlim(0, (end - first).days)
    ax.set_ylim(0, top)
    start = max(0, (quarter.start - first).days)
    ax.add_patch(
        Rectangle((start, 0), (end - first).days - start, top, facecolor=brand.wash, edgecolor="none", zorder=0)
    )
    drawing.grid(ax, ticks, [needle.unit.number(t) for t in ticks], brand)
    for day, label in drawing.months(first, end - WEEK):
        drawing.below(ax, float((day - first).days), label, brand)
    xs = [(week.monday - first).days + 3.5 for week in weeks]
    ax.plot(
        xs,
        [week.value for week in weeks],
        color=brand.primary,
        lw=1.9,
        marker="o",
        ms=3.4,
        mew=0,
        zorder=4,
        clip_on=False,
    )
    beside = (last.monday - first).days + 3.5 + BESIDE * (end - first).days / width
    drawing.words(ax, (beside, last.value), said, brand, weight=600, color=brand.primary, va="center_baseline")
    drawing.words(
        ax, (0, 1 + 4 / PLOT), _measure(needle), brand, color=brand.muted, va="bottom", transform=ax.transAxes
    )
    return figure


def _live(weeks: Sequence[Week], needle: Needle, quarter: Window, brand: Brand, top: float) -> dict[str, Any]:
    first, end = weeks[0].monday, weeks[-1].monday + WEEK
    said = [
        f"{needle.unit.text(w.value)} ({plural(w.facts, *needle.facts)})" if math.isfinite(w.value) else ""
        for w in weeks
    ]
    line = {
        "type": "scatter", "mode": "lines+markers", "x": [str(w.monday) for w in weeks], "connectgaps": False,
        "y": drawing.clean([w.value for w in weeks]), "customdata": said, "line": {"color": brand.primary, "width": 2.6},
        "marker": {"size": 6, "color": brand.primary}, "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
    wash = {
        "type": "rect", "xref": "x", "yref": "paper", "x0": str(max(first, quarter.start)), "x1": str(end), "y0": 0, "y1": 1,
        "fillcolor": brand.wash, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip
    ticks = drawing.ticks(top)
    return drawing.live(
        [line], brand, 260, shapes=[wash], xaxis=drawing.date_axis(brand, first, end),
        yaxis=drawing.value_axis(brand, ticks, [needle.unit.number(t) for t in ticks], top),
        margin={"l": 44, "r": 24, "t": 24, "b": 32},
    )  # fmt: skip


def _measure(needle: Needle) -> str:
    """What the axis counts: 'days, weekly median'."""
    match needle.kind:
        case Duration():
            return f"{needle.unit.many}, weekly median"
        case Rate(counts="amount"):
            return f"{needle.unit.prefix} {needle.unit.many}".strip()
        case Rate(counts="minutes"):
            return needle.unit.many
        case Rate():
            return f"{needle.facts[1]} {needle.unit.many}"
        case Stock():
            return f"{needle.facts[1]} open, weekly"
    return f"{say.lower_first(needle.unit.many or needle.label)}, weekly"
