"""A needle by group: each group's last two quarters, a bar, and the facts behind it. Groups too small to show are folded already."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reportkit.display import Block
from reportkit.english import tables as words
from reportkit.figures.recipe import drawn_from
from reportkit.model.brand import Brand
from reportkit.model.needle import Needle
from reportkit.model.shown import Shown
from reportkit.model.unit import COUNT, NOTHING

BAR = (96.0, 12.0)  # points
ALIKE = 0.9  # bars of values that all reach this share of the largest would look the same: there are none


@dataclass(frozen=True)
class Slice:
    """One group: its value in the quarter before and in this one (NaN: none), facts and open facts behind this one."""

    label: str
    before: float
    now: float
    facts: int
    open: int = 0
    record: tuple[Shown, ...] = ()


@drawn_from
def cut_table(slices: Sequence[Slice], needle: Needle, by: str, labels: tuple[str, str], brand: Brand) -> Block:
    """One row a group, in the order given; `labels` name the two quarters."""
    largest = max((s.now for s in slices if math.isfinite(s.now)), default=0.0)
    reach = max(largest, *(s.before for s in slices if math.isfinite(s.before)), 0.0)
    barred = any(s.now < ALIKE * largest for s in slices if math.isfinite(s.now))
    heads = [(by, "name"), (labels[0], "num"), (labels[1], "num now")]
    heads += [(needle.label, "bar")] if barred else []
    heads += [(needle.facts[1].capitalize(), "num")]
    head = Markup("").join(
        Markup('<th scope="col" role="columnheader" class="rk-{}">{}</th>').format(style.replace(" ", " rk-"), label)
        for label, style in heads
    )
    body = Markup("").join(_row(s, needle, heads, reach, brand) for s in slices)
    html = Markup(
        '<table class="rk-needle-table rk-cut-table" role="table"><thead role="rowgroup"><tr role="row">{}</tr></thead>'
        '<tbody role="rowgroup">{}</tbody></table>'
    ).format(head, body)
    plain = "\n".join(_plain(s, needle, labels) for s in slices)
    return Block("cut", html, plain, tuple(shown for s in slices for shown in s.record))


def _row(one: Slice, needle: Needle, heads: Sequence[tuple[str, str]], reach: float, brand: Brand) -> Markup:
    facts = COUNT.number(one.facts)
    cells = [_value(one.before, needle), _value(one.now, needle)]
    cells += [_bar(one, needle, reach, brand)] if len(heads) == 5 else []
    cells += [Markup("{}{}").format(facts, words.also_open(one.open) if one.open else "")]
    rest = Markup("").join(
        Markup('<td role="cell" class="rk-{}" data-label="{}">{}</td>').format(style.replace(" ", " rk-"), label, cell)
        for (label, style), cell in zip(heads[1:], cells, strict=True)
    )
    first = Markup('<th scope="row" role="rowheader" class="rk-name">{}</th>').format(one.label)
    return Markup('<tr role="row">{}{}</tr>').format(first, rest)


def _value(value: float, needle: Needle) -> Markup:
    if not math.isfinite(value):
        return Markup('<span class="rk-none">{}</span>').format(NOTHING)
    return Markup("{}").format(needle.unit.brief(value))


def _bar(one: Slice, needle: Needle, reach: float, brand: Brand) -> Markup:
    """This quarter in colour, the quarter before as a mark."""
    if not math.isfinite(one.now) or reach <= 0:
        return Markup('<span class="rk-none">{}</span>').format(NOTHING)
    wide, high = BAR
    drawn = Markup('<rect x="0" y="2" width="{:.1f}" height="{:.1f}" style="fill:{}"/>').format(
        max(0.0, one.now) / reach * wide, high - 4, brand.primary
    )
    if math.isfinite(one.before):
        x = min(max(one.before / reach * wide, 0.6), wide - 0.6)
        drawn += Markup(
            '<line x1="{0:.1f}" y1="0" x2="{0:.1f}" y2="{1:.1f}" style="stroke:{2};stroke-width:1.2"/>'
        ).format(x, high, brand.ink)
    said = f"{one.label}: {needle.unit.text(one.now)}"
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="rk-mini" role="img" width="{0:.0f}pt" height="{1:.0f}pt" '
        'viewBox="0 0 {0:.0f} {1:.0f}"><title>{2}</title>{3}</svg>'
    ).format(wide, high, said, drawn)


def _plain(one: Slice, needle: Needle, labels: tuple[str, str]) -> str:
    before, now = (needle.unit.text(v) if math.isfinite(v) else words.NO_FACTS for v in (one.before, one.now))
    return words.two_quarters(one.label, (before, now), labels)
