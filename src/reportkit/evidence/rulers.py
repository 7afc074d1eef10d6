"""Rulers: ways to measure how sure an effect is. Each gives a 95 % interval and a p; the widest interval wins.

All work on the additive scale θ: log of a ratio, or a difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

import numpy as np
import scipy  # its parts are imported when they are first asked for
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ALPHA = 0.05
Z = 1.959963984540054  # the 97.5 % point of the normal distribution
TINY = 1e-300
ROUNDING = 1e-13  # a standard error below this is none
RHO = np.round(np.arange(0.0, 0.96, 0.05), 2)
RHO_BOTH = np.round(np.arange(-0.95, 0.96, 0.05), 2)
MOST_TEAMS = 300  # a matrix of teams × teams is worked out up to here
ALTERNATING = -0.4  # below this lag-1 autocorrelation ρ may be negative: two-weekly release trains


@dataclass(frozen=True)
class Measured:
    """An estimate with its interval and two-sided p, on θ's scale. `df` is NaN where no t distribution is behind it."""

    estimate: float
    low: float
    high: float
    p: float
    df: float = math.nan

    @property
    def width(self) -> float:
        """The interval's length."""
        return self.high - self.low

    @property
    def excludes_none(self) -> bool:
        """Whether the interval leaves out no effect."""
        return self.low > 0 or self.high < 0

    def spanning(self, other: Measured) -> Measured:
        """The same estimate with the interval that spans both, and the larger p."""
        return replace(self, low=min(self.low, other.low), high=max(self.high, other.high), p=max(self.p, other.p))


def t_interval(estimate: float, error: float, df: float) -> Measured:
    """The estimate ± t(df) · error; a zero error gives a zero-width interval with p = 1 at no effect, else 0."""
    if error <= ROUNDING:
        return Measured(estimate, estimate, estimate, 1.0 if estimate == 0 else 0.0, df)
    half = float(scipy.special.stdtrit(df, 1 - ALPHA / 2)) * error
    p = 2 * float(scipy.special.stdtr(df, -abs(estimate / error)))
    return Measured(estimate, estimate - half, estimate + half, min(1.0, p), df)


# ---- weeks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Design:
    """What depends only on the numbers of weeks: residual maker per ρ, variance of the effect, log-determinants."""

    weights: Floats  # OLS weights that give the effect
    quadratic: Floats  # per ρ the matrix of the REML residual sum of squares
    variance: Floats
    logdet: Floats
    df: int
    rho: Floats


@lru_cache(maxsize=256)
def _design(before: int, after: int, trend: bool, both_signs: bool) -> _Design:
    n = before + after
    x = np.c_[np.ones(n), np.r_[np.zeros(before), np.ones(after)]]
    if trend:
        x = np.c_[x, np.arange(n) - (n - 1) / 2]
    weights = x @ np.linalg.inv(x.T @ x)[:, 1]
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    rho = RHO_BOTH if both_signs else RHO
    quadratic, variance, logdet = [], [], []
    for r in rho:
        omega = np.eye(n) if r == 0 else np.sign(r) ** lag * np.abs(r) ** lag
        inverse = np.linalg.inv(omega)
        middle = x.T @ inverse @ x
        quadratic.append(inverse - inverse @ x @ np.linalg.solve(middle, x.T @ inverse))
        variance.append(weights @ omega @ weights)
        logdet.append(-0.5 * (np.linalg.slogdet(omega)[1] + np.linalg.slogdet(middle)[1]))
    return _Design(weights, np.array(quadratic), np.array(variance), np.array(logdet), n - x.shape[1], rho)


