"""The sentences of a report in English: what may be said of an Evidence, and no more (EVIDENCE §4).

The verdict decides the verb. Only grades A and B may say 'fell' or 'rose' of a proof; grade C says 'was lower' or
'was higher'. A percentage never stands without its from and to, an interval always has two sides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reportkit.model.evidence import Evidence, Grade, Level, Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.model.period import Quarter, day_text
from reportkit.model.unit import COUNT, plural
from reportkit.narrative.amounts import (
    agrees,
    arrow,
    detectable,
    effect,
    excludes,
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
from reportkit.narrative.definitions import bare, counted, filled, state, stated, summary_rule
from reportkit.narrative.words import count, is_plural, listed, lower_first, percent, stopped, upper_first

__all__ = [
    "BENEATH", "GRADES", "VERDICTS", "arrow", "beneath", "count", "effect", "facts_brief", "facts_line", "guarded", "guarded_interval", "harm", "headline",
    "interval", "lede", "listed", "lower_first", "percent", "sentence", "state", "summary_rule", "upper_first",
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
OWN_UPS_AND_DOWNS = "with so few teams and no comparison, this cannot be told from their own ups and downs"
TAKERS = ("team", "service", "journey")  # what may take part in a proof, by the column that says so


# ---- one needle ------------------------------------------------------------------------------------------------------


def sentence(evidence: Evidence, needle: Needle, proof: Proof) -> str:
    """What the evidence says of one needle: the sentences of EVIDENCE §4, each ending with a full stop."""
    match evidence.verdict:
        case Verdict.MOVED | Verdict.GOT_WORSE if evidence.causal:
            return _claim(evidence, needle, proof)
        case Verdict.HELD | Verdict.NO_MATERIAL_CHANGE:
            return _steady(evidence, needle)
        case Verdict.INTERIM:
            levels = f" ({arrow(evidence, needle)} so far)" if known(evidence) else ""
            fixed = f"The read-out was fixed for {day_text(proof.read_out)}."
            return f"{_label(evidence, needle)}: interim, no claim yet{levels}. {fixed}"
        case Verdict.NOT_ENOUGH_DATA:
            return f"{_label(evidence, needle)}: not enough data. {stopped(evidence.reason)}".strip()
    return _not_shown(evidence, needle, proof)


def _claim(evidence: Evidence, needle: Needle, proof: Proof) -> str:
    if evidence.grade is Grade.A and evidence.comparison_before and evidence.comparison_after:
        there = count(len(evidence.comparison_teams), f"comparison {_taker(proof)}")
        theirs = _theirs(evidence.comparison_before, evidence.comparison_after, needle)
        meanwhile = f", while {there} went {theirs}" if theirs else ""
        return (
            f"{_went(evidence, needle)} in {_proof_teams(evidence, proof)}{meanwhile}: {size(evidence, needle)} "
            f"than expected without the proof (95% CI {size_interval(evidence, needle)})."
        )
    across = count(len(evidence.teams), _taker(proof))
    return f"{_went(evidence, needle)} across {across}{_sized(evidence, needle)}. {_alone(proof)}"


def _alone(proof: Proof) -> str:
    return f"No {_taker(proof)}s to compare with: other changes in the same weeks cannot be ruled out."


def told_in_lede(evidence: Evidence, needle: Needle) -> bool:
    """Whether the lede says all of a moved needle that its picture does not: from and to, and the comparison's."""
    return evidence.verdict is Verdict.MOVED and agrees(evidence, needle)


def beyond_lede(evidence: Evidence, proof: Proof) -> str:
    """What is left to be said below the picture of what the lede told: that there was nothing to compare with; else ''."""
    return "" if evidence.grade is Grade.A else _alone(proof)


def _went(evidence: Evidence, needle: Needle) -> str:
    """'Lead time fell from 20.4 to 4.5 days'; 'went' where the levels do not tell of the effect's direction."""
    told = verb(evidence) if agrees(evidence, needle) else "went"
    return f"{_label(evidence, needle)} {told} {from_to(evidence, needle)}"


def _label(evidence: Evidence, needle: Needle) -> str:
    """The needle as tested: 'Lead time for changes' for its median, else 'Typical lead time for changes'."""
    return f"Typical {lower_first(needle.label)}" if evidence.statistic == "typical" else needle.label


