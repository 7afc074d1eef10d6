"""Chance that falls the same on every machine: all draws come from one guaranteed stream of uniform numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")
NORMAL = NormalDist()
WEEKS = 106  # of the exports


class Dice:
    """A named stream: another stream's draws do not disturb it."""

    def __init__(self, seed: int, *name: object) -> None:
        self._random = Random("/".join(map(str, (seed, *name))))

    def uniform(self) -> float:
        """A number in (0, 1)."""
        return min(max(self._random.random(), 1e-12), 1 - 1e-12)

    def chance(self, share: float) -> bool:
        """True in the given share of throws."""
        return self.uniform() < share

    def normal(self) -> float:
        """A standard normal number."""
        return NORMAL.inv_cdf(self.uniform())

    def exponential(self) -> float:
        """A standard exponential number."""
        return -math.log(self.uniform())

    def around(self, median: float, spread: float) -> float:
        """A lognormal number with the given median; `spread` is the standard deviation of its logarithm."""
        return median * math.exp(spread * self.normal())

    def count(self, mean: float) -> int:
        """A Poisson number."""
        left, k, term = self.uniform(), 0, math.exp(-mean)
        while left > term and k < 1000:
            left -= term
            k += 1
            term *= mean / k
        return k

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[int(self.uniform() * len(options))]


def walk(dice: Dice, memory: float, spread: float, weeks: int = WEEKS) -> list[float]:
    """A weekly factor around 1 that remembers the week before."""
    level, factors = 0.0, []
    for _ in range(weeks):
        level = memory * level + math.sqrt(1 - memory**2) * spread * dice.normal()
        factors.append(math.exp(level))
    return factors
