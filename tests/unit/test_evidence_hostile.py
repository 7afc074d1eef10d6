"""Whatever comes in: a verdict with a reason or one clear sentence, and never a NaN on a page (warnings are errors here)."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from evidence_worlds import (
    BEGIN,
    DEPLOYMENTS,
    END,
    EVERY,
    FAILURES,
    GROUND,
    LEAD_TIME,
    OTHER_TEAMS,
    PROOF_TEAMS,
    START,
    durations,
    events,
    facts_for,
    instant,
    proof,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reportkit.english import sentences as say
from reportkit.evidence import Case, Ground, compare, compare_all
from reportkit.figures.before_after import before_after
from reportkit.figures.behaviour import behaviour
from reportkit.figures.evidence_table import evidence_table
from reportkit.figures.guards_table import guards_table
from reportkit.model.brand import Brand
from reportkit.model.evidence import Evidence, Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import Proof, Rule
from reportkit.model.period import Window

TEAMS = (*PROOF_TEAMS[:4], *OTHER_TEAMS[:4])
BAD_TEXT = re.compile(r"\b(nan|NaN|inf)\b|None|\d\.\d{5}")
ODD = (0.0, -1.0, 1.0, 1e-12, 1e12, np.nan, np.inf, -np.inf)


def told(evidence: Evidence, needle: Needle, declared: Proof, *, pictures: bool = False) -> None:
    """That every sentence, row and picture of an evidence can be printed."""
    texts = [
        say.sentence(evidence, needle, declared),
        evidence_table([(evidence, needle)]).plain,
        evidence.reason,
        *evidence.notes,
    ]
    if block := guards_table([(evidence, needle)]):
        texts.append(block.plain)
    if pictures and not evidence.weekly.empty:
        figure = before_after(evidence, needle, declared, Brand())
        texts += [figure.alt, figure.caption]
        if chart := behaviour(evidence, needle, declared, Brand()):
            texts += [chart.alt, chart.caption]
    for text in texts:
        assert not BAD_TEXT.search(text), text
    if evidence.interval is not None:
        assert math.isfinite(evidence.interval.low)
        assert math.isfinite(evidence.interval.high)
        assert evidence.interval.low - 1e-9 <= evidence.effect <= evidence.interval.high + 1e-9
    if evidence.verdict in (Verdict.NOT_SHOWN, Verdict.NOT_ENOUGH_DATA, Verdict.INTERIM):
        assert evidence.reason.endswith(".")


def table(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Facts that serve every kind at once, from (team, day, length, yes, top, bottom, type)."""
    begin = instant(BEGIN)
    start = pd.to_datetime([begin + pd.Timedelta(days=r[1]) for r in rows], utc=True)
    ends = [None if r[2] is None else begin + pd.Timedelta(days=r[1] + r[2] / 4) for r in rows]
    return pd.DataFrame(
        {
            "team": [TEAMS[r[0]] for r in rows], "start": start, "at": start, "end": pd.to_datetime(ends, utc=True),
            "yes": [r[3] for r in rows], "numerator": [r[4] for r in rows], "denominator": [r[5] for r in rows],
            "type": [r[6] for r in rows],
        }
    )  # fmt: skip


ROW = st.tuples(
    st.integers(0, 7), st.integers(-30, 230), st.one_of(st.none(), st.integers(-5, 300)),
    st.sampled_from([True, False, None]), st.sampled_from(ODD), st.sampled_from(ODD), st.sampled_from(["a", "b", None]),
)  # fmt: skip
DESIGN = st.fixed_dictionaries(
    {
        "before": st.integers(1, 20), "after": st.integers(1, 13), "settling_in": st.integers(0, 3),
        "comparison": st.sampled_from(["none", "all others", Rule(names="other*", at_least=3), ("other 0",)]),
        "treated": st.sampled_from(["all", PROOF_TEAMS[:4], PROOF_TEAMS[:1], ("nobody",)]),
        "statistic": st.sampled_from(["median", "typical"]), "strata": st.sampled_from([(), ("type",)]),
        "starts": st.sampled_from([{}, {"proof 0": START + timedelta(days=9)}, {"proof 1": START - timedelta(weeks=3)}]),
    }
)  # fmt: skip


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(
    rows=st.lists(ROW, max_size=90), design=DESIGN, quiet=st.sampled_from([(), (date(2026, 5, 4), date(2026, 2, 3))])
)
def test_any_facts_in_any_design(rows, design, quiet):
    declared = proof(**design, smallest_effect={"deployments": 0.5}, picked=None)
    ground = replace(
        GROUND, holidays=quiet, today=END + timedelta(weeks=3), covers=Window(BEGIN, END + timedelta(weeks=3))
    )
    frame = table(rows)
    for needle in EVERY:
        told(compare(frame, needle, declared, ground), needle, declared)


def test_the_needles_of_one_proof_share_their_bad_luck():
    frame = table([(i % 8, i % 200, 3, i % 3 == 0, 1.0, 0.0, "a") for i in range(400)])
    declared = proof(headline=("lead_time",), supporting=("deployments", "failures"), comparison="all others")
    found = compare_all([Case(needle, frame, GROUND) for needle in EVERY], declared)
    for evidence, needle in zip(found, EVERY, strict=True):
        told(evidence, needle, declared, pictures=True)


