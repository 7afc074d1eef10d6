"""Compare: the facts of a needle, before against after a proof's start, as an Evidence.

The order of work: who and when (`study`) → enough data? (`minimum`) → θ and its rulers (`weighing`, `rulers`, `contrast`,
`survival`) → guards → verdict. The rules are EVIDENCE §§1–3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from reportkit.english import reasons
from reportkit.evidence import guards, minimum, rulers, verdict, words
from reportkit.evidence.levels import levels, printed, weekly
from reportkit.evidence.rulers import Measured
from reportkit.evidence.study import Case, Ground, Study, study
from reportkit.evidence.weighing import Weighed, weigh
from reportkit.model.evidence import Evidence, Interval, Ruler, Verdict
from reportkit.model.kind import Duration, Share
from reportkit.model.needle import Needle
from reportkit.model.params import Proof

MDE = 1.6  # half-widths: 80 % power is (1.96 + 0.84) / 1.96 = 1.43 of them; the rest is what the guards cost


def compare(facts: pd.DataFrame, needle: Needle, proof: Proof, ground: Ground, *, name: str = "") -> Evidence:
    """The evidence of one needle, as if it were the only needle of the proof. Raises EvidenceError where a column lacks."""
    return _weighed(Case(needle, facts, ground), proof, name)


def compare_all(cases: Sequence[Case], proof: Proof, *, name: str = "") -> tuple[Evidence, ...]:
    """The evidence of a proof's needles, in the order given.

    Holm over the declared headline needles, Benjamini–Hochberg over the supporting ones; guardrails stand alone, for a
    warning must not get weaker by company.
    """
    found = [_weighed(case, proof, name) for case in cases]
    head = [i for i, e in enumerate(found) if e.needle in proof.headline]
    rest = [i for i, e in enumerate(found) if e.needle not in proof.headline and e.needle not in proof.guardrails]
    found = [
        replace(e, headline=i in head, headlines=len(proof.headline)) if i in head else e for i, e in enumerate(found)
    ]
    for places, adjust, most in (
        (head, rulers.holm, len(proof.headline)),
        (rest, rulers.benjamini_hochberg, len(rest)),
    ):
        ps = [found[i].p if math.isfinite(found[i].p) else 1.0 for i in places]
        for i, p in zip(places, adjust(np.array(ps + [1.0] * (most - len(ps)))), strict=False):
            if math.isfinite(found[i].p):
                found[i] = verdict.adjusted(found[i], float(p))
    return tuple(found)


def _weighed(case: Case, proof: Proof, name: str) -> Evidence:
    chosen = study(case, proof, name)
    base = _base(chosen)
    theta = chosen.theta
    effect = printed(chosen, theta) if theta is not None else math.nan
    if chosen.interim:
        return replace(base, verdict=Verdict.INTERIM, reason=words.interim(chosen), effect=effect)
    if lacking := minimum.short(chosen):
        return replace(base, verdict=Verdict.NOT_ENOUGH_DATA, reason=lacking)
    found = weigh(chosen)
    if found is None:
        return replace(base, verdict=Verdict.NOT_ENOUGH_DATA, reason=reasons.unweighable(case.needle))
    if guards.truncated(chosen):
        return replace(base, verdict=Verdict.NOT_ENOUGH_DATA, reason=reasons.truncated(case.needle))
    return verdict.judge(_measured(chosen, base, found), case.needle, proof)


def _base(study: Study) -> Evidence:
    """The evidence before any judgement: levels, teams, design, picture."""
    needle, other = study.needle, study.other
    before, after = levels(study, study.treated)
    theirs = levels(study, other) if other is not None and other.teams else (None, None)
    statistic = study.proof.statistic if isinstance(needle.kind, Duration) else needle.kind.name.lower()
    base = Evidence(
        needle=needle.key, proof=study.name, kind=needle.kind.name, better=needle.better, scale=needle.kind.scale,
        verdict=Verdict.NOT_SHOWN, grade=study.grade, reason="", design="", before=before, after=after,
        comparison_before=theirs[0], comparison_after=theirs[1], statistic=statistic, teams=study.treated.teams, solid=study.treated.solid,
        left_out=study.treated.left_out, comparison_teams=other.teams if other is not None else (),
        notes=words.notes(study), weekly=weekly(study),
    )  # fmt: skip
    return replace(base, design=words.design(base), method=words.method(base, needle))


def _measured(study: Study, base: Evidence, found: Weighed) -> Evidence:
    """The evidence with its effect, interval, rulers, guards and smallest detectable effect."""
    checked = guards.all_of(study, found)
    measured, ruler = found.interval, found.widest
    named = dict(found.rulers)
    if measured.excludes_none and found.beside_trend and any(g.name == "pre-trend" and not g.passed for g in checked):
        named["trend"] = found.beside_trend
        measured, ruler = measured.spanning(found.beside_trend), "trend"
    rulers_shown = tuple(
        Ruler(name, _interval(study, m), m.p, m.df if math.isfinite(m.df) else None) for name, m in named.items()
    )
    towards = -1.0 if base.better == "lower" else 1.0
    return replace(
        base, effect=printed(study, found.theta), interval=_interval(study, measured), p=found.p, p_adjusted=found.p,
        ruler=ruler, rulers=rulers_shown, guards=checked,
        mde=printed(study, towards * MDE * found.interval.width / 2),
    )  # fmt: skip


def _interval(study: Study, measured: Measured) -> Interval:
    """The interval as it is printed; no share can rise or fall by more than all there is."""
    low, high = printed(study, measured.low), printed(study, measured.high)
    return Interval(max(low, -1.0), min(high, 1.0)) if isinstance(study.needle.kind, Share) else Interval(low, high)
