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

    `median`: where open facts are 'censored', the median of a period is that of its life table (Kaplan–Meier, each fact
    counting for the part of its life that lies in the period); where they stand 'apart', that of the facts that ended in it,
    as DORA has it, with the open ones told beside it. `summary` 'spread' is the 90th percentile ÷ the median.
    Compared as the ratio of two medians (EVIDENCE E2).
    """

    start: Expr
    end: Expr
    unit: Unit = units.DAYS
    median: Literal["censored", "apart"] = "censored"
    summary: Literal["median", "spread"] = "median"
    name: ClassVar[str] = "Duration"
    scale: ClassVar[Scale] = "ratio"


@dataclass(frozen=True)
class Rate:
    """Facts over covered time; `at` says when each happened. Compared as a ratio of rates.

    `counts` says what of them: 'facts'; 'days' on which there was one at least; 'spells', facts that last `until` some time,
    overlapping ones being one; 'minutes' of those spells; or the sum of `amount`. An empty `until` is: not over yet.
    """

    at: Expr
    per: Literal["week", "month", "quarter"] = "week"
    counts: Literal["facts", "days", "spells", "minutes", "amount"] = "facts"
    until: Expr | None = None
    amount: Expr | None = None
    money: Unit = units.MONEY  # what amounts are in
    name: ClassVar[str] = "Rate"
    scale: ClassVar[Scale] = "ratio"

    @property
    def unit(self) -> Unit:
        """'a week', 'minutes a month', or money a month."""
        base = {"minutes": units.MINUTES, "amount": self.money}.get(self.counts)
        return units.a(self.per, base)


@dataclass(frozen=True)
class Share:
    """Of all facts (`at`), those for which `yes` is true. Compared as a difference in points.

    With `each`, facts are observations and only the last one of each subject in a period counts; where two of one moment
    disagree, the one that is no good news. With `until`, facts stand
    from `at` until then and are counted at the period's end; `yes` is then the time from which it is true of one.
    """

    at: Expr
    yes: Expr
    each: Expr | None = None
    until: Expr | None = None
    unit: Unit = units.SHARE
    name: ClassVar[str] = "Share"
    scale: ClassVar[Scale] = "difference"


@dataclass(frozen=True)
class Per:
    """The denominator of a ratio when it comes from another entity; the two meet by period, and by the columns of `by`.

    Σ `amount` of the facts at `at`; or, with `until`, the months for which facts stood from `at` until then.
    """

    entity: str
    at: Expr
    amount: Expr | None = None
    until: Expr | None = None
    where: Expr | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ratio:
    """Σ `numerator` ÷ Σ `denominator`, never a mean of ratios. Compared as a ratio; a share of time as a difference."""

    at: Expr
    numerator: Expr
    denominator: Expr | Per
    unit: Unit = units.NUMBER
    scale: Scale = "ratio"
    name: ClassVar[str] = "Ratio"


@dataclass(frozen=True)
class Stock:
    """Facts open at a moment: `opened` by then, not yet `closed`. Compared by weekly net flow.

    With `each`, what is counted is subjects that have an open fact at least.
    """

    opened: Expr
    closed: Expr
    each: Expr | None = None
    unit: Unit = units.COUNT
    name: ClassVar[str] = "Stock"
    scale: ClassVar[Scale] = "difference"


Kind = Duration | Rate | Share | Ratio | Stock
