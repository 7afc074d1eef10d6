"""Databases: a real PostgreSQL with tables as Apache DevLake and Backstage have them, DuckDB and SQLite files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from reportkit.errors import SourceError
from reportkit.sources.sql import Spec
from tests.servers.real import postgres
from tests.unit.sourcing import Read, facts, taken

BIG = 2**53 + 1
TABLES = """
    CREATE TABLE pull_requests (id text, base_repo_id text, title text, status text, author_id text, merge_commit_sha text,
        created_date timestamp, merged_date timestamp);
    INSERT INTO pull_requests VALUES
        ('pr1', 'repo1', 'feat: x', 'MERGED', 'ada', 'm1', '2026-05-04 08:00', '2026-05-06 08:00'),
        ('pr2', 'repo1', 'fix: y', 'OPEN', 'bob', NULL, '2026-05-05 08:00', NULL),
        ('pr3', 'repo1', 'no', 'CLOSED', 'bob', NULL, '2026-05-05 08:00', NULL);
    CREATE TABLE pull_request_commits (pull_request_id text, commit_sha text, commit_authored_date timestamptz);
    INSERT INTO pull_request_commits VALUES ('pr1', 'c2', '2026-05-03 12:00+02'), ('pr1', 'c1', '2026-05-03 11:00+02');
    CREATE TABLE pull_request_comments (id text, pull_request_id text, account_id text, created_date timestamp);
    INSERT INTO pull_request_comments VALUES ('1', 'pr1', 'ada', '2026-05-04 09:00'), ('2', 'pr1', 'bob', '2026-05-05 10:00'),
        ('3', 'pr1', 'eve', '2026-05-09 10:00');
    CREATE TABLE project_pr_metrics (id text, project_name text, deployment_commit_id text);
    INSERT INTO project_pr_metrics VALUES ('pr1', 'shop', 'd2');
    CREATE TABLE cicd_deployment_commits (id text, cicd_scope_id text, result text, environment text, repo_url text,
        commit_sha text, finished_date timestamp);
    INSERT INTO cicd_deployment_commits VALUES ('d1', 's1', 'FAILURE', 'PRODUCTION', 'https://git.example/acme/shop.git', 'm1', '2026-05-06 09:00'),
        ('d2', 's1', 'SUCCESS', 'PRODUCTION', 'https://git.example/acme/shop.git', 'm1', '2026-05-06 10:00'),
        ('d3', 's1', NULL, 'PRODUCTION', 'https://git.example/acme/shop.git', 'm1', NULL);
    CREATE TABLE incidents (id text, title text, component text, severity text, created_date timestamp, resolution_date timestamp);
    INSERT INTO incidents VALUES ('i1', 'down', 'shop', 'SEV1', '2026-05-07 08:00', '2026-05-07 09:30');
    CREATE TABLE repos (id text, name text);
    INSERT INTO repos VALUES ('repo1', 'acme/shop');
    CREATE TABLE project_mapping (project_name text, "table" text, row_id text);
    INSERT INTO project_mapping VALUES ('shop', 'repos', 'repo1'), ('shop', 'cicd_scopes', 's1');
    CREATE TABLE final_entities (entity_id text, entity_ref text, final_entity text);
    CREATE TABLE numbers (big bigint, huge numeric(40, 0), share double precision, ok boolean, doc jsonb);
    INSERT INTO numbers VALUES (9007199254740993, 170141183460469231731687303715884105727, 0.1, true, '{"a": 9007199254740993}');
