"""The two windows of a proof on the clock: weeks in the organisation's time zone, holidays taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from reportkit.model.period import WEEK, Window, midnight, monday, next_monday

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
DAY = 86400.0


@dataclass(frozen=True)
class Timeline:
    """Before and after, whole ISO weeks each. Times are seconds since 1970."""

    before: Window
    after: Window
    time_zone: str
    holidays: tuple[date, ...] = ()

    @cached_property
    def weeks(self) -> tuple[int, int]:
        """Number of weeks before and after."""
        return len(self.before.weeks), len(self.after.weeks)

    @property
    def mondays(self) -> tuple[date, ...]:
        """Every week of both windows."""
        return (*self.before.weeks, *self.after.weeks)

    @cached_property
    def without_holidays(self) -> Bools:
        """Per week of both windows whether it holds no holiday."""
        return self.open_weeks(0)

    def open_weeks(self, late: int) -> Bools:
        """Per week of both windows, so many weeks later, whether it holds no holiday."""
        off = {monday(day) for day in self.holidays}
        return np.array([week + late * WEEK not in off for week in self.mondays], dtype=bool)

    def end(self, window: Window) -> float:
        """The instant at which a window ends."""
        return midnight(window.end, self.time_zone).timestamp()

    def ends(self, window: Window, late: Ints | None, count: int) -> Floats:
        """The instant at which a window ends, one a fact; later where the fact's team starts late."""
        if late is None:
            return np.full(count, self.end(window))
        found, place = np.unique(late, return_inverse=True)
        return np.array([self.end(shifted(window, int(weeks))) for weeks in found], dtype=float)[place]

    def week_of(self, seconds: Floats, window: Window, late: Ints | None = None) -> Ints:
        """Index of the week within the window, −1 outside; DST weeks have their own length.

        `late` moves the window by so many weeks for each of `seconds`.
        """
        if late is None:
            return self._week_of(seconds, window)
        column = np.full(len(seconds), -1, dtype=np.int64)
        for weeks in np.unique(late):
            here = late == weeks
            column[here] = self._week_of(seconds[here], shifted(window, int(weeks)))
        return column

    def _week_of(self, seconds: Floats, window: Window) -> Ints:
        edges = _edges(window, self.time_zone)
        if len(edges) == 1:
            return np.full(len(seconds), -1, dtype=np.int64)
        column = np.full(len(seconds), -1, dtype=np.int64)
        here = np.flatnonzero((seconds >= edges[0]) & (seconds < edges[-1]))  # of years of facts a window holds few
        inside = seconds[here]
        near = np.minimum(((inside - edges[0]) * (1 / (7 * DAY))).astype(np.int64), len(edges) - 2)
        near += inside >= edges[near + 1]
        near -= inside < edges[near]
        column[here] = near
        return column

    def column_of(self, seconds: Floats, late: Ints | None = None) -> Ints:
        """Index of the week over both windows together, −1 outside."""
        first, second = self.week_of(seconds, self.before, late), self.week_of(seconds, self.after, late)
        return np.where(second >= 0, second + self.weeks[0], first)

    def worked_days(self, start: Floats, end: Floats) -> Floats:
        """Days from start to end, holidays left out."""
        if not self.holidays:
            return np.asarray((end - start) / DAY)
        knots, off = _stops(self.holidays, self.time_zone)
        return np.asarray((end - np.interp(end, knots, off) - start + np.interp(start, knots, off)) / DAY)

    def with_windows(self, before: Window, after: Window) -> Timeline:
        """The same clock over other windows."""
        return replace(self, before=before, after=after)


@lru_cache(maxsize=1024)
def _edges(window: Window, time_zone: str) -> Floats:
    """Instants at which each week of the window begins, and its end: number of weeks + 1."""
    return np.array([midnight(day, time_zone).timestamp() for day in (*window.weeks, window.end)])


@lru_cache(maxsize=64)
def _stops(holidays: tuple[date, ...], time_zone: str) -> tuple[Floats, Floats]:
    """Knots of the function 'seconds of holiday up to an instant'."""
    knots, off, total = [], [], 0.0
    for day in sorted(set(holidays)):
        first, last = (midnight(d, time_zone).timestamp() for d in (day, day + timedelta(days=1)))
        knots += [first, last]
        off += [total, total + last - first]
        total += last - first
    return np.array(knots), np.array(off)


def covered(window: Window, covers: Window, today: date) -> Window:
    """The complete ISO weeks of the window that the extract covers; an empty window where there are none."""
    start = next_monday(max(window.start, covers.start))
    end = monday(min(window.end, covers.end, today))
    return Window(start, end) if start < end else Window(window.start, window.start)


def shifted(window: Window, weeks: int) -> Window:
    """The window so many weeks later."""
    return Window(window.start + weeks * WEEK, window.end + weeks * WEEK)
