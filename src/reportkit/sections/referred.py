"""Texts from YAML with their references filled in, read for what the evidence does not carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reportkit.errors import ParamsError
from reportkit.findings import Findings
from reportkit.measure import lacking
from reportkit.model.bets import bet_target
from reportkit.model.params import Ask, NeedleParams
from reportkit.model.shown import Shown
from reportkit.narrative.check import Finding, Ground, ask_without_bet, read
from reportkit.narrative.ground import ground, of_evidence
from reportkit.narrative.references import fill, found
from reportkit.sections.parts import evidence_shown, reading_shown


@dataclass(frozen=True)
class Asked:
    """An ask with its references filled in, and the numbers that it prints."""

    text: str
    stop: str | None = None
    record: tuple[Shown, ...] = ()


def asked(findings: Findings, ask: Ask | None, params: Mapping[str, NeedleParams], where: str) -> Asked | None:
    """The ask with its references filled in.

    Raises ParamsError for a reference that names no number, and for a finding of the narrative check that is not waived.
    """
    if ask is None:
        return None
    texts = [text for text in (ask.text, ask.stop) if text]
    if objections := [f for f in _findings(findings, ask, params) if f.rule not in findings.audience.waive]:
        raise ParamsError(refusal(objections[0]), where=where)
    numbers = list(known(findings, params, " ".join(texts)))
    stop = fill(ask.stop, numbers, where=where) if ask.stop else None
    text = fill(ask.text, numbers, where=where)
    said = Shown(f"ask.{findings.audience.title.lower().replace(' ', '_')}", " ".join(filter(None, (text, stop))), None)
    return Asked(text, stop, (said, *found(" ".join(texts), numbers, where=where)))


def problem_read(findings: Findings, params: Mapping[str, NeedleParams], where: str) -> None:
    """Read the reader's problem, which heads the report. Raises ParamsError for a finding that is not waived."""
    against = _against(findings, params)
    for finding in read(findings.audience.problem, "problem", against, early=True):
        if finding.rule not in findings.audience.waive:
            raise ParamsError(refusal(finding), where=where)


def refusal(finding: Finding) -> str:
    """A finding as the sentence that stops a report: with its mend, and how to let it pass."""
    return f"{finding.text}. To let it pass, give the audience `waive: {{{finding.rule}: why}}`."


def _against(findings: Findings, params: Mapping[str, NeedleParams]) -> Ground:
    weighed = [e for several in findings.evidence.values() for e in several]
    keys = dict.fromkeys((findings.audience.quantified_by, *findings.audience.needles, *(e.needle for e in weighed)))
    needles = {key: findings.needle(key) for key in keys}
    return ground(needles, params, findings.proofs, of_evidence(weighed, needles))


def _findings(findings: Findings, ask: Ask, params: Mapping[str, NeedleParams]) -> Iterator[Finding]:
    against = _against(findings, params)
    for text in filter(None, (ask.text, ask.stop)):
        yield from read(text, "ask", against)
    yield from ask_without_bet(ask.needle, len(params.get(ask.needle or "", NeedleParams()).bets))


def known(findings: Findings, params: Mapping[str, NeedleParams], text: str) -> Iterator[Shown]:
    """The numbers that a text may refer to: `{needle.before}` and `.after` of a proof, `.now`, `.last_quarter` and `.target`."""
    for several in findings.evidence.values():
        for evidence in several:
            yield from evidence_shown(findings, evidence)
    for key in (findings.audience.quantified_by, *findings.audience.needles):
        if f"{key}." not in text or lacking(findings.snapshot, findings.needle(key)):
            continue
        needle, history = findings.needle(key), findings.history(findings.needle(key))
        for name, reading in (("now", history[-1]), ("last_quarter", history[-2])):
            if reading.known:
                yield replace(reading_shown(findings, needle, reading), id=f"{key}.{name}")
        if bet := params.get(key, NeedleParams()).standing(findings.quarter.window.start):
            value = bet_target(bet, needle)
            yield Shown(f"{key}.target", needle.unit.text(value), value, unit=needle.unit.key)
