"""Where a change's time goes on its way to production: a bar a window, working in the brand's colour, waiting in amber."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reportkit.display import Figure
from reportkit.english import pictures as words
from reportkit.figures import drawing
from reportkit.figures.drawing import SMALL
from reportkit.figures.recipe import drawn_from
from reportkit.figures.theme import on
from reportkit.model.brand import Brand
from reportkit.model.unit import Unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAR, GAP, ABOVE = 19.0, 17.0, 30.0  # points: a bar, the space below it, the step names above the first
LEGEND = {
    "orientation": "h",
    "y": 1.02,
    "yanchor": "bottom",
    "x": 0,
    "traceorder": "normal",
    "itemclick": False,
    "itemdoubleclick": False,
}
FAR = 60.0  # a name moved further than this from its step has no line to it: many such lines would be a tangle
SHADES = (
    1.0,
    0.5,
    0.28,
)  # steps of a colour, the longest first; on half of it and less, ink can be read by day and at night


@dataclass(frozen=True)
class Steps:
    """One bar: each step's name, its mean length in the unit and whether it is waiting; `median` is of the whole way."""

    label: str
    steps: tuple[tuple[str, float, bool], ...]
    facts: int
    median: float
    window: str


@drawn_from
def path_to_production(rows: Sequence[Steps], unit: Unit, brand: Brand) -> Figure:
    """Stacked bars of mean lengths, in `unit`, with the sum at their ends."""
    return Figure(
        name="path-to-production",
        svg=drawing.svg(_drawn(rows, unit, brand), "path-to-production"),
        live=_live(rows, unit, brand),
        alt=_alt(rows, unit),
        caption=_caption(rows, unit),
    )


def _total(row: Steps) -> float:
    return sum(length for _, length, _ in row.steps)


def _colours(row: Steps, brand: Brand) -> list[tuple[str, float]]:
    """(colour, how much of it) a step: the brand's colour for working, amber for waiting, each step in a shade of its own."""
    found: dict[str, tuple[str, float]] = {}
    for waiting, hue in ((False, brand.primary), (True, brand.wait)):
        names = [
            name
            for name, length, _ in sorted(row.steps, key=lambda step: -step[1])
            if (name, length, waiting) in row.steps
        ]
        found |= {name: (hue, SHADES[min(i, len(SHADES) - 1)]) for i, name in enumerate(names)}
    return [found[name] for name, _, _ in row.steps]


def _text(colour: tuple[str, float], brand: Brand) -> str:
    """The colour of a number inside a step; amber is the same at night, so what stands on it must be so too."""
    hue, share = colour
    if share < 1:
        return brand.ink
    return brand.paper if hue == brand.primary else on(hue, "#fefefe", "#18222c")


def _drawn(rows: Sequence[Steps], unit: Unit, brand: Brand) -> Any:
    left = max(drawing.extent(row.label, brand) for row in rows) + 11
    right = max(drawing.extent(unit.text(_total(row)), brand, 9, 600) for row in rows) + 8
    height = ABOVE + len(rows) * (BAR + GAP)
    figure = drawing.canvas(height)
    width = drawing.WIDTH - left - right
    ax = drawing.axes(figure, (left, 0, width, height))
    ax.set_xlim(0, width)
    ax.set_ylim(0, height)
    scale = width / (max(_total(row) for row in rows) or 1)
    colours = _colours(rows[0], brand)
    widest = max(range(len(rows)), key=lambda i: _total(rows[i]))
    for i, row in enumerate(rows):
        base = height - ABOVE - BAR - i * (BAR + GAP)
        _bar(ax, row, brand, (base, scale), unit, colours)
        drawing.words(ax, (-8, base + BAR / 2), row.label, brand, color=brand.muted, ha="right", va="center_baseline")
    _step_names(ax, rows[0], brand, (height - ABOVE, scale), rows[0] is rows[widest])
    return figure


def _bar(
    ax: Axes, row: Steps, brand: Brand, place: tuple[float, float], unit: Unit, colours: Sequence[tuple[str, float]]
) -> None:
    base, scale = place
    at, below = 0.0, []
    for (_, length, _), colour in zip(row.steps, colours, strict=True):
        wide, text = length * scale, unit.number(length)
        ax.add_artist(drawing.box((at, base), wide, BAR, facecolor=colour, edgecolor=brand.paper, linewidth=0.6))
        if drawing.extent(text, brand, 7.5) + 5 <= wide:
            style = {"size": 7.5, "color": _text(colour, brand), "ha": "center", "va": "center_baseline"}
            drawing.words(ax, (at + wide / 2, base + BAR / 2), text, brand, **style)
        elif length > 0:
            below.append((at + wide / 2, text))
        at += wide
    drawing.words(
        ax,
        (at + 6, base + BAR / 2),
        unit.text(_total(row)),
        brand,
        size=9,
        weight=600,
        color=brand.ink,
        va="center_baseline",
    )
    places = drawing.spread([x for x, _ in below], 15, 6, max(at, 6))
    for (_, text), x in zip(below, places, strict=True):
        drawing.words(ax, (x, base - 9), text, brand, size=7.5, color=brand.muted, ha="center", va="center_baseline")


