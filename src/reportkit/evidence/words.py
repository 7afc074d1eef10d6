"""Which reasons, designs, notes and methods an evidence has, each in plain words: full sentences, no p values, right plurals."""

from __future__ import annotations

import math

from reportkit.english import reasons, remarks
from reportkit.evidence.cells import Cohort
from reportkit.evidence.facts import sums_up
from reportkit.evidence.study import ENOUGH_TEAMS, FACTS_A_TEAM, Study
from reportkit.model.evidence import Evidence, Grade
from reportkit.model.kind import Duration, Rate, Share, Stock
from reportkit.model.needle import Needle
from reportkit.model.period import WEEK, day_text

INCLUDES, NO_VARIATION = reasons.INCLUDES, reasons.NO_VARIATION
SEASON = 7 * 8  # days


def grade_c(teams: int, solid: int) -> str:
    """Why a grade C result is no claim: 'two teams and no comparison: this cannot be told from …'."""
    if solid < min(teams, ENOUGH_TEAMS) and teams >= ENOUGH_TEAMS:
        return reasons.few_solid(teams, solid, FACTS_A_TEAM)
    return reasons.few_teams(teams)


def disagree(evidence: Evidence) -> str:
    """Where the widest interval leaves out no change and another ruler does not."""
    doubtful = max((r for r in evidence.rulers if r.name != "trend"), key=lambda r: r.p).name
    if doubtful == "items":
        return reasons.single_facts(evidence.before.facts + evidence.after.facts)
    return reasons.measured_by(doubtful)


def among_others(evidence: Evidence) -> str:
    """Why a claim that stands alone is not made in company."""
    if evidence.headline:
        return reasons.not_among(evidence.headlines)
    return reasons.NOT_AMONG_OTHERS


def interim(study: Study) -> str:
    """Why there is no claim yet."""
    when = day_text(study.proof.read_out)
    first = min((study.proof.start, *study.proof.starts.values()))
    if study.ground.today <= first:
        return reasons.not_begun(day_text(first), when)
    return reasons.not_read_out(when)


def design(evidence: Evidence) -> str:
    """'before and after in 5 teams, against 5 comparison teams'."""
    return remarks.design(len(evidence.teams), len(evidence.comparison_teams) if evidence.grade is Grade.A else 0)


def notes(study: Study) -> tuple[str, ...]:
    """Footnotes that belong beside the verdict, each a sentence."""
    found = (
        _again_and_again(study.needle), _drawn_only(study), _own_starts(study), _by_type(study), _small(study), _seasons(study), _half_event(study),
        _unusable(study), _coarse(study),
    )  # fmt: skip
    return tuple(note for note in found if note)


def _again_and_again(needle: Needle) -> str:
    """Where what is looked at every so often counts once for each look."""
    if not isinstance(needle.kind, Share) or (needle.kind.each is None and needle.kind.until is None):
        return ""
    return remarks.again_and_again(needle, looked=needle.kind.until is None)


def _drawn_only(study: Study) -> str:
    if study.other is None or study.compared is not None:
        return ""
    count = len(study.other.teams)
    if count >= 4:
        return remarks.UNUSED
    return remarks.drawn_only(count)


def _own_starts(study: Study) -> str:
    late = study.treated.facts.late
    if late is None or not len(late):
        return ""
    first, last = (study.proof.start + WEEK * int(n) for n in (late.min(), late.max()))
    return remarks.own_starts(day_text(first), day_text(last), compared=study.compared is not None)


def _by_type(study: Study) -> str:
    types = study.facts.types
    if len(types) < 2:
        return ""
    return remarks.by_type(types)


def _small(study: Study) -> str:
    """Teams that are weighed, but do not count among the four."""
    teams, solid = len(study.treated.teams), study.treated.solid
    if solid == teams or teams < ENOUGH_TEAMS:
        return ""
    return remarks.small(teams - solid, FACTS_A_TEAM, study.needle)


def _seasons(study: Study) -> str:
    """Windows in different seasons, with nothing to compare with."""
    if study.compared is not None:
        return ""
    before, after = study.timeline.before, study.timeline.after
    apart = ((after.start - before.start).days + (after.end - before.end).days) / 2 % 365.25
    if SEASON <= apart <= 365.25 - SEASON:
        return remarks.SEASONS
    return ""


def _half_event(study: Study) -> str:
    opened = study.treated.opened
    if not isinstance(study.needle.kind, Rate) or min(opened) > 0 or max(opened) == 0:
        return ""
    return remarks.half_event(study.needle, reasons.BEFORE if opened[0] == 0 else reasons.AFTER)


def _unusable(study: Study) -> str:
    count = study.facts.dropped
    return remarks.unusable(count, study.needle) if count else ""


def _coarse(study: Study) -> str:
    """Where the median had to be interpolated."""
    if study.proof.statistic != "median" or not study.treated.cohorts:
        return ""
    if not any(_interpolated(cohort) for cohort in study.treated.cohorts):
        return ""
    return remarks.coarse(study.needle)


def _interpolated(cohort: Cohort) -> bool:
    plain = cohort.curve.quantile(0.5)
    return cohort.median is not None and abs(cohort.median.log - math.log(plain)) > 1e-9


def method(evidence: Evidence, needle: Needle) -> str:
    """How the evidence was worked out, in plain words."""
    return remarks.method(_what(evidence, needle), compared=evidence.grade is Grade.A)


def _what(evidence: Evidence, needle: Needle) -> str:
    if isinstance(needle.kind, Duration):
        return f"{remarks.DURATIONS} {remarks.TYPICAL}" if evidence.statistic == "typical" else remarks.DURATIONS
    if sums_up(needle.kind):
        return remarks.ADDED
    if isinstance(needle.kind, Rate):
        return remarks.COUNTED
    return remarks.stock_method(needle) if isinstance(needle.kind, Stock) else remarks.sum_method(needle)
