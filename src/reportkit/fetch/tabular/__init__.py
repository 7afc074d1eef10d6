"""Files: CSV, TSV, JSON, JSON lines, Parquet and Excel; one or a glob; plain, gzip, zstd, bzip2, xz or zip; here or in a cloud.

Delimited text is read as text throughout, so that ids such as 00123 or 2^53 + 1 stay exact; the mapping decides types.
So are dates in JSON. DuckDB reads in a stream: the size of a file is bounded by the disk, not by memory.
"""

from __future__ import annotations

import codecs
import glob
import hashlib
import zipfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from reportkit.errors import SourceError
from reportkit.fetch.place import Origin, Place, SourceSpec
from reportkit.fetch.tabular import cloud, delimited, excel, structured
from reportkit.fetch.tabular.packed import CHUNK, PACKED, members, stream
from reportkit.fetch.tabular.text import as_utf8, head
from reportkit.files import sha256_of

Format = Literal["csv", "tsv", "json", "jsonl", "parquet", "excel"]
FORMATS: dict[str, Format] = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".json": "json",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet",
    ".xlsx": "excel", ".xlsm": "excel", ".xlsb": "excel", ".xls": "excel", ".ods": "excel",
}  # fmt: skip
NAMED_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


class FileSpec(SourceSpec):
    """Settings of a source that is files."""

    path: str = Field(
        description="File or glob, relative to the workspace: extracts/raw/changes-*.csv; or s3://bucket/…, gs://…, az://container/…"
    )
    format: Format | None = Field(None, description="By the file's ending where not given.")
    delimiter: str | None = Field(
        None, description="One character, or tab, comma, semicolon, pipe; by the header line where not given."
    )
    encoding: str | None = Field(
        None, description="Such as windows-1252; UTF-8 and UTF-16 are understood by themselves."
    )
    skip: int = Field(0, ge=0, description="Lines before the header.")
    missing: tuple[str, ...] = Field(
        (), description="What stands in a cell that holds nothing, beside an empty one: ['?', 'N/A', 'NULL']. CSV only."
    )
    sheet: str | None = Field(None, description="Excel: the sheet's name; the first where not given.")
    endpoint: str | None = Field(
        None, description="s3: another store than Amazon's, such as https://minio.example:9000"
    )

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        value = NAMED_DELIMITERS.get(value, value) if value else value
        if value is not None and (len(value) != 1 or value in '"\r\n'):
            raise ValueError("a delimiter is one character, or one of tab, comma, semicolon, pipe")
        return value

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        try:
            "".encode(value or "utf-8")
        except LookupError:
            raise ValueError(f"{value!r} is no encoding; write one such as utf-8, utf-16 or windows-1252") from None
        return codecs.lookup(value).name if value else None


def read(spec: FileSpec, name: str, place: Place) -> tuple[Origin, ...]:
    """Make the files queryable as the view `name`. Raises SourceError: missing, empty, undecodable, wrongly delimited."""
    paths = _fetched(spec, name, place) if cloud.is_one(spec.path) else _paths(spec, name, place.root)
    kind = _kind(paths, spec, name)
    origins = tuple(Origin(name, p.name, "", 0) if place.headers else _origin(p, name) for p in paths)
    select = _select(kind, paths, spec, name, place)
    _view(place, name, f"SELECT * FROM ({select}) WHERE false" if place.headers else select, paths)
    columns = tuple(str(row[0]) for row in place.connection.execute(f'DESCRIBE SELECT * FROM "{name}"').fetchall())
    return tuple(replace(origin, columns=columns) for origin in origins)


def _select(kind: Format, paths: list[Path], spec: FileSpec, name: str, place: Place) -> str:
    if spec.missing and kind not in ("csv", "tsv"):
        raise SourceError(
            f"`missing` is for CSV, and {paths[0].name} is {kind}, which has a null of its own; take it out.",
            where=f"source {name}",
        )
    if kind in ("parquet", "excel"):
        files = [_unpacked(path, name, place, i) for i, path in enumerate(paths)]
        if kind == "excel":
            files = [
                excel.as_parquet(f, spec.sheet, spec.skip, name, place.scratch / f"{name}-{i}")
                for i, f in enumerate(files)
            ]
        return structured.parquet(files)
    text = head if place.headers and kind in ("csv", "tsv") else as_utf8
    files = [text(path, spec.encoding, name, place.scratch / f"{name}-{i}") for i, path in enumerate(paths)]
    if kind in ("csv", "tsv"):
        likely = "\t" if kind == "tsv" else ","
        return delimited.select(files, delimited.Wanted(spec.delimiter, likely, spec.skip, spec.missing), name)
    return structured.json(files, place.connection, name, lines=kind == "jsonl")


