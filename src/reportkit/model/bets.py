"""Bets, and what became of them. Values only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Literal

from reportkit.model.needle import Better, Needle
from reportkit.model.params import Bet
from reportkit.model.period import Quarter


class Outcome(StrEnum):
    """What became of a bet; the value is what a record and a table say."""

    HIT = "hit"
    MISSED = "missed"
    TOO_EARLY = "too early"
    NO_NUMBER = "no number"


@dataclass(frozen=True)
class Promise:
    """One bet as the ledger holds it: as it stood when its window opened, and how it was changed afterwards.

    `source` says who knows when it was written: git's history, or the params themselves.
    """

    needle: str
    direction: Better
    target: float  # in the needle's unit
    deadline: date
    opens: date
    owners: tuple[str, ...] = ()
    written: date | None = None
    source: Literal["git", "params"] = "params"
    changed: str = ""  # a sentence; '' where it stands as it was written

    def quarter(self, first_month: int = 1) -> Quarter:
        """The quarter by whose number it is judged: the one that holds the deadline."""
        return Quarter.of(self.deadline, first_month)

    def outcome(self, value: float, today: date) -> Outcome:
        """Hit or missed once the deadline is past on `today`; `value` is the needle in the deadline's quarter, NaN for none."""
        if self.deadline >= today:
            return Outcome.TOO_EARLY
        if math.isnan(value):
            return Outcome.NO_NUMBER
        return Outcome.HIT if self.met(value) else Outcome.MISSED

    def met(self, value: float) -> bool:
        """Whether a value is at the target or beyond it."""
        return value <= self.target if self.direction == "lower" else value >= self.target


def bet_target(bet: Bet, needle: Needle) -> float:
    """The target in the needle's unit: of a share, 95 is 95 %."""
    return bet.target / 100 if needle.unit.key == "share" and bet.target > 1 else bet.target


@dataclass(frozen=True)
class Told:
    """What the record of an earlier quarter said: its numbers by id, and by what definitions they were made."""

    quarter: str
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    definitions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
