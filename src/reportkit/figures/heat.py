"""A needle by group and period as a heat map: each cell its number, the fuller its colour the further from good."""

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
from reportkit.model.needle import Needle

ROW, ABOVE, NAME = 17.0, 14.0, 120.0  # points
FAINTEST, FULLEST = 0.05, 0.5  # share of the brand's colour in a cell; on the half, ink can be read by day and at night


@dataclass(frozen=True)
class Line:
    """One group: its name and its value in each period (NaN is a gap)."""

    name: str
    values: tuple[float, ...]


@drawn_from
def heat(
    lines: Sequence[Line],
    periods: Sequence[str],
    needle: Needle,
    brand: Brand,
    *,
    by: str,
    note: str = "",
) -> Figure:
    """One row a group, one column a period; each cell says its value, and its shade how far from good that is."""
    name = f"heat-{needle.key}-{by}"
    last = [(line.values[-1], line.name) for line in lines if math.isfinite(line.values[-1])]
    return Figure(
        name=name, svg=drawing.svg(_drawn(lines, periods, needle, brand), name), live=_live(lines, periods, needle, brand),
        alt=words.heat_alt(needle, by, periods, last),
        caption=words.heat_caption(needle, by, note),
    )  # fmt: skip


def _shades(lines: Sequence[Line], needle: Needle) -> list[list[float]]:
    """How full of colour each cell is, 0 to 1, on a scale of logarithms where all values allow it; NaN for a gap."""
    known = [v for line in lines for v in line.values if math.isfinite(v)]
    if not known:
        return [[math.nan] * len(line.values) for line in lines]
    low, high = min(known), max(known)
    logs = low > 0 and high / low > 4
    scale = math.log if logs else float
    span = scale(high) - scale(low) or 1.0

    def shade(value: float) -> float:
        if not math.isfinite(value):
            return math.nan
        part = (scale(value) - scale(low)) / span
        return part if needle.better == "lower" else 1 - part

    return [[shade(v) for v in line.values] for line in lines]


def _drawn(lines: Sequence[Line], periods: Sequence[str], needle: Needle, brand: Brand) -> Any:
    high = ROW * len(lines)
    figure = drawing.canvas(high + ABOVE)
    wide = drawing.WIDTH - NAME
    ax = drawing.axes(figure, (NAME, 0, wide, high))
    ax.set_xlim(0, len(periods))
    ax.set_ylim(len(lines), 0)
    for j, period in enumerate(periods):
        drawing.words(ax, (j + 0.5, -0.2), period, brand, color=brand.muted, ha="center", va="bottom")
    for i, (line, row) in enumerate(zip(lines, _shades(lines, needle), strict=True)):
        drawing.words(ax, (-8 / wide, 1 - (i + 0.5) / len(lines)), drawing.wrapped(line.name, brand, NAME - 12)[0], brand, color=brand.ink, ha="right",
                      va="center_baseline", transform=ax.transAxes)  # fmt: skip
        for j, (value, shade) in enumerate(zip(line.values, row, strict=True)):
            known = math.isfinite(value)
            colour = (brand.primary, FAINTEST + (FULLEST - FAINTEST) * shade) if known else "none"
            ax.add_artist(drawing.box((j + 0.02, i + 0.05), 0.96, 0.9, facecolor=colour, edgecolor="none", zorder=1))
            drawing.words(ax, (j + 0.5, i + 0.5), needle.unit.number(value), brand, color=brand.ink if known else brand.muted,
                          ha="center", va="center_baseline", zorder=3)  # fmt: skip
    return figure


def _live(lines: Sequence[Line], periods: Sequence[str], needle: Needle, brand: Brand) -> dict[str, Any]:
    said = [[needle.unit.text(v) if math.isfinite(v) else words.NO_NUMBER for v in line.values] for line in lines]
    numbers = [[needle.unit.number(v) for v in line.values] for line in lines]
    trace: dict[str, Any] = {
        "type": "heatmap", "x": list(periods), "y": [line.name for line in lines], "z": [drawing.clean(row) for row in _shades(lines, needle)],
        "customdata": said, "text": numbers, "texttemplate": "%{text}", "hovertemplate": "%{y}, %{x}: %{customdata}<extra></extra>",
        "colorscale": [[i, drawing.through(brand.primary, share)] for i, share in enumerate((FAINTEST, FULLEST))],
        "textfont": {"color": brand.ink},
        "showscale": False, "zmin": 0, "zmax": 1, "xgap": 2, "ygap": 2,
    }  # fmt: skip
    return drawing.live(
        [trace], brand, 60 + 28 * len(lines), hovermode="closest",
        xaxis={"side": "top", "fixedrange": True, "showgrid": False, "type": "category", "ticks": ""},
        yaxis={**drawing.names_axis(), "type": "category"}, margin={"l": 20, "r": 12, "t": 32, "b": 8},
    )  # fmt: skip
