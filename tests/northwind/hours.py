"""Working time at Northwind: from Monday to Friday, nine to half past five in London, closed at Christmas."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.northwind import truth
from tests.northwind.dice import Dice

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


def zulu(moment: datetime) -> str:
    """A local moment as most systems write it: ISO 8601 to the second, in UTC."""
    return utc(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def mondays(end: date = truth.EXPORTED) -> list[date]:
    """The Mondays from the first week of the exports to that before `end`."""
    first = truth.FIRST_DAY - timedelta(days=truth.FIRST_DAY.weekday())
    return [first + timedelta(weeks=i) for i in range((end - first).days // 7 + 1)]


def begins(monday: date, dice: Dice) -> datetime:
    """When a change is begun: on a working day of the week, now and then on a Saturday evening."""
    days = [d for i in range(5) if works(d := monday + timedelta(days=i))]
    day, hour, weekend = dice.pick(days), 9.1 + 8 * dice.uniform(), dice.chance(0.02)
    moment = datetime.combine(day, time()) + timedelta(hours=hour)
    return (
        moment
        if not weekend
        else datetime.combine(monday + timedelta(days=5), time(20, 5)) + timedelta(minutes=1) * hour
    )
