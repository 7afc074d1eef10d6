"""What was changed in a proof after its read-out, in words."""

from __future__ import annotations

from collections.abc import Sequence

from reportkit.english.words import listed
from reportkit.model.unit import plural

#: What decides the numbers of a proof, each with its name; other fields are words.
WEIGHTY = {
    "start": "the start", "starts": "the teams' own starts", "before": "the weeks before the start",
    "after": "the weeks after the start", "settling_in": "the settling in", "by": "who takes part",
    "treated": "the teams", "comparison": "the comparison", "strata": "the types of facts", "statistic": "the statistic",
    "headline": "the headline needles", "guardrails": "the margins", "smallest_effect": "the smallest effect of interest",
    "read_out": "the read-out", "picked": "how the teams were picked",
}  # fmt: skip
RULE = "a rule"
NOT_COMMITTED = "and not committed"
HERE = "in this notebook"


def changed(told: Sequence[str], when: str, read_out: str, *, window: bool) -> str:
    """'Window changed on 3 Oct 2026, after the read-out of 28 Sep 2026: …'."""
    return f"{'Window' if window else 'Design'} changed {when}, after the read-out of {read_out}: {listed(told)}."


def on(day: str) -> str:
    """'on 3 Oct 2026'."""
    return f"on {day}"


def from_to(old: str, new: str) -> str:
    """'from 13 to 10'."""
    return f"from {old} to {new}"


def names(n: int) -> str:
    """How many names there are where they are too many to be written out."""
    return plural(n, "name")


def reported(quarter: str) -> str:
    """'since it was reported in 2026-Q2'."""
    return f"since it was reported in {quarter}"
