"""The sentences of a report in English: what may be said of an Evidence, and no more (EVIDENCE §4).

The verdict decides the verb. Only grades A and B may say 'fell' or 'rose' of a proof; grade C says 'was lower' or
'was higher'. A percentage never stands without its from and to, an interval always has two sides.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reportkit.english.amounts import (
    agrees,
    arrow,
    detectable,
    effect,
    from_to,
    guarded,
    guarded_interval,
    interval,
    known,
    of_what,
    size,
    size_interval,
    too_small,
    verb,
)
from reportkit.english.definitions import counted, state, summary_rule
from reportkit.english.words import count, group_of, is_plural, listed, lower_first, percent, stopped, upper_first
from reportkit.model.evidence import Evidence, Grade, Level, Verdict
from reportkit.model.needle import Needle
from reportkit.model.period import day_text
from reportkit.model.unit import COUNT, plural

if TYPE_CHECKING:  # by pydantic, which pages do without
    from reportkit.model.params import Proof

__all__ = [
    "BENEATH", "GRADES", "UNDER", "VERDICTS", "arrow", "beneath", "count", "effect", "facts_brief", "facts_line", "guarded", "guarded_interval", "interval",
    "listed", "lower_first", "percent", "sentence", "state", "summary_rule", "upper_first",
]  # fmt: skip

VERDICTS = {
    Verdict.MOVED: "Moved",
    Verdict.GOT_WORSE: "Got worse",
    Verdict.HELD: "Held",
    Verdict.NO_MATERIAL_CHANGE: "No material change",
    Verdict.NOT_SHOWN: "Not shown",
    Verdict.NOT_ENOUGH_DATA: "Not enough data",
    Verdict.INTERIM: "Interim",
}
GRADES = {
    Grade.A: "A: compared with teams that carried on as before",
    Grade.B: "B: before and after in several teams, none to compare with",
    Grade.C: "C: too few teams to tell a change from their own ups and downs",
}


# ---- one needle ------------------------------------------------------------------------------------------------------


def sentence(evidence: Evidence, needle: Needle, proof: Proof) -> str:
    """What the evidence says of one needle: the sentences of EVIDENCE §4, each ending with a full stop."""
    match evidence.verdict:
        case Verdict.MOVED | Verdict.GOT_WORSE if evidence.causal:
            return _claim(evidence, needle, proof)
        case Verdict.HELD | Verdict.NO_MATERIAL_CHANGE:
            return _steady(evidence, needle, proof)
        case Verdict.INTERIM:
            levels = f" ({arrow(evidence, needle)} so far)" if known(evidence) else ""
            fixed = f"The read-out was fixed for {day_text(proof.read_out)}."
            return f"{labelled(evidence, needle)}: interim, no claim yet{levels}. {fixed}"
        case Verdict.NOT_ENOUGH_DATA:
            return f"{labelled(evidence, needle)}: not enough data. {stopped(evidence.reason)}".strip()
    return _not_shown(evidence, needle, proof)


def _claim(evidence: Evidence, needle: Needle, proof: Proof) -> str:
    if evidence.grade is Grade.A and evidence.comparison_before and evidence.comparison_after:
        there = count(len(evidence.comparison_teams), f"comparison {taker(proof)}")
        theirs = theirs_from_to(evidence.comparison_before, evidence.comparison_after, needle)
        meanwhile = f", while {there} went {theirs}" if theirs else ""
        return (
            f"{went(evidence, needle)} in {_proof_teams(evidence, proof)}{meanwhile}: {size(evidence, needle)} "
            f"than expected without the proof (95% CI {size_interval(evidence, needle)})."
        )
    across = count(len(evidence.teams), taker(proof))
    return f"{went(evidence, needle)} across {across}{_sized(evidence, needle)}. {alone(proof)}"


def alone(proof: Proof) -> str:
    return f"No {taker(proof)}s to compare with: other changes in the same weeks cannot be ruled out."


def went(evidence: Evidence, needle: Needle) -> str:
    """'Lead time fell from 20.4 to 4.5 days'; 'went' where the levels do not tell of the effect's direction."""
    told = verb(evidence) if agrees(evidence, needle) else "went"
    return f"{labelled(evidence, needle)} {told} {from_to(evidence, needle)}"


def labelled(evidence: Evidence, needle: Needle) -> str:
    """The needle as tested: 'Lead time for changes' for its median, else 'Typical lead time for changes'."""
    return f"Typical {lower_first(needle.label)}" if evidence.statistic == "typical" else needle.label


def _sized(evidence: Evidence, needle: Needle) -> str:
    if agrees(evidence, needle):
        return f" ({of_what(needle)}{effect(evidence, needle)}, 95% CI {interval(evidence, needle)})"
    held = "with each one's weight held fixed, that is"
    return f"; {held} {size(evidence, needle)} (95% CI {size_interval(evidence, needle)})"


def theirs_from_to(before: Level, after: Level, needle: Needle) -> str:
    """'from 12.3 to 15.7 days'; '' where one of the two is not known."""
    if not (math.isfinite(before.value) and math.isfinite(after.value)):
        return ""
    return f"from {needle.unit.number(before.value)} to {needle.unit.text(after.value)}"


def taker(proof: Proof) -> str:
    return group_of(proof.by)


