"""Kinds that add up, look again, meet another entity or divide two quantiles: each weighed as what it is, or said not to be."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from evidence_worlds import (
    COST,
    DEPLOYMENTS,
    END,
    FAILURES,
    GROUND,
    LEAD_TIME,
    durations,
    events,
    instant,
    needle,
    proof,
)
from evidence_worlds import START as BEGAN

from reportkit.english import sentences as say
from reportkit.evidence import compare
from reportkit.model.evidence import Verdict
from reportkit.model.kind import Duration, Per, Rate, Ratio, Share
from reportkit.model.unit import TIMES

BILLS = needle(Rate(None, per="month", counts="amount", amount=0), key="bills")
SPREAD = needle(Duration(None, None, unit=TIMES, summary="spread"), key="spread")


def bills(seed: int = 3, effect: float = 0.5) -> pd.DataFrame:
    """Charges of about 100 a time; after the start of `effect` times as much."""
    frame = events(seed, a_week=6.0)
    spread = np.random.default_rng(seed).uniform(90, 110, len(frame))
    return frame.assign(amount=spread * np.where(frame["at"] >= instant(BEGAN), effect, 1.0))


def test_a_rate_of_amounts_adds_them_up_and_counts_its_facts():
    frame = bills()
    found = compare(frame, BILLS, proof(headline=("bills",)), GROUND)
    split = instant(BEGAN)
    first, second = frame[frame["at"] < split], frame[(frame["at"] >= split) & (frame["at"] < instant(END))]
    assert found.before.value == pytest.approx(first.amount.sum() / (91 / 30.4375))
    assert found.after.value == pytest.approx(second.amount.sum() / (91 / 30.4375))
    assert (found.before.facts, found.after.facts) == (len(first), len(second))
    assert found.effect == pytest.approx(second.amount.sum() / first.amount.sum(), rel=0.02)
    assert found.verdict is Verdict.MOVED
    week = found.weekly[found.weekly.phase == "before"]
    assert week.value.sum() == pytest.approx(first.amount.sum() * 30.4375 / 7)
    assert week.facts.sum() == len(first)


def test_amounts_have_no_ruler_of_single_facts_and_do_not_depend_on_the_currency():
    frame = bills()
    found = compare(frame, BILLS, proof(), GROUND)
    assert {ruler.name for ruler in found.rulers} == {"weeks", "teams"}
    pence = compare(frame.assign(amount=frame.amount * 100), BILLS, proof(), GROUND)
    assert pence.effect == pytest.approx(found.effect, rel=1e-9)
    assert pence.interval.low == pytest.approx(found.interval.low, rel=1e-9)
    assert "Amounts are added up" in found.method


def test_more_and_smaller_charges_of_the_same_sum_are_no_change():
    frame = bills(effect=1.0)
    after = frame["at"] >= instant(BEGAN)
    halves = pd.concat([frame[~after], *[frame[after].assign(amount=frame.amount[after] / 2)] * 2])
    found, split = (compare(f, BILLS, proof(), GROUND) for f in (frame, halves))
    assert split.effect == pytest.approx(found.effect, rel=1e-9)
    assert split.after.facts == 2 * found.after.facts


def test_a_rate_by_quarter_is_told_by_quarter():
    weekly, quarterly = (
        compare(events(1), replace(DEPLOYMENTS, kind=Rate(None, per=per)), proof(), GROUND)
        for per in ("week", "quarter")
    )
    assert quarterly.before.value == pytest.approx(weekly.before.value * 3 * 30.4375 / 7)
    assert quarterly.effect == weekly.effect


def test_a_spread_is_shown_and_not_weighed():
    frame = durations(2, effect=0.2)
    found = compare(frame, SPREAD, proof(headline=("spread",)), GROUND)
    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert found.interval is None
    assert found.weekly.empty
    begun = frame[frame.start < instant(BEGAN)]
    ended = begun[begun.end < instant(BEGAN)]
    spans = (ended.end - ended.start).dt.total_seconds()
    assert 1.0 < found.before.value < 1.5 * spans.quantile(0.9) / spans.median()
    assert "a proof cannot weigh it" in say.sentence(found, SPREAD, proof())


def test_of_two_entities_only_the_needles_own_facts_are_counted():
    per = replace(COST, kind=Ratio(None, 1, Per("services", at=None, until=0)))
    tops = events(5).assign(numerator=1.0, denominator=0.0)
    bottoms = events(6, a_week=9.0).assign(numerator=0.0, denominator=0.25)
    found = compare(pd.concat([tops, bottoms]), per, proof(), GROUND)
    assert found.before.facts == int((tops["at"] < instant(BEGAN)).sum())
    assert math.isfinite(found.effect)


def test_looks_at_the_same_subject_are_called_observations():
    looked = needle(Share(None, None, each=0), key="drift")
    frame = events(7, a_week=6.0)
    frame["yes"] = (np.arange(len(frame)) % 3 == 0).astype(float)
    found = compare(frame, looked, proof(), GROUND)
    assert "Changes count once for every time that they were looked at" in " ".join(found.notes)
    assert "observations before" in say.facts_brief(found, looked)
    assert "observations" not in say.facts_brief(compare(frame, FAILURES, proof(), GROUND), FAILURES)
    assert "before" in say.facts_brief(compare(durations(1), LEAD_TIME, proof(), GROUND), LEAD_TIME)


def test_no_share_moves_by_more_than_all_there_is():
    rng, frame = np.random.default_rng(25), events(25, a_week=0.6)
    took_part = (frame["at"] >= instant(BEGAN)) & frame.team.isin(proof().treated)
    chance = np.where(took_part, 0.995, 0.06)
    found = compare(
        frame.assign(yes=rng.uniform(size=len(frame)) < chance), FAILURES, proof(headline=(FAILURES.key,)), GROUND
    )
    assert found.interval is not None
    assert 2 * found.effect - found.interval.low > 1.02  # where it would end, for it lies evenly about the effect
    assert found.interval.high == 1.0
    assert all(ruler.interval.high <= 1 for ruler in found.rulers)
