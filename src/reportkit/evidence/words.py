"""Reasons, designs, notes and methods in plain words: full sentences, no p values, right plurals."""

from __future__ import annotations

import math

from reportkit.evidence.cells import Cohort
from reportkit.evidence.study import Study
from reportkit.model.evidence import Evidence, Grade
from reportkit.model.kind import Duration, Rate, Stock
from reportkit.model.needle import Needle
from reportkit.model.period import day_text
from reportkit.model.unit import plural

INCLUDES = "the interval includes no change."
NO_VARIATION = "every fact is the same on either side of the start, so nothing tells how sure this is."
FEW = ("no", "one", "two", "three")
SEASON = 7 * 8  # days


def grade_c(teams: int) -> str:
    """Why a grade C result is no claim: 'two teams and no comparison: this cannot be told from …'."""
    count = f"{FEW[teams] if teams < len(FEW) else teams} {'team' if teams == 1 else 'teams'}"
    return f"{count} and no comparison: this cannot be told from {'its' if teams == 1 else 'their'} own ups and downs."


def disagree(evidence: Evidence) -> str:
    """Where the widest interval leaves out no change and another ruler does not."""
    doubtful = max(evidence.rulers, key=lambda r: r.p).name
    if doubtful == "items":
        return f"single facts vary too much for {plural(evidence.before.facts + evidence.after.facts, 'of them', 'of them')} to tell it from chance."
    return f"measured {doubtful[:-1]} by {doubtful[:-1]}, it cannot be told from chance."


def among_others(evidence: Evidence) -> str:
    """Why a claim that stands alone is not made in company."""
    if evidence.headline:
        return f"it would stand alone, but not among the {evidence.headlines} headline needles that were declared."
    return "it would stand alone, but not among the needles that were weighed beside it."


def truncated(needle: Needle) -> str:
    """Why an extract without a single open fact is not believed."""
    return f"the extract seems to hold finished {needle.facts[1]} only: some of them should still be open, and none is."


def interim(study: Study) -> str:
    """Why there is no claim yet."""
    when = day_text(study.proof.read_out)
    if study.ground.today <= study.proof.start:
        return f"the proof starts on {day_text(study.proof.start)}; its read-out was fixed for {when}."
    return f"the read-out was fixed for {when}, which has not come."


def design(evidence: Evidence) -> str:
    """'before and after in 5 teams, against 5 comparison teams'."""
    text = f"before and after in {plural(len(evidence.teams), 'team')}"
    if evidence.grade is Grade.A:
        return f"{text}, against {plural(len(evidence.comparison_teams), 'comparison team')}"
    return text


def notes(study: Study) -> tuple[str, ...]:
    """Footnotes that belong beside the verdict, each a sentence."""
    found = (_drawn_only(study), _seasons(study), _half_event(study), _unusable(study), _coarse(study))
    return tuple(note for note in found if note)


def _drawn_only(study: Study) -> str:
    if study.other is None or study.compared is not None:
        return ""
    count = len(study.other.teams)
    if count >= 4:
        return "The comparison teams are drawn but not used: they have too little data of their own."
    have = "have" if count > 1 else "has"
    return f"The comparison teams are drawn but not used: {FEW[count] if count else 'none'} of them {have} data in both windows, four are needed."


def _seasons(study: Study) -> str:
    """Windows in different seasons, with nothing to compare with."""
    if study.compared is not None:
        return ""
    before, after = study.timeline.before, study.timeline.after
    apart = ((after.start - before.start).days + (after.end - before.end).days) / 2 % 365.25
    if SEASON <= apart <= 365.25 - SEASON:
        return "Before and after lie in different seasons, so a yearly pattern cannot be ruled out."
    return ""


def _half_event(study: Study) -> str:
    opened = study.treated.opened
    if not isinstance(study.needle.kind, Rate) or min(opened) > 0 or max(opened) == 0:
        return ""
    which = "before" if opened[0] == 0 else "after"
    return f"There were no {study.needle.facts[1]} {which} the start: half of one is reckoned there, so that a ratio can be formed."


def _unusable(study: Study) -> str:
    count = study.facts.dropped
    if not count:
        return ""
    one, many = study.needle.facts
    verb = "was" if count == 1 else "were"
    return f"{plural(count, one, many)} {verb} left out: no usable time or number, or an end before the start."


def _coarse(study: Study) -> str:
    """Where the median had to be interpolated."""
    if study.proof.statistic != "median" or not study.treated.cohorts:
        return ""
    if not any(_interpolated(cohort) for cohort in study.treated.cohorts):
        return ""
    return (
        f"Many {study.needle.facts[1]} share the same span, so the median is interpolated between neighbouring values."
    )


def _interpolated(cohort: Cohort) -> bool:
    plain = cohort.curve.quantile(0.5)
    return cohort.median is not None and abs(cohort.median.log - math.log(plain)) > 1e-9


def method(evidence: Evidence, needle: Needle) -> str:
    """How the evidence was worked out, in plain words."""
    what = _what(evidence, needle)
    how = "Each team has the same weight before and after, so that a shift of work between teams is not taken for a change"
    if evidence.grade is Grade.A:
        how += "; the change in the comparison teams is taken off"
    sure = "The interval is the widest of those that single facts, weeks and teams give."
    return f"{what} {how}. {sure}"


def _what(evidence: Evidence, needle: Needle) -> str:
    one, many = needle.facts
    if isinstance(needle.kind, Duration):
        text = (
            "A duration belongs to the window in which it began; one still open when its window ended counts as unfinished "
            "and is not left out (Kaplan–Meier)."
        )
        if evidence.statistic == "typical":
            text += " The typical value is the geometric mean, spans cut at 0.8 of the shorter window."
        return text
    if isinstance(needle.kind, Rate):
        return (
            "Events are counted over complete weeks, weeks with holidays left out, for all teams of a group together: the "
            "teams that were there in both windows."
        )
    if isinstance(needle.kind, Stock):
        return f"What is compared is how fast the number of open {many} grows or shrinks a week; its level is shown."
    return f"Sums are formed over complete weeks, one {one} counting where it happened."
