"""Guards: what a claim has to survive beside its interval (EVIDENCE §3). Each gives a Guard with a sentence."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from reportkit.english import remarks
from reportkit.evidence import rulers
from reportkit.evidence.cells import Cohort
from reportkit.evidence.rulers import Measured
from reportkit.evidence.study import Study
from reportkit.evidence.timeline import DAY, shifted
from reportkit.evidence.weighing import Weighed
from reportkit.model.evidence import Guard, Interval
from reportkit.model.kind import Scale
from reportkit.model.params import Proof
from reportkit.model.period import Window, day_text

Floats = NDArray[np.float64]
DROPPED = 4  # weeks
PLACEBO_WEEKS = 16
LONG_HISTORY = 104  # weeks
HISTORY_STEP = 4  # weeks between earlier dates
FEWEST_EARLIER = 8
EXPECTED_OPEN = 4
TREND_ALPHA = 0.16  # two-sided: 8 % on the side of the effect, the most false alarms that any world may give
MOST = 700.0  # beyond this exp overflows
LARGE = 200_000  # facts; above it fewer earlier dates are tried


def all_of(study: Study, weighed: Weighed) -> tuple[Guard, ...]:
    """Every guard that the design calls for, those that could not be run among them; values on the effect's scale."""
    before, after = study.series
    theta = weighed.theta
    found = [
        trend(weighed.beside_trend, theta, compared=study.compared is not None),
        timing(before, after, theta),
        placebo(before, theta),
        selection(study.proof, study.needle.key, study.timeline.before),
        few_teams(study, weighed.permuted),
        definition(study.ground.source_changed),
        history(study, theta),
    ]
    return tuple(_printed(g, study.needle.kind.scale) for g in found if g is not None)


def _printed(guard: Guard, scale: Scale) -> Guard:
    if guard.value is None or scale != "ratio" or guard.name == "few teams":
        return guard
    given = guard.interval
    shown = Interval(math.exp(given.low), math.exp(min(given.high, MOST))) if given else None
    return replace(guard, value=math.exp(min(guard.value, MOST)), interval=shown)


def survives(other: float, theta: float) -> bool:
    """Whether another estimate keeps θ's sign and at least half its size."""
    return other * theta > 0 and abs(other) >= 0.5 * abs(theta)


def trend(step: Measured | None, theta: float, *, compared: bool) -> Guard:
    """Fit a straight line beside the step: what was already under way is no effect.

    The step has to keep its sign and half its size. A comparison group takes a common trend off; without one the step
    must also stand out by itself beside the line, at 16 % on two sides: then a pure trend, however steep, is taken for
    an effect in 8 % of cases at most, where half the size alone lets up to 20 % through.
    """
    if step is None:
        return Guard("pre-trend", None, remarks.TREND_UNTOLD)
    given = Interval(step.low, step.high)
    if survives(step.estimate, theta) and (compared or step.p < TREND_ALPHA):
        return Guard("pre-trend", True, remarks.TREND_PASSED, step.estimate, given)
    return Guard("pre-trend", False, remarks.TREND_FAILED, step.estimate, given)


def timing(before: Floats, after: Floats, theta: float) -> Guard:
    """Leave out the last four baseline weeks: a few bad weeks just before the start are no baseline."""
    if len(before) < 2 * DROPPED or not len(after):
        return Guard("timing", None, remarks.timing_untold(DROPPED))
    other = float(after.mean() - before[:-DROPPED].mean())
    if survives(other, theta):
        return Guard("timing", True, remarks.timing_passed(DROPPED), other)
    return Guard("timing", False, remarks.timing_failed(DROPPED), other)


def placebo(before: Floats, theta: float) -> Guard:
    """The same reckoning inside the before window cut in half, where nothing was tried, by the weeks ruler."""
    if len(before) < PLACEBO_WEEKS:
        return Guard("placebo", None, remarks.placebo_untold(PLACEBO_WEEKS))
    half = len(before) // 2
    other = float(before[half:].mean() - before[:half].mean())
    found = rulers.weeks(before[:half], before[half:])
    given = Interval(found.low, found.high) if found else None
    if survives(other, theta):
        return Guard("placebo", False, remarks.PLACEBO_FAILED, other, given)
    return Guard("placebo", True, remarks.PLACEBO_PASSED, other, given)


