"""Needles of the library in cases that are easy to get wrong, each worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reportkit import measure
from reportkit.model.period import Quarter, Window
from reportkit.model.rules import DoraRules, KeyEvent, Rules
from reportkit.needles import find
from reportkit.snapshot import Snapshot

Freeze = Callable[..., Snapshot]
YEARS = Window(date(2025, 1, 1), date(2027, 1, 1))
Q1, Q2 = Quarter(2026, 1).window, Quarter(2026, 2).window


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def charge(cost: float, category: str | None) -> dict[str, Any]:
    return {"charged_at": at("2026-02-02"), "currency": "EUR", "effective_cost": cost, "service_category": category}


def deployed(name: str, when: str, **more: Any) -> dict[str, Any]:
    return {"deployment_id": name, "service": "shop", "deployed_at": at(when), **more}


def broke(when: str, named: str | None = None) -> dict[str, Any]:
    return {
        "service": "shop", "started_at": at(when), "resolved_at": at("2026-02-20"), "deployment_id": named, "outage": True,
    }  # fmt: skip


def value(freeze: Freeze, key: str, facts: Mapping[str, Any], rules: Rules | None = None, window: Window = Q1) -> float:
    return measure.reading(freeze(facts, YEARS, rules=rules), find(key), window).value


def test_a_charge_without_a_category_is_hosting(freeze: Freeze) -> None:
    """All charges but storage and databases: 300 + 30 over three months."""
    facts = {"costs": [charge(300.0, "Compute"), charge(30.0, None), charge(60.0, "Storage")]}
    assert value(freeze, "hosting_cost", facts) == pytest.approx(110)


def test_a_commit_rewritten_after_the_opening_is_no_later_beginning(freeze: Freeze) -> None:
    """Opened on the 2nd, rebased on the 8th, merged on the 9th, deployed on the 10th: it took 8 days and waited for 1."""
    change = {
        "first_commit_at": at("2026-02-08"), "opened_at": at("2026-02-02"), "first_review_at": None,
        "merged_at": at("2026-02-09"), "deployed_at": at("2026-02-10"),
    }  # fmt: skip
    assert value(freeze, "flow_efficiency", {"changes": [change]}) == pytest.approx(7 / 8)


SALE = Rules(key_events=(KeyEvent("sale", date(2026, 4, 1), date(2026, 4, 4)),))


def test_an_outage_falls_into_a_key_event_when_the_event_begins_and_it_still_lasts(freeze: Freeze) -> None:
    """From the last evening of March to the first morning of the sale: one in the sale's quarter, none in the one before."""
    outage = {"started_at": at("2026-03-31T22:00:00"), "resolved_at": at("2026-04-01T06:00:00"), "outage": True}
    assert value(freeze, "key_event_outages", {"incidents": [outage]}, SALE, Q2) == 1
    assert math.isnan(value(freeze, "key_event_outages", {"incidents": [outage]}, SALE, Q1))


def test_an_outage_of_no_length_as_a_key_event_begins_is_in_it(freeze: Freeze) -> None:
    outage = {"started_at": at("2026-04-01"), "resolved_at": at("2026-04-01"), "outage": True}
    assert value(freeze, "key_event_outages", {"incidents": [outage]}, SALE, Q2) == 1


def test_failures_are_known_only_where_both_deployments_and_incidents_are_covered(freeze: Freeze) -> None:
    """Incidents are known until the end of January: of three deployments the first alone can be said to have failed or not."""
    facts = {
        "deployments": [deployed(f"d{n}", f"2026-0{n}-05") for n in (1, 2, 3)],
        "incidents": [broke("2026-01-06")],
    }
    january = Window(date(2025, 1, 1), date(2026, 2, 1))
    snapshot = freeze(facts, {"deployments": YEARS, "incidents": january})
    found = measure.reading(snapshot, find("change_failure_rate"), Q1)
    assert (found.value, found.facts) == (1.0, 1)
    assert measure.reading(snapshot, find("change_failure_rate"), Q2).reason == "the extract does not cover it"
    assert measure.reading(snapshot, find("recovery_time"), Q2).reason == "the extract does not cover it"


def test_an_incident_that_names_a_deployment_that_does_not_count_is_put_down_to_no_other(freeze: Freeze) -> None:
    """It names the one to staging; the one to production before it is not to blame."""
    facts = {
        "deployments": [deployed("d1", "2026-02-02"), deployed("d2", "2026-02-03", environment="staging")],
        "incidents": [broke("2026-02-04", named="d2")],
    }
    assert value(freeze, "change_failure_rate", facts) == 0
    assert math.isnan(value(freeze, "recovery_time", facts))


