"""The DuckDB that takes an extract: in bounded memory, the rest on disk, in UTC, and its complaints in plain words."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from reportkit.errors import ExtractError, SourceError
from reportkit.snapshot.sql import first_line, literal

if TYPE_CHECKING:
    import duckdb

MEMORY = "REPORTKIT_MEMORY"
LEAST_MEMORY = 128 << 20
MEMORY_OF_A_THREAD = 128 << 20
GROUPS = {"": "/sys/fs/cgroup{}/memory.max", "memory": "/sys/fs/cgroup/memory{}/memory.limit_in_bytes"}
LINE = re.compile(r"CSV Error on Line: (\d+)")
FILE = re.compile(r"^\s*file = (\S.*)$", re.MULTILINE)
COUNTS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


@contextmanager
def engine(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that spills into the scratch folder what memory does not hold, and fetches nothing from anywhere."""
    import duckdb

    connection = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
    )
    limit = memory()
    threads = max(1, min(os.cpu_count() or 1, limit // MEMORY_OF_A_THREAD))
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET memory_limit = '{limit >> 20}MiB'")
        connection.execute(f"SET threads = {threads}")
        connection.execute(f"SET temp_directory = {literal(str(scratch / 'spill'))}")
        connection.execute("SET preserve_insertion_order = true")
        connection.execute("SET enable_progress_bar = false")
        yield connection
    finally:
        connection.close()


def memory() -> int:
    """Bytes that the engine may use: half of what is free to this process, or what REPORTKIT_MEMORY says in MiB."""
    told = os.environ.get(MEMORY, "")
    if told.isdigit():
        return max(LEAST_MEMORY, int(told) << 20)
    free = [int(line.split()[1]) << 10 for line in _lines("/proc/meminfo") if line.startswith("MemAvailable")]
    free += [int(line) for path in _groups() for line in _lines(path)[:1] if line.strip().isdigit()]
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    if soft != resource.RLIM_INFINITY:
        used = [int(line.split()[0]) * resource.getpagesize() for line in _lines("/proc/self/statm")]
        free.append(max(0, soft - sum(used)))
    return max(LEAST_MEMORY, min(free, default=2 << 30) // 2)


def _groups() -> Iterator[str]:
    """Files that may say how much memory the control groups of this process grant, version 2 and 1."""
    for line in _lines("/proc/self/cgroup"):
        _, kind, path = line.split(":", 2)
        for pattern in (GROUPS[k] for k in kind.split(",") if k in GROUPS):
            for group in (PurePosixPath(path), *PurePosixPath(path).parents):
                yield pattern.format(str(group).rstrip("/"))


@contextmanager
def plain_words(where: str) -> Iterator[None]:
    """Turns what the engine raises in the block into one sentence: ExtractError or SourceError with file and line."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise ExtractError(
            f"there is too little memory for this extract; free some, or set {MEMORY} to the MiB that it may use.",
            where=where,
        ) from None
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise ExtractError("the disk is full; free some space, then run it again.", where=where) from None
        raise SourceError(_sentence(error), where=where) from None


def _sentence(error: Exception) -> str:
    text = str(error)
    line, file = LINE.search(text), FILE.search(text)
    if line and file:
        return f"line {line[1]} of {Path(file[1].strip()).name} {_fault(text)}; mend the file or export it again."
    return f"the facts cannot be read: {first_line(error)}"


def _fault(text: str) -> str:
    if counts := COUNTS.search(text):
        return f"has {counts[2]} columns where the header has {counts[1]}"
    if "unterminated quote" in text:
        return "has a quote that does not end where its cell does"
    if "Maximum line size" in text:
        return "is longer than 2 MB: a quote before it may lack its end"
    return "cannot be read"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
