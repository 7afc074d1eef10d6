"""The latest of some events before each of others, in this process: a walk along time, block by block.

DuckDB's own join for that sorts both sides with all they carry, and picks any of several events of one moment. Here only
whole numbers are sorted, and as few at a time as a processor's cache holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportkit.snapshot import numbers

Ints = NDArray[np.int64]
BLOCK = 1 << 16  # events looked at together
UNKNOWN = -2  # the place of an event that has none, which is not the one of those that are asked for beside


def latest(later: Any, earlier: Any) -> Any:
    """Each row of `later` with `last` and `id` of the last row of `earlier` of its `place` before its `at`; empty where there is none.

    Both are pyarrow Tables: `later` has `place`, `at` and what else it carries; `earlier` has `place`, `at`, `id`. Of several at one
    moment it is that of the greatest id.
    """
    import pyarrow.compute as pc

    times = earlier["at"]
    if pc.any(pc.less(times[1:], times[: max(len(times) - 1, 0)])).as_py():  # never, where facts are frozen along time
        earlier = earlier.sort_by("at")
    coded, ids = earlier["place"].dictionary_encode().combine_chunks(), earlier["id"]
    asked = numbers(pc.index_in(later["place"], value_set=coded.dictionary), -1)
    found = _walk((asked, numbers(later["at"])), (coded.indices, earlier["at"]), ids)
    picked = _picked(found)
    return later.append_column("last", earlier["at"].take(picked)).append_column("id", ids.take(picked))


def _walk(later: tuple[Ints, Ints], earlier: tuple[Ints, Any], ids: Any) -> Ints:
    """The row of the last event before each of the later ones, -1 where there is none. Each side is places and moments."""
    along = np.argsort(later[1])
    places, moments = (side[along] for side in later)
    found, begin = np.full(len(along), -1), 0
    rows, where, when = (np.empty(0, np.int64) for _ in range(3))  # of each place the last event so far, along time
    for start in range(0, len(ids), BLOCK):
        stop = min(start + BLOCK, len(ids))
        rows, where = (
            np.append(rows, np.arange(start, stop)),
            np.append(where, numbers(earlier[0][start:stop], UNKNOWN)),
        )
        when = np.append(when, numbers(earlier[1][start:stop]))
        end = len(along) if stop == len(ids) else int(np.searchsorted(moments, when[-1], "right"))
        # A key is a place and how many events were before: what is sought comes just before where its own would stand.
        keys = np.sort(where * (len(rows) + 1) + np.arange(len(rows)))
        events = keys % (len(rows) + 1)
        of, same = where[events], np.diff(where[events]) == 0
        events = _greatest_last(events, same & (np.diff(when[events]) == 0), rows, ids)
        sought = places[begin:end] * (len(rows) + 1) + np.searchsorted(when, moments[begin:end], "left")
        spot = np.searchsorted(keys, sought, "left") - 1
        there = (spot >= 0) & (of[spot] == places[begin:end])
        found[along[begin:end]] = np.where(there, rows[events[spot]], -1)
        begin, newest = end, np.sort(events[np.append(~same, True)])
        rows, where, when = rows[newest], where[newest], when[newest]
    return found


def _greatest_last(events: Ints, same: Any, rows: Ints, ids: Any) -> Ints:
    """The events of a block with those of one place and moment in order of their ids. `same`: so is the next one."""
    import pyarrow.compute as pc

    if same.any():
        several = np.flatnonzero(np.append(same, False) | np.append(False, same))
        moment = np.cumsum(np.append(True, ~same))[several]
        names = numbers(pc.rank(ids.take(_picked(rows[events[several]])), tiebreaker="dense"))
        events[several] = events[several][np.lexsort((names, moment))]
    return events


def _picked(rows: Ints) -> Any:
    """Rows to take, nothing for those below zero. Not by `pa.array`, which imports pandas."""
    import pyarrow as pa

    known = np.packbits(rows >= 0, bitorder="little")
    return pa.Array.from_buffers(pa.int64(), len(rows), [pa.py_buffer(known), pa.py_buffer(rows)])
