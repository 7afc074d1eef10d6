"""Readings and facts of all five kinds, against hand-worked cases and a slow, obvious oracle."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ibis import _

from reportkit import measure
from reportkit.errors import MeasureError
from reportkit.model.kind import Duration, Kind, Rate, Ratio, Share, Stock
from reportkit.model.needle import Example, Needle
from reportkit.model.period import Quarter, Window
from reportkit.model.unit import DAYS, HOURS
from reportkit.snapshot import Snapshot

Freeze = Callable[..., Snapshot]
Rows = Sequence[Mapping[str, Any]]
YEAR = Window(date(2026, 1, 1), date(2027, 1, 1))
Q1, Q2 = Quarter(2026, 1).window, Quarter(2026, 2).window
LONDON = "Europe/London"


def needle(kind: Kind, entity: str = "changes", where: Any = None) -> Needle:
    return Needle(
        key="trial", label="Trial", theme="speed", question="?", entity=entity, kind=kind, better="lower",
        source="test", example=Example([], 0.0), facts=("fact", "facts"), where=where,
    )  # fmt: skip


LEAD = needle(Duration(start=_.first_commit_at, end=_.deployed_at, unit=DAYS, median="apart"))
WEEKLY = needle(Rate(at=_.deployed_at, per="week"), "deployments")
MONTHLY = needle(Rate(at=_.deployed_at, per="month"), "deployments")
FAILING = needle(Share(at=_.deployed_at, yes=_.result == "failure"), "deployments")
PER_FACT = needle(Ratio(at=_.started_at, numerator=_.good, denominator=_.total), "slo_windows")
UNDONE = needle(Stock(opened=_.started_at, closed=_.released_at), "features")


def at(text: str) -> datetime:
    """A UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def lead(start: str, end: str | None, **more: Any) -> dict[str, Any]:
    return {"first_commit_at": at(start), "deployed_at": at(end) if end else None, **more}


def deployed(*times: str, **more: Any) -> list[dict[str, Any]]:
    return [{"deployed_at": at(t), **more} for t in times]


def value(snapshot: Snapshot, what: Needle, window: Window) -> float:
    return measure.reading(snapshot, what, window).value


# ---- durations


def test_a_duration_counts_in_the_period_of_its_end(freeze: Freeze) -> None:
    rows = [lead("2026-03-30", "2026-04-01"), lead("2026-03-01", "2026-03-05"), lead("2026-03-01", "2026-03-11")]
    snapshot = freeze({"changes": rows}, YEAR)
    first, second = measure.readings(snapshot, LEAD, [Q1, Q2])
    assert (first.value, first.facts, first.open) == (7.0, 2, 1)
    assert (second.value, second.facts, second.open) == (2.0, 1, 0)
    assert first.share_open == pytest.approx(1 / 3)


def test_a_fact_that_ends_as_the_period_ends_is_open_in_it(freeze: Freeze) -> None:
    snapshot = freeze({"changes": [lead("2026-03-30", "2026-04-01T00:00:00")]}, YEAR)
    found = measure.reading(snapshot, LEAD, Q1)
    assert (found.facts, found.open) == (0, 1)
    assert math.isnan(found.value)


def test_only_open_facts_give_a_gap_and_their_number(freeze: Freeze) -> None:
    snapshot = freeze({"changes": [lead("2026-03-30", None), lead("2026-05-01", None)]}, YEAR)
    first, second = measure.readings(snapshot, LEAD, [Q1, Q2])
    assert (first.known, first.open, second.open) == (False, 1, 2)
    assert first.share_open == 1.0


def test_zero_days_is_a_value_and_not_a_gap(freeze: Freeze) -> None:
    found = measure.reading(freeze({"changes": [lead("2026-03-01", "2026-03-01")]}, YEAR), LEAD, Q1)
    assert (found.value, found.known) == (0.0, True)


def test_a_fact_without_a_start_counts_nowhere(freeze: Freeze) -> None:
    rows = [{"first_commit_at": None, "deployed_at": at("2026-02-01")}, lead("2026-01-01", "2026-01-03")]
    snapshot = freeze({"changes": rows}, YEAR)
    found = measure.reading(snapshot, LEAD, Q1)
    assert (found.value, found.facts, found.open) == (2.0, 1, 0)
    assert len(measure.facts(snapshot, LEAD)) == 1


