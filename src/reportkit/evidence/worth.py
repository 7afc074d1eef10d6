"""From evidence to money: what was saved × how often × what one is worth, less what it cost, with every range carried through.

What a needle saved is the level without the proof less the level with it: of a comparison what it says would have come,
else the level before. Only evidence that may be called a change counts, harm included; grade C never does (EVIDENCE §2).
The range is the root of the sum of squares of what each assumption, and the evidence's own interval, moves alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reportkit.english import remarks
from reportkit.english.sentences import VERDICTS
from reportkit.model.evidence import Evidence, Grade, Verdict
from reportkit.model.kind import Duration, Rate, Ratio, Share, Stock
from reportkit.model.needle import Needle
from reportkit.model.params import Amount, Money, Worth
from reportkit.model.worth import Range, Return, Saving, Swing

YEAR = 365.2425 / 7  # weeks
PERIODS = {"week": 1.0, "month": YEAR / 12, "quarter": YEAR / 4}  # in weeks
EFFECT = "effect"
Values = Mapping[str, float]
Pair = tuple[Evidence, Needle]


@dataclass(frozen=True)
class _Input:
    """One thing that the answer hangs on."""

    name: str
    value: Range
    unit: str
    because: str


@dataclass(frozen=True)
class _Sums:
    """The answer for one set of values."""

    savings: tuple[float, ...]
    cost: float
    engineer: float  # what one costs over the weeks

    @property
    def benefit(self) -> float:
        return sum(self.savings)

    @property
    def net(self) -> float:
        return self.benefit - self.cost

    @property
    def roi(self) -> float:
        return self.net / self.cost if self.cost else math.nan

    @property
    def engineers(self) -> float:
        return self.benefit / self.engineer if self.engineer else math.nan


def returned(pairs: Sequence[Pair], proof: str, money: Money) -> Return | None:
    """What a proof returned; None where no needle of it has a worth."""
    valued = [(e, n) for e, n in pairs if e.needle in money.worth]
    if not valued:
        return None
    counted = [(e, n) for e, n in valued if not _excluded(e, n, money.worth[e.needle])]
    inputs = {one.name: one for one in _inputs(counted, proof, money)}
    likely = {name: one.value.likely for name, one in inputs.items()}

    def answer(values: Values) -> _Sums:
        return _answer(counted, proof, money, values)

    def ranged(of: Callable[[_Sums], float]) -> Range:
        return _ranged(of, answer, inputs, likely)

    costed = proof in money.proofs
    return Return(
        proof=proof,
        weeks=likely["weeks"],
        savings=tuple(Saving(e.needle, _units(e, n, likely), ranged(_nth(i))) for i, (e, n) in enumerate(counted)),
        benefit=ranged(lambda s: s.benefit),
        cost=ranged(lambda s: s.cost) if costed else None,
        net=ranged(lambda s: s.net),
        roi=ranged(lambda s: s.roi) if costed and likely["once"] > 0 else None,
        engineers=ranged(lambda s: s.engineers),
        swings=_swings(answer, inputs, likely),
        left_out=tuple((e.needle, reason) for e, n in valued if (reason := _excluded(e, n, money.worth[e.needle]))),
    )


def _nth(i: int) -> Callable[[_Sums], float]:
    return lambda sums: sums.savings[i]


def _excluded(e: Evidence, needle: Needle, worth: Worth) -> str:
    """Why an evidence has no part in money, '' where it has."""
    if isinstance(needle.kind, Ratio) and worth.volume is None:
        return remarks.NO_VOLUME
    if e.grade is Grade.C:
        return remarks.TOO_FEW_TEAMS
    if e.verdict not in (Verdict.MOVED, Verdict.GOT_WORSE):
        return VERDICTS[e.verdict].lower()
    return "" if e.interval is not None and math.isfinite(e.after.value) else remarks.NO_INTERVAL


# ---- what the answer hangs on ----------------------------------------------------------------------------------------


def _inputs(counted: Sequence[Pair], proof: str, money: Money) -> Iterator[_Input]:
    measured = max((e.after.weeks for e, _ in counted), default=0)
    weeks = Amount(likely=measured, because=remarks.WEEKS_MEASURED)
    yield _input("weeks", money.weeks or weeks, "weeks")
    yield _input("engineer_year", money.engineer_year, "money")
    yield _input("hours_year", money.hours_year, "hours")
    for e, _ in counted:
        if e.interval is None:
            continue
        yield _Input(
            f"{e.needle}.{EFFECT}",
            Range(e.effect, e.interval.low, e.interval.high),
            e.scale,
            remarks.AS_SHOWN,
        )
        worth = money.worth[e.needle]
        amount = worth.hours or worth.money
        if amount:
            yield _input(f"{e.needle}.worth", amount, "hours" if worth.hours else "money")
        if worth.volume:
            yield _input(f"{e.needle}.volume", worth.volume, "count")
    cost = money.proofs.get(proof)
    if cost:
        yield _input("once", cost.once, "money")
        if cost.a_week:
            yield _input("a_week", cost.a_week, "money")


def _input(name: str, amount: Amount, unit: str) -> _Input:
    return _Input(name, Range(amount.likely, *amount.ends), unit, amount.because)


def _answer(counted: Sequence[Pair], proof: str, money: Money, values: Values) -> _Sums:
    hour = values["engineer_year"] / values["hours_year"]
    savings = tuple(_money(e, n, values) * (hour if money.worth[e.needle].hours else 1.0) for e, n in counted)
    cost = values.get("once", 0.0) + values.get("a_week", 0.0) * values["weeks"] if proof in money.proofs else 0.0
    return _Sums(savings, cost, values["engineer_year"] * values["weeks"] / YEAR)


def _money(e: Evidence, needle: Needle, values: Values) -> float:
    """What the needle saved, in hours or money; above 0 is better."""
    return _units(e, needle, values) * values[f"{e.needle}.worth"]


def _units(e: Evidence, needle: Needle, values: Values) -> float:
    """Units of the needle saved over all weeks; above 0 is better."""
    return _saved(e, needle, values[f"{e.needle}.{EFFECT}"], values.get(f"{e.needle}.volume")) * values["weeks"]


def _saved(e: Evidence, needle: Needle, effect: float, volume: float | None) -> float:
    """Units of the needle saved a week: of one fact times the facts, or of a count; above 0 is better."""
    change = _change(e, effect) * (1 if needle.better == "higher" else -1)
    match needle.kind:
        case Rate(per=per):
            return change / PERIODS[per]
        case Stock():
            return change
        case Duration() | Share():
            return change * (e.after.facts / max(1, e.after.weeks) if volume is None else volume)
    return change * (1.0 if volume is None else volume)


def _change(e: Evidence, effect: float) -> float:
    """The level with the proof less the one without it, in the needle's unit.

    With a comparison the level after stands, and what would have come is worked out; without one the level before stands.
    """
    if e.scale == "difference":
        return effect
    if e.grade is Grade.A:
        return e.after.value * (1 - 1 / effect) if effect > 0 else math.nan
    return e.before.value * (effect - 1)


def _ranged(
    of: Callable[[_Sums], float], answer: Callable[[Values], _Sums], inputs: Mapping[str, _Input], likely: Values
) -> Range:
    """The likely value and the root of the sum of squares of what each input moves it down and up, alone."""
    middle = of(answer(likely))
    down = up = 0.0
    for name, one in inputs.items():
        ends = [of(answer({**likely, name: end})) - middle for end in (one.value.low, one.value.high)]
        down += min(0.0, *ends) ** 2
        up += max(0.0, *ends) ** 2
    return Range(middle, middle - math.sqrt(down), middle + math.sqrt(up))


def _swings(answer: Callable[[Values], _Sums], inputs: Mapping[str, _Input], likely: Values) -> tuple[Swing, ...]:
    """Every input with the net return at its two ends, the one that moves it most first."""
    found = [
        Swing(name, one.value, one.unit, one.because, (answer({**likely, name: one.value.low}).net, answer({**likely, name: one.value.high}).net))
        for name, one in inputs.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda swing: (-swing.size, swing.name)))
