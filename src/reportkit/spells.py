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
    return _joined(_numbered(table, by, 0), by)


def first(table: Table, by: Sequence[str], apart: int) -> Table:
    """The same of the first spell of each group alone; one that starts at most `apart` µs after the others ended still is of it."""
    return _joined(_numbered(table, by, apart).filter(lambda t: t.spell == 1), by)


def _numbered(table: Table, by: Sequence[str], apart: int) -> Table:
    """Each interval with the number of its spell, from 1; `end` is NEVER where it is not over yet."""
    never = ibis.literal(NEVER, type="timestamp('UTC')")
    lasting = table.select(*by, start="start", end=table.end.fill_null(never))
    before = ibis.window(group_by=list(by), order_by=["start", "end"], preceding=(None, 1))
    flagged = lasting.mutate(reach=lasting.end.max().over(before))
    later = flagged.start.delta(flagged.reach, unit="microsecond") > apart if apart else flagged.start > flagged.reach
    fresh = (flagged.reach.isnull() | later).cast("int32")
    so_far = ibis.window(group_by=list(by), order_by=["start", "end"], preceding=None, following=0)
    return flagged.mutate(fresh=fresh).mutate(spell=lambda t: t.fresh.sum().over(so_far))


def _joined(numbered: Table, by: Sequence[str]) -> Table:
    never = ibis.literal(NEVER, type="timestamp('UTC')")
    joined = numbered.group_by([*by, "spell"]).aggregate(start=lambda t: t.start.min(), end=lambda t: t.end.max())
    return joined.select(*by, "start", end=ibis.ifelse(joined.end == never, ibis.null(), joined.end))
