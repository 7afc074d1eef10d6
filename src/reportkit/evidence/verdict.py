"""The verdict: what may be said of a weighed study (EVIDENCE §2), in the order of the rules."""

from __future__ import annotations

from dataclasses import replace

from reportkit.evidence import words
from reportkit.evidence.rulers import ALPHA
from reportkit.model.evidence import Evidence, Grade, Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import Proof


def judge(evidence: Evidence, needle: Needle, proof: Proof) -> Evidence:
    """The evidence with its verdict and reason, as if its needle stood alone."""
    if _held(evidence, needle, proof):
        return replace(evidence, verdict=Verdict.HELD)
    if _immaterial(evidence, needle, proof):
        return replace(evidence, verdict=Verdict.NO_MATERIAL_CHANGE)
    if doubt := _doubt(evidence):
        return replace(evidence, reason=doubt)
    return replace(evidence, verdict=Verdict.MOVED if evidence.good else Verdict.GOT_WORSE)


def _doubt(evidence: Evidence) -> str:
    """Why no change can be claimed, the first reason that holds; '' where it can."""
    if evidence.sampled is None or not evidence.sampled.excludes(evidence.neutral):
        return words.INCLUDES
    if evidence.sampled.low == evidence.sampled.high:
        return words.NO_VARIATION
    if evidence.p >= ALPHA:
        return words.disagree(evidence)
    if evidence.grade is Grade.C:
        return words.grade_c(len(evidence.teams), evidence.solid)
    return next((g.text for g in evidence.guards if g.passed is False), "")


def adjusted(evidence: Evidence, p: float) -> Evidence:
    """The evidence under a p adjusted for its company: a claim that stands only alone is withdrawn."""
    if evidence.causal and p >= ALPHA:
        return replace(evidence, p_adjusted=p, verdict=Verdict.NOT_SHOWN, reason=words.among_others(evidence))
    return replace(evidence, p_adjusted=p)


def _held(evidence: Evidence, needle: Needle, proof: Proof) -> bool:
    """Whether a guardrail's whole interval lies within its margin, both ways."""
    declared = proof.guardrails.get(needle.key)
    return declared is not None and _within(evidence, needle, declared.margin)


def _immaterial(evidence: Evidence, needle: Needle, proof: Proof) -> bool:
    """Whether the whole interval lies within the smallest effect of interest, both ways."""
    smallest = proof.smallest_effect.get(needle.key)
    return smallest is not None and smallest > 0 and _within(evidence, needle, smallest)


def _within(evidence: Evidence, needle: Needle, margin: float) -> bool:
    if evidence.interval is None:
        return False
    low, high = _bounds(evidence, needle, margin)
    return low <= evidence.interval.low and evidence.interval.high <= high


def _bounds(evidence: Evidence, needle: Needle, margin: float) -> tuple[float, float]:
    """No change ± margin on the effect's scale: a share of the level, or points of a share (5 and 0.05 are 5 points)."""
    if needle.kind.name == "Share" and margin >= 1:
        margin /= 100
    elif needle.kind.name == "Stock":
        margin *= abs(evidence.before.value) / max(evidence.after.weeks, 1)
    return evidence.neutral - margin, evidence.neutral + margin
