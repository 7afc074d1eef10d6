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
SHORTEST = 1e-6  # days: a span of nothing has no logarithm


@dataclass(frozen=True)
class Cells:
    """Team × week sums. `num`, `den` have shape (teams, weeks that count); the first `before` columns are before.

    `log`: effects are ratios of Σnum/Σden, else differences. `counted`: numerators are counts of events.
    `item_error`: standard error of the effect from single facts, NaN where it comes from the sums.
    """

    num: Floats
    den: Floats
    before: int
    log: bool
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
    """The durations that began in one window, with the clock stopped: their curve, and each one's team and week.

    `horizon` is τ of the typical value in days.
    """

    spans: Floats  # days
    curve: Curve
    team: Ints
    week: Ints
    horizon: float

    @property
    def opened(self) -> int:
        """How many began."""
        return len(self.team)

    @property
    def closed(self) -> int:
        """How many of them ended before the clock stopped."""
        return int(self.curve.closed.sum())

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
        if self.opened < 2:
            return None
        curve = self.curve if weights is None else self.curve.weighted(weights)
        return survival.log_typical(curve, self.horizon) if name == "typical" else survival.log_median(curve)


def cohort(facts: Facts, week: Ints, timeline: Timeline, stop: Window) -> Cohort:
    """Facts with a week of 0 or more; one still open at the end of `stop` is censored there."""
    inside = week >= 0
    start, end = facts.start[inside], _ends(facts)[inside]
    clock = timeline.end(stop)
    closed = end < clock
    spans = np.maximum(timeline.worked_days(start, np.where(closed, end, clock)), SHORTEST)
    horizon = 0.8 * 7 * min(timeline.weeks)
    return Cohort(spans, survival.curve(spans, closed), facts.team[inside], week[inside], horizon)


def cohorts(facts: Facts, column: Ints, timeline: Timeline) -> tuple[Cohort, Cohort]:
    """The two windows' cohorts, each with the clock stopped at its window's end; `column` is each fact's week."""
    n0 = timeline.weeks[0]
    first, second = np.where(column < n0, column, -1), np.where(column >= n0, column - n0, -1)
    return cohort(facts, first, timeline, timeline.before), cohort(facts, second, timeline, timeline.after)


def _ends(facts: Facts) -> Floats:
    return np.full(len(facts), np.nan) if facts.end is None else facts.end


def of_durations(pair: tuple[Cohort, Cohort], timeline: Timeline, statistic: str, teams: int) -> Cells | None:
    """Numerator: statistic + influence of each fact, in log days; denominator: facts. None without a statistic.

    The statistic is that of the two windows' curves with the same mix of teams: a fact of a team with n0 facts before
    and n1 after weighs n1 / (n0 + n1) before and n0 / (n0 + n1) after, which gives the team E1's weight in both.
    """
    shape = (teams, sum(timeline.weeks))
    num, den, variance = np.zeros(shape), np.zeros(shape), 0.0
    counts = [np.bincount(group.team, minlength=teams) for group in pair]
    both = np.maximum(counts[0] + counts[1], 1)
    for shift, group, other in zip((0, timeline.weeks[0]), pair, counts[::-1], strict=True):
        weights = (other / both)[group.team] if teams > 1 else np.ones(group.opened)
        found = group.statistic(statistic, weights if teams > 1 else None)
        if found is None:
            return None
        num += _grid(group.team, group.week + shift, found.log + found.influence, shape)
        den += _grid(group.team, group.week + shift, None, shape)
        variance += float(np.square(weights * found.influence).sum()) / max(float(weights.sum()), 1e-12) ** 2
    return Cells(num, den, timeline.weeks[0], log=False, item_error=math.sqrt(variance))


def of_sums(facts: Facts, column: Ints, kind: Kind, timeline: Timeline) -> Cells:
    """Cells of every other kind: counts over team-weeks, sums over sums, or opened − closed a team-week."""
    shape = (len(facts.names), sum(timeline.weeks))
    before = timeline.weeks[0]
    if isinstance(kind, Rate):
        keep = timeline.without_holidays
        num = _grid(facts.team, column, None, shape)[:, keep]
        return Cells(num, np.ones_like(num), int(keep[:before].sum()), log=True, counted=True)
    if isinstance(kind, Stock):
        left = timeline.column_of(np.nan_to_num(_ends(facts), nan=0.0))
        flow = _grid(facts.team, column, None, shape) - _grid(facts.team, left, None, shape)
        return Cells(flow, np.ones(shape), before, log=False)
    top, bottom = facts.parts or (np.ones(len(facts)), np.ones(len(facts)))
    num, den = _grid(facts.team, column, top, shape), _grid(facts.team, column, bottom, shape)
    return Cells(num, den, before, log=kind.scale == "ratio")


def days_per_unit(kind: Kind) -> float:
    """How many days the kind's unit has, 1 where it is no unit of time."""
    return float(kind.unit.seconds or DAY) / DAY


def _grid(team: Ints, column: Ints, value: Floats | None, shape: tuple[int, int]) -> Floats:
    """Sums of `value` (or counts) by team and week; facts in column −1 are left out."""
    keep = column >= 0
    flat = team[keep] * shape[1] + column[keep]
    weights = None if value is None else value[keep]
    return np.bincount(flat, weights=weights, minlength=shape[0] * shape[1]).astype(float).reshape(shape)
