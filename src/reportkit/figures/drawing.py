"""What the pictures share: a matplotlib canvas and its SVG, and the frame of a live (plotly) picture.

No pyplot and no global settings: a Figure of its own for each picture, so that drawing the same twice gives the
same bytes. Sizes are points of the printed page.

A shade is one of the brand's colours seen through (`alpha` here, `through` on screen), never a colour of its own: at night
the page swaps the brand's colours for lighter ones, and a colour that it does not know would stay as bright as by day.

Matplotlib is imported by what draws: a report whose pictures were all kept needs none of it, and starts half a second sooner.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reportkit.english.pictures import WEEK_OF
from reportkit.figures.theme import faces
from reportkit.model.brand import Brand
from reportkit.model.period import MONTHS, WEEK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text

WIDTH = 499.0  # A4 less its margins
SMALL = 8.0
OPENING = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "path.simplify": False,
    "axes.unicode_minus": True,
}
# For ticks, which are never drawn, Matplotlib would look for a font among all of this machine.
NO_FONT_SOUGHT: dict[Any, Any] = {"axes.formatter.use_mathtext": True}


@lru_cache(maxsize=32)
def font(brand: Brand, size: float = SMALL, weight: int = 400) -> FontProperties:
    """The brand's face nearest in weight, measured from its own file."""
    from matplotlib.font_manager import FontProperties

    upright = [face for face in faces(brand) if face[1] == "normal"]
    file = min(upright, key=lambda face: abs(face[0] - weight))[2]
    return FontProperties(fname=str(file), family=brand.family, weight=weight, size=size)


def canvas(height: float, width: float = WIDTH) -> Figure:
    """An empty figure in points, without a background of its own."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    FigureCanvasSVG(figure)
    figure.patch.set_visible(False)
    return figure


def axes(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Axes at left, bottom, width, height in points, without frame, ticks or background."""
    from matplotlib import rc_context

    wide, high = figure.get_size_inches() * 72
    left, bottom, width, height = box
    with rc_context(NO_FONT_SOUGHT):
        made = figure.add_axes((left / wide, bottom / high, width / wide, height / high))
    made.set_axis_off()
    return made


def box(corner: tuple[Any, Any], width: float, height: float, **style: Any) -> Rectangle:
    """A filled rectangle from its lower left corner, to be added to axes or a figure."""
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, **style)


def line(ax: Axes, xs: Sequence[Any], ys: Sequence[Any], **style: Any) -> None:
    """A line, or marks, in axes whose limits are set: they are not looked for anew, as `plot` and `add_patch` would."""
    from matplotlib.lines import Line2D

    ax.add_artist(Line2D(xs, ys, **style))


def words(target: Figure | Axes, place: tuple[Any, Any], text: str, brand: Brand, **style: Any) -> Text:
    """Text in the brand's face. Style: size, weight, and all that matplotlib's Text takes."""
    face = font(brand, style.pop("size", SMALL), style.pop("weight", 400))
    return target.text(*place, text, fontproperties=face, parse_math=False, **style)


@lru_cache(maxsize=4096)
def extent(text: str, brand: Brand, size: float = SMALL, weight: int = 400) -> float:
    """How wide a text is set, in points."""
    from matplotlib.textpath import text_to_path

    width, _, _ = text_to_path.get_text_width_height_descent(text, font(brand, size, weight), ismath=False)
    return float(width)


def svg(figure: Figure, name: str) -> str:
    """The figure as an SVG element whose text stays text; the same bytes every time.

    `name` keeps its ids apart from those of other pictures on the page.
    """
    from matplotlib import rc_context

    target = io.StringIO()
    with rc_context({**SETTINGS, "svg.hashsalt": name}):
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    return tidy(target.getvalue(), name)


