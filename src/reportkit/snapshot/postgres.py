"""Loading a frozen file into PostgreSQL: by COPY, in one transaction, one process at a time."""

from __future__ import annotations

import io
from typing import Any

from reportkit.errors import EngineError
from reportkit.snapshot.backends import Frozen

BATCH = 100_000  # rows
TYPES = {"string": "text", "bool": "boolean", "double": "double precision", "int64": "bigint"}


def load(connection: Any, schema: str, frozen: Frozen) -> None:
    """Load the file as a table of the schema. Of two processes the second waits, and finds the table there.

    Raises EngineError where the schema is not there and may not be made. Texts are compared by their bytes, as DuckDB does.
    """
    import pyarrow.parquet as pq

    con, table = connection.con, f'"{schema}"."{frozen.name}"'
    _schema(con, schema)
    with pq.ParquetFile(frozen.path) as file, con.cursor() as cursor, con.transaction():
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (table,))
        if cursor.execute("SELECT to_regclass(%s)", (table,)).fetchone()[0] is not None:
            return
        columns = ", ".join(f'"{field.name}" {_type(field.type)}' for field in file.schema_arrow)
        cursor.execute(f"CREATE TABLE {table} ({columns})")
        with cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy:
            for batch in file.iter_batches(BATCH):
                copy.write(_csv(batch))
        cursor.execute(f"COMMENT ON TABLE {table} IS 'reportkit: {frozen.entity}, frozen file {frozen.sha256}'")
        cursor.execute(f"ANALYZE {table}")


def _schema(con: Any, schema: str) -> None:
    """Make the schema where it is not there."""
    from psycopg.errors import InsufficientPrivilege

    with con.cursor() as cursor, con.transaction():
        if cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone():
            return
        try:
            cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        except InsufficientPrivilege:
            raise EngineError(
                f"there is no schema {schema} in PostgreSQL, and this user may not make one; have it made: "
                f"CREATE SCHEMA {schema} AUTHORIZATION {con.info.user}.",
            ) from None


def _type(arrow: Any) -> str:
    import pyarrow as pa

    if pa.types.is_timestamp(arrow):
        return "timestamptz"
    name = TYPES[str(arrow)]
    return f'{name} COLLATE "C"' if name == "text" else name


def _csv(batch: Any) -> bytes:
    """The rows as CSV in which an empty text is quoted and nothing is not."""
    from pyarrow import csv

    target = io.BytesIO()
    csv.write_csv(batch, target, csv.WriteOptions(include_header=False))
    return target.getvalue()
