"""The reader's problem, in their words and as one number."""

from __future__ import annotations

from collections.abc import Mapping

from reportkit import measure
from reportkit.display import Block, Figure, Page
from reportkit.findings import Findings
from reportkit.measure import Reading
from reportkit.model import unit
from reportkit.model.brand import Brand
from reportkit.model.kind import Stock
from reportkit.model.needle import Needle
from reportkit.model.params import NeedleParams
from reportkit.model.period import Window
from reportkit.narrative import english as say
from reportkit.narrative.definitions import state
from reportkit.sections.parts import problem_needle, reading_shown, section, whose
from reportkit.sections.pictures import moved, stocked


def problem(findings: Findings, params: Mapping[str, NeedleParams], brand: Brand) -> Page:
    """The reader's words, then the number: this quarter, the one before and a year ago; its picture where no proof has one."""
    needle = problem_needle(findings)
    quote = f"“{findings.audience.problem}”"
    if needle is None:
        text = "No extract feeds the needle that would put a number on it."
        return Page((section("The problem we agreed on", (f"{quote} {text}",)),))
    reading = findings.now(needle)
    told = [_quantified(findings, needle, reading), _compared(findings, needle)]
    record = tuple(reading_shown(findings, needle, r) for r in findings.history(needle) if r.known)
    parts: list[Block | Figure] = [
        section("The problem we agreed on", (f"{quote} {' '.join(filter(None, told))}",), record)
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
        return f"What it was in {when} cannot be said: {reading.reason}."
    if isinstance(needle.kind, Stock):  # what is open is the number itself
        return f"{say.upper_first(state(needle, reading.value))} (at the end of {when}, {whose(findings)})."
    covers, whole = measure.covers(findings.snapshot, needle), findings.quarter.window
    part = Window(max(covers.start, whole.start), min(covers.end, whole.end))
    if part != whole:
        when += f", of which {part.label} is covered"
    rest = f"{when}, {whose(findings)}, {unit.plural(reading.facts, one, many)}"
    if reading.open:
        then = "the quarter's end" if part.end == whole.end else "the end of that"
        rest += f"; {unit.plural(reading.open, 'more was', 'more were')} still open at {then}"
        rest += ", counted as unfinished" if reading.censored else ""
    if reading.reason:
        rest += f"; {reading.reason}"
    return f"{say.upper_first(state(needle, reading.value))} ({rest})."


def _compared(findings: Findings, needle: Needle) -> str:
    history = findings.history(needle)
    parts = [
        f"{needle.unit.text(history[-back - 1].value)} {when}"
        for back, when in ((1, "a quarter earlier"), (4, "a year earlier"))
        if len(history) > back and history[-back - 1].known
    ]
    return f"It was {' and '.join(parts)}." if parts else ""
