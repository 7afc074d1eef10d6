"""Kaplan–Meier curves with exact influence values, so that a median becomes a mean of one number a fact.

Spans are in days; `closed` says whether the span ended (True) or was still open when the clock stopped (censored).
Kaplan & Meier 1958; influence functions after Reid 1981. Influence values have one entry a fact; weighted, they sum
to 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
NOBODY = 1e-12  # so few at risk that nothing can end
FLOOR = 1 / 24  # days; spans below an hour count as an hour where the mean of logarithms is taken
HALVES = (0.2, 0.15, 0.1, 0.05)  # how far either side of the median its slope is read


@dataclass(frozen=True)
class Curve:
    """The survival curve: distinct times, S just after each, numbers at risk just before, numbers that ended there.

    `place` is each fact's index into `times`, `closed` whether the fact ended, `total` the sum of the facts' weights
    (their number, where each has weight 1).
    """

    times: Floats
    survival: Floats
    at_risk: Floats
    ended: Floats
    place: Ints
    closed: Bools
    total: float

    def __len__(self) -> int:
        return len(self.place)

    @cached_property
    def stay(self) -> Floats:
        """1 / (Y − d) a time: one over the number that stays after it; 0 where nobody does."""
        rest = self.at_risk - self.ended
        there = rest > 1e-9
        return np.where(there, 1 / np.where(there, rest, 1.0), 0.0)

    def weighted(self, weights: Floats) -> Curve:
        """The curve of the same facts with a weight each."""
        count = len(self.times)
        there = np.bincount(self.place, weights=weights, minlength=count).astype(float)
        ended = np.bincount(self.place, weights=weights * self.closed, minlength=count).astype(float)
        at_risk = np.maximum(np.cumsum(there[::-1])[::-1], NOBODY)  # facts of weight 0 may come last
        left = np.clip(1 - ended / at_risk, 0.0, 1.0)
        survival = np.asarray(np.cumprod(left), dtype=float)
        return Curve(self.times, survival, at_risk, ended, self.place, self.closed, float(weights.sum()))

    def reached(self, share: float) -> int | None:
        """Index of the first time by which `share` of the facts have ended; None where the curve ends before."""
        below = int(np.searchsorted(-self.survival, -(1 - share) - 1e-12))
        return below if below < len(self.times) else None

    def quantile(self, share: float) -> float:
        """The time by which `share` of the facts have ended, in days; NaN where the curve does not reach it."""
        index = self.reached(share)
        return math.nan if index is None else float(self.times[index])

    def done_within(self, days: Floats) -> Floats:
        """Share ended within each of `days`; NaN beyond the last observed time."""
        index = np.searchsorted(self.times, days, side="right")
        padded = np.r_[1.0, self.survival]
        last = self.times[-1] if len(self.times) else 0.0
        return np.where(days <= last, 1 - padded[index], np.nan)


@dataclass(frozen=True)
class Statistic:
    """A statistic of a curve, as a logarithm of days, and each fact's influence on it."""

    log: float
    influence: Floats


