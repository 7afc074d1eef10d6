"""Units, and how a number in one is written."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

MINUS = "−"  # U+2212, the sign that typographers mean
NOTHING = "–"  # U+2013: where there is no number
THIN = "\u202f"  # narrow no-break space between thousands
THOUSANDS = 9_999.5  # from here on money is said in thousands
BEYOND = 1e15  # from here on a number is told by its power of ten: no line holds all of its digits
POWERS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Unit:
    """How values are written: '4.1 days', '1 day', '8.7%', '£1.92', '12.4 a week'.

    `scale` multiplies a value before it is written (100 for a share), `prefix` stands before
    the number (a currency's sign), `joint` between number and word.
    """

    key: str
    one: str
    many: str
    short: str
    scale: float = 1.0
    prefix: str = ""
    joint: str = " "
    whole: bool = False
    seconds: float | None = None
    money: bool = False

    def number(self, value: float, *, decimals: int | None = None) -> str:
        """The number alone: three significant digits at most below 1,000, '−' for minus, '–' for no number."""
        scaled = value * self.scale
        if not math.isfinite(scaled):
            return NOTHING
        if abs(scaled) >= BEYOND:
            return self._power(scaled)
        if self.money and abs(scaled) >= THOUSANDS:
            return self._large(scaled)
        digits = self._decimals(scaled) if decimals is None else decimals
        text = f"{abs(scaled):,.{digits}f}"
        if "." in text and decimals is None and not self.money:
            text = text.rstrip("0").rstrip(".")
        negative = scaled < 0 and any(c in "123456789" for c in text)
        return f"{MINUS if negative else ''}{self.prefix}{text.replace(',', THIN)}"

    def text(self, value: float, *, decimals: int | None = None) -> str:
        """Number and unit: '4.1 days'."""
        number = self.number(value, decimals=decimals)
        word = self.one if number.lstrip(MINUS) == "1" else self.many
        return f"{number}{self.joint}{word}" if word and number != NOTHING else number

    def brief(self, value: float) -> str:
        """Number and the unit's short form, for tables: '4.1 d'."""
        number = self.number(value)
        return f"{number}{self.joint}{self.short}" if self.short and number != NOTHING else number

    def round(self, value: float) -> str:
        """The value as said aloud, for headlines: '4 days' for 4.1, but '2.5 days' where a whole number is 10 % off."""
        size = abs(value * self.scale)
        if not math.isfinite(size) or size < 1 or self._nearly_all(size):
            return self.text(value)
        near = abs(round(size) - size) <= 0.1 * size
        return self.text(value, decimals=0) if near else self.text(value)

    def _decimals(self, scaled: float) -> int:
        size = abs(scaled)
        if self.whole or size == 0:
            return 0
        if self.money:
            return 2 if size < 99.995 else 0
        if self._nearly_all(size):
            return min(5, -math.floor(math.log10(100 - size)))
        if size >= 99.95:
            return 0
        if size >= 1:
            return 1
        return min(4, 1 - math.floor(math.log10(size)))  # two significant digits: 0.034

    def _large(self, value: float) -> str:
        """Money in thousands, millions or billions, three significant digits at most: '£41.2k', '£60k', '£1.04m', '£2.5bn'."""
        below = ((999_500, 1e3, "k"), (999_500_000, 1e6, "m"), (math.inf, 1e9, "bn"))
        size, letter = next((abs(value) / unit, letter) for most, unit, letter in below if abs(value) < most)
        digits = 2 if size < 9.995 else 1 if size < 99.95 else 0
        text = f"{size:,.{digits}f}".replace(",", THIN)
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return f"{MINUS if value < 0 else ''}{self.prefix}{text}{letter}"

    def _power(self, value: float) -> str:
        """'1.2 × 10¹⁸'."""
        digits, power = f"{abs(value):.1e}".split("e+")
        text = f"{digits.removesuffix('.0')}{THIN}×{THIN}10{str(int(power)).translate(POWERS)}"
        return f"{MINUS if value < 0 else ''}{self.prefix}{text}"

    def _nearly_all(self, size: float) -> bool:
        """Whether a share is near 100 % without reaching it: its nines are the message (99.96 %, never '100 %')."""
        return self.key == "share" and 99 < size < 100


MINUTES = Unit("minutes", "minute", "minutes", "min", seconds=60)
HOURS = Unit("hours", "hour", "hours", "h", seconds=3600)
DAYS = Unit("days", "day", "days", "d", seconds=86400)
SHARE = Unit("share", "%", "%", "%", scale=100, joint="")
POINTS = Unit("points", "point", "points", "pp", scale=100)
COUNT = Unit("count", "", "", "", whole=True)
NUMBER = Unit("number", "", "", "")
PER_WEEK = Unit("per week", "a week", "a week", "/ wk")
PER_MONTH = Unit("per month", "a month", "a month", "/ mo")

TIMES = Unit("times", "×", "×", "×", joint="")
MONEY = Unit("money", "", "", "", money=True)  # in whatever currency the organisation reckons

UNITS = {u.key: u for u in (MINUTES, HOURS, DAYS, SHARE, POINTS, COUNT, NUMBER, PER_WEEK, PER_MONTH, TIMES, MONEY)}
SIGNS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}


def per(what: str) -> Unit:
    """A number of something for each of something else: 'approvals a change'."""
    return Unit(what, what, what, _short(what))


def money_per(what: str) -> Unit:
    """Money for each of something: '£1.92 a customer'."""
    return replace(MONEY, key=f"money {what}", one=what, many=what, short=_short(what))


def _short(what: str) -> str:
    """'a service and month' in a table: '/ service, mo'."""
    return what.replace("a ", "/ ", 1).replace(" and month", ", mo")


def a(period: str, base: Unit | None = None) -> Unit:
    """Something a week or a month: '3 a week', '41 minutes a month', '£12.4k a month'."""
    short = {"week": "/ wk", "month": "/ mo", "quarter": "/ qtr"}[period]
    if base is None:
        return Unit(f"per {period}", f"a {period}", f"a {period}", short)
    return replace(base, key=f"{base.key} a {period}", one=f"{base.one} a {period}".strip(),
                   many=f"{base.many} a {period}".strip(), short=f"{base.short} {short}".strip(), joint=" ", seconds=None)  # fmt: skip


def currency(code: str, unit: Unit = MONEY) -> Unit:
    """A unit of money in an ISO 4217 currency: '£1.92' for GBP, '12.40 CHF' without a sign of its own."""
    sign = SIGNS.get(code, "")
    word = "" if sign else f"{code} "
    return replace(unit, key=unit.key.replace("money", code), prefix=sign, joint=" " if unit.many or word else "",
                   one=f"{word}{unit.one}".strip(), many=f"{word}{unit.many}".strip(), short=f"{word}{unit.short}".strip())  # fmt: skip


def plural(count: float, one: str, many: str | None = None) -> str:
    """'1 team', '3 teams', '1 804 changes': a count with its noun."""
    noun = one if count == 1 else (many or f"{one}s")
    return f"{COUNT.number(count)} {noun}"
