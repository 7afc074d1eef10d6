"""Pictures of one needle: its stock with what came and went, its spread before and after, by journey, by group and month."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd

from reportkit import measure
from reportkit.display import Figure, Page
from reportkit.english import headings
from reportkit.english import pictures as words
from reportkit.evidence.cells import days_per_unit
from reportkit.evidence.study import study
from reportkit.figures.availability import Journey, availability, nines, spent_text
from reportkit.figures.distribution import Curve, done_within
from reportkit.figures.heat import Line, heat
from reportkit.figures.stock import Week, stock
from reportkit.figures.trend import Week as Trended
from reportkit.figures.trend import trend
from reportkit.findings import Findings
from reportkit.measure import OTHER, Part
from reportkit.model.bets import bet_target
from reportkit.model.brand import Brand
from reportkit.model.kind import Duration, Stock
from reportkit.model.needle import Needle
from reportkit.model.params import NeedleParams, Proof
from reportkit.model.period import MONTHS, WEEK, Window, midnight
from reportkit.model.shown import Shown
from reportkit.model.unit import COUNT
from reportkit.sections.parts import heading, part_shown

MONTHS_SHOWN = 6
MOST_GROUPS = 24


def stocked(findings: Findings, needle: Needle, brand: Brand) -> Figure | None:
    """A stock's level with its inflow and outflow in the last weeks; None for another kind, or where too few weeks are covered."""
    readings = findings.weekly(needle)
    weeks = [reading.window.start for reading in readings]
    withheld = findings.snapshot.only and not all(reading.known for reading in readings)
    if not isinstance(needle.kind, Stock) or not weeks or withheld:
        return None
    frame = measure.facts(findings.snapshot, needle)
    zone = findings.organisation.time_zone
    counted = [_week(frame, monday, zone) for monday in weeks]
    figure = stock(counted, needle, findings.quarter.window, brand)
    return replace(figure, record=tuple(_flows(findings, needle, counted))) if figure else None


def _flows(findings: Findings, needle: Needle, weeks: Sequence[Week]) -> Iterator[Shown]:
    """What a stock's picture prints: what came, what went, what was open at the end, and the most of a week."""
    window = f"{weeks[0].monday}/{weeks[-1].monday + WEEK}"
    most = max(max(week.came, week.went) for week in weeks)
    numbers = {
        "came": sum(w.came for w in weeks),
        "went": sum(w.went for w in weeks),
        "open": weeks[-1].open,
        "most": most,
    }
    for name, n in numbers.items():
        yield Shown(
            f"stock.{needle.key}.{name}", COUNT.number(n), n, COUNT.key, needle.key, window=window,
            extract=findings.snapshot.hash(needle.entity),
        )  # fmt: skip


def moved(findings: Findings, needle: Needle, params: Mapping[str, NeedleParams], brand: Brand) -> Figure | None:
    """The needle's last weeks with the limits of what is usual and its target; None where too few of them are known."""
    if measure.lacking(findings.snapshot, needle):
        return None
    weeks = [Trended(r.window.start, r.value, r.facts) for r in findings.weekly(needle)]
    bet = params.get(needle.key, NeedleParams()).standing(findings.quarter.window.end - timedelta(days=1))
    return trend(weeks, needle, findings.quarter.window, brand, bet_target(bet, needle) if bet else None)


def titled(title: str, figure: Figure | None) -> Page:
    """The picture below its heading; nothing where there is none."""
    return Page((heading(title), figure) if figure else ())


def _week(frame: pd.DataFrame, monday: date, zone: str) -> Week:
    begins, ends = midnight(monday, zone), midnight(monday + WEEK, zone)
    came = (frame["start"] >= begins) & (frame["start"] < ends)
    went = (frame["end"] >= begins) & (frame["end"] < ends)
    left = (frame["start"] < ends) & ~(frame["end"] < ends)
    return Week(monday, int(came.sum()), int(went.sum()), int(left.sum()))


def spread(findings: Findings, needle: Needle, chosen: Mapping[str, Proof], brand: Brand) -> Page:
    """The share of a duration's facts that are done within a time, before and after, in the first proof that weighs it."""
    for key, proof in chosen.items():
        if isinstance(needle.kind, Duration) and findings.of(needle.key, key) is not None:
            pair = study(findings.case(needle, proof), proof, key).treated.cohorts
            if pair:
                days = days_per_unit(needle.kind)
                curves = [
                    _curve(label, cohort.curve, days)
                    for label, cohort in zip((words.BEFORE, words.AFTER), pair, strict=True)
                ]
                drawn = done_within(curves[0], curves[1], needle, brand) if all(c.facts for c in curves) else None
                return titled(headings.done_within(needle.label), drawn)
    return Page(())


