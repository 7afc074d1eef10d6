"""Page one: the headline, the lede, the strip of at most four figures, and what is asked in one line."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from markupsafe import Markup

from reportkit.display import Block, Figure, Page
from reportkit.english import headings, lede
from reportkit.english import sentences as say
from reportkit.english.amounts import CI, excludes
from reportkit.evidence.minimum import enough
from reportkit.figures.strip import Cell, strip
from reportkit.findings import Findings
from reportkit.measure import Reading
from reportkit.model.evidence import Evidence, Grade, Verdict
from reportkit.model.kind import Duration
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.needles import find
from reportkit.sections.parts import evidence_shown, gap, lead_of, note, own_needles, problem_needle, reading_shown
from reportkit.sections.referred import Asked

STRIP = 4
MANY_OPEN = 0.2  # share of facts still open from which a headline tells of them


def answer(findings: Findings, asked: Asked | None = None) -> Page:
    """The headline, the lede, the strip of at most four figures, and what is asked in one line: page one stands alone."""
    cells = [_cell(findings, n) for n in _strip_needles(findings)]
    parts: list[Block | Figure] = [_head(findings), *([strip(cells)] if cells else [])]
    if any(CI in cell.detail for cell in cells):
        parts.append(note(_how_sure(findings, {needle.key for needle in _strip_needles(findings)})))
    if asked:
        parts.append(
            Block(
                "ask-line",
                Markup("<p><strong>{}</strong> {}</p>").format(headings.ASK, asked.text),
                headings.asked(asked.text),
                asked.record,
            )
        )
    return Page(tuple(parts))


def _head(findings: Findings) -> Block:
    """The headline and the lede, with the numbers that they print."""
    weighed = _weighed(findings)
    lead = lead_of(findings, weighed)
    needle = findings.needle(lead.needle) if lead else problem_needle(findings)
    title = _title(findings, lead, needle) if needle else lede.no_facts(findings.audience.problem)
    text = _lede(findings, lead)
    html = Markup('<h1>{}</h1><p class="rk-lede">{}</p>').format(title, text)
    readings = [r for r in findings.history(needle)[-2:] if r.known] if needle else []
    record = [reading_shown(findings, needle, r) for r in readings] if needle else []
    record += [shown for e in weighed if e.headline for shown in evidence_shown(findings, e)]
    return Block("answer", html, f"{title}\n{text}", tuple(record))


def _title(findings: Findings, lead: Evidence | None, needle: Needle) -> str:
    """What moved or got worse where the evidence carries it, else the problem as a number, now and a quarter earlier."""
    proof = findings.lead[1] if findings.lead else None
    if lead is None or proof is None:
        return lede.headline(_about(findings, needle), needle, proof, _standing(findings, needle))
    title = lede.headline(lead, needle, proof, lede.Standing(lead.after.value))
    return title if proof.treated == "all" else headings.in_groups(len(lead.teams), proof.by, title)


def _about(findings: Findings, needle: Needle) -> Evidence | None:
    """The headline evidence that says something of the problem: that on its own needle, else the first, for it may be running."""
    head = [e for e in _weighed(findings) if e.headline]
    return next((e for e in head if e.needle == needle.key), head[0] if head else None)


def _standing(findings: Findings, needle: Needle) -> lede.Standing:
    """How a needle stands: now, how many facts that leaves out, and a quarter earlier where both rest on facts enough."""
    before, now = findings.history(needle)[-2:]
    few = now.known and not enough(needle, now.facts)
    comparable = not few and before.known and enough(needle, before.facts) and not (_waiting(now) or _waiting(before))
    return lede.Standing(
        now=now.value,
        waiting=_waiting(now),
        earlier=before.value if comparable else math.nan,
        few=now.facts if few else 0,
    )


def _lede(findings: Findings, lead: Evidence | None) -> str:
    """What was tried, what came of it and what got worse, in any proof of the report."""
    weighed = sorted(_weighed(findings), key=lambda e: e is not lead)
    if not (findings.lead and weighed):
        return lede.no_proof(findings.quarter)
    key, proof = findings.lead
    return lede.lede(_paired(findings, weighed), proof, _harm_elsewhere(findings, key))


def _weighed(findings: Findings) -> tuple[Evidence, ...]:
    return findings.evidence[findings.lead[0]] if findings.lead else ()


def _paired(findings: Findings, weighed: Sequence[Evidence]) -> list[tuple[Evidence, Needle]]:
    return [(e, findings.needle(e.needle)) for e in weighed]


def _harm_elsewhere(findings: Findings, lead: str) -> str:
    """What got worse, or looks worse, in the other proofs of the report: the first page hides no harm."""
    others = ((key, proof) for key, proof in findings.proofs.items() if key != lead)
    told = (lede.harm(_paired(findings, findings.evidence[key]), proof) for key, proof in others)
    return " ".join(filter(None, told))


def _waiting(reading: Reading) -> int:
    """Facts still open that a median of the finished ones leaves out, where they are too many not to be told."""
    told = isinstance(find(reading.needle).kind, Duration) and not reading.censored
    return reading.open if told and reading.share_open >= MANY_OPEN else 0


def _strip_needles(findings: Findings) -> list[Needle]:
    """The primary needle, what the leading proof bet on: the reader's own first; what got worse before the rest, for a page hides no harm."""
    own, head = own_needles(findings.audience), [e.needle for e in _weighed(findings) if e.headline]
    worse = [e.needle for all_of in findings.evidence.values() for e in all_of if e.verdict is Verdict.GOT_WORSE]
    mine = sorted((key for key in head if key in own), key=own.index)
    keys = dict.fromkeys((findings.audience.primary, *mine, *worse, *head, *own))
    return [findings.needle(key) for key in keys if key not in findings.missing][:STRIP]


