"""The contrast (EVIDENCE E1): after against before with the same team weights in both windows, and its weekly series."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reportkit.evidence.cells import Cells
from reportkit.evidence.rulers import jackknife_df, jackknife_error

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Contrast:
    """θ and what its rulers need, on the additive scale (log of a ratio, or a difference).

    `rates` are the weighted levels of the two windows, `left_out` is θ without each team, `by_team` each team's own
    effect, `weights` how much of θ hangs on each team. `before`, `after` are the weekly linearised series: the difference
    of their means is θ.
    """

    theta: float
    rates: tuple[float, float]
    weights: Floats
    left_out: Floats
    by_team: Floats
    before: Floats
    after: Floats

    @property
    def teams(self) -> int:
        """How many teams take part."""
        return len(self.weights)

    @property
    def team_error(self) -> float:
        """Jackknife standard error over teams; NaN with fewer than two."""
        return jackknife_error(self.left_out) if self.teams >= 2 else math.nan

    @property
    def team_df(self) -> float:
        """Degrees of freedom of the jackknife over teams of these weights, at least 1."""
        return jackknife_df(self.weights)

    @property
    def effective(self) -> float:
        """How many teams of equal weight would hang together as closely: 1 / Σw² (Kish 1965)."""
        return 1 / float(np.sum(self.weights**2))


def contrast(cells: Cells) -> Contrast | None:
    """R_p = Σ w_i r_ip with w_i ∝ 1 / (1/d_i0 + 1/d_i1), and θ = log R_1 − log R_0 or R_1 − R_0.

    None where no team has a denominator in both windows, or a ratio would have a zero in it. A window without a single
    event is reckoned as half an event, so that a fall to nothing can be weighed.
    """
    cells = _half_event(cells)
    n0 = cells.before
    d0, d1 = cells.den[:, :n0].sum(1), cells.den[:, n0:].sum(1)
    usable = (d0 > 0) & (d1 > 0)
    if not usable.any():
        return None
    num, den, d0, d1 = cells.num[usable], cells.den[usable], d0[usable], d1[usable]
    _, owner = np.unique(cells.owner[usable], return_inverse=True)
    sum0, sum1 = num[:, :n0].sum(1), num[:, n0:].sum(1)
    r0, r1 = sum0 / d0, sum1 / d1
    raw = 1 / (1 / d0 + 1 / d1)
    weights = raw / raw.sum()
    level0, level1 = float(weights @ r0), float(weights @ r1)
    theta = float(_effect(level0, level1, cells.log))
    if not math.isfinite(theta):
        return None
    before = _linear(weights, num[:, :n0], den[:, :n0], r0, d0 / n0)
    after = _linear(weights, num[:, n0:], den[:, n0:], r1, d1 / cells.after)
    hangs = weights
    if cells.log:
        before, after = before / level0, after / level1
        hangs = weights * (r0 / level0 + r1 / level1) / 2
    return Contrast(
        theta=theta, rates=(level0, level1), weights=_by(owner, hangs), before=before, after=theta + after,
        left_out=_without_each(owner, (raw, raw * r0, raw * r1), cells.log, theta), by_team=_own(owner, raw, (sum0, sum1), (d0, d1), cells),
    )  # fmt: skip


def _by(owner: Ints, values: Floats) -> Floats:
    """Sums of rows' values by team."""
    return np.bincount(owner, weights=values).astype(float)


def _own(owner: Ints, raw: Floats, sums: tuple[Floats, Floats], dens: tuple[Floats, Floats], cells: Cells) -> Floats:
    """Each team's own effect; 0 where it has none. Half an event is added to counts: none at all has no logarithm."""
    half = 0.5 if cells.counted else 0.0
    levels = [_by(owner, raw * (top + half) / below) / _by(owner, raw) for top, below in zip(sums, dens, strict=True)]
    own = _effect(levels[0], levels[1], cells.log)
    return np.where(np.isfinite(own), own, 0.0)


def _half_event(cells: Cells) -> Cells:
    """The cells with half an event spread over a window that has none, where the other window has some."""
    if not cells.counted or not cells.num.size:
        return cells
    n0 = cells.before
    parts = [cells.num[:, :n0], cells.num[:, n0:]]
    empty = [part.size > 0 and not part.any() for part in parts]
    if empty[0] == empty[1]:
        return cells
    filled = [part + 0.5 / part.size if none else part for part, none in zip(parts, empty, strict=True)]
    return replace(cells, num=np.concatenate(filled, axis=1))


def _effect(level0: Floats | float, level1: Floats | float, log: bool) -> Floats:
    """Level 1 against level 0; NaN where a ratio has nothing above or below."""
    first, second = np.asarray(level0, dtype=float), np.asarray(level1, dtype=float)
    if not log:
        return np.asarray(second - first)
    good = (first > 0) & (second > 0)
    ratio = np.where(good, second, 1.0) / np.where(good, first, 1.0)
    return np.where(good, np.log(ratio), np.nan)


def _without_each(owner: Ints, raw: tuple[Floats, Floats, Floats], log: bool, theta: float) -> Floats:
    """θ with one team left out each; θ itself where that leaves nothing. `raw` are weights, and weights times levels."""
    rest, level0, level1 = (values.sum() - _by(owner, values) for values in raw)
    left = rest > 1e-12 * raw[0].sum()
    safe = np.where(left, rest, 1.0)
    effects = _effect(level0 / safe, level1 / safe, log)
    return np.where(np.isfinite(effects) & left, effects, theta)


def _linear(weights: Floats, num: Floats, den: Floats, rate: Floats, mean_den: Floats) -> Floats:
    """Σ_i w_i (num − r·den) / mean den: what each week adds to the level, mean zero over the window."""
    series = (weights / mean_den) @ (num - rate[:, None] * den)
    noise = 1e-12 * float(np.abs(num).max()) / max(float(den.max()), 1e-300)
    return np.asarray(np.where(np.abs(series) <= noise, 0.0, series))
