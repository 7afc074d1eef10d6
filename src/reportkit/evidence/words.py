"""Reasons, designs, notes and methods in plain words: full sentences, no p values, right plurals."""

from __future__ import annotations

import math

from reportkit.evidence.cells import Cohort
from reportkit.evidence.facts import sums_up
from reportkit.evidence.study import ENOUGH_TEAMS, FACTS_A_TEAM, Study
from reportkit.model.evidence import Evidence, Grade
from reportkit.model.kind import Duration, Rate, Share, Stock
from reportkit.model.needle import Needle
from reportkit.model.period import WEEK, day_text
from reportkit.model.unit import COUNT, plural

INCLUDES = "the interval includes no change."
NO_VARIATION = "every fact is the same on either side of the start, so nothing tells how sure this is."
FEW = ("no", "one", "two", "three")
SEASON = 7 * 8  # days


def grade_c(teams: int, solid: int) -> str:
    """Why a grade C result is no claim: 'two teams and no comparison: this cannot be told from …'."""
    own = "its" if teams == 1 else "their"
    if solid < min(teams, ENOUGH_TEAMS) and teams >= ENOUGH_TEAMS:
        have = "none has" if solid == 0 else f"only {FEW[solid]} {'has' if solid == 1 else 'have'}"
        return (
            f"of the {COUNT.number(teams)} teams {have} {FACTS_A_TEAM} facts on either side, and there is no comparison: "
            f"this cannot be told from their own ups and downs."
        )
    count = f"{FEW[teams] if teams < len(FEW) else teams} {'team' if teams == 1 else 'teams'}"
    return f"{count} and no comparison: this cannot be told from {own} own ups and downs."


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


def unweighable(needle: Needle) -> str:
    """Why nothing can be weighed although there are facts enough."""
    return f"the {needle.facts[1]} of these weeks do not tell how sure a change would be."


def truncated(needle: Needle) -> str:
    """Why an extract without a single open fact is not believed."""
    return f"the extract seems to hold finished {needle.facts[1]} only: some of them should still be open, and none is."


def interim(study: Study) -> str:
    """Why there is no claim yet."""
    when = day_text(study.proof.read_out)
    first = min((study.proof.start, *study.proof.starts.values()))
    if study.ground.today <= first:
        return f"the proof starts on {day_text(first)}; its read-out was fixed for {when}."
    return f"the read-out was fixed for {when}, which has not come."


def design(evidence: Evidence) -> str:
    """'before and after in 5 teams, against 5 comparison teams'."""
    text = f"before and after in {plural(len(evidence.teams), 'team')}"
    if evidence.grade is Grade.A:
        return f"{text}, against {plural(len(evidence.comparison_teams), 'comparison team')}"
    return text


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
    many = needle.facts[1]
    when = "time that they were looked at" if needle.kind.until is None else "week"
    return f"{many[:1].upper()}{many[1:]} count once for every {when}, so that their share can be followed by week."


def _drawn_only(study: Study) -> str:
    if study.other is None or study.compared is not None:
        return ""
    count = len(study.other.teams)
    if count >= 4:
        return "The comparison teams are drawn but not used: they have too little data of their own."
    have = "have" if count > 1 else "has"
    return f"The comparison teams are drawn but not used: {FEW[count] if count else 'none'} of them {have} data in both windows, four are needed."


def _own_starts(study: Study) -> str:
    late = study.treated.facts.late
    if late is None or not len(late):
        return ""
    first, last = (study.proof.start + WEEK * int(n) for n in (late.min(), late.max()))
    beside = ", beside the same weeks of the comparison teams" if study.compared else ""
    return (
        f"Teams began on days of their own, about {day_text(first)} to {day_text(last)}; each is held against its own "
        f"start{beside}, and weeks are shown as counted from there."
    )


def _by_type(study: Study) -> str:
    types = study.facts.types
    if len(types) < 2:
        return ""
    named = " and ".join(types) if len(types) == 2 else f"{len(types)} types"
    return f"Weighed type by type ({named}), so that a changed mix of types is not taken for a change."


def _small(study: Study) -> str:
    """Teams that are weighed, but do not count among the four."""
    teams, solid = len(study.treated.teams), study.treated.solid
    if solid == teams or teams < ENOUGH_TEAMS:
        return ""
    few = plural(teams - solid, "team has", "teams have")
    return (
        f"{few} fewer than {FACTS_A_TEAM} {study.needle.facts[1]} on one side of the start: too few for a level of its own, "
        "so no grade rests on it."
        if teams - solid == 1
        else f"{few} fewer than {FACTS_A_TEAM} {study.needle.facts[1]} on one side of the start: too few for a level of "
        "their own, so no grade rests on them."
    )


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
    if sums_up(needle.kind):
        return (
            "Amounts are added up over complete weeks, weeks with holidays left out, for all teams of a group together: the teams "
            "that were there in both windows. Sums have no ruler of single facts; weeks and teams measure them."
        )
    if isinstance(needle.kind, Rate):
        return (
            "Events are counted over complete weeks, weeks with holidays left out, for all teams of a group together: the "
            "teams that were there in both windows."
        )
    if isinstance(needle.kind, Stock):
        return f"What is compared is how fast the number of open {many} grows or shrinks a week; its level is shown."
    return f"Sums are formed over complete weeks, one {one} counting where it happened."
