"""Designs beyond one start and one list: own starts, strata, comparison rules, and which teams count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from evidence_worlds import (
    BACKLOG,
    BEGIN,
    COST,
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

from reportkit.errors import EvidenceError
from reportkit.evidence import compare, rulers
from reportkit.model.evidence import Grade, Verdict
from reportkit.model.params import Rule
from reportkit.model.period import Window

WIDE = replace(GROUND, covers=Window(BEGIN, END + timedelta(weeks=12)), today=END + timedelta(weeks=12))
LATER = {team: START + timedelta(weeks=weeks) for team, weeks in zip(PROOF_TEAMS, (0, 0, 4, 4, 8, 8), strict=True)}


def moved(frame: pd.DataFrame, weeks: int) -> pd.DataFrame:
    """The table as if everything had happened so many weeks later; clocks do not change in between."""
    times = [c for c in ("start", "end", "at") if c in frame]
    return frame.assign(**{c: frame[c] + pd.Timedelta(weeks=weeks) for c in times})


def staggered(frame: pd.DataFrame, starts: dict[str, date]) -> pd.DataFrame:
    parts = [moved(part, (starts[str(team)] - START).days // 7) for team, part in frame.groupby("team")]
    return pd.concat(parts, ignore_index=True)


# ---- starts of their own ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", EVERY, ids=lambda n: n.kind.name)
def test_teams_moved_in_time_with_their_starts_give_the_same(one):
    utc = replace(WIDE, time_zone="UTC")
    frame = facts_for(one, 3)
    together = compare(frame, one, proof(), utc)
    apart = compare(staggered(frame, LATER), one, proof(starts=LATER, read_out=utc.today), utc)
    assert apart.effect == pytest.approx(together.effect, rel=1e-9)
    assert apart.interval.low == pytest.approx(together.interval.low, rel=1e-9)
    assert (apart.before.facts, apart.after.facts) == (together.before.facts, together.after.facts)
    assert apart.before.value == pytest.approx(together.before.value)
    assert (apart.weekly.facts == together.weekly.facts).all()
    assert any(note.startswith("Teams began on days of their own") for note in apart.notes)


def test_a_holiday_leaves_each_team_the_weeks_that_it_falls_into():
    """The same holiday is another week of each team's own count."""
    day = START + timedelta(weeks=9)
    frame = staggered(events(1, a_week=6), LATER)
    quiet = frame[(frame["at"] < instant(day)) | (frame["at"] >= instant(day + timedelta(weeks=1)))]
    ground = replace(WIDE, holidays=(day,), time_zone="UTC")
    found = compare(quiet, DEPLOYMENTS, proof(starts=LATER, read_out=WIDE.today), ground)
    careless = compare(quiet, DEPLOYMENTS, proof(starts=LATER, read_out=WIDE.today), replace(ground, holidays=()))
    assert found.effect > careless.effect
    early = {team: START - timedelta(weeks=2) for team in PROOF_TEAMS[:2]}
    before = compare(events(1, a_week=6), DEPLOYMENTS, proof(starts=early, before=9), replace(ground, holidays=(day,)))
    assert before.interval is not None


def test_one_start_for_all_needs_no_stacking():
    frame = pd.concat([durations(1, effect=0.5), durations(2, OTHER_TEAMS)])
    plain = compare(frame, LEAD_TIME, proof(comparison="all others"), GROUND)
    named = compare(frame, LEAD_TIME, proof(comparison="all others", starts=dict.fromkeys(PROOF_TEAMS, START)), GROUND)
    assert (named.effect, named.interval, named.notes) == (plain.effect, plain.interval, plain.notes)


def test_late_teams_are_held_against_the_same_weeks_of_the_comparison():
    """Everything falls by half in calendar week 17: only a comparison that is stacked by start takes that off."""
    frame = events(1, tuple(PROOF_TEAMS) + OTHER_TEAMS, a_week=12)
    more = moved(frame[frame["at"] < instant(BEGIN + timedelta(weeks=12))], 26)
    frame = pd.concat([frame, more], ignore_index=True)
    random = np.random.default_rng(0)
    fallen = frame["at"] >= instant(BEGIN + timedelta(weeks=17))
    frame = frame[~fallen | (random.random(len(frame)) < 0.5)]
    found = compare(frame, DEPLOYMENTS, proof(starts=LATER, comparison="all others", read_out=WIDE.today), WIDE)
    assert found.grade is Grade.A
    assert found.verdict is Verdict.NOT_SHOWN
    assert found.interval.low < 1 < found.interval.high
    assert found.effect == pytest.approx(1, abs=0.15)
    alone = compare(frame, DEPLOYMENTS, proof(starts=LATER, read_out=WIDE.today), WIDE)
    assert alone.effect < 0.8


