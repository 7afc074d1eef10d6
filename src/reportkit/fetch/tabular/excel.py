"""Excel and OpenDocument sheets as text: numbers with every digit that they have, dates in ISO 8601."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from reportkit.errors import SourceError, unknown
from reportkit.fetch.tabular.delimited import columns_of


def as_parquet(path: Path, sheet: str | None, skip: int, source: str, folder: Path) -> Path:
    """One sheet as a Parquet file of text columns in `folder`. Raises SourceError: damaged, no such sheet, no header."""
    import pyarrow as pa  # a build that takes no extract does without
    import pyarrow.parquet as pq

    names, rows = _read(path, sheet, skip, source)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    schema = pa.schema([(name, pa.string()) for name in names])
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{path.stem}.parquet"
    pq.write_table(pa.table([pa.array(c, pa.string()) for c in columns], schema=schema), target)
    return target


def _read(path: Path, sheet: str | None, skip: int, source: str) -> tuple[tuple[str, ...], list[list[str | None]]]:
    from python_calamine import CalamineWorkbook

    where = f"source {source}"
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            cells = _cells(book, sheet, path.name, where)
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001  (the library has an error of each kind of file)
        raise SourceError(f"{path.name} cannot be read as a workbook ({error}); save it again.", where=where) from None
    rows = [[_text(cell) for cell in row] for row in cells[skip:]]
    while rows and not any(rows[0]):
        rows.pop(0)
    if not rows:
        raise SourceError(
            f"{path.name} has no header line; name another `sheet:`, or mend `skip: {skip}`.", where=where
        )
    header = columns_of([cell or "" for cell in rows[0]], path.name, skip, source)
    return header, [row for row in rows[1:] if any(cell is not None for cell in row)]


def _cells(book: Any, sheet: str | None, file: str, where: str) -> list[list[Any]]:
    names: list[str] = book.sheet_names
    if sheet is not None and sheet not in names:
        raise SourceError(unknown(f"sheet in {file}", sheet, names), where=where)
    cells: list[list[Any]] = book.get_sheet_by_name(sheet or names[0]).to_python(skip_empty_area=False)
    return cells


def _text(cell: Any) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell.total_seconds()) if isinstance(cell, timedelta) else str(cell)
