"""The headline of a report and the sentences below it: what was tried, what came of it, and what got worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reportkit.english import headings
from reportkit.english.amounts import agrees, size
from reportkit.english.definitions import bare, filled, state, stated
from reportkit.english.sentences import afterwards, alone, taker, theirs_from_to, went
from reportkit.english.words import all_of, count, listed, lower_first, upper_first
from reportkit.model.evidence import Evidence, Grade, Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.model.period import Quarter, day_text
from reportkit.model.unit import COUNT, plural

OWN_UPS_AND_DOWNS = "with nobody to compare with, this cannot be told from their own ups and downs"


@dataclass(frozen=True)
class Standing:
    """How the problem's needle stands in the quarter.

    `earlier`: a quarter before, NaN where that is not known or rests on too little to be held against it. `waiting`: facts
    still open that `now` leaves out, where they are many. `few`: the facts behind `now`, where they are few.
    `covered`: the days behind `now`, where they are but a part of the quarter.
    """

    now: float
    earlier: float = math.nan
    waiting: int = 0
    few: int = 0
    covered: str = ""


def headline(lead: Evidence | None, needle: Needle, proof: Proof | None, standing: Standing) -> str:
    """The report's finding: what moved where the evidence carries it, else the problem as a number, now.

    Where no proof has a say in that number, the quarter before stands beside it as a fact, never as an effect.
    """
    if lead is not None and lead.needle == needle.key and lead.causal and agrees(lead, needle):
        return f"{_finding(lead, needle)}."
    if not math.isfinite(standing.now):
        return f"{state(needle, standing.now)}{_pending(lead, needle, proof)}."
    told = stated(needle, _aloud(needle, standing.now))
    more = _rests_on(needle, standing)
    more += f", not counting {COUNT.number(standing.waiting)} that still wait" if standing.waiting else ""
    return f"{told}{more}{_pending(lead, needle, proof) or _earlier(needle, standing)}."


def _rests_on(needle: Needle, standing: Standing) -> str:
    """' (7 launches; only 1 Jul – 14 Aug 2026 is covered)'; '' for a number that rests on a whole quarter and on facts enough."""
    told = [plural(standing.few, *needle.facts)] if standing.few else []
    told += [headings.only_covered(standing.covered)] if standing.covered else []
    return f" ({'; '.join(told)})" if told else ""


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


def no_evidence(proofs: Sequence[Proof]) -> str:
    """The lede of a report with proofs of which nothing can be weighed."""
    tried = f"What came of {listed([lower_first(proof.name) for proof in proofs])} cannot be said"
    return f"{tried}: the facts that would show it are not in the extract. These are the numbers as they stand."


def _finding(lead: Evidence, needle: Needle) -> str:
    before, after = _aloud(needle, lead.before.value), _aloud(needle, lead.after.value)
    if before == after:
        before, after = needle.unit.text(lead.before.value), needle.unit.text(lead.after.value)
    tail = f" {needle.unit.many}"
    if before.endswith(tail) and after.endswith(tail):
        before = before.removesuffix(tail)  # '3 days instead of 14'
    return filled(needle.finding, needle, before=before, after=after) or went(lead, needle)


def _aloud(needle: Needle, value: float) -> str:
    return needle.unit.round(value) if math.isfinite(value) else ""


def _pending(lead: Evidence | None, needle: Needle, proof: Proof | None) -> str:
    """What follows the problem's number: that a proof is running, or what it is not shown to have done."""
    if lead is None or proof is None:
        return ""
    if lead.verdict is Verdict.INTERIM:
        teams = len(lead.teams)
        if proof.everyone(lead.left_out) or not teams:
            return f"; {proof.tried} is being tried"
        return f"; {count(teams, taker(proof))} {'is' if teams == 1 else 'are'} trying {proof.tried}"
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
    who = upper_first(count(teams, taker(proof))) if teams else f"The {taker(proof)}s of the proof"
    everyone = proof.everyone([team for e, _ in head for team in e.left_out])
    if everyone:
        who = upper_first(all_of(proof.by))
    weeks = max((e.after.weeks for e, _ in evidence), default=0)
    for_long = f" for {count(weeks, 'week')}" if weeks else ""
    running = any(e.verdict is Verdict.INTERIM for e, _ in head)
    verb_ = ("has" if teams == 1 and not everyone else "have") + " tried" if running else "tried"
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
    text = f"Their {lower_first(went(e, needle))}"
    if e.comparison_before and e.comparison_after and e.grade is Grade.A:
        theirs = theirs_from_to(e.comparison_before, e.comparison_after, needle)
        if theirs:
            others = count(len(e.comparison_teams), taker(proof))
            return f"{text}, while {others} that carried on as before went {theirs}."
    return f"{text}."


def harm(evidence: Sequence[tuple[Evidence, Needle]], proof: Proof) -> str:
    """What got worse in another proof than the leading one, as a sentence; '' where nothing did."""
    worse = [_worse_clause(e, n) for e, n in evidence if e.verdict is Verdict.GOT_WORSE and e.causal]
    did = f"Another proof did harm: with {lower_first(proof.name)}, {listed(worse)}." if worse else ""
    doubtful = [afterwards(e, n) for e, n in evidence if _looks_worse(e, n)]
    if not doubtful:
        return did
    where = "With it" if worse else f"In another proof, {lower_first(proof.name)},"
    return f"{did} {where} {listed(doubtful)}; {OWN_UPS_AND_DOWNS}.".strip()


def _looks_worse(e: Evidence, needle: Needle) -> bool:
    """Whether a grade C needle stood clearly worse afterwards: no claim, and no secret either."""
    clear = e.interval is not None and e.interval.excludes(e.neutral)
    return e.grade is Grade.C and e.verdict is Verdict.NOT_SHOWN and clear and e.good is False and agrees(e, needle)


def _worse(evidence: Sequence[tuple[Evidence, Needle]]) -> str:
    worse = [(e, n) for e, n in evidence if e.verdict is Verdict.GOT_WORSE and e.causal]
    doubtful = [afterwards(e, n) for e, n in evidence if _looks_worse(e, n)]
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
    text = lower_first(went(e, needle))
    return text if agrees(e, needle) else f"{text}, {size(e, needle)} than expected without the proof"


def told_in_lede(evidence: Evidence, needle: Needle) -> bool:
    """Whether the lede says all of a moved needle that its picture does not: from and to, and the comparison's."""
    return evidence.verdict is Verdict.MOVED and agrees(evidence, needle)


def beyond_lede(evidence: Evidence, proof: Proof) -> str:
    """What is left to be said below the picture of what the lede told: that there was nothing to compare with; else ''."""
    return "" if evidence.grade is Grade.A else alone(proof)
