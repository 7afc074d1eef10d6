"""What a proof returned, with its range and what the answer hangs on. Values only."""

from __future__ import annotations

from dataclasses import dataclass

HALF = 0.5  # of an engineer: less than that is negligible


@dataclass(frozen=True)
class Range:
    """A likely value, and how low and high it may be."""

    likely: float
    low: float
    high: float

    @property
    def crosses_zero(self) -> bool:
        """Whether it may as well be nothing, or the other way round."""
        return self.low <= 0 <= self.high


@dataclass(frozen=True)
class Saving:
    """What one needle saved (less than 0: cost more): units of the needle over all facts and weeks, and money."""

    needle: str
    units: float
    money: Range


@dataclass(frozen=True)
class Swing:
    """An assumption: what it was taken to be, and the net return where it is at its low and at its high end."""

    name: str
    value: Range
    unit: str  # 'money', 'hours', 'weeks', 'share' or 'count'
    because: str
    net: tuple[float, float]

    @property
    def size(self) -> float:
        """By how much it moves the net return."""
        return abs(self.net[1] - self.net[0])


@dataclass(frozen=True)
class Return:
    """What a proof returned over `weeks`: savings less cost. `engineers` are what the savings would employ in that time.

    Ranges hold the evidence's interval and every assumption's range, taken to be independent of one another.
    """

    proof: str
    weeks: float
    savings: tuple[Saving, ...]
    benefit: Range
    cost: Range | None  # total cost of ownership: None where nobody says what the proof cost
    net: Range
    roi: Range | None  # net ÷ cost
    engineers: Range
    swings: tuple[Swing, ...] = ()  # the one that moves the answer most first
    left_out: tuple[tuple[str, str], ...] = ()  # needle, why it has no part in it

    @property
    def negligible(self) -> bool:
        """Whether what was saved would not employ half an engineer."""
        return abs(self.engineers.likely) < HALF

    @property
    def paid(self) -> bool:
        """Whether it may be called a return: more came back than was spent, in the whole range."""
        return self.roi is not None and self.roi.low > 0 and not self.negligible
