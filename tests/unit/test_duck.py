"""DuckDB as needles ask it: the same answers as by Ibis's own way, with less ado."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from reportkit.snapshot import fetched, listed
from reportkit.snapshot.duck import connected

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
