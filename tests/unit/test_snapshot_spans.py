"""What an extract covers where nobody declares it, FOCUS columns without a mapping, and doubts about a whole table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from reportkit.model.params import Organisation, Sources
from reportkit.model.period import Quarter
from reportkit.snapshot import EntityManifest, take

Q = Quarter.parse("2026-Q1")
FOCUS = "ChargePeriodStart,ChargePeriodEnd,BillingCurrency,EffectiveCost,BilledCost,SubAccountId\n"


def taken(root: Path, entity: str, text: str, columns: dict[str, Any] | None = None, **given: Any) -> EntityManifest:
    (root / "raw.csv").write_text(text, encoding="utf-8")
    spec = {
        "sources": {"raw": {"type": "file", "path": "raw.csv"}},
        "entities": {entity: {"source": "raw", "columns": columns or {}}},
    }
    return take(Sources.model_validate(spec), Organisation(name="Test", **given), Q, root).entities[entity]


def rows(root: Path, entity: str, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        path = root / "extracts" / str(Q) / f"{entity}.parquet"
        return connection.execute(f"SELECT {columns} FROM read_parquet('{path}') ORDER BY ALL").fetchall()


def test_daily_charges_cover_from_their_first_day_to_their_last(tmp_path: Path) -> None:
    days = "".join(f"2026-01-{d:02}T00:00:00Z,2026-01-{d + 1:02}T00:00:00Z,EUR,10,10,007\n" for d in range(1, 31))
    assert taken(tmp_path, "costs", FOCUS + days).covers == ("2026-01-01", "2026-01-31")


def test_monthly_charges_cover_whole_months(tmp_path: Path) -> None:
    months = "".join(f"2026-{m:02}-01T00:00:00Z,,EUR,10,10,007\n" for m in (1, 2))
    assert taken(tmp_path, "costs", FOCUS + months).covers == ("2026-01-01", "2026-03-01")


@pytest.mark.parametrize(
    ("last", "covers"), [("2026-02-01", ("2026-01-01", "2026-03-01")), ("2026-01-31", ("2026-01-01", "2026-02-01"))]
)
def test_all_facts_tell_whether_they_stand_for_months(tmp_path: Path, last: str, covers: tuple[str, str]) -> None:
    """Of the first thousand and more nothing else can be seen."""
    line = "{}T00:00:00Z,,EUR,10,10,007\n"
    first = line.format("2026-01-01").replace("007", "{}")
    text = FOCUS + "".join(first.format(i) for i in range(1_200)) + line.format(last)
    assert taken(tmp_path, "costs", text).covers == covers


def test_weekly_hours_cover_whole_weeks(tmp_path: Path) -> None:
    text = "id,day,hours\n1,2026-01-05,8\n2,2026-01-12,8\n"
    columns = {"entry_id": "id", "worked_at": "day", "hours": "hours", "category": "'value'"}
    assert taken(tmp_path, "time_use", text, columns).covers == ("2026-01-05", "2026-01-19")


def test_what_stands_is_known_to_the_quarters_end(tmp_path: Path) -> None:
    text = "id,since\nshop,2024-05-01\ntill,2025-11-03\n"
    manifest = taken(tmp_path, "services", text, {"service_id": "id", "created_at": "since"})
    assert manifest.covers == ("2024-05-01", "2026-04-01")
    assert rows(tmp_path, "services", "service_id, service") == [("shop", "shop"), ("till", "till")]


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/London", "Asia/Kolkata"])
def test_a_charge_period_that_begins_at_midnight_utc_is_a_day_of_the_calendar(tmp_path: Path, zone: str) -> None:
    months = "".join(f"2026-{m:02}-01T00:00:00Z,,EUR,10,10,007\n" for m in (1, 2, 3, 4))
    manifest = taken(tmp_path, "costs", FOCUS + months, time_zone=zone)
    assert (manifest.accepted, manifest.later, manifest.covers) == (3, 1, ("2026-01-01", "2026-04-01"))
    assert rows(tmp_path, "costs", f"strftime(timezone('{zone}', charged_at), '%d %H:%M')") == [("01 00:00",)] * 3


def test_an_hourly_charge_stays_at_its_hour(tmp_path: Path) -> None:
    text = FOCUS + "2026-01-05T00:00:00Z,2026-01-05T01:00:00Z,EUR,10,10,007\n"
    assert taken(tmp_path, "costs", text, time_zone="America/New_York").rejected_rows == 0
    assert rows(tmp_path, "costs", "strftime(timezone('UTC', charged_at), '%d %H:%M')") == [("05 00:00",)]


def test_focus_columns_need_no_mapping_and_accounts_stay_text(tmp_path: Path) -> None:
    text = FOCUS + "2026-01-01 00:00:00,,EUR,10.5,11,007\n2026-01-01 00:00:00,,EUR,-2,-2,008\n"
    manifest = taken(tmp_path, "costs", text)
    assert manifest.accepted == 2
    assert "service_category" in manifest.missing
    assert rows(tmp_path, "costs", "effective_cost, account") == [(-2.0, "008"), (10.5, "007")]


def test_a_column_mapped_by_hand_comes_before_focus(tmp_path: Path) -> None:
    text = FOCUS + "2026-01-01 00:00:00,,EUR,0,11,007\n"
    taken(tmp_path, "costs", text, {"effective_cost": "BilledCost", "charge_id": "'one'"})
    assert rows(tmp_path, "costs", "charge_id, effective_cost") == [("one", 11.0)]


def test_effective_costs_of_nothing_beside_billed_ones_are_doubted_with_both_sums(tmp_path: Path) -> None:
    text = FOCUS + "2026-01-01 00:00:00,,EUR,0,11,007\n" * 3 + "2026-01-01 00:00:00,,EUR,5,5,007\n"
    (warning,) = taken(tmp_path, "costs", text).warnings  # and how it may be mended
    assert "in 3 of 4 billed charges" in warning
    assert "5.00" in warning
    assert "38.00" in warning
    fine = FOCUS + "2026-01-01 00:00:00,,EUR,0,11,007\n" + "2026-01-01 00:00:00,,EUR,5,5,007\n" * 3
    assert taken(tmp_path, "costs", fine).warnings == {}
