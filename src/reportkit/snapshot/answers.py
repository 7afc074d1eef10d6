"""Answers of an engine, as Arrow; what goes wrong there is one sentence."""

from __future__ import annotations

from typing import Any

from reportkit.errors import EngineError, ReportkitError
from reportkit.fetch.databases import line
from reportkit.model.engine import LABELS

NAMES = {"pyspark": "spark"}  # where Ibis calls an engine otherwise


def fetched(table: Any) -> Any:
    """The rows of an Ibis table as a pyarrow Table, worked out by the table's engine. Raises EngineError.

    The embedded engine fails for no reason but a fault in reportkit, which is left as it is.
    """
    import ibis

    name = ibis.get_backend(table).name
    try:
        return table.to_pyarrow()
    except ReportkitError:
        raise
    except Exception as error:
        if name == "duckdb":
            raise
        raise EngineError(f"{label(name)} cannot answer: {line(error)}.") from None


def label(name: str) -> str:
    """An engine's name in print, by what Ibis calls it."""
    return LABELS.get(NAMES.get(name, name), name)
