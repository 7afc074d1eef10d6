"""Availability by journey: each with its nines, and how much of its error budget was spent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportkit.display import Figure
from reportkit.english import pictures as words
from reportkit.figures import drawing
from reportkit.figures.recipe import drawn_from
from reportkit.model.brand import Brand
from reportkit.model.shown import Shown
from reportkit.model.unit import SHARE

ROW, BELOW, ABOVE = 18.0, 4.0, 16.0
NAME, VALUE = 130.0, 96.0  # points: the journey's name, and its availability with its nines
FULL = 2.0  # twice the budget is where the bars end


@dataclass(frozen=True)
class Journey:
    """One journey in a period: its availability (0 to 1), the share of its error budget spent (NaN: no objective), its windows."""

    name: str
    availability: float
    spent: float
    windows: int


def nines(availability: float) -> str:
    """'3.2 nines' for 99.94 %; 'no failure' where there was none."""
    if availability >= 1:
        return words.NO_FAILURE
    count = -math.log10(1 - availability)
    text = f"{math.floor(count * 10 + 1e-9) / 10:.1f}"
    return words.nines(text)


def spent_text(spent: float) -> str:
    """How much of an error budget was spent, '67%'."""
    return SHARE.text(spent, decimals=0)


@drawn_from
def availability(
    journeys: Sequence[Journey], when: str, brand: Brand, record: tuple[Shown, ...] = (), by: str = "journey"
) -> Figure:
    """A row a journey (or whatever `by` names), the least available first; the bar is the error budget spent, and the line where it is used up."""
    rows = sorted(journeys, key=lambda j: j.availability)
    name = f"availability-by-{by}"
    told = [f"{j.name} {SHARE.text(j.availability)} ({nines(j.availability)}){_spent(j)}" for j in rows]
    return Figure(
        name=name, svg=drawing.svg(_drawn(rows, brand), name), live=_live(rows, brand), alt=words.availability_alt(by, told),
        caption=words.availability_caption(by, when, sum(j.windows for j in rows)),
        record=record,
    )  # fmt: skip


def _spent(journey: Journey) -> str:
    return words.budget_spent(spent_text(journey.spent)) if math.isfinite(journey.spent) else ""


def _drawn(rows: Sequence[Journey], brand: Brand) -> Any:
    high = ROW * len(rows)
    figure = drawing.canvas(BELOW + high + ABOVE)
    left, wide = NAME + VALUE, drawing.WIDTH - NAME - VALUE - 44
    ax = drawing.axes(figure, (left, BELOW, wide, high))
    ax.set_xlim(0, FULL)
    ax.set_ylim(len(rows), 0)
    drawing.line(ax, [0, 0], [0, len(rows)], color=brand.rule, lw=0.8, zorder=1)
    drawing.line(ax, [1, 1], [0, len(rows)], color=brand.ink, lw=0.8, zorder=4)
    drawing.words(ax, (1, -0.1), words.WHOLE_BUDGET, brand, color=brand.muted, ha="center", va="bottom")
    for i, journey in enumerate(rows):
        y = 1 - (i + 0.5) / len(rows)
        style: dict[str, Any] = {"va": "center_baseline", "transform": ax.transAxes}
        drawing.words(
            ax,
            (-left / wide, y),
            drawing.wrapped(journey.name, brand, NAME - 8, weight=600)[0],
            brand,
            weight=600,
            color=brand.ink,
            **style,
        )
        text = f"{SHARE.text(journey.availability)} · {nines(journey.availability)}"
        drawing.words(ax, (-8 / wide, y), text, brand, color=brand.ink, ha="right", **style)
        if not math.isfinite(journey.spent):
            drawing.words(ax, (6 / wide, y), words.NO_OBJECTIVE, brand, color=brand.muted, **style)
            continue
        over = journey.spent > 1
        end = min(max(journey.spent, 0.0), FULL)
        ax.add_artist(
            drawing.box(
                (0, i + 0.28), end, 0.44, facecolor=brand.bad if over else brand.primary, edgecolor="none", zorder=3
            )
        )
        drawing.words(
            ax,
            (end / FULL + 5 / wide, y),
            spent_text(journey.spent),
            brand,
            color=brand.bad if over else brand.ink,
            **style,
        )
    return figure


def _live(rows: Sequence[Journey], brand: Brand) -> dict[str, Any]:
    names = [f"{j.name}<br>{SHARE.text(j.availability)} · {nines(j.availability)}" for j in rows]
    said = [f"{SHARE.text(j.availability)}, {nines(j.availability)}{_spent(j)}" for j in rows]
    trace: dict[str, Any] = {
        "type": "bar", "orientation": "h", "y": names, "x": drawing.clean([min(j.spent, FULL) for j in rows]), "customdata": said,
        "marker": {"color": [brand.bad if j.spent > 1 else brand.primary for j in rows]}, "hovertemplate": "%{customdata}<extra></extra>",
        "text": said, "textposition": "none",
    }  # fmt: skip
    line = {
        "type": "line",
        "x0": 1,
        "x1": 1,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": brand.ink, "width": 1},
    }
    axis = {"range": [0, FULL], "tickvals": [0, 0.5, 1, 1.5, 2], "ticktext": ["0%", "50%", "100%", "150%", "200%"], "gridcolor": brand.rule, "fixedrange": True,
            "title": {"text": words.SPENT, "font": {"size": 13}}}  # fmt: skip
    return drawing.live(
        [trace], brand, 90 + 44 * len(rows), shapes=[line], hovermode="closest", xaxis=axis,
        yaxis=drawing.names_axis(), margin={"l": 20, "r": 24, "t": 12, "b": 48},
    )  # fmt: skip
