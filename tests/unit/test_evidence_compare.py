"""Compare: verdicts, grades, guards, what stays the same under changes that must not matter, and input that is no good."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from evidence_worlds import (
    BACKLOG,
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
    needle,
    proof,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportkit.errors import EvidenceError
from reportkit.evidence import Case, Ground, compare, compare_all, words
from reportkit.model import unit
from reportkit.model.evidence import Evidence, Grade, Verdict
from reportkit.model.kind import Duration, Rate
from reportkit.model.params import Guardrail, Picked
from reportkit.model.period import Window

REASON = re.compile(r"^[^\s].*[^.]\.$")


def same(one: Evidence, other: Evidence, **but: object) -> None:
    """Whether two evidences say the same; NaN equals NaN."""
    left, right = (asdict(replace(e, weekly=pd.DataFrame())) for e in (one, other))
    for key in left:
        if key not in ("weekly", *but):
            assert repr(_rounded(left[key])) == repr(_rounded(right[key])), key


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return value


def sound(evidence: Evidence) -> None:
    """What every evidence keeps to, whatever went in."""
    if evidence.verdict in (Verdict.MOVED, Verdict.GOT_WORSE, Verdict.HELD, Verdict.NO_MATERIAL_CHANGE):
        assert evidence.reason == ""
    else:
        assert REASON.match(evidence.reason), evidence.reason
    assert "nan" not in evidence.reason.lower()
    assert "p =" not in evidence.reason
    if evidence.interval is not None:
        assert math.isfinite(evidence.interval.low)
        assert math.isfinite(evidence.interval.high)
        assert evidence.interval.low <= evidence.effect + 1e-9
        assert evidence.effect <= evidence.interval.high + 1e-9
        assert math.isfinite(evidence.mde)
    if evidence.verdict is Verdict.NOT_ENOUGH_DATA:
        assert evidence.interval is None
    if evidence.grade is Grade.C:
        assert not evidence.causal
    for guard in evidence.guards:
        assert REASON.match(guard.text), guard.text


# ---- verdicts and grades ---------------------------------------------------------------------------------------------


def test_a_halved_lead_time_in_six_teams_moved_grade_b():
    found = compare(durations(1, effect=0.4), LEAD_TIME, proof(), GROUND)
    assert (found.verdict, found.grade, found.causal) == (Verdict.MOVED, Grade.B, True)
    assert found.interval.low < 0.4 < found.interval.high
    assert found.effect == pytest.approx(found.after.value / found.before.value, rel=0.25)
    sound(found)


def test_a_comparison_group_takes_off_what_moved_everywhere():
    moved = pd.concat([durations(1, effect=0.4), durations(2, OTHER_TEAMS, effect=0.4)])
    found = compare(moved, LEAD_TIME, proof(comparison="all others"), GROUND)
    assert (found.verdict, found.grade) == (Verdict.NOT_SHOWN, Grade.A)
    assert found.comparison_teams == OTHER_TEAMS
    still = pd.concat([durations(1, effect=0.4), durations(2, OTHER_TEAMS)])
    assert compare(still, LEAD_TIME, proof(comparison=OTHER_TEAMS), GROUND).verdict is Verdict.MOVED


def test_longer_lead_time_got_worse_and_more_deployments_moved():
    assert compare(durations(1, effect=2.5), LEAD_TIME, proof(), GROUND).verdict is Verdict.GOT_WORSE
    assert compare(events(1, effect=2.0), DEPLOYMENTS, proof(), GROUND).verdict is Verdict.MOVED
    assert compare(events(1, effect=0.4), DEPLOYMENTS, proof(), GROUND).verdict is Verdict.GOT_WORSE


@pytest.mark.parametrize("teams", [1, 2, 3])
def test_grade_c_never_claims_and_says_why(teams):
    chosen = PROOF_TEAMS[:teams]
    found = compare(durations(1, chosen, effect=0.2, a_week=10), LEAD_TIME, proof(), GROUND)
    assert (found.verdict, found.grade) == (Verdict.NOT_SHOWN, Grade.C)
    words = {1: "one team and no comparison", 2: "two teams and no comparison", 3: "three teams and no comparison"}
    assert found.reason.startswith(words[teams])
    assert found.interval.high < 1
    assert all(r.name != "teams" for r in found.rulers)
    sound(found)


def test_three_comparison_teams_are_drawn_not_used():
    both = pd.concat([durations(1, effect=0.4), durations(2, OTHER_TEAMS[:3])])
    found = compare(both, LEAD_TIME, proof(comparison="all others"), GROUND)
    alone = compare(durations(1, effect=0.4), LEAD_TIME, proof(), GROUND)
    assert found.grade is Grade.B
    assert found.effect == alone.effect
    assert set(found.weekly.group) == {"treated", "comparison"}
    assert any("drawn but not used: three of them have" in note for note in found.notes)


def test_one_proof_team_beside_six_cannot_rule_chance_out_but_two_can():
    others = durations(2, OTHER_TEAMS, a_week=8)
    one = pd.concat([durations(1, PROOF_TEAMS[:1], effect=0.2, a_week=8), others])
    found = compare(one, LEAD_TIME, proof(comparison="all others"), GROUND)
    assert (found.grade, found.verdict) == (Grade.A, Verdict.NOT_SHOWN)
    assert found.reason == "1 proof team beside 6 comparison teams cannot rule chance out; more comparison teams could."
    two = pd.concat([durations(1, PROOF_TEAMS[:2], effect=0.2, a_week=8), others])
    assert compare(two, LEAD_TIME, proof(comparison="all others"), GROUND).verdict is Verdict.MOVED


def test_interim_before_the_read_out_makes_no_claim():
    for today in (date(2026, 6, 1), START - timedelta(days=1)):
        ground = replace(GROUND, today=today, covers=Window(GROUND.covers.start, today))
        found = compare(durations(1, effect=0.3), LEAD_TIME, proof(), ground)
        assert found.verdict is Verdict.INTERIM
        assert found.interval is None
        assert (found.weekly.week < pd.Timestamp(today)).all()
        sound(found)
    assert "starts on 6 Apr 2026" in found.reason


def test_smallest_effect_and_margins():
    steady = events(3, a_week=40)
    found = compare(steady, DEPLOYMENTS, proof(smallest_effect={"deployments": 0.9}), GROUND)
    assert found.verdict is Verdict.NO_MATERIAL_CHANGE
    guarded = proof(guardrails={"deployments": Guardrail(margin=0.5)})
    assert compare(steady, DEPLOYMENTS, guarded, GROUND).verdict is Verdict.HELD
    assert compare(events(3, a_week=40, effect=3), DEPLOYMENTS, guarded, GROUND).verdict is Verdict.MOVED
    assert compare(events(3, a_week=40, effect=0.3), DEPLOYMENTS, guarded, GROUND).verdict is Verdict.GOT_WORSE


def test_holm_withdraws_what_stands_only_alone():
    needles = [needle(Duration(None, None), key=key) for key in ("a", "b", "c")]
    for seed in range(60):
        frame = durations(seed, effect=0.72)
        alone = compare(frame, needles[0], proof(), GROUND)
        if alone.verdict is Verdict.MOVED and 0.02 < alone.p < 0.05:
            break
    cases = [Case(needles[0], frame, GROUND), *(Case(n, durations(5), GROUND) for n in needles[1:])]
    found = compare_all(cases, proof(headline=("a", "b", "c")), name="road")
    assert [e.needle for e in found] == ["a", "b", "c"]
    assert (found[0].verdict, found[0].headline, found[0].headlines, found[0].proof) == (
        Verdict.NOT_SHOWN,
        True,
        3,
        "road",
    )
    assert found[0].reason == "it would stand alone, but not among the 3 headline needles that were declared."
    assert found[0].p_adjusted == pytest.approx(3 * alone.p)
    assert compare_all(cases[:1], proof(headline=("a",)))[0].verdict is Verdict.MOVED


def test_a_guardrail_warns_by_itself():
    cases = [
        Case(replace(DEPLOYMENTS, key="rail"), events(1, effect=0.4), GROUND),
        *(Case(needle(Duration(None, None), key=f"s{i}"), durations(i), GROUND) for i in range(3)),
    ]
    rails = proof(headline=("s0",), guardrails={"rail": Guardrail(margin=0.05)}, supporting=("s1", "s2"))
    found = compare_all(cases, rails)
    assert found[0].verdict is Verdict.GOT_WORSE
    assert found[0].p_adjusted == found[0].p


# ---- guards ----------------------------------------------------------------------------------------------------------


def test_a_trend_under_way_is_no_effect():
    frame = durations(1, a_week=20, spread=0.3, team_spread=0.05)
    weeks = (frame.start - instant(date(2026, 1, 5))).dt.days / 7
    span = (frame.end - frame.start) * np.exp(-0.1 * weeks)
    found = compare(frame.assign(end=frame.start + span), LEAD_TIME, proof(), GROUND)
    assert found.verdict is Verdict.NOT_SHOWN
    assert found.sampled.high < 1 < found.interval.high  # the interval spans what the trend would leave
    assert found.ruler == "trend"
    assert found.reason == "it cannot be told from a trend that was already under way before the start."


def test_bad_last_weeks_are_no_baseline():
    frame = durations(1, a_week=6, team_spread=0.1)
    weeks = (frame.start - instant(date(2026, 1, 5))).dt.days // 7
    span = (frame.end - frame.start) * np.where((weeks >= 9) & (weeks < 13), 6.0, 1.0)
    found = compare(frame.assign(end=frame.start + span), LEAD_TIME, proof(), GROUND)
    guards = {g.name: g.passed for g in found.guards}
    assert found.verdict is Verdict.NOT_SHOWN
    assert guards["timing"] is False


def test_teams_picked_for_this_needle_inside_the_baseline():
    picked = Picked(how="the slowest", needle="lead_time", weeks=(date(2026, 1, 5), date(2026, 3, 2)))
    frame = durations(1, effect=0.3)
    found = compare(frame, LEAD_TIME, proof(picked=picked), GROUND)
    assert found.verdict is Verdict.NOT_SHOWN
    assert "picked by this needle's values up to 1 Mar 2026" in found.reason
    elsewhere = picked.model_copy(update={"weeks": (date(2025, 1, 6), date(2025, 3, 3))})
    assert compare(frame, LEAD_TIME, proof(picked=elsewhere), GROUND).verdict is Verdict.MOVED
    other = picked.model_copy(update={"needle": "other"})
    assert compare(frame, LEAD_TIME, proof(picked=other), GROUND).verdict is Verdict.MOVED


def test_a_placebo_date_in_a_long_baseline_is_tried():
    ground = replace(GROUND, covers=Window(date(2025, 10, 1), END))
    found = compare(events(1, effect=2.0), DEPLOYMENTS, proof(before=20), ground)
    assert next(g for g in found.guards if g.name == "placebo").passed is not None


def test_a_source_that_changed_inside_the_windows():
    ground = replace(GROUND, source_changed=("Jira was moved to another server",))
    found = compare(durations(1, effect=0.3), LEAD_TIME, proof(), ground)
    assert found.reason == "what is counted changed inside the windows: Jira was moved to another server."


def test_an_extract_of_finished_facts_only_is_not_believed():
    frame = durations(1, a_week=6, days=12)
    found = compare(frame[frame.end.notna()], LEAD_TIME, proof(), GROUND)
    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert "finished changes only" in found.reason
    quick = durations(1, days=0.01, effect=0.3)
    assert compare(quick[quick.end.notna()], LEAD_TIME, proof(), GROUND).verdict is Verdict.MOVED


def test_long_history_of_swings_is_no_effect():
    random = np.random.default_rng(4)
    level = np.cumsum(random.normal(0, 0.45, 160))
    level[-13:] = level[-26:-13].mean() + 1.0
    rows = [
        pd.DataFrame(
            {"team": team, "at": instant(END) - pd.to_timedelta((160 - week) * 7 - 1, unit="D")}, index=range(n)
        )
        for team in PROOF_TEAMS
        for week, n in enumerate(random.poisson(4 * np.exp(level - level.mean())))
    ]
    ground = replace(GROUND, covers=Window(END - timedelta(weeks=160), END))
    found = compare(pd.concat(rows, ignore_index=True), DEPLOYMENTS, proof(), ground)
    assert any(g.name == "history" and g.passed is False for g in found.guards)
    assert not found.causal


def test_a_christmas_in_the_window_leaves_a_rate_and_stops_the_clock():
    frame = events(1)
    closed = (date(2026, 5, 4), date(2026, 5, 5), date(2026, 5, 6), date(2026, 5, 7), date(2026, 5, 8))
    off = frame[(frame["at"] < instant(closed[0])) | (frame["at"] >= instant(date(2026, 5, 11)))]
    found = compare(off, DEPLOYMENTS, proof(), replace(GROUND, holidays=closed))
    assert (found.before.weeks, found.after.weeks) == (13, 12)
    assert found.after.value == found.after.facts / 12
    span = durations(1)
    plain = compare(span, LEAD_TIME, proof(), GROUND)
    assert compare(span, LEAD_TIME, proof(), replace(GROUND, holidays=closed)).after.typical < plain.after.typical


def test_beside_the_tested_statistic_stand_the_other_and_the_p85_of_the_same_facts():
    """By counting, where all are finished: the first span that 50 %, or 85 %, of the facts do not exceed."""
    frame = durations(1)
    frame = frame[(frame.start >= instant(START)) | (frame.end < instant(START))]  # none is open at the start
    for statistic in ("median", "typical"):
        found = compare(frame, LEAD_TIME, proof(statistic=statistic), GROUND).before
        inside = (frame.start >= instant(found.window.start)) & (frame.start < instant(found.window.end))
        days = ((frame.end - frame.start).dt.total_seconds() / 86400)[
            inside & frame.team.isin(PROOF_TEAMS)
        ].sort_values()
        first = {share: days.iloc[math.ceil(share * len(days)) - 1] for share in (0.5, 0.85)}
        assert len(days) == found.facts == found.closed
        assert (found.median, found.p85) == pytest.approx((first[0.5], first[0.85]))
        assert found.typical == pytest.approx(math.exp(np.log(days.clip(1 / 24, 0.8 * 7 * 13)).mean()))


def test_the_measure_that_disagrees_is_one_of_facts_weeks_and_teams():
    """A trend that is not ruled out widens the interval, and has a guard of its own to say so."""
    found = compare(durations(1), LEAD_TIME, proof(), GROUND)
    weeks, trend = (replace(found.rulers[0], name=name, p=p) for name, p in (("weeks", 0.2), ("trend", 0.9)))
    assert (
        words.disagree(replace(found, rulers=(weeks, trend))) == "measured week by week, it cannot be told from chance."
    )


# ---- what must not matter --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", EVERY, ids=lambda n: n.kind.name)
def test_row_order_and_team_names_do_not_matter(one):
    frame = pd.concat([facts_for(one, 1), facts_for(one, 2, OTHER_TEAMS)], ignore_index=True)
    there = compare(frame, one, proof(comparison="all others"), GROUND)
    shuffled = frame.sample(frac=1, random_state=1)
    same(there, compare(shuffled, one, proof(comparison="all others"), GROUND))
    names = {team: f"x{i * 7 % 6}" for i, team in enumerate(PROOF_TEAMS)}
    renamed = frame.assign(team=frame.team.replace(names))
    again = compare(renamed, one, proof(treated=tuple(names.values()), comparison="all others"), GROUND)
    same(there, again, teams=0)
    sound(there)


@pytest.mark.parametrize("statistic", ["median", "typical"])
def test_unit_of_time_does_not_matter(statistic):
    frame = durations(1, effect=0.5, days=20)
    hours = replace(LEAD_TIME, kind=Duration(None, None, unit=unit.HOURS))
    one, other = (compare(frame, n, proof(statistic=statistic), GROUND) for n in (LEAD_TIME, hours))
    assert other.before.value == pytest.approx(24 * one.before.value)
    same(one, other, before=0, after=0)


def test_swapping_before_and_after_gives_the_reciprocal():
    frame = events(1, effect=1.8)
    there = compare(frame, DEPLOYMENTS, proof(), GROUND)
    half = pd.Timedelta(weeks=13)
    back = frame.assign(at=np.where(frame["at"] < instant(START), frame["at"] + half, frame["at"] - half))
    back["at"] = pd.to_datetime(back["at"], utc=True)
    swapped = compare(back, DEPLOYMENTS, proof(), GROUND)
    assert swapped.effect == pytest.approx(1 / there.effect)
    items = [next(r for r in e.rulers if r.name == "items").interval for e in (there, swapped)]
    assert (items[1].low, items[1].high) == pytest.approx((1 / items[0].high, 1 / items[0].low))
    assert (there.verdict, swapped.verdict) == (Verdict.MOVED, Verdict.GOT_WORSE)


@pytest.mark.parametrize("one", EVERY, ids=lambda n: n.kind.name)
def test_a_comparison_group_cloned_from_the_treated_leaves_nothing(one):
    frame = facts_for(one, 3)
    twins = pd.concat([frame, frame.assign(team=frame.team.str.replace("proof", "twin"))], ignore_index=True)
    found = compare(twins, one, proof(comparison="all others"), GROUND)
    assert found.effect == (1 if found.scale == "ratio" else 0)
    assert found.verdict is Verdict.NOT_SHOWN


@pytest.mark.parametrize("one", EVERY, ids=lambda n: n.kind.name)
def test_facts_after_the_windows_change_nothing(one):
    frame = facts_for(one, 4)
    later = frame.copy()
    column = "start" if "start" in frame else "at"
    extra = frame.head(40).copy()
    extra[column] = instant(END) + pd.to_timedelta(np.arange(40), unit="D")
    if column == "start":
        extra["end"] = pd.NaT
        later.loc[later.end.isna(), "end"] = instant(END) + pd.Timedelta(days=3)
        kept = frame.end.notna().sum()
        assert kept < len(frame)
        frame = pd.concat(
            [frame, extra.assign(start=instant(END) + pd.Timedelta(days=1))]
        )  # an open fact on both sides
    same(compare(frame, one, proof(), GROUND), compare(pd.concat([later, extra]), one, proof(), GROUND))


def test_equal_windows_give_no_effect():
    first = durations(5, spread=0.5, days=2)
    first = first[first.start < instant(START)]
    first = first.assign(end=first.end.where(first.end < instant(START)))
    second = first.assign(start=first.start + pd.Timedelta(weeks=13), end=first.end + pd.Timedelta(weeks=13))
    london = Ground("UTC", GROUND.covers, END)
    found = compare(pd.concat([first, second]), LEAD_TIME, proof(), london)
    assert found.effect == pytest.approx(1, abs=0.02)
    assert found.verdict is Verdict.NOT_SHOWN


def test_a_shift_of_work_between_teams_is_no_effect():
    slow = durations(1, ("proof 0", "proof 1", "proof 2"), days=30, a_week=8, team_spread=0.05)
    fast = durations(2, ("proof 3", "proof 4", "proof 5"), days=2, a_week=8, team_spread=0.05)
    random = np.random.default_rng(0)
    keep_slow = (slow.start < instant(START)) | (random.random(len(slow)) < 0.4)
    keep_fast = (fast.start >= instant(START)) | (random.random(len(fast)) < 0.4)
    found = compare(pd.concat([slow[keep_slow], fast[keep_fast]]), LEAD_TIME, proof(), GROUND)
    assert found.verdict is Verdict.NOT_SHOWN


def test_mirrored_share_changes_the_sign():
    frame = facts_for(FAILURES, 1)
    one = compare(frame, FAILURES, proof(), GROUND)
    other = compare(frame.assign(yes=~frame.yes), FAILURES, proof(), GROUND)
    assert other.effect == pytest.approx(-one.effect)


# ---- numbers that are printed ----------------------------------------------------------------------------------------


def test_rate_levels_are_counts_over_weeks_and_months():
    frame = events(1, PROOF_TEAMS[:1])
    found = compare(frame, DEPLOYMENTS, proof(), GROUND)
    split = instant(START)
    before = int((frame["at"] < split).sum())
    assert found.before.value == before / 13
    assert found.effect == pytest.approx(found.after.value / found.before.value, rel=1e-12)
    monthly = compare(frame, replace(DEPLOYMENTS, kind=Rate(None, per="month")), proof(), GROUND)
    assert monthly.before.value == pytest.approx(before / (91 / 30.4375))
    assert monthly.effect == found.effect


def test_rate_of_several_teams_is_counted_together_and_months_without_events_are_zero():
    frame = events(1, a_week=0.3)
    found = compare(frame, DEPLOYMENTS, proof(), GROUND)
    week = found.weekly[found.weekly.group == "treated"]
    assert len(week) == 26
    assert (week.value == week.facts).all()
    assert week.facts.sum() == frame.team.isin(found.teams).sum() == found.before.facts + found.after.facts
    assert found.after.value == found.after.facts / 13


def test_weekly_frame_of_a_duration_has_gaps_and_phases():
    frame = durations(1, a_week=4)
    quiet = frame[(frame.start < instant(date(2026, 2, 2))) | (frame.start >= instant(date(2026, 2, 9)))]
    found = compare(quiet, LEAD_TIME, proof(settling_in=2, after=11, start=date(2026, 4, 8), before=13), GROUND)
    weekly = found.weekly
    assert list(weekly.columns) == ["week", "group", "phase", "value", "facts"]
    assert list(dict.fromkeys(weekly.phase)) == ["before", "settling", "after"]
    assert (weekly.phase == "settling").sum() == 3  # the week of the start, and two weeks of settling in
    gap = weekly[weekly.week == pd.Timestamp("2026-02-02")]
    assert gap.value.isna().all()
    assert gap.facts.item() == 0
    assert str(weekly.week.dtype).startswith("datetime64")


def test_weeks_begin_at_midnight_of_the_organisation_also_when_clocks_change():
    at = [pd.Timestamp("2026-03-29T22:59:59Z"), pd.Timestamp("2026-03-29T23:00:00Z")]  # BST began that morning
    frame = pd.concat([events(1), pd.DataFrame({"team": "proof 0", "at": at})])
    base = compare(events(1), DEPLOYMENTS, proof(), GROUND).weekly.set_index("week").facts
    more = compare(frame, DEPLOYMENTS, proof(), GROUND).weekly.set_index("week").facts
    assert list((more - base)[["2026-03-23", "2026-03-30"]]) == [1, 1]


def test_an_export_that_stops_at_the_start_is_no_fall():
    frame = events(1, a_week=1.5)
    outages = needle(Rate(None), "lower", "outages")
    found = compare(frame[frame["at"] < instant(START)], outages, proof(), GROUND)
    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert "both before and after the start" in found.reason
    sound(found)


def test_a_quiet_team_counts_with_its_zeros_the_same_both_ways():
    frame = events(1, a_week=4)
    quiet = pd.DataFrame({"team": ["quiet"] * 2, "at": [instant(START) - pd.Timedelta(days=d) for d in (30, 40)]})
    later = pd.DataFrame({"team": ["late"] * 2, "at": [instant(START) + pd.Timedelta(days=d) for d in (30, 40)]})
    busy = pd.DataFrame({"team": ["gone"] * 40, "at": [instant(START) - pd.Timedelta(days=d) for d in range(10, 50)]})
    everyone = proof(treated="all", comparison="none")
    found = compare(pd.concat([frame, quiet, later, busy]), DEPLOYMENTS, everyone, GROUND)
    assert {"quiet", "late"} <= set(found.teams)
    assert "gone" in found.left_out


def test_mde_is_in_the_direction_hoped_for():
    lower, higher = compare(durations(1), LEAD_TIME, proof(), GROUND), compare(events(1), DEPLOYMENTS, proof(), GROUND)
    assert lower.mde < 1 < higher.mde
    half = math.log(higher.interval.high / higher.interval.low) / 2
    assert higher.mde == pytest.approx(math.exp(1.6 * half))


# ---- not enough data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "frame", "words"),
    [
        ({"before": 7}, durations(1), "7 complete weeks before the start, 8 needed"),
        ({"after": 1}, durations(1), "1 complete week after the start, 6 needed: 5 weeks more"),
        ({"before": 1, "after": 1}, durations(1), "1 complete week before"),
        ({"before": 20}, durations(1), "the baseline begins on 17 Nov 2025, but the extract covers"),
        ({"after": 14}, durations(1), "run until 12 Jul 2026, but the extract ends with 5 Jul 2026"),
        ({}, durations(1, a_week=0.1), "needed"),
        ({}, durations(1, days=400), "needed"),
        ({}, durations(1, days=150, spread=1.5), "fewer than half of the changes"),
        ({"treated": ("nobody",)}, durations(1), "the teams of the proof have no changes in these weeks"),
    ],
)
def test_not_enough_data_says_what_is_short(changes, frame, words):
    found = compare(frame, LEAD_TIME, proof(**changes), GROUND)
    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert words in found.reason
    sound(found)


def test_not_enough_data_says_about_when():
    frame = durations(1, a_week=4)
    late = frame[frame.start >= instant(START)]
    few = pd.concat([frame[frame.start < instant(START)], late.groupby("team").head(2)])
    found = compare(few, LEAD_TIME, proof(), GROUND)
    assert found.reason == "12 changes since the start, 20 needed; at this pace in about 9 more weeks."


def test_few_events_are_not_enough():
    found = compare(events(1, PROOF_TEAMS[:1], a_week=0.2), DEPLOYMENTS, proof(), GROUND)
    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert "10 needed" in found.reason


# ---- bad input -------------------------------------------------------------------------------------------------------


def bad_tables() -> dict[str, pd.DataFrame]:
    good = durations(1)
    when = good.start
    return {
        "empty": good.head(0),
        "objects without rows": pd.DataFrame({"team": [], "start": [], "end": []}),
        "never ended": good.assign(end=pd.NaT),
        "never began": good.assign(start=pd.NaT),
        "none at all": pd.DataFrame({"team": [None] * 9, "start": [None] * 9, "end": [None] * 9}),
        "negative": good.assign(end=when - pd.Timedelta(days=2)),
        "some negative": good.assign(end=good.end.where(np.arange(len(good)) % 9 > 0, when - pd.Timedelta(days=2))),
        "no time at all": good.assign(end=when),
        "all equal": good.assign(end=when + pd.Timedelta(days=3)),
        "ties": good.assign(end=when + pd.to_timedelta(np.arange(len(good)) % 3, unit="D")),
        "text": good.assign(start=when.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), end="soon"),
        "numbers": good.assign(start=np.inf, end=np.nan),
        "one team": good.assign(team="proof 0"),
        "no team": good.assign(team=None),
        "team only afterwards": good[(good.team != "proof 1") | (good.start >= instant(START))],
        "nobody before": good[good.start >= instant(START)],
        "nobody after": good[good.start < instant(START)],
        "one fact a team": good.groupby("team").head(1),
        "one instant": good.assign(start=instant(date(2026, 2, 2))),
        "naive": good.assign(start=when.dt.tz_localize(None), end=good.end.dt.tz_localize(None)),
        "many teams": good.assign(team=[f"t{i}" for i in range(len(good))]),
        "numbered teams": good.assign(team=np.arange(len(good)) % 5),
    }


@pytest.mark.parametrize("treated", ["all", PROOF_TEAMS])
@pytest.mark.parametrize("comparison", ["none", "all others"])
@pytest.mark.parametrize("name", list(bad_tables()))
def test_bad_facts_get_a_verdict_and_a_sentence(name, treated, comparison):
    frame = bad_tables()[name]
    for statistic in ("median", "typical"):
        sound(compare(frame, LEAD_TIME, proof(treated=treated, comparison=comparison, statistic=statistic), GROUND))
    at = frame.rename(columns={"start": "at"}).drop(columns="end")
    sound(compare(at, DEPLOYMENTS, proof(treated=treated, comparison=comparison), GROUND))
    sound(compare(frame, BACKLOG, proof(treated=treated, comparison=comparison), GROUND))
    sound(compare(at.assign(yes=True), FAILURES, proof(treated=treated, comparison=comparison), GROUND))
    for top, bottom in ((0.0, 0.0), (1.0, 0.0), (-1.0, 2.0), (np.nan, np.inf)):
        table = at.assign(numerator=top, denominator=bottom)
        sound(compare(table, COST, proof(treated=treated, comparison=comparison), GROUND))


def test_unusable_facts_are_counted_in_a_note():
    found = compare(bad_tables()["some negative"], LEAD_TIME, proof(), GROUND)
    assert any(re.match(r"\d+ changes were left out: ", note) for note in found.notes)


def test_a_missing_column_is_one_sentence():
    with pytest.raises(EvidenceError, match="need the columns team, start, end; end is missing"):
        compare(durations(1).drop(columns="end"), LEAD_TIME, proof(), GROUND)


def test_constant_facts_show_no_change():
    found = compare(bad_tables()["all equal"], LEAD_TIME, proof(), GROUND)
    assert (found.effect, found.verdict) == (1, Verdict.NOT_SHOWN)
    assert (found.interval.low, found.interval.high) == (1, 1)


def test_ten_thousand_teams():
    frame = durations(1, tuple(f"t{i}" for i in range(200)), a_week=2)
    crowd = frame.assign(team=[f"t{i % 10_000}" for i in range(len(frame))])
    sound(compare(crowd, LEAD_TIME, proof(treated="all"), GROUND))
    sound(compare(crowd.rename(columns={"start": "at"}), DEPLOYMENTS, proof(treated="all"), GROUND))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 7), st.integers(-30, 230), st.one_of(st.none(), st.integers(-5, 300))), max_size=120
    ),
    before=st.integers(1, 13),
    after=st.integers(1, 13),
    comparison=st.sampled_from(["none", "all others"]),
)
def test_whatever_comes_in_something_sound_comes_out(rows, before, after, comparison):
    begin = instant(date(2026, 1, 5))
    teams = [*PROOF_TEAMS[:4], *OTHER_TEAMS[:4]]
    frame = pd.DataFrame(
        {
            "team": [teams[r[0]] for r in rows],
            "start": pd.to_datetime([begin + pd.Timedelta(days=r[1]) for r in rows], utc=True),
            "end": pd.to_datetime(
                [None if r[2] is None else begin + pd.Timedelta(days=r[1] + r[2] / 4) for r in rows], utc=True
            ),
        }
    )
    chosen = proof(before=before, after=after, comparison=comparison)
    sound(compare(frame, LEAD_TIME, chosen, GROUND))
    sound(compare(frame.rename(columns={"start": "at"}), DEPLOYMENTS, chosen, GROUND))
    sound(compare(frame, BACKLOG, chosen, GROUND))
