"""What counts, how things are linked, which groups are shown, in what money: each rule by cases worked out by hand."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest
from ibis import _

from reportkit import derived, measure, preceding, spells
from reportkit.errors import MeasureError
from reportkit.measure import OTHER, life
from reportkit.model.kind import Duration, Rate, Stock
from reportkit.model.period import Quarter, Window
from reportkit.model.rules import DoraRules, KeyEvent, Rules
from reportkit.needles import find, library
from reportkit.snapshot import ROW, Snapshot
from reportkit.snapshot.duck import connected

Freeze = Callable[..., Snapshot]
YEAR = Window(date(2026, 1, 1), date(2027, 1, 1))
Q1, Q2 = Quarter(2026, 1).window, Quarter(2026, 2).window


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def value(snapshot: Snapshot, key: str, window: Window = Q1) -> float:
    return measure.reading(snapshot, find(key), window).value


# ---- DORA: what counts, and what caused an incident


def deployed(id_: str, when: str, service: str = "shop", **more: Any) -> dict[str, Any]:
    return {"deployment_id": id_, "deployed_at": at(when), "service": service, **more}


def broke(id_: str, when: str, service: str = "shop", **more: Any) -> dict[str, Any]:
    return {"incident_id": id_, "started_at": at(when), "service": service, "resolved_at": None, **more}


DEPLOYED = [
    deployed("d1", "02-02T10:00:00"), deployed("d2", "02-09T10:00:00"), deployed("d3", "02-09T10:00:00", "till"),
    deployed("d4", "02-09T11:00:00", environment="staging"), deployed("d5", "02-09T11:30:00", result="failure"),
]  # fmt: skip


def causes(freeze: Freeze, incidents: list[dict[str, Any]], **rules: Any) -> dict[str, str | None]:
    told = {at("12-01") + timedelta(days=i): row["incident_id"] for i, row in enumerate(incidents)}
    broken = [row | {"resolved_at": end} for row, end in zip(incidents, told, strict=True)]
    snapshot = freeze({"deployments": DEPLOYED, "incidents": broken}, YEAR, rules=Rules(dora=DoraRules(**rules)))
    names = dict(enumerate(d["deployment_id"] for d in DEPLOYED))
    rows = derived.causes(snapshot).to_pyarrow().to_pylist()
    return dict.fromkeys(told.values()) | {told[row["resolved_at"]]: names.get(row["cause"]) for row in rows}


def test_an_incident_is_put_down_to_the_latest_deployment_of_its_service_that_counts(freeze: Freeze) -> None:
    incidents = [
        broke("later", "02-09T12:00:00"), broke("between", "02-05T00:00:00"), broke("before all", "02-01T00:00:00"),
        broke("elsewhere", "02-09T12:00:00", "dock"), broke("in test", "02-09T12:00:00", environment="test"),
    ]  # fmt: skip
    found = causes(freeze, incidents)
    assert found == {"later": "d2", "between": "d1", "before all": None, "elsewhere": None, "in test": None}


def test_a_deployment_that_finishes_as_the_incident_begins_did_not_cause_it(freeze: Freeze) -> None:
    incidents = [broke("i", "02-09T10:00:00"), broke("j", "02-09T10:00:00.000001")]
    assert causes(freeze, incidents) == {"i": "d1", "j": "d2"}


def test_a_cap_counts_to_the_second(freeze: Freeze) -> None:
    incidents = [broke("within", "02-10T10:00:00"), broke("past", "02-10T10:00:01")]
    assert causes(freeze, incidents, cap_hours=24) == {"within": "d2", "past": None}


def test_what_the_source_states_comes_first_and_stands_alone_where_asked(freeze: Freeze) -> None:
    incidents = [
        broke("named", "02-09T12:00:00", deployment_id="d1"), broke("unnamed", "02-09T12:00:00", deployment_id=None),
        broke("named what does not count", "02-09T12:00:00", deployment_id="d4"),
    ]  # fmt: skip
    assert causes(freeze, incidents) == {"named": "d1", "unnamed": "d2", "named what does not count": None}
    stated = {"named": "d1", "unnamed": None, "named what does not count": None}
    assert causes(freeze, incidents, link="stated") == stated


def test_a_deployment_that_the_extract_does_not_have_has_no_innocent_stand_in(freeze: Freeze) -> None:
    assert causes(freeze, [broke("i", "02-09T12:00:00", deployment_id="older than the extract")]) == {"i": None}


def test_a_link_within_services_needs_the_service_of_both_sides(freeze: Freeze) -> None:
    incidents = [{k: v for k, v in broke("i", "02-09T12:00:00").items() if k != "service"}]
    snapshot = freeze({"deployments": DEPLOYED, "incidents": incidents}, YEAR)
    sentence = measure.lacking(snapshot, find("change_failure_rate"))
    assert sentence is not None
    assert "incidents.service" in sentence
    other = snapshot.under(Rules(dora=DoraRules(link_within="organisation")))
    assert measure.lacking(other, find("change_failure_rate")) is None


@pytest.mark.parametrize("seed", range(12))
def test_in_this_process_causes_are_those_that_an_engine_finds(
    seed: int, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many at one moment, services that only one side has or nobody knows; files along time or not; in blocks of many sizes."""
    dice = random.Random(seed)
    monkeypatch.setattr("reportkit.preceding.BLOCK", dice.choice([1, 3, 7, 1000]))
    first, places = at("01-01"), ["shop", "till", "dock", None]
    few, as_frozen = timedelta(hours=dice.choice([1, 24 * 30])), dice.choice([True, False])

    def some(kind: str, n: int, of: list[str | None], time: str) -> list[dict[str, Any]]:
        rows = [
            {f"{kind}_id": f"{kind}{i}", time: first + dice.randrange(8) * few, "service": dice.choice(of)}
            for i in range(n)
        ]
        rows = dice.sample(rows, len(rows))
        return sorted(rows, key=lambda row: (row[time], row[f"{kind}_id"])) if as_frozen else rows

    deployments = some("deployment", dice.choice([0, 5, 60]), places[1:], "deployed_at")
    incidents = some("incident", dice.choice([0, 9, 40]), places[:3], "started_at")
    snapshot = freeze({"deployments": deployments, "incidents": incidents}, YEAR)
    broke, counted = snapshot.table("incidents"), snapshot.table("deployments", placed=True)
    began = broke.select("resolved_at", place=broke.service.fill_null(""), at="started_at")
    finished = counted.select(place=counted.service.fill_null(""), at="deployed_at", id=ROW, name="deployment_id")
    here = derived.found_here(began, finished).left_join(finished.select("id", "name"), "id")
    there = derived.asked(began, finished.mutate(id="name")).rename(name="id")
    found, expected = (
        sorted(map(repr, table.select("place", "at", "last", "name").to_pyarrow().to_pylist()))
        for table in (here, there)
    )
    assert found == expected


