"""DuckDB in this process, as needles are computed by it."""

from __future__ import annotations

import threading
from typing import Any

import ibis
from ibis.backends.duckdb import Backend
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

_ALONE = threading.RLock()
AHEAD = "16MB"  # of rows, read ahead of whoever looks at them


class _Compiler(DuckDBCompiler):  # type: ignore[misc]
    """Ibis for DuckDB, but for two things that take long and change no number.

    The microseconds between two instants are a subtraction: DuckDB's date_diff of times with a zone walks the calendar,
    thirteen times as long. Selects that follow one another stay as they are: DuckDB fuses them itself, in no time.
    """

    __slots__ = ()

    def translate(self, op: Any, *, params: Any) -> Any:
        """The query as sqlglot has it."""
        with _ALONE:  # the option is everybody's
            told, ibis.options.sql.fuse_selects = ibis.options.sql.fuse_selects, False
            try:
                return super().translate(op, params=params)
            finally:
                ibis.options.sql.fuse_selects = told

    def visit_TimestampDelta(self, op: Any, *, part: Any, left: Any, right: Any) -> Any:  # noqa: N802 (Ibis's name)
        if op.part.value != "microsecond" or not (op.left.dtype.timezone and op.right.dtype.timezone):
            return super().visit_TimestampDelta(op, part=part, left=left, right=right)
        return self.cast(self.f.epoch_us(left) - self.f.epoch_us(right), op.dtype)


class Embedded(Backend):  # type: ignore[misc]
    """Ibis on a DuckDB that tells few rows without the way round by Arrow, before which it would look at each query twice.

    Nor does it import pandas for an answer in Arrow: Ibis does so for a type that no column of ours has.
    """

    compiler = _Compiler()

    def to_pyarrow(self, expr: Any, /, **asked: Any) -> Any:
        """The answer as Arrow."""
        return expr.__pyarrow_result__(self._to_duckdb_relation(expr, **asked).to_arrow_table())

    def streamed(self, table: Any, rows: int) -> Any:
        """The rows of a table of this connection as they come, by a reader of pyarrow, so many at a time."""
        self.raw_sql(f"SET streaming_buffer_size = '{AHEAD}'")
        return self._to_duckdb_relation(table).to_arrow_reader(rows)

    def listed(self, table: Any) -> list[dict[str, Any]]:
        """The rows of a table of this connection, as Python values."""
        found = self.raw_sql(self.compile(table))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def connected() -> Embedded:
    """Ibis on a DuckDB of its own, times in UTC."""
    made: Embedded = Embedded().connect()
    made.raw_sql("SET TimeZone = 'UTC'")
    return made
