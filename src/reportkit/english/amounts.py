"""Effects, intervals and levels in words: the parts that the sentences of `english` are made of."""

from __future__ import annotations

import math
from dataclasses import replace

from reportkit.english.words import percent, percent_size
from reportkit.model.evidence import Evidence, Grade, Guard
from reportkit.model.kind import Duration, Stock
from reportkit.model.needle import Needle
from reportkit.model.unit import MINUS, THIN

CI = "95% CI"
GROWTH = "net growth"  # what a stock is weighed by: opened less closed
WIDE = 11.0  # beyond +1,000 % a ratio is told as times
TOO_SMALL = (0.05, 10.0)  # a fall to a twentieth, a tenfold rise: beyond these an MDE says only 'too small'


def signed(needle: Needle, difference: float) -> str:
    """A difference with its sign, in the needle's unit: '+4.2 points', '−6 a week'."""
    if not math.isfinite(difference):
        return "not known"
    if needle.unit.key == "share":
        bare = f"{abs(difference) * 100:.1f}".removesuffix(".0")
        text = f"{bare} {'point' if bare == '1' else 'points'}"
    else:
        text = needle.unit.text(abs(difference)) + (" a week" if isinstance(needle.kind, Stock) else "")
    if not any(c in "123456789" for c in text):
        return text
    return f"{MINUS if difference < 0 else '+'}{text}"


def effect(evidence: Evidence, needle: Needle) -> str:
    """The effect as a signed change: '−78%' or '+4.2 points'; as '×4.2' where its interval is too wide for per cent."""
    if _wide(evidence):
        return times(evidence.effect)
    return percent(evidence.effect) if evidence.scale == "ratio" else signed(needle, evidence.effect)


def interval(evidence: Evidence, needle: Needle) -> str:
    """The interval: '−86 to −65%'; '' where none may be printed."""
    if evidence.interval is None:
        return ""
    low, high = evidence.interval.low, evidence.interval.high
    if _wide(evidence):
        return f"{times(low)} to {times(high)}"
    if evidence.scale == "ratio":
        return f"{percent(low).removesuffix('%')} to {percent(high)}"
    return f"{signed(needle, low).split(' ')[0].removesuffix('%')} to {signed(needle, high)}"


def guarded(guard: Guard, evidence: Evidence, needle: Needle) -> str:
    """What a guard estimated, as the effect is written: '−3%'; '' where it estimated nothing."""
    if guard.value is None:
        return ""
    return effect(replace(evidence, effect=guard.value, interval=guard.interval), needle)


def guarded_interval(guard: Guard, evidence: Evidence, needle: Needle) -> str:
    """A guard's own interval: '−21 to +19%'; '' where it has none."""
    return interval(replace(evidence, effect=guard.value or 0.0, interval=guard.interval), needle)


def times(ratio: float) -> str:
    """A ratio as a factor: '×0.29', '×4.2', '×59'."""
    digits = 0 if ratio >= 10 else 1 if ratio >= 1 else 2
    return f"×{ratio:,.{digits}f}".replace(",", THIN)


def _wide(evidence: Evidence) -> bool:
    """Whether per cent would run into the thousands."""
    given = evidence.interval
    return evidence.scale == "ratio" and given is not None and max(given.high, evidence.effect) > WIDE


def size(evidence: Evidence, needle: Needle) -> str:
    """The effect without a sign, with its direction: '78% shorter', '4.2 points higher', 'net growth 6 a week lower'."""
    words = ("shorter", "longer") if isinstance(needle.kind, Duration) else ("lower", "higher")
    lead = f"{GROWTH} " if isinstance(needle.kind, Stock) else ""
    bare = (
        f"{percent_size(evidence.effect)}%"
        if evidence.scale == "ratio"
        else signed(needle, evidence.effect).lstrip(f"+{MINUS}")
    )
    return f"{lead}{bare} {words[0] if evidence.effect < evidence.neutral else words[1]}"


