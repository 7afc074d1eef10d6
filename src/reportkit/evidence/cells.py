"""Facts of a proof as team × week cells (numerator, denominator), the common currency of all kinds (EVIDENCE §1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reportkit.evidence import survival
from reportkit.evidence.facts import Facts
from reportkit.evidence.survival import Curve, Statistic
from reportkit.evidence.timeline import DAY, Timeline
from reportkit.model.kind import Kind, Rate, Stock
from reportkit.model.period import Window

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
STRATUM = 20  # facts a window, half of them finished: fewer give no curve of their own (the minimum of EVIDENCE §2)
SHORTEST = 1e-6  # days: a span of nothing has no logarithm


@dataclass(frozen=True)
class Cells:
    """Row × week sums. `num`, `den` have shape (rows, weeks that count); the first `before` columns are before.

    A row is a team, or a type of facts within a team; `owner` is each row's team. `log`: effects are ratios of
    Σnum/Σden, else differences. `counted`: numerators are counts of events. `item_error`: standard error of the effect
    from single facts, NaN where it comes from the sums.
    """

    num: Floats
    den: Floats
    before: int
    log: bool
    owner: Ints
    counted: bool = False
    item_error: float = math.nan

    @property
    def after(self) -> int:
        """Number of weeks after."""
        return int(self.num.shape[1]) - self.before

    @property
    def sums(self) -> tuple[float, float, float, float]:
        """Σnum and Σden before, Σnum and Σden after."""
        n = self.before
        parts = (self.num[:, :n], self.den[:, :n], self.num[:, n:], self.den[:, n:])
        return tuple(float(part.sum()) for part in parts)  # type: ignore[return-value]


@dataclass(frozen=True)
class Cohort:
    """The durations that began in one window, with the clock stopped: their curve, and each one's row and week.

    `horizon` is τ of the typical value in days, `share` what each counts for (None is 1).
    """

    spans: Floats  # days
    curve: Curve
    row: Ints
    week: Ints
    horizon: float
    share: Floats | None = None

    @property
    def opened(self) -> int:
        """How many began."""
        return round(self.curve.total)

    @property
    def closed(self) -> int:
        """How many of them ended before the clock stopped."""
        ended = self.curve.closed
        return int(ended.sum()) if self.share is None else round(float(self.share[ended].sum()))

    @cached_property
    def median(self) -> Statistic | None:
        """The log of the median; None where it cannot be had."""
        return self.statistic("median")

    @cached_property
    def typical(self) -> Statistic | None:
        """The log of the typical value; None where it cannot be had."""
        return self.statistic("typical")

    def statistic(self, name: str, weights: Floats | None = None) -> Statistic | None:
        """One of the two by its name, with a weight for each fact where given."""
        if len(self.row) < 2 or (weights is not None and not weights.sum() > 0):
            return None
        curve = self.curve if weights is None else self.curve.weighted(weights)
        return survival.log_typical(curve, self.horizon) if name == "typical" else survival.log_median(curve)

    def only(self, keep: Bools) -> Cohort:
        """The cohort of some of its facts."""
        if keep.all():
            return self
        share = None if self.share is None else self.share[keep]
        curve = _curve(self.spans[keep], self.curve.closed[keep], share)
        return Cohort(self.spans[keep], curve, self.row[keep], self.week[keep], self.horizon, share)


def _curve(spans: Floats, closed: Bools, share: Floats | None) -> Curve:
    curve = survival.curve(spans, closed)
    return curve if share is None else curve.weighted(share)


def rows(facts: Facts) -> Ints:
    """Each fact's row: its team, or its type within the team."""
    return facts.team if facts.stratum is None else facts.team * len(facts.types) + facts.stratum


def owners(facts: Facts) -> Ints:
    """Each row's team."""
    return np.repeat(np.arange(len(facts.names)), max(1, len(facts.types)))