def test_an_event_of_no_place_is_of_none_that_is_asked_for() -> None:
    times = pa.array([1, 2, 5], pa.timestamp("us", "UTC"))
    events = pa.table({"place": ["a", None], "at": times[:2], "id": [7, 8]})
    asked = pa.table({"place": ["a", "b", None], "at": times.take(pa.array([2, 2, 2]))})
    assert preceding.latest(asked, events.to_batches())["id"].to_pylist() == [7, None, None]


@pytest.mark.parametrize("places", [300, 40_000])  # each takes whole numbers of another size
def test_places_may_be_many(places: int) -> None:
    dice = random.Random(places)
    moments = sorted(dice.randrange(9) for _ in range(2 * places))
    events = [(f"p{dice.randrange(places)}", at, i) for i, at in enumerate(moments)]
    wanted = [(f"p{dice.randrange(places)}", dice.randrange(11)) for _ in range(places)]
    time = pa.timestamp("us", "UTC")
    earlier = pa.table({
        "place": [e[0] for e in events], "at": pa.array([e[1] for e in events], time), "id": [e[2] for e in events],
    })  # fmt: skip
    later = pa.table({"place": [w[0] for w in wanted], "at": pa.array([w[1] for w in wanted], time)})
    of: dict[str, list[tuple[int, int]]] = {}
    for place, at, event in events:
        of.setdefault(place, []).append((at, event))
    expected = [max(((t, e) for t, e in of.get(p, []) if t < at), default=(0, None))[1] for p, at in wanted]
    assert preceding.latest(later, earlier.to_batches(max_chunksize=places // 2))["id"].to_pylist() == expected


def test_events_that_do_not_come_along_time_are_told_of() -> None:
    asked = pa.table({"place": ["a"], "at": pa.array([9], pa.timestamp("us", "UTC"))})
    events = pa.table({"place": ["a", "a"], "at": pa.array([2, 1], pa.timestamp("us", "UTC")), "id": [1, 2]})
    for blocks in (events.to_batches(), events.to_batches(max_chunksize=1)):
        with pytest.raises(preceding.Unordered):
            preceding.latest(asked, blocks)


@pytest.mark.parametrize("seed", range(12))
def test_the_first_spell_of_each_group_is_that_of_a_walk_along_time(seed: int) -> None:
    dice, hour = random.Random(seed), timedelta(hours=1)
    apart, lasting, expected = dice.choice([0, 1, 24]), [], {}
    for _lasting in range(dice.choice([1, 6, 60])):
        start = at("02-01T00:00:00") + dice.randrange(40) * hour
        lasting.append((dice.choice("abc"), start, dice.choice([None, *(start + i * hour for i in range(12))])))
    for group, start, end in sorted(lasting, key=lambda row: (*row[:2], row[2] or spells.NEVER)):
        begun, ended, over = expected.get(group, (start, start, False))
        over = over or start > min(ended, spells.NEVER - 24 * hour) + apart * hour
        expected[group] = (begun, ended if over else max(ended, end or spells.NEVER), over)
    columns = zip(*lasting, strict=True)
    types = {"group": pa.string(), "start": pa.timestamp("us", "UTC"), "end": pa.timestamp("us", "UTC")}
    table = ibis.memtable(pa.table([pa.array(c, t) for c, t in zip(columns, types.values(), strict=True)], list(types)))
    found = connected().to_pyarrow(spells.first(table, ("group",), apart * 3600 * 10**6)).to_pylist()
    assert {row["group"]: (row["start"], row["end"]) for row in found} == {
        group: (begun, None if ended == spells.NEVER else ended) for group, (begun, ended, _) in expected.items()
    }


def test_needles_import_no_pandas(freeze: Freeze) -> None:
    """Neither do links, which go from the engine to this process and back, nor life tables."""
    changes = [{"opened_at": at("02-01"), "merged_at": merged} for merged in (at("02-03"), None)]
    incidents = [broke("i", f"02-{day}T12:00:00", resolved_at=at("02-09T15:00:00")) for day in ("08", "09")]
    snapshot = freeze({"deployments": DEPLOYED, "incidents": incidents, "changes": changes}, YEAR)
    code = f"""
import sys
from pathlib import Path
from reportkit import measure
from reportkit.model.period import Quarter
from reportkit.needles import find
from reportkit.snapshot import Snapshot
snapshot = Snapshot.open(Path({str(snapshot.folder)!r}), {snapshot.time_zone!r})
for key in ("change_failure_rate", "recovery_time", "pull_request_merge_time", "deployment_days"):
    assert measure.reading(snapshot, find(key), Quarter.parse("2026-Q1").window).known, key
sys.exit("pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_production_is_what_the_organisation_calls_so(freeze: Freeze) -> None:
    rows = [{"detected_at": at("02-02"), "remediated_at": None, "environment": name} for name in ("prod", "test")]
    snapshot = freeze({"vulnerabilities": rows}, YEAR, rules=Rules(dora=DoraRules(environments=("prod",))))
    assert value(snapshot, "open_vulnerabilities") == 1


def test_a_link_may_reach_over_services_and_results_and_environments(freeze: Freeze) -> None:
    incidents = [broke("i", "02-09T12:00:00", "dock")]
    assert causes(freeze, incidents, link_within="organisation")["i"] in {"d2", "d3"}
    assert causes(freeze, incidents, link_within="organisation", results=("success", "failure")) == {"i": "d5"}
    assert causes(freeze, [broke("i", "02-09T11:10:00")], environments=("production", "staging")) == {"i": "d4"}


def test_several_incidents_of_one_deployment_are_one_failure(freeze: Freeze) -> None:
    incidents = [broke("a", "02-09T12:00:00"), broke("b", "02-09T13:00:00")]
    snapshot = freeze({"deployments": DEPLOYED, "incidents": incidents}, YEAR)
    assert value(snapshot, "change_failure_rate") == pytest.approx(1 / 3)
    other = snapshot.under(Rules(dora=DoraRules(results=("success", "failure"))))
    assert value(other, "change_failure_rate") == pytest.approx(1 / 4)


def test_a_teams_facts_under_other_rules_are_linked_by_those(freeze: Freeze) -> None:
    """Three incidents of 2 hours name their deployment, three of 10 hours do not: 6 hours at the middle, or 2 of the named."""
    deployments = [deployed(f"d{day}", f"02-0{day}T10:00:00", team="a") for day in range(2, 8)]
    incidents = [
        broke(f"i{day}", f"02-0{day}T11:00:00", team="a", **named)
        | {"resolved_at": at(f"02-0{day}T11:00:00") + timedelta(hours=2 if named else 10)}
        for day in range(2, 8)
        for named in [{"deployment_id": f"d{day}"} if day < 5 else {}]
    ]
    snapshot = freeze({"deployments": deployments, "incidents": incidents}, YEAR, rules=Rules(smallest_group=1))
    stated, key = Rules(dora=DoraRules(link="stated"), smallest_group=1), "recovery_time"
    team = snapshot.cut({"team": "a"})
    assert [value(s, key) for s in (snapshot, team)] == [6.0, 6.0]
    assert [value(s, key) for s in (team.under(stated), snapshot.under(stated), team)] == [2.0, 2.0, 6.0]
    assert value(team.under(Rules(dora=DoraRules(results=("failure",)))), "deployment_frequency") == 0.0


def test_doras_medians_leave_open_ones_apart_unless_the_rules_say_otherwise(freeze: Freeze) -> None:
    """Ends at 1 and 3 days, three open for long: the median of the two is 2 days; with the open ones 2 in 5 have ended."""
    rows = [{"first_commit_at": at("02-02"), "deployed_at": at(end)} for end in ("02-03", "02-05")]
    rows += [{"first_commit_at": at("02-02"), "deployed_at": None}] * 3
    snapshot = freeze({"changes": rows}, YEAR)
    needle = find("lead_time_for_changes")
    finished = measure.reading(snapshot, needle, Q1)
    assert (finished.value, finished.facts, finished.open, finished.censored) == (2.0, 2, 3, False)
    censored = measure.reading(snapshot.under(Rules(dora=DoraRules(median="censored"))), needle, Q1)
    assert math.isnan(censored.value)
    assert (censored.reason, censored.censored, censored.open) == ("more than half are still open", True, 3)


# ---- the life table


def lives(freeze: Freeze, *spans: tuple[str, str | None]) -> Snapshot:
    rows = [{"opened_at": at(a), "merged_at": at(b) if b else None} for a, b in spans]
    return freeze({"changes": rows}, YEAR)


def test_what_was_open_before_the_period_counts_from_the_age_that_it_had(freeze: Freeze) -> None:
    """In April one opened on 1 March ends at 41 days; three of April end after 1, 2 and 3 days. At 1 day three are under
    observation (the old one comes at 31 days): ⅔ are left, then ⅓, so the median is 2 days, where that of the finished is 2.5."""
    spans = [("03-01", "04-11"), ("04-02", "04-03"), ("04-02", "04-04"), ("04-02", "04-05")]
    found = measure.reading(lives(freeze, *spans), find("pull_request_merge_time"), Q2)
    assert (found.value, found.facts, found.open) == (2.0, 4, 0)


def test_without_open_or_old_facts_it_is_the_plain_median(freeze: Freeze) -> None:
    spans = [("02-02", f"02-{2 + days:02}") for days in (1, 2, 4, 8)]
    assert value(lives(freeze, *spans), "pull_request_merge_time") == 3.0


def test_a_span_of_nothing_is_zero_days(freeze: Freeze) -> None:
    assert value(lives(freeze, ("02-02", "02-02")), "pull_request_merge_time") == 0.0


def test_an_even_flow_has_the_same_median_in_a_week_as_in_a_year(freeze: Freeze) -> None:
    """One begins every six hours and takes 10 days: a week of it must not be shorter than a year of it."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {"opened_at": (s := first + timedelta(hours=6 * n)), "merged_at": s + timedelta(days=10)} for n in range(800)
    ]
    snapshot = freeze({"changes": rows}, YEAR)
    needle = find("pull_request_merge_time")
    week = Window(date(2026, 3, 2), date(2026, 3, 9))
    assert [r.value for r in measure.readings(snapshot, needle, [week, Q1])] == [10.0, 10.0]


def test_a_curve_that_stands_on_next_to_nothing_gives_no_median(freeze: Freeze) -> None:
    """Of a hundred old ones that end in the period none tells how the young fare; one young one must not speak for them."""
    old = [("01-05", "04-20")] * 99
    found = measure.reading(lives(freeze, *old, ("04-02", "04-03")), find("pull_request_merge_time"), Q2)
    assert (found.known, found.facts, found.reason) == (False, 100, "too few of them were young in this time")


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_in_this_process_life_tables_are_those_of_an_engines_own_words(seed: int, grouped: bool) -> None:
    """Coarse and fine times, open ones, groups with nothing ended or nobody in them, windows that overlap or leave gaps."""
    dice = random.Random(seed)
    unit = timedelta(hours=12) if seed % 2 else timedelta(microseconds=1)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    rows = []
    for _n in range(dice.choice([0, 1, 40, 300])):
        begun = first + timedelta(days=dice.randint(0, 360)) + dice.randint(0, 3) * unit
        ended = begun + timedelta(days=dice.randint(0, 90)) + dice.randint(0, 3) * unit if dice.random() < 0.8 else None
        rows.append({"group": dice.choice(["", "a", "b", "⟨other⟩"]), "start": begun, "end": ended})
    types = {"group": "string", "start": "timestamp('UTC')", "end": "timestamp('UTC')"}
    engine = connected()
    engine.con.register("facts", pa.Table.from_pylist(rows, ibis.schema(types).to_pyarrow()))
    table = engine.table("facts")
    windows = [(0, YEAR), (1, Q1), (4, Window(date(2026, 3, 2), date(2026, 3, 9))), (7, Quarter(2027, 1).window)]
    shares = {"median": 0.5, "p90": 0.9}
    here, there = (
        sorted(
            way(table, windows, "Europe/London", shares, grouped=grouped),
            key=lambda r: (r["period"], r.get("group", "")),
        )
        for way in (life.quantiles, life.asked)
    )
    assert [{"group": ""} | row for row in here] == there


# ---- spells, days, observations


def out(start: str, end: str | None, **more: Any) -> dict[str, Any]:
    return {"started_at": at(start), "resolved_at": at(end) if end else None, "outage": True, **more}


def test_minutes_lie_in_the_periods_in_which_they_passed(freeze: Freeze) -> None:
    """From 23:00 on 31 March to 01:30 on 1 April: 60 minutes in one quarter, 90 in the next; counted where it began."""
    snapshot = freeze({"incidents": [out("03-31T23:00:00", "04-01T01:30:00")]}, YEAR)
    assert [value(snapshot, "outage_minutes", w) * 3 for w in (Q1, Q2)] == pytest.approx([60, 90])
    assert [value(snapshot, "outages", w) * 3 for w in (Q1, Q2)] == [1, 0]


def test_an_outage_that_is_not_over_lasts_to_the_end_of_what_is_covered(freeze: Freeze) -> None:
    snapshot = freeze({"incidents": [out("03-31T23:00:00", None)]}, Window(date(2026, 1, 1), date(2026, 4, 1)))
    assert value(snapshot, "outage_minutes") * 3 == pytest.approx(60)


def test_outages_that_touch_are_one_and_an_instant_is_one_of_no_minutes(freeze: Freeze) -> None:
    rows = [
        out("02-02T10:00:00", "02-02T10:30:00"), out("02-02T10:30:00", "02-02T11:00:00"),
        out("02-03T10:00:00", "02-03T10:00:00"), out("02-02T09:00:00", "02-02T12:00:00", team="inner"),
    ]  # fmt: skip
    snapshot = freeze({"incidents": rows}, YEAR, rules=Rules(smallest_group=1))
    assert value(snapshot, "outages") * 3 == 2
    assert value(snapshot, "outage_minutes") * 3 == pytest.approx(180)
    parts = {p.group: p.reading.value * 3 for p in measure.cut(snapshot, find("outages"), Q1, "team")}
    assert parts == {measure.NO_TEAM: 2, "inner": 1}


def test_a_day_is_a_day_of_the_organisation(freeze: Freeze) -> None:
    """23:30 UTC and 22:30 UTC a day later in July are two days in London (00:30 and 23:30 of one day): one day."""
    rows = [{"deployed_at": at("07-01T23:30:00")}, {"deployed_at": at("07-02T22:30:00")}]
    july = Window(date(2026, 7, 1), date(2026, 8, 1))
    assert value(freeze({"deployments": rows}, YEAR, "Europe/London"), "deployment_days", july) * 31 / 7 == 1
    assert value(freeze({"deployments": rows}, YEAR), "deployment_days", july) * 31 / 7 == 2


def test_a_quarter_without_a_key_event_says_nothing_about_outages_in_them(freeze: Freeze) -> None:
    rules = Rules(key_events=(KeyEvent("sale", date(2026, 2, 2), date(2026, 2, 3)),))
    snapshot = freeze(
        {"incidents": [out("02-01T23:00:00", "02-02T01:00:00"), out("02-05", "02-06")]}, YEAR, rules=rules
    )
    needle = find("key_event_outages")
    first, second = measure.readings(snapshot, needle, [Q1, Q2])
    assert first.value == 1
    assert (second.known, second.reason) == (False, "no key event lies in it")


def test_outages_in_key_events_are_counted_and_never_stretched_over_a_quarter(freeze: Freeze) -> None:
    rules = Rules(key_events=(KeyEvent("sale", date(2026, 3, 2), date(2026, 3, 4)),))
    rows = [out("03-02T10:00:00", "03-02T11:00:00"), out("03-03T10:00:00", "03-03T11:00:00")]
    march = freeze({"incidents": rows}, Window(date(2026, 3, 1), date(2026, 4, 1)), rules=rules)
    assert value(march, "key_event_outages") == 2
    late = freeze({"incidents": rows}, Window(date(2026, 3, 3), date(2026, 4, 1)), rules=rules)
    assert measure.reading(late, find("key_event_outages"), Q1).reason == "the extract does not cover its key events"


# ---- money


def charge(cost: float, currency: str) -> dict[str, Any]:
    return {"charged_at": at("02-02"), "effective_cost": cost, "currency": currency, "service_category": "Compute"}


def test_money_of_another_currency_is_refused_until_a_rate_is_given(freeze: Freeze) -> None:
    rows = [charge(100.0, "EUR"), charge(100.0, "USD"), charge(-20.0, "USD")]
    snapshot = freeze({"costs": rows}, YEAR)
    with pytest.raises(MeasureError) as error:
        value(snapshot, "total_cost_of_ownership")
    assert error.value.message == (
        "Total cost of ownership cannot be added up: costs are in USD, where organisation.yaml reckons in EUR; "
        "write `rates: {USD: …}` there, what one unit of each is worth."
    )
    assert value(snapshot.under(Rules(rates={"USD": 0.5})), "total_cost_of_ownership") * 3 == pytest.approx(140)


def test_money_is_printed_in_the_organisations_currency() -> None:
    assert find("total_cost_of_ownership").in_currency("GBP").unit.text(12_345.6) == "£12.3k a month"
    assert find("cost_per_customer").in_currency("CHF").unit.text(1.916) == "1.92 CHF a customer and month"
    assert find("lead_time").in_currency("GBP") is find("lead_time")


def test_a_cost_without_customers_is_a_gap_with_its_reason(freeze: Freeze) -> None:
    usage = [{"metric": "customers", "measured_at": at("05-01"), "quantity": 10.0}]
    snapshot = freeze({"costs": [charge(100.0, "EUR")], "usage": usage}, YEAR)
    first, second = measure.readings(snapshot, find("cost_per_customer"), [Q1, Q2])
    assert (first.known, first.reason) == (False, "no usage to meet")
    assert (second.known, second.reason) == (False, "no costs to meet")


def test_a_ratio_is_the_same_to_the_last_digit_whatever_its_journeys_are_called(freeze: Freeze) -> None:
    """Names decide in which order a set gives its parts, from one run to the next; sums of floats must not tell."""
    dice, found = random.Random(3), set()
    parts = [(dice.uniform(0.1, 9e6), dice.uniform(1.0, 9e3)) for _ in range(60)]
    for prefix in "abcdefgh":
        costs = [
            {**charge(cost, "EUR"), "charged_at": at("02-05"), "journey": f"{prefix}{i}"}
            for i, (cost, _) in enumerate(parts)
        ]
        usage = [
            {"metric": "journeys", "measured_at": at("02-01"), "quantity": n, "journey": f"{prefix}{i}"}
            for i, (_, n) in enumerate(parts)
        ]
        found.add(value(freeze({"costs": costs, "usage": usage}, YEAR), "cost_per_journey"))
    assert len(found) == 1


def test_a_month_that_lacks_a_side_is_left_out_and_named(freeze: Freeze) -> None:
    """Charges of three months, customers of two: 600 over 200."""
    costs = [charge(300.0, "EUR") | {"charged_at": at(f"{month:02}-05")} for month in (1, 2, 3)]
    usage = [{"metric": "customers", "measured_at": at(f"{month:02}-01"), "quantity": 100.0} for month in (1, 2)]
    found = measure.reading(freeze({"costs": costs, "usage": usage}, YEAR), find("cost_per_customer"), Q1)
    assert (found.value, found.facts) == (3.0, 2)
    assert found.reason == "without Mar 2026, where one side is missing"


def test_a_charge_without_an_effective_cost_counts_as_billed(freeze: Freeze) -> None:
    rows = [charge(100.0, "EUR"), charge(0.0, "EUR") | {"effective_cost": None, "billed_cost": 400.0}]
    assert value(freeze({"costs": rows}, YEAR), "total_cost_of_ownership") * 3 == pytest.approx(500)


# ---- cuts


def changes(**counts: int) -> list[dict[str, Any]]:
    return [
        {
            "opened_at": at("02-02"),
            "merged_at": at("02-04"),
            "team": team,
            "author": f"{team}{n % 7}",
            "x_region": "north",
        }
        for team, many in counts.items()
        for n in range(many)
    ]


def cut(freeze: Freeze, rows: list[dict[str, Any]], by: str = "team", least: int = 5) -> list[tuple[str, int, int]]:
    snapshot = freeze({"changes": rows}, YEAR, rules=Rules(smallest_group=least))
    return [
        (p.group, p.reading.facts, p.groups) for p in measure.cut(snapshot, find("pull_request_merge_time"), Q1, by)
    ]


def test_small_groups_are_folded_into_other(freeze: Freeze) -> None:
    assert cut(freeze, changes(ant=40, bee=30, cat=4, dog=3)) == [("ant", 40, 1), ("bee", 30, 1), (OTHER, 7, 2)]


def test_the_smallest_group_shown_joins_an_other_that_is_too_small_itself(freeze: Freeze) -> None:
    assert cut(freeze, changes(ant=40, bee=30, cat=4)) == [("ant", 40, 1), (OTHER, 34, 2)]


def test_where_all_together_are_too_few_nothing_is_shown(freeze: Freeze) -> None:
    assert cut(freeze, changes(ant=2, bee=2)) == []
    assert cut(freeze, changes(ant=3, bee=3)) == [(OTHER, 6, 2)]


def test_people_count_where_they_are_known_and_not_facts(freeze: Freeze) -> None:
    rows = [row | {"author": "one"} if row["team"] == "ant" else row for row in changes(ant=40, bee=30, cat=30)]
    assert [group for group, *_ in cut(freeze, rows)] == ["bee", OTHER]


def test_a_stock_of_few_is_few(freeze: Freeze) -> None:
    rows = [{"detected_at": at("02-02"), "remediated_at": None, "team": team} for team in ["ant"] * 3 + ["bee"] * 6]
    snapshot = freeze({"vulnerabilities": rows}, YEAR)
    parts = measure.cut(snapshot, find("open_vulnerabilities"), Q1, "team")
    assert [(p.group, p.reading.facts) for p in parts] == [(OTHER, 9)]


def test_a_group_that_is_called_other_is_not_the_folded_ones(freeze: Freeze) -> None:
    found = cut(freeze, changes(other=10, ant=4, bee=4))
    assert found == [("other", 10, 1), (OTHER, 8, 2)]


def test_a_ratio_of_two_entities_can_be_cut_by_what_one_of_them_has(freeze: Freeze) -> None:
    incidents = [{"started_at": at("02-02"), "severity": s} for s in ["high"] * 6 + ["low"] * 9]
    services = [{"service_id": "a", "created_at": at("01-01"), "retired_at": None}]
    snapshot = freeze({"incidents": incidents, "services": services}, YEAR)
    parts = measure.cut(snapshot, find("incidents_per_service"), Q1, "severity")
    assert [(p.group, round(p.reading.value, 6)) for p in parts] == [("low", 3.0), ("high", 2.0)]


def test_an_extra_column_cuts_too_and_an_unknown_one_is_refused(freeze: Freeze) -> None:
    assert cut(freeze, changes(ant=40), "x_region") == [("north", 40, 1)]
    with pytest.raises(
        MeasureError, match="cannot be cut by 'colour': changes has no such column of text; it has change_id"
    ):
        cut(freeze, changes(ant=40), "colour")


def test_few_people_are_not_shown_at_all_where_a_fact_is_about_one(freeze: Freeze) -> None:
    rows = [
        {"kind": "engineer", "subject": f"p{n}", "started_at": at("02-02"), "finished_at": at("02-12")}
        for n in range(4)
    ]
    found = measure.reading(freeze({"onboardings": rows}, YEAR), find("engineer_onboarding"), Q1)
    assert (found.known, found.reason, found.facts) == (False, "fewer than 5 people", 4)


# ---- declarations


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": Duration(start=_.opend_at, end=_.merged_at)},
         "start: there is no column of changes 'opend_at'; did you mean 'opened_at'?"),
        ({"entity": "chages"}, "entity: there is no entity 'chages'; did you mean 'changes'?"),
        ({"where": _.nothing_like_it}, "where: there is no column of changes 'nothing_like_it'."),
        ({"kind": Rate(at=_.merged_at + _.author)}, "at: "),
        ({"kind": Stock(opened=_.opened_at, closed=_.closed)}, "end: there is no column of changes 'closed'"),
    ],
)  # fmt: skip
def test_a_broken_declaration_names_the_needle_and_the_field(change: dict[str, Any], sentence: str) -> None:
    broken = replace(find("pull_request_merge_time"), **change)
    found = measure.fault(broken)
    assert found is not None
    assert found.startswith(f"pull_request_merge_time: {sentence}")
    with pytest.raises(MeasureError, match="the needle pull_request_merge_time"):
        measure.needs(broken)