def size_interval(evidence: Evidence, needle: Needle) -> str:
    """The interval of `size`: '70–90%', '2 to 5.1 points' where both ends point the same way, else the signed one."""
    if evidence.interval is None:
        return ""
    none = evidence.neutral
    if not evidence.interval.excludes(evidence.neutral):
        return interval(evidence, needle)
    near, far = sorted((evidence.interval.low, evidence.interval.high), key=lambda end: abs(end - none))
    if evidence.scale == "ratio":
        return f"{percent_size(near)}–{percent_size(far)}%"
    low, high = (signed(needle, end).lstrip(f"+{MINUS}") for end in (near, far))
    return f"{low.split(' ')[0]} to {high}"


def from_to(evidence: Evidence, needle: Needle) -> str:
    """'from 14.2 to 3.1 days'."""
    return f"from {needle.unit.number(evidence.before.value)} to {needle.unit.text(evidence.after.value)}"


def of_what(needle: Needle) -> str:
    """'net growth ' before the effect of a stock, for its level is not what is weighed; else ''."""
    return f"{GROWTH} " if isinstance(needle.kind, Stock) else ""


def arrow(evidence: Evidence, needle: Needle) -> str:
    """'14.2 → 3.1 days'; 'not reached → 2.7 days' where a median is not reached, 'no facts' where there are none."""
    before, after = evidence.before, evidence.after
    left = needle.unit.number(before.value) if math.isfinite(before.value) else _absent(before.facts, needle)
    right = needle.unit.text(after.value) if math.isfinite(after.value) else _absent(after.facts, needle)
    return f"{left} → {right}"


def _absent(facts: int, needle: Needle) -> str:
    return "not reached" if facts and isinstance(needle.kind, Duration) else "no facts"


def known(evidence: Evidence) -> bool:
    """Whether both windows have a value to print."""
    return math.isfinite(evidence.before.value) and math.isfinite(evidence.after.value)


def verb(evidence: Evidence) -> str:
    """'fell', 'rose' or 'stayed': by the levels of the treated teams."""
    before, after = evidence.before.value, evidence.after.value
    return "stayed" if before == after else ("fell" if after < before else "rose")


def agrees(evidence: Evidence, needle: Needle) -> bool:
    """Whether the printed levels tell of the same direction as the effect; with a comparison they need not."""
    moved = evidence.after.value - evidence.before.value
    seen = needle.unit.number(evidence.before.value) != needle.unit.number(evidence.after.value)
    return seen and moved * (evidence.effect - evidence.neutral) > 0


def detectable(evidence: Evidence, needle: Needle) -> str:
    """'a fall of about 47% or more': the smallest change that would have stood out; '' where it is not known.

    Beyond a fall by 95 % or a tenfold rise it is 'even a …': `too_small` tells which.
    """
    mde = evidence.mde
    if mde is None or not math.isfinite(mde):
        return ""
    word = "fall" if mde < evidence.neutral else "rise"
    if too_small(evidence):
        return "a tenfold rise" if word == "rise" else "a fall of 95%"
    amount = percent_size(mde) + "%" if evidence.scale == "ratio" else signed(needle, mde).lstrip(f"+{MINUS}")
    if not any(c in "123456789" for c in amount):
        return ""  # nothing varies at all
    what = f"{word} in {GROWTH}" if isinstance(needle.kind, Stock) else word
    return f"a {what} of about {amount} or more"


def expected(evidence: Evidence) -> tuple[float, float, float] | None:
    """The level after the start that the comparison says would have come without the proof, with its range.

    After ÷ effect, or after − effect; a stock's by the end of the window. None without a comparison or an interval.
    """
    given, after = evidence.interval, evidence.after.value
    if evidence.grade is not Grade.A or given is None or not (math.isfinite(after) and math.isfinite(evidence.effect)):
        return None
    if evidence.scale == "ratio":
        if min(given.low, evidence.effect) <= 0:
            return None
        return after / evidence.effect, after / given.high, after / given.low
    weeks = evidence.after.weeks if evidence.kind == "Stock" else 1
    middle, low, high = (after - weeks * value for value in (evidence.effect, given.high, given.low))
    most = 1.0 if evidence.kind == "Share" else math.inf
    return max(0.0, min(most, middle)), max(0.0, min(most, low)), max(0.0, min(most, high))


def too_small(evidence: Evidence) -> bool:
    """Whether not even a fall of 95 %, or a tenfold rise, would have stood out."""
    mde = evidence.mde
    return mde is not None and evidence.scale == "ratio" and not TOO_SMALL[0] <= mde <= TOO_SMALL[1]
