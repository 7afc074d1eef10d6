"""The weekly picture of one needle in a proof: before in grey, after in the brand's colour, comparison teams dashed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reportkit.display import Figure
from reportkit.english import pictures as words
from reportkit.english.amounts import expected
from reportkit.figures import drawing
from reportkit.figures.drawing import SMALL
from reportkit.figures.recipe import drawn_from
from reportkit.model.brand import Brand
from reportkit.model.evidence import Evidence, Level
from reportkit.model.kind import Duration, Stock
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.model.period import WEEK, day_text
from reportkit.model.unit import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT, BELOW, ABOVE = 118.0, 18.0, 15.0  # points: the plot itself, the months below it, the labels above
LABEL = 104.0  # most that the labels at the line ends may take
BAND, SETTLING = 0.25, 0.5  # how much of their colours the band and the weeks of settling in have
LATE = 0.6  # a start beyond this share of the picture has its label on its left
NARROWEST, RIGHT, PIXELS = 350.0, 124, 13.0  # a live picture that is not a phone's: its plot, its margin, its letters
OUTLIER = 1.6  # a week this many times above the rest is cut off at the top, with its value beside it


@dataclass(frozen=True)
class _Line:
    """One series: its weeks without a hole (NaN is a gap), its values and facts."""

    group: str
    phase: str
    weeks: tuple[date, ...]
    values: tuple[float, ...]
    facts: tuple[int, ...]

    @property
    def last(self) -> tuple[date, float] | None:
        """The last week that has a value."""
        known = [(w, v) for w, v in zip(self.weeks, self.values, strict=True) if math.isfinite(v)]
        return known[-1] if known else None


@dataclass(frozen=True)
class _Scene:
    """What both faces draw."""

    evidence: Evidence
    needle: Needle
    proof: Proof
    brand: Brand
    lines: tuple[_Line, ...]
    top: float
    expected: tuple[float, float, float] | None = None  # without the proof, as the comparison says, with its range

    @property
    def first(self) -> date:
        """The first week shown."""
        return min(line.weeks[0] for line in self.lines)

    @property
    def end(self) -> date:
        """The day after the last week shown."""
        return max(line.weeks[-1] for line in self.lines) + WEEK

    def line(self, group: str, phase: str) -> _Line | None:
        """The series of a group in a phase, where it has one."""
        return next((line for line in self.lines if (line.group, line.phase) == (group, phase)), None)

    @property
    def levels(self) -> tuple[tuple[Level, str], ...]:
        """Before and after levels that exist, each with its colour."""
        pairs = ((self.evidence.before, self.brand.before), (self.evidence.after, self.brand.primary))
        return tuple((level, colour) for level, colour in pairs if math.isfinite(level.value) and level.value >= 0)


@drawn_from
def before_after(evidence: Evidence, needle: Needle, proof: Proof, brand: Brand) -> Figure:
    """The weekly readings of `evidence.weekly` before and after the start, in the needle's unit; a gap stays a gap."""
    scene = _scene(evidence, needle, proof, brand)
    name = f"before-after-{evidence.proof}-{needle.key}"
    return Figure(
        name=name, svg=drawing.svg(_drawn(scene), name), live=_live(scene), alt=_alt(scene), caption=_caption(scene)
    )


def _scene(evidence: Evidence, needle: Needle, proof: Proof, brand: Brand) -> _Scene:
    lines = tuple(_lines(evidence.weekly))
    values = [v for line in lines for v in line.values if math.isfinite(v)]
    levels = [level.value for level in (evidence.before, evidence.after) if math.isfinite(level.value)]
    band = expected(evidence)
    return _Scene(evidence, needle, proof, brand, lines, _top(values, [*levels, *(band or ())[:1]]), band)


def _lines(weekly: pd.DataFrame) -> Sequence[_Line]:
    known: dict[tuple[str, str], dict[date, tuple[float, int]]] = {}
    days = pd.to_datetime(weekly["week"]).dt.date
    for day, *key, value, facts in zip(
        days, *(weekly[c].tolist() for c in ("group", "phase", "value", "facts")), strict=True
    ):
        known.setdefault((key[0], key[1]), {})[day] = (value, facts)
    return [
        _line(group, phase, known[group, phase])
        for group in ("comparison", "treated")
        for phase in ("before", "settling", "after")
        if (group, phase) in known
    ]