def tidy(text: str, name: str) -> str:
    """Matplotlib's SVG as a piece of a page: no prologue, no metadata, ids of its own, sized by the page."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', rf'{OPENING} viewBox="\1">', text, count=1)
    stem = "f" + hashlib.sha256(name.encode()).hexdigest()[:8]
    text = re.sub(r'\bid="([^"]+)"', rf'id="{stem}-\1"', text)
    text = re.sub(r'"#([A-Za-z][^"]*)"', rf'"#{stem}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{stem}-\1)", text)
    return re.sub(r"\n\s*", "\n", text).strip()


def ticks(top: float, count: int = 4) -> list[float]:
    """Few round values from 0 up to `top`."""
    return rounded(0, top, count, top * 1.001)


def rounded(low: float, high: float, count: int, last: float | None = None) -> list[float]:
    """About so many round values of one step from `low` up to `high`, those up to `last` where it is given."""
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(v) for v in found if low <= v <= (high if last is None else last)]


def grid(ax: Axes, values: Sequence[float], labels: Sequence[str], brand: Brand) -> None:
    """Quiet level lines with their numbers to the left; the lowest is the ground."""
    for value, label in zip(values, labels, strict=True):
        low = value == values[0]
        line(ax, [0, 1], [value, value], color=brand.ink if low else brand.rule, alpha=0.45 if low else 1, lw=0.6, zorder=1,
                transform=ax.get_yaxis_transform(), clip_on=False)  # fmt: skip
        place = ax.transAxes.inverted().transform(ax.transData.transform((ax.get_xlim()[0], value)) - (5, 0))
        words(
            ax, tuple(place), label, brand, color=brand.muted, ha="right", va="center_baseline", transform=ax.transAxes
        )


def below(ax: Axes, at: float, label: str, brand: Brand, *, tick: bool = True) -> None:
    """A label under the ground at a place on the x axis, with its tick."""
    blend = ax.get_xaxis_transform()
    if tick:
        line(ax, [at, at], [0, -0.022], color=brand.before, lw=0.6, clip_on=False, transform=blend)
    words(ax, (at, -0.045), label, brand, color=brand.muted, ha="center", va="top", transform=blend)


def months(first: date, last: date, most: int = 9) -> list[tuple[date, str]]:
    """The first days of the months between, with their names; the year beside each January and the first.

    Where there are fewer than two, the first day of each week from `first` on: '2 Sep'.
    """
    found, day = [], date(first.year, first.month, 1)
    while day <= last:
        if day >= first:
            found.append(day)
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    if len(found) < 2:
        weeks = [first + WEEK * n for n in range((last - first) // WEEK + 1)]
        return [(d, f"{d.day} {MONTHS[d.month - 1]}") for d in weeks[:most]]
    step = math.ceil(len(found) / most) or 1
    kept = found[::step] if step < 3 else [d for d in found if d.month % 3 == 1][:: math.ceil(step / 3)]
    years = {d.year for d in kept}
    labels, seen = [], 0
    for d in kept:
        new = len(years) > 1 and d.year != seen
        labels.append((d, f"{MONTHS[d.month - 1]} {d.year}" if new else MONTHS[d.month - 1]))
        seen = d.year
    return labels


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near to those wanted as keeps them `gap` apart and within low and high; order is kept."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = list(wanted)
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + gap)
    if order and (over := placed[order[-1]] - high) > 0:
        placed[order[-1]] -= over
        for after, before in pairwise(order[::-1]):
            placed[before] = min(placed[before], placed[after] - gap)
    return [max(low, p) for p in placed]


def wrapped(text: str, brand: Brand, width: float, size: float = SMALL, weight: int = 400) -> list[str]:
    """The text in lines no wider than `width` points, two at most; what does not fit ends with '…'."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and extent(longer, brand, size, weight) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    if len(lines) > 2:
        lines = [lines[0], " ".join(lines[1:])]
    return [_cut(line, brand, width, size, weight) for line in lines]


def _cut(text: str, brand: Brand, width: float, size: float, weight: int) -> str:
    if extent(text, brand, size, weight) <= width:
        return text
    while text and extent(text + "…", brand, size, weight) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def through(colour: str, share: float) -> str:
    """The colour seen through, '#rrggbbaa', as plotly takes it."""
    return f"{colour}{round(255 * share):02x}"


def clean(values: Sequence[float]) -> list[float | None]:
    """JSON's numbers: NaN becomes null, which plotly draws as a gap."""
    return [None if not math.isfinite(v) else round(float(v), 6) for v in values]


def live(data: Sequence[Mapping[str, Any]], brand: Brand, height: int, **layout: Any) -> dict[str, Any]:
    """A plotly picture in the brand's dress; an annotation called "end" names a line at its end, and moves above it on a phone."""
    base: dict[str, Any] = {
        "height": height,
        "autosize": True,
        "showlegend": False,
        "hovermode": "x unified",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": f"{brand.family}, sans-serif", "size": 13, "color": brand.muted},
        "margin": {"l": 44, "r": 130, "t": 24, "b": 32},
        "dragmode": False,
        "hoverlabel": {
            "font": {"family": f"{brand.family}, sans-serif", "size": 13, "color": brand.ink},
            "bgcolor": brand.paper,
            "bordercolor": brand.rule,
            "align": "left",
        },
    }
    return {"data": [dict(trace) for trace in data], "layout": {**base, **layout}}


def end_note(value: float, text: str, colour: str, *, bold: bool = False) -> dict[str, Any]:
    """The name of a line beside its end in a live picture; on a phone it moves above the line."""
    return {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 6, "y": value, "yref": "y", "showarrow": False, "align": "left",
            "text": f"<b>{text}</b>" if bold else text, "name": "end", "font": {"color": colour}}  # fmt: skip


def unit_note(text: str) -> dict[str, Any]:
    """What a live picture's axis counts, above it."""
    return {"x": 0, "xref": "paper", "xanchor": "left", "xshift": -40, "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False,
            "text": text}  # fmt: skip


def names_axis() -> dict[str, Any]:
    """A live picture's axis of names, the first on top, a little apart from the plot."""
    return {"autorange": "reversed", "fixedrange": True, "automargin": True, "showgrid": False, "ticks": "outside", "ticklen": 6,
            "tickcolor": "rgba(0,0,0,0)"}  # fmt: skip


def date_axis(brand: Brand, first: date, last: date) -> dict[str, Any]:
    """A live picture's axis of dates: months only."""
    marked = [(day, label) for day, label in months(first, last) if day < last]
    return {
        "type": "date",
        "range": [str(first), str(last)],
        "tickvals": [str(day) for day, _ in marked],
        "ticktext": [label for _, label in marked],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "hoverformat": WEEK_OF,
        "ticks": "outside",
        "tickcolor": brand.before,
        "linecolor": brand.before,
        "showline": True,
    }


def value_axis(brand: Brand, values: Sequence[float], labels: Sequence[str], top: float) -> dict[str, Any]:
    """A live picture's axis of values from 0 to `top`, few ticks."""
    return {
        "range": [0, top],
        "tickvals": list(values),
        "ticktext": list(labels),
        "gridcolor": brand.rule,
        "zeroline": False,
        "fixedrange": True,
    }