def _proof_teams(evidence: Evidence, proof: Proof) -> str:
    """'the five proof teams', 'the proof team'."""
    noun = f"proof {taker(proof)}"
    return f"the {noun}" if len(evidence.teams) == 1 else f"the {count(len(evidence.teams), noun)}"


def _steady(evidence: Evidence, needle: Needle, proof: Proof) -> str:
    only = f", in {'this' if len(evidence.teams) == 1 else 'these'} {count(len(evidence.teams), taker(proof))} alone"
    where = only if evidence.grade is Grade.C and evidence.teams else ""
    told = f"({arrow(evidence, needle)}{_within(evidence, needle)})"
    if evidence.verdict is Verdict.HELD:
        return f"{labelled(evidence, needle)}: held {told}, inside the margin set beforehand{where}."
    small = "smaller than what was said beforehand to matter"
    return f"{labelled(evidence, needle)}: no material change {told}, {small}{where}."


def _within(evidence: Evidence, needle: Needle) -> str:
    """', comparison 15.6 → 16.3 days, 95% CI −12 to +43%': what stands beside from and to."""
    theirs = ""
    if evidence.grade is Grade.A and evidence.comparison_before and evidence.comparison_after:
        before, after = evidence.comparison_before.value, evidence.comparison_after.value
        if math.isfinite(before) and math.isfinite(after):
            theirs = f", comparison {needle.unit.number(before)} → {needle.unit.text(after)}"
    if evidence.interval is None:
        return theirs
    return f"{theirs}, {of_what(needle)}95% CI {interval(evidence, needle)}"


def _not_shown(evidence: Evidence, needle: Needle, proof: Proof) -> str:
    clear = evidence.interval is not None and evidence.interval.excludes(evidence.neutral)
    if evidence.grade is Grade.C and clear and agrees(evidence, needle):
        told = afterwards(evidence, needle)
        return f"In {_proof_teams(evidence, proof)} {told}. {stopped(evidence.reason)}".strip()
    within = _within(evidence, needle)
    word = "not shown" if clear else "no change shown"
    parts = (
        f"{labelled(evidence, needle)}: {word} ({arrow(evidence, needle)}{within}).",
        stopped(evidence.reason),
        _only(evidence, needle),
    )
    return " ".join(part for part in parts if part)


def _only(evidence: Evidence, needle: Needle) -> str:
    """'This proof could only have shown a rise of about 47% or more.'; grade C can show no effect of any size."""
    least = detectable(evidence, needle)
    if not least:
        return ""
    if evidence.sampled is not None and evidence.sampled.excludes(evidence.neutral) and evidence.grade is not Grade.C:
        return f"Apart from that, it could have shown {least}."  # what fails is a guard, not the size
    if too_small(evidence):
        return f"Not even {least} would have stood out."
    if evidence.grade is Grade.C:
        return f"Only {least} would have stood out at all."
    return f"This proof could only have shown {least}."


def facts_line(evidence: Evidence, needle: Needle) -> str:
    """What the numbers rest on: '412 changes in the 12 weeks before, 6 Apr – 28 Jun 2026, and 398 in the 12 weeks after, …'."""
    one, many = counted(needle)
    before, after = evidence.before, evidence.after
    first = f"{plural(before.facts, one, many)} in the {plural(before.weeks, 'week')} before, {before.window.label}"
    second = f"{COUNT.number(after.facts)} in the {plural(after.weeks, 'week')} after, {after.window.label}"
    return f"{first}{_still_open(before)}, and {second}{_still_open(after)}"


UNDER = {"typical": "typical", "median": "median", "p85": "P85"}
BENEATH = {
    "typical": "Typical: the geometric mean.", "median": "Median: half took no longer.", "p85": "P85: 85% took no longer.",
}  # fmt: skip


def beneath(evidence: Evidence, level: Level) -> tuple[tuple[str, float], ...]:
    """What stands under the level of a duration: the statistic that was not tested, and the P85; fields of the level, as known."""
    if evidence.verdict is Verdict.NOT_ENOUGH_DATA:
        return ()
    other = ("median", level.median) if evidence.statistic == "typical" else ("typical", level.typical)
    return tuple((name, value) for name, value in (other, ("p85", level.p85)) if math.isfinite(value))


def facts_brief(evidence: Evidence, needle: Needle) -> str:
    """The same for a row of a table: '412 changes before, 398 after (6 open)'."""
    parts = (plural(evidence.before.facts, *counted(needle)), COUNT.number(evidence.after.facts))
    opened = (level.facts - level.closed for level in (evidence.before, evidence.after))
    first, second = (
        f"{part} {when}{f' ({COUNT.number(n)} open)' if n > 0 else ''}"
        for part, when, n in zip(parts, ("before", "after"), opened, strict=True)
    )
    return f"{first}, {second}"


def _still_open(level: Level) -> str:
    left = level.facts - level.closed
    return f" ({COUNT.number(left)} still open)" if left > 0 else ""


def afterwards(e: Evidence, needle: Needle) -> str:
    """'SLA breaches were higher afterwards (3.7 → 12.4 a week)': what may be said at grade C."""
    was = "were" if is_plural(needle.label) else "was"
    low = e.after.value < e.before.value
    return f"{lower_first(labelled(e, needle))} {was} {'lower' if low else 'higher'} afterwards ({arrow(e, needle)})"