def cohort(facts: Facts, week: Ints, timeline: Timeline, stop: Window) -> Cohort:
    """Facts with a week of 0 or more; one still open at the end of `stop` is censored there."""
    inside = facts.where(week >= 0)
    start, end = inside.start, _ends(inside)
    clock = timeline.ends(stop, inside.late, len(inside))
    closed = end < clock
    spans = np.maximum(timeline.worked_days(start, np.where(closed, end, clock)), SHORTEST)
    horizon = 0.8 * 7 * min(timeline.weeks)
    return Cohort(spans, _curve(spans, closed, inside.share), rows(inside), week[week >= 0], horizon, inside.share)


def cohorts(facts: Facts, column: Ints, timeline: Timeline) -> tuple[Cohort, Cohort]:
    """The two windows' cohorts, each with the clock stopped at its window's end; `column` is each fact's week."""
    n0 = timeline.weeks[0]
    first, second = np.where(column < n0, column, -1), np.where(column >= n0, column - n0, -1)
    return cohort(facts, first, timeline, timeline.before), cohort(facts, second, timeline, timeline.after)


def _ends(facts: Facts) -> Floats:
    return np.full(len(facts), np.nan) if facts.end is None else facts.end


# ---- durations -------------------------------------------------------------------------------------------------------


def of_durations(pair: tuple[Cohort, Cohort], facts: Facts, timeline: Timeline, statistic: str) -> Cells | None:
    """Numerator: statistic + influence of each fact, in log days; denominator: facts. None without a statistic.

    Where the proof names strata each has a curve of its own, so that two humps are two medians; strata too thin for
    one share the curve of the largest.
    """
    owner, before = owners(facts), timeline.weeks[0]
    pool = _pools(pair, statistic, max(1, len(facts.types)))
    num, den = np.zeros((len(owner), sum(timeline.weeks))), np.zeros((len(owner), sum(timeline.weeks)))
    variances = np.zeros(int(pool.max()) + 1)
    for k in range(len(variances)):
        part = tuple(group.only(pool[group.row % len(pool)] == k) for group in pair)
        variance = _add_durations(part, before, statistic, (num, den))
        if variance is None:
            return None
        variances[k] = variance
    d0, d1 = den[:, :before].sum(1), den[:, before:].sum(1)
    raw = np.divide(d0 * d1, d0 + d1, out=np.zeros_like(d0), where=d0 + d1 > 0)
    shares = np.bincount(pool[np.arange(len(owner)) % len(pool)], weights=raw, minlength=len(variances))
    error = math.sqrt(float(np.square(shares / max(shares.sum(), 1e-12)) @ variances))
    return Cells(num, den, before, log=False, owner=owner, item_error=error)


def _add_durations(pair: tuple[Cohort, ...], before: int, statistic: str, sums: tuple[Floats, Floats]) -> float | None:
    """Add the facts of one curve to `sums` and give the statistic's sampling variance; None without a statistic.

    The statistic is that of the two windows' curves with the same mix of rows: a fact of a row with n0 facts before
    and n1 after weighs n1 / (n0 + n1) before and n0 / (n0 + n1) after, which gives the row E1's weight in both.
    """
    num, den = sums
    counts = [np.bincount(group.row, weights=group.share, minlength=len(num)).astype(float) for group in pair]
    both = np.maximum(counts[0] + counts[1], 1e-12)
    variance, alone = 0.0, len(num) == 1
    for shift, group, other in zip((0, before), pair, counts[::-1], strict=True):
        share = np.ones(len(group.row)) if group.share is None else group.share
        mix = np.ones(len(group.row)) if alone else (other / both)[group.row]
        found = group.statistic(statistic, None if alone and group.share is None else mix * share)
        if found is None:
            return None
        num += _grid(group.row, group.week + shift, share * (found.log + found.influence), num.shape)
        den += _grid(group.row, group.week + shift, group.share, num.shape)
        variance += float(share @ np.square(mix * found.influence)) / max(float(share @ mix), 1e-12) ** 2
    return variance


def _pools(pair: tuple[Cohort, Cohort], statistic: str, types: int) -> Ints:
    """Which curve each stratum belongs to: its own where both windows give it a statistic, else the largest one's."""
    if types == 1:
        return np.zeros(1, dtype=np.int64)
    sizes = np.array([[np.count_nonzero(group.row % types == k) for k in range(types)] for group in pair]).min(axis=0)
    own = [k for k in range(types) if sizes[k] >= STRATUM and _stands(pair, statistic, types, k)]
    if len(own) < 2:
        return np.zeros(types, dtype=np.int64)
    largest = int(np.argmax(sizes[own]))
    place = {k: i for i, k in enumerate(own)}
    return np.array([place.get(k, largest) for k in range(types)], dtype=np.int64)


