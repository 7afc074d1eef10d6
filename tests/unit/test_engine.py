"""Engines: how they are named, what is loaded into a warehouse, what breaks on the way, and what is then said."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import psycopg
import pytest

from reportkit import snapshot as snapshots
from reportkit.errors import EngineError, ReportkitError
from reportkit.fetch import secrets
from reportkit.model.engine import Engine
from reportkit.model.period import Window
from reportkit.params import read
from reportkit.snapshot import Snapshot, spark, warehouse
from reportkit.snapshot.backends import Frozen
from tests import engines
from tests.conftest import REPOSITORY

Freeze = Callable[..., Snapshot]
Workspace = Callable[..., Path]
YEAR = Window(date(2026, 1, 1), date(2027, 1, 1))
TEXTS = ("plain", "", None, 'a "quoted", one', "two\nlines", "Zoë", "\\N", "b", "B", "ä")
ROWS = [
    {"change_id": f"c{i:03}", "team": text, "first_commit_at": f"2026-02-{1 + i:02}T10:00:00.000001Z", "x_size": 0.1 * i}
    for i, text in enumerate(TEXTS)
]  # fmt: skip


def rows(kind: str = "c") -> list[dict[str, Any]]:
    from datetime import datetime

    return [
        {**row, "change_id": row["change_id"].replace("c", kind), "first_commit_at": datetime.fromisoformat(row["first_commit_at"])}
        for row in ROWS
    ]  # fmt: skip


@pytest.fixture
def frozen(freeze: Freeze) -> Snapshot:
    return freeze({"changes": rows()}, YEAR)


@pytest.fixture
def schema(postgres: str, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"s_{abs(hash(request.node.name)) % 10**8}"
    yield name
    with psycopg.connect(postgres) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture
def on_postgres(postgres: str, schema: str) -> Iterator[Callable[[Snapshot], Snapshot]]:
    opened: list[Snapshot] = []

    def move(snapshot: Snapshot) -> Snapshot:
        opened.append(engines.on(snapshot, Engine(type="postgres", url=postgres, schema=schema)))
        return opened[-1]

    yield move
    for one in opened:
        one.close()


def tables(address: str, schema: str) -> list[str]:
    with psycopg.connect(address) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (schema,))
        return [row[0] for row in found]


def all_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = snapshots.fetched(snapshot.table("changes").order_by("change_id")).to_pylist()
    return found


def test_a_warehouse_gets_every_value_as_it_is(frozen: Snapshot, on_postgres: Callable[[Snapshot], Snapshot]) -> None:
    here, there = all_rows(frozen), all_rows(on_postgres(frozen))
    assert here == there
    assert [row["team"] for row in here] == list(TEXTS)


def test_texts_are_compared_by_their_bytes_there_too(
    frozen: Snapshot, on_postgres: Callable[[Snapshot], Snapshot]
) -> None:
    for snapshot in (frozen, on_postgres(frozen)):
        table = snapshot.table("changes")
        assert snapshots.fetched(table.aggregate(m=table.team.max())).to_pylist() == [{"m": "ä"}]
        found = snapshots.fetched(table.filter(table.team.isin(["a", "b", "B"])).order_by("team")).to_pylist()
        assert [row["team"] for row in found] == ["B", "b"]


def test_tables_are_named_by_what_they_hold(
    frozen: Snapshot, freeze: Freeze, on_postgres: Callable[[Snapshot], Snapshot], postgres: str, schema: str
) -> None:
    other = freeze({"changes": rows("d")}, YEAR, quarter="2026-Q2")
    again = freeze({"changes": rows()}, YEAR, quarter="2026-Q3")
    for snapshot in (frozen, other, again):
        on_postgres(snapshot).ready()
    assert tables(postgres, schema) == sorted(f"changes_{s.hash('changes')[:24]}" for s in (frozen, other))
    assert all_rows(on_postgres(other))[0]["change_id"] == "d000"


def test_two_that_load_at_once_get_one_whole_table(
    frozen: Snapshot, on_postgres: Callable[[Snapshot], Snapshot], postgres: str, schema: str
) -> None:
    with psycopg.connect(postgres) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    found: list[Any] = []
    both = [on_postgres(frozen) for _ in range(4)]
    threads = [threading.Thread(target=lambda s=s: found.append(all_rows(s))) for s in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [all_rows(frozen)] * 4
    assert len(tables(postgres, schema)) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from reportkit.model.engine import Engine
from reportkit.snapshot import Snapshot, postgres
whole = postgres._csv
def _csv(batch):
    if seen:
        os.kill(os.getpid(), signal.SIGKILL)
    seen.append(batch)
    return whole(batch)
seen, postgres.BATCH, postgres._csv = [], 4, _csv
Snapshot.open(Path(sys.argv[1]), "UTC", engine=Engine(type="postgres", url=sys.argv[2], schema=sys.argv[3])).ready()
"""


