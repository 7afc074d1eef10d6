"""The behaviour chart of the treated teams: the weeks before give limits, which are carried through; never a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from reportkit.display import Figure
from reportkit.english import pictures as words
from reportkit.evidence.behaviour import Limits, limits
from reportkit.figures import drawing
from reportkit.figures.recipe import drawn_from
from reportkit.model.brand import Brand
from reportkit.model.evidence import Evidence
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.model.period import WEEK, day_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT, BELOW, ABOVE, RIGHT = 96.0, 18.0, 15.0, 76.0  # points
OUTLIER = 1.8


@dataclass(frozen=True)
class _Scene:
    needle: Needle
    proof: Proof
    brand: Brand
    weeks: tuple[date, ...]
    values: tuple[float, ...]
    limits: Limits
    top: float

    @property
    def end(self) -> date:
        """The day after the last week."""
        return self.weeks[-1] + WEEK

    def x(self, day: date) -> float:
        """A day's place, in days from the first week."""
        return float((day - self.weeks[0]).days)

    @property
    def beyond(self) -> list[int]:
        """Places of the weeks after the start that lie outside the limits."""
        return [
            i for i, (week, value) in enumerate(zip(self.weeks, self.values, strict=True))
            if week >= self.proof.start - timedelta(days=6) and self.limits.outside(value)
        ]  # fmt: skip


@drawn_from
def behaviour(evidence: Evidence, needle: Needle, proof: Proof, brand: Brand) -> Figure | None:
    """Weekly values with mean ± 2.66 × mean moving range of the weeks before; None with fewer than eight of those."""
    scene = _scene(evidence, needle, proof, brand)
    if scene is None:
        return None
    name = f"behaviour-{evidence.proof}-{needle.key}"
    return Figure(name, drawing.svg(_drawn(scene), name), _live(scene), _alt(scene), _caption(scene))


def _scene(evidence: Evidence, needle: Needle, proof: Proof, brand: Brand) -> _Scene | None:
    rows = evidence.weekly
    rows = rows[rows["group"] == "treated"].sort_values("week") if len(rows) else rows
    if not len(rows):
        return None
    found = limits(rows.loc[rows["phase"] == "before", "value"].to_numpy(dtype=float), floor=0.0)
    if found is None or (rows["value"] < 0).any():
        return None
    values = tuple(float(v) for v in rows["value"])
    known = [v for v in values if math.isfinite(v)]
    top = max(found.high * 1.1, min(max(known), OUTLIER * found.high) * 1.06) or 1.0
    weeks = tuple(day.date() for day in rows["week"])
    return _Scene(needle, proof, brand, weeks, values, found, top)


def _drawn(scene: _Scene) -> Any:
    brand, number = scene.brand, scene.needle.unit.number
    ticks = drawing.ticks(scene.top, 3)
    left = max(drawing.extent(number(t), brand) for t in ticks) + 8
    figure = drawing.canvas(BELOW + PLOT + ABOVE)
    ax = drawing.axes(figure, (left, BELOW, drawing.WIDTH - left - RIGHT, PLOT))
    ax.set_xlim(0, scene.x(scene.end))
    ax.set_ylim(0, scene.top)
    start, wide = scene.x(scene.proof.start), scene.x(scene.end)
    ax.add_artist(drawing.box((start, 0), wide - start, scene.top, facecolor=brand.wash, edgecolor="none", zorder=0))
    drawing.grid(ax, ticks, [number(t) for t in ticks], brand)
    for day, label in drawing.months(scene.weeks[0], scene.end - WEEK):
        drawing.below(ax, scene.x(day), label, brand)
    _lines(scene, ax)
    drawing.words(
        ax, (0, 1 + 4 / PLOT), words.by_week(scene.needle), brand, color=brand.muted, va="bottom",
        transform=ax.transAxes,
    )  # fmt: skip
    return figure