def _how_sure(findings: Findings, shown: Collection[str]) -> str:
    """What the ranges of the strip are, and what the changes were measured against, for a reader of the first page alone."""
    each = (e for weighed in findings.evidence.values() for e in weighed if e.needle in shown and e.interval)
    grades = {e.grade is Grade.A for e in each}
    return headings.how_sure(frozenset(grades))


def _cell(findings: Findings, needle: Needle) -> Cell:
    """One figure: the proof's after level where it has one, so that its verdict stands beside its own number."""
    evidence = _told_of(findings, needle, findings.lead[0]) if findings.lead else None
    judged = evidence is not None and (evidence.headline or evidence.verdict is not Verdict.NOT_ENOUGH_DATA)
    if evidence is not None and judged and not math.isnan(evidence.after.value):
        return Cell(
            label=f"{needle.label}, {_who(findings.proofs[evidence.proof], evidence)}",
            value=needle.unit.text(evidence.after.value),
            verdict=evidence.verdict,
            good=evidence.good,
            detail=_effect_detail(evidence, needle),
            record=evidence_shown(findings, evidence),
        )
    reading = findings.now(needle)
    return Cell(
        label=f"{needle.label}, {findings.quarter.label}",
        value=needle.unit.text(reading.value) if reading.known else gap(reading),
        verdict=evidence.verdict if evidence else None,
        good=None,
        detail=_beside(findings, needle),
        record=(reading_shown(findings, needle, reading),),
        apart=True,
    )


def _told_of(findings: Findings, needle: Needle, proof: str) -> Evidence | None:
    """The leading proof's evidence of a needle; that of another proof where it did harm."""
    for key in findings.proofs:
        found = findings.of(needle.key, key)
        if found is not None and (key == proof or found.verdict is Verdict.GOT_WORSE):
            return found
    return None


def _who(proof: Proof, evidence: Evidence) -> str:
    if proof.treated == "all" and not evidence.left_out:
        return headings.everyone(proof.by)
    return headings.proof_groups(len(evidence.teams), proof.by)


def _effect_detail(evidence: Evidence, needle: Needle) -> str:
    """'−70%, 95% CI −76 to −61%'; where no interval may be printed, from and to."""
    if evidence.interval is None:
        return say.arrow(evidence, needle)
    text = f"{say.effect(evidence, needle)}, {CI} {say.interval(evidence, needle)}"
    if evidence.verdict is Verdict.NOT_SHOWN and excludes(evidence.interval, evidence.scale):
        return f"{text}; {headings.TOO_FEW_TEAMS if evidence.grade is Grade.C else headings.FAILED_A_CHECK}"
    return text


def _beside(findings: Findings, needle: Needle) -> str:
    """'8.9 days in Q2 2026': the quarter before, beside this one."""
    history = findings.history(needle)
    if len(history) < 2 or not history[-2].known:
        return headings.nothing_beside(findings.quarter.shift(-1))
    value = needle.unit.text(history[-2].value)
    told = headings.quarter_before(value, findings.quarter.shift(-1), _waiting(history[-1]))
    return told if enough(needle, history[-1].facts) else headings.from_few(history[-1].facts, needle, told)
