"""Places for so many at once: of those who wait the one with the most to do goes first, so that the last are soon done."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """A semaphore whose waiters are let in by how much they have to do, and in the order that they came where that is the same."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: set[tuple[float, int]] = set()
        self._came = itertools.count()
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, work: float) -> Iterator[None]:
        """A place for the block; `work` in whatever unit all of them use."""
        with self._changed:
            me = (-work, next(self._came))
            self._waiting.add(me)
            try:
                self._changed.wait_for(lambda: self._free > 0 and min(self._waiting) == me)
                self._free -= 1
            finally:  # also of who was interrupted while waiting
                self._waiting.remove(me)
                self._changed.notify_all()  # there may be a place for the next one
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
