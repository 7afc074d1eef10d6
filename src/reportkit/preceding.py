"""The latest of some events before each of others, in this process: a walk along time, block by block.

DuckDB's own join for that sorts both sides with all they carry, and picks any of several events of one moment. Here only
whole numbers are sorted, as few at a time as a processor's cache holds, while the engine reads the next ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportkit.snapshot import numbers

Ints = NDArray[np.int64]
BLOCK = 1 << 17  # events looked at together
NOWHERE, UNKNOWN = -1, -2  # the place of an event where nothing is asked for, and of what is asked for at no place


class Unordered(Exception):  # noqa: N818  (whoever asked may ask again, in order)
    """Events did not come along time."""


@dataclass
class _Events:
    """Events along time: the numbers of their places, moments in µs, and the numbers that they are known by."""

    places: Ints
    moments: Ints
    ids: Ints

    def __getitem__(self, which: Any) -> _Events:
        return _Events(self.places[which], self.moments[which], self.ids[which])


def latest(later: Any, earlier: Iterable[Any]) -> Any:
    """Each row of `later` with `last` and `id` of the last of `earlier` of its `place` before its `at`; empty where there is none.

    `later` is a pyarrow Table with `place`, `at` and what else it carries; `earlier` are record batches of `place`, `at` and
    the whole number `id`, along time. Of several at one moment it is the one that comes last. Raises Unordered.
    """
    import pyarrow as pa

    coded = later["place"].dictionary_encode().combine_chunks()
    moments = numbers(later["at"])
    along = np.argsort(moments)
    places, moments = numbers(coded.indices, UNKNOWN)[along], moments[along]
    last, ids = np.zeros(len(along), np.int64), np.full(len(along), NOWHERE)
    kept, begin = _Events(*(np.empty(0, np.int64) for _ in range(3))), 0
    many = len(coded.dictionary)

    def find(seen: _Events, asked: slice) -> Ints:
        picked, newest = _last(seen, places[asked], moments[asked], many)
        there = np.flatnonzero(picked != NOWHERE)
        last[asked][there], ids[asked][there] = seen.moments[picked[there]], seen.ids[picked[there]]
        return newest

    for block in earlier:
        seen = _joined(kept, _events(block, coded.dictionary))
        end = int(np.searchsorted(moments, seen.moments[-1], "right")) if len(seen.moments) else begin
        kept, begin = seen[find(seen, slice(begin, end))], end
    find(kept, slice(begin, None))
    back = np.empty_like(along)
    back[along] = np.arange(len(along))
    known = ids[back] != NOWHERE
    found = later.append_column("last", _column(last[back], known, later["at"].type))
    return found.append_column("id", _column(ids[back], known, pa.int64()))


def _events(block: Any, wanted: Any) -> _Events:
    """The events of a block at the places that something is asked for at. Raises Unordered."""
    import pyarrow.compute as pc

    places = numbers(pc.index_in(block["place"], value_set=wanted), NOWHERE)
    events = _Events(places, numbers(block["at"]), numbers(block["id"]))
    if (events.moments[1:] < events.moments[:-1]).any():
        raise Unordered
    return events[places != NOWHERE] if (places == NOWHERE).any() else events


def _joined(before: _Events, after: _Events) -> _Events:
    """The last event of each place so far, and those that come next. Raises Unordered."""
    if len(before.moments) and len(after.moments) and after.moments[0] < before.moments[-1]:
        raise Unordered
    return _Events(
        np.append(before.places, after.places),
        np.append(before.moments, after.moments),
        np.append(before.ids, after.ids),
    )


def _last(seen: _Events, places: Ints, moments: Ints, many: int) -> tuple[Ints, Ints]:
    """Which is the last event at each place before each moment, NOWHERE where there is none; and the last one of each place, along time."""
    order = _by_place(seen.places, many)
    of = seen.places[order]
    # A key is a place and how many events were before: what is sought comes just before where its own would stand.
    keys = of * (len(order) + 1) + order
    turn = _by_place(places, many)  # what is sought in order is found sooner
    places = places[turn]
    sought = places * (len(order) + 1) + np.searchsorted(seen.moments, moments, "left")[turn]
    spot = np.searchsorted(keys, sought, "left") - 1
    there = spot >= 0
    there[there] = of[spot[there]] == places[there]
    picked = np.full(len(spot), NOWHERE)
    picked[turn[there]] = order[spot[there]]
    return picked, np.sort(order[np.append(of[1:] != of[:-1], True)[: len(of)]])


def _by_place(places: Ints, many: int) -> Ints:
    """The order by place, and along time where it is the same; of few places it is counted, not compared."""
    return np.argsort(places.astype(np.min_scalar_type(-many)), kind="stable")


def _column(values: Ints, known: NDArray[np.bool_], kind: Any) -> Any:
    """Whole numbers, or times in µs, as a column of pyarrow. Not by `pa.array`, which imports pandas."""
    import pyarrow as pa

    there = np.packbits(known, bitorder="little")
    raw = pa.int64() if kind == pa.int64() else pa.timestamp("us", "UTC")
    return pa.Array.from_buffers(raw, len(values), [pa.py_buffer(there), pa.py_buffer(values)]).cast(kind)