def selection(proof: Proof, needle: str, baseline: Window) -> Guard | None:
    """Teams picked by this needle's values in weeks of the baseline get better by themselves; None where they were not."""
    picked = proof.picked
    if picked is None or picked.needle != needle:
        return None
    if picked.weeks is None:
        return Guard("selection", False, remarks.PICKED_UNNAMED)
    if baseline.start >= picked.weeks[1]:
        return Guard("selection", True, remarks.PICKED_BEFORE)
    until = day_text(picked.weeks[1] - timedelta(days=1))
    return Guard("selection", False, remarks.picked_inside(until))


def few_teams(study: Study, permuted: float | None) -> Guard | None:
    """With fewer than four treated teams beside a comparison: other choices of teams must not show as much."""
    if permuted is None or study.compared is None:
        return None
    mine, theirs = len(study.treated.teams), len(study.compared.teams)
    if permuted <= rulers.ALPHA:
        return Guard("few teams", True, remarks.CHOICES_PASSED, permuted)
    if 1 / math.comb(mine + theirs, mine) > rulers.ALPHA:
        return Guard("few teams", False, remarks.choices_too_few(mine, theirs), permuted)
    return Guard("few teams", False, remarks.choices_failed(mine), permuted)


def definition(changed: tuple[str, ...]) -> Guard | None:
    """A source that changed inside the windows; None where none did."""
    if not changed:
        return None
    return Guard("definition", False, remarks.definition_failed(changed))


def history(study: Study, theta: float) -> Guard | None:
    """With two years or more: the effect must exceed what the same windows give at 95 % of earlier dates; None without."""
    first = _first_day(study)
    weeks = (study.timeline.before.end - first).days // 7
    if weeks < LONG_HISTORY:
        return None
    others = np.abs(_earlier(study, first))
    if len(others) < FEWEST_EARLIER:
        return None
    bound = float(np.quantile(others, 0.95, method="higher"))
    if abs(theta) > bound:
        return Guard("history", True, remarks.HISTORY_PASSED, bound)
    return Guard("history", False, remarks.HISTORY_FAILED, bound)


def _first_day(study: Study) -> date:
    """The first day of which facts are known."""
    facts = study.treated.facts
    if not len(facts):
        return study.timeline.before.end
    return max(study.ground.covers.start, datetime.fromtimestamp(float(facts.start.min()), UTC).date())


def _earlier(study: Study, first: date) -> Floats:
    """θ of the same windows at earlier dates, every four weeks, each after window over before the real start."""
    timeline = study.timeline
    length = (timeline.after.end - timeline.before.end).days // 7
    room = (timeline.before.start - first).days // 7
    step = HISTORY_STEP if len(study.facts) <= LARGE else max(HISTORY_STEP, room // FEWEST_EARLIER)
    found = []
    for weeks in range(length, room + 1, step):
        moved = timeline.with_windows(shifted(timeline.before, -weeks), shifted(timeline.after, -weeks))
        theta = study.at(moved)
        if theta is not None:
            found.append(theta)
    return np.array(found)


def truncated(study: Study) -> bool:
    """Whether the extract seems to hold finished durations only: at least four open ones are to be expected, none is there.

    Expected: Σ P(T > time left until the window's end) over the facts of the after window, with the curve of their own
    closed spans, which leans to the short side and so towards no alarm.
    """
    cohorts = study.treated.cohorts
    if cohorts is None or study.facts.end is None or not np.isfinite(study.facts.end).all():
        return False
    return _expected_open(cohorts[1], study) >= EXPECTED_OPEN


def _expected_open(after: Cohort, study: Study) -> float:
    if not after.opened or not after.curve.closed.all():
        return 0.0
    timeline, facts = study.timeline, study.treated.facts
    inside = facts.where(timeline.week_of(facts.start, timeline.after, facts.late) >= 0)
    left = (timeline.ends(timeline.after, inside.late, len(inside)) - inside.start) / DAY
    index = np.searchsorted(after.curve.times, left, side="right")
    return float(np.r_[1.0, after.curve.survival][index].sum())
