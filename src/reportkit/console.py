"""What the command line shows: colour and a moving line on a terminal, plain text elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

Progress = Callable[[str], None]


@contextmanager
def progress() -> Iterator[Progress]:
    """A function that shows what is being done, in one moving line on stderr; it does nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting …") as status:
        yield lambda text: status.update(_escaped(text))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, titled: bool = False) -> None:
    """Print a table: drawn by rich on a terminal, aligned columns elsewhere, without a header unless `titled`."""
    if not rows:
        return
    if not sys.stdout.isatty():
        _plain([header, *rows] if titled else rows)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*header, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        drawn.add_row(*(_escaped(cell) for cell in row))
    Console().print(drawn)


def pairs(lines: Mapping[str, str]) -> None:
    """Print a name and a text a line, the texts aligned."""
    width = max(map(len, lines))
    for name, text in lines.items():
        sys.stdout.write(f"  {name:<{width}}  {text}\n")


def note(text: str) -> None:
    """Print a remark on stderr, so that what is on stdout stays a list of results."""
    sys.stderr.write(f"note: {text}\n")


def _plain(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
