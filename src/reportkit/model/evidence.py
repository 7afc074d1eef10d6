"""What became of a bet: an effect, how sure we are, and what may be said of it. Values only."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from reportkit.model.kind import Scale
from reportkit.model.period import Window

if TYPE_CHECKING:
    import pandas as pd

NO_TEAM = "none given"  # what facts without a team (service, journey …) are grouped under


class Verdict(StrEnum):
    """The verdicts of EVIDENCE §2; the value is the word that is printed."""

    MOVED = "moved"
    GOT_WORSE = "got worse"
    HELD = "held"
    NO_MATERIAL_CHANGE = "no material change"
    NOT_SHOWN = "not shown"
    NOT_ENOUGH_DATA = "not enough data"
    INTERIM = "interim"


class Grade(StrEnum):
    """How far the design can carry a claim (EVIDENCE §2)."""

    A = "A"
    B = "B"
    C = "C"


RulerName = Literal["items", "weeks", "teams", "trend"]


@dataclass(frozen=True)
class Interval:
    """A 95 % interval on the effect's scale: a ratio (1 is no change) or a difference (0 is)."""

    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """Whether it leaves the value out."""
        return self.low > value or self.high < value


@dataclass(frozen=True)
class Ruler:
    """One of the ways to measure how sure we are; `p` is never printed bare."""

    name: RulerName
    interval: Interval
    p: float
    df: float | None = None


@dataclass(frozen=True)
class Guard:
    """One check that a claim has to pass; `text` says in a sentence what it found."""

    name: str
    passed: bool | None  # None: could not be run, `text` says why
    text: str
    value: float | None = None  # what the guard estimated, on the effect's scale
    interval: Interval | None = None


@dataclass(frozen=True)
class Level:
    """A needle in one window: its value in the needle's unit, and what it rests on.

    `value` is NaN where it cannot be had (no facts, a median that is not reached). `p85`, `typical` and `median` are there
    for durations: the value that 85 % do not exceed, and the statistics of which `value` is the one declared.
    """

    value: float
    facts: int
    closed: int  # of those facts; equal to `facts` where nothing can be open
    teams: int
    weeks: int
    window: Window
    p85: float = float("nan")
    typical: float = float("nan")  # restricted geometric mean
    median: float = float("nan")


def _no_weeks() -> pd.DataFrame:
    import pandas as pd  # verdicts and grades are known without it

    return pd.DataFrame()


@dataclass(frozen=True)
class Evidence:
    """Everything a page needs to say about one needle in one proof.

    `effect` and `interval` are on `scale`: 'ratio' is after ÷ before (0.29 is 71 % less),
    'difference' is after − before in the needle's unit. With a comparison group the effect is
    net of the comparison's own change. `better` says which way is good.
    """

    needle: str
    proof: str
    kind: str
    better: Literal["lower", "higher"]
    scale: Scale
    verdict: Verdict
    grade: Grade
    reason: str  # one sentence where the verdict is not 'moved', 'got worse' or 'held', else ''
    design: str  # 'before and after in 6 teams' / '… against 5 comparison teams'
    before: Level
    after: Level
    comparison_before: Level | None = None
    comparison_after: Level | None = None
    effect: float = float("nan")
    interval: Interval | None = None  # None: no interval may be printed
    p: float = float("nan")
    p_adjusted: float = float("nan")
    ruler: RulerName | None = None  # the widest; 'trend' where the interval spans what a trend would leave too
    rulers: tuple[Ruler, ...] = ()
    guards: tuple[Guard, ...] = ()
    mde: float | None = None  # smallest detectable effect, on the effect's scale
    statistic: str = ""  # 'median', 'typical', 'rate' …
    teams: tuple[str, ...] = ()  # treated teams in both windows
    solid: int = 0  # how many of them have facts enough to count as teams
    left_out: tuple[str, ...] = ()  # treated teams without data in one of the windows
    comparison_teams: tuple[str, ...] = ()
    headline: bool = False  # a declared headline needle
    headlines: int = 1  # how many were declared: the N of 'survives alone, not among N'
    amended: str = ""  # how the proof was changed after its read-out, a sentence
    notes: tuple[str, ...] = ()  # footnotes: seasons, a source that changed …
    method: str = ""  # how it was worked out, in plain words
    #: tidy: week (Monday), group ('treated' | 'comparison'), value (needle's unit), facts, phase ('before' | 'settling' | 'after')
    weekly: pd.DataFrame = field(default_factory=_no_weeks, compare=False, repr=False)

    @property
    def neutral(self) -> float:
        """No change, on the effect's scale."""
        return 1.0 if self.scale == "ratio" else 0.0

    @property
    def sampled(self) -> Interval | None:
        """The widest interval that facts, weeks and teams give; `interval` may be wider, where a trend is not ruled out."""
        known = [r for r in self.rulers if r.name != "trend"]
        return max(known, key=lambda r: r.interval.high - r.interval.low).interval if known else None

    @property
    def good(self) -> bool | None:
        """Whether the effect points the way it should; None where there is none."""
        if math.isnan(self.effect) or self.effect == self.neutral:
            return None
        return (self.effect < self.neutral) == (self.better == "lower")

    @property
    def causal(self) -> bool:
        """Whether a sentence may say that the number fell or rose through the proof's dates: A or B, and moved or worse."""
        return self.grade is not Grade.C and self.verdict in (Verdict.MOVED, Verdict.GOT_WORSE)
