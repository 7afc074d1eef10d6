"""How a needle has moved, week by week: one line, the limits of its usual behaviour, its target, the quarter on a wash."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from reportkit.display import Figure
from reportkit.english import pictures as words
from reportkit.evidence.behaviour import Limits, limits
from reportkit.figures import drawing
from reportkit.figures.recipe import drawn_from
from reportkit.model.brand import Brand
from reportkit.model.needle import Needle
from reportkit.model.period import WEEK, Window
from reportkit.model.shown import Shown
from reportkit.model.unit import COUNT, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT, BELOW, ABOVE, BESIDE = 110.0, 18.0, 15.0, 7.0  # points
LINE = 10.0  # from one name beside the plot to the next
HEADROOM = 1.12


@dataclass(frozen=True)
class Week:
    """One week's reading in the needle's unit (NaN is a gap) and the facts behind it."""

    monday: date
    value: float
    facts: int


@dataclass(frozen=True)
class _Level:
    """A level line: its name beside the plot, and whether it is solid."""

    label: str
    value: float
    solid: bool = False


@dataclass(frozen=True)
class _Scene:
    weeks: tuple[Week, ...]
    needle: Needle
    quarter: Window
    brand: Brand
    limits: Limits | None
    target: float | None

    @property
    def known(self) -> list[Week]:
        return [week for week in self.weeks if math.isfinite(week.value)]

    @property
    def window(self) -> Window:
        """The days drawn."""
        return Window(self.weeks[0].monday, self.weeks[-1].monday + WEEK)

    @property
    def wash(self) -> date:
        """Where the quarter begins in the picture."""
        return max(self.weeks[0].monday, self.quarter.start)

    @property
    def levels(self) -> list[_Level]:
        """The limits within which a value can lie at all, their mean, and the target."""
        found = []
        if self.limits:
            most = 1.0 if self.needle.unit.key == "share" else math.inf
            found.append(_Level(words.MEAN, self.limits.mean))
            found += [_Level(words.HIGH, self.limits.high)] if self.limits.high < most else []
            found += [_Level(words.LOW, self.limits.low)] if self.limits.low > 0 else []
        if self.target is not None:
            found.append(_Level(words.target(self.needle.unit.brief(self.target)), self.target, solid=True))
        return found

    @property
    def top(self) -> float:
        """The end of the scale."""
        values = [*(week.value for week in self.known), *(level.value for level in self.levels)]
        return max(values) * HEADROOM or 1.0


@drawn_from
def trend(
    weeks: Sequence[Week], needle: Needle, quarter: Window, brand: Brand, target: float | None = None
) -> Figure | None:
    """The weekly line with the quarter marked; None where fewer than two weeks have a value.

    The weeks before the quarter, eight at least, give the limits of what is usual: mean ± 2.66 × mean moving range.
    """
    before = np.array([week.value for week in weeks if week.monday + WEEK <= quarter.start], dtype=float)
    scene = _Scene(tuple(weeks), needle, quarter, brand, limits(before, floor=0.0), target)
    if len(scene.known) < 2 or min(week.value for week in scene.known) < 0:
        return None
    name = f"trend-{needle.key}"
    return Figure(name, drawing.svg(_drawn(scene), name), _live(scene), _alt(scene), _caption(scene), _record(scene))


def _alt(scene: _Scene) -> str:
    return words.trend_alt(scene.needle, scene.known[0].value, scene.known[-1].value, scene.target)


def _caption(scene: _Scene) -> str:
    found = (scene.limits.mean, scene.limits.low, scene.limits.high) if scene.limits else None
    facts = sum(week.facts for week in scene.weeks)
    return words.trend_caption(scene.needle, facts, scene.window.label, found, _outside(scene))


def _outside(scene: _Scene) -> str:
    """'three of 13 weeks since are outside them'."""
    since = [week for week in scene.known if week.monday + WEEK > scene.quarter.start]
    out = [week for week in since if scene.limits and scene.limits.outside(week.value)]
    return words.outside(len(out), len(since), start=False)


def _record(scene: _Scene) -> tuple[Shown, ...]:
    """What the picture prints beside its lines and in its caption."""
    needle, last = scene.needle, scene.known[-1]
    numbers = [(f"week_of_{last.monday}", last.value)]
    window = f"{scene.window.start}/{scene.window.end}"
    since = [week for week in scene.known if week.monday + WEEK > scene.quarter.start]
    counts = {"facts": sum(w.facts for w in scene.weeks)}
    if scene.limits:
        counts |= {"weeks": len(since), "outside": sum(scene.limits.outside(week.value) for week in since)}
    if scene.limits:
        numbers += [(name, getattr(scene.limits, name)) for name in ("mean", "low", "high")]
    if scene.target is not None:
        numbers.append(("target", scene.target))
    counted = (
        Shown(f"trend.{needle.key}.{name}", COUNT.number(n), n, "count", needle.key, window=window)
        for name, n in counts.items()
    )
    return tuple(counted) + tuple(
        Shown(
            f"trend.{needle.key}.{name}", needle.unit.text(value), value, needle.unit.key, needle.key, window=window,
            n=last.facts if name.startswith("week") else None,
        )
        for name, value in numbers
    )  # fmt: skip


def _drawn(scene: _Scene) -> Any:
    brand, unit, window = scene.brand, scene.needle.unit, scene.window
    ticks = drawing.ticks(scene.top)
    left = max(drawing.extent(unit.number(t), brand) for t in ticks) + 8
    names = [(unit.brief(scene.known[-1].value), 600), *((level.label, 400) for level in scene.levels)]
    width = drawing.WIDTH - left - BESIDE - max(drawing.extent(text, brand, weight=weight) for text, weight in names)
    figure = drawing.canvas(BELOW + PLOT + ABOVE)
    ax = drawing.axes(figure, (left, BELOW, width, PLOT))
    days = (window.end - window.start).days
    ax.set_xlim(0, days)
    ax.set_ylim(0, scene.top)
    start = (scene.wash - window.start).days
    ax.add_artist(drawing.box((start, 0), days - start, scene.top, facecolor=brand.wash, edgecolor="none", zorder=0))
    drawing.grid(ax, ticks, [unit.number(t) for t in ticks], brand)
    for day, label in drawing.months(window.start, window.end - WEEK):
        drawing.below(ax, float((day - window.start).days), label, brand)
    _lines(scene, ax, width)
    style: dict[str, Any] = {"color": brand.muted, "va": "bottom", "transform": ax.transAxes}
    drawing.words(ax, (0, 1 + 4 / PLOT), words.by_week(scene.needle), brand, **style)
    return figure


def _lines(scene: _Scene, ax: Axes, width: float) -> None:
    """The weeks and the level lines, each named beside the plot."""
    brand, first, days = scene.brand, scene.window.start, ax.get_xlim()[1]
    for level in scene.levels:
        colour = brand.ink if level.solid else brand.before
        style: Any = "-" if level.solid else (0, (3, 2))
        drawing.line(ax, [0, days], [level.value] * 2, color=colour, lw=0.9, ls=style, zorder=2)
    xs = [(week.monday - first).days + 3.5 for week in scene.weeks]
    ys = [week.value for week in scene.weeks]
    drawing.line(ax, xs, ys, color=brand.primary, lw=1.9, marker="o", ms=3.4, mew=0, zorder=4, clip_on=False)
    last = scene.known[-1]
    text, reached = scene.needle.unit.brief(last.value), last is scene.weeks[-1]
    style = {"weight": 600, "color": brand.primary}
    named = [(last.value, text, style)] if reached else []
    if not reached:  # the weeks after it are gaps
        at = (last.monday - first).days + 3.5 + BESIDE * days / width
        drawing.words(ax, (at, last.value), text, brand, va="center_baseline", **style)
    named += [
        (level.value, level.label, {"color": brand.ink if level.solid else brand.muted}) for level in scene.levels
    ]
    places = drawing.spread([value / scene.top * PLOT for value, _, _ in named], LINE, 4, PLOT)
    for (_, text, style), place in zip(named, places, strict=True):
        drawing.words(
            ax, (1 + BESIDE / width, place / PLOT), text, brand, va="center_baseline", transform=ax.transAxes, **style
        )


def _live(scene: _Scene) -> dict[str, Any]:
    brand, needle, window = scene.brand, scene.needle, scene.window
    said = [
        f"{needle.unit.text(w.value)} ({plural(w.facts, *needle.facts)})" if math.isfinite(w.value) else ""
        for w in scene.weeks
    ]
    line: dict[str, Any] = {
        "type": "scatter", "mode": "lines+markers", "x": [str(w.monday) for w in scene.weeks], "connectgaps": False,
        "y": drawing.clean([w.value for w in scene.weeks]), "customdata": said, "line": {"color": brand.primary, "width": 2.6},
        "marker": {"size": 6, "color": brand.primary}, "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
    wash = {
        "type": "rect", "xref": "x", "yref": "paper", "x0": str(scene.wash), "x1": str(window.end), "y0": 0, "y1": 1,
        "fillcolor": brand.wash, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip
    levels = [
        {"type": "scatter", "mode": "lines", "x": [str(window.start), str(window.end)], "y": drawing.clean([level.value] * 2),
         "line": {"color": brand.ink if level.solid else brand.before, "width": 1.2, "dash": "solid" if level.solid else "dash"},
         "hoverinfo": "skip"}
        for level in scene.levels
    ]  # fmt: skip
    ticks = drawing.ticks(scene.top)
    return drawing.live(
        [line, *levels], brand, 260, shapes=[wash], annotations=_notes(scene), xaxis=drawing.date_axis(brand, window.start, window.end),
        yaxis=drawing.value_axis(brand, ticks, [needle.unit.number(t) for t in ticks], scene.top),
        margin={"l": 44, "r": 110, "t": 24, "b": 32},
    )  # fmt: skip


def _notes(scene: _Scene) -> list[dict[str, Any]]:
    """The last value and the names of the level lines beside the plot; the value by its week where gaps come after it."""
    brand, last = scene.brand, scene.known[-1]
    text, reached = scene.needle.unit.brief(last.value), last is scene.weeks[-1]
    named = [(last.value, text, brand.primary, True)] if reached else []
    named += [(level.value, level.label, brand.ink if level.solid else brand.muted, False) for level in scene.levels]
    places = drawing.spread([value for value, *_ in named], scene.top * 0.09, 0, scene.top)
    notes = [
        drawing.end_note(place, label, colour, bold=bold)
        for (_, label, colour, bold), place in zip(named, places, strict=True)
    ]
    if not reached:
        notes.append({"x": str(last.monday), "y": last.value, "xanchor": "left", "xshift": 6, "showarrow": False,
                      "text": f"<b>{text}</b>", "font": {"color": brand.primary}})  # fmt: skip
    return [*notes, drawing.unit_note(words.by_week(scene.needle))]