def _stands(pair: tuple[Cohort, Cohort], statistic: str, types: int, k: int) -> bool:
    parts = [group.only(group.row % types == k) for group in pair]
    return all(part.closed >= STRATUM // 2 and part.statistic(statistic) is not None for part in parts)


# ---- sums ------------------------------------------------------------------------------------------------------------


def of_sums(facts: Facts, column: Ints, kind: Kind, timeline: Timeline) -> Cells:
    """Cells of every other kind: counts over team-weeks, sums over sums, or opened − closed a team-week."""
    owner, before, row = owners(facts), timeline.weeks[0], rows(facts)
    shape = (len(owner), sum(timeline.weeks))
    if isinstance(kind, Rate):
        return _of_counts(facts, column, timeline)
    if isinstance(kind, Stock):
        left = timeline.column_of(np.nan_to_num(_ends(facts), nan=0.0), facts.late)
        flow = _grid(row, column, facts.share, shape) - _grid(row, left, facts.share, shape)
        return Cells(flow, np.ones(shape), before, log=False, owner=owner)
    top, bottom = facts.parts or (np.ones(len(facts)), np.ones(len(facts)))
    if facts.share is not None:
        top, bottom = top * facts.share, bottom * facts.share
    num, den = _grid(row, column, top, shape), _grid(row, column, bottom, shape)
    return Cells(num, den, before, log=kind.scale == "ratio", owner=owner)


def _of_counts(facts: Facts, column: Ints, timeline: Timeline) -> Cells:
    """Events, or what they add up to, over the weeks without a holiday; a column in which no team has such a week is left out."""
    exposure = _exposure(facts, timeline)
    keep = exposure.sum(axis=0) > 0 if len(exposure) else timeline.without_holidays
    counted = column.copy()
    late = np.zeros(len(facts), dtype=np.int64) if facts.late is None else facts.late
    for weeks in np.unique(late):
        inside = (late == weeks) & (column >= 0)
        counted[inside] = np.where(timeline.open_weeks(int(weeks))[column[inside]], column[inside], -1)
    num = _grid(facts.team, counted, amounts(facts), exposure.shape)[:, keep]
    before = int(keep[: timeline.weeks[0]].sum())
    return Cells(
        num, exposure[:, keep], before, log=True, owner=np.arange(len(facts.names)), counted=facts.parts is None
    )


def amounts(facts: Facts) -> Floats | None:
    """What each fact adds to a Rate's sum; None where each is one."""
    if facts.parts is None:
        return facts.share
    return facts.parts[0] if facts.share is None else facts.parts[0] * facts.share


def _exposure(facts: Facts, timeline: Timeline) -> Floats:
    """Weeks without a holiday, a team and column: 1, 0, or the share of the starts beside which it is one."""
    shape = (len(facts.names), sum(timeline.weeks))
    if facts.late is None:
        return np.broadcast_to(timeline.without_holidays.astype(float), shape).copy()
    found = np.zeros(shape)
    share = np.ones(len(facts)) if facts.share is None else facts.share
    pairs = np.unique(np.c_[facts.team, facts.late, share], axis=0)
    for team, late, part in pairs:
        found[int(team)] += part * timeline.open_weeks(int(late))
    return found


def days_per_unit(kind: Kind) -> float:
    """How many days the kind's unit has, 1 where it is no unit of time."""
    return float(kind.unit.seconds or DAY) / DAY


def _grid(row: Ints, column: Ints, value: Floats | None, shape: tuple[int, ...]) -> Floats:
    """Sums of `value` (or counts) by row and week; facts in column −1 are left out."""
    keep = column >= 0
    flat = row[keep] * shape[1] + column[keep]
    weights = None if value is None else value[keep]
    return np.bincount(flat, weights=weights, minlength=shape[0] * shape[1]).astype(float).reshape(shape)
