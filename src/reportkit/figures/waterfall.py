"""Money as a waterfall: what each needle saved, what it cost, and what is left, with the range of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from reportkit.display import Figure
from reportkit.english import headings
from reportkit.english import pictures as words
from reportkit.figures import drawing
from reportkit.figures.recipe import drawn_from
from reportkit.model.brand import Brand
from reportkit.model.unit import Unit
from reportkit.model.worth import Range

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOM = 0.5  # of the live scale, for the amounts beside its bars
ROW, GAP, BELOW, ABOVE = 17.0, 7.0, 18.0, 4.0  # points
LEFT, RIGHT = 140.0, 104.0


@dataclass(frozen=True)
class Step:
    """One step: its label and by how much it moves the sum; the last one is the sum itself."""

    label: str
    amount: float


@drawn_from
def waterfall(steps: Sequence[Step], left: Range, money: Unit, brand: Brand, *, name: str, note: str) -> Figure:
    """Bars from step to step and what is left, with its range as a line; `note` ends the caption: window, n, method."""
    scene = _Scene(tuple(steps), left, money, brand)
    span = headings.span(money.text(left.low), money.text(left.high))
    return Figure(
        name=name,
        svg=drawing.svg(_drawn(scene), name),
        live=_live(scene),
        alt=words.waterfall_alt([(s.label, money.text(s.amount)) for s in steps], money.text(left.likely), span),
        caption=words.waterfall_caption(money.text(left.likely), span, note),
    )


@dataclass(frozen=True)
class _Scene:
    steps: tuple[Step, ...]
    left: Range
    money: Unit
    brand: Brand

    @property
    def bars(self) -> list[tuple[str, float, float, str]]:
        """(label, from, to, colour) of each bar, the sum last."""
        ends = list(accumulate(step.amount for step in self.steps))
        starts = [0.0, *ends[:-1]]
        good, bad = self.brand.primary, self.brand.before
        found = [(s.label, a, b, good if b >= a else bad) for s, a, b in zip(self.steps, starts, ends, strict=True)]
        colour = self.brand.good if self.left.low > 0 else self.brand.bad if self.left.high < 0 else self.brand.muted
        return [*found, (words.LEFT, 0.0, self.left.likely, colour)]

    def said(self, amount: float, *, last: bool) -> str:
        """The amount as it stands beside its bar; the sum with its range."""
        told, number = self.money.text(amount), self.money.number
        return words.with_range(told, number(self.left.low), number(self.left.high)) if last else told

    @property
    def reach(self) -> tuple[float, float]:
        """The ends of the scale."""
        marks = [0.0, self.left.low, self.left.high, *(v for _, a, b, _ in self.bars for v in (a, b))]
        low, high = min(marks), max(marks)
        pad = 0.05 * (high - low or 1.0)
        return (low - pad if low < 0 else 0.0), high + pad


def _drawn(scene: _Scene) -> Any:
    bars, brand = scene.bars, scene.brand
    high = len(bars) * (ROW + GAP)
    figure = drawing.canvas(BELOW + high + ABOVE)
    wide = drawing.WIDTH - LEFT - RIGHT
    ax = drawing.axes(figure, (LEFT, BELOW, wide, high))
    low, top = scene.reach
    ax.set_xlim(low, top)
    ax.set_ylim(len(bars), 0)
    for tick in _ticks(low, top):
        drawing.line(ax, [tick, tick], [0, len(bars)], color=brand.rule, lw=0.6, zorder=1)
        drawing.words(
            ax, (tick, len(bars) + 0.12), _tick(scene.money, tick), brand, color=brand.muted, ha="center", va="top"
        )
    drawing.line(ax, [0, 0], [0, len(bars)], color=brand.ink, alpha=0.45, lw=0.8, zorder=2)
    for i, bar in enumerate(bars):
        _bar(scene, ax, i, bar, wide)
    return figure


def _ticks(low: float, high: float) -> list[float]:
    """Round values of one step over the whole scale."""
    return drawing.rounded(low, high, 5)


def _tick(money: Unit, value: float) -> str:
    return money.number(value, decimals=0) if abs(value) < 1 else money.number(value)


def _bar(scene: _Scene, ax: Axes, i: int, bar: tuple[str, float, float, str], wide: float) -> None:
    brand, (label, start, end, colour) = scene.brand, bar
    last = i == len(scene.steps)
    a, b = sorted((start, end))
    share = GAP / (ROW + GAP)
    ax.add_artist(drawing.box((a, i + share / 2), b - a, 1 - share, facecolor=colour, edgecolor="none", zorder=3))
    if not last:
        drawing.line(ax, [end, end], [i + 1 - share / 2, i + 1 + share / 2], color=brand.muted, lw=0.6, zorder=2)
    else:
        drawing.line(ax, [scene.left.low, scene.left.high], [i + 0.5] * 2, color=brand.ink, lw=1.2, zorder=4)
    drawing.words(ax, (-8 / wide, 1 - (i + 0.5) / (len(scene.steps) + 1)), drawing.wrapped(label, brand, LEFT - 10)[0], brand,
                  weight=600 if last else 400, color=brand.ink, ha="right", va="center_baseline", transform=ax.transAxes)  # fmt: skip
    right = max(b, scene.left.high) if last else b
    low, top = scene.reach
    said = scene.said(end - start, last=last)
    at = (right - low) / (top - low) * wide + 5
    back = drawing.extent(said, brand, weight=600 if last else 400)
    tall = (ROW + GAP) * (len(scene.steps) + 1)
    y = 1 - (i + 0.5) / (len(scene.steps) + 1)
    ax.add_artist(drawing.box(((at - 2) / wide, y - 5 / tall), (back + 4) / wide, 10 / tall, facecolor=brand.paper, edgecolor="none",
                           zorder=1.5, clip_on=False, transform=ax.transAxes))  # fmt: skip
    drawing.words(ax, (at / wide, y), said, brand, weight=600 if last else 400, color=brand.ink, ha="left",
                  va="center_baseline", transform=ax.transAxes)  # fmt: skip


def _live(scene: _Scene) -> dict[str, Any]:
    bars, brand, money = scene.bars, scene.brand, scene.money
    labels = [label for label, *_ in bars]
    said = [scene.said(b - a, last=i == len(scene.steps)) for i, (_, a, b, _) in enumerate(bars)]
    ends = [max(a, b) for _, a, b, _ in bars[:-1]] + [max(bars[-1][1], bars[-1][2], scene.left.high)]
    names = [
        {
            "x": x,
            "y": label,
            "xanchor": "left",
            "xshift": 5,
            "showarrow": False,
            "text": text,
            "font": {"color": brand.ink},
        }
        for x, label, text in zip(drawing.clean(ends), labels, said, strict=True)
    ]
    room = 1.0 + ROOM * (scene.reach[1] - scene.reach[0]) / scene.reach[1] if scene.reach[1] > 0 else 1.0
    trace: dict[str, Any] = {
        "type": "bar", "orientation": "h", "y": labels, "base": drawing.clean([a for _, a, _, _ in bars]),
        "x": drawing.clean([b - a for _, a, b, _ in bars]), "marker": {"color": [c for *_, c in bars]}, "customdata": said,
        "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip
    span: dict[str, Any] = {
        "type": "scatter", "mode": "lines", "y": [labels[-1]] * 2, "x": drawing.clean([scene.left.low, scene.left.high]),
        "line": {"color": brand.ink, "width": 2}, "hoverinfo": "skip",
    }  # fmt: skip
    marks = _ticks(*scene.reach)
    axis = {"range": [scene.reach[0], scene.reach[1] * room], "tickvals": marks, "ticktext": [_tick(money, t) for t in marks], "gridcolor": brand.rule,
            "zeroline": True, "zerolinecolor": brand.muted, "fixedrange": True}  # fmt: skip
    return drawing.live(
        [trace, span], brand, 70 + 34 * len(bars), hovermode="closest", xaxis=axis, annotations=names,
        yaxis=drawing.names_axis(),
        margin={"l": 20, "r": 24, "t": 12, "b": 32},
    )  # fmt: skip