def weeks(before: Floats, after: Floats, *, trend: bool = False) -> Measured | None:
    """Difference of the means of two weekly series with AR(1) errors (EVIDENCE E3); None with too few weeks.

    ρ is integrated over a grid with prior ∝ 1 − |ρ| and REML weights; the interval comes from the mixture of t
    distributions. With `trend` a straight line is fitted beside the step: an interrupted time series.
    """
    y = np.r_[before, after]
    if len(before) < 2 or len(after) < 2 or len(y) < (6 if trend else 5) or not np.isfinite(y).all():
        return None
    centred = np.r_[before - before.mean(), after - after.mean()]
    spread = float(centred @ centred)
    lag1 = float(centred[1:] @ centred[:-1]) / spread if spread > 0 else 0.0
    design = _design(len(before), len(after), trend, lag1 < ALTERNATING)
    estimate = float(design.weights @ y)
    scale_of_y = max(float(np.abs(y).max()), TINY)
    if spread <= (1e-12 * scale_of_y) ** 2:
        flat = 0.0 if abs(estimate) <= 1e-12 * scale_of_y else estimate
        return Measured(flat, flat, flat, 0.0 if flat else 1.0)
    squares = np.maximum(np.einsum("i,rij,j->r", y, design.quadratic, y), TINY)
    log_weight = design.logdet - 0.5 * design.df * np.log(squares) + np.log(1 - np.abs(design.rho) + 1e-9)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    scale = np.sqrt(squares / design.df * design.variance)
    half = _mixture_quantile(1 - ALPHA / 2, scale, design.df, weight)
    p = 2 * float(weight @ scipy.special.stdtr(design.df, -abs(estimate) / scale))
    return Measured(estimate, estimate - half, estimate + half, min(1.0, p), design.df)


def _mixture_quantile(q: float, scale: Floats, df: int, weight: Floats) -> float:
    """Quantile (above one half) of a mixture of t distributions around 0, by bisection between its parts' own."""
    own = float(scipy.special.stdtrit(df, q)) * scale
    low, high = float(own.min()), float(own.max())
    for _ in range(50):
        middle = 0.5 * (low + high)
        if float(weight @ scipy.special.stdtr(df, middle / scale)) < q:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


# ---- teams -----------------------------------------------------------------------------------------------------------


def jackknife_error(left_out: Floats) -> float:
    """Standard error from estimates with one team left out each: √((G − 1)/G · Σ (θ₍g₎ − mean)²)."""
    count = len(left_out)
    return math.sqrt((count - 1) / count * float(np.sum((left_out - left_out.mean()) ** 2)))


def jackknife_df(weights: Floats) -> float:
    """Degrees of freedom of the jackknife error of a weighted mean over teams, at least 1.

    The jackknife variance is a quadratic form e'Ae in the teams' own effects e; matched by its first two moments under
    effects of equal spread, its degrees of freedom are tr(A)² / tr(A²) (Satterthwaite 1946; Bell & McCaffrey 2002;
    Imbens & Kolesár 2016). Equal weights of G teams give G − 1. Beyond a few hundred teams 1 / Σw² − 1 is as good.
    """
    count = len(weights)
    if not 2 <= count <= MOST_TEAMS or weights.max() >= 1 - 1e-9:
        return max(1.0, 1 / float(np.sum(weights**2)) - 1)
    pull = weights / (1 - weights)
    moves = pull[:, None] * (weights[None, :] - np.eye(count))
    moves -= moves.mean(axis=0)
    form = moves.T @ moves
    return max(1.0, float(np.trace(form)) ** 2 / float(np.sum(form**2)))


def permutation_p(treated: Floats, compared: Floats, most: int = 2000) -> float:
    """Share of relabellings of teams whose difference of means is at least as large as the one seen.

    All relabellings where there are at most `most`, else a fixed random draw of them; the one seen counts too.
    """
    pooled, k = np.r_[treated, compared], len(treated)
    seen = abs(treated.mean() - compared.mean())
    total = math.comb(len(pooled), k)
    if total <= most:
        picks = [list(c) for c in combinations(range(len(pooled)), k)]
    else:
        random = np.random.default_rng(20260101)
        picks = [list(random.permutation(len(pooled))[:k]) for _ in range(most)]
    sums = np.array([pooled[p].sum() for p in picks])
    differences = np.abs(sums / k - (pooled.sum() - sums) / (len(pooled) - k))
    hits = int(np.sum(differences >= seen - 1e-12))
    return hits / len(picks) if total <= most else (hits + 1) / (len(picks) + 1)


