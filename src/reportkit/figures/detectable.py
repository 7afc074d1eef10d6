"""What a proof could show, by weeks after the start and by teams: two panels, without and with teams to compare with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reportkit.display import Figure
from reportkit.evidence.planning import Cell, Plan, shown
from reportkit.figures import drawing
from reportkit.figures.recipe import drawn_from
from reportkit.model.brand import Brand
from reportkit.model.needle import Needle
from reportkit.model.unit import plural
from reportkit.narrative.planning import amount

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT, BELOW, ABOVE, LABEL, GAP = 150.0, 32.0, 40.0, 52.0, 26.0  # points
TITLES = {False: "no teams to compare with", True: "against comparison teams"}


@drawn_from
def detectable(plan: Plan, needle: Needle, brand: Brand, *, taker: str = "team") -> Figure:
    """The smallest detectable change by weeks, one line a number of teams; the proof's own number in the brand's colour."""
    name = f"plan-{needle.key}"
    return Figure(
        name,
        drawing.svg(drawn(plan, needle, brand, taker), name),
        None,
        _alt(plan, needle, taker),
        _caption(plan, needle),
    )


def drawn(plan: Plan, needle: Needle, brand: Brand, taker: str = "team") -> Any:
    """The matplotlib figure, for files of other sorts."""
    top = _top(plan, needle)
    ticks = drawing.ticks(top)
    labels = [_label(t, needle) for t in ticks]
    left = max(drawing.extent(text, brand) for text in labels) + 8
    wide = (drawing.WIDTH - left - 2 * LABEL - GAP) / 2
    figure = drawing.canvas(BELOW + PLOT + ABOVE)
    for i, compared in enumerate((False, True)):
        ax = drawing.axes(figure, (left + i * (wide + LABEL + GAP), BELOW, wide, PLOT))
        weeks = sorted({c.weeks for c in plan.cells})
        ax.set_xlim(weeks[0] - 1, weeks[-1] + 0.5)
        ax.set_ylim(0, top)
        drawing.grid(ax, ticks, labels if i == 0 else [""] * len(ticks), brand)
        for week in weeks:
            drawing.below(ax, week, str(week), brand)
        drawing.words(
            ax, (0, 1 + 10 / PLOT), TITLES[compared], brand, weight=600, color=brand.ink, transform=ax.transAxes
        )
        drawing.words(ax, (1, -19 / PLOT), "weeks after the start", brand, color=brand.muted, ha="right", va="top",
                      transform=ax.transAxes)  # fmt: skip
        lines = [(teams, _points(cells, needle, top)) for teams, cells in shown(plan, compared=compared)]
        _lines(ax, [(n, points) for n, points in lines if points], plan.teams, brand, taker)
    drawing.words(figure, (0, 1 - 2 / (BELOW + PLOT + ABOVE)), _measure(needle), brand, color=brand.muted, va="top")
    return figure


def _size(cell: Cell, needle: Needle) -> float:
    """How large the smallest detectable change is: a share of the level, or a difference."""
    if cell.mde is None:
        return math.nan
    return abs(cell.mde - 1) if needle.kind.scale == "ratio" else abs(cell.mde)


def _top(plan: Plan, needle: Needle) -> float:
    sizes = sorted(s for c in plan.cells if math.isfinite(s := _size(c, needle)))
    if not sizes:
        return 1.0
    most = 1.0 if needle.kind.scale == "ratio" and needle.better == "lower" else 3 * sizes[len(sizes) // 2]
    return min(sizes[-1] * 1.08, most) or 1.0


def _label(value: float, needle: Needle) -> str:
    if needle.kind.scale == "ratio":
        return f"{100 * value:.0f}%"
    return needle.unit.number(value)


def _lines(
    ax: Axes, lines: Sequence[tuple[int, list[tuple[int, float]]]], own_teams: int, brand: Brand, taker: str
) -> None:
    """One line a number of teams, named at its end; a panel without any says so."""
    if not lines:
        drawing.words(
            ax, (0.5, 0.5), "nothing could be claimed", brand, color=brand.muted, ha="center", transform=ax.transAxes
        )
        return
    top = ax.get_ylim()[1]
    ends = [
        points[-1][1] / top * PLOT - 0.01 * i for i, (_, points) in enumerate(lines)
    ]  # where level, more teams lower
    places = drawing.spread(ends, 10.0, 4, PLOT)
    for (teams, points), place in zip(lines, places, strict=True):
        own = teams == own_teams
        xs, ys = zip(*points, strict=True)
        drawing.line(ax, xs, ys, color=brand.primary if own else brand.before, lw=1.9 if own else 0.9, marker="o", ms=3.4 if own else 2,
                mew=0, zorder=4 if own else 3, clip_on=False)  # fmt: skip
        drawing.words(ax, (1.02, place / PLOT), plural(teams, taker), brand, weight=600 if own else 400,
                      color=brand.primary if own else brand.muted, va="center_baseline", transform=ax.transAxes)  # fmt: skip


def _points(cells: Sequence[Cell], needle: Needle, top: float) -> list[tuple[int, float]]:
    return [(c.weeks, size) for c in cells if math.isfinite(size := _size(c, needle)) and size <= top]


def _measure(needle: Needle) -> str:
    way = "fall" if needle.better == "lower" else "rise"
    unit = (
        "" if needle.kind.scale == "ratio" or needle.unit.key == "share" else f", {needle.unit.many or needle.unit.key}"
    )
    return f"smallest {way} that would show{unit}"


def _alt(plan: Plan, needle: Needle, taker: str) -> str:
    own = [
        f"{amount(cell, needle)} {TITLES[compared]}"
        for compared in (False, True)
        if (cell := plan.of(plan.weeks, plan.teams, compared=compared)) and cell.mde is not None
    ]
    told = f": {' and '.join(own)}" if own else ": nothing could be claimed"
    return (
        f"Line chart of the smallest change in {needle.lower_label} that would show, by weeks and {taker}s. With "
        f"{plural(plan.teams, taker)} and {plural(plan.weeks, 'week')}{told}."
    )


def _caption(plan: Plan, needle: Needle) -> str:
    return (
        f"{needle.label}: the smallest change that would show, reckoned from {plural(plan.history.days // 7, 'week')} of "
        f"{plan.history.label}."
    )
