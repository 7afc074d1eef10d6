"""Periods: half-open `[start, end)`, in whole days of the organisation's time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reportkit.errors import ParamsError

WEEK = timedelta(days=7)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_text(day: date, *, year: bool = True) -> str:
    """'1 Jul 2026', or '1 Jul' without the year."""
    text = f"{day.day} {MONTHS[day.month - 1]}"
    return f"{text} {day.year}" if year else text


def monday(day: date) -> date:
    """The Monday of the day's ISO 8601 week."""
    return day - timedelta(days=day.weekday())


def next_monday(day: date) -> date:
    """The day itself where it is a Monday, else the first Monday after it."""
    return day if day.weekday() == 0 else monday(day) + WEEK


@dataclass(frozen=True, order=True)
class Window:
    """The days from `start` up to, not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ParamsError(f"a window ends on {self.end}, before its start on {self.start}; swap the two dates.")

    @property
    def days(self) -> int:
        """How many days the window spans."""
        return (self.end - self.start).days

    @property
    def weeks(self) -> tuple[date, ...]:
        """Mondays of the complete ISO weeks inside the window, in order."""
        first = next_monday(self.start)
        count = max(0, (self.end - first).days // 7)
        return tuple(first + WEEK * i for i in range(count))

    @property
    def months(self) -> float:
        """Length in months: each calendar month counts by the share of its days that lie inside."""
        return sum(part.days / Window(*_month(part.start)).days for part in self.by_month)

    @property
    def by_month(self) -> tuple[Window, ...]:
        """The window cut at the ends of calendar months."""
        parts, start = [], self.start
        while start < self.end:
            end = min(_month(start)[1], self.end)
            parts.append(Window(start, end))
            start = end
        return tuple(parts)

    @property
    def label(self) -> str:
        """'1 Jul – 30 Sep 2026': first and last day, the year said once where it is the same."""
        last = self.end - timedelta(days=1)
        if last <= self.start:
            return day_text(self.start)
        return f"{day_text(self.start, year=self.start.year != last.year)} – {day_text(last)}"

    def instants(self, time_zone: str) -> tuple[datetime, datetime]:
        """Start and end as UTC instants: midnight of each day in `time_zone`, DST included."""
        return midnight(self.start, time_zone), midnight(self.end, time_zone)

    def contains(self, other: Window) -> bool:
        """Whether `other` lies wholly inside."""
        return self.start <= other.start and other.end <= self.end


def _month(day: date) -> tuple[date, date]:
    """The first day of the month of `day`, and that of the next."""
    return day.replace(day=1), date(day.year + day.month // 12, day.month % 12 + 1, 1)


def midnight(day: date, time_zone: str) -> datetime:
    """The UTC instant at which `day` begins in `time_zone`."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(ZoneInfo("UTC"))


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter of a (fiscal) year; `first_month` is the month in which the year starts.

    A fiscal year is named after the calendar year in which it ends, as is usual; with
    `first_month=1` it is the calendar year.
    """

    year: int
    number: int
    first_month: int = 1

    @classmethod
    def parse(cls, text: str, first_month: int = 1) -> Quarter:
        """The quarter written as '2026-Q3'. Raises ParamsError on anything else."""
        found = re.fullmatch(r"(\d{4})-Q([1-4])", str(text))
        if not found:
            raise ParamsError(f"{text!r} is no quarter; write year and quarter like 2026-Q3 (Q1 to Q4).")
        return cls(int(found[1]), int(found[2]), first_month)

    @classmethod
    def of(cls, day: date, first_month: int = 1) -> Quarter:
        """The quarter that holds `day`."""
        months = (day.year * 12 + day.month - 1) - (first_month - 1)
        year = months // 12 + (1 if first_month > 1 else 0)
        return cls(year, months % 12 // 3 + 1, first_month)

    @property
    def window(self) -> Window:
        """The quarter's days."""
        return Window(self._start(self.number), self._start(self.number + 1))

    def _start(self, number: int) -> date:
        year = self.year - (1 if self.first_month > 1 else 0)
        months = year * 12 + self.first_month - 1 + (number - 1) * 3
        return date(months // 12, months % 12 + 1, 1)

    def shift(self, quarters: int) -> Quarter:
        """The quarter so many later (or earlier, when negative)."""
        index = self.year * 4 + self.number - 1 + quarters
        return Quarter(index // 4, index % 4 + 1, self.first_month)

    @property
    def label(self) -> str:
        """'Q3 2026'."""
        return f"Q{self.number} {self.year}"

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"
