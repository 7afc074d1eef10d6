"""Ratios whose two sides come from two entities: they meet by window, by group and by the columns that are named."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import ibis

from reportkit import derived
from reportkit.english import reasons
from reportkit.measure import money, order, rows
from reportkit.measure.needs import in_money
from reportkit.measure.periods import Numbered, assigned
from reportkit.measure.reading import Sums
from reportkit.measure.rows import GROUP, Cut
from reportkit.model.kind import Per
from reportkit.model.needle import Needle
from reportkit.model.period import MONTHS, Window
from reportkit.snapshot import Snapshot, listed

Table = Any


def by_window(
    snapshot: Snapshot, needle: Needle, per: Per, windows: Numbered, cut: Cut
) -> Mapping[tuple[int, str], Sums]:
    """Σ numerator ÷ Σ denominator by window and group, over the months (and journeys …) that both sides know.

    A pair of window and group that lacks a side throughout is a gap and says which; one that lacks it in some months says so
    beside its number.
    """
    # Counted facts are a true zero where there are none; a sum of money without a charge is a gap.
    counts = isinstance(getattr(needle.kind, "numerator", None), int)
    parts = list(enumerate(windows)) if per.until is not None else list(enumerate(_by_month(windows)))
    inside = [(n, window) for n, (_, window) in parts]
    window_of = {n: i for n, (i, _) in parts}
    tops = _tops(snapshot, needle, per, inside, cut)
    bottoms = _bottoms(snapshot, needle, per, inside, cut, {key[1] for key in tops})
    found = {}
    for key in {(window_of[k[0]], k[1]) for k in (*tops, *bottoms)}:
        top = {k: v for k, v in tops.items() if (window_of[k[0]], k[1]) == key}
        bottom = {k: v for k, v in bottoms.items() if (window_of[k[0]], k[1]) == key and v > 0}
        meet = bottom.keys() if counts else bottom.keys() & top.keys()
        lacks = per.entity if top else needle.entity
        reason = _short(sorted({n for n, i in window_of.items() if i == key[0]} - {k[0] for k in meet}), dict(inside))
        # Exact sums: those of floats differ with the order of what is added, which sets do not keep.
        total, divisor = math.fsum(top[k][1] for k in meet if k in top), math.fsum(bottom[k] for k in meet)
        value = total / divisor if meet else math.nan
        facts = sum(top[k][0] for k in meet if k in top)
        found[key] = Sums(facts, value, reason=reason if meet else reasons.none_to_meet(lacks))
    return found


def _by_month(windows: Numbered) -> list[tuple[int, Window]]:
    """Each window cut at the months' ends."""
    return [(i, part) for i, window in windows for part in window.by_month]


def _short(months: list[int], windows: Mapping[int, Window]) -> str:
    """Which months are left out for want of a side: 'without Feb 2026, where one side is missing'; '' for none."""
    if not months:
        return ""
    named = ", ".join(f"{MONTHS[windows[n].start.month - 1]} {windows[n].start.year}" for n in months)
    return reasons.without(named)


def denominators(snapshot: Snapshot, needle: Needle, per: Per, cut: Cut) -> Table:
    """The facts of the other entity: `group`, the columns of `by`, `at`, and `amount` or `until`."""
    table = derived.table(snapshot, per.entity, ())
    table = table if per.where is None else table.filter(per.where)
    picked = {"at": rows.resolved(table, per.at)}
    if per.until is not None:
        picked["until"] = rows.resolved(table, per.until)
    else:
        amount = 1 if per.amount is None else per.amount
        found = rows.resolved(table, amount)
        paid = in_money(per.entity, amount)
        picked["amount"] = (money.converted(table, found, snapshot.rules) if paid else found).cast("float64")
    meet = {name: table[name] for name in per.by}
    known = [expr.notnull() for expr in (picked["at"], *meet.values())]
    chosen = {GROUP: rows.grouped(table, needle, per.entity, cut), **meet, **picked}
    return table.filter(*known, *order.forward(picked)).select(**chosen)


def _tops(snapshot: Snapshot, needle: Needle, per: Per, windows: Numbered, cut: Cut) -> dict[Any, tuple[int, float]]:
    facts = assigned(rows.of(snapshot, needle, cut), "at", windows, snapshot.time_zone)
    keys = ["period", GROUP, *per.by]
    table = facts.group_by(keys).aggregate(n=facts.count(), total=facts.numerator.sum())
    return {tuple(r[k] for k in keys): (int(r["n"]), float(r["total"])) for r in listed(table)}


def _bottoms(
    snapshot: Snapshot, needle: Needle, per: Per, windows: Numbered, cut: Cut, groups: Collection[str]
) -> dict[Any, float]:
    """The denominators; where they cannot be cut like that, by severity say, every group has all of them."""
    if cut.by is not None and cut.by not in snapshot.table(per.entity).columns:
        whole = _bottoms(snapshot, needle, per, windows, Cut(), ())
        return {(k[0], group, *k[2:]): v for k, v in whole.items() for group in groups}
    facts = denominators(snapshot, needle, per, cut)
    if per.until is not None:
        return _months(facts, per, windows, snapshot.time_zone)
    inside = assigned(facts, "at", windows, snapshot.time_zone)
    keys = ["period", GROUP, *per.by]
    table = inside.group_by(keys).aggregate(total=inside.amount.sum())
    return {tuple(r[k] for k in keys): float(r["total"]) for r in listed(table)}


def _months(facts: Table, per: Per, windows: Numbered, zone: str) -> dict[Any, float]:
    """The months for which facts stood inside each window: a fact that stood through a quarter is three."""
    sums = {}
    for i, window in windows:
        begins, ends = window.instants(zone)
        first, last = ibis.literal(begins, "timestamp('UTC')"), ibis.literal(ends, "timestamp('UTC')")
        start = ibis.ifelse(facts["at"] > first, facts["at"], first)
        end = ibis.ifelse((facts.until < last).fill_null(False), facts.until, last)
        length = (ends - begins).total_seconds() * 1e6
        stood = end.delta(start, unit="microsecond").cast("float64") / length * window.months
        sums[f"w{i}"] = stood.sum(where=(facts["at"] < last) & (facts.until.isnull() | (facts.until > first)))
    keys = [GROUP, *per.by]
    found = listed(facts.group_by(keys).aggregate(**sums))
    return {(i, *(r[k] for k in keys)): float(r[f"w{i}"]) for r in found for i, _ in windows if r[f"w{i}"]}