def _sized(evidence: Evidence, needle: Needle) -> str:
    if agrees(evidence, needle):
        return f" ({of_what(needle)}{effect(evidence, needle)}, 95% CI {interval(evidence, needle)})"
    held = "with each one's weight held fixed, that is"
    return f"; {held} {size(evidence, needle)} (95% CI {size_interval(evidence, needle)})"


def _theirs(before: Level, after: Level, needle: Needle) -> str:
    """'from 12.3 to 15.7 days'; '' where one of the two is not known."""
    if not (math.isfinite(before.value) and math.isfinite(after.value)):
        return ""
    return f"from {needle.unit.number(before.value)} to {needle.unit.text(after.value)}"


def _taker(proof: Proof) -> str:
    return proof.by if proof.by in TAKERS else "group"


def _proof_teams(evidence: Evidence, proof: Proof) -> str:
    """'the five proof teams', 'the proof team'."""
    noun = f"proof {_taker(proof)}"
    return f"the {noun}" if len(evidence.teams) == 1 else f"the {count(len(evidence.teams), noun)}"


def _steady(evidence: Evidence, needle: Needle) -> str:
    only = f", in {'this' if len(evidence.teams) == 1 else 'these'} {count(len(evidence.teams), 'team')} alone"
    where = only if evidence.grade is Grade.C and evidence.teams else ""
    told = f"({arrow(evidence, needle)}{_within(evidence, needle)})"
    if evidence.verdict is Verdict.HELD:
        return f"{_label(evidence, needle)}: held {told}, inside the margin set beforehand{where}."
    small = "smaller than what was said beforehand to matter"
    return f"{_label(evidence, needle)}: no material change {told}, {small}{where}."


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
    clear = evidence.interval is not None and excludes(evidence.interval, evidence.scale)
    if evidence.grade is Grade.C and clear and agrees(evidence, needle):
        told = _afterwards(evidence, needle)
        return f"In {_proof_teams(evidence, proof)} {told}. {stopped(evidence.reason)}".strip()
    within = _within(evidence, needle)
    word = "not shown" if clear else "no change shown"
    parts = (
        f"{_label(evidence, needle)}: {word} ({arrow(evidence, needle)}{within}).",
        stopped(evidence.reason),
        _only(evidence, needle),
    )
    return " ".join(part for part in parts if part)


def _only(evidence: Evidence, needle: Needle) -> str:
    """'This proof could only have shown a rise of about 47% or more.'; grade C can show no effect of any size."""
    least = detectable(evidence, needle)
    if not least:
        return ""
    if evidence.sampled is not None and excludes(evidence.sampled, evidence.scale) and evidence.grade is not Grade.C:
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


BENEATH = {
    "typical": "Typical: the geometric mean.", "median": "Median: half took no longer.", "P85": "P85: 85% took no longer.",
}  # fmt: skip


def beneath(evidence: Evidence, level: Level) -> tuple[tuple[str, float], ...]:
    """What stands under the level of a duration: the statistic that was not tested, and the P85, those that are known."""
    other = ("median", level.median) if evidence.statistic == "typical" else ("typical", level.typical)
    return tuple((name, value) for name, value in (other, ("P85", level.p85)) if math.isfinite(value))


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


