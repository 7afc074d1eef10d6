"""The inputs of a DORA implementation's own end-to-end test, in a real PostgreSQL: our times against its expected ones."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from reportkit.sources import find
from tests.servers.real import postgres
from tests.unit.sourcing import Read

TABLES = (
    "cicd_deployment_commits", "cicd_scopes", "project_mapping", "project_pr_metrics", "pull_request_comments",
    "pull_request_commits", "pull_requests", "repos",
)  # fmt: skip
OURS = {  # a review that came before the pull request was opened, or after it was merged, is none that it waited for
    "pr3": {"first_by_others": "2023-04-12T06:53:51.000+00:00"}, "pr4": {"first_by_others": ""}, "pr5": {"first_by_others": ""},
}  # fmt: skip
TIMES = {  # ours → the column of project_pr_metrics.csv
    "first_authored": "first_commit_authored_date", "created_date": "pr_created_date", "merged_date": "pr_merged_date",
    "finished_date": "pr_deployed_date", "first_by_others": "first_comment_date",
}  # fmt: skip


@pytest.fixture(scope="module")
def address(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            for table in TABLES:
                load(connection, table, real_data / "dora-lead-time" / f"{table}.csv")
        yield url


def load(connection: psycopg.Connection, table: str, path: Path) -> None:
    """A table as DevLake has it: dates as timestamps without a zone, in UTC."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: "timestamp" if name.endswith("_date") else "text" for name in rows[0]}
    layout = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"CREATE TABLE {table} ({layout})")
    marks = ", ".join(["%s"] * len(columns))
    for row in rows:
        values = [(value or "").replace("+00:00", "") or None for value in row.values()]
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)


def test_every_time_is_the_expected_one(address: str, real_data: Path, tmp_path: Path) -> None:
    with (real_data / "dora-lead-time" / "project_pr_metrics.csv").open(newline="") as file:
        expected = {row["id"]: row for row in csv.DictReader(file)}
    read = Read(tmp_path, {"type": "sql", "url": address, "layout": "devlake"}, "lake")
    query = find("sql").mappings(read.spec, "lake")["changes"]["query"]  # type: ignore[attr-defined]
    columns = ", ".join(f"strftime({name}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.000+00:00')" for name in TIMES)
    found = {
        row[0]: dict(zip(TIMES, row[1:], strict=True)) for row in read.rows(f"SELECT id, {columns} FROM ({query})")
    }
    assert set(found) - set(expected) == {"pr6"}  # not merged: the other test leaves it out
    for id_, row in expected.items():
        wanted = {name: row[column] for name, column in TIMES.items()} | OURS.get(id_, {})
        assert {name: found[id_][name] or "" for name in TIMES} == wanted, id_
