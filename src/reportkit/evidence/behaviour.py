"""The behaviour chart of a weekly series (XmR, individuals and moving range): a picture, never a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SCALE = 2.66  # 3 / d₂(2) = 3 / 1.128: moving ranges of two to three standard deviations (Shewhart 1931; Wheeler)
FEWEST = 8  # values


@dataclass(frozen=True)
class Limits:
    """Mean and natural process limits of a series, in its unit."""

    mean: float
    low: float
    high: float

    def outside(self, value: float) -> bool:
        """Whether a value lies beyond the limits."""
        return math.isfinite(value) and not self.low <= value <= self.high


def limits(values: Floats, floor: float = -math.inf) -> Limits | None:
    """Mean ± 2.66 × mean moving range of the values, gaps left out; None with fewer than eight."""
    known = values[np.isfinite(values)]
    if len(known) < FEWEST:
        return None
    mean, reach = float(known.mean()), SCALE * float(np.abs(np.diff(known)).mean())
    return Limits(mean, max(floor, mean - reach), mean + reach)
