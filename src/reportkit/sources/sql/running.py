"""Queries through Ibis: a connection by address, rows in batches, every value as text that loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reportkit.errors import SourceError
from reportkit.fetch.databases import line, no_driver, shown
from reportkit.model.secret import FILES

BATCH = 20_000  # rows
CURSORS = ("postgres", "sqlite", "duckdb")  # backends whose driver is asked directly, in batches
WRITTEN: tuple[tuple[Any, Callable[[Any], str]], ...] = (  # the first that fits; a bool is an int, a datetime a date
    (bool, lambda value: "true" if value else "false"),
    (datetime, lambda value: str(value.isoformat(sep=" "))),
    (date, lambda value: str(value.isoformat())),
    (Decimal, lambda value: format(value, "f")),
    ((dict, list), lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)),
    ((bytes, bytearray, memoryview), lambda value: bytes(value).hex()),
)
FIRST_LETTERS = ("select", "with", "from", "values", "(")


@dataclass(frozen=True)
class Database:
    """An open database. `shown` is how messages name it: without user and password."""

    backend: Any
    shown: str
    where: str

    @classmethod
    @contextmanager
    def opened(cls, address: str, root: Path, where: str) -> Iterator[Database]:
        """The database at an address. Raises SourceError where it cannot be reached, or its driver is not installed."""
        name = shown(address)
        try:
            backend = _connected(_from_root(address, root))
        except ImportError as error:
            raise SourceError(no_driver(address, error), where=where) from None
        except SourceError as error:
            raise SourceError(error.message, where=where) from None
        except Exception as error:  # noqa: BLE001  (each driver has its own)
            raise SourceError(f"{name} cannot be opened: {line(error)}.", where=where) from None
        try:
            yield cls(backend, name, where)
        finally:
            with suppress(Exception):
                backend.disconnect()

    def save(self, query: str, path: Path, *, limit: int | None, or_empty: bool) -> tuple[tuple[str, ...], int]:
        """Write what a SELECT gives into a Parquet file; its columns, and how many rows. Raises SourceError."""
        text = query.strip().rstrip(";")
        if not text.lower().startswith(FIRST_LETTERS):
            raise SourceError("a query is a SELECT; nothing else is sent to a database.", where=self.where)
        try:
            return _written(self._batches(text), path, limit)
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001  (each driver has its own)
            if not or_empty:
                raise SourceError(f"{self.shown} cannot answer a query: {line(error)}.", where=self.where) from None
        with suppress(Exception):
            self.backend.con.rollback()
        return _written(iter([((), [])]), path, None)

    def _batches(self, query: str) -> Iterator[tuple[Sequence[str], list[Any]]]:
        """Names and rows, a batch at a time."""
        if self.backend.name not in CURSORS:
            for batch in self.backend.sql(query).to_pyarrow_batches(chunk_size=BATCH):
                yield batch.schema.names, [tuple(row.values()) for row in batch.to_pylist()]
            return
        cursor = (
            self.backend.con.cursor(name="reportkit") if self.backend.name == "postgres" else self.backend.con.cursor()
        )
        try:
            cursor.execute(query)
            while True:
                rows = cursor.fetchmany(BATCH)
                yield [column[0] for column in cursor.description], rows
                if not rows:
                    return
        finally:
            cursor.close()


def _written(
    batches: Iterator[tuple[Sequence[str], list[Any]]], path: Path, limit: int | None
) -> tuple[tuple[str, ...], int]:
    names, rows = next(batches)
    schema = pa.schema([(name, pa.string()) for name in names] or [("nothing", pa.string())])
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while rows:
            columns = [[text_of(value) for value in column] for column in zip(*rows, strict=True)]
            writer.write_table(pa.table([pa.array(c, pa.string()) for c in columns], schema=schema))
            count += len(rows)
            if limit is not None and count >= limit:
                break
            _, rows = next(batches, (names, []))
    return tuple(names), count


def text_of(value: Any) -> str | None:
    """A value of a database as text: a time in ISO 8601, a number with every digit, JSON as JSON."""
    if value is None or isinstance(value, str):
        return value
    for kinds, write in WRITTEN:
        if isinstance(value, kinds):
            return write(value)
    return str(value)


def _connected(address: str) -> Any:
    import ibis

    options = {"read_only": True} if address.startswith("duckdb:") else {}
    backend = ibis.connect(address, **options)
    if backend.name == "postgres":
        from psycopg import IsolationLevel

        backend.con.autocommit = False
        backend.con.read_only = True
        backend.con.isolation_level = IsolationLevel.REPEATABLE_READ  # all queries see the same moment
    return backend


def _from_root(address: str, root: Path) -> str:
    """A file's address as seen from the workspace: duckdb://data/x.db and sqlite:///abs/x.db."""
    scheme, _, rest = address.partition("://")
    if scheme not in FILES:
        return address
    path = root / rest.removeprefix("/") if not rest.startswith("//") and not Path(rest).is_file() else Path(rest)
    if not path.is_file():
        raise SourceError(f"there is no database file {rest}; mend `url`.")
    return f"{scheme}://{path}"
