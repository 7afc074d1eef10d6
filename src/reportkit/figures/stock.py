"""A stock with what came in and what went out: how many are open, week by week, and why it grows or shrinks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from reportkit.display import Figure
from reportkit.english import pictures as words
from reportkit.figures import drawing
from reportkit.figures.recipe import drawn_from
from reportkit.model.brand import Brand
from reportkit.model.needle import Needle
from reportkit.model.period import WEEK, Window
from reportkit.model.unit import COUNT

LEVEL, FLOW, BETWEEN, BELOW, ABOVE, RIGHT = 84.0, 44.0, 12.0, 18.0, 15.0, 64.0  # points
FEWEST = 2


@dataclass(frozen=True)
class Week:
    """One week: how many came in, how many went out, how many were open at its end."""

    monday: date
    came: int
    went: int
    open: int


@drawn_from
def stock(weeks: Sequence[Week], needle: Needle, quarter: Window, brand: Brand) -> Figure | None:
    """The open ones as a line, what came in above and what went out below a line of their own; None for fewer than two weeks."""
    if len(weeks) < FEWEST:
        return None
    name = f"stock-{needle.key}"
    first, last = weeks[0], weeks[-1]
    flows = sum(w.came for w in weeks), sum(w.went for w in weeks)
    before = first.open - first.came + first.went
    return Figure(
        name=name,
        svg=drawing.svg(_drawn(weeks, needle, quarter, brand), name),
        live=_live(weeks, words.opened(needle), quarter, brand),
        alt=words.stock_alt(needle, before, last.open, flows),
        caption=words.stock_caption(needle, flows, Window(first.monday, last.monday + WEEK).label),
    )


def _drawn(weeks: Sequence[Week], needle: Needle, quarter: Window, brand: Brand) -> Any:
    figure = drawing.canvas(BELOW + FLOW + BETWEEN + LEVEL + ABOVE)
    top = max(max(w.open for w in weeks) * 1.12, 1.0)
    ticks = drawing.ticks(top, 3)
    left = (
        max(drawing.extent(label, brand) for label in [*(COUNT.number(t) for t in ticks), words.CAME, words.WENT]) + 8
    )
    wide = drawing.WIDTH - left - RIGHT
    first, days = weeks[0].monday, (weeks[-1].monday + WEEK - weeks[0].monday).days
    start = max(0, (quarter.start - first).days)
    xs = [(w.monday - first).days + 3.5 for w in weeks]
    level = drawing.axes(figure, (left, BELOW + FLOW + BETWEEN, wide, LEVEL))
    level.set_xlim(0, days)
    level.set_ylim(0, top)
    level.add_artist(drawing.box((start, 0), days - start, top, facecolor=brand.wash, edgecolor="none", zorder=0))
    drawing.grid(level, ticks, [COUNT.number(t) for t in ticks], brand)
    drawing.line(
        level,
        xs,
        [w.open for w in weeks],
        color=brand.primary,
        lw=1.9,
        marker="o",
        ms=3.2,
        mew=0,
        zorder=4,
        clip_on=False,
    )
    drawing.words(
        level,
        (xs[-1] + 5, weeks[-1].open),
        words.open_now(weeks[-1].open),
        brand,
        weight=600,
        color=brand.primary,
        va="center_baseline",
    )
    drawing.words(
        level,
        (0, 1 + 4 / LEVEL),
        words.opened(needle),
        brand,
        color=brand.muted,
        va="bottom",
        transform=level.transAxes,
    )
    flow = drawing.axes(figure, (left, BELOW, wide, FLOW))
    most = max(1, *(w.came for w in weeks), *(w.went for w in weeks))
    flow.set_xlim(0, days)
    flow.set_ylim(-most, most)
    flow.add_artist(
        drawing.box((start, -most), days - start, 2 * most, facecolor=brand.wash, edgecolor="none", zorder=0)
    )
    flow.bar(xs, [w.came for w in weeks], width=5, color=brand.before, zorder=3)
    flow.bar(xs, [-w.went for w in weeks], width=5, color=brand.primary, zorder=3)
    drawing.line(flow, [0, days], [0, 0], color=brand.ink, alpha=0.45, lw=0.6, zorder=4)
    for label, place in ((words.CAME, 0.75), (words.WENT, 0.25)):
        drawing.words(
            flow,
            (-5 / wide, place),
            label,
            brand,
            color=brand.muted,
            ha="right",
            va="center_baseline",
            transform=flow.transAxes,
        )
    drawing.words(
        flow,
        (1 + 5 / wide, 0.75),
        words.most(most),
        brand,
        color=brand.muted,
        va="center_baseline",
        transform=flow.transAxes,
    )
    for day, label in drawing.months(first, weeks[-1].monday):
        drawing.below(flow, float((day - first).days), label, brand)
    return figure


def _live(weeks: Sequence[Week], counts: str, quarter: Window, brand: Brand) -> dict[str, Any]:
    days, first, end = [str(w.monday) for w in weeks], weeks[0].monday, weeks[-1].monday + WEEK
    flow: dict[str, Any] = {"type": "bar", "x": days, "yaxis": "y2"}
    traces: list[dict[str, Any]] = [
        {"type": "scatter", "mode": "lines+markers", "x": days, "y": [w.open for w in weeks], "line": {"color": brand.primary, "width": 2.6},
         "marker": {"size": 5}, "customdata": [words.open_now(w.open) for w in weeks], "hovertemplate": "%{customdata}<extra></extra>"},
        {**flow, "y": [w.came for w in weeks], "marker": {"color": brand.before}, "customdata": [words.came(w.came) for w in weeks],
         "hovertemplate": "%{customdata}<extra></extra>"},
        {**flow, "y": [-w.went for w in weeks], "marker": {"color": brand.primary}, "customdata": [words.went(w.went) for w in weeks],
         "hovertemplate": "%{customdata}<extra></extra>"},
    ]  # fmt: skip
    top, most = max(max(w.open for w in weeks) * 1.12, 1.0), max(1, *(w.came for w in weeks), *(w.went for w in weeks))
    notes = [
        drawing.end_note(weeks[-1].open, words.open_now(weeks[-1].open), brand.primary, bold=True),
        drawing.unit_note(counts),
    ]
    ticks, left, right = drawing.ticks(top, 3), first - timedelta(days=4), end - timedelta(days=3)
    wash = {"type": "rect", "xref": "x", "yref": "paper", "x0": str(max(left, quarter.start)), "x1": str(right), "y0": 0, "y1": 1,
            "fillcolor": brand.wash, "line": {"width": 0}, "layer": "below"}  # fmt: skip
    return drawing.live(
        traces, brand, 340, shapes=[wash], annotations=notes, barmode="relative", xaxis={**drawing.date_axis(brand, left, right), "anchor": "y2"},
        yaxis={**drawing.value_axis(brand, ticks, [COUNT.number(t) for t in ticks], top), "domain": [0.42, 1]},
        yaxis2={"domain": [0, 0.34], "range": [-most, most], "tickvals": [-most / 2, most / 2], "ticktext": [words.GOES, words.COMES],
                "showgrid": False, "zerolinecolor": brand.muted, "fixedrange": True},
        margin={"l": 44, "r": 84, "t": 24, "b": 32},
    )  # fmt: skip
