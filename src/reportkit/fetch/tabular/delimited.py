"""Delimited text: the header found and understood, the rest left to DuckDB."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from reportkit.errors import SourceError
from reportkit.fetch.tabular.packed import CHUNK, READ_BY_DUCKDB, stream

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


@dataclass(frozen=True)
class Wanted:
    """What the settings say: the delimiter if they do, the likely one if not, the lines before the header, words for nothing."""

    delimiter: str | None
    likely: str
    skip: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """How one file is laid out."""

    delimiter: str
    skip: int
    columns: tuple[str, ...]


def select(files: Iterable[Path], wanted: Wanted, source: str) -> str:
    """SELECT of all rows of all files, every column as text, columns of differing headers united by name."""
    groups: dict[tuple[Layout, str], list[Path]] = {}
    for file in files:
        packing = READ_BY_DUCKDB.get(file.suffix.lower(), "none")
        groups.setdefault((layout(file, wanted, source), packing), []).append(file)
    reads = (_read(how, packing, paths, wanted.missing) for (how, packing), paths in groups.items())
    return " UNION ALL BY NAME ".join(reads)


def layout(file: Path, wanted: Wanted, source: str) -> Layout:
    """How the file is laid out. Raises SourceError where its header cannot be meant."""
    with stream(file, source) as raw:
        text = raw.read(CHUNK).decode("utf-8-sig", errors="ignore")  # the last character may be cut
    lines = list(islice(io.StringIO(text, newline=""), wanted.skip, None))
    skip = wanted.skip
    delimiter = wanted.delimiter
    while lines and not lines[0].strip():
        lines, skip = lines[1:], skip + 1
    if lines and (said := re.fullmatch(r"sep=(.)\s*", lines[0])):  # how Excel is told the delimiter
        lines, skip, delimiter = lines[1:], skip + 1, delimiter or said[1]
    if not lines:
        raise SourceError(
            f"{file.name} has no header line; is `skip: {wanted.skip}` too many?", where=f"source {source}"
        )
    found = _delimiter(lines[0], delimiter, wanted.likely, file.name, source)
    return Layout(found, skip, columns_of(_cells(lines, found), file.name, skip, source))


def _delimiter(line: str, given: str | None, likely: str, file: str, source: str) -> str:
    counts = {d: len(_cells([line], d)) for d in dict.fromkeys((likely, *DELIMITERS))}
    best = max(counts, key=lambda d: counts[d])
    if given is None:
        return likely if counts[likely] > 1 and likely == "\t" else best
    if len(_cells([line], given)) == 1 and counts[best] > 1:
        word = DELIMITERS.get(given, f"{given!r}")
        raise SourceError(
            f"`delimiter: {word}` finds a single column in {file}; the header looks separated by {DELIMITERS[best]}: set "
            f"`delimiter: {DELIMITERS[best]}` or leave it out.",
            where=f"source {source}",
        )
    return given


def _cells(lines: list[str], delimiter: str) -> list[str]:
    """The cells of the header; a quoted one may go over several lines."""
    try:
        return next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return lines[:1]


def columns_of(cells: list[str], file: str, skip: int, source: str) -> tuple[str, ...]:
    """Names of the columns: trimmed; a second `id` becomes `id_2`, one without a name `column_3`. Raises SourceError."""
    names = [" ".join(cell.split()) for cell in cells]
    if names.count("") * 2 > len(names):
        raise SourceError(
            f"most columns of {file} have no name in line {skip + 1}; is the header there? Set `skip:` to the number of "
            "lines before it.",
            where=f"source {source}",
        )
    found: list[str] = []
    for number, name in enumerate(names, start=1):
        unique, times = name or f"column_{number}", 1
        while unique.lower() in (f.lower() for f in found):
            times += 1
            unique = f"{name or f'column_{number}'}_{times}"
        found.append(unique)
    return tuple(found)


def _read(how: Layout, packing: str, files: list[Path], missing: tuple[str, ...]) -> str:
    columns = ", ".join(f"{_text(column)}: 'VARCHAR'" for column in how.columns)
    paths = ", ".join(_text(literal_path(file)) for file in files)
    nothing = ", ".join(_text(word) for word in dict.fromkeys(("", *missing)))
    return (
        f"SELECT * FROM read_csv([{paths}], columns={{{columns}}}, header=true, skip={how.skip}, delim={_text(how.delimiter)},"
        f" quote='\"', escape='\"', comment='', nullstr=[{nothing}], auto_detect=false, strict_mode=true, compression='{packing}')"
    )


def literal_path(path: Path) -> str:
    """The path as a pattern that matches it alone."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
