"""The needles that platform and reader own together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from reportkit import measure
from reportkit.display import Block, Figure, Page, joined
from reportkit.english import headings
from reportkit.english import sentences as say
from reportkit.figures.needle_table import Row, needle_table
from reportkit.findings import Findings
from reportkit.measure import Reading
from reportkit.model.bets import bet_target
from reportkit.model.brand import Brand
from reportkit.model.evidence import Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import NeedleParams
from reportkit.sections.parts import NOTHING, evidence_shown, heading, note, reading_shown, whose
from reportkit.sections.promised import restated


def needles(findings: Findings, params: Mapping[str, NeedleParams], brand: Brand) -> Page:
    """The table of needles with owners, last quarter, this quarter, target, nine quarters and the proof's effect."""
    if not findings.needles:
        return NOTHING
    worse = [e.needle for weighed in findings.evidence.values() for e in weighed if e.verdict is Verdict.GOT_WORSE]
    told = [findings.needle(key) for key in dict.fromkeys((*(needle.key for needle in findings.needles), *worse))]
    rows = [
        _row(findings, needle, history, params.get(needle.key, NeedleParams()))
        for needle, history in zip(told, findings.histories(told), strict=True)
    ]
    labels = (findings.quarter.shift(-1).label, findings.quarter.label)
    parts: list[Block | Figure] = [heading(headings.NEEDLES), *_use_case(findings)]
    parts.append(needle_table(rows, labels, brand))
    if any(findings.evidence.values()):
        parts.append(note(headings.whose_quarters(whose(findings, article=True))))
    parts += restated(findings)
    if findings.missing:
        parts.append(note(" ".join((headings.WANTING, *findings.missing.values()))))
    return Page(tuple(parts))


def wanting(findings: Findings, needle: Needle) -> Page | None:
    """The sentence that stands for a picture of a needle that the extract cannot give; None where it can.

    What the table of needles says already is not said again.
    """
    lacking = measure.lacking(findings.snapshot, needle)
    if lacking is None:
        return None
    return NOTHING if needle.key in findings.missing else Page((note(f"{headings.WANTING} {lacking}"),))


def _use_case(findings: Findings) -> list[Block]:
    """The use case that the needles hang on, component by component; nothing where none is named."""
    case = findings.audience.use_case
    if case is None:
        return []
    names = {key: [say.lower_first(findings.needle(k).label) for k in keys] for key, keys in case.components.items()}
    text = headings.use_case(case.name, names)
    return [Block("section", joined([text]), text)]


def _row(findings: Findings, needle: Needle, history: Sequence[Reading], params: NeedleParams) -> Row:
    evidence = findings.of(needle.key)
    bet = params.standing(findings.quarter.window.end - timedelta(days=1))
    record = [reading_shown(findings, needle, r) for r in history if r.known]
    return Row(
        needle=needle,
        owners=params.owners,
        before=history[-2].value,
        now=history[-1].value,
        target=bet_target(bet, needle) if bet else None,
        history=tuple(r.value for r in history),
        evidence=evidence,
        record=(*record, *(evidence_shown(findings, evidence) if evidence else ())),
    )