def _step_names(ax: Axes, row: Steps, brand: Brand, place: tuple[float, float], widest: bool) -> None:
    """The steps' names above the first bar, moved apart where they would collide, with a line to their step."""
    top, scale = place
    reach = float(ax.get_xlim()[1])
    centres, at = [], 0.0
    for _, length, _ in row.steps:
        centres.append((at + length / 2) * scale)
        at += length
    room = reach if widest else max(reach, at * scale)
    lines = [drawing.wrapped(name, brand, room / len(row.steps) - 6, SMALL) for name, _, _ in row.steps]
    widths = [max(drawing.extent(line, brand) for line in texts) for texts in lines]
    for texts, centre, x in zip(lines, centres, _apart(centres, widths, room), strict=True):
        for i, text in enumerate(reversed(texts)):
            drawing.words(ax, (x, top + 8 + 9.5 * i), text, brand, color=brand.muted, ha="center", va="baseline")
        if abs(x - centre) < FAR:
            drawing.line(ax, [x, centre], [top + 5.5, top + 1], color=brand.before, lw=0.6)


def _apart(centres: Sequence[float], widths: Sequence[float], room: float) -> list[float]:
    """Centres as near to those wanted as leaves 8 points between neighbours, within 0 and `room`."""
    placed = [max(c, w / 2) for c, w in zip(centres, widths, strict=True)]
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + (widths[i - 1] + widths[i]) / 2 + 8)
    if placed:
        placed[-1] = min(placed[-1], room - widths[-1] / 2)
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - (widths[i] + widths[i + 1]) / 2 - 8)
    return placed


def _live(rows: Sequence[Steps], unit: Unit, brand: Brand) -> dict[str, Any]:
    labels = [row.label for row in rows]
    colours = _colours(rows[0], brand)
    traces = [
        {
            "type": "bar", "orientation": "h", "name": name, "y": labels,
            "x": drawing.clean([row.steps[i][1] for row in rows]),
            "text": [unit.number(row.steps[i][1]) for row in rows], "textposition": "inside", "insidetextanchor": "middle",
            "textangle": 0, "constraintext": "inside",
            "marker": {"color": drawing.through(*colours[i]), "line": {"color": brand.paper, "width": 1}},
            "textfont": {"color": _text(colours[i], brand)},
            "customdata": [_hover(row, i, unit) for row in rows], "hovertemplate": "%{customdata}<extra></extra>",
        }
        for i, (name, _, _) in enumerate(rows[0].steps)
    ]  # fmt: skip
    notes = [
        {"x": _total(row), "y": row.label, "xanchor": "left", "xshift": 6, "showarrow": False, "text": f"<b>{unit.text(_total(row))}</b>",
         "font": {"color": brand.ink}}
        for row in rows
    ]  # fmt: skip
    return drawing.live(
        traces, brand, 70 + 62 * len(rows), barmode="stack", bargap=0.4, uniformtext={"minsize": 11, "mode": "hide"}, hovermode="closest", annotations=notes,
        showlegend=True, legend=LEGEND,
        xaxis={"visible": False, "fixedrange": True}, yaxis=drawing.names_axis(),
        margin={"l": 8, "r": 78, "t": 30, "b": 8},
    )  # fmt: skip


def _hover(row: Steps, i: int, unit: Unit) -> str:
    name, length, waiting = row.steps[i]
    return words.step_hover(row.label, name, unit.text(length), row.facts, waiting=waiting)


def _alt(rows: Sequence[Steps], unit: Unit) -> str:
    told = [
        (row.label, [(name, unit.number(length)) for name, length, _ in row.steps], unit.text(_total(row)))
        for row in rows
    ]
    return words.path_alt(unit, told)


def _caption(rows: Sequence[Steps], unit: Unit) -> str:
    return words.path_caption(unit, [(row.label, row.facts, row.window, unit.text(row.median)) for row in rows])