# ---- the whole report ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How the problem's needle stands in the quarter.

    `earlier`: a quarter before, NaN where that is not known or rests on too little to be held against it. `waiting`: facts
    still open that `now` leaves out, where they are many. `few`: the facts behind `now`, where they are few.
    """

    now: float
    earlier: float = math.nan
    waiting: int = 0
    few: int = 0


def headline(lead: Evidence | None, needle: Needle, proof: Proof | None, standing: Standing) -> str:
    """The report's finding: what moved where the evidence carries it, else the problem as a number, now.

    Where no proof has a say in that number, the quarter before stands beside it as a fact, never as an effect.
    """
    if lead is not None and lead.needle == needle.key and lead.causal and agrees(lead, needle):
        return f"{_finding(lead, needle)}."
    if not math.isfinite(standing.now):
        return f"{state(needle, standing.now)}{_pending(lead, needle, proof)}."
    told = stated(needle, _aloud(needle, standing.now))
    more = f" ({plural(standing.few, *needle.facts)})" if standing.few else ""
    more += f", not counting {COUNT.number(standing.waiting)} that still wait" if standing.waiting else ""
    return f"{told}{more}{_pending(lead, needle, proof) or _earlier(needle, standing)}."


def _earlier(needle: Needle, standing: Standing) -> str:
    """', after 23% a quarter earlier'; '' where that is not known or sounds the same."""
    before = bare(needle, _aloud(needle, standing.earlier))
    if not before or before == bare(needle, _aloud(needle, standing.now)):
        return ""
    return f", after {'none' if before == '0' else before} a quarter earlier"


def no_facts(problem: str) -> str:
    """The headline where nothing puts a number on the problem."""
    return f"{problem} No facts to put a number on it yet."


def no_proof(quarter: Quarter) -> str:
    """The lede of a report without a proof."""
    return f"No proof of concept for this report was read out in {quarter.label}: these are the numbers as they stand."


def _finding(lead: Evidence, needle: Needle) -> str:
    before, after = _aloud(needle, lead.before.value), _aloud(needle, lead.after.value)
    if before == after:
        before, after = needle.unit.text(lead.before.value), needle.unit.text(lead.after.value)
    tail = f" {needle.unit.many}"
    if before.endswith(tail) and after.endswith(tail):
        before = before.removesuffix(tail)  # '3 days instead of 14'
    return filled(needle.finding, needle, before=before, after=after) or _went(lead, needle)


def _aloud(needle: Needle, value: float) -> str:
    return needle.unit.round(value) if math.isfinite(value) else ""


def _pending(lead: Evidence | None, needle: Needle, proof: Proof | None) -> str:
    """What follows the problem's number: that a proof is running, or what it is not shown to have done."""
    if lead is None or proof is None:
        return ""
    if lead.verdict is Verdict.INTERIM:
        teams = len(lead.teams)
        if proof.treated == "all" or not teams:
            return f"; {proof.tried} is being tried"
        return f"; {count(teams, _taker(proof))} {'is' if teams == 1 else 'are'} trying {proof.tried}"
    if lead.needle != needle.key:
        return ""  # the evidence is on another needle than the one just told
    name = lower_first(proof.name)
    if lead.causal:
        return f", {size(lead, needle)} than expected without {name}"
    told = {
        Verdict.NOT_ENOUGH_DATA: f"; there is too little data to say what {name} did to that",
        Verdict.NO_MATERIAL_CHANGE: f"; no material change with {name}",
        Verdict.HELD: f"; no material change with {name}",
    }
    return told.get(lead.verdict, f"; {name} is not shown to have changed that")


def lede(evidence: Sequence[tuple[Evidence, Needle]], proof: Proof, elsewhere: str = "") -> str:
    """Two or three sentences: what was tried, by whom, for how long, what moved, and what got worse, `elsewhere` too."""
    head = [pair for pair in evidence if pair[0].headline]
    worse = _worse(evidence)
    if elsewhere and not any(e.verdict is Verdict.GOT_WORSE or _looks_worse(e, n) for e, n in evidence):
        worse = ""
    parts = (_tried(evidence, head, proof), *_came_of_it(head, proof), worse, elsewhere)
    return " ".join(part for part in parts if part)


def _tried(evidence: Sequence[tuple[Evidence, Needle]], head: Sequence[tuple[Evidence, Needle]], proof: Proof) -> str:
    """The first sentence: 'Five teams tried one shared path to production for 12 weeks.'."""
    teams = max((len(e.teams) for e, _ in head), default=0)
    who = upper_first(count(teams, _taker(proof))) if teams else f"The {_taker(proof)}s of the proof"
    if proof.treated == "all":
        who = f"All {_taker(proof)}s"
    weeks = max((e.after.weeks for e, _ in evidence), default=0)
    for_long = f" for {count(weeks, 'week')}" if weeks else ""
    running = any(e.verdict is Verdict.INTERIM for e, _ in head)
    verb_ = ("has" if teams == 1 and proof.treated != "all" else "have") + " tried" if running else "tried"
    return f"{who} {verb_} {proof.tried}{for_long}{' so far' if running and weeks else ''}."