@pytest.mark.parametrize("one", EVERY, ids=lambda n: n.kind.name)
def test_every_kind_is_stacked(one):
    frame = pd.concat([facts_for(one, 1), facts_for(one, 2, OTHER_TEAMS)])
    frame = pd.concat([frame, moved(frame, 26)], ignore_index=True)
    found = compare(frame, one, proof(starts=LATER, comparison="all others", read_out=WIDE.today), WIDE)
    assert found.grade is Grade.A
    assert found.interval is not None
    assert found.comparison_before.facts > 0


def test_a_mid_week_start_costs_every_team_that_week():
    plan = proof(starts={PROOF_TEAMS[0]: START + timedelta(days=9)})
    before, after = plan.windows
    assert (before.end, after.start) == (START - timedelta(weeks=1), START)
    assert plan.late(PROOF_TEAMS[0]) == 2
    assert plan.span == Window(before.start, after.end + timedelta(weeks=2))


def test_a_late_start_beyond_the_extract_is_told():
    found = compare(durations(1), LEAD_TIME, proof(starts=LATER), GROUND)
    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert "the weeks after the start run until 30 Aug 2026, but the extract ends with 5 Jul 2026" in found.reason


def test_interim_of_late_starts_counts_no_week_that_is_not_over():
    ground = replace(GROUND, today=date(2026, 6, 29), covers=Window(BEGIN, date(2026, 6, 29)))
    late = {team: day for team, day in LATER.items() if day < date(2026, 5, 10)}
    found = compare(events(1), DEPLOYMENTS, proof(starts=late), ground)
    assert found.verdict is Verdict.INTERIM
    assert found.after.weeks == 8
    assert found.effect == pytest.approx(1, abs=0.3)


# ---- strata ----------------------------------------------------------------------------------------------------------


def typed(seed: int, share_before: float, share_after: float, effect: float = 1.0) -> pd.DataFrame:
    """Hotfixes of about half a day and features of about three weeks, mixed."""
    random = np.random.default_rng(seed)
    quick = durations(seed, days=0.5, a_week=9, team_spread=0.1, effect=effect)
    slow = durations(seed + 1, days=16, a_week=9, team_spread=0.1, effect=effect)
    frames = []
    for frame, kind, shares in ((quick, "hotfix", (share_before, share_after)), (slow, "feature", (1 - share_before, 1 - share_after))):  # fmt: skip
        keep = np.where(frame.start < instant(START), shares[0], shares[1])
        frames.append(frame[random.random(len(frame)) < keep].assign(type=kind))
    return pd.concat(frames, ignore_index=True)


def test_a_changed_mix_of_types_is_no_effect():
    frame = typed(1, 0.3, 0.8)
    plain = compare(frame, LEAD_TIME, proof(), GROUND)
    by_type = compare(frame, LEAD_TIME, proof(strata=("type",)), GROUND)
    assert plain.effect < 0.3
    assert by_type.verdict is Verdict.NOT_SHOWN
    assert by_type.effect == pytest.approx(1, abs=0.3)
    assert any("type by type (feature and hotfix)" in note for note in by_type.notes)


def test_two_humps_regain_their_power():
    frame = typed(3, 0.5, 0.5, effect=0.5)
    by_type = compare(frame, LEAD_TIME, proof(strata=("type",)), GROUND)
    assert by_type.verdict is Verdict.MOVED
    assert by_type.interval.low < 0.5 < by_type.interval.high
    plain = compare(frame, LEAD_TIME, proof(), GROUND)
    width = [np.log(e.sampled.high / e.sampled.low) for e in (plain, by_type)]
    assert width[1] < width[0]


def test_a_share_by_type():
    frame = typed(5, 0.3, 0.8)
    random = np.random.default_rng(5)
    broken = random.random(len(frame)) < np.where(frame.type == "hotfix", 0.1, 0.5)
    frame = frame.assign(at=frame.start, yes=broken)
    assert compare(frame, FAILURES, proof(), GROUND).effect < -0.1
    found = compare(frame, FAILURES, proof(strata=("type",)), GROUND)
    assert found.effect == pytest.approx(0, abs=0.07)
    assert compare(
        frame.assign(numerator=1.0 * broken, denominator=1.0), COST, proof(strata=("type",)), GROUND
    ).interval


def test_a_type_too_rare_for_a_curve_joins_the_largest():
    frame = typed(7, 0.5, 0.5)
    rare = frame.assign(type=np.where(np.arange(len(frame)) % 60 == 0, "odd", frame.type))
    found = compare(rare, LEAD_TIME, proof(strata=("type",)), GROUND)
    assert found.interval is not None
    assert found.before.facts == compare(frame, LEAD_TIME, proof(strata=("type",)), GROUND).before.facts