def test_no_declaration_of_the_library_is_broken() -> None:
    assert [measure.fault(needle) for needle in library().values() if measure.fault(needle)] == []


def test_only_what_is_money_is_converted_or_refused(freeze: Freeze) -> None:
    """Charges in dollars, counted: one of storage, two of anything else."""
    counted = Rate(
        at=_.charged_at, per="month", counts="amount", amount=ibis.ifelse(_.service_category == "Storage", 1.0, 2.0)
    )
    needle = replace(find("hosting_cost"), where=None, kind=counted)
    charge = {"charged_at": at("02-02T00:00:00"), "currency": "USD", "effective_cost": 10.0}
    rows = [charge | {"service_category": "Storage"}, charge | {"service_category": "Compute"}]
    for rates in ({}, {"USD": 0.5}):
        with freeze({"costs": rows}, YEAR, rules=Rules(rates=rates)) as snapshot:
            assert measure.lacking(snapshot, needle) is None
            assert measure.reading(snapshot, needle, Q1).value == 1.0
            refused = measure.lacking(snapshot, find("hosting_cost"))
            assert (refused is None) == bool(rates)


def test_currencies_are_known_of_each_extract_by_itself(freeze: Freeze) -> None:
    charge = {"charged_at": at("02-02T00:00:00"), "effective_cost": 10.0, "service_category": "Compute"}
    with freeze({"costs": [charge | {"currency": "USD"}, charge | {"currency": "EUR"}]}, YEAR) as mixed:
        assert "costs are in USD" in str(measure.lacking(mixed, find("hosting_cost")))
    with freeze({"costs": [charge | {"currency": "EUR"}]}, YEAR) as plain:
        assert measure.lacking(plain, find("hosting_cost")) is None


