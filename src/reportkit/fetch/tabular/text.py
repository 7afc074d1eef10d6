"""Text of any encoding as UTF-8 that DuckDB can read."""

from __future__ import annotations

import codecs
import io
from pathlib import Path

from reportkit.errors import SourceError
from reportkit.fetch.tabular.packed import CHUNK, PACKED, READ_BY_DUCKDB, stream

SAMPLE = 4096
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def as_utf8(path: Path, encoding: str | None, source: str, folder: Path) -> Path:
    """The file itself where it is UTF-8 with even line ends, else a converted copy of it in `folder`.

    UTF-8, UTF-16 and UTF-32 are told by themselves. Any other encoding has to be named: a guess between Latin-1, Latin-2
    and Windows-1252 would print wrong names. Raises SourceError that names the line where the text is not what it should be.
    """
    with stream(path, source) as raw:
        head = raw.read(SAMPLE)
    told = encoding or _told(head)
    direct = path.suffix.lower() in READ_BY_DUCKDB or path.suffix.lower() not in PACKED
    if told == "utf-8" and not _uneven(path, source) and direct and not head.startswith(codecs.BOM_UTF8):
        return path
    return _converted(path, "utf-8-sig" if told == "utf-8" else told, source, folder)


def head(path: Path, encoding: str | None, source: str, folder: Path) -> Path:
    """The beginning of the file in UTF-8, in `folder`: enough for its header, whatever comes after it.

    Raises SourceError that names the line where the text is not what it should be.
    """
    with stream(path, source) as raw:
        start = raw.read(CHUNK)
    told = encoding or _told(start[:SAMPLE])
    decoder = codecs.getincrementaldecoder("utf-8-sig" if told == "utf-8" else told)()
    try:
        text = decoder.decode(start, final=len(start) < CHUNK)  # a letter that the chunk's end cuts is left out
    except UnicodeDecodeError as error:
        line = 1 + error.object[: error.start].count(b"\n")
        named = "UTF-8" if told == "utf-8" else told
        raise _not(path, named, error.object[error.start], line, source) from None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (path.stem if path.suffix.lower() in PACKED else path.name)
    target.write_text(text, encoding="utf-8", newline="")
    return target


def _told(head: bytes) -> str:
    """The Unicode encoding that the first bytes show."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 > len(head):  # half of the bytes of Latin text in UTF-16 are 0
        return "utf-16-be" if even > odd else "utf-16-le"
    return "utf-8"


def _uneven(path: Path, source: str) -> bool:
    r"""Whether lines end in \n here and \r\n there, which a strict reader refuses. Raises SourceError: not UTF-8."""
    decoder, last = codecs.getincrementaldecoder("utf-8")(), b""
    bare = windows = False
    read = 0
    with stream(path, source) as file:
        while chunk := file.read(CHUNK):
            try:
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
            except UnicodeDecodeError as error:
                at = read - len(decoder.getstate()[0]) + error.start
                raise _not(path, "UTF-8", error.object[error.start], _line(path, at, source), source) from None
            split = last.endswith(b"\r") and chunk.startswith(b"\n")
            pairs = chunk.count(b"\r\n") + split if split or b"\r" in chunk else 0
            windows |= pairs > 0
            bare |= chunk.count(b"\n") > pairs if pairs else b"\n" in chunk
            read, last = read + len(chunk), chunk
    if unfinished := decoder.getstate()[0]:
        raise _not(path, "UTF-8", unfinished[0], _line(path, read, source), source)
    return windows and bare


def _line(path: Path, at: int, source: str) -> int:
    """The line, from 1, in which the byte lies."""
    line = 1
    with stream(path, source) as file:
        while at > 0 and (chunk := file.read(min(CHUNK, at))):
            line, at = line + chunk.count(b"\n"), at - len(chunk)
    return line


def _not(path: Path, encoding: str, byte: int, line: int, source: str) -> SourceError:
    mend = (
        "if Excel wrote it, set `encoding: windows-1252`"
        if encoding == "UTF-8"
        else "name the encoding that it has in `encoding:`"
    )
    return SourceError(
        f"{path.name} is not {encoding} (byte 0x{byte:02X} in line {line}); {mend}.", where=f"source {source}"
    )


def _converted(path: Path, encoding: str, source: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (path.stem if path.suffix.lower() in PACKED else path.name)
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    lines = 1
    with stream(path, source) as raw, target.open("w", encoding="utf-8", newline="") as out:
        while True:
            chunk = raw.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line = lines + error.object[: error.start].count(b"\n")
                raise _not(path, encoding, error.object[error.start], line, source) from None
            out.write(text)
            lines += text.count("\n")
            if not chunk:
                return target