def test_parts_of_a_second_are_kept(freeze: Freeze) -> None:
    rows = [lead("2026-02-01T00:00:00.600000", "2026-02-01T00:00:01.100000")]
    hours = replace(LEAD, kind=Duration(start=_.first_commit_at, end=_.deployed_at, unit=HOURS))
    assert value(freeze({"changes": rows}, YEAR), hours, Q1) == pytest.approx(0.5 / 3600)


# ---- rates


def test_a_covered_period_without_facts_is_a_true_zero(freeze: Freeze) -> None:
    snapshot = freeze({"deployments": deployed("2026-05-01")}, YEAR)
    first, second = measure.readings(snapshot, WEEKLY, [Q1, Q2])
    assert (first.value, first.known) == (0.0, True)
    assert second.value == pytest.approx(7 / 91)


def test_an_extract_without_a_single_fact_still_has_zeros_where_it_covers(freeze: Freeze) -> None:
    snapshot = freeze({"deployments": []}, YEAR)
    assert value(snapshot, WEEKLY, Q1) == 0.0
    assert math.isnan(value(snapshot, FAILING, Q1))


def test_a_period_that_is_covered_in_part_is_counted_over_that_part(freeze: Freeze) -> None:
    half = Window(date(2026, 2, 15), date(2026, 3, 15))
    times = ["2026-02-01", "2026-02-20", "2026-03-01", "2026-03-20"]
    snapshot = freeze({"deployments": deployed(*times)}, half)
    found = measure.reading(snapshot, WEEKLY, Q1)
    assert found.facts == 2
    assert found.value == pytest.approx(2 / 4)
    assert found.window == Q1


def test_a_month_is_a_calendar_month(freeze: Freeze) -> None:
    snapshot = freeze({"deployments": deployed("2026-02-01", "2026-02-20", "2026-01-01")}, YEAR)
    february = Window(date(2026, 2, 1), date(2026, 3, 1))
    assert value(snapshot, MONTHLY, february) == 2.0
    assert value(snapshot, MONTHLY, Q1) == 1.0


def test_midnight_belongs_to_the_day_that_begins(freeze: Freeze) -> None:
    snapshot = freeze({"deployments": deployed("2026-04-01T00:00:00", "2026-03-31T23:59:59.999999")}, YEAR)
    assert [r.facts for r in measure.readings(snapshot, WEEKLY, [Q1, Q2])] == [1, 1]


def test_quarters_begin_at_midnight_of_the_organisation(freeze: Freeze) -> None:
    """London is an hour ahead of UTC on 1 April, and not on 1 January."""
    rows = {"deployments": deployed("2026-03-31T23:30:00", "2025-12-31T23:30:00")}
    covers = Window(date(2025, 1, 1), date(2027, 1, 1))
    assert [r.facts for r in measure.readings(freeze(rows, covers, LONDON), WEEKLY, [Q1, Q2])] == [0, 1]
    assert [r.facts for r in measure.readings(freeze(rows, covers), WEEKLY, [Q1, Q2])] == [1, 0]


@pytest.mark.parametrize(
    ("monday", "hours"), [(date(2026, 3, 23), 167), (date(2026, 10, 19), 169), (date(2026, 7, 6), 168)]
)
def test_a_week_of_a_clock_change_holds_all_its_hours_and_no_more(freeze: Freeze, monday: date, hours: int) -> None:
    week = Window(monday, monday + timedelta(days=7))
    begin = week.instants(LONDON)[0]
    every_hour = [{"deployed_at": begin + timedelta(hours=i)} for i in range(-3, hours + 3)]
    snapshot = freeze({"deployments": every_hour}, YEAR, LONDON)
    found = measure.reading(snapshot, WEEKLY, week)
    assert found.facts == hours
    assert found.value == hours  # a week is a week, be it an hour longer


