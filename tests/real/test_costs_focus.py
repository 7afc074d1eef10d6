"""Charges in FOCUS's own columns, nothing mapped: sums as plain SQL has them, and the warning that one column is mostly empty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from reportkit import measure
from reportkit.model.period import Window
from reportkit.needles import find
from reportkit.sections.knowing import how
from reportkit.snapshot import Snapshot
from reportkit.workspace import Workspace
from tests.building import changed, extracted, real_params, workspace

SEPTEMBER = Window(date(2024, 9, 1), date(2024, 10, 1))
WARNING = (
    "EffectiveCost is 0 beside a BilledCost above 0 in 610 of 658 billed charges: the effective costs add up to 14.98, "
    "the billed ones to 20.52. Needles count effective costs."
)


@pytest.fixture(scope="module")
def cloud(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPORTKIT_REAL_DATA", str(real_data))
        yield workspace(tmp_path_factory.mktemp("costs") / "first", real_params("costs-focus"))


@pytest.fixture(scope="module")
def snapshot(cloud: Path) -> Iterator[Snapshot]:
    with extracted(cloud, "2024-Q3") as taken:
        yield taken


@pytest.fixture(scope="module")
def raw(real_data: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        f"CREATE VIEW raw AS SELECT * FROM read_csv('{real_data}/costs-focus/focus_sample.csv', all_varchar = true)"
    )
    return connection


def test_all_charges_come_in_without_a_column_mapped(snapshot: Snapshot) -> None:
    entity = snapshot.manifest.entities["costs"]
    assert (entity.rows_in, entity.accepted, entity.rejected_rows) == (1000, 1000, 0)
    assert "effective_cost" not in entity.missing


@pytest.mark.parametrize("column", ["BilledCost", "EffectiveCost"])
def test_cost_by_service_category_is_that_of_plain_sql(
    cloud: Path, raw: duckdb.DuckDBPyConnection, tmp_path: Path, column: str
) -> None:
    root = workspace(tmp_path / column, cloud / "params")
    changed(root, "sources.yaml", ("source: focus\n", f"source: focus\n    columns: {{effective_cost: {column}}}\n"))
    sums = raw.execute(
        "SELECT CASE WHEN n < 5 THEN 'other' ELSE ServiceCategory END, sum(total), sum(n)::INTEGER FROM"
        f" (SELECT ServiceCategory, sum({column}::DOUBLE) AS total, count(*) AS n FROM raw GROUP BY 1) GROUP BY 1"
    ).fetchall()
    with extracted(root, "2024-Q3") as snapshot:
        parts = measure.cut(snapshot, find("total_cost_of_ownership"), SEPTEMBER, by="service_category")
        found = {part.group: (part.reading.value, part.reading.facts) for part in parts}
        assert found == {name: (pytest.approx(total, rel=1e-12), n) for name, total, n in sums}
        assert (len(found), parts[-1].group, parts[-1].groups) == (
            9,
            "other",
            2,
        )  # two charges of security, four of identity
        whole = measure.reading(snapshot, find("total_cost_of_ownership"), SEPTEMBER)
    assert whole.value == pytest.approx({"BilledCost": 20.520226729, "EffectiveCost": 14.976514186}[column], rel=1e-9)


def test_hosting_and_storage_are_all_of_it(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    def total(where: str) -> float:
        row = raw.execute(f"SELECT sum(EffectiveCost::DOUBLE) FROM raw WHERE {where}").fetchone()
        assert row is not None
        return float(row[0])

    storage = "ServiceCategory IN ('Storage', 'Databases')"
    found = {key: measure.reading(snapshot, find(key), SEPTEMBER).value for key in ("hosting_cost", "storage_cost")}
    assert found == {
        "hosting_cost": pytest.approx(total(f"NOT {storage}"), rel=1e-12),
        "storage_cost": pytest.approx(total(storage), rel=1e-12),
    }


def test_credits_are_negative_and_stay(snapshot: Snapshot, raw: duckdb.DuckDBPyConnection) -> None:
    costs = snapshot.table("costs").to_pyarrow().to_pandas()
    negative = raw.execute("SELECT sum(BilledCost::DOUBLE), count(*) FROM raw WHERE BilledCost::DOUBLE < 0").fetchone()
    assert negative is not None
    below = costs[costs.billed_cost < 0]
    assert (below.billed_cost.sum(), len(below)) == (pytest.approx(negative[0], rel=1e-12), 13)


def test_account_numbers_are_text_and_nothing_is_called_null(
    snapshot: Snapshot, raw: duckdb.DuckDBPyConnection
) -> None:
    costs = snapshot.table("costs").to_pyarrow().to_pandas()
    accounts = dict(raw.execute("SELECT SubAccountId, count(*) FROM raw GROUP BY 1").fetchall())
    assert costs.account.value_counts().to_dict() == accounts
    assert all(isinstance(account, str) for account in costs.account)
    assert any(account.isdigit() and len(account) == 11 for account in accounts)
    nothing = {
        "region": "RegionId", "resource": "ResourceId", "contracted_cost": "ContractedCost",
    }  # fmt: skip
    for ours, theirs in nothing.items():
        row = raw.execute(f"SELECT count(*) FROM raw WHERE {theirs} = 'NULL'").fetchone()
        assert row is not None
        assert costs[ours].isna().sum() == row[0] > 0, ours


def test_leading_zeros_of_an_account_stay(cloud: Path, real_data: Path, tmp_path: Path) -> None:
    text = (real_data / "costs-focus" / "focus_sample.csv").read_text(encoding="utf-8")
    assert text.count('"11353890204"') == 225
    root = workspace(tmp_path / "zeros", cloud / "params")
    (root / "extracts" / "raw").mkdir(parents=True)
    (root / "extracts" / "raw" / "focus.csv").write_text(
        text.replace('"11353890204"', '"00353890204"'), encoding="utf-8"
    )
    path = "${REPORTKIT_REAL_DATA}/costs-focus/focus_sample.csv"
    changed(root, "sources.yaml", (path, "extracts/raw/focus.csv"))
    with extracted(root, "2024-Q3") as snapshot:
        assert (snapshot.table("costs").account == "00353890204").sum().to_pyarrow().as_py() == 225


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_times_without_a_zone_are_utc_but_whole_days_are_days_wherever_the_organisation_is(
    cloud: Path, raw: duckdb.DuckDBPyConnection, tmp_path: Path, zone: str
) -> None:
    root = workspace(tmp_path / "zone", cloud / "params")
    changed(root, "organisation.yaml", ("time_zone: UTC", f"time_zone: {zone}"))
    wanted = []
    for texts in raw.execute("SELECT ChargePeriodStart, ChargePeriodEnd FROM raw").fetchall():
        start, end = (datetime.fromisoformat(str(text)).replace(tzinfo=None) for text in texts)
        days = start.time() == end.time() == time()
        wanted.append(start.replace(tzinfo=ZoneInfo(zone) if days else UTC).astimezone(UTC))
    assert len({at.time() for at in wanted}) > 1
    with extracted(root, "2024-Q3") as snapshot:
        found = snapshot.table("costs").charged_at.to_pyarrow().to_pylist()
    assert sorted(found) == sorted(wanted)


def test_the_empty_column_is_warned_of_with_both_sums(
    cloud: Path, snapshot: Snapshot, raw: duckdb.DuckDBPyConnection
) -> None:
    row = raw.execute("""
        SELECT count(*) FILTER (EffectiveCost::DOUBLE = 0 AND BilledCost::DOUBLE > 0), count(*) FILTER (BilledCost::DOUBLE > 0),
               round(sum(EffectiveCost::DOUBLE), 2), round(sum(BilledCost::DOUBLE), 2) FROM raw""").fetchone()
    assert row == (610, 658, 14.98, 20.52)
    told = snapshot.manifest.entities["costs"].warnings
    assert list(told) == [WARNING]
    assert told[WARNING] == "Map `effective_cost: BilledCost` if the export does not spread prepayments."
    report = Workspace.find(cloud).report("executives", "2024-Q3")
    assert f"Warning: {WARNING}" in how(report.findings, {}).parts[0].plain