def _lines(scene: _Scene, ax: Axes) -> None:
    brand, wide = scene.brand, scene.x(scene.end)
    bounds = ((words.HIGH, scene.limits.high), (words.MEAN, scene.limits.mean), (words.LOW, scene.limits.low))
    shown = [(label, value) for label, value in bounds if value > 0 or label == words.MEAN]
    for label, value in shown:
        dashes = "-" if label == words.MEAN else (0, (3, 2))
        drawing.line(ax, [0, wide], [value, value], color=brand.before, lw=0.9, ls=dashes, zorder=2)
    places = drawing.spread([value / scene.top * PLOT for _, value in shown], 10.0, 0, PLOT)
    for (label, _), place in zip(shown, places, strict=True):
        drawing.words(ax, (1 + 6 / PLOT * 0.2, place / PLOT), label, brand, color=brand.muted, va="center_baseline",
                      transform=ax.transAxes)  # fmt: skip
    xs, ys = [scene.x(w) + 3.5 for w in scene.weeks], [min(v, scene.top) for v in scene.values]
    drawing.line(ax, xs, ys, color=brand.ink, alpha=0.4, lw=1.2, marker="o", ms=3, mew=0, zorder=3, clip_on=False)
    out = scene.beyond
    drawing.line(ax, [xs[i] for i in out], [ys[i] for i in out], ls="none", marker="o", ms=6, mfc="none", mec=brand.primary,
            mew=1.2, zorder=4, clip_on=False)  # fmt: skip


def _live(scene: _Scene) -> dict[str, Any]:
    brand, unit = scene.brand, scene.needle.unit
    weeks = [str(w) for w in scene.weeks]
    line: dict[str, Any] = {
        "type": "scatter", "mode": "lines+markers", "x": weeks, "y": drawing.clean(scene.values), "connectgaps": False,
        "customdata": [unit.text(v) if math.isfinite(v) else "" for v in scene.values],
        "line": {"color": brand.ink, "width": 1.6}, "marker": {"size": 5, "color": brand.ink},
        "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
    bounds = [
        {"type": "scatter", "mode": "lines", "x": [weeks[0], str(scene.end)], "y": drawing.clean([value] * 2),
         "line": {"color": brand.before, "width": 1.2, "dash": dash}, "hoverinfo": "skip"}
        for value, dash in ((scene.limits.high, "dash"), (scene.limits.mean, "solid"), (scene.limits.low, "dash"))
    ]  # fmt: skip
    out = scene.beyond
    rings = {"type": "scatter", "mode": "markers", "x": [weeks[i] for i in out], "hoverinfo": "skip",
             "y": drawing.clean([scene.values[i] for i in out]),
             "marker": {"size": 12, "symbol": "circle-open", "color": brand.primary, "line": {"width": 2}}}  # fmt: skip
    wash = {"type": "rect", "xref": "x", "yref": "paper", "x0": str(scene.proof.start), "x1": str(scene.end), "y0": 0, "y1": 1,
            "fillcolor": brand.wash, "line": {"width": 0}, "layer": "below"}  # fmt: skip
    ticks = drawing.ticks(scene.top, 3)
    return drawing.live(
        [*bounds, line, rings], brand, 250, shapes=[wash], xaxis=drawing.date_axis(brand, scene.weeks[0], scene.end),
        yaxis=drawing.value_axis(brand, ticks, [unit.number(t) for t in ticks], scene.top),
        margin={"l": 44, "r": 24, "t": 24, "b": 32},
    )  # fmt: skip


def _count(scene: _Scene) -> str:
    after = sum(
        1 for w, v in zip(scene.weeks, scene.values, strict=True) if w >= scene.proof.start and math.isfinite(v)
    )
    return words.outside(len(scene.beyond), after, start=True)


def _found(scene: _Scene) -> tuple[float, float, float]:
    return scene.limits.mean, scene.limits.low, scene.limits.high


def _alt(scene: _Scene) -> str:
    return words.behaviour_alt(scene.needle, day_text(scene.proof.start), _found(scene), _count(scene))


def _caption(scene: _Scene) -> str:
    return words.behaviour_caption(scene.needle, scene.proof.by, _found(scene), _count(scene))