def test_a_type_that_a_team_has_on_one_side_only_takes_no_part():
    frame = durations(1).assign(type="feature")
    only = frame[frame.team == "proof 0"].assign(type="hotfix")
    late = pd.concat([frame[frame.team != "proof 0"], only[only.start >= instant(START)]])
    found = compare(late, LEAD_TIME, proof(strata=("type",)), GROUND)
    assert found.interval is not None
    few = only.groupby(only.start < instant(START)).head(30)
    split = few.assign(type=np.where(few.start < instant(START), "hotfix", "feature"))
    assert compare(split, LEAD_TIME, proof(strata=("type",)), GROUND).interval is None


def test_strata_of_one_type_change_nothing_and_missing_ones_are_told():
    frame = durations(1, effect=0.5)
    plain = compare(frame, LEAD_TIME, proof(), GROUND)
    one = compare(frame.assign(type="only"), LEAD_TIME, proof(strata=("type",)), GROUND)
    assert (one.effect, one.interval) == (plain.effect, plain.interval)
    nothing = compare(frame.assign(type=None), LEAD_TIME, proof(strata=("type",)), GROUND)
    assert nothing.effect == plain.effect
    with pytest.raises(EvidenceError, match="type is missing"):
        compare(frame, LEAD_TIME, proof(strata=("type",)), GROUND)
    counted = compare(events(1), DEPLOYMENTS, proof(strata=()), GROUND)
    assert compare(events(1).assign(type="x"), DEPLOYMENTS, proof(strata=("type",)), GROUND).effect == counted.effect


# ---- comparison rules ------------------------------------------------------------------------------------------------


def test_a_comparison_rule_by_name_and_size():
    frame = pd.concat(
        [
            durations(1, effect=0.5),
            durations(2, OTHER_TEAMS),
            durations(3, ("others",)),
            durations(4, ("other tiny",), a_week=0.2),
        ]
    )
    rule = Rule(names="other *", but=("other 0",), at_least=10)
    found = compare(frame, LEAD_TIME, proof(comparison=rule), GROUND)
    assert found.comparison_teams == OTHER_TEAMS[1:]
    listed = compare(frame, LEAD_TIME, proof(comparison=OTHER_TEAMS[1:]), GROUND)
    assert (found.effect, found.interval) == (listed.effect, listed.interval)


def test_a_rule_that_fits_nobody_leaves_no_comparison():
    found = compare(durations(1, effect=0.4), LEAD_TIME, proof(comparison=Rule(names="x*")), GROUND)
    assert (found.grade, found.comparison_teams) == (Grade.B, ())


# ---- which teams count -----------------------------------------------------------------------------------------------


def test_teams_of_a_few_facts_do_not_make_a_design():
    big = durations(1, PROOF_TEAMS[:1], effect=0.3, a_week=20)
    small = durations(2, tuple(f"small {i}" for i in range(9)), effect=0.3, a_week=0.25)
    found = compare(pd.concat([big, small]), LEAD_TIME, proof(treated="all"), GROUND)
    assert found.grade is Grade.C
    assert found.solid == 1
    assert len(found.teams) > 4
    assert not found.causal
    assert any("fewer than 6 changes on one side of the start" in note for note in found.notes)


def test_tiny_comparison_teams_are_drawn_not_used():
    small = durations(2, tuple(f"small {i}" for i in range(9)), a_week=0.25)
    found = compare(pd.concat([durations(1, effect=0.4), small]), LEAD_TIME, proof(comparison="all others"), GROUND)
    assert found.grade is Grade.B


@pytest.mark.parametrize("one", [DEPLOYMENTS, BACKLOG], ids=lambda n: n.kind.name)
def test_teams_that_count_events_are_never_picked_by_their_events(one):
    frame = facts_for(one, 1)
    few = frame.groupby("team").head(4)
    found = compare(few, one, proof(), GROUND)
    assert found.solid == len(found.teams)


def test_degrees_of_freedom_fall_with_unequal_weights():
    assert rulers.jackknife_df(np.full(6, 1 / 6)) == pytest.approx(5)
    assert rulers.jackknife_df(np.array([1.0])) == 1
    uneven = rulers.jackknife_df(np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1]))
    assert 1 <= uneven < 3
    assert rulers.jackknife_df(np.r_[0.97, np.full(3, 0.01)]) == pytest.approx(1, abs=0.1)
    assert rulers.jackknife_df(np.full(2000, 1 / 2000)) == pytest.approx(1999)


def test_jackknife_covers_with_unequal_teams():
    """Teams whose effects differ, of very unequal weight: the interval must hold the truth."""
    random = np.random.default_rng(3)
    weights = np.array([0.4, 0.2, 0.15, 0.1, 0.1, 0.05])
    misses = 0
    for _ in range(1500):
        effects = random.normal(size=6)
        theta = weights @ effects
        left_out = (theta - weights * effects) / (1 - weights)
        found = rulers.t_interval(theta, rulers.jackknife_error(left_out), rulers.jackknife_df(weights))
        misses += not found.low <= 0 <= found.high
    assert misses / 1500 <= 0.06