def _came_of_it(head: Sequence[tuple[Evidence, Needle]], proof: Proof) -> list[str]:
    moved = [(e, n) for e, n in head if e.verdict is Verdict.MOVED and e.causal]
    if moved:
        rest = [lower_first(n.label) for e, n in head if e.verdict is Verdict.NOT_SHOWN]
        return [_moved_sentence(*moved[0], proof), *([f"No change is shown in {listed(rest)}."] if rest else [])]
    verdicts = {e.verdict for e, _ in head}
    if Verdict.INTERIM in verdicts:
        return [f"It is too early to claim anything: the read-out was fixed for {day_text(proof.read_out)}."]
    if Verdict.GOT_WORSE in verdicts:
        return []
    if verdicts == {Verdict.NOT_ENOUGH_DATA}:
        return ["There is not enough data to say what came of it."]
    if verdicts and verdicts <= {Verdict.NO_MATERIAL_CHANGE, Verdict.HELD}:
        return ["What it bet on did not change by as much as was said beforehand to matter."]
    return ["Nothing that it bet on is shown to have changed."]


def _moved_sentence(e: Evidence, needle: Needle, proof: Proof) -> str:
    text = f"Their {lower_first(_went(e, needle))}"
    if e.comparison_before and e.comparison_after and e.grade is Grade.A:
        theirs = _theirs(e.comparison_before, e.comparison_after, needle)
        if theirs:
            others = count(len(e.comparison_teams), _taker(proof))
            return f"{text}, while {others} that carried on as before went {theirs}."
    return f"{text}."


def harm(evidence: Sequence[tuple[Evidence, Needle]], proof: Proof) -> str:
    """What got worse in another proof than the leading one, as a sentence; '' where nothing did."""
    worse = [_worse_clause(e, n) for e, n in evidence if e.verdict is Verdict.GOT_WORSE and e.causal]
    did = f"Another proof did harm: with {lower_first(proof.name)}, {listed(worse)}." if worse else ""
    doubtful = [_afterwards(e, n) for e, n in evidence if _looks_worse(e, n)]
    if not doubtful:
        return did
    where = "With it" if worse else f"In another proof, {lower_first(proof.name)},"
    return f"{did} {where} {listed(doubtful)}; {OWN_UPS_AND_DOWNS}.".strip()


def _looks_worse(e: Evidence, needle: Needle) -> bool:
    """Whether a grade C needle stood clearly worse afterwards: no claim, and no secret either."""
    clear = e.interval is not None and excludes(e.interval, e.scale)
    return e.grade is Grade.C and e.verdict is Verdict.NOT_SHOWN and clear and e.good is False and agrees(e, needle)


def _afterwards(e: Evidence, needle: Needle) -> str:
    """'SLA breaches were higher afterwards (3.7 → 12.4 a week)': what may be said at grade C."""
    was = "were" if is_plural(needle.label) else "was"
    low = e.after.value < e.before.value
    return f"{lower_first(_label(e, needle))} {was} {'lower' if low else 'higher'} afterwards ({arrow(e, needle)})"


def _worse(evidence: Sequence[tuple[Evidence, Needle]]) -> str:
    worse = [(e, n) for e, n in evidence if e.verdict is Verdict.GOT_WORSE and e.causal]
    doubtful = [_afterwards(e, n) for e, n in evidence if _looks_worse(e, n)]
    doubt = f"{upper_first(listed(doubtful))}; {OWN_UPS_AND_DOWNS}." if doubtful else ""
    if not worse:
        if doubt:
            return doubt
        unjudged = (Verdict.INTERIM, Verdict.NOT_ENOUGH_DATA)
        judged = any(e.verdict not in unjudged and e.grade is not Grade.C for e, _ in evidence)
        return "No needle is shown to have got worse." if judged else ""
    told = listed([_worse_clause(e, n) for e, n in worse])
    lead = "One needle got worse" if len(worse) == 1 else f"{upper_first(count(len(worse), 'needle'))} got worse"
    return f"{lead}: {told}. {doubt}".strip()


def _worse_clause(e: Evidence, needle: Needle) -> str:
    text = lower_first(_went(e, needle))
    return text if agrees(e, needle) else f"{text}, {size(e, needle)} than expected without the proof"