def curve(spans: Floats, closed: Bools) -> Curve:
    """The Kaplan–Meier curve of the spans: S(t) = Π (1 − d_k / Y_k) over distinct times up to t."""
    order = np.argsort(spans)
    ranked = spans[order]
    new = np.ones(len(ranked), dtype=bool)
    new[1:] = ranked[1:] != ranked[:-1]
    first = np.flatnonzero(new)
    place = np.empty(len(ranked), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    at_risk = (len(ranked) - first).astype(float)
    ended = np.bincount(place[closed], minlength=len(first)).astype(float)
    survival = np.cumprod(1 - ended / at_risk)
    return Curve(ranked[first], survival, at_risk, ended, place, closed, float(len(ranked)))


def median(spans: Floats, closed: Bools) -> float:
    """The median span in days; NaN where the curve does not fall to one half."""
    return curve(spans, closed).quantile(0.5)


def log_median(found: Curve) -> Statistic | None:
    """The log of the median; None where the curve does not reach it, or ends too soon after it.

    ψ_i = ψ_i^S(m) / (f(m) m): the influence on S at the median, divided by the curve's slope there, which is read from
    quantiles 0.2 either side of the median, closer where the curve ends before.

    Where many facts share the median's value (times kept in whole days), a plain median would jump by a whole step
    between two samples of the same world; then it is interpolated within the step, as for grouped data.
    """
    k = found.reached(0.5)
    if k is None or not found.times[k] > 0:
        return None
    if _tied(found, k):
        return _grouped_median(found, k)
    slope = _sparsity(found)
    if slope is None:
        return None
    return Statistic(math.log(found.times[k]), _on_survival(found, k) * slope)


def log_typical(found: Curve, horizon: float) -> Statistic | None:
    """The log of the typical span, E[log min(T, τ)], up to τ = `horizon` days; None without facts.

    The restricted geometric mean: ∫ S(t) d log t, in closed form on the curve's steps.
    """
    if not len(found):
        return None
    knots = np.log(np.maximum(np.minimum(np.r_[0.0, found.times], horizon), FLOOR))
    segment = np.diff(np.r_[knots, math.log(max(horizon, FLOOR))])
    area = segment * np.r_[1.0, found.survival]
    later = np.where(found.times < horizon, np.cumsum(area[::-1])[::-1][1:], 0.0)
    jump = np.where(found.times <= horizon, later * found.stay, 0.0)
    hazard = np.cumsum(jump * found.ended / found.at_risk)
    influence = -found.total * (np.where(found.closed, jump[found.place], 0.0) - hazard[found.place])
    return Statistic(float(knots[0] + area.sum()), influence)


def _on_survival(found: Curve, k: int) -> Floats:
    """Influence of each fact on S just after time k: −S · n · (1{ended by then} / (Y − d) − Σ d / (Y (Y − d))).

    The exact derivative of the product Π (1 − d / Y) when the fact's own weight grows; ties count in full.
    """
    if k < 0:
        return np.zeros(len(found))
    hazard = np.cumsum(found.stay[: k + 1] * found.ended[: k + 1] / found.at_risk[: k + 1])
    held = np.r_[hazard, np.full(len(found.times) - k - 1, hazard[k])]
    ended = -held
    ended[: k + 1] += found.stay[: k + 1]
    value = np.r_[-held, ended] * (-found.survival[k] * found.total)  # of a fact that is open, and of one that ended
    return np.asarray(value[found.place + len(held) * found.closed])


def _sparsity(found: Curve) -> float | None:
    """The slope d log q / d p at the median, between two quantiles around it."""
    for half in HALVES:
        low, high = found.quantile(0.5 - half), found.quantile(0.5 + half)
        if math.isfinite(high) and high > low > 0:
            return (math.log(high) - math.log(low)) / (2 * half)
    return None


def _tied(found: Curve, k: int) -> bool:
    """Whether times are kept so coarsely that the step at the median is large beside the median's own uncertainty."""
    step = (found.survival[k - 1] if k else 1.0) - found.survival[k]
    coarse = found.ended.sum() >= 3 * np.count_nonzero(found.ended)
    return bool(coarse and found.ended[k] >= 3 and step * math.sqrt(found.total) > 0.25)


def _grouped_median(found: Curve, k: int) -> Statistic:
    """The median interpolated within its step, which reaches half-way to the neighbouring values."""
    events = np.flatnonzero(found.ended > 0)
    here = int(np.searchsorted(events, k))
    middle = float(found.times[k])
    previous = float(found.times[events[here - 1]]) if here else 0.0
    left = (previous + middle) / 2
    right = (middle + float(found.times[events[here + 1]])) / 2 if here + 1 < len(events) else 2 * middle - left
    above, below = (float(found.survival[k - 1]) if k else 1.0), float(found.survival[k])
    part = (above - 0.5) / (above - below)
    value = left + part * (right - left)
    on_survival = (1 - part) * _on_survival(found, k - 1) + part * _on_survival(found, k)
    return Statistic(math.log(value), on_survival * (right - left) / (above - below) / value)
