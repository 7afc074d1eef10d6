"""A needle in one period, and the sums that it is made from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reportkit.model.kind import Stock
from reportkit.model.needle import Needle
from reportkit.model.period import Window


@dataclass(frozen=True)
class Sums:
    """What the engine adds up for one window and group. `value` is what is left to be divided by the window's length for a Rate.

    `people`: how many the facts are about; None where nobody knows.
    """

    facts: int = 0
    value: float = math.nan
    open: int = 0
    people: int | None = None
    reason: str = ""


def size(needle: Needle, sums: Sums) -> int:
    """How many people the sums are about, or facts where nobody knows the people."""
    if sums.people is not None:
        return sums.people
    return sums.open if isinstance(needle.kind, Stock) else sums.facts + sums.open


@dataclass(frozen=True)
class Reading:
    """A needle in one period. `value` is NaN for a gap, whose `reason` says in a few words why there is none.

    `facts` is what the value rests on; `open` counts durations still open at the period's end. `censored`: they have their
    part in the value, as unfinished.
    """

    needle: str
    window: Window
    value: float
    facts: int
    open: int = 0
    reason: str = ""
    censored: bool = False

    @property
    def known(self) -> bool:
        """Whether there is a value at all."""
        return not math.isnan(self.value)

    @property
    def share_open(self) -> float:
        """Open facts ÷ (ended in the period + open at its end); 0 where there are none."""
        total = self.facts + self.open
        return self.open / total if total else 0.0