def test_a_load_that_is_killed_leaves_no_table(
    frozen: Snapshot, on_postgres: Callable[[Snapshot], Snapshot], postgres: str, schema: str
) -> None:
    command = [sys.executable, "-c", KILLED, str(frozen.folder), postgres, schema]
    assert subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True).returncode == -9
    assert tables(postgres, schema) == []
    assert all_rows(on_postgres(frozen)) == all_rows(frozen)


def test_a_table_that_somebody_changed_is_not_believed(
    frozen: Snapshot, on_postgres: Callable[[Snapshot], Snapshot], postgres: str, schema: str
) -> None:
    on_postgres(frozen).ready()
    with psycopg.connect(postgres) as connection:
        connection.execute(f"DELETE FROM {schema}.{tables(postgres, schema)[0]} WHERE change_id = 'c001'")
    with pytest.raises(EngineError, match=r"has 9 rows, where the frozen extract has 10: somebody changed it; drop it"):
        on_postgres(frozen).table("changes")


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Any]:
    """A database that is loaded as those are that have no way of their own."""
    connection = ibis.duckdb.connect(tmp_path / "warehouse.duckdb")
    names = "SELECT table_name FROM duckdb_tables() WHERE regexp_matches(table_name, ?)"
    connection.list_tables = lambda like="": [n for (n,) in connection.con.execute(names, [like]).fetchall()]
    yield connection
    connection.disconnect()


def file_of(snapshot: Snapshot) -> Frozen:
    return Frozen(snapshot.folder / "changes.parquet", "changes", snapshot.hash("changes"), len(ROWS))


def test_other_warehouses_are_loaded_under_a_name_that_nobody_reads(frozen: Snapshot, stand_in: Any) -> None:
    warehouse.load(stand_in, file_of(frozen))
    assert stand_in.list_tables() == [file_of(frozen).name]
    loaded = stand_in.table(file_of(frozen).name).order_by("change_id").to_pyarrow().to_pylist()
    assert [row["team"] for row in loaded] == list(TEXTS)


def test_a_load_elsewhere_that_fails_leaves_nothing(
    frozen: Snapshot, stand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "BATCH", 4)
    insert, batches = stand_in.insert, []

    def failing(name: str, batch: Any) -> None:
        batches.append(batch)
        if len(batches) == 2:
            raise OSError("the line broke")
        insert(name, batch)

    monkeypatch.setattr(stand_in, "insert", failing)
    with pytest.raises(OSError, match="the line broke"):
        warehouse.load(stand_in, file_of(frozen))
    assert stand_in.list_tables() == []


def test_whoever_loads_second_takes_the_firsts_table(frozen: Snapshot, stand_in: Any) -> None:
    warehouse.load(stand_in, file_of(frozen))
    warehouse.load(stand_in, file_of(frozen))
    assert stand_in.list_tables() == [file_of(frozen).name]


def said(error: type[ReportkitError], act: Callable[[], object]) -> str:
    with pytest.raises(error) as found:
        act()
    assert "\n" not in str(found.value)
    return str(found.value)


