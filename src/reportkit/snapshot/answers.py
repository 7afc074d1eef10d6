"""Answers of an engine, as Arrow; what goes wrong there is one sentence."""

from __future__ import annotations

from typing import Any

from reportkit.errors import EngineError, ReportkitError
from reportkit.fetch.databases import line
from reportkit.model.engine import LABELS

NAMES = {"pyspark": "spark"}  # where Ibis calls an engine otherwise


def fetched(table: Any) -> Any:
    """The rows of an Ibis table as a pyarrow Table with times in UTC, worked out by the table's engine. Raises EngineError.

    The embedded engine fails for no reason but a fault in reportkit, which is left as it is.
    """
    import ibis

    name = ibis.get_backend(table).name
    if name == "duckdb":
        return table.to_pyarrow()
    try:
        return _in_utc(table.to_pyarrow())
    except ReportkitError:
        raise
    except Exception as error:  # noqa: BLE001  # each engine has its own
        label = LABELS.get(NAMES.get(name, name), name)
        raise EngineError(f"{label} cannot answer: {line(error)}.") from None


def listed(table: Any) -> list[dict[str, Any]]:
    """The few rows of an Ibis table, of numbers and texts, as Python values. Raises EngineError."""
    import ibis

    own = getattr(ibis.get_backend(table), "listed", None)
    found: list[dict[str, Any]] = own(table) if own else fetched(table).to_pylist()
    return found


def microseconds(column: Any) -> Any:
    """A column of times of an answer as whole numbers since 1970, empty where it is."""
    import pyarrow as pa

    return column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())


def _in_utc(found: Any) -> Any:
    """The same with a zone at every time: some engines give times of the session's zone, which is UTC, without it."""
    import pyarrow as pa

    for i, field in enumerate(found.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz is None:
            column = found.column(i).cast(pa.timestamp("us", "UTC"))
            found = found.set_column(i, field.name, column)
    return found