def _curve(label: str, found: object, days: float) -> Curve:
    times, survival = found.times, found.survival  # type: ignore[attr-defined]
    done = tuple(float(1 - s) for s in survival)
    return Curve(label, tuple(float(t) / days for t in times), done, round(found.total))  # type: ignore[attr-defined]


def journeys(findings: Findings, brand: Brand, by: str = "journey") -> Page:
    """Availability by journey this quarter with its nines and error budget; empty where the extract does not tell it."""
    needle, budget = findings.needle("availability"), findings.needle("error_budget_spent")
    if measure.lacking(findings.snapshot, needle):
        return Page(())
    windows = (findings.quarter.window,)
    parts = [p for p in findings.parts(needle, windows, by)[0] if p.reading.known]
    spent: dict[str, Part] = {}
    if not measure.lacking(findings.snapshot, budget):
        spent = {p.group: p for p in findings.parts(budget, windows, by)[0] if p.reading.known}
    if not parts:
        return Page(())
    rows = [
        Journey(
            p.group, p.reading.value, spent[p.group].reading.value if p.group in spent else math.nan, p.reading.facts
        )
        for p in parts
    ]
    record = [shown for p in parts for shown in _in_nines(findings, needle, p, by)]
    record += [replace(part_shown(findings, budget, p, by), text=spent_text(p.reading.value)) for p in spent.values()]
    figure = availability(rows, findings.quarter.label, brand, tuple(record), by)
    return Page((heading(headings.availability_by(by)), figure))


def _in_nines(findings: Findings, needle: Needle, part: Part, by: str) -> tuple[Shown, Shown]:
    """A group's availability, and the same as nines."""
    shown = part_shown(findings, needle, part, by)
    return shown, replace(shown, id=f"{shown.id}.nines", text=nines(part.reading.value), unit="nines")


def by_month(findings: Findings, needle: Needle, brand: Brand, by: str = "team") -> Page:
    """The needle by group and month, the last six; groups too small to be shown are one, 'other'."""
    windows = _months(findings.quarter.window.end)
    cuts = [{p.group: p for p in parts} for parts in findings.parts(needle, windows, by)]
    names = _ordered(cuts)
    if not names:
        return Page(())
    lines = [Line(name, tuple(c[name].reading.value if name in c else math.nan for c in cuts)) for name in names]
    record = [
        part_shown(findings, needle, c[name], by) for c in cuts for name in names if name in c and c[name].reading.known
    ]
    labels = [
        f"{MONTHS[w.start.month - 1]} {w.start.year}" if i in (0, len(windows) - 1) else MONTHS[w.start.month - 1]
        for i, w in enumerate(windows)
    ]
    facts = sum(p.reading.facts for c in cuts for p in c.values())
    whole = f"{windows[0].start}/{windows[-1].end}"
    record.append(Shown(f"heat.{needle.key}.{by}.facts", COUNT.number(facts), facts, "count", needle.key, window=whole))
    left = len(set().union(*cuts)) - len(names)
    note = headings.heat_note(facts, needle, findings.organisation.smallest_group, left)
    return titled(
        headings.by(needle.label, by),
        replace(heat(lines, labels, needle, brand, by=by, note=note), record=tuple(record)),
    )


def _months(end: date) -> list[Window]:
    """The last months before `end`, oldest first."""
    starts = [end]
    while len(starts) <= MONTHS_SHOWN:
        starts.insert(0, (starts[0] - timedelta(days=1)).replace(day=1))
    return [Window(a, b) for a, b in pairwise(starts)]


def _ordered(cuts: Sequence[Mapping[str, Part]]) -> list[str]:
    """The groups with most facts, by their last value, the highest first; those that are folded last."""
    facts: dict[str, int] = {}
    for name, part in ((n, p) for c in cuts for n, p in c.items()):
        facts[name] = facts.get(name, 0) + part.reading.facts
    kept = sorted(facts, key=lambda n: (-facts[n], n))[:MOST_GROUPS]

    def place(name: str) -> tuple[bool, float, str]:
        value = cuts[-1][name].reading.value if name in cuts[-1] else math.nan
        return name == OTHER, -value if math.isfinite(value) else math.inf, name

    return sorted(kept, key=place)
