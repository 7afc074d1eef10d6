"""Intervals that overlap or touch are one: two outages at once are one outage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import ibis

Table = Any
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def union(table: Table, by: Sequence[str]) -> Table:
    """One row a spell: `start`, `end` (empty: not over yet) and the columns of `by`, within which intervals are joined.

    An interval begins a new spell where it starts after every earlier one of its group has ended.
    """
    reaching = _reaching(_lasting(table, by), by)
    fresh = (reaching.reach.isnull() | (reaching.start > reaching.reach)).cast("int32")
    so_far = ibis.window(group_by=list(by), order_by=["start", "end"], preceding=None, following=0)
    numbered = reaching.mutate(fresh=fresh).mutate(spell=lambda t: t.fresh.sum().over(so_far))
    joined = numbered.group_by([*by, "spell"]).aggregate(start=lambda t: t.start.min(), end=lambda t: t.end.max())
    return joined.select(*by, "start", end=_open(joined.end))


def first(table: Table, by: Sequence[str], apart: int) -> Table:
    """The same of the first spell of each group alone; one that starts at most `apart` µs after the others ended still is of it.

    The columns of `by` are known in each row.
    """
    lasting = _lasting(table, by)
    whole = lasting.group_by(list(by)).aggregate(
        start=lasting.start.min(), last=lasting.end.max(), several=lasting.count() > 1
    )
    # An interval that is alone in its group, as most are, need not be sorted among others.
    reaching = _reaching(lasting.semi_join(whole.filter(whole.several), list(by)), by)
    later = reaching.filter(reaching.start.delta(reaching.reach, unit="microsecond") > apart)
    # What had been reached when the second spell began is the end of the first: it only grows along time.
    cut = later.group_by(list(by)).aggregate(reached=later.reach.min())
    joined = whole.left_join(cut, list(by))
    return joined.select(*by, "start", end=_open(joined.reached.fill_null(joined["last"])))


def _lasting(table: Table, by: Sequence[str]) -> Table:
    """Each interval, its end NEVER where it is not over yet."""
    return table.select(*by, start="start", end=table.end.fill_null(_never()))


def _reaching(lasting: Table, by: Sequence[str]) -> Table:
    """Each interval with `reach`, when the last of those before it has ended."""
    before = ibis.window(group_by=list(by), order_by=["start", "end"], preceding=(None, 1))
    return lasting.mutate(reach=lasting.end.max().over(before))


def _never() -> Any:
    return ibis.literal(NEVER, type="timestamp('UTC')")


def _open(end: Any) -> Any:
    return ibis.ifelse(end == _never(), ibis.null(), end)
