"""Facts summed up by window and group, one or two queries for all of them together."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import ibis

from reportkit.english import reasons
from reportkit.measure import across, life, rows
from reportkit.measure.periods import Numbered, assigned, touched
from reportkit.measure.reading import Sums
from reportkit.measure.rows import GROUP, WHOLE, Cut
from reportkit.model.kind import Duration, Per, Rate, Ratio, Share, Stock
from reportkit.model.needle import Needle
from reportkit.snapshot import Snapshot, listed

Table = Any
Key = tuple[int, str]  # number of the window, group
MICROSECONDS = 1e6


def by_window(snapshot: Snapshot, needle: Needle, windows: Numbered, cut: Cut = WHOLE) -> Mapping[Key, Sums]:
    """The sums of each window and group that has facts; a pair without facts is not in it."""
    kind, zone = needle.kind, snapshot.time_zone
    if isinstance(kind, Ratio) and isinstance(kind.denominator, Per):
        return across.by_window(snapshot, needle, kind.denominator, windows, cut)
    # To count people costs more than the rest: only where somebody asks.
    people = cut.by is not None or needle.personal or bool(snapshot.only)
    facts = rows.of(snapshot, needle, cut, people=people)
    if isinstance(kind, Duration):
        found = _durations(facts, kind, windows, snapshot, cut)
    elif isinstance(kind, Stock):
        found = {key: Sums(n, float(n), n) for key, n in _standing(facts, windows, zone).items()}
    elif isinstance(kind, Rate) and kind.counts == "minutes":
        found = _minutes(facts, windows, zone)
    elif isinstance(kind, Share) and kind.until is not None:
        found = _shares_standing(facts, windows, zone)
    else:
        inside = assigned(facts, "at", windows, zone)
        each = isinstance(kind, Share) and kind.each is not None
        found = _collected(_last_of_each(inside, needle.better) if each else inside, _value(needle))
    return found


def finished_only(kind: Duration, snapshot: Snapshot) -> bool:
    """Whether the median is that of finished facts alone: where the kind says so and the rules of DORA's five do not say otherwise."""
    return kind.median == "apart" and snapshot.rules.dora.median == "finished"


def _value(needle: Needle) -> Callable[[Table], Any]:
    match needle.kind:
        case Share():
            return lambda t: t.yes.cast("int32").cast("float64").mean()
        case Ratio():
            return lambda t: t.numerator.sum() / t.denominator.sum().nullif(0)
        case Rate(counts="amount"):
            return lambda t: t.amount.sum()
        case Rate(counts="days"):
            return lambda t: t.day.nunique().cast("float64")
    return lambda t: t.count().cast("float64")


def _collected(facts: Table, value: Callable[[Table], Any]) -> dict[Key, Sums]:
    count = facts.day.nunique() if "day" in facts.columns else facts.count()
    found = facts.group_by(["period", GROUP]).aggregate(facts=count, value=value(facts), **_people(facts))
    return {
        (int(r["period"]), r[GROUP]): Sums(int(r["facts"]), _float(r["value"]), people=r.get("people") or None)
        for r in listed(found)
    }


def _last_of_each(facts: Table, better: str) -> Table:
    """Of each subject in a window the last observation; of two at one moment that disagree, the one that is no good news."""
    yes = facts.yes.cast("int32")
    order = [facts["at"].desc(), yes if better == "higher" else yes.desc()]
    numbered = facts.mutate(nth=ibis.row_number().over(group_by=["period", GROUP, "each"], order_by=order))
    return numbered.filter(numbered.nth == 0)


def _durations(facts: Table, kind: Duration, windows: Numbered, snapshot: Snapshot, cut: Cut) -> dict[Key, Sums]:
    zone, unit = snapshot.time_zone, float(kind.unit.seconds or 1) * MICROSECONDS
    if finished_only(kind, snapshot):
        return _finished(touched(facts, windows, zone), unit)
    shares = {"median": 0.5, "p90": 0.9} if kind.summary == "spread" else {"median": 0.5}
    curves = life.quantiles(facts, windows, zone, shares, grouped=cut.by is not None)
    found = {(row["period"], row.get(GROUP, "")): _life(row, kind, unit) for row in curves}
    if "person" not in facts.columns:
        return found
    there = touched(facts, windows, zone)
    counted = listed(there.group_by(["period", GROUP]).aggregate(**_people(there)))
    people = {(int(r["period"]), r[GROUP]): r["people"] or None for r in counted}
    return {key: replace(sums, people=people.get(key)) for key, sums in found.items()}