@pytest.mark.parametrize(("named", "failed"), [("CHG0042", 0), (None, 1)])
def test_an_incident_that_names_a_deployment_that_the_extract_lacks_has_no_stand_in(
    freeze: Freeze, named: str | None, failed: int
) -> None:
    facts = {"deployments": [deployed("d1", "2026-02-02")], "incidents": [broke("2026-02-04", named=named)]}
    assert value(freeze, "change_failure_rate", facts) == failed
    assert value(freeze, "change_failure_rate", facts, Rules(dora=DoraRules(link="stated"))) == 0


@pytest.mark.parametrize(("began", "failed"), [("11:00:00.900000", 0), ("11:00:00.100000", 1), ("10:59:59.999999", 1)])
def test_the_cap_of_a_link_knows_parts_of_a_second(freeze: Freeze, began: str, failed: int) -> None:
    """An hour after 10:00:00.1 is 11:00:00.1."""
    facts = {"deployments": [deployed("d1", "2026-02-02T10:00:00.100000")], "incidents": [broke(f"2026-02-02T{began}")]}
    assert value(freeze, "change_failure_rate", facts, Rules(dora=DoraRules(cap_hours=1))) == failed


def test_facts_about_people_whom_nobody_names_are_counted_as_people(freeze: Freeze) -> None:
    """Four entries are about four people at most."""
    entry = {"person": None, "worked_at": at("2026-02-02"), "hours": 10.0, "category": "value"}
    few = measure.reading(freeze({"time_use": [entry] * 4}, YEARS), find("value_time"), Q1)
    assert (few.known, few.reason) == (False, "fewer than 5 people")
    assert value(freeze, "value_time", {"time_use": [entry] * 5}) == 1.0


def test_a_gap_says_whether_too_much_is_open_or_nothing_took_any_time(freeze: Freeze) -> None:
    raised = {"requested_at": at("2026-02-02")}
    still = freeze({"change_requests": [{**raised, "implemented_at": None}]}, YEARS)
    at_once = freeze({"change_requests": [{**raised, "implemented_at": at("2026-02-02")}]}, YEARS)
    assert measure.reading(still, find("time_to_production"), Q1).reason == "more than half are still open"
    assert measure.reading(at_once, find("predictability"), Q1).reason == "half of them took no time at all"


@pytest.mark.parametrize(
    ("relapse", "third", "hours"),
    [(24, "03T14:00", 27), (24, "03T14:01", 2), (0, "02T14:00", 3), (0, "02T14:01", 2), (24, None, 2)],
)
def test_a_deployment_that_caused_three_incidents_fails_once(
    freeze: Freeze, relapse: float, third: str | None, hours: float
) -> None:
    """It fails from 12:00 (two that overlap, until 14:00), and on if the third begins soon enough after that; each lasts an hour."""
    starts = ["02T12:00", "02T13:00"] + ([third] if third else [])
    facts = {
        "deployments": [deployed("d1", "2026-02-02T10:00:00"), deployed("d2", "2026-05-05")],
        "incidents": [
            {
                "incident_id": start, "service": "shop", "deployment_id": "d1", "started_at": at(f"2026-02-{start}"),
                "resolved_at": at(f"2026-02-{start}") + timedelta(hours=1),
            }
            for start in starts
        ],
    }  # fmt: skip
    rules = Rules(dora=DoraRules(relapse_hours=relapse))
    found = measure.reading(freeze(facts, YEARS, rules=rules), find("recovery_time"), Q1)
    assert (found.value, found.facts) == (hours, 1)


def test_a_deployment_has_not_recovered_while_anything_that_it_broke_is_open(freeze: Freeze) -> None:
    facts = {
        "deployments": [deployed("d1", "2026-02-02T10:00:00")],
        "incidents": [
            {"incident_id": "a", "service": "shop", "deployment_id": "d1", "started_at": at("2026-02-02T11"), "resolved_at": at("2026-02-02T12")},
            {"incident_id": "b", "service": "shop", "deployment_id": "d1", "started_at": at("2026-02-02T11:30"), "resolved_at": None},
        ],
    }  # fmt: skip
    found = measure.reading(freeze(facts, YEARS), find("recovery_time"), Q1)
    assert (found.known, found.facts, found.open) == (False, 0, 1)
