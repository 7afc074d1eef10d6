"""How a needle stands in the quarter: what of it is covered, and whether it may be held against the quarter before."""

from __future__ import annotations

import math

from reportkit import measure
from reportkit.english.lede import Standing
from reportkit.evidence.minimum import enough
from reportkit.findings import Findings
from reportkit.measure import Reading
from reportkit.model.kind import Duration
from reportkit.model.needle import Needle
from reportkit.model.period import Quarter, Window
from reportkit.needles import find

MANY_OPEN = 0.2  # share of facts still open from which a headline tells of them
MOSTLY = 0.9  # a quarter is covered where this share of its days is


def standing(findings: Findings, needle: Needle) -> Standing:
    """How a needle stands: now, how many facts that leaves out, and a quarter earlier where both rest on facts enough."""
    before, now = findings.history(needle)[-2:]
    few = now.known and not enough(needle, now.facts)
    sound = not few and before.known and enough(needle, before.facts) and not (waiting(now) or waiting(before))
    return Standing(
        now=now.value,
        waiting=waiting(now),
        earlier=before.value if sound and comparable(findings, needle) else math.nan,
        few=now.facts if few else 0,
        covered=part_covered(findings, needle),
    )


def waiting(reading: Reading) -> int:
    """Facts still open that a median of the finished ones leaves out, where they are too many not to be told."""
    told = isinstance(find(reading.needle).kind, Duration) and not reading.censored
    return reading.open if told and reading.share_open >= MANY_OPEN else 0


def comparable(findings: Findings, needle: Needle, back: int = 1) -> bool:
    """Whether the facts cover this quarter and the one `back` quarters before, so that the two may stand side by side."""
    return all(_mostly(findings, needle, quarter) for quarter in (findings.quarter, findings.quarter.shift(-back)))


def part_covered(findings: Findings, needle: Needle) -> str:
    """'1 Jul – 14 Aug 2026' where the facts cover no more than that of this quarter; '' where they cover it, or nothing of it."""
    part = covered(findings, needle, findings.quarter)
    return "" if not part.days or _mostly(findings, needle, findings.quarter) else part.label


def covered(findings: Findings, needle: Needle, quarter: Quarter) -> Window:
    """The days of a quarter that the needle's facts cover; empty where they cover none."""
    known, whole = measure.covers(findings.snapshot, needle), quarter.window
    start = min(max(known.start, whole.start), whole.end)
    return Window(start, max(start, min(known.end, whole.end)))


def _mostly(findings: Findings, needle: Needle, quarter: Quarter) -> bool:
    return covered(findings, needle, quarter).days >= MOSTLY * quarter.window.days
