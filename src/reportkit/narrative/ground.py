"""What a text is read against: what is claimed of each needle, and which numbers were declared beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reportkit.english.words import lower_first
from reportkit.model.bets import bet_target
from reportkit.model.evidence import Evidence, Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import NeedleParams, Proof
from reportkit.narrative.check import Claim, Ground

EFFECT = ".effect"


def ground(
    needles: Mapping[str, Needle], params: Mapping[str, NeedleParams], proofs: Mapping[str, Proof],
    claims: Mapping[str, Claim] | None,
) -> Ground:  # fmt: skip
    """The ground of a report's texts; `claims` by needle, None where nothing is known of the evidence yet."""
    bare = {key: Claim(lower_first(needle.label), better=needle.better) for key, needle in needles.items()}
    known = {key: claim for key, claim in (claims or {}).items() if key in needles}
    return Ground(
        claims={**bare, **known},
        declared=frozenset(_declared(needles, params, proofs)),
        solutions=tuple(text for proof in proofs.values() for text in (proof.name, proof.tried)),
        judged=claims is not None,
    )


def _declared(
    needles: Mapping[str, Needle], params: Mapping[str, NeedleParams], proofs: Mapping[str, Proof]
) -> Iterator[str]:
    """Targets as the needle's unit writes them, and margins in per cent."""
    for key, needle in needles.items():
        for bet in params.get(key, NeedleParams()).bets:
            yield needle.unit.text(bet_target(bet, needle))
            yield needle.unit.number(bet_target(bet, needle))
    for proof in proofs.values():
        for margin in (*(rail.margin for rail in proof.guardrails.values()), *proof.smallest_effect.values()):
            yield f"{100 * margin:g}%"


def of_evidence(weighed: Iterable[Evidence], needles: Mapping[str, Needle]) -> dict[str, Claim]:
    """What each evidence carries; of several of one needle the first that is a claim."""
    found: dict[str, Claim] = {}
    for e in weighed:
        fell = e.effect < e.neutral if e.causal else None
        claim = Claim(lower_first(needles[e.needle].label), e.verdict.value, fell, e.better)
        if e.needle not in found or (found[e.needle].fell is None and fell is not None):
            found[e.needle] = claim
    return found


def of_record(numbers: Iterable[Mapping[str, Any]], needles: Mapping[str, Needle]) -> dict[str, Claim]:
    """The same from the numbers of a record: its verdicts and effects. Grade C has no verdict that claims anything."""
    found: dict[str, Claim] = {}
    for number in numbers:
        needle = needles.get(str(number.get("needle")))
        if needle is None or not number.get("verdict"):
            continue
        claims = number["verdict"] in (Verdict.MOVED, Verdict.GOT_WORSE)
        fell = None
        if claims and str(number["id"]).endswith(EFFECT):
            fell = float(number["value"]) < (1.0 if number["unit"] == "ratio" else 0.0)
        if needle.key not in found or (found[needle.key].fell is None and fell is not None):
            found[needle.key] = Claim(lower_first(needle.label), str(number["verdict"]), fell, needle.better)
    return found
