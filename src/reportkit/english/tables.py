"""Heads and cells of tables, and their rows as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from reportkit.english.amounts import arrow, effect, guarded, interval
from reportkit.english.sentences import VERDICTS
from reportkit.english.words import NUMBERS, upper_first
from reportkit.model.evidence import Evidence, Guard
from reportkit.model.needle import Needle
from reportkit.model.unit import COUNT

NEEDLE, OWNED = "Needle", "Needle and owners"
BEFORE, AFTER, COMPARISON, EFFECT, INTERVAL, VERDICT = (
    "Before",
    "After",
    "Comparison",
    "Effect",
    "95% interval",
    "Verdict",
)
TARGET, CHANGE = "Target", "Change, 95% interval"
PROMISED = ("Promised", "By", "Written", "Now", "Outcome")
SIMILAR, NOTHING_LIKE_IT, PLACEBO = "similar change", "nothing like it", "Placebo date, mid-baseline"
NOT_REACHED, NO_FACTS, NO_PROOF = "not reached", "no facts", "No proof"
SURVIVED, AGAINST, RESULT, FOUND = "What a claim had to survive", "Held against", "Result", "Found"
GUARDS = {
    "pre-trend": "A trend under way",
    "timing": "The last weeks before the start",
    "placebo": "A placebo date",
    "selection": "How the teams were picked",
    "few teams": "Other choices of teams",
    "definition": "What is counted",
    "history": "Earlier dates",
}
PASSED = {True: "passed", False: "failed", None: "not run"}
SERIES, DATA, TABLE = "Series", "Data", "Table"


def grade(letter: str) -> str:
    """'grade A'."""
    return f"grade {letter}"


def quarters(n: int) -> str:
    """'Nine quarters'."""
    return f"{upper_first(NUMBERS[n]) if n < len(NUMBERS) else n} quarters"


def also_open(n: int) -> str:
    """' + 24 open'."""
    return f" + {COUNT.number(n)} open"


def weighed(evidence: Evidence, needle: Needle, placebo: Guard | None) -> str:
    """A row of evidence as plain text."""
    span = interval(evidence, needle)
    told = f", {effect(evidence, needle)} (95% CI {span})" if span else ""
    tried = f"; placebo date {guarded(placebo, evidence, needle)}" if placebo else ""
    return (
        f"{needle.label}: {arrow(evidence, needle)}{told}; grade {evidence.grade.value}, "
        f"{VERDICTS[evidence.verdict].lower()}{tried}"
    )


def by_quarter(needle: Needle, told: Sequence[str]) -> str:
    """What a sparkline shows."""
    return f"{needle.label} by quarter: {', '.join(told)}"


def in_proof(evidence: Evidence, needle: Needle) -> str:
    """What an interval bar shows."""
    return f"Change in the proof: {effect(evidence, needle)}, 95% interval {interval(evidence, needle)}"


def two_quarters(label: str, values: tuple[str, str], quarters: tuple[str, str], verdict: str = "") -> str:
    """A row with two quarters as plain text."""
    tail = f"; {verdict.lower()}" if verdict else ""
    return f"{label}: {values[0]} in {quarters[0]}, {values[1]} in {quarters[1]}{tail}"


def guard_row(label: str, name: str, result: str, text: str) -> str:
    """A guard as plain text."""
    return f"{label}, {name.lower()}: {result}, {text}"
