"""What is printed: a needle's level in each window, and the weekly series behind the picture, in the needle's unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reportkit.evidence import cells as cell
from reportkit.evidence import survival
from reportkit.evidence.cells import Cohort
from reportkit.evidence.study import Group, Study
from reportkit.model.evidence import Level
from reportkit.model.kind import Duration, Rate, Stock
from reportkit.model.needle import Needle
from reportkit.model.period import WEEK, Window

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WEEKS_A_MONTH = 30.4375 / 7
WEEKS = {"week": 1.0, "month": WEEKS_A_MONTH, "quarter": 3 * WEEKS_A_MONTH}
COLUMNS = ("week", "group", "phase", "value", "facts")


def printed(study: Study, theta: float) -> float:
    """A value on the additive scale as it is printed: after ÷ before, or after − before in the needle's unit."""
    if study.needle.kind.scale == "ratio":
        return math.exp(min(theta, 700.0))
    return theta * len(study.treated.teams) if isinstance(study.needle.kind, Stock) else theta


def levels(study: Study, group: Group) -> tuple[Level, Level]:
    """The needle before and after in one group."""
    values = _values(study, group)
    found = [
        Level(value, group.opened[i], group.closed[i], len(group.teams), group.weeks[i], window)
        for i, (value, window) in enumerate(zip(values, (study.timeline.before, study.timeline.after), strict=True))
    ]
    if group.cohorts:
        found = [_with_tail(study, level, c) for level, c in zip(found, group.cohorts, strict=True)]
    return found[0], found[1]


def _with_tail(study: Study, level: Level, cohort: Cohort) -> Level:
    """The level with its 85 % point, median and typical value."""
    if _is_spread(study.needle):
        return level
    days = cell.days_per_unit(study.needle.kind)
    typical = cohort.typical
    return Level(
        level.value, level.facts, level.closed, level.teams, level.weeks, level.window,
        p85=cohort.curve.quantile(0.85) / days,
        typical=math.exp(typical.log) / days if typical else math.nan,
        median=cohort.curve.quantile(0.5) / days,
    )  # fmt: skip


def _values(study: Study, group: Group) -> tuple[float, float]:
    kind = study.needle.kind
    if group.cohorts:
        first, second = (_statistic(study, c) for c in group.cohorts)
        return first, second
    if isinstance(kind, Stock):
        first, second = open_at(group, study, (study.timeline.before.end, study.timeline.after.end))
        return float(first), float(second)
    if group.cells is None or not group.cells.num.size:
        return math.nan, math.nan
    if isinstance(kind, Rate):
        per, n = _per(study.needle), group.cells.before
        num, den = group.cells.num, group.cells.den
        return per * _paces(num[:, :n], den[:, :n]), per * _paces(num[:, n:], den[:, n:])
    if group.contrast is not None:
        return group.contrast.rates
    num0, den0, num1, den1 = group.cells.sums
    return _over(num0, den0), _over(num1, den1)


def _statistic(study: Study, cohort: Cohort) -> float:
    """The declared statistic in the needle's unit; the plain median where it has no error to go with it.

    Of a spread it is the 90 % point ÷ the median, NaN where fewer than nine in ten are finished.
    """
    if _is_spread(study.needle):
        return cohort.curve.quantile(0.9) / cohort.curve.quantile(0.5)
    name = study.proof.statistic
    found = cohort.statistic(name)
    days = math.exp(found.log) if found else cohort.curve.quantile(0.5) if name == "median" else math.nan
    return (0.0 if days <= cell.SHORTEST else days) / cell.days_per_unit(
        study.needle.kind
    )  # NaN stays NaN: missing is not zero


def _is_spread(needle: Needle) -> bool:
    return isinstance(needle.kind, Duration) and needle.kind.summary == "spread"


def _per(needle: Needle) -> float:
    """Weeks in the needle's own period: 1 for a week, 4.35 for a month."""
    return WEEKS[needle.kind.per] if isinstance(needle.kind, Rate) else 1.0


def _paces(num: Floats, den: Floats) -> float:
    """Events a week of all teams together: each team's own over the weeks that count for it, added up."""
    weeks = den.sum(axis=1)
    if len(weeks) and (weeks == weeks[0]).all():
        return _over(float(num.sum()), float(weeks[0]))  # a whole number over a whole number, as by hand
    return float((num.sum(axis=1)[weeks > 0] / weeks[weeks > 0]).sum()) if (weeks > 0).any() else math.nan


