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
    """Events along time: numbers of their places, moments in µs, and a pyarrow Table with `at` and `id`."""

    places: Ints
    moments: Ints
    rows: Any


def latest(later: Any, earlier: Iterable[Any]) -> Any:
    """Each row of `later` with `last` and `id` of the last of `earlier` of its `place` before its `at`; empty where there is none.

    `later` is a pyarrow Table with `place`, `at` and what else it carries; `earlier` are record batches of `place`, `at`, `id`,
    along time. Of several at one moment it is that of the greatest id. Raises Unordered.
    """
    import pyarrow as pa

    coded = later["place"].dictionary_encode().combine_chunks()
    moments = numbers(later["at"])
    along = np.argsort(moments)
    places, moments = numbers(coded.indices, UNKNOWN)[along], moments[along]
    kept, found, begin = None, [], 0
    for block in earlier:
        seen = _joined(kept, _events(block, coded.dictionary))
        end = int(np.searchsorted(moments, seen.moments[-1], "right")) if len(seen.moments) else begin
        asked = slice(begin, end)
        picked, newest = _last(seen, places[asked], moments[asked], len(coded.dictionary))
        found.append(seen.rows.take(_picked(picked)))
        kept, begin = _Events(seen.places[newest], seen.moments[newest], seen.rows.take(_picked(newest))), end
    if kept is None:
        nothing = pa.nulls(len(later))
        return later.append_column("last", nothing.cast(later["at"].type)).append_column(
            "id", nothing.cast(pa.string())
        )
    picked, _ = _last(kept, places[begin:], moments[begin:], len(coded.dictionary))
    back = np.empty_like(along)
    back[along] = np.arange(len(along))
    every = pa.concat_tables([*found, kept.rows.take(_picked(picked))]).take(_picked(back))
    return later.append_column("last", every["at"]).append_column("id", every["id"])


def _events(block: Any, wanted: Any) -> _Events:
    """The events of a block at the places that something is asked for at. Raises Unordered."""
    import pyarrow as pa
    import pyarrow.compute as pc

    places, moments = numbers(pc.index_in(block["place"], value_set=wanted), NOWHERE), numbers(block["at"])
    rows = pa.Table.from_batches([block]).select(["at", "id"])
    if (moments[1:] < moments[:-1]).any():
        raise Unordered
    if (places == NOWHERE).any():
        here = np.flatnonzero(places != NOWHERE)
        places, moments, rows = places[here], moments[here], rows.take(_picked(here))
    return _Events(places, moments, rows)


def _joined(before: _Events | None, after: _Events) -> _Events:
    """The last event of each place so far, and those that come next. Raises Unordered."""
    import pyarrow as pa

    if before is None:
        return after
    if len(before.moments) and len(after.moments) and after.moments[0] < before.moments[-1]:
        raise Unordered
    return _Events(
        np.append(before.places, after.places),
        np.append(before.moments, after.moments),
        pa.concat_tables([before.rows, after.rows]).combine_chunks(),
    )


def _last(seen: _Events, places: Ints, moments: Ints, many: int) -> tuple[Ints, Ints]:
    """The row of the last event at each place before each moment, NOWHERE where there is none; and of the last one of each place, along time."""
    order = _by_place(seen.places, many)
    of = seen.places[order]
    # A key is a place and how many events were before: what is sought comes just before where its own would stand.
    keys = of * (len(order) + 1) + order
    same = of[1:] == of[:-1]
    events = _greatest_last(order, same & (seen.moments[order[1:]] == seen.moments[order[:-1]]), seen.rows["id"])
    turn = _by_place(places, many)  # what is sought in order is found sooner
    places = places[turn]
    sought = places * (len(order) + 1) + np.searchsorted(seen.moments, moments, "left")[turn]
    spot = np.searchsorted(keys, sought, "left") - 1
    there = spot >= 0
    there[there] = of[spot[there]] == places[there]
    picked = np.full(len(spot), NOWHERE)
    picked[turn[there]] = events[spot[there]]
    return picked, np.sort(events[np.append(~same, True)[: len(events)]])


def _by_place(places: Ints, many: int) -> Ints:
    """The order by place, and along time where it is the same; of few places it is counted, not compared."""
    return np.argsort(places.astype(np.min_scalar_type(-many)), kind="stable")


def _greatest_last(events: Ints, same: Any, ids: Any) -> Ints:
    """The events with those of one place and moment in order of their ids. `same`: so is the next one."""
    import pyarrow.compute as pc

    if same.any():
        several = np.flatnonzero(np.append(same, False) | np.append(False, same))
        moment = np.cumsum(np.append(True, ~same))[several]
        names = numbers(pc.rank(ids.take(_picked(events[several])), tiebreaker="dense"))
        events[several] = events[several][np.lexsort((names, moment))]
    return events


def _picked(rows: Ints) -> Any:
    """Rows to take, nothing for those below zero. Not by `pa.array`, which imports pandas."""
    import pyarrow as pa

    known = np.packbits(rows >= 0, bitorder="little")
    return pa.Array.from_buffers(pa.int64(), len(rows), [pa.py_buffer(known), pa.py_buffer(rows)])
