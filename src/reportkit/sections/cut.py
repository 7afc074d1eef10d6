"""A needle cut by a column: where it is good and where it is not."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reportkit.display import Block, Figure, Page
from reportkit.english import headings
from reportkit.english import sentences as say
from reportkit.figures.cut_table import Slice, cut_table
from reportkit.findings import Findings
from reportkit.measure import OTHER, Part
from reportkit.model.brand import Brand
from reportkit.model.evidence import NO_TEAM
from reportkit.model.kind import Duration
from reportkit.model.needle import Needle
from reportkit.sections.parts import heading, note, part_shown, whose

ORDER = (
    "critical",
    "high",
    "medium",
    "low",
    "unknown",
    "P1",
    "P2",
    "P3",
    "P4",
    "P5",
)  # scales that have an order of their own


def cut(findings: Findings, needle: Needle, by: str, brand: Brand) -> Page:
    """The needle by the groups of a column, this quarter beside the one before; empty where none may be shown.

    Raises MeasureError where the needle cannot be computed, or its facts have no such column.
    """
    windows = (findings.quarter.shift(-1).window, findings.quarter.window)
    earlier, parts = findings.parts(needle, windows, by)
    if not parts:
        return Page(())
    before = {part.group: part for part in earlier}
    slices = [_slice(findings, needle, by, part, before.get(part.group)) for part in sorted(parts, key=_place)]
    labels = (findings.quarter.shift(-1).label, findings.quarter.label)
    column = by.removeprefix("x_").replace("_", " ")
    shown: list[Block | Figure] = [
        heading(headings.cut_by(needle, column)),
        cut_table(slices, needle, say.upper_first(column), labels, brand),
    ]
    if text := _remark(findings, needle, (earlier, parts), slices):
        shown.append(note(text))
    return Page(tuple(shown))


def _place(part: Part) -> tuple[bool, int, float, str]:
    """Scales in their own order, else the largest value first; what is folded, or belongs to nobody, last."""
    value = part.reading.value
    return (
        part.group in (OTHER, NO_TEAM),
        ORDER.index(part.group) if part.group in ORDER else len(ORDER),
        -value if math.isfinite(value) else math.inf,
        part.group,
    )


def _slice(findings: Findings, needle: Needle, by: str, part: Part, before: Part | None) -> Slice:
    reading = part.reading
    known = before is not None and before.groups == part.groups
    label = headings.folded(part.groups) if part.groups > 1 else part.group
    return Slice(
        label=say.upper_first(label) if by not in ("team", "service") or part.groups > 1 else label,
        before=before.reading.value if before is not None and known else math.nan,
        now=reading.value,
        facts=reading.facts,
        open=reading.open if isinstance(needle.kind, Duration) else 0,
        record=tuple(
            part_shown(findings, needle, p, by) for p in (before if known else None, part) if p and p.reading.known
        ),
    )


def _remark(
    findings: Findings, needle: Needle, both: tuple[Sequence[Part], Sequence[Part]], slices: list[Slice]
) -> str:
    """What the marks mean, and what was folded, in a line."""
    alike = all(s.now >= 0.9 * max(t.now for t in slices) for s in slices if math.isfinite(s.now))
    told = [headings.thin_mark(whose(findings), findings.quarter.label, barred=not alike)]
    earlier, parts = both
    if any(math.isnan(s.before) for s in slices) and any(part.groups > 1 for part in earlier):
        told.append(headings.too_few_before())
    folded = sum(part.groups for part in parts if part.groups > 1)
    if folded:
        told.append(headings.folds(folded, findings.organisation.smallest_group, needle))
    return " ".join(told)
