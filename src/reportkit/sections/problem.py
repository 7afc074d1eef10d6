"""The reader's problem, in their words and as one number."""

from __future__ import annotations

from collections.abc import Mapping

from reportkit.display import Block, Figure, Page
from reportkit.english import headings
from reportkit.english.definitions import state
from reportkit.findings import Findings
from reportkit.measure import Reading
from reportkit.model import unit
from reportkit.model.brand import Brand
from reportkit.model.kind import Stock
from reportkit.model.needle import Needle
from reportkit.model.params import NeedleParams
from reportkit.sections.parts import problem_needle, reading_shown, section, whose
from reportkit.sections.pictures import moved, stocked
from reportkit.sections.standing import comparable, covered


def problem(findings: Findings, params: Mapping[str, NeedleParams], brand: Brand) -> Page:
    """The reader's words, then the number: this quarter, the one before and a year ago; its picture where no proof has one."""
    needle = problem_needle(findings)
    problem = findings.audience.problem
    if needle is None:
        return Page((section(headings.PROBLEM, (headings.quoted(problem, headings.UNFED),)),))
    reading = findings.now(needle)
    told = [_quantified(findings, needle, reading), _compared(findings, needle)]
    record = tuple(reading_shown(findings, needle, r) for r in findings.history(needle) if r.known)
    parts: list[Block | Figure] = [
        section(headings.PROBLEM, (headings.quoted(problem, " ".join(filter(None, told))),), record)
    ]
    if not any(findings.evidence.values()):
        if flows := stocked(findings, needle, brand):
            return Page((*parts, flows))
        if picture := moved(findings, needle, params, brand):
            parts.append(picture)
    return Page(tuple(parts))


def _quantified(findings: Findings, needle: Needle, reading: Reading) -> str:
    one, many = needle.facts
    when = findings.quarter.label
    if not reading.known:
        return headings.unknown(when, reading.reason)
    if isinstance(needle.kind, Stock):  # what is open is the number itself
        return headings.stock_now(state(needle, reading.value), when, whose(findings))
    part, whole = covered(findings, needle, findings.quarter), findings.quarter.window
    if part != whole:
        when = headings.covered(when, part.label)
    rest = f"{when}, {whose(findings)}, {unit.plural(reading.facts, one, many)}"
    if reading.open:
        rest += headings.still_open(reading.open, whole=part.end == whole.end, censored=reading.censored)
    if reading.reason:
        rest += f"; {reading.reason}"
    return headings.state_now(state(needle, reading.value), rest)


def _compared(findings: Findings, needle: Needle) -> str:
    history = findings.history(needle)
    quarter, year = (
        needle.unit.text(history[-back - 1].value)
        if len(history) > back and history[-back - 1].known and comparable(findings, needle, back)
        else ""
        for back in (1, 4)
    )
    return headings.earlier(quarter, year)
