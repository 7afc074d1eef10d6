"""Which of some windows a time lies in, and what of a window an extract covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, reduce
from typing import Any
from zoneinfo import ZoneInfo

import ibis

from reportkit.model.period import Window

Table = Any
SECOND = 1_000_000  # microseconds
Numbered = Sequence[tuple[int, Window]]  # windows with their numbers
Row = dict[str, Any]  # of a life table
LEAST = 10  # where fewer than one in so many are that old yet, and others come later, a life table stands on next to nothing
CLOSE = 1e-9  # two logarithms of a survival as close as this are equal


def assigned(table: Table, column: str, windows: Numbered, time_zone: str) -> Table:
    """The rows whose time lies in one of the windows, with its number in `period`; a row once for each window that holds it."""
    return reduce(lambda a, b: a.union(b), (_inside(table, column, group, time_zone) for group in _apart(windows)))


def alive(facts: Table, windows: Numbered, time_zone: str) -> Table:
    """The facts that were open at some time of the windows, or between them."""
    spans = [window.instants(time_zone) for _, window in windows]
    begins, ends = min(first for first, _ in spans), max(last for _, last in spans)
    return facts.filter((facts.start < ends) & (facts.end.isnull() | (facts.end >= begins)))


def _inside(table: Table, column: str, windows: Numbered, time_zone: str) -> Table:
    """The rows in windows that follow one another, which may leave gaps between them."""
    # Every end of a window or a gap, in order of time: half the work of asking for both ends of each.
    ends: list[tuple[datetime, int]] = []
    for i, window in windows:
        begins, end = window.instants(time_zone)
        if ends and ends[-1][0] != begins:
            ends.append((begins, -1))
        ends.append((end, i))
    first = windows[0][1].instants(time_zone)[0]
    at = table[column]
    rows = table.filter((at >= first) & (at < ends[-1][0]))
    *before, (_, last) = ends
    at = rows[column]
    period = ibis.cases(*((at < end, i) for end, i in before), else_=last) if before else ibis.literal(last)
    found = rows.mutate(period=period)
    return found.filter(found.period >= 0) if len(ends) > len(windows) else found


def _apart(windows: Numbered) -> Iterator[list[tuple[int, Window]]]:
    """The windows in as few lists as it takes for those of one list not to overlap."""
    lists: list[list[tuple[int, Window]]] = []
    for i, window in sorted(windows, key=lambda item: item[1]):
        fitting = next((found for found in lists if found[-1][1].end <= window.start), None)
        if fitting is None:
            lists.append([(i, window)])
        else:
            fitting.append((i, window))
    yield from lists


def touched(facts: Table, windows: Numbered, time_zone: str) -> Table:
    """Each fact, once for each window at some time of which it was open: with the window's `period` (its number), `begins` and `ends`."""
    spans, there = _spans(tuple(windows), time_zone), alive(facts, windows, time_zone)
    return there.join(spans, [there.start < spans.ends, there.end.isnull() | (there.end >= spans.begins)])


@lru_cache(maxsize=64)
def _spans(windows: Numbered, time_zone: str) -> Table:
    """One row a window: `period`, `begins`, `ends`. The same few are asked for by all needles of a report."""
    numbers = ibis.array([i for i, _ in windows]).unnest().name("period").as_table()
    instants = [(i, window.instants(time_zone)) for i, window in windows]
    begins, ends = (
        ibis.cases(*((numbers.period == i, ibis.literal(at[side], "timestamp('UTC')")) for i, at in instants))
        for side in (0, 1)
    )
    return numbers.select("period", begins=begins, ends=ends)


def local_day(column: Any, time_zone: str, covers: Window) -> Any:
    """The number of the day in the zone, days since 1970, whatever engine it runs on."""
    zone, epoch = ZoneInfo(time_zone), datetime(1970, 1, 1, tzinfo=UTC)
    changes = list(_changes(zone, covers))
    offset = ibis.literal(_offset(zone, changes[-1]) if changes else _offset(zone, _noon(covers.start)))
    for at in reversed(changes):
        offset = ibis.ifelse(column < at, _offset(zone, at - timedelta(seconds=1)), offset)
    # Engines disagree on whole seconds (some cut, some round); microseconds are exact in all.
    moment = column.delta(ibis.literal(epoch), unit="microsecond") + offset.cast("int64") * SECOND
    return (moment / (86400 * SECOND)).floor().cast("int64")


def _changes(zone: ZoneInfo, covers: Window) -> Iterator[datetime]:
    """The instants inside the covered days, and a day beyond, at which the zone's offset changes."""
    for n in range(-1, covers.days + 1):
        low, high = _noon(covers.start + timedelta(days=n)), _noon(covers.start + timedelta(days=n + 1))
        if _offset(zone, low) == _offset(zone, high):
            continue
        while high - low > timedelta(minutes=1):
            middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
            low, high = (middle, high) if _offset(zone, middle) == _offset(zone, low) else (low, middle)
        yield high


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _offset(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
