"""DuckDB as needles ask it: the same answers as by Ibis's own way, with less ado."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from reportkit import entities, measure
from reportkit.errors import MeasureError
from reportkit.model.period import Quarter, Window
from reportkit.model.rules import DoraRules, KeyEvent, Rules
from reportkit.needles import library
from reportkit.snapshot import Snapshot, fetched, held, listed
from reportkit.snapshot.backends import Embedded, Frozen
from reportkit.snapshot.direct import Direct
from reportkit.snapshot.duck import connected
from tests.oracle.worlds import crowd

PAIRS = [
    ("2026-03-29 00:30:00+00", "2026-03-29 01:30:00.000001+00"),  # summer time begins in London
    ("2026-10-25 01:30:00+02", "2026-10-25 01:30:00+01"),
    ("1969-12-31 23:59:59.999999+00", "1970-01-01 00:00:00+00"),
    ("2026-01-02 00:00:00+00", "2026-01-01 00:00:00+00"),
    (None, "2026-01-01 00:00:00+00"),
    ("2026-01-01 00:00:00+00", None),
]


@pytest.mark.parametrize("unit", ["microsecond", "hour", "day"])
def test_what_lies_between_two_instants(unit: str) -> None:
    backend = connected()
    rows = ", ".join(f"({', '.join(f'TIMESTAMPTZ {t!r}' if t else 'NULL' for t in pair)})" for pair in PAIRS)
    backend.raw_sql(f"CREATE TABLE pairs AS SELECT * FROM (VALUES {rows}) t(a, b)")
    table = backend.table("pairs")
    span = table.b.delta(table.a, unit=unit)
    found = backend.to_pyarrow(table.select(span=span, twice=2 * span, less=ibis.literal(0) - span)).to_pylist()
    wanted = backend.raw_sql(f"SELECT date_diff('{unit}', a, b) FROM pairs").fetchall()
    assert [row["span"] for row in found] == [row[0] for row in wanted]
    assert [row["less"] for row in found] == [None if n is None else -n for (n,) in wanted]
    assert [row["twice"] for row in found] == [None if n is None else 2 * n for (n,) in wanted]
    assert ("EPOCH_US" in ibis.to_sql(table.select(span))) == (unit == "microsecond")


def test_few_rows_are_the_same_without_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = connected()
    backend.raw_sql(
        "CREATE TABLE facts AS SELECT i, i / 7 AS x, 'g' || i % 3 AS g, i % 2 = 0 AS even FROM range(100) t(i)"
    )
    table = backend.table("facts")
    asked = table.group_by("g").aggregate(
        n=table.count(),
        whole=table.i.sum(),
        x=table.x.median(),
        none=table.x.max(where=table.i < 0),
        even=table.even.sum(),
    )
    known = sorted(fetched(asked).to_pylist(), key=lambda row: row["g"])
    monkeypatch.setattr(backend, "to_pyarrow", None)
    assert sorted(listed(asked), key=lambda row: row["g"]) == known
    assert {type(row["whole"]) for row in known} == {int}


def test_few_rows_come_from_any_engine() -> None:
    table = ibis.memtable(pa.table({"i": [1, 2, 3]}))
    assert listed(table.aggregate(n=table.i.sum())) == [{"n": 6}]


def test_selects_that_follow_one_another_are_left_to_duckdb() -> None:
    backend = connected()
    table = backend.create_table("facts", ibis.memtable(pa.table({"i": [1, 2, 3]})))
    asked = table.mutate(j=table.i + 1).filter(lambda t: t.j > 2).select("j")
    assert backend.compile(asked).count("SELECT") > 1
    assert ibis.options.sql.fuse_selects  # of everybody else
    assert listed(asked.aggregate(n=asked.j.sum())) == [{"n": 7}]


STEPS: list[Callable[[Any], Any]] = [
    lambda t: t.select(t.g, j=t.i + 1).filter(lambda s: s.j > 2),
    lambda t: t.mutate(n=t.i.sum().over(ibis.window(group_by="g"))).filter(lambda s: s.n > 2, lambda s: s.i < 9),
    lambda t: t.filter(t.i.max().over(ibis.window(group_by="g")) > 2),
    lambda t: t.select("g").distinct().order_by(ibis.desc("g")),
    lambda t: t.drop_null("g").select("g"),
    lambda t: t.drop("g"),
    lambda t: t.filter(t.i > 1).union(t.filter(t.i > 1).mutate(i=t.i + 1)),
    lambda t: t.group_by("g").aggregate(n=t.count()).join(t, "g"),
    lambda t: t.mutate(j=t.i.name("k")).limit(3),
    lambda t: t.select(*t.columns),
    lambda t: t,
    # What Ibis makes something else of.
    lambda t: t.mutate(nth=ibis.row_number().over(group_by="g", order_by="i")).filter(lambda s: s.nth == 0),
    lambda t: t.filter(t.g.isin([])),
    lambda t: t.drop("g", "i"),
    lambda t: t.drop_null(),
    lambda t: t.drop_null(["g", "i"], how="all"),
    lambda t: t.fill_null({"g": "none"}),
    lambda t: t.mutate(first=t.i.first().over(ibis.window(group_by="g", order_by="i"))),
    lambda t: t.mutate(at=t.g.find("a")),
]


@pytest.mark.parametrize("step", STEPS)
def test_each_step_of_a_query_is_said_as_by_ibis(step: Callable[[Any], Any], by_ibis: list[str]) -> None:
    asked = step(ibis.table({"g": "string", "i": "int64", "x": "string"}, name="facts"))
    said = connected().compile(asked)
    assert [said] == by_ibis


def test_every_query_of_a_needle_is_said_as_by_ibis(freeze: Callable[..., Snapshot], by_ibis: list[str]) -> None:
    facts = {name: crowd(entity, 40, "UTC", seed=1) for name, entity in entities.library().items()}
    rules = Rules(dora=DoraRules(cap_hours=2000), key_events=(KeyEvent("sale", date(2026, 2, 2), date(2026, 2, 4)),))
    few = freeze(facts, Window(date(2025, 9, 1), date(2026, 10, 1)), rules=rules)
    windows = [Quarter(2026, 1).window, Quarter(2026, 2).window, Window(date(2026, 3, 23), date(2026, 3, 30))]
    said = []
    compiler = few.table("changes").op().source
    compiled = type(compiler).compile
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(compiler), "compile", lambda *given, **more: said.append(compiled(*given, **more)) or said[-1]
        )
        for needle in library().values():
            measure.readings(few, needle, windows)
            measure.facts(few, needle)
            try:
                measure.cuts(few, needle, windows, "service")
            except MeasureError as error:
                assert "no such column" in str(error)  # noqa: PT017
    assert len(said) > 2 * len(library())
    assert said == by_ibis


@pytest.fixture
def by_ibis(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each query that is said from here on, in the words of Ibis's own compiler."""
    found: list[str] = []
    ours = Direct.translate

    def translate(self: Direct, op: Any, *, params: Any) -> Any:
        told = ibis.options.sql.fuse_selects
        ibis.options.sql.fuse_selects = False
        try:
            found.append(DuckDBCompiler.translate(self, op, params=params).sql(self.dialect))
        finally:
            ibis.options.sql.fuse_selects = told
        return ours(self, op, params=params)

    monkeypatch.setattr(Direct, "translate", translate)
    return found