def _over(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else math.nan


def open_at(group: Group, study: Study, days: Sequence[date]) -> Floats:
    """How many facts had begun and not ended when each day began; later where the fact's team starts late."""
    facts, timeline = group.facts, study.timeline
    late = np.zeros(1, dtype=np.int64) if facts.late is None else facts.late
    total = np.zeros(len(days))
    for weeks in np.unique(late):
        here = facts if facts.late is None else facts.where(late == weeks)
        moved = [day + int(weeks) * WEEK for day in days]
        instants = np.array([timeline.end(Window(day, day)) for day in moved])
        share = 1.0 if here.share is None or not len(here) else float(here.share[0])
        begun, over = (np.searchsorted(times, instants, side="left") for times in (here.begun, here.over))
        total += share * (begun - over)
    return total


# ---- the weekly series -----------------------------------------------------------------------------------------------


def weekly(study: Study) -> pd.DataFrame:
    """Tidy: week (Monday), group, phase, value (needle's unit; NaN is a gap), facts. Weeks outside the extract are gaps."""
    gap = Window(study.timeline.before.end, max(study.timeline.before.end, study.timeline.after.start))
    rows: dict[str, list[object]] = {name: [] for name in COLUMNS}
    for label, group in (("treated", study.treated), ("comparison", study.other)):
        if group is None or not group.teams or _is_spread(study.needle):  # a week is too short for a ninth tenth
            continue
        for phase, window in (("before", study.timeline.before), ("settling", gap), ("after", study.timeline.after)):
            values, sizes = _week_values(study, group, window)
            known = _covered(study, window)
            rows["week"] += list(window.weeks)
            rows["group"] += [label] * len(sizes)
            rows["phase"] += [phase] * len(sizes)
            rows["value"] += list(np.where(known, values, np.nan))
            rows["facts"] += list(sizes)
    return pd.DataFrame(
        {
            "week": np.array(rows["week"], dtype="datetime64[ns]"),
            "group": rows["group"],
            "phase": rows["phase"],
            "value": np.array(rows["value"], dtype=float),
            "facts": np.array(rows["facts"], dtype=np.int64),
        }
    )


def _covered(study: Study, window: Window) -> NDArray[np.bool_]:
    covers, today = study.ground.covers, study.ground.today
    last = min(covers.end, today).toordinal()
    return np.array([covers.start <= week and week.toordinal() + 7 <= last for week in window.weeks], dtype=bool)


def _week_values(study: Study, group: Group, window: Window) -> tuple[Floats, Ints]:
    """Per week of the window the needle's value in the group, and the facts behind it."""
    count, kind = len(window.weeks), study.needle.kind
    if not count:
        return np.empty(0), np.empty(0, dtype=np.int64)
    if isinstance(kind, Duration):
        return _medians(_cohort(study, group, window), count, cell.days_per_unit(kind))
    facts = group.facts
    week = study.timeline.week_of(facts.start, window, facts.late)
    inside = week >= 0
    share = np.ones(len(facts)) if facts.share is None else facts.share
    sums = np.bincount(week[inside], weights=share[inside], minlength=count)
    sizes = np.rint(sums).astype(np.int64)
    if isinstance(kind, Rate):
        added = cell.amounts(facts)
        sums = sums if added is None else np.bincount(week[inside], weights=added[inside], minlength=count)
        return np.asarray(sums * _per(study.needle), dtype=float), sizes
    if isinstance(kind, Stock):
        return open_at(group, study, (*window.weeks[1:], window.end)), sizes
    assert facts.parts is not None
    top, bottom = (np.bincount(week[inside], weights=(part * share)[inside], minlength=count) for part in facts.parts)
    known = bottom > 0
    return np.asarray(np.where(known, top / np.where(known, bottom, 1.0), np.nan), dtype=float), sizes


def _cohort(study: Study, group: Group, window: Window) -> Cohort:
    """The window's cohort; that of the settling-in weeks is followed to the end of the after window."""
    timeline = study.timeline
    for known, cohort in zip((timeline.before, timeline.after), group.cohorts or (), strict=False):
        if known == window:
            return cohort
    week = timeline.week_of(group.facts.start, window, group.facts.late)
    return cell.cohort(group.facts, week, timeline, timeline.after)


def _medians(cohort: Cohort, count: int, days: float) -> tuple[Floats, Ints]:
    """The median of the durations that began in each week, NaN where half of them did not end."""
    order = np.argsort(cohort.week.astype(np.int16), kind="stable")
    spans, closed = cohort.spans[order], cohort.curve.closed[order]
    edges = np.r_[0, np.cumsum(np.bincount(cohort.week, minlength=count))]
    values = [_median(spans[a:b], closed[a:b]) / days for a, b in pairwise(edges)]
    sizes = np.bincount(cohort.week, weights=cohort.share, minlength=count)
    return np.array(values, dtype=float), np.rint(sizes).astype(np.int64)


def _median(spans: Floats, closed: NDArray[np.bool_]) -> float:
    """The Kaplan–Meier median; without sorting where nothing is censored before it."""
    if not len(spans):
        return math.nan
    middle = (len(spans) + 1) // 2 - 1
    plain = float(np.partition(spans, middle)[middle])
    if closed.all() or plain < spans[~closed].min():
        return plain
    return survival.median(spans, closed)
