"""'How we know' and what a report says of needles that it cannot give."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from reportkit.figures.theme import load_brand
from reportkit.findings import Findings
from reportkit.model.params import Audience, Choice, Dora, Organisation
from reportkit.model.period import Quarter, Window
from reportkit.sections import knowing, owned
from reportkit.snapshot import Snapshot, opened

Freeze = Callable[..., Snapshot]
YEAR = Window(date(2026, 1, 1), date(2027, 1, 1))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


DEPLOYMENTS = [
    {"deployment_id": f"d{day}", "service": "shop", "deployed_at": at(f"02-{day:02}T10:00:00")} for day in range(2, 12)
]
INCIDENTS = [
    {
        "incident_id": "quick",
        "service": "shop",
        "started_at": at("02-05T11:00:00"),
        "resolved_at": at("02-05T12:00:00"),
    },
    {"incident_id": "late", "service": "shop", "started_at": at("03-05T11:00:00"), "resolved_at": at("03-05T15:00:00")},
]


def findings(freeze: Freeze, dora: dict[str, Any] | None = None, **facts: Any) -> Findings:
    organisation = Organisation(name="Sample", currency="GBP", dora=Dora(**(dora or {})))
    audience = Audience(
        title="Board", problem="Releases break things.", quantified_by="change_failure_rate", primary="change_failure_rate",
        supporting=("recovery_time", "deployment_frequency", "outages"),
    )  # fmt: skip
    given = {"deployments": DEPLOYMENTS, "incidents": INCIDENTS, **facts}
    snapshot = freeze({k: v for k, v in given.items() if v}, YEAR, rules=organisation.rules())
    return Findings(audience, Quarter(2026, 1), {}, organisation, snapshot)


def told(found: Findings) -> dict[str, list[str]]:
    page = knowing.how(found, {"bots": Choice(value=False, because="Bots are no teams.")})
    lines: dict[str, list[str]] = {}
    for line in page.parts[0].plain.splitlines():
        lines.setdefault(line.split(": ")[0], []).append(line.partition(": ")[2])
    return lines


def test_doras_choices_are_printed_and_what_another_link_would_give(freeze: Freeze) -> None:
    lines = told(findings(freeze))
    assert lines["DORA's deployments"] == ["Deployments to production that succeeded count."]
    assert lines["DORA's failures"] == [
        (
            "An incident is put down to the deployment that its source names; where it names none, to the latest one of the same "
            "service that counts and finished before it began."
        )
    ]
    assert lines["Change failure rate, linked otherwise"] == ["It would be 10% with a time limit of 24 hours."]
    assert lines["Failed deployment recovery time, linked otherwise"][0].startswith("It would be 1 hour with")
    assert lines["DORA's recoveries"] == [
        (
            "A failed deployment counts once: from the start of the first incident that it caused until none of them is open. "
            "What begins within 24 hours after that is a relapse and part of it; what begins later is not."
        )
    ]
    assert lines["Choice"] == ["Bots are no teams."]


def test_the_record_holds_the_numbers_of_the_other_links(freeze: Freeze) -> None:
    page = knowing.how(findings(freeze), {})
    shown = {one.id: one.text for one in page.parts[0].record}
    assert shown["change_failure_rate.other_link_1"] == "10%"
    assert shown["recovery_time.other_link_1"] == "1 hour"


def test_each_needle_has_its_n_and_the_page_says_how_fresh_and_by_which_versions(freeze: Freeze) -> None:
    short = Window(YEAR.start, date(2026, 3, 20))
    organisation = Organisation(name="Sample", currency="GBP")
    snapshot = freeze({"deployments": DEPLOYMENTS, "incidents": INCIDENTS}, {"deployments": YEAR, "incidents": short})
    found = Findings(findings(freeze).audience, Quarter(2026, 1), {}, organisation, snapshot)
    lines = told(found)
    assert lines["Change failure rate"][0].endswith("n = 10 deployments in Q1 2026.")
    assert lines["Failed deployment recovery time"][0].endswith("n = 2 failed deployments in Q1 2026.")
    assert lines["Freshness"] == [
        "Taken on 1 Jan 2026; incidents end on 19 Mar 2026: what they lack of the quarter is a gap, never a zero."
    ]
    assert lines["Versions"][0].startswith("reportkit ")
    shown = {one.id: one.text for one in knowing.how(found, {}).parts[0].record}
    assert shown["extract.deployments.accepted"] == "10"
    brief = knowing.how(found, {}, brief=True).plain
    assert "Taken on 1 Jan 2026" in brief
    assert "Versions" in brief


def test_where_incidents_name_deployments_that_alone_is_another_link(freeze: Freeze) -> None:
    named = [row | {"deployment_id": "d3"} for row in INCIDENTS]
    lines = told(findings(freeze, incidents=named))
    assert any("and to none where it names none" in line for line in lines["Change failure rate, linked otherwise"])


def test_other_choices_are_told_as_they_are(freeze: Freeze) -> None:
    dora = {"environments": ["production", "live"], "results": ["success", "failure"], "link_within": "organisation",
            "cap_hours": 72, "median": "censored", "bands": 2024}  # fmt: skip
    lines = told(findings(freeze, dora))
    assert lines["DORA's deployments"] == ["Deployments to production and live that succeeded or failed count."]
    assert lines["DORA's failures"][0].endswith(
        "to the latest one that counts and finished within 72 hours before it began."
    )
    assert lines["DORA's medians"][0].startswith("Changes and failures that are still open count as unfinished")
    assert lines["Change failure rate, elsewhere"] == [
        "DORA 2024: elite 5%, high 20%, medium 10%, low 40%. Groups that a survey found; no goal."
    ]


def test_a_needle_without_its_facts_is_told_and_the_rest_stands(freeze: Freeze) -> None:
    found = findings(freeze, incidents=None)
    assert [needle.key for needle in found.needles] == ["deployment_frequency"]
    page = owned.needles(found, {}, load_brand(None))
    plain = "\n".join(part.plain for part in page.parts)
    assert "Not in this report for want of data. Change failure rate needs the entity incidents" in plain
    assert "Outages need the entity incidents" in plain
    assert "Deployment frequency" in plain


def test_over_many_facts_the_table_of_needles_is_worked_out_by_threads(
    freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    def table() -> list[str]:
        return [part.plain for part in owned.needles(findings(freeze), {}, load_brand(None)).parts]

    alone, threads, history = table(), set[int](), Findings.history
    monkeypatch.setattr(opened, "MANY", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(Findings, "history", lambda *asked: threads.add(threading.get_ident()) or history(*asked))
    assert table() == alone
    assert threads - {threading.get_ident()}