def test_the_columns_of_a_table_are_those_that_ibis_finds() -> None:
    backend = connected()
    backend.raw_sql(
        'CREATE TABLE "odd "" name" (a VARCHAR NOT NULL, "b c" DOUBLE, t TIMESTAMPTZ, n DECIMAL(9, 2), l INTEGER[])'
    )
    table = backend.table('odd " name')
    assert table.schema() == super(type(backend), backend).get_schema('odd " name')


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
@pytest.mark.parametrize("text", ["2026-03-29 01:02:03.456789", "9999-12-31", "1969-07-20"])
def test_an_instant_is_the_same_in_one_word(text: str, zone: str) -> None:
    backend, at = connected(), datetime.fromisoformat(text)
    instant = at.replace(tzinfo=ZoneInfo(zone))
    asked = ibis.literal(instant, "timestamp('UTC')").name("at").as_table()
    assert "MAKE_TIMESTAMP" not in backend.compile(asked)
    assert backend.to_pyarrow(asked)["at"].to_pylist() == [instant]
    assert backend.to_pyarrow(ibis.literal(at).name("at").as_table())["at"].to_pylist() == [at]


@pytest.mark.parametrize("rows", [10, 1_000_000])
def test_few_facts_are_read_by_one_thread(rows: int, tmp_path: Path) -> None:
    file = tmp_path / "usage.parquet"
    pq.write_table(pa.table({"i": [1]}), file)
    engine = Embedded()
    engine.table(Frozen(file, "usage", "0" * 64, rows))
    threads = "SELECT current_setting('threads')"
    usual = duckdb.connect().execute(threads).fetchall()
    assert engine.connection.raw_sql(threads).fetchall() == ([(1,)] if rows == 10 else usual)


def test_a_table_is_kept_as_it_is_now() -> None:
    backend = connected()
    backend.raw_sql("CREATE TABLE facts AS SELECT i, 'g' || i AS g FROM range(3) t(i)")
    kept = backend.kept(backend.table("facts").filter(lambda t: t.i > 0))
    backend.raw_sql("DELETE FROM facts")
    assert sorted(row["g"] for row in listed(kept)) == ["g1", "g2"]
    assert listed(backend.kept(held(pa.table({"n": [7]}), {"n": "int64"}))) == [{"n": 7}]
