"""How much is done within a time, before and after: two rising stairs, each named at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportkit.display import Figure
from reportkit.english import pictures as words
from reportkit.figures import drawing
from reportkit.figures.recipe import drawn_from
from reportkit.model.brand import Brand
from reportkit.model.needle import Needle

PLOT, BELOW, ABOVE = 118.0, 18.0, 15.0
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
LONG = 0.92  # the time axis ends where this share of the slower curve is done


@dataclass(frozen=True)
class Curve:
    """The share of facts done within each time (Kaplan–Meier, so that open facts count): `times` rise, `done` is 0 to 1."""

    label: str
    times: tuple[float, ...]
    done: tuple[float, ...]
    facts: int

    def at(self, time: float) -> float:
        """The share done within `time`."""
        return max((d for t, d in zip(self.times, self.done, strict=True) if t <= time), default=0.0)


@drawn_from
def done_within(before: Curve, after: Curve, needle: Needle, brand: Brand) -> Figure:
    """Shares done by time in the needle's unit, before in grey and after in the brand's colour."""
    name = f"done-within-{needle.key}"
    return Figure(
        name=name, svg=drawing.svg(_drawn((before, after), needle, brand), name), live=_live((before, after), needle, brand),
        alt=_alt(before, after, needle), caption=_caption(before, after, needle),
    )  # fmt: skip


def _end(curves: Sequence[Curve]) -> float:
    """Where the time axis ends."""
    ends = []
    for curve in curves:
        late = [t for t, d in zip(curve.times, curve.done, strict=True) if d >= LONG * max(curve.done, default=1)]
        ends.append(late[0] if late else max(curve.times, default=1.0))
    return max(ends, default=1.0) or 1.0


def _stairs(curve: Curve, end: float) -> tuple[list[float], list[float]]:
    kept = [(t, d) for t, d in zip(curve.times, curve.done, strict=True) if t <= end]
    return [0.0, *(t for t, _ in kept), end], [0.0, *(d for _, d in kept), curve.at(end)]


def _drawn(curves: Sequence[Curve], needle: Needle, brand: Brand) -> Any:
    end = _end(curves)
    left = drawing.extent("100%", brand) + 8
    right = max(drawing.extent(c.label, brand, weight=600) for c in curves) + 12
    width = drawing.WIDTH - left - right
    figure = drawing.canvas(BELOW + PLOT + ABOVE)
    ax = drawing.axes(figure, (left, BELOW, width, PLOT))
    ax.set_xlim(0, end)
    ax.set_ylim(0, 1)
    drawing.grid(ax, SHARES, [f"{100 * s:.0f}%" for s in SHARES], brand)
    for tick in drawing.ticks(end, 6):
        drawing.below(ax, tick, needle.unit.number(tick), brand)
    places = drawing.spread([c.at(end) * PLOT for c in curves], 11, 4, PLOT)
    for curve, colour, place in zip(curves, (brand.before, brand.primary), places, strict=True):
        x, y = _stairs(curve, end)
        ax.step(x, y, where="post", color=colour, lw=1.9, zorder=3)
        drawing.words(ax, (1 + 6 / width, place / PLOT), curve.label, brand, color=brand.muted if colour == brand.before else colour,
                      weight=600 if colour == brand.primary else 400, va="center_baseline", transform=ax.transAxes)  # fmt: skip
    drawing.words(
        ax,
        (-left / width, 1 + 4 / PLOT),
        words.within(needle),
        brand,
        color=brand.muted,
        va="bottom",
        transform=ax.transAxes,
    )
    return figure


def _live(curves: Sequence[Curve], needle: Needle, brand: Brand) -> dict[str, Any]:
    end = _end(curves)
    traces, notes = [], []
    places = drawing.spread([c.at(end) for c in curves], 0.09, 0, 1)
    for curve, colour, place in zip(curves, (brand.before, brand.primary), places, strict=True):
        x, y = _stairs(curve, end)
        said = [words.done_by(needle, d, t, curve.facts) for t, d in zip(x, y, strict=True)]
        traces.append(
            {"type": "scatter", "mode": "lines", "name": curve.label, "x": drawing.clean(x), "y": drawing.clean(y), "customdata": said,
             "hovertemplate": "%{customdata}<extra></extra>", "line": {"color": colour, "width": 2.6, "shape": "hv"}}
        )  # fmt: skip
        notes.append({"name": "end", "x": 1, "xref": "paper", "xanchor": "left", "xshift": 6, "y": place, "showarrow": False,
                      "text": curve.label, "font": {"color": brand.primary if colour == brand.primary else brand.muted}})  # fmt: skip
    ticks = drawing.ticks(end, 6)
    axis = {
        "range": [0, end],
        "tickvals": ticks,
        "ticktext": [needle.unit.number(tick) for tick in ticks],
        "showgrid": False,
        "fixedrange": True,
        "title": {"text": needle.unit.many},
        "showline": True,
        "linecolor": brand.before,
        "zeroline": False,
    }
    return drawing.live(
        traces, brand, 280, annotations=notes, hovermode="closest", xaxis=axis,
        yaxis=drawing.value_axis(brand, SHARES, [f"{100 * s:.0f}%" for s in SHARES], 1.02), margin={"l": 44, "r": 130, "t": 16, "b": 44},
    )  # fmt: skip


def _alt(before: Curve, after: Curve, needle: Needle) -> str:
    marks = [float(t) for t in np.linspace(0, _end((before, after)), 4)[1:]]
    return words.spread_alt(needle, [(t, before.at(t), after.at(t)) for t in marks])


def _caption(before: Curve, after: Curve, needle: Needle) -> str:
    return words.spread_caption(needle, before.facts, after.facts)
