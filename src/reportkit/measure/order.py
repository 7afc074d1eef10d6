"""Facts whose times run backwards: how long they took nobody knows, so they are in no number that asks.

A contract rejects most of them. It does not order all times (commits are rewritten after a change was put up for review),
and a mapping may keep what it would reject.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportkit import entities
from reportkit.measure.needs import made_of
from reportkit.model.needle import Needle
from reportkit.snapshot import Snapshot

Table = Any


def forward(picked: Mapping[str, Any]) -> list[Any]:
    """The conditions that a fact, in the shape of its kind, does not end before it starts."""
    pairs = (("start", "end"), ("at", "until"))
    return [picked[b].isnull() | (picked[b] >= picked[a]) for a, b in pairs if {a, b} <= picked.keys()]


def conditions(snapshot: Snapshot, needle: Needle, rows: Table) -> list[Any]:
    """The conditions that the times that the needle measures, and others between them, are in the contract's order.

    A lead time from first commit to production is not known of a change that was merged before its first commit, though
    its release wait is. None, where the mapping kept no such row.
    """
    if not snapshot.manifest.entities[needle.entity].backwards:
        return []
    pairs = [rule.order for rule in entities.find(needle.entity).rules if rule.order]
    named = set(made_of(needle))
    between = {x for first, x in pairs for y, last in pairs if x == y and first in named and last in named}
    asked = [(a, b) for a, b in pairs if {a, b} <= named | between]
    return [rows[a].isnull() | rows[b].isnull() | (rows[b] >= rows[a]) for a, b in asked]
