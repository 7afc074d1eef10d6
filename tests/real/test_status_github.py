"""Outages of a public status page: spells and minutes of every quarter, against intervals joined in plain Python."""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from reportkit import measure
from reportkit.model.period import Quarter, Window
from reportkit.needles import find
from reportkit.snapshot import Snapshot
from tests.building import built, choosing, extracted, numbers, pages, real_params, workspace
from tests.oracle.needles import number_in, printed
from tests.reading import html_text, pdf_pages

FIRST, LAST = date(2022, 3, 24), date(2026, 8, 21)  # what the page's archive covers
QUARTERS = [Quarter.parse("2026-Q3").shift(-back) for back in range(18, -1, -1)]
Spell = tuple[datetime, datetime]


@pytest.fixture(scope="module")
def page(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPORTKIT_REAL_DATA", str(real_data))
        yield workspace(tmp_path_factory.mktemp("status") / "first", real_params("status-github"))


@pytest.fixture(scope="module")
def snapshot(page: Path) -> Iterator[Snapshot]:
    with extracted(page, "2026-Q3") as taken:
        yield taken


@pytest.fixture(scope="module")
def incidents(real_data: Path) -> list[dict[str, Any]]:
    lines = (real_data / "status-github" / "incidents.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def joined(spells: Sequence[Spell]) -> list[Spell]:
    """Intervals that overlap or touch, as one."""
    found: list[list[datetime]] = []
    for begins, ends in sorted(spells):
        if found and begins <= found[-1][1]:
            found[-1][1] = max(found[-1][1], ends)
        else:
            found.append([begins, ends])
    return [(begins, ends) for begins, ends in found]


def outages(incidents: Sequence[dict[str, Any]], without: Sequence[str] = ("maintenance", "none")) -> list[Spell]:
    return joined([(at(i["downtime_start"]), at(i["downtime_end"])) for i in incidents if i["impact"] not in without])


def covered(quarter: Quarter) -> tuple[datetime, datetime]:
    days = max(quarter.window.start, FIRST), min(quarter.window.end, LAST)
    first, last = (datetime.combine(day, time(), UTC) for day in days)
    return first, last


def months(quarter: Quarter) -> float:
    """Each covered day is one of as many as its month has."""
    first, last = covered(quarter)
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    return sum(1 / monthrange(day.year, day.month)[1] for day in days)


def test_the_archive_is_what_the_mapping_takes_it_for(incidents: list[dict[str, Any]]) -> None:
    assert len(incidents) == 819
    assert sum(i["impact"] == "maintenance" for i in incidents) == 18
    zero = [i["impact"] for i in incidents if i["downtime_start"] == i["downtime_end"]]
    assert (len(zero), zero.count("none"), zero.count("minor"), zero.count("major")) == (22, 13, 7, 2)
    assert all(at(i["downtime_start"]) <= at(i["downtime_end"]) for i in incidents)
    spells = sorted((at(i["downtime_start"]), at(i["downtime_end"])) for i in incidents if i["impact"] != "maintenance")
    assert sum(after[0] < before[1] for before, after in pairwise(spells)) > 50  # they overlap


def test_maintenance_is_set_aside_and_nothing_rejected(snapshot: Snapshot) -> None:
    entity = snapshot.manifest.entities["incidents"]
    assert (entity.rows_in, entity.set_aside, entity.accepted, entity.rejected_rows) == (
        819, {"maintenance": 18}, 801, 0,
    )  # fmt: skip


@pytest.mark.parametrize("quarter", QUARTERS, ids=str)
def test_outages_and_their_minutes_are_those_of_joined_intervals(
    snapshot: Snapshot, incidents: list[dict[str, Any]], quarter: Quarter
) -> None:
    first, last = covered(quarter)
    spells = outages(incidents)
    begun = [s for s in spells if first <= s[0] < last]
    inside = [(max(s[0], first), min(s[1], last)) for s in spells if s[0] < last and s[1] > first]
    minutes = sum((end - begin).total_seconds() for begin, end in inside) / 60
    assert begun
    counted = measure.reading(snapshot, find("outages"), quarter.window)
    assert (counted.facts, counted.value) == (len(begun), pytest.approx(len(begun) / months(quarter), rel=1e-12))
    lasted = measure.reading(snapshot, find("outage_minutes"), quarter.window)
    assert lasted.value * months(quarter) == pytest.approx(minutes, rel=1e-12)


def test_every_minute_lies_in_one_quarter_only(snapshot: Snapshot, incidents: list[dict[str, Any]]) -> None:
    found = [measure.reading(snapshot, find("outage_minutes"), q.window).value * months(q) for q in QUARTERS]
    end = datetime.combine(LAST, time(), UTC)
    every = sum((min(s[1], end) - s[0]).total_seconds() for s in outages(incidents) if s[0] < end) / 60
    assert sum(found) == pytest.approx(every, rel=1e-12)


def test_a_sum_of_minutes_would_have_counted_twice(incidents: list[dict[str, Any]]) -> None:
    each = [
        (at(i["downtime_start"]), at(i["downtime_end"]))
        for i in incidents
        if i["impact"] not in ("maintenance", "none")
    ]
    added, union = (sum((e - b).total_seconds() for b, e in spells) for spells in (each, joined(each)))
    assert (added, union) == (6506640, 6216360)  # seconds: 4,838 minutes would be counted twice


@pytest.mark.parametrize(
    ("choices", "without"),
    [({"impact_none_counts": "true"}, ["maintenance"]), ({"zero_minutes_count": "false"}, ["maintenance", "none"])],
    ids=["impact none", "zero minutes"],
)
def test_the_other_choices(
    page: Path, incidents: list[dict[str, Any]], tmp_path: Path, choices: dict[str, str], without: list[str]
) -> None:
    root = workspace(tmp_path / "otherwise", page / "params")
    choosing(root, **choices)
    kept = (
        incidents
        if "impact_none_counts" in choices
        else [i for i in incidents if i["downtime_start"] != i["downtime_end"]]
    )
    with extracted(root, "2026-Q3") as snapshot:
        for quarter in (Quarter.parse("2022-Q3"), Quarter.parse("2026-Q2")):
            first, last = covered(quarter)
            begun = [s for s in outages(kept, without) if first <= s[0] < last]
            assert measure.reading(snapshot, find("outages"), quarter.window).facts == len(begun)


def test_an_outage_by_the_part_that_was_down(snapshot: Snapshot, incidents: list[dict[str, Any]]) -> None:
    """Outages of each part are joined among themselves; parts that are too rarely down are folded."""
    window = Window(date(2026, 1, 1), date(2026, 7, 1))
    groups: dict[str, list[dict[str, Any]]] = {}
    for i in incidents:
        parts = [] if "components_source" in i else i.get("components") or []
        name = "several services" if len(parts) > 1 else parts[0] if parts else "none given"
        groups.setdefault(name, []).append(i)
    first, last = (datetime.combine(day, time(), UTC) for day in (window.start, window.end))
    wanted = {name: [s for s in outages(ours) if first <= s[0] < last] for name, ours in groups.items()}
    found = {p.group: p.reading.facts for p in measure.cut(snapshot, find("outages"), window, by="service")}
    shown = {name: count for name, count in found.items() if name != "other"}
    assert len(shown) > 3
    assert all(len(wanted[name]) == count >= 5 for name, count in shown.items())
    assert found["other"] >= 5


@pytest.mark.slow
def test_the_report_prints_what_joined_intervals_give(page: Path, incidents: list[dict[str, Any]]) -> None:
    extracted(page, "2026-Q2").close()
    built(page, "2026-Q2")
    shown = numbers(page, "2026-Q2")
    for back in range(9):
        quarter = Quarter.parse("2026-Q2").shift(-back)
        first, last = covered(quarter)
        spells = outages([i for i in incidents if at(i["downtime_start"]) < datetime(2026, 7, 1, tzinfo=UTC)])
        count = sum(first <= s[0] < last for s in spells) / 3
        minutes = sum(
            (min(s[1], last) - max(s[0], first)).total_seconds() for s in spells if s[0] < last and s[1] > first
        )
        for needle, value in (("outages", count), ("outage_minutes", minutes / 180)):
            number = shown[f"{needle}.{quarter.window.start}/{quarter.window.end}"]
            assert number["value"] == pytest.approx(value, rel=1e-9)
            assert number_in(number["text"]) == printed(value)
    [html], [pdf] = pages(page, "2026-Q2", "html"), pages(page, "2026-Q2", "pdf")
    for text in (html_text(html), " ".join(pdf_pages(pdf))):
        assert "18 rows set aside as maintenance" in text
        assert "of impact “none” is no outage" in text