def test_nobody_there_is_one_sentence_without_the_password(frozen: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE", "postgresql://reader:swordfish@127.0.0.1:1/shop")
    moved = engines.on(frozen, Engine(type="postgres", url="env:WAREHOUSE"))
    text = said(EngineError, moved.ready)
    assert text.startswith(
        "params/organisation.yaml: engine: PostgreSQL at 127.0.0.1/shop cannot be reached: connection"
    )
    assert "swordfish" not in text
    monkeypatch.delenv("WAREHOUSE")
    assert "the environment has no WAREHOUSE" in said(ReportkitError, engines.on(frozen, moved.engine).ready)


def test_a_password_kept_elsewhere_is_shown_nowhere(frozen: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "sword/fish")
    engine = Engine(type="postgres", url="postgresql://reader@127.0.0.1:1/shop", password="env:WAREHOUSE_PASSWORD")
    assert "sword" not in said(EngineError, engines.on(frozen, engine).ready)
    assert secrets.redact("sword/fish") == secrets.HIDDEN


def test_a_driver_that_is_not_installed_is_named(frozen: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for type_, address, extra in (
        ("postgres", "postgresql://reader@db/shop", r"reportkit\[postgres\]"),
        ("trino", "trino://reader@db/lake", r"ibis-framework\[trino\]"),
        ("snowflake", "snowflake://reader@account/shop", r"ibis-framework\[snowflake\]"),
        ("bigquery", "bigquery://project", r"ibis-framework\[bigquery\]"),
    ):
        engine = Engine.model_validate({"type": type_, "url": address})
        with pytest.raises(
            EngineError, match=rf"the driver of \w+ is not installed; install it with pip install '{extra}'"
        ):
            engines.on(frozen, engine).ready()


def test_a_user_who_may_not_load_is_told_what_is_lacking(frozen: Snapshot, postgres: str, schema: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("CREATE ROLE guest LOGIN")
        try:
            address = postgres.replace("reader@", "guest@")
            guest = Engine(type="postgres", url=address, schema=schema)
            with engines.on(frozen, guest) as moved:
                text = said(EngineError, moved.ready)
            assert (
                f"there is no schema {schema} in PostgreSQL, and this user may not make one; have it made: CREATE"
                in text
            )
            admin.execute(f"CREATE SCHEMA {schema}")
            with engines.on(frozen, guest) as moved:
                text = said(EngineError, moved.ready)
            assert f"changes cannot be loaded into the schema {schema}: permission denied for schema {schema}" in text
            with engines.on(frozen, Engine(type="postgres", url=postgres, schema=schema)) as owner:
                owner.ready()
            admin.execute(f"GRANT USAGE ON SCHEMA {schema} TO guest")
            admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO guest")
            with engines.on(frozen, guest) as reading:  # who may read what others have loaded needs no more
                assert all_rows(reading) == all_rows(frozen)
        finally:
            admin.execute(f"DROP SCHEMA {schema} CASCADE")
            admin.execute("DROP ROLE guest")


def test_what_an_engine_cannot_answer_is_one_sentence(
    frozen: Snapshot, on_postgres: Callable[[Snapshot], Snapshot], postgres: str, schema: str
) -> None:
    table = on_postgres(frozen).table("changes")
    with psycopg.connect(postgres) as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")
    text = said(EngineError, lambda: snapshots.fetched(table))
    assert text.startswith("PostgreSQL cannot answer: relation")


def test_spark_that_cannot_run_is_one_sentence(frozen: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = engines.on(frozen, Engine(type="spark", master="spark://127.0.0.1:1"))
    monkeypatch.setattr(spark, "find_spec", lambda _: None)
    assert "pip install 'reportkit[spark]'" in said(EngineError, moved.ready)
    monkeypatch.setattr(spark, "find_spec", lambda name: name)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(spark.shutil, "which", lambda _: None)
    assert "Spark needs Java, and there is none" in said(EngineError, moved.ready)
    monkeypatch.setattr(spark.shutil, "which", lambda name: name)
    assert "nobody answers at spark://127.0.0.1:1; is the Spark master running?" in said(EngineError, moved.ready)


@pytest.mark.parametrize(
    ("engine", "fault"),
    [
        ("oracle", "engine.type must be 'duckdb', 'spark', 'postgres', 'trino', 'snowflake' or 'bigquery'"),
        ("sprak", "(did you mean 'spark'?)"),
        ("postgres", "the engine postgres needs a `url`, such as postgresql://reportkit@db.example.com/warehouse"),
        ("{type: postgres, url: 'postgresql://me:swordfish@db/shop'}", "this address holds a password"),
        ("{type: postgres, url: env:URL, password: swordfish}", "a secret may not be written into YAML"),
        ("{type: snowflake, url: env:URL, options: {private_key: swordfish}}", "private_key looks like a secret"),
        ("{type: postgres, url: 'mysql://db/shop'}", "the engine postgres has an address like postgresql://"),
        ("{type: postgres, url: env:URL, schema: 'a; DROP'}", "engine.schema must be text like ^[A-Za-z_]"),
        ("{type: spark, url: env:URL}", "the engine spark has no url; take it out"),
        ("{type: postgres, url: env:URL, master: local}", "the engine postgres has no master; take it out"),
        ("{type: postgres, url: 'postgresql://u@h/db?password=swordfish'}", "this address holds a password"),
        ("{type: postgres, url: env:URL, options: {pwd: swordfish}}", "pwd looks like a secret"),
        ("{type: postgres, url: 'postgresql://u@[h/db'}", "this is no address of a database; letters such as [, #"),
        ("{type: spark, settings: {x.ConnectionURL: 'jdbc:mysql://u:swordfish@h/db'}}", "x.ConnectionURL: this address holds a p"),
        ("{type: spark, settings: {x.url: 'jdbc:pg://h/db?user=a&password=swordfish'}}", "x.url: this address holds a password"),
        ("{type: spark, settings: {x.opts: '-Xmx1g -Dstore.password=swordfish'}}", "x.opts: this address holds a password"),
        ("{type: spark, settings: {x.url: 'jdbc:oracle:thin:u/swordfish@h:1521'}}", "x.url: this address holds a password"),
        ("{type: spark, extracts: 's3a://KEY:swordfish@bucket/x'}", "this address holds a password"),
        ("{type: spark, master: 'spark://u:swordfish@h:7077'}", "this address holds a password"),
        ("{type: spark, settings: {spark.hadoop.fs.s3a.secret.key: 12345678}}", "spark.hadoop.fs.s3a.secret.key looks like a"),
        ("{type: spark, settings: {spark.authenticate.secret: swordfish}}", "spark.authenticate.secret looks like a secret"),
        ("{type: spark, settings: {fs.azure.account.key.a.net: swordfish}}", "fs.azure.account.key.a.net looks like a secret"),
        ("{type: snowflake, url: env:URL, options: {private_key_file_pwd: swordfish}}", "private_key_file_pwd looks like"),
        ("{type: spark, shema: x}", "there is no key 'shema'; did you mean 'schema'?"),
    ],
)  # fmt: skip
def test_an_engine_that_cannot_be_meant_is_refused(workspace: Workspace, engine: str, fault: str) -> None:
    root = workspace({"organisation.yaml": f"name: Sample\ntime_zone: Europe/London\nengine: {engine}\n"})
    params, (found, *more) = read(root / "params")
    assert params is None
    assert not more
    assert found.where == "params/organisation.yaml:3"
    assert fault in found.message
    assert "swordfish" not in found.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authenticator", "externalbrowser"),
        ("private_key_file", "/keys/key.p8"),
        ("sslkey", "/keys/client.key"),
        ("sslmode", "verify-full"),
        ("password", "env:PASSWORD"),
        ("spark.hadoop.fs.s3a.aws.credentials.provider", "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider"),
        ("spark.authenticate", "true"),
        ("spark.authenticate", True),
        ("spark.authenticate.secret.file", "/etc/spark/secret"),
        ("spark.kubernetes.authenticate.driver.serviceAccountName", "spark"),
        ("spark.hadoop.fs.azure.account.auth.type", "OAuth"),
        ("spark.ssl.keyStore", "/etc/spark/keys.jks"),
        ("spark.sql.mapKeyDedupPolicy", "LAST_WIN"),
        ("spark.hadoop.hive.metastore.uris", "thrift://hive.example.com:9083"),
    ],
)
def test_settings_that_hold_no_secret_are_taken(name: str, value: str | bool) -> None:
    assert Engine(type="spark", settings={name: value}).settings == {name: value}


@pytest.mark.parametrize(
    "password", ["topsecret[1", "topsecret#1", "topsecret/1", "12/topsecret", "a@b/topsecret", "topsecret@b/w0rd"]
)
def test_an_address_that_cannot_be_parsed_is_one_sentence_without_the_password(
    frozen: Snapshot, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("WAREHOUSE", f"postgresql://u:{password}@localhost/db")
    text = said(ReportkitError, engines.on(frozen, Engine(type="postgres", url="env:WAREHOUSE")).ready)
    assert "this is no address of a database; letters such as [, #, / and @ in a password are written %5B" in text
    assert "topsecret" not in text


def test_a_fault_inside_a_driver_is_no_driver_that_is_not_installed(
    frozen: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any, **__: Any) -> None:
        raise AttributeError("'NoneType' object has no attribute 'cursor'")

    monkeypatch.setattr(ibis, "connect", failing)
    text = said(EngineError, engines.on(frozen, Engine(type="postgres", url="postgresql://u@h/db")).ready)
    assert "PostgreSQL at h/db cannot be reached: 'NoneType' object has no attribute 'cursor'" in text


def test_what_spark_says_holds_no_secret(frozen: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.remember("sword-of-fish")
    moved = spark.Spark(Engine(type="spark", extracts="s3a://sword-of-fish/x"), frozen.folder)

    class Session:
        def read_parquet(self, path: str, **_: Any) -> None:
            raise OSError(f"no such file: {path}?password=herring")

    monkeypatch.setitem(moved.__dict__, "connection", Session())
    monkeypatch.setattr(moved, "_same", lambda *_: None)
    text = said(EngineError, lambda: moved.table(file_of(frozen)))
    assert "Spark cannot read s3a://(secret)/x/" in text
    assert "sword-of" not in text
    assert "herring" not in text


def test_engines_are_named_or_described(workspace: Workspace) -> None:
    for text, made in (
        ("duckdb", Engine()),
        ("spark", Engine(type="spark")),
        ("{type: spark, master: 'spark://host:7077', extracts: 's3a://bucket/extracts'}",
         Engine(type="spark", master="spark://host:7077", extracts="s3a://bucket/extracts")),
        ("{type: bigquery, url: 'bigquery://project', schema: facts}", Engine(type="bigquery", url="bigquery://project", schema="facts")),
    ):  # fmt: skip
        root = workspace({"organisation.yaml": f"name: Sample\ntime_zone: Europe/London\nengine: {text}\n"})
        params, faults = read(root / "params")
        assert params is not None, faults
        assert params.organisation.engine == made


def test_a_table_is_held_where_it_is_asked_for_often(
    frozen: Snapshot, on_postgres: Callable[[Snapshot], Snapshot]
) -> None:
    moved = on_postgres(frozen)
    made = moved.kept("key", lambda: moved.table("changes").filter(ibis._.change_id < "c003"))
    assert moved.kept("key", lambda: pytest.fail("it was made before")) is made
    assert snapshots.fetched(made.aggregate(n=made.count())).to_pylist() == [{"n": 3}]
    assert "kept" in made.get_name()