def test_weeks_side_by_side_count_each_fact_once(freeze: Freeze) -> None:
    rows = [{"deployed_at": at("2026-01-01") + timedelta(hours=5 * i)} for i in range(1700)]
    snapshot = freeze({"deployments": rows}, YEAR, LONDON)
    weeks = YEAR.weeks
    found = measure.readings(snapshot, WEEKLY, [Window(w, w + timedelta(days=7)) for w in weeks])
    begin, end = Window(weeks[0], weeks[-1] + timedelta(days=7)).instants(LONDON)
    assert sum(r.facts for r in found) == sum(begin <= row["deployed_at"] < end for row in rows)


def test_fiscal_quarters(freeze: Freeze) -> None:
    snapshot = freeze(
        {"deployments": deployed("2026-04-02", "2026-06-30", "2026-07-01")}, Window(date(2025, 1, 1), YEAR.end)
    )
    april = Quarter.parse("2027-Q1", first_month=4)
    found = measure.quarters(snapshot, WEEKLY, april, 3)
    assert [r.window.start for r in found] == [date(2025, 10, 1), date(2026, 1, 1), date(2026, 4, 1)]
    assert [r.facts for r in found] == [0, 0, 2]


def test_windows_may_overlap_and_repeat(freeze: Freeze) -> None:
    snapshot = freeze({"deployments": deployed("2026-02-01")}, YEAR)
    assert [r.facts for r in measure.readings(snapshot, WEEKLY, [Q1, YEAR, Q1, Q2])] == [1, 1, 1, 0]
    assert measure.readings(snapshot, WEEKLY, []) == []


# ---- shares, ratios, stocks


def test_a_share_is_yes_of_all_and_unknown_is_neither(freeze: Freeze) -> None:
    rows = [
        *deployed("2026-02-01", "2026-02-02", result="failure"),
        *deployed("2026-02-03", "2026-02-04", "2026-02-05", "2026-02-06", result="success"),
        *deployed("2026-02-07", result=None),
    ]
    snapshot = freeze({"deployments": rows}, YEAR)
    found = measure.reading(snapshot, FAILING, Q1)
    assert (found.value, found.facts) == (pytest.approx(1 / 3), 6)
    assert len(measure.facts(snapshot, FAILING)) == 6


def test_a_ratio_is_a_sum_over_a_sum(freeze: Freeze) -> None:
    rows = [
        {"started_at": at("2026-02-01"), "good": 10.0, "total": 1.0},
        {"started_at": at("2026-02-02"), "good": 90.0, "total": 99.0},
    ]
    assert value(freeze({"slo_windows": rows}, YEAR), PER_FACT, Q1) == 1.0


def test_a_ratio_leaves_out_facts_that_lack_a_side(freeze: Freeze) -> None:
    """A cost without its units would make each unit look dearer."""
    rows = [
        {"started_at": at("2026-02-01"), "good": 10.0, "total": 5.0},
        {"started_at": at("2026-02-02"), "good": 90.0, "total": None},
        {"started_at": at("2026-02-03"), "good": None, "total": 7.0},
    ]
    snapshot = freeze({"slo_windows": rows}, YEAR)
    found = measure.reading(snapshot, PER_FACT, Q1)
    assert (found.value, found.facts) == (2.0, 1)
    assert len(measure.facts(snapshot, PER_FACT)) == 1


def test_a_ratio_over_nothing_is_a_gap(freeze: Freeze) -> None:
    snapshot = freeze({"slo_windows": [{"started_at": at("2026-02-01"), "good": 10.0, "total": 0.0}]}, YEAR)
    found = measure.reading(snapshot, PER_FACT, Q1)
    assert math.isnan(found.value)


def test_a_stock_is_what_is_open_at_the_end(freeze: Freeze) -> None:
    rows = [
        {"started_at": at("2024-01-01"), "released_at": None},  # open since long before the extract begins
        {"started_at": at("2026-01-05"), "released_at": at("2026-02-01")},
        {"started_at": at("2026-03-05"), "released_at": at("2026-04-01")},
        {"started_at": at("2026-04-01"), "released_at": None},
        {"started_at": None, "released_at": at("2026-02-01")},
    ]
    found = measure.readings(freeze({"features": rows}, YEAR), UNDONE, [Q1, Q2])
    assert [r.value for r in found] == [2.0, 2.0]
    assert [r.facts for r in found] == [2, 2]


