"""The five kinds of needle: what a fact gives, how a period is summed up, how two are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from reportkit.model import unit as units
from reportkit.model.unit import Unit

Expr = Any  # an Ibis deferred expression over the entity's columns, such as `_.merged_at`
Scale = Literal["ratio", "difference"]


@dataclass(frozen=True)
class Duration:
    """A span from `start` to `end`; `end` may be missing: the fact is still open.

    A period's summary is the median of the facts that ended in it, with the share still open
    at its end. Compared as the ratio of two medians (EVIDENCE E2).
    """

    start: Expr
    end: Expr
    unit: Unit = units.DAYS
    name: ClassVar[str] = "Duration"
    scale: ClassVar[Scale] = "ratio"


@dataclass(frozen=True)
class Rate:
    """Facts counted over covered time; `at` says when each happened. Compared as a ratio of rates."""

    at: Expr
    per: Literal["week", "month"] = "week"
    name: ClassVar[str] = "Rate"
    scale: ClassVar[Scale] = "ratio"

    @property
    def unit(self) -> Unit:
        """'a week' or 'a month'."""
        return units.PER_WEEK if self.per == "week" else units.PER_MONTH


@dataclass(frozen=True)
class Share:
    """Of all facts (`at`), those for which `yes` is true. Compared as a difference in points."""

    at: Expr
    yes: Expr
    unit: Unit = units.SHARE
    name: ClassVar[str] = "Share"
    scale: ClassVar[Scale] = "difference"


@dataclass(frozen=True)
class Ratio:
    """Σ `numerator` ÷ Σ `denominator`, never a mean of ratios. Compared as a ratio."""

    at: Expr
    numerator: Expr
    denominator: Expr
    unit: Unit = units.NUMBER
    name: ClassVar[str] = "Ratio"
    scale: ClassVar[Scale] = "ratio"


@dataclass(frozen=True)
class Stock:
    """Facts open at a moment: `opened` by then, not yet `closed`. Compared by weekly net flow."""

    opened: Expr
    closed: Expr
    unit: Unit = units.COUNT
    name: ClassVar[str] = "Stock"
    scale: ClassVar[Scale] = "difference"


Kind = Duration | Rate | Share | Ratio | Stock