def test_the_facts_of_a_proof_meet_month_by_month_as_a_periods_number_does(freeze: Freeze) -> None:
    """Journey a has usage from March on, b no costs in February: of a counts March, of b January, as in the quarter's number."""
    paid = [("a", "01-05", 10.0), ("a", "02-05", 20.0), ("a", "03-05", 30.0), ("b", "01-05", 4.0)]
    used = [("a", "03-01", 3.0), ("b", "01-01", 2.0), ("b", "02-01", 5.0), ("c", "01-01", 9.0)]
    facts = {
        "costs": [{**charge(cost, "EUR"), "charged_at": at(day), "journey": journey} for journey, day, cost in paid],
        "usage": [
            {"metric": "journeys", "measured_at": at(day), "quantity": n, "journey": journey}
            for journey, day, n in used
        ],
    }
    with freeze(facts, YEAR) as snapshot:
        frame = measure.facts(snapshot, find("cost_per_journey"), "journey")
        assert sorted(zip(frame.team, frame.numerator, frame.denominator, strict=True)) == [
            ("a", 0.0, 3.0), ("a", 30.0, 0.0), ("b", 0.0, 2.0), ("b", 4.0, 0.0),
        ]  # fmt: skip
        assert frame.numerator.sum() / frame.denominator.sum() == value(snapshot, "cost_per_journey") == 34 / 5