def test_a_stock_of_nothing_is_a_true_zero(freeze: Freeze) -> None:
    rows = [{"started_at": at("2026-01-05"), "released_at": at("2026-02-01")}]
    assert value(freeze({"features": rows}, YEAR), UNDONE, Q1) == 0.0


def test_a_stock_whose_last_days_are_not_covered_is_a_gap(freeze: Freeze) -> None:
    """What is open at the end cannot be known before the end; a rate can be taken over the part that is covered."""
    rows = [{"started_at": at("2026-01-05"), "released_at": None}]
    snapshot = freeze({"features": rows}, Window(date(2026, 1, 1), date(2026, 3, 1)))
    assert math.isnan(value(snapshot, UNDONE, Q1))
    assert value(snapshot, UNDONE, Window(date(2026, 1, 1), date(2026, 2, 1))) == 1.0


# ---- filters, cuts, what is lacking


def test_a_filter_that_is_unknown_leaves_the_fact_out(freeze: Freeze) -> None:
    rows = [
        *deployed("2026-02-01", version="2"),
        *deployed("2026-02-02", version="1"),
        *deployed("2026-02-03", version=None),
    ]
    assert measure.reading(freeze({"deployments": rows}, YEAR), replace(WEEKLY, where=_.version == "2"), Q1).facts == 1


def test_facts_can_be_cut_by_any_column(freeze: Freeze) -> None:
    rows = [
        lead("2026-01-01", "2026-01-03", team="<script>", service="pay"),
        lead("2026-01-02", None, team=None, service="pay"),
    ]
    snapshot = freeze({"changes": rows}, YEAR)
    assert measure.facts(snapshot, LEAD)["team"].tolist() == ["<script>", measure.NO_TEAM]
    assert measure.facts(snapshot, LEAD, by="service")["team"].tolist() == ["pay", "pay"]
    with pytest.raises(MeasureError, match="cannot be cut by 'squad'"):
        measure.facts(snapshot, LEAD, by="squad")


def test_open_facts_of_one_person_are_no_group_of_their_own(freeze: Freeze) -> None:
    """Six changes of one author, none of them done: nothing has ended, and still they are about one person."""
    many = [lead("2026-01-05", "2026-01-07", team="x", author=f"a{n}") for n in range(6)]
    alone = [lead("2026-01-05", None, team="y", author="a0") for _ in range(6)]
    unknown = [lead("2026-01-05", None, team="z", author=None) for _ in range(6)]
    parts = measure.cut(freeze({"changes": [*many, *alone, *unknown]}, YEAR), LEAD, Q1, by="team")
    # Folded alone, they would be "other"; so the smallest group that may be shown goes there too.
    assert [(part.group, part.reading.facts, part.reading.open, part.groups) for part in parts] == [
        ("x", 6, 0, 1),
        ("other", 0, 12, 2),
    ]


def test_facts_are_in_utc_and_open_ones_have_no_end(freeze: Freeze) -> None:
    frame = measure.facts(freeze({"changes": [lead("2026-01-01", None)]}, YEAR, LONDON), LEAD)
    assert frame["start"].tolist() == [pd.Timestamp("2026-01-01", tz="UTC")]
    assert frame["end"].isna().all()
    assert str(frame["end"].dtype).endswith("UTC]")


def test_no_facts_at_all_keep_their_columns_and_types(freeze: Freeze) -> None:
    frame = measure.facts(freeze({"changes": []}, YEAR), replace(LEAD))
    assert list(frame.columns) == ["team", "start", "end"]
    assert str(frame["start"].dtype).endswith("UTC]")


def test_what_is_lacking_is_said_before_anything_is_computed(freeze: Freeze) -> None:
    snapshot = freeze({"changes": [{"first_commit_at": at("2026-01-01")}]}, YEAR)
    sentence = "Trial needs changes.deployed_at, which sources.yaml does not map."
    assert measure.lacking(snapshot, LEAD) == sentence
    for call in (measure.facts, lambda s, n: measure.reading(s, n, Q1)):
        with pytest.raises(MeasureError) as error:
            call(snapshot, LEAD)
        assert error.value.message == sentence
    with pytest.raises(MeasureError, match="needs the entity deployments"):
        measure.reading(snapshot, WEEKLY, Q1)


