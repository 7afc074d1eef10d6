"""Answers of an engine, as Arrow; what goes wrong there is one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reportkit.errors import EngineError, ReportkitError
from reportkit.fetch.databases import line
from reportkit.model.engine import LABELS
from reportkit.turns import aside

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


@contextmanager
def streamed(table: Any, rows: int) -> Iterator[Iterable[Any]]:
    """The rows of an Ibis table as pyarrow record batches, so many rows each; the embedded engine reads on while they are looked at.

    It can be asked nothing else in the block, which is no turn of this thread. Raises EngineError.
    """
    import ibis

    own = getattr(ibis.get_backend(table), "streamed", None)
    if own is None:
        yield fetched(table).to_batches(rows)
        return
    with own(table, rows) as found, aside():
        yield found


def listed(table: Any) -> list[dict[str, Any]]:
    """The few rows of an Ibis table, of numbers and texts, as Python values. Raises EngineError."""
    import ibis

    own = getattr(ibis.get_backend(table), "listed", None)
    found: list[dict[str, Any]] = own(table) if own else fetched(table).to_pylist()
    return found


def held(rows: Any, types: Mapping[str, Any]) -> Any:
    """A pyarrow Table of these types as an Ibis table, as `ibis.memtable` gives it; that one imports pandas on its way."""
    import ibis
    from ibis.expr import operations
    from ibis.formats.pyarrow import PyArrowTableProxy

    name = ibis.util.gen_name("held")
    return operations.InMemoryTable(name=name, schema=ibis.schema(types), data=PyArrowTableProxy(rows)).to_expr()


def numbers(column: Any, unknown: int = 0) -> NDArray[np.int64]:
    """A column of whole numbers, or of times (µs since 1970), of an answer; `unknown` where there is none.

    Read as it lies in memory: pyarrow imports pandas before it says anything to numpy.
    """
    import numpy as np
    import pyarrow as pa

    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_timestamp(whole.type):
        whole = whole.cast(pa.timestamp("us", "UTC"))
    whole = whole.cast(pa.int64())
    known, values = whole.buffers()
    here = slice(whole.offset, whole.offset + len(whole))
    found = np.frombuffer(values or b"", np.int64)[here]
    if whole.null_count:
        found = np.where(np.unpackbits(np.frombuffer(known, np.uint8), bitorder="little")[here], found, unknown)
    return found


def _in_utc(found: Any) -> Any:
    """The same with a zone at every time: some engines give times of the session's zone, which is UTC, without it."""
    import pyarrow as pa

    for i, field in enumerate(found.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz is None:
            column = found.column(i).cast(pa.timestamp("us", "UTC"))
            found = found.set_column(i, field.name, column)
    return found
