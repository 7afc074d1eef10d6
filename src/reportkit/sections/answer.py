"""Page one: the headline, the lede, the strip of at most four figures, and what is asked in one line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from reportkit.display import Block, Figure, Page
from reportkit.english import headings, lede, words
from reportkit.english import sentences as say
from reportkit.english.amounts import CI
from reportkit.evidence.minimum import enough
from reportkit.figures.strip import Cell, strip
from reportkit.findings import Findings
from reportkit.model.evidence import Evidence, Grade, Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.sections.parts import evidence_shown, gap, lead_of, note, own_needles, problem_needle, reading_shown
from reportkit.sections.referred import Asked
from reportkit.sections.standing import comparable, part_covered, standing, waiting

STRIP = 4


def answer(findings: Findings, asked: Asked | None = None) -> Page:
    """The headline, the lede, the strip of at most four figures, and what is asked in one line: page one stands alone."""
    chosen = [(n, _told_of(findings, n)) for n in _strip_needles(findings)]
    cells = [_cell(findings, n, e) for n, e in chosen]
    parts: list[Block | Figure] = [_head(findings), *([strip(cells)] if cells else [])]
    if any(CI in cell.detail for cell in cells):
        parts.append(note(_how_sure(e for _, e in chosen if e and _levelled(e))))
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
    finding = lead if lead and _readers_too(findings, lead) else None
    needle = findings.needle(finding.needle) if finding else problem_needle(findings)
    title = _title(findings, finding, needle) if needle else lede.no_facts(findings.audience.problem)
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
        return lede.headline(_about(findings, needle), needle, proof, standing(findings, needle))
    title = lede.headline(lead, needle, proof, lede.Standing(lead.after.value))
    return title if proof.everyone(lead.left_out) else headings.in_groups(len(lead.teams), proof.by, title)


def _about(findings: Findings, needle: Needle) -> Evidence | None:
    """The headline evidence that says something of the problem: that on its own needle, else the first, for it may be running.

    In a report on one team no other teams' evidence stands beside that team's number.
    """
    head = [e for e in _weighed(findings) if e.headline and _readers_too(findings, e)]
    return next((e for e in head if e.needle == needle.key), head[0] if head else None)


def _readers_too(findings: Findings, evidence: Evidence) -> bool:
    """Whether an evidence is of the facts that the report is on: in a report on one team, whether that team is in it."""
    only = findings.snapshot.only
    return not only or only.get(findings.proofs[evidence.proof].by) in evidence.teams


def _lede(findings: Findings, lead: Evidence | None) -> str:
    """What was tried, what came of it and what got worse, in any proof of the report."""
    weighed = sorted(_weighed(findings), key=lambda e: e is not lead)
    if findings.lead is None:
        proofs = list(findings.proofs.values())
        return lede.no_evidence(proofs) if proofs else lede.no_proof(findings.quarter)
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


def _strip_needles(findings: Findings) -> list[Needle]:
    """The primary needle, what got worse, for a page hides no harm, what the leading proof bet on: the reader's own first."""
    own, head = own_needles(findings.audience), [e.needle for e in _weighed(findings) if e.headline]
    worse = [e.needle for all_of in findings.evidence.values() for e in all_of if e.verdict is Verdict.GOT_WORSE]
    mine = sorted((key for key in head if key in own), key=own.index)
    keys = dict.fromkeys((findings.audience.primary, *worse, *mine, *head, *own))
    return [findings.needle(key) for key in keys if key not in findings.missing][:STRIP]


def _how_sure(told: Iterable[Evidence]) -> str:
    """What the ranges of the strip are, and what the changes were measured against, for a reader of the first page alone."""
    return headings.how_sure(frozenset(e.grade is Grade.A for e in told if e.interval))


def _cell(findings: Findings, needle: Needle, evidence: Evidence | None) -> Cell:
    """One figure: the proof's after level where it has one, so that its verdict stands beside its own number."""
    if evidence is not None and _levelled(evidence):
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


def _levelled(evidence: Evidence) -> bool:
    """Whether a cell shows the level that the evidence has, and not the quarter's."""
    judged = evidence.headline or evidence.verdict is not Verdict.NOT_ENOUGH_DATA
    return judged and not math.isnan(evidence.after.value)


def _told_of(findings: Findings, needle: Needle) -> Evidence | None:
    """A needle's evidence of a proof that did harm, whichever; else the leading proof's."""
    found = findings.of(needle.key)
    if found is None or found.verdict is Verdict.GOT_WORSE or findings.lead is None:
        return found
    return findings.of(needle.key, findings.lead[0])


def _who(proof: Proof, evidence: Evidence) -> str:
    if proof.everyone(evidence.left_out):
        return words.all_of(proof.by)
    return headings.proof_groups(len(evidence.teams), proof.by)


def _effect_detail(evidence: Evidence, needle: Needle) -> str:
    """'−70%, 95% CI −76 to −61%'; where no interval may be printed, from and to."""
    if evidence.interval is None:
        return say.arrow(evidence, needle)
    text = f"{say.effect(evidence, needle)}, {CI} {say.interval(evidence, needle)}"
    if evidence.verdict is Verdict.NOT_SHOWN and evidence.interval.excludes(evidence.neutral):
        return f"{text}; {headings.TOO_FEW_TEAMS if evidence.grade is Grade.C else headings.FAILED_A_CHECK}"
    return text


def _beside(findings: Findings, needle: Needle) -> str:
    """'8.9 days in Q2 2026': the quarter before, beside this one; what this one rests on and leaves out is said first."""
    now, part = findings.now(needle), part_covered(findings, needle)
    told = [headings.from_few(now.facts, needle)] if now.known and not enough(needle, now.facts) else []
    told += [headings.open_now(waiting(now))] if waiting(now) else []
    told += [headings.only_covered(part) if part else _before(findings, needle)]
    return "; ".join(told)


def _before(findings: Findings, needle: Needle) -> str:
    """'8.9 days in Q2 2026', or that there is no such number to stand beside this one."""
    history, quarter = findings.history(needle), findings.quarter.shift(-1)
    if len(history) < 2 or not history[-2].known or not comparable(findings, needle):
        return headings.nothing_beside(quarter)
    return headings.quarter_before(needle.unit.text(history[-2].value), quarter)