def _fetched(spec: FileSpec, name: str, place: Place) -> list[Path]:
    folder = place.scratch / f"{name}-cloud"
    found = cloud.fetch(spec.path, spec.endpoint, folder, f"source {name}", place.progress)
    return [_filled(path, name) for path in found]


def local(spec: FileSpec) -> bool:
    """Whether the files lie here, so that their columns can be looked at."""
    return not cloud.is_one(spec.path)


def look(spec: FileSpec, name: str, root: Path) -> None:
    """Raises SourceError where the files are not there, empty or of an unknown format; reads none of them."""
    if not cloud.is_one(spec.path):
        _kind(_paths(spec, name, root), spec, name)


def replaced(spec: FileSpec, name: str, root: Path, taken: float, known: Collection[str]) -> str | None:
    """The name of a file that was written after `taken` and holds something else than what is `known` by its SHA-256."""
    if cloud.is_one(spec.path):
        return None
    changed = (p for p in _paths(spec, name, root) if p.stat().st_mtime > taken and sha256_of(p) not in known)
    return next((path.name for path in changed), None)


def _view(place: Place, name: str, select: str, paths: list[Path]) -> None:
    import duckdb

    try:
        place.connection.execute(f'CREATE OR REPLACE VIEW "{name}" AS {select}')
    except duckdb.Error as error:
        raise SourceError(
            f"{paths[0].name} cannot be read: {str(error).splitlines()[0]}", where=f"source {name}"
        ) from None


def _paths(spec: FileSpec, name: str, root: Path) -> list[Path]:
    given = root / spec.path
    if given.is_file():  # also where its name happens to hold a * or [
        found = [given]
    else:
        pattern = str(Path(glob.escape(str(root))) / spec.path)
        found = [Path(p) for p in sorted(glob.glob(pattern, recursive=True)) if Path(p).is_file()]  # noqa: PTH207
    if not found:
        what = "no file matches" if glob.has_magic(spec.path) else "there is no file"
        kind = " (it is a folder)" if given.is_dir() else ""
        raise SourceError(f"{what} {spec.path}{kind}; put the export there or mend `path`.", where=f"source {name}")
    return [_filled(path, name) for path in found]


def _filled(path: Path, name: str) -> Path:
    if path.stat().st_size == 0:
        raise SourceError(
            f"{path.name} is empty (0 bytes): the export failed or is not finished; export it again.",
            where=f"source {name}",
        )
    return path


def _kind(paths: list[Path], spec: FileSpec, name: str) -> Format:
    """The one format of all files. Raises SourceError."""
    if spec.format:
        return spec.format
    kinds = {path: _format(path, name) for path in paths}
    first = kinds[paths[0]]
    for path, kind in kinds.items():
        if kind != first:
            raise SourceError(
                f"{paths[0].name} is {first} and {path.name} is {kind}; make them two sources, or mend `path`.",
                where=f"source {name}",
            )
    return first


def _format(path: Path, name: str) -> Format:
    bare = Path(path.stem) if path.suffix.lower() in PACKED else path
    if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path) and bare.suffix.lower() not in FORMATS:
        bare = Path(members(path, name)[0])
    kind = FORMATS.get(bare.suffix.lower())
    if kind is None:
        raise SourceError(
            f"{path.name} has an unknown ending; set `format:` to csv, tsv, json, jsonl, parquet or excel.",
            where=f"source {name}",
        )
    return kind


def _origin(path: Path, name: str) -> Origin:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}.", where=f"source {name}") from None
    return Origin(name, path.name, digest.hexdigest(), size)


def _unpacked(path: Path, name: str, place: Place, number: int) -> Path:
    """The file itself, or its unpacked copy in the scratch folder."""
    if path.suffix.lower() not in PACKED:
        return path
    target = place.scratch / f"{name}-{number}" / path.stem
    target.parent.mkdir(parents=True, exist_ok=True)
    with stream(path, name) as raw, target.open("wb") as out:
        while chunk := raw.read(CHUNK):
            out.write(chunk)
    return target
