"""Facts whose times run backwards: how long they took nobody knows, so they are in no number that asks.

A contract rejects most of them. It does not order all times (commits are rewritten after a change was put up for review),
and a mapping may keep what it would reject.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from reportkit import entities
from reportkit.measure.needs import made_of
from reportkit.model.needle import Needle
from reportkit.snapshot import Snapshot

Table = Any


def forward(table: Table) -> Table:
    """The facts in the shape of their kind but for those that end before they start."""
    for start, end in (("start", "end"), ("at", "until")):
        if {start, end} <= set(table.columns):
            table = table.filter(table[end].isnull() | (table[end] >= table[start]))
    return table


def kept(snapshot: Snapshot, needle: Needle, rows: Table) -> Table:
    """The rows but for those in which times that the needle measures, or others between them, are out of the contract's order.

    A lead time from first commit to production is not known of a change that was merged before its first commit, though
    its release wait is. All of them, where the mapping kept no such row.
    """
    if not snapshot.manifest.entities[needle.entity].backwards:
        return rows
    pairs = [rule.order for rule in entities.find(needle.entity).rules if rule.order]
    named = set(made_of(needle))
    between = {x for first, x in pairs for y, last in pairs if x == y and first in named and last in named}
    asked = [(a, b) for a, b in pairs if {a, b} <= named | between]
    return reduce(
        lambda t, pair: t.filter(t[pair[0]].isnull() | t[pair[1]].isnull() | (t[pair[1]] >= t[pair[0]])), asked, rows
    )