def _line(group: str, phase: str, known: Mapping[date, tuple[float, int]]) -> _Line:
    first, last = min(known), max(known)
    weeks = tuple(first + WEEK * n for n in range((last - first) // WEEK + 1))
    told = [known.get(week, (math.nan, 0)) for week in weeks]
    return _Line(group, phase, weeks, tuple(v if v >= 0 else math.nan for v, _ in told), tuple(n for _, n in told))


def _top(values: Sequence[float], levels: Sequence[float]) -> float:
    """The upper end of the scale: above all values, unless a week or two stand far above the rest."""
    highest = max([*values, *levels], default=1.0) or 1.0
    if highest <= 0:
        return 1.0
    calm = max([float(np.quantile(values, 0.92)) * 1.15 if values else 0.0, *(1.35 * level for level in levels)])
    return calm if calm > 0 and highest > OUTLIER * calm else highest * 1.06


# ---- on paper --------------------------------------------------------------------------------------------------------


def _drawn(scene: _Scene) -> Any:
    brand, labels = scene.brand, _end_labels(scene)
    right = min(LABEL, max(drawing.extent(t, brand, SMALL, 600) for _, texts, _ in labels for t in texts)) + 10 if labels else 8  # fmt: skip
    ticks = drawing.ticks(scene.top)
    left = max(drawing.extent(scene.needle.unit.number(t), brand) for t in ticks) + 8
    figure = drawing.canvas(BELOW + PLOT + ABOVE)
    box = (left, BELOW, drawing.WIDTH - left - right, PLOT)
    ax = drawing.axes(figure, box)
    ax.set_xlim(0, (scene.end - scene.first).days)
    ax.set_ylim(0, scene.top)
    _ground(scene, ax, ticks)
    _counterfactual(scene, ax)
    _series(scene, ax)
    _names(scene, ax, box, labels)
    _starts(scene, ax, box)
    drawing.words(
        ax,
        (-left / box[2], 1 + 4 / PLOT),
        _measure(scene),
        brand,
        color=brand.muted,
        va="bottom",
        transform=ax.transAxes,
    )
    return figure


def _x(scene: _Scene, day: date) -> float:
    return float((day - scene.first).days)


def _ground(scene: _Scene, ax: Axes, ticks: Sequence[float]) -> None:
    brand, wide = scene.brand, _x(scene, scene.end)
    start = _x(scene, scene.proof.start)
    ax.add_artist(drawing.box((start, 0), wide - start, scene.top, facecolor=brand.wash, edgecolor="none", zorder=0))
    drawing.grid(ax, ticks, [scene.needle.unit.number(t) for t in ticks], brand)
    for day, label in drawing.months(scene.first, scene.end - WEEK):
        drawing.below(ax, _x(scene, day), label, brand)


def _band(scene: _Scene) -> tuple[list[date], list[float], list[float], list[float]] | None:
    """The days, middles, lows and highs of what would have come without the proof; None where nothing says it.

    A level holds from the first day after the start to the last; a stock grows to it.
    """
    if scene.expected is None:
        return None
    window, before = scene.evidence.after.window, scene.evidence.before.value
    days = [window.start, window.end]
    first = (before,) * 3 if isinstance(scene.needle.kind, Stock) else scene.expected
    middle, low, high = ([min(a, scene.top), min(b, scene.top)] for a, b in zip(first, scene.expected, strict=True))
    return days, middle, low, high


def _counterfactual(scene: _Scene, ax: Axes) -> None:
    """The band of what the comparison says would have come, its middle dotted."""
    band = _band(scene)
    if band is None:
        return
    days, middle, low, high = band
    xs, grey = [_x(scene, day) for day in days], scene.brand.before
    ax.fill_between(xs, low, high, color=grey, alpha=BAND, lw=0, zorder=0.5)
    drawing.line(ax, xs, middle, color=grey, lw=1.2, ls=(0, (0.8, 1.6)), zorder=2)


def _series(scene: _Scene, ax: Axes) -> None:
    brand = scene.brand
    for line in scene.lines:
        colour = brand.primary if line.phase != "before" else brand.before
        xs = [_x(scene, w) + 3.5 for w in line.weeks]
        ys = [min(v, scene.top) for v in line.values]
        if line.group == "comparison":
            continue
        drawing.line(ax, xs, ys, color=colour, alpha=SETTLING if line.phase == "settling" else 1, lw=1.9, marker="o", ms=3.6, mew=0,
                zorder=4, solid_joinstyle="round", clip_on=False)  # fmt: skip
        _cut_off(scene, ax, line, xs, colour)
    _comparison(scene, ax)
    for level, colour in scene.levels:
        ends = [_x(scene, level.window.start), _x(scene, level.window.end)]
        drawing.line(ax, ends, [level.value] * 2, color=colour, lw=1.1, zorder=3)


def _comparison(scene: _Scene, ax: Axes) -> None:
    lines = [line for line in scene.lines if line.group == "comparison"]
    xs = [_x(scene, w) + 3.5 for line in lines for w in line.weeks]
    ys = [min(v, scene.top) for line in lines for v in line.values]
    drawing.line(ax, xs, ys, color=scene.brand.before, lw=1.1, ls=(0, (2.4, 1.8)), zorder=2)
    alone = [i for i, y in enumerate(ys) if math.isfinite(y) and not any(math.isfinite(v) for v in (*ys[max(0, i - 1) : i], *ys[i + 1 : i + 2]))]  # fmt: skip
    drawing.line(
        ax, [xs[i] for i in alone], [ys[i] for i in alone], ls="none", marker="o", ms=2, mew=0, color=scene.brand.before
    )


def _cut_off(scene: _Scene, ax: Axes, line: _Line, xs: Sequence[float], colour: str) -> None:
    """The value beside each week that stands above the top of the scale."""
    wide = _x(scene, scene.end)
    for x, value in zip(xs, line.values, strict=True):
        if value > scene.top:
            late = x > wide * 0.92
            drawing.words(ax, (x + (-4 if late else 4), scene.top * 0.995), f"↑ {scene.needle.unit.number(value)}", scene.brand,
                          size=7, color=colour, ha="right" if late else "left", va="top", zorder=6)  # fmt: skip


def _end_labels(scene: _Scene) -> list[tuple[float, list[str], bool]]:
    """(value at the line's end, label in lines, whether it is the treated one)."""
    found = []
    for group in ("treated", "comparison"):
        ends = [
            e for phase in ("after", "settling", "before") if (line := scene.line(group, phase)) and (e := line.last)
        ]
        if ends:
            text = _group_label(scene, group)
            found.append((ends[0][1], drawing.wrapped(text, scene.brand, LABEL, SMALL, 600 if group == "treated" else 400), group == "treated"))  # fmt: skip
    if scene.expected:
        found.append((scene.expected[0], drawing.wrapped(words.WITHOUT, scene.brand, LABEL), False))
    return found


def _group_label(scene: _Scene, group: str) -> str:
    names = scene.evidence.teams if group == "treated" else scene.evidence.comparison_teams
    everyone = scene.proof.everyone(scene.evidence.left_out)
    return words.group(len(names), scene.proof.by, treated=group == "treated", everyone=everyone)


def _names(
    scene: _Scene, ax: Axes, box: tuple[float, float, float, float], labels: Sequence[tuple[float, list[str], bool]]
) -> None:
    """The names at the line ends, moved apart where the lines end close together."""
    line = 10.0
    wanted = [min(value, scene.top) / scene.top * box[3] for value, _, _ in labels]
    gap = line * max((len(texts) for _, texts, _ in labels), default=1) + 1
    places = drawing.spread(wanted, gap, 4, box[3] - 2)
    for (_, texts, treated), place in zip(labels, places, strict=True):
        colour = scene.brand.primary if treated else scene.brand.muted
        for i, text in enumerate(texts):
            y = place + line * ((len(texts) - 1) / 2 - i)
            drawing.words(ax, (1 + 6 / box[2], y / box[3]), text, scene.brand, weight=600 if treated else 400, color=colour,
                          va="center_baseline", ha="left", transform=ax.transAxes)  # fmt: skip


def _starts(scene: _Scene, ax: Axes, box: tuple[float, float, float, float]) -> None:
    """The label of the start, above the plot, where no data can be; beside the axis's own words, never over them."""
    brand, wide = scene.brand, box[2]
    short = words.starts(day_text(scene.proof.start, year=False))
    at = _x(scene, scene.proof.start) / _x(scene, scene.end)
    free = (drawing.extent(_measure(scene), brand) - box[0] + 14) / wide
    for text in (f"{scene.proof.name} {short}", short):
        left = max(free, min(at, 1 - drawing.extent(text, brand) / wide))
        if left + drawing.extent(text, brand) / wide <= 1 + 0.5 * (drawing.WIDTH - box[0] - wide) / wide:
            break
    drawing.words(ax, (left, 1 + 4 / box[3]), text, brand, color=brand.primary, va="bottom", transform=ax.transAxes)
    drawing.line(ax, [at, at], [0, 1], color=brand.primary, alpha=0.6, lw=0.5, transform=ax.transAxes, zorder=1)


# ---- on screen -------------------------------------------------------------------------------------------------------


def _live(scene: _Scene) -> Mapping[str, Any]:
    brand = scene.brand
    traces = [_trace(scene, line) for line in scene.lines]
    levels = [
        {"type": "scatter", "mode": "lines", "x": [str(level.window.start), str(level.window.end - timedelta(days=1))],
         "y": drawing.clean([level.value] * 2), "line": {"color": colour, "width": 1.4}, "hoverinfo": "skip"}
        for level, colour in scene.levels
    ]  # fmt: skip
    return drawing.live(
        [*_live_band(scene), *traces, *levels], brand, 300,
        shapes=[_wash(scene)],
        annotations=[*_start_notes(scene), *_end_notes(scene), drawing.unit_note(_measure(scene))],
        xaxis=drawing.date_axis(brand, scene.first, scene.end),
        yaxis=drawing.value_axis(brand, drawing.ticks(scene.top), [scene.needle.unit.number(t) for t in drawing.ticks(scene.top)], scene.top),
        margin={"l": 44, "r": RIGHT, "t": 34, "b": 32},
    )  # fmt: skip


def _live_band(scene: _Scene) -> list[dict[str, Any]]:
    band = _band(scene)
    if band is None:
        return []
    days, middle, low, high = band
    xs, grey = [str(day) for day in days], scene.brand.before
    same: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": xs, "hoverinfo": "skip"}
    return [
        {**same, "y": drawing.clean(low), "line": {"width": 0}},
        {**same, "y": drawing.clean(high), "line": {"width": 0}, "fill": "tonexty", "fillcolor": drawing.through(grey, BAND)},
        {**same, "y": drawing.clean(middle), "line": {"color": grey, "width": 1.6, "dash": "dot"}},
    ]  # fmt: skip


def _trace(scene: _Scene, line: _Line) -> dict[str, Any]:
    brand, compared = scene.brand, line.group == "comparison"
    colour = brand.before if compared or line.phase == "before" else brand.primary
    one, many = scene.needle.facts
    label = _group_label(scene, line.group)
    readings = zip(line.values, line.facts, strict=True)
    said = [f"{scene.needle.unit.text(v)} ({plural(n, one, many)})" if math.isfinite(v) else "" for v, n in readings]
    return {
        "type": "scatter", "mode": "lines" if compared else "lines+markers", "name": label, "connectgaps": False,
        "x": [str(w) for w in line.weeks], "y": drawing.clean(line.values), "customdata": said,
        "line": {"color": colour, "width": 1.6 if compared else 2.6, "dash": "4px,3px" if compared else "solid"},
        "marker": {"size": 6, "color": colour}, "opacity": SETTLING if line.phase == "settling" else 1,
        "hovertemplate": f"%{{customdata}}<extra>{_plain(label)}</extra>",
    }  # fmt: skip


def _plain(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›").replace("%{", "% {")


def _wash(scene: _Scene) -> dict[str, Any]:
    return {"type": "rect", "xref": "x", "yref": "paper", "x0": str(scene.proof.start), "x1": str(scene.end), "y0": 0, "y1": 1,
            "fillcolor": scene.brand.wash, "line": {"width": 0}, "layer": "below"}  # fmt: skip


def _start_notes(scene: _Scene) -> list[dict[str, Any]]:
    """What starts when; a phone, and a name too long for the picture, have the day alone."""
    brand, short = scene.brand, words.starts(day_text(scene.proof.start, year=False))
    at, long = _x(scene, scene.proof.start) / _x(scene, scene.end), f"{scene.proof.name} {short}"
    late = at > LATE
    room = at * NARROWEST - drawing.extent(_measure(scene), brand, PIXELS) if late else (1 - at) * NARROWEST + RIGHT
    note = {"x": str(scene.proof.start), "xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False,
            "xanchor": "right" if late else "left", "font": {"color": brand.primary}}  # fmt: skip
    if drawing.extent(long, brand, PIXELS) > room:
        return [{**note, "text": short}]
    return [
        {**note, "name": "wide", "text": _plain(long)},
        {**note, "name": "narrow", "text": short, "visible": False},
    ]


def _end_notes(scene: _Scene) -> list[dict[str, Any]]:
    labels = _end_labels(scene)
    places = drawing.spread([min(v, scene.top) for v, _, _ in labels], scene.top * 0.09, 0, scene.top)
    return [
        drawing.end_note(
            place, _plain(" ".join(texts)), scene.brand.primary if treated else scene.brand.muted, bold=treated
        )
        for (_, texts, treated), place in zip(labels, places, strict=True)
    ]


# ---- in words --------------------------------------------------------------------------------------------------------


def _measure(scene: _Scene) -> str:
    return words.by_week(scene.needle)


def _alt(scene: _Scene) -> str:
    return words.before_after_alt(scene.evidence, scene.needle, scene.proof.by, day_text(scene.proof.start))


def _caption(scene: _Scene) -> str:
    below = bool((scene.evidence.weekly["value"] < 0).any())
    return words.before_after_caption(
        scene.evidence, scene.needle, scene.proof.by, scene.expected, gaps=_gaps(scene), below=below
    )


def _gaps(scene: _Scene) -> bool:
    """Whether a week of the treated teams has facts and yet no median."""
    treated = [line for line in scene.lines if line.group == "treated"]
    pairs = [(v, n) for line in treated for v, n in zip(line.values, line.facts, strict=True)]
    return isinstance(scene.needle.kind, Duration) and any(n and not math.isfinite(v) for v, n in pairs)
