"""An analyst's plotly figure in the brand's dress, and a static drawing of it for paper and for pages without scripts."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from reportkit.english import pictures as words
from reportkit.english import tables
from reportkit.figures import drawing
from reportkit.figures.theme import mixed
from reportkit.model.brand import Brand

HEIGHT = 190.0
ROWS = 40  # of the table that stands for a picture which cannot be drawn
DRAWN = ("scatter", "scattergl", "bar", "histogram", "box")


def colourway(brand: Brand) -> list[str]:
    """The order in which series take colours."""
    return [
        brand.primary, brand.before, brand.wait, mixed(brand.primary, brand.paper, 0.55), brand.muted,
        mixed(brand.wait, brand.paper, 0.55),
    ]  # fmt: skip


def decoded(value: Any) -> Any:
    """A copy with plotly's packed arrays ({dtype, bdata}) as lists and NaN as null."""
    if isinstance(value, Mapping):
        if "bdata" in value and "dtype" in value:
            array = np.frombuffer(base64.b64decode(value["bdata"]), dtype=np.dtype(value["dtype"]).newbyteorder("<"))
            if "shape" in value:
                array = array.reshape([int(n) for n in str(value["shape"]).split(",")])
            return decoded(array.tolist())
        return {k: decoded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [decoded(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def dressed(figure: Mapping[str, Any], brand: Brand) -> dict[str, Any]:
    """The figure's data with the brand's type, colours and quiet axes; what the analyst set explicitly stays."""
    layout = {k: v for k, v in decoded(figure.get("layout", {})).items() if k != "template"}
    axis = {"gridcolor": brand.rule, "zerolinecolor": brand.rule, "linecolor": brand.before, "automargin": True}
    dress = {
        "font": {"family": f"{brand.family}, sans-serif", "size": 13, "color": brand.muted},
        "colorway": colourway(brand), "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 48, "r": 16, "t": 44 if layout.get("title") else 16, "b": 40},
        "legend": {"orientation": "h", "y": -0.18}, "xaxis": axis, "yaxis": axis, "hovermode": "closest",
        "title": {"x": 0, "xref": "paper", "font": {"size": 15, "color": brand.ink}},
    }  # fmt: skip
    size = {"autosize": True, "width": None, "height": layout.get("height") or 340}
    return {"data": decoded(figure.get("data", [])), "layout": {**layout, "template": {"layout": dress}, **size}}


def title(figure: Mapping[str, Any]) -> str:
    """The figure's own title, '' where it has none."""
    given = figure.get("layout", {}).get("title", "")
    return str(given.get("text", "") if isinstance(given, Mapping) else given or "")


def described(figure: Mapping[str, Any]) -> str:
    """What the picture is, for those who cannot see it."""
    kinds = sorted({str(trace.get("type", "scatter")) for trace in figure.get("data", [])})
    names = [str(trace["name"]) for trace in figure.get("data", []) if trace.get("name")]
    return words.chart(title(figure), kinds, names)


def static(figure: Mapping[str, Any], brand: Brand) -> Markup:
    """The figure as SVG by matplotlib; a table of its data where its kind cannot be drawn."""
    made = dressed(figure, brand)
    traces = [t for t in made["data"] if t.get("visible") not in (False, "legendonly")]
    if traces and all(t.get("type", "scatter") in DRAWN for t in traces):
        try:
            return Markup(_drawn(traces, made["layout"], brand))
        except (TypeError, ValueError):
            pass  # data that matplotlib reads otherwise than plotly; its table is still true
    return _table(traces)


def _drawn(traces: Sequence[Mapping[str, Any]], layout: Mapping[str, Any], brand: Brand) -> str:
    name = "plotly-" + json.dumps([traces, layout], sort_keys=True, default=str)
    labels = [str(t["name"]) for t in traces if t.get("name")] if len(traces) > 1 else []
    legend = 14.0 if labels else 0.0
    figure = drawing.canvas(HEIGHT + legend)
    ax = drawing.axes(figure, (46, 30, drawing.WIDTH - 54, HEIGHT - 46))
    ax.set_axis_on()
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.patch.set_visible(False)
    colours = [_colour(trace, colourway(brand)[i % 6]) for i, trace in enumerate(traces)]
    across = any(t.get("orientation") == "h" for t in traces)
    for kind in DRAWN:
        group = [(t, c) for t, c in zip(traces, colours, strict=True) if t.get("type", "scatter") == kind]
        if group:
            DRAWERS[kind](ax, group, layout)
    _dress(ax, layout, brand, across=across)
    _legend(
        figure, [(str(t.get("name") or ""), c) for t, c in zip(traces, colours, strict=True)] if labels else [], brand
    )
    return drawing.svg(figure, name)


def _colour(trace: Mapping[str, Any], default: str) -> str:
    for part in ("line", "marker"):
        given = (trace.get(part) or {}).get("color")
        if isinstance(given, str) and given.startswith("#") and len(given) == 7:
            return given
    return default


Group = Sequence[tuple[Mapping[str, Any], str]]


def _axis(values: Any) -> Any:
    """Values as matplotlib wants them: numbers, dates as datetime64, all else as text."""
    found = [] if values is None else list(values)
    if all(v is None or isinstance(v, int | float) for v in found):
        return np.array([math.nan if v is None else v for v in found], dtype=float)
    texts = ["" if v is None else str(v) for v in found]
    if all(len(t) >= 10 and t[4] == "-" and t[7] == "-" for t in texts if t):
        return np.array([t.replace("Z", "")[:23] for t in texts], dtype="datetime64[ms]")
    return texts


def _xy(trace: Mapping[str, Any]) -> tuple[Any, Any]:
    x, y = trace.get("x"), trace.get("y")
    x = range(len(y or [])) if x is None else x
    y = range(len(list(x))) if y is None else y
    return _axis(x), _axis(y)


def _scatter(ax: Axes, group: Group, layout: Mapping[str, Any]) -> None:
    del layout
    for trace, colour in group:
        x, y = _xy(trace)
        mode = str(trace.get("mode") or ("lines+markers" if len(x) < 20 else "lines"))
        dash = {"dash": "--", "dot": ":", "dashdot": "-."}.get(str((trace.get("line") or {}).get("dash")), "-")
        ax.plot(
            x,
            y,
            color=colour,
            lw=1.6,
            ls=dash if "lines" in mode else "none",
            marker="o" if "markers" in mode else "",
            ms=3.4,
            mew=0,
        )


def _bars(ax: Axes, group: Group, layout: Mapping[str, Any]) -> None:
    across = group[0][0].get("orientation") == "h"
    stacked = layout.get("barmode") in ("stack", "relative")
    names: dict[Any, int] = {}
    for trace, _ in group:
        x, y = _xy(trace)
        for name in y if across else x:
            names.setdefault(str(name), len(names))
    base, wide = np.zeros(len(names)), 0.72 if stacked else 0.72 / len(group)
    for i, (trace, colour) in enumerate(group):
        x, y = _xy(trace)
        places = np.array([names[str(n)] for n in (y if across else x)], dtype=float)
        sizes = np.nan_to_num(np.asarray(x if across else y, dtype=float))
        at = places if stacked else places + (i - (len(group) - 1) / 2) * wide
        start = base[places.astype(int)] if stacked else np.zeros(len(places))
        (ax.barh if across else ax.bar)(at, sizes, wide * 0.94, start, color=colour)
        base[places.astype(int)] += sizes
    (ax.set_yticks if across else ax.set_xticks)(range(len(names)), list(names))


def _histogram(ax: Axes, group: Group, layout: Mapping[str, Any]) -> None:
    del layout
    values = [np.asarray(_axis(t.get("x") if t.get("x") is not None else t.get("y")), dtype=float) for t, _ in group]
    values = [v[np.isfinite(v)] for v in values]
    ends = np.histogram_bin_edges(np.concatenate(values), bins=int(group[0][0].get("nbinsx") or 20))
    for found, (_, colour) in zip(values, group, strict=True):
        ax.hist(found, bins=list(ends), color=colour, alpha=1 if len(group) == 1 else 0.65)


def _boxes(ax: Axes, group: Group, layout: Mapping[str, Any]) -> None:
    del layout
    values = [np.asarray(_axis(t.get("y") if t.get("y") is not None else t.get("x")), dtype=float) for t, _ in group]
    drawn = ax.boxplot([v[np.isfinite(v)] for v in values], patch_artist=True, widths=0.5, flierprops={"markersize": 3})
    for patch, (_, colour) in zip(drawn["boxes"], group, strict=True):
        patch.set_facecolor(colour)
    for line in drawn["medians"]:
        line.set_color("#ffffff")
    ax.set_xticks(range(1, len(group) + 1), [str(t.get("name") or "") for t, _ in group])


DRAWERS: Mapping[str, Callable[[Axes, Group, Mapping[str, Any]], None]] = {
    "scatter": _scatter, "scattergl": _scatter, "bar": _bars, "histogram": _histogram, "box": _boxes,
}  # fmt: skip


def _dress(ax: Axes, layout: Mapping[str, Any], brand: Brand, *, across: bool) -> None:
    ax.grid(visible=True, axis="x" if across else "y", color=brand.rule, lw=0.6)
    ax.set_axisbelow(True)
    ax.spines["bottom"].set_color(brand.before)
    ax.tick_params(length=0, pad=4, colors=brand.muted)
    ax.locator_params(axis="x" if across else "y", nbins=5)
    if across:
        ax.invert_yaxis()
    for axis, label in ((ax.xaxis, _axis_title(layout, "xaxis")), (ax.yaxis, _axis_title(layout, "yaxis"))):
        axis.set_label_text(label, fontproperties=drawing.font(brand), color=brand.muted, parse_math=False)
        for tick in axis.get_ticklabels():
            tick.set_fontproperties(drawing.font(brand))
            tick.set_parse_math(False)


def _axis_title(layout: Mapping[str, Any], axis: str) -> str:
    given = (layout.get(axis) or {}).get("title") or ""
    return str(given.get("text", "") if isinstance(given, Mapping) else given)


def _legend(figure: Any, entries: Sequence[tuple[str, str]], brand: Brand) -> None:
    """The series' names in their colours, in a row at the top."""
    wide, high = (float(v) * 72 for v in figure.get_size_inches())
    at = 46.0
    for name, colour in entries:
        figure.add_artist(Rectangle((at / wide, 1 - 9 / high), 7 / wide, 7 / high, facecolor=colour, edgecolor="none"))
        drawing.words(figure, ((at + 10) / wide, 1 - 5.5 / high), name, brand, color=brand.ink, va="center_baseline")
        at += drawing.extent(name, brand) + 24


def _table(traces: Sequence[Mapping[str, Any]]) -> Markup:
    """The traces' own columns of numbers, at most ROWS of each."""
    rows = []
    for i, trace in enumerate(traces):
        name = str(trace.get("name") or words.series(i + 1))
        columns = [
            (key, list(trace[key]))
            for key in ("labels", "parents", "x", "y", "z", "values")
            if isinstance(trace.get(key), list)
        ]
        for n in range(min(ROWS, max((len(c) for _, c in columns), default=0))):
            told = "; ".join(f"{key} {column[n]}" for key, column in columns if n < len(column))
            rows.append(Markup("<tr><th scope='row'>{}</th><td>{}</td></tr>").format(name, told))
    return Markup(
        "<table class='rk-frame'><thead><tr><th scope='col'>{}</th><th scope='col'>{}</th></tr></thead><tbody>{}</tbody></table>"
    ).format(tables.SERIES, tables.DATA, Markup("").join(rows))
