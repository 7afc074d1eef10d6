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
    never = ibis.literal(NEVER, type="timestamp('UTC')")
    lasting = table.select(*by, start="start", end=table.end.fill_null(never))
    before = ibis.window(group_by=list(by), order_by=["start", "end"], preceding=(None, 1))
    flagged = lasting.mutate(reach=lasting.end.max().over(before))
    fresh = (flagged.reach.isnull() | (flagged.start > flagged.reach)).cast("int32")
    so_far = ibis.window(group_by=list(by), order_by=["start", "end"], preceding=None, following=0)
    numbered = flagged.mutate(fresh=fresh).mutate(spell=lambda t: t.fresh.sum().over(so_far))
    joined = numbered.group_by([*by, "spell"]).aggregate(start=lambda t: t.start.min(), end=lambda t: t.end.max())
    return joined.select(*by, "start", end=ibis.ifelse(joined.end == never, ibis.null(), joined.end))