def _finished(there: Table, unit: float) -> dict[Key, Sums]:
    """The plain median of what ended in each window, and how many were open at its end."""
    inside = (there.end < there.ends).fill_null(False)
    span = there.end.delta(there.start, unit="microsecond").cast("float64")
    middle = ibis.ifelse(inside, span, ibis.null("float64")).median()  # Spark cannot filter a median
    found = there.group_by(["period", GROUP]).aggregate(
        facts=inside.sum(), value=middle, open=(~inside).sum(), **_people(there)
    )
    return {
        (int(r["period"]), r[GROUP]): Sums(
            int(r["facts"]), _float(r["value"]) / unit, int(r["open"]), people=r.get("people") or None
        )
        for r in listed(found)
    }


def _life(row: Mapping[str, Any], kind: Duration, unit: float) -> Sums:
    value, reason = _middle(row, kind, unit)
    return Sums(int(row["facts"]), value, int(row["open"]), reason=reason)


def _middle(row: Mapping[str, Any], kind: Duration, unit: float) -> tuple[float, str]:
    """What a life table says, or why it says nothing."""
    median, thin = _float(row["median"]), _float(row["thin"])
    if thin <= median or (math.isnan(median) and not math.isnan(thin)):
        return math.nan, reasons.NONE_YOUNG
    if kind.summary != "spread" or not row["facts"]:
        return median / unit, "" if math.isfinite(median) else reasons.MOSTLY_OPEN
    if median == 0:
        return math.nan, reasons.NO_TIME
    value = _float(row["p90"]) / median
    return value, "" if math.isfinite(value) else reasons.FEW_DONE


def _people(facts: Table) -> dict[str, Any]:
    """How many people the facts are about, where anybody knows."""
    return {"people": facts.person.nunique()} if "person" in facts.columns else {}


def _standing(facts: Table, windows: Numbered, zone: str) -> dict[Key, int]:
    """Facts begun before each window's end and not ended by then, all windows in one scan."""
    ends = {i: window.instants(zone)[1] for i, window in windows}
    begun, over = facts.start, facts.end
    lasts = over.isnull()
    counts = {f"w{i}": ((begun < end) & (lasts | (over >= end))).sum() for i, end in ends.items()}
    found = listed(facts.group_by(GROUP).aggregate(**counts))
    return {(i, row[GROUP]): int(row[f"w{i}"]) for row in found for i in ends if row[f"w{i}"]}


def _shares_standing(facts: Table, windows: Numbered, zone: str) -> dict[Key, Sums]:
    """Of the facts that stand at each window's end, the share of which it is true by then."""
    ends = {i: window.instants(zone)[1] for i, window in windows}
    counts: dict[str, Any] = {}
    for i, end in ends.items():
        stands = (facts["at"] < end) & (facts.until.isnull() | (facts.until >= end))
        counts |= {f"n{i}": stands.sum(), f"y{i}": (stands & (facts.yes < end).fill_null(False)).sum()}
    found = listed(facts.group_by(GROUP).aggregate(**counts))
    return {
        (i, row[GROUP]): Sums(int(row[f"n{i}"]), row[f"y{i}"] / row[f"n{i}"])
        for row in found
        for i in ends
        if row[f"n{i}"]
    }


def _minutes(facts: Table, windows: Numbered, zone: str) -> dict[Key, Sums]:
    """Minutes of spells inside each window; `facts` are the spells that touch it."""
    counts: dict[str, Any] = {}
    for i, window in windows:
        begins, ends = (ibis.literal(at, "timestamp('UTC')") for at in window.instants(zone))
        touches = (facts["at"] < ends) & (facts.until.isnull() | (facts.until > begins) | (facts["at"] >= begins))
        first = ibis.ifelse(facts["at"] > begins, facts["at"], begins)
        last = ibis.ifelse((facts.until < ends).fill_null(False), facts.until, ends)
        seconds = last.delta(first, unit="microsecond").cast("float64") / MICROSECONDS
        counts |= {f"n{i}": touches.sum(), f"v{i}": seconds.sum(where=touches)}
    found = listed(facts.group_by(GROUP).aggregate(**counts))
    return {
        (i, row[GROUP]): Sums(int(row[f"n{i}"]), float(row[f"v{i}"]) / 60)
        for row in found
        for i, _ in windows
        if row[f"n{i}"]
    }


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)
