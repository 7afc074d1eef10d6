"""Weighing: the rulers that a design allows, all around the same θ; the widest interval wins."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from reportkit.evidence import rulers
from reportkit.evidence.contrast import Contrast
from reportkit.evidence.rulers import Measured
from reportkit.evidence.study import ENOUGH_TEAMS, Group, Study
from reportkit.model.evidence import RulerName
from reportkit.model.kind import Duration, Rate, Share

LARGE = 1e6  # degrees of freedom of a normal distribution


@dataclass(frozen=True)
class Weighed:
    """θ with every ruler. `permuted` is the share of relabellings of teams that show as much, where few take part.

    `beside_trend` is the step that is left when a straight line is fitted beside it, with its own interval.
    """

    theta: float
    rulers: dict[RulerName, Measured]
    permuted: float | None
    beside_trend: Measured | None

    @property
    def widest(self) -> RulerName:
        """The name of the widest ruler."""
        return max(self.rulers, key=lambda name: self.rulers[name].width)

    @property
    def interval(self) -> Measured:
        """The widest interval."""
        return self.rulers[self.widest]

    @property
    def p(self) -> float:
        """The largest p of all rulers."""
        return max(m.p for m in self.rulers.values())


def weigh(study: Study) -> Weighed | None:
    """θ and its rulers; None where no effect, or no ruler for it, can be had."""
    theta, mine = study.theta, study.treated.contrast
    if theta is None or mine is None:
        return None
    theirs = study.compared.contrast if study.compared else None
    found: dict[RulerName, Measured | None] = {
        "items": _items(study, theta),
        "weeks": _weeks(study, theta),
        "teams": _teams(study, mine, theirs, theta),
    }
    known = {name: m for name, m in found.items() if m is not None and math.isfinite(m.width)}
    if not known:
        return None
    permuted = _permutation(mine, theirs) if study.few and theirs is not None else None
    return Weighed(theta, known, permuted, rulers.weeks(*study.series, trend=True))


def _weeks(study: Study, theta: float) -> Measured | None:
    measured = rulers.weeks(*study.series)
    return _around(theta, measured) if measured else None


def _teams(study: Study, mine: Contrast, theirs: Contrast | None, theta: float) -> Measured | None:
    """Jackknife over teams, both sides' variances added (Welch–Satterthwaite); the comparison's spread where few are treated.

    The spread of the comparison teams' own effects, σ² = jackknife variance / Σw², serves both sides: σ² (Σw² + Σv²).
    """
    if not study.few or (theirs is None and mine.teams >= ENOUGH_TEAMS):
        variance, df = mine.team_error**2, mine.team_df
        if theirs is not None:
            extra = theirs.team_error**2
            total = variance + extra
            df = total**2 / (variance**2 / df + extra**2 / theirs.team_df) if total > 0 else df
            variance = total
        return rulers.t_interval(theta, math.sqrt(variance), df)
    if theirs is None:
        return None
    spread = theirs.team_error**2 * theirs.effective
    return rulers.t_interval(theta, math.sqrt(spread / mine.effective + spread / theirs.effective), theirs.team_df)


def _permutation(mine: Contrast, theirs: Contrast) -> float:
    """Share of relabellings of the teams that show as much."""
    return rulers.permutation_p(mine.by_team, theirs.by_team)


def _items(study: Study, theta: float) -> Measured | None:
    """The items ruler of one group, or of two: their margins added in squares, side by side (MOVER, Zou & Donner 2008)."""
    mine = _items_of(study, study.treated)
    if mine is None or study.compared is None:
        return _around(theta, mine) if mine else None
    theirs = _items_of(study, study.compared)
    if theirs is None:
        return None
    low = math.hypot(mine.estimate - mine.low, theirs.high - theirs.estimate)
    high = math.hypot(mine.high - mine.estimate, theirs.estimate - theirs.low)
    error = max(low if theta > 0 else high, 0.0) / rulers.Z
    p = rulers.t_interval(theta, error, LARGE).p
    return Measured(theta, theta - low, theta + high, p)


def _items_of(study: Study, group: Group) -> Measured | None:
    """One group's: exact for counts, Newcombe for shares, the influence values' error for durations; none for sums of amounts."""
    cells, found, kind = group.cells, group.contrast, study.needle.kind
    if cells is None or found is None:
        return None
    if isinstance(kind, Duration):
        return rulers.t_interval(found.theta, cells.item_error, LARGE)
    num0, den0, num1, den1 = cells.sums
    if isinstance(kind, Rate) and cells.counted:
        return rulers.exact_rate_ratio(num0, den0, num1, den1)
    if isinstance(kind, Share) and min(den0, den1) > 0:
        return rulers.newcombe(num0, den0, num1, den1)
    return None


def _around(theta: float, measured: Measured) -> Measured:
    """The same interval, moved so that θ is its estimate."""
    shift = theta - measured.estimate
    return replace(measured, estimate=theta, low=measured.low + shift, high=measured.high + shift)
