"""The life tables of `life`, worked out in this process: sorts of whole numbers, many times as fast as the engine's windows.

The facts come over from the embedded engine, which shares this process's memory. Larger engines keep theirs, and answer in
their own words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportkit.measure.periods import CLOSE, LEAST, Row
from reportkit.snapshot import numbers

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
NEVER = np.iinfo(np.int64).max


def tables(
    facts: Any, windows: Sequence[tuple[int, int, int]], shares: Mapping[str, float], by: str | None
) -> Iterator[Row]:
    """A row a window and value of the column `by` that has facts, as `life.quantiles` describes it.

    `facts` is a pyarrow Table with `start`, `end` (empty: open) and `by`; `windows` are numbers with begin and end in µs since 1970.
    """
    import pyarrow.compute as pc

    whole = facts.combine_chunks()
    start, end = (numbers(whole[name], NEVER) for name in ("start", "end"))
    codes, names = np.zeros(len(start), np.int64), [""]
    if by is not None and len(start):
        coded = pc.dictionary_encode(whole[by], null_encoding="encode").combine_chunks()
        codes, names = numbers(coded.indices), coded.dictionary.to_pylist()
    for number, begins, ends in windows:
        alive = (start < ends) & (end >= begins)
        for name, here in _groups(alive, codes, names):
            row = _table(start[here], end[here], begins, ends, shares)
            yield row | {"period": number} | ({} if by is None else {by: name})


def _groups(alive: Flags, codes: Ints, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Each name that has facts alive, with where they are."""
    if len(names) == 1:
        if alive.any():
            yield names[0], slice(None) if alive.all() else alive
        return
    places = np.flatnonzero(alive)
    order = places[np.argsort(codes[places], kind="stable")]
    cuts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    yield from ((name, order[cuts[i] : cuts[i + 1]]) for i, name in enumerate(names) if cuts[i] < cuts[i + 1])


def _table(start: Ints, end: Ints, begins: int, ends: int, shares: Mapping[str, float]) -> Row:
    """The life table of facts that were all open at some time of the window, and did not end before they began."""
    over = end < ends
    ages, ended = np.unique(end[over] - start[over], return_counts=True)
    late, unended = np.sort(begins - start[start < begins]), np.sort(ends - start[~over])  # few, beside all
    entered = len(start) - len(late) + np.searchsorted(late, ages, "right")
    at_risk = entered - (np.cumsum(ended) - ended + np.searchsorted(unended, ages, "left"))
    thin = ages[(entered < len(start)) & (at_risk * LEAST < len(start))]
    left = 1 - ended / np.maximum(at_risk, ended + 1)
    survival = np.cumsum(np.where(ended >= at_risk, -1e9, np.log(left)))
    done = int(ended.sum())
    row: Row = {"facts": done, "open": len(start) - done, "thin": _first(thin)}
    for name, share in shares.items():
        level = math.log(1 - share)
        by, past = _first(ages[survival <= level + CLOSE]), _first(ages[survival < level - CLOSE])
        row[name] = None if by is None else (by + (by if past is None else past)) / 2
    return row


def _first(ages: Ints) -> int | None:
    return int(ages[0]) if len(ages) else None
