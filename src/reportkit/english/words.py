"""English grammar in small: counts in words, lists, capitals, percentages. Nothing here knows of evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reportkit.model.needle import is_plural as is_plural  # noqa: PLC0414  # a word about words
from reportkit.model.unit import COUNT, MINUS, THIN

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def count(n: int, one: str, many: str | None = None) -> str:
    """'five teams', 'one team', '14 teams'."""
    word = NUMBERS[n] if 0 <= n < len(NUMBERS) else f"{n:,}".replace(",", THIN)
    return f"{word} {one if n == 1 else (many or one + 's')}"


def listed(names: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'; '' for none."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def lower_first(text: str) -> str:
    """The text as it stands inside a sentence: 'The paved road' → 'the paved road'; 'SLA breaches', 'GitHub …' stay."""
    first = text.split(" ", 1)[0]
    return text if any(c.isupper() or c.isdigit() for c in first[1:]) else text[:1].lower() + text[1:]


TAKERS = ("team", "service", "journey")  # what may take part in a proof, by the column that says so


def group_of(by: str) -> str:
    """What a group is called that a column names: 'team', 'service', 'journey', else 'group'."""
    return by if by in TAKERS else "group"


def all_of(by: str) -> str:
    """'all teams'."""
    return f"all {group_of(by)}s"


def upper_first(text: str) -> str:
    """The text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def entity_name(key: str) -> str:
    """A table's name inside a sentence: 'change requests', 'SLO windows'."""
    return key.replace("_", " ").replace("slo ", "SLO ")


COUNTED = {  # what one fact of a table is called where its name does not say it
    "time_use": ("entry of time use", "entries of time use"),
    "usage": ("reading of usage", "readings of usage"),
    "test_coverage": ("measurement of test coverage", "measurements of test coverage"),
    "vulnerabilities": ("vulnerability", "vulnerabilities"),
}


def entity_count(n: int, key: str) -> str:
    """'8 185 changes', '1 change', '7 908 entries of time use'."""
    many = entity_name(key)
    one, many = COUNTED.get(key, (many.removesuffix("s"), many))
    return f"{COUNT.number(n)} {one if n == 1 else many}"


def stopped(text: str) -> str:
    """The text as a sentence: a capital first and one full stop last; '' stays ''."""
    bare = text.strip()
    if not bare:
        return ""
    return upper_first(bare if bare[-1] in ".!?" else f"{bare}.")


def percent(ratio: float) -> str:
    """A ratio as a signed change: 0.22 → '−78%', 1.43 → '+43%', 0.9996 → '0%'."""
    if not math.isfinite(ratio):
        return "not known"
    change = 100 * (ratio - 1)
    text = _size(abs(change), total=ratio <= 0 or change > 0)
    sign = "" if text == "0" else (MINUS if change < 0 else "+")
    return f"{sign}{text}%"


def _size(change: float, *, total: bool) -> str:
    """A change in per cent without its sign; a fall is '100' only where nothing is left."""
    digits = 0 if change >= 9.95 else 1
    if 99.5 <= change < 100 and not total:
        digits = min(2, -math.floor(math.log10(100 - change)))
        change = min(change, 99.99)
    text = f"{change:,.{digits}f}".replace(",", THIN)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent_size(ratio: float) -> str:
    """The change without sign and without '%': 0.22 → '78'."""
    return percent(ratio).strip(f"+{MINUS}%")
