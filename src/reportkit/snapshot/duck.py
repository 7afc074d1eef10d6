"""DuckDB in this process, as needles are computed by it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC
from functools import lru_cache
from typing import Any

import duckdb
import ibis
from ibis.backends.duckdb import Backend
from ibis.backends.sql.compilers.base import sge
from ibis.backends.sql.datatypes import DuckDBType

from reportkit.snapshot import sql
from reportkit.snapshot.direct import Direct
from reportkit.turns import aside

AHEAD = "16MB"  # of rows, read ahead of whoever looks at them
SESSION = "SET TimeZone = 'UTC'; SET python_enable_replacements = false"


class _Compiler(Direct):
    """Queries as they were built, but for two things that take long in Ibis's words and mean the same in these."""

    __slots__ = ()

    def visit_TimestampDelta(self, op: Any, *, part: Any, left: Any, right: Any) -> Any:  # noqa: N802 (Ibis's name)
        """The microseconds between two instants as a subtraction: DuckDB's date_diff walks the calendar."""
        if op.part.value != "microsecond" or not (op.left.dtype.timezone and op.right.dtype.timezone):
            return super().visit_TimestampDelta(op, part=part, left=left, right=right)
        return self.cast(self.f.epoch_us(left) - self.f.epoch_us(right), op.dtype)

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:  # noqa: N802
        """An instant in one word: as a function of seven numbers it takes DuckDB, and who writes it, several times as long."""
        if dtype.is_timestamp() and dtype.timezone and value.tzinfo:
            with suppress(OverflowError):  # on the first day of all, east of UTC
                return sge.Var(this=f"TIMESTAMPTZ '{value.astimezone(UTC)}'")
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)


class Embedded(Backend):  # type: ignore[misc]
    """Ibis on a DuckDB that tells few rows without the way round by Arrow, before which it would look at each query twice.

    Nor does it import pandas for an answer in Arrow: Ibis does so for a type that no column of ours has.
    """

    compiler = _Compiler()

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._of_thread, self._apart, self._over = threading.local(), list[duckdb.DuckDBPyConnection](), False
        self._coming = threading.Lock()  # and going of connections

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The connection that this thread asks. Raises InterruptException where it may ask nothing more."""
        own = getattr(self._of_thread, "con", None)
        if own and self._over:
            raise duckdb.InterruptException
        return own or self._first

    @con.setter
    def con(self, first: duckdb.DuckDBPyConnection) -> None:
        self._first = first

    @contextmanager
    def apart(self) -> Iterator[None]:
        """In the block this thread asks the same database by a connection of its own: no two threads may ask by one."""
        own = self._first.cursor()
        own.execute(SESSION)
        self._of_thread.con = own
        with self._coming:
            self._apart.append(own)
        try:
            yield
        finally:
            del self._of_thread.con
            with self._coming:
                self._apart.remove(own)
                self._over = self._over and bool(self._apart)
                own.close()

    def interrupt(self) -> None:
        """End the queries of all threads that ask by connections of their own, and let those ask nothing more."""
        with self._coming:
            self._over = bool(self._apart)
            for own in self._apart:
                own.interrupt()

    def get_schema(self, table_name: str, *, catalog: str | None = None, database: str | None = None) -> Any:
        """The columns of a table, with their types. Ibis asks for them by way of Arrow, and reads each type anew."""
        place = ".".join(sql.name(part) for part in (catalog, database, table_name) if part)
        found = self.raw_sql(f"DESCRIBE {place}").fetchall()
        return ibis.schema({name: _type(told, null == "YES") for name, told, null, *_ in found})

    def kept(self, table: Any) -> Any:
        """A table of this database with the same rows, which all connections see. Ibis makes an empty one first, and fills it then."""
        self._run_pre_execute_hooks(table)
        name = ibis.util.gen_name("kept")
        query = f"CREATE TABLE {sql.name(name)} AS {self.compile(table)}"
        with aside():
            self.con.execute(query)
        return self.table(name)

    def to_pyarrow(self, expr: Any, /, **asked: Any) -> Any:
        """The answer as Arrow."""
        relation = self._to_duckdb_relation(expr, **asked)
        with aside():
            found = relation.to_arrow_table()
        return expr.__pyarrow_result__(found)

    def streamed(self, table: Any, rows: int) -> Any:
        """The rows of a table of this connection as they come, by a reader of pyarrow, so many at a time."""
        self.raw_sql(f"SET streaming_buffer_size = '{AHEAD}'")
        return self._to_duckdb_relation(table).to_arrow_reader(rows)

    def listed(self, table: Any) -> list[dict[str, Any]]:
        """The rows of a table of this connection, as Python values. Of a table held in memory Ibis tells the engine elsewhere."""
        query = self.compile(table)
        with aside():
            found = self.con.execute(query)
            rows = found.fetchall()
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in rows]


@lru_cache(maxsize=256)
def _type(told: str, nullable: bool) -> Any:
    return DuckDBType.from_string(told, nullable=nullable)


def connected() -> Embedded:
    """Ibis on a DuckDB of its own, times in UTC, in one thread."""
    made: Embedded = Embedded().connect()
    made.raw_sql(f"{SESSION}; SET threads = 1")
    return made
