"""The latest of some events before each of others, in this process: sorts of whole numbers, and a search in each place's own.

DuckDB's own join for that sorts both sides with all they carry, and picks any of several events of one moment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportkit.snapshot import microseconds

Ints = NDArray[np.int64]


def latest(later: Any, earlier: Any) -> Any:
    """Each row of `later` with `last` and `id` of the last row of `earlier` of its `place` before its `at`; empty where there is none.

    Both are pyarrow Tables: `later` has `place`, `at` and what else it carries; `earlier` has `place`, `at`, `id`. Of several at one
    moment it is that of the greatest id.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = earlier["place"].dictionary_encode().combine_chunks()
    places = coded.dictionary
    theirs, ours = _whole(coded.indices), _whole(pc.index_in(later["place"], value_set=places).fill_null(len(places)))
    before, at = (_whole(microseconds(table["at"])) for table in (earlier, later))
    ids = earlier["id"].combine_chunks()
    found = np.full(len(at), -1)
    for asked, known in zip(_by_place(ours, at, len(places)), _by_place(theirs, before, len(places)), strict=True):
        times = before[known]
        if (times[1:] == times[:-1]).any():
            names = _whole(pc.rank(ids.take(known), tiebreaker="dense"))
            known = known[np.lexsort((names, times))]  # noqa: PLW2901
        last = np.searchsorted(times, at[asked], "left") - 1
        found[asked] = np.where(last >= 0, known[last], -1)
    picked = pa.array(found, mask=found < 0)
    return later.append_column("last", earlier["at"].take(picked)).append_column("id", ids.take(picked))


def _by_place(places: Ints, times: Ints, count: int) -> list[Ints]:
    """The rows of each place from 0 to `count`, without it, in order of time."""
    small = places.astype(np.int16) if count < 2**15 else places  # sorted by its digits, in one go
    if (times[1:] >= times[:-1]).all():
        order = np.argsort(small, kind="stable")
    else:
        in_time = np.argsort(times, kind="stable")
        order = in_time[np.argsort(small[in_time], kind="stable")]
    return np.split(order, np.bincount(places, minlength=count).cumsum()[:count])[:count]


def _whole(column: Any) -> Ints:
    return np.asarray(column.to_numpy(), np.int64)
