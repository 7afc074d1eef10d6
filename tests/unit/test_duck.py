"""DuckDB's microseconds between two instants are those of its own date_diff."""

from __future__ import annotations

import ibis
import pytest

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