"""  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    entities = [
        {
            "kind": kind, "metadata": {"name": name, "labels": {"tier": "1"}, "annotations": annotations},
            "spec": {"owner": "group:default/checkout", "system": "buying", "lifecycle": "production"},
        }
        for kind, name, annotations in (
            ("Component", "cart", {"reportkit/created-at": "2024-03-01", "reportkit/adopted-at": "2025-01-15"}),
            ("Component", "old", {}), ("API", "cart-api", {}),
        )
    ]  # fmt: skip
    with postgres(tmp_path_factory.mktemp("postgres")) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(TABLES)
            for entity in entities:
                name = entity["metadata"]["name"]
                row = (name, f"component:default/{name}", json.dumps(entity))
                connection.execute("INSERT INTO final_entities VALUES (%s, %s, %s)", row)
        yield url


def moments(row: tuple[Any, ...]) -> list[str | None]:
    return [f"{value.astimezone(UTC):%d %H:%M}" if isinstance(value, datetime) else value for value in row]


def test_devlake_changes_deployments_and_incidents(address: str, tmp_path: Path) -> None:
    entities = {name: {"source": "lake"} for name in ("changes", "deployments", "incidents")}
    taken(tmp_path, {"lake": {"type": "sql", "url": address, "layout": "devlake"}}, entities)
    columns = "change_id, service, team, first_commit_at, opened_at, first_review_at, merged_at, deployed_at"
    assert [moments(row) for row in facts(tmp_path, "changes", columns)] == [
        ["pr1", "acme/shop", "shop", "03 09:00", "04 08:00", "05 10:00", "06 08:00", "06 10:00"],
        ["pr2", "acme/shop", "shop", None, "05 08:00", None, None, None],
    ]
    columns = "deployment_id, service, team, environment, result, deployed_at"
    assert [moments(row) for row in facts(tmp_path, "deployments", columns)] == [
        ["d1", "shop", "shop", "production", "failure", "06 09:00"],
        ["d2", "shop", "shop", "production", "success", "06 10:00"],
    ]
    assert [
        moments(row) for row in facts(tmp_path, "incidents", "incident_id, service, severity, started_at, resolved_at")
    ] == [["i1", "shop", "SEV1", "07 08:00", "07 09:30"]]


def test_a_column_of_the_ready_mapping_is_overridden_alone(address: str, tmp_path: Path) -> None:
    mapping = {"source": "lake", "where": "id <> 'pr2'", "columns": {"team": "'everybody'", "x_author": "author_id"}}
    taken(tmp_path, {"lake": {"type": "sql", "url": address, "layout": "devlake"}}, {"changes": mapping})
    assert facts(tmp_path, "changes", "change_id, team, x_author, service") == [
        ("pr1", "everybody", "ada", "acme/shop")
    ]


def test_backstage_components_are_services(address: str, tmp_path: Path) -> None:
    settings = {"type": "sql", "url": address, "layout": "backstage", "services_since": "2023-01-01"}
    taken(tmp_path, {"catalogue": settings}, {"services": {"source": "catalogue"}})
    columns = "service, team, journey, tier, created_at::DATE::VARCHAR, adopted_at::DATE::VARCHAR"
    assert facts(tmp_path, "services", columns) == [
        ("cart", "checkout", "buying", "1", "2024-03-01", "2025-01-15"),
        ("old", "checkout", "buying", "1", "2023-01-01", None),
    ]


def test_numbers_keep_every_digit(address: str, tmp_path: Path) -> None:
    read = Read(tmp_path, {"type": "sql", "url": address, "query": "SELECT * FROM numbers"})
    assert read.rows("FROM it") == [
        (str(BIG), "170141183460469231731687303715884105727", "0.1", "true", '{"a": 9007199254740993}')
    ]


def test_many_rows_come_in_batches(address: str, tmp_path: Path) -> None:
    read = Read(tmp_path, {"type": "sql", "url": address, "queries": {"n": "SELECT generate_series(1, 50001) AS i"}})
    assert read.rows("SELECT count(*), sum(i::BIGINT) FROM it_n") == [(50001, 50001 * 50002 // 2)]


def test_nothing_can_be_written(address: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a query is a SELECT"):
        Read(tmp_path, {"type": "sql", "url": address, "query": "DELETE FROM numbers"})
    with pytest.raises(SourceError, match="data-modifying"):
        Read(
            tmp_path,
            {
                "type": "sql",
                "url": address,
                "query": "WITH gone AS (DELETE FROM numbers RETURNING 1) SELECT * FROM gone",
            },
        )


@pytest.mark.parametrize(
    ("url", "query", "expected"),
    [
        (None, "SELECT * FROM nowhere", 'relation "nowhere" does not exist'),
        ("postgresql://reader@127.0.0.1:1/x", "SELECT 1", "cannot be opened"),
        ("duckdb://nothing.db", "SELECT 1", "there is no database file"),
        ("snowflake://me@account/db", "SELECT 1", r"pip install 'ibis-framework\[snowflake\]'"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    address: str, tmp_path: Path, url: str | None, query: str, expected: str
) -> None:
    with pytest.raises(SourceError, match=expected):
        Read(tmp_path, {"type": "sql", "url": url or address, "query": query})


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="holds a password") as caught:
        Spec.model_validate({"url": "postgresql://me:hunter2hunter2@host/db", "query": "SELECT 1"})
    from reportkit.snapshot.taking import said

    assert "hunter2" not in said(caught.value.errors()[0])  # type: ignore[attr-defined]


def test_an_address_that_cannot_be_parsed_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", "postgresql://u:topsecret[1@localhost/db")
    with pytest.raises(SourceError, match=r"this is no address of a database; letters such as \[") as caught:
        Read(tmp_path, {"type": "sql", "url": "env:SHOP", "query": "SELECT 1"})
    assert "topsecret" not in str(caught.value)


def test_the_address_and_the_password_may_stand_in_the_environment(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE", address.replace("reader@", "reader:hunter2hunter2@"))
    read = Read(tmp_path, {"type": "sql", "url": "env:WAREHOUSE", "query": "SELECT 1 AS one"})
    assert read.rows("FROM it") == [("1",)]
    monkeypatch.setenv("PASSWORD", "hunter2hunter2")
    given = {"type": "sql", "url": address, "password": "env:PASSWORD", "query": "SELECT * FROM nowhere"}
    with pytest.raises(SourceError) as caught:
        Read(tmp_path, given)
    assert "hunter2" not in str(caught.value)


def test_files_of_duckdb_and_sqlite(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with duckdb.connect(str(tmp_path / "data" / "a.duckdb")) as one:
        one.execute(f"CREATE TABLE t AS SELECT {BIG} AS id, TIMESTAMPTZ '2026-05-04 08:00:00+02' AS at")
    with sqlite3.connect(tmp_path / "data" / "b.sqlite") as two:
        two.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        two.execute("INSERT INTO t VALUES (?, 'x')", (BIG,))
    two.close()
    given = {"query": "SELECT * FROM t", "type": "sql"}
    first = Read(tmp_path, {**given, "url": "duckdb://data/a.duckdb"}).rows("FROM it")
    assert first[0][0] == str(BIG)
    assert datetime.fromisoformat(first[0][1]) == datetime(2026, 5, 4, 6, tzinfo=UTC)
    assert Read(tmp_path, {**given, "url": "sqlite://data/b.sqlite"}).rows("FROM it") == [(str(BIG), "x")]