# ---- against an oracle

INSTANTS = st.datetimes(datetime(2025, 11, 1), datetime(2026, 8, 1)).map(lambda t: t.replace(tzinfo=UTC))  # noqa: DTZ001
NUMBERS = st.one_of(st.none(), st.integers(0, 50).map(float))
FACT = st.fixed_dictionaries(
    {"a": INSTANTS, "b": st.one_of(st.none(), INSTANTS), "n": NUMBERS, "d": NUMBERS,
     "yes": st.sampled_from(["success", "failure", None])}
)  # fmt: skip
DAY = st.dates(date(2025, 10, 1), date(2026, 9, 1))
SPAN = st.tuples(DAY, DAY).map(lambda d: Window(min(d), max(d) + timedelta(days=1)))


def oracle(kind: Kind, facts: Rows, window: Window, covers: Window, time_zone: str) -> tuple[float, int, int]:
    """Value, facts and open, fact by fact as one would by hand."""
    begins, ends = (max(window.start, covers.start), min(window.end, covers.end))
    if begins >= ends or (isinstance(kind, Stock) and window.end > covers.end):
        return math.nan, 0, 0
    part = Window(begins, ends)
    first, last = part.instants(time_zone)
    in_it = [f for f in facts if first <= f["a"] < last]
    ended = [f for f in facts if f["b"] is not None and first <= f["b"] < last]
    still = sum(f["a"] < last and (f["b"] is None or f["b"] >= last) for f in facts)
    match kind:
        case Duration():
            spans = sorted((f["b"] - f["a"]).total_seconds() / 86400 for f in ended)
            return (float(pd.Series(spans).median()) if spans else math.nan), len(spans), still
        case Rate():
            return len(in_it) / (part.months if kind.per == "month" else part.days / 7), len(in_it), 0
        case Share():
            known = [f for f in in_it if f["yes"] is not None]
            yes = sum(f["yes"] == "failure" for f in known)
            return (yes / len(known) if known else math.nan), len(known), 0
        case Ratio():
            both = [f for f in in_it if f["n"] is not None and f["d"] is not None]
            below = sum(f["d"] for f in both)
            return (sum(f["n"] for f in both) / below if below else math.nan), len(both), 0
        case _:
            return float(still), still, 0 if isinstance(kind, Rate) else still


# No shrinking: an example costs a tenth of a second.
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(facts=st.lists(FACT, max_size=25), windows=st.lists(SPAN, min_size=1, max_size=4), covers=SPAN,
       zone=st.sampled_from(["UTC", LONDON, "Asia/Kolkata", "America/New_York"]))  # fmt: skip
def test_every_kind_agrees_with_the_oracle(
    freeze: Freeze, facts: Rows, windows: list[Window], covers: Window, zone: str
) -> None:
    facts = [f if f["b"] is None or f["b"] >= f["a"] else {**f, "a": f["b"], "b": f["a"]} for f in facts]
    with freeze(_entities(facts), covers, zone) as snapshot:
        for trial in (LEAD, WEEKLY, MONTHLY, FAILING, PER_FACT, UNDONE):
            for window, found in zip(windows, measure.readings(snapshot, trial, windows), strict=True):
                expected, count, still = oracle(trial.kind, facts, window, covers, zone)
                assert found.value == pytest.approx(expected, rel=1e-9, nan_ok=True)
                assert (found.facts, found.open) == (count, still)


def _entities(facts: Rows) -> dict[str, Rows]:
    return {
        "changes": [{"first_commit_at": f["a"], "deployed_at": f["b"]} for f in facts]
        or [{"first_commit_at": None, "deployed_at": None}],
        "deployments": [{"deployed_at": f["a"], "result": f["yes"]} for f in facts] or [{"deployed_at": None}],
        "slo_windows": [{"started_at": f["a"], "good": f["n"], "total": f["d"]} for f in facts]
        or [{"started_at": None, "good": None, "total": None}],
        "features": [{"started_at": f["a"], "released_at": f["b"]} for f in facts]
        or [{"started_at": None, "released_at": None}],
    }
