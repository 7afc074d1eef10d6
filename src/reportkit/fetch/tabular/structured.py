"""JSON and Parquet: columns as the file has them; dates in JSON stay text, so that the mapping decides on zones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from reportkit.errors import SourceError
from reportkit.fetch.tabular.delimited import literal_path

if TYPE_CHECKING:
    import duckdb

NO_DATES = "dateformat='no', timestampformat='no'"  # or text that looks like a date would lose its zone


def parquet(files: Iterable[Path]) -> str:
    """SELECT of all rows of Parquet files, columns united by name."""
    return f"SELECT * FROM read_parquet({_list(files)}, union_by_name=true)"


def json(files: list[Path], connection: duckdb.DuckDBPyConnection, source: str, *, lines: bool) -> str:
    """SELECT of all records of JSON files; nested fields are structs and lists. Raises SourceError.

    The types are found in one pass over the files and then written down, as DuckDB would look for them at every query.
    """
    import duckdb

    layout = "newline_delimited" if lines else "auto"
    call = f"read_json({_list(files)}, format='{layout}', union_by_name=true"
    try:
        found = connection.execute(f"DESCRIBE SELECT * FROM {call}, sample_size=-1, {NO_DATES})").fetchall()
    except duckdb.Error as error:
        raise SourceError(_sentence(error, files), where=f"source {source}") from None
    if [row[0] for row in found] == ["json"]:
        raise SourceError(
            f"{files[0].name} holds no records: a list of objects, or one object a line, is understood; export it again.",
            where=f"source {source}",
        )
    columns = ", ".join(f"{_text(str(row[0]))}: {_text(str(row[1]))}" for row in found)
    return f"SELECT * FROM {call}, columns={{{columns}}}, {NO_DATES})"


def _sentence(error: Exception, files: list[Path]) -> str:
    first = str(error).splitlines()[0].removeprefix("Invalid Input Error: ").strip()
    for file in files:
        first = first.replace(str(file), file.name)
    return f"{files[0].name} cannot be read: {first[:1].lower() + first[1:].rstrip('. ')}; export it again."


def _list(files: Iterable[Path]) -> str:
    return "[" + ", ".join(_text(literal_path(file)) for file in files) + "]"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
