"""Working time at Northwind: from Monday to Friday, nine to half past five in London, closed at Christmas."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
OPENS, CLOSES = time(9, 0), time(17, 30)
DAY = timedelta(hours=8, minutes=30)
CLOSED = {
    date(year, *day)
    for year in (2024, 2025, 2026)
    for day in ((12, 25), (12, 26), (1, 1))
} | {date(2024, 12, 24), date(2025, 12, 24)}  # fmt: skip


@cache
def works(day: date) -> bool:
    """Whether anybody is at work on the day."""
    return day.weekday() < 5 and day not in CLOSED


def next_day(day: date, weekday: int | None = None) -> date:
    """The first working day after `day`, on the given weekday where one is named."""
    day += timedelta(days=1)
    while not works(day) or (weekday is not None and day.weekday() != weekday):
        day += timedelta(days=1)
    return day


def later(moment: datetime, hours: float) -> datetime:
    """The local moment after so many working hours."""
    left = timedelta(hours=hours)
    day, clock = moment.date(), moment
    while True:
        if works(day):
            opens, closes = datetime.combine(day, OPENS), datetime.combine(day, CLOSES)
            begin = max(clock, opens)
            if begin + left <= closes:
                return begin + left
            left -= max(closes - begin, timedelta(0))
        day += timedelta(days=1)
        clock = datetime.combine(day, OPENS)


def utc(moment: datetime) -> datetime:
    """The instant of a local moment."""
    return moment.replace(tzinfo=LONDON)