# ---- items -----------------------------------------------------------------------------------------------------------


def exact_rate_ratio(count0: float, time0: float, count1: float, time1: float) -> Measured | None:
    """Log ratio of two Poisson rates, exact conditional interval (Clopper–Pearson on the split); None without events.

    Given k0 + k1, k1 is binomial with share r·t1 / (r·t1 + t0). Przyborowski & Wilenski 1940. A count of nothing is
    taken as half an event, so that estimate and interval stay finite.
    """
    total = count0 + count1
    if total <= 0 or time0 <= 0 or time1 <= 0:
        return None
    k0, k1 = max(count0, 0.5), max(count1, 0.5)
    shift = math.log(time0 / time1)
    low = _logit(float(scipy.special.betaincinv(k1, count0 + 1, ALPHA / 2))) + shift
    high = _logit(float(scipy.special.betaincinv(count1 + 1, k0, 1 - ALPHA / 2))) + shift
    split = time1 / (time0 + time1)
    tails = (_at_most(count1, total, split), _at_most(count0, total, 1 - split))
    return Measured(math.log(k1 / k0) + shift, low, high, min(1.0, 2 * float(min(tails))))


def _at_most(count: float, total: float, share: float) -> float:
    """P(X ≤ count) of a binomial."""
    return 1.0 if count >= total else float(scipy.special.betainc(total - count, count + 1, 1 - share))


def _logit(share: float) -> float:
    inside = min(max(share, 1e-12), 1 - 1e-12)
    return math.log(inside / (1 - inside))


def newcombe(yes0: float, all0: float, yes1: float, all1: float) -> Measured:
    """Difference of two shares, after − before, Newcombe's hybrid score interval (1998, method 10); p from its error at no change."""
    z = float(scipy.special.ndtri(1 - ALPHA / 2))
    (p0, l0, u0), (p1, l1, u1) = _wilson(yes0, all0, z), _wilson(yes1, all1, z)
    difference = p1 - p0
    low = difference - math.hypot(p1 - l1, u0 - p0)
    high = difference + math.hypot(u1 - p1, p0 - l0)
    pooled = (yes0 + yes1) / (all0 + all1)
    error = math.sqrt(max(pooled * (1 - pooled), 0.0) * (1 / all0 + 1 / all1))
    p = 2 * float(scipy.special.ndtr(-abs(difference) / error)) if error > 0 else 1.0
    return Measured(difference, low, high, p)


def _wilson(yes: float, total: float, z: float) -> tuple[float, float, float]:
    """A share with its Wilson score interval."""
    share = yes / total
    centre = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return share, (centre - half) / (1 + z * z / total), (centre + half) / (1 + z * z / total)


# ---- several needles -------------------------------------------------------------------------------------------------


def holm(ps: Floats) -> Floats:
    """Holm-adjusted p values, in the order given (Holm 1979)."""
    order, count = np.argsort(ps), len(ps)
    adjusted = np.maximum.accumulate((count - np.arange(count)) * ps[order])
    result = np.empty(count)
    result[order] = np.minimum(adjusted, 1.0)
    return result


def benjamini_hochberg(ps: Floats) -> Floats:
    """Benjamini–Hochberg adjusted p values, in the order given (1995)."""
    order, count = np.argsort(ps)[::-1], len(ps)
    adjusted = np.minimum.accumulate(ps[order] * count / (count - np.arange(count)))
    result = np.empty(count)
    result[order] = np.minimum(adjusted, 1.0)
    return result