def _constant(one: Needle) -> pd.DataFrame:
    """The same every day and team."""
    days = np.tile(np.arange(0, 182), 6)
    start = pd.DatetimeIndex([instant(BEGIN) + pd.Timedelta(days=float(d), hours=9) for d in days])
    frame = pd.DataFrame(
        {"team": np.repeat(PROOF_TEAMS, 182), "start": start, "at": start, "end": start + pd.Timedelta(days=1)}
    )
    return frame.assign(yes=True, numerator=2.0, denominator=1.0)


@pytest.mark.parametrize("one", EVERY, ids=lambda n: n.kind.name)
def test_a_needle_that_is_constant(one):
    found = compare(_constant(one), one, proof(), GROUND)
    told(found, one, proof(), pictures=True)
    assert not found.causal


@pytest.mark.parametrize("one", EVERY, ids=lambda n: n.kind.name)
@pytest.mark.parametrize(
    "changes",
    [
        {"treated": PROOF_TEAMS[:1]},
        {"treated": ()},
        {"treated": ("nobody",), "comparison": "all others"},
        {"before": 1, "after": 1},
        {"start": END + timedelta(days=1), "read_out": END + timedelta(weeks=20)},
        {"start": END + timedelta(days=1), "read_out": END},
        {"start": date(1999, 1, 4), "read_out": date(1999, 6, 1)},
        {"before": 520, "after": 520},
        {"settling_in": 60},
    ],
    ids=["one team", "no team", "strangers", "one week", "starts tomorrow", "read out before it starts", "long ago", "ten years", "never after"],
)  # fmt: skip
def test_designs_that_cannot_be_weighed(one, changes):
    declared = proof(**changes)
    found = compare(facts_for(one, 1), one, declared, GROUND)
    told(found, one, declared, pictures=True)
    assert not found.causal


@pytest.mark.parametrize("one", EVERY, ids=lambda n: n.kind.name)
def test_a_team_that_appears_only_afterwards_is_named_and_takes_no_part(one):
    frame = facts_for(one, 1)
    column = "start" if "start" in frame else "at"
    late = frame[(frame.team != "proof 0") | (frame[column] >= instant(START))]
    found = compare(late, one, proof(), GROUND)
    told(found, one, proof())
    assert ("proof 0" in found.left_out) == ("proof 0" not in found.teams)
    if one.kind.name != "Stock":
        assert found.left_out == ("proof 0",)


FEW = (0.0, -1.0, 1.0, np.nan, np.inf)


@pytest.mark.parametrize(("top", "bottom"), [(a, b) for a in FEW for b in FEW])
def test_odd_numbers_in_a_ratio(top, bottom):
    cost = EVERY[3]
    frame = events(1).assign(numerator=top, denominator=bottom)
    told(compare(frame, cost, proof(), GROUND), cost, proof(), pictures=True)
    mixed = frame.assign(
        numerator=np.where(np.arange(len(frame)) % 3, 4.0, top),
        denominator=np.where(np.arange(len(frame)) % 4, 2.0, bottom),
    )
    told(compare(mixed, cost, proof(), GROUND), cost, proof(), pictures=True)


def test_a_share_that_is_never_or_always_true():
    for yes in (True, False):
        found = compare(events(1).assign(yes=yes), FAILURES, proof(), GROUND)
        assert found.verdict is Verdict.NOT_ENOUGH_DATA
        told(found, FAILURES, proof(), pictures=True)


def test_facts_a_thousand_years_away_are_left_out():
    frame = pd.concat(
        [
            durations(1),
            pd.DataFrame({"team": ["proof 0"], "start": [pd.Timestamp("1677-10-01", tz="UTC")], "end": [pd.NaT]}),
        ]
    )
    told(compare(frame, LEAD_TIME, proof(), GROUND), LEAD_TIME, proof())


def test_every_zone_and_holiday_all_year_round():
    every_day = tuple(BEGIN + timedelta(days=i) for i in range(182))
    for zone in ("Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu"):
        ground = Ground(zone, Window(date(2026, 1, 1), END), END, every_day)
        for one in (LEAD_TIME, DEPLOYMENTS):
            found = compare(facts_for(one, 1), one, proof(), ground)
            told(found, one, proof(), pictures=True)
            assert not found.causal


def test_ten_thousand_teams_are_weighed_at_once():
    frame = durations(1, tuple(f"t{i}" for i in range(200)), a_week=4)
    crowd = frame.assign(team=[f"t{i % 10_000}" for i in range(len(frame))], type="x")
    treated = tuple(f"t{i}" for i in range(5000))
    began = time.process_time()
    for comparison in ("none", "all others"):
        declared = proof(treated=treated, comparison=comparison, strata=("type",))
        told(compare(crowd, LEAD_TIME, declared, GROUND), LEAD_TIME, declared)
    at = crowd.rename(columns={"start": "at"})
    few = proof(treated=treated[:3], comparison="all others")
    told(compare(at, DEPLOYMENTS, few, GROUND), DEPLOYMENTS, few)
    assert time.process_time() - began < 20  # a quadratic reckoning would take minutes
