"""The bytes inside a file, whatever it is packed with."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from reportkit.errors import SourceError

READ_BY_DUCKDB = {".gz": "gzip", ".zst": "zstd"}
PACKED = {*READ_BY_DUCKDB, ".bz2", ".xz", ".zip"}
CHUNK = 1 << 20
DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, RuntimeError)  # the last: a password


@contextmanager
def stream(path: Path, source: str) -> Iterator[IO[bytes]]:
    """The unpacked bytes of a file as a stream. Raises SourceError where it is damaged."""
    try:
        with _opened(path, source) as file:
            yield file
    except DAMAGE as error:
        raise SourceError(
            f"{path.name} is damaged or cut short ({error}); export it again.", where=f"source {source}"
        ) from None


def members(path: Path, source: str) -> list[str]:
    """The name of the one file in a zip archive, as a list. Raises SourceError where it holds none or several."""
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if not n.endswith("/") and not n.startswith("__MACOSX/")]
    if len(names) != 1:
        raise SourceError(
            f"{path.name} holds {len(names) or 'no'} files; unpack it and name the one that is meant in `path`.",
            where=f"source {source}",
        )
    return names


def _opened(path: Path, source: str) -> IO[bytes]:
    match path.suffix.lower():
        case ".gz":
            return cast(IO[bytes], gzip.open(path))
        case ".bz2":
            return cast(IO[bytes], bz2.open(path))
        case ".xz":
            return cast(IO[bytes], lzma.open(path))
        case ".zst":
            import pyarrow as pa

            return cast(IO[bytes], pa.input_stream(str(path), compression="zstd"))
        case ".zip":
            return zipfile.ZipFile(path).open(members(path, source)[0])
        case _:
            return path.open("rb")
