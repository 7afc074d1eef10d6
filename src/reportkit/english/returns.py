"""What a proof returned, in words: no return is called one that may as well be nothing."""

from __future__ import annotations

from collections.abc import Mapping

from reportkit.english.words import listed, lower_first, upper_first
from reportkit.model.kind import Duration
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.model.unit import NUMBER, SHARE, Unit, plural
from reportkit.model.worth import HALF, Range, Return, Saving, Swing

NAMES = {
    "weeks": "Weeks counted",
    "engineer_year": "An engineer, a year",
    "hours_year": "Hours an engineer works a year",
    "once": "Cost, once",
    "a_week": "Cost, a week",
}
WHY = {
    "not shown": "no change is shown", "interim": "it is not read out yet", "not enough data": "there is too little data",
    "held": "it held", "no material change": "it did not change materially",
}  # fmt: skip


def sentence(found: Return, proof: Proof, money: Unit) -> str:
    """What came back, what it cost, and whether that may be called a return."""
    name, weeks = upper_first(proof.name), plural(round(found.weeks), "week")
    saved = f"{money.text(found.benefit.likely)} in {weeks} ({ranged(found.benefit, money)})"
    if not found.savings:
        return f"{name} is not shown to have saved anything."
    if found.benefit.high < 0:
        return f"{name} cost more than before: {money.text(-found.benefit.likely)} in {weeks}.{_cost(found, money)}"
    if found.negligible:
        return f"What {lower_first(proof.name)} saved is negligible: {saved}, the work of {_engineers(found)}. {_least(found, money)}"
    if found.benefit.crosses_zero:
        return f"{name} is not shown to have saved money: {saved}.{_cost(found, money)}"
    return _paid_back(found, proof, money, saved)


def _paid_back(found: Return, proof: Proof, money: Unit, saved: str) -> str:
    """Savings that are sure beside what they cost."""
    name = upper_first(proof.name)
    if found.cost is None or found.roi is None:
        return f"{name} saved {saved}, the work of {_engineers(found)}. What it cost is not written down, so nothing is said of a return."
    if found.roi.crosses_zero:
        return (
            f"No return is shown: {lower_first(proof.name)} saved {saved} for {money.text(found.cost.likely)}, and what is left, "
            f"{money.text(found.net.likely)}, may as well be nothing ({ranged(found.net, money)})."
        )
    if found.roi.high < 0:
        return f"{name} saved {saved} and cost {money.text(found.cost.likely)}: it has not paid back."
    return (
        f"{name} saved {saved}, the work of {_engineers(found)}, for {money.text(found.cost.likely)}: {money.text(found.net.likely)} more "
        f"than it cost ({ranged(found.net, money)}), a return of {percent(found.roi.likely)} ({ranged(found.roi, SHARE)})."
    )


def _cost(found: Return, money: Unit) -> str:
    return f" It cost {money.text(found.cost.likely)}." if found.cost else ""


def _engineers(found: Return) -> str:
    count = NUMBER.number(round(found.engineers.likely, 1))
    return f"{count} {'engineer' if count == '1' else 'engineers'}"


def _least(found: Return, money: Unit) -> str:
    if not found.engineers.likely:
        return ""
    half = money.text(abs(found.benefit.likely / found.engineers.likely) * HALF)
    return f"Less than half an engineer, {half} in that time, is not worth a sentence more."


def percent(ratio: float) -> str:
    """'130%': a return as a share of the cost, whole."""
    return SHARE.text(ratio, decimals=0)


def ranged(given: Range, unit: Unit) -> str:
    """'range £260k to £540k'."""
    if unit is SHARE:
        return f"range {percent(given.low)} to {percent(given.high)}"
    return f"range {unit.text(given.low)} to {unit.text(given.high)}"


def left_out(found: Return, needles: Mapping[str, Needle]) -> str:
    """Which needles have a worth and no part in the sum, and why; '' where none has."""
    told = [f"{lower_first(needles[key].label)} ({WHY.get(why, why)})" for key, why in found.left_out]
    return f"Not counted: {listed(told)}." if told else ""


def hangs_on(found: Return, needles: Mapping[str, Needle], money: Unit) -> str:
    """'The answer hangs most on the effect on lead time: with its range alone the net return is £150k to £260k.'."""
    if not found.swings or not found.swings[0].size:
        return ""
    first = found.swings[0]
    low, high = sorted(first.net)
    what = lower_first(name(first, needles))
    return f"The answer hangs most on this: {what}. By its range alone {money.text(low)} to {money.text(high)} would be left."


def name(swing: Swing, needles: Mapping[str, Needle]) -> str:
    """An assumption by name: 'Effect on lead time for changes'."""
    if swing.name in NAMES:
        return NAMES[swing.name]
    key, _, part = swing.name.partition(".")
    label = lower_first(needles[key].label)
    if part == "effect":
        return f"Effect on {label}"
    if part == "volume":
        return f"{upper_first(needles[key].facts[1])} a week"
    word = needles[key].unit.one
    return (
        f"Worth of one {word} of {label}"
        if word and not word.startswith("a ") and word != "%"
        else f"Worth of one of {label}"
    )


def size(amount: float) -> str:
    """How many were saved, whole from ten on."""
    return NUMBER.number(amount, decimals=0 if amount >= 10 else 1)


def units(saving: Saving, needle: Needle) -> str:
    """'20 504 days of lead time for changes': what was saved, in the needle's own unit."""
    unit, count = needle.unit, size(abs(saving.units))
    label = lower_first(needle.label)
    if isinstance(needle.kind, Duration):
        return f"{count} {unit.one if count == '1' else unit.many} of {label}{'' if saving.units > 0 else ' more'}"
    return f"{count} of {label} {'more' if (saving.units > 0) == (needle.better == 'higher') else 'less'}"


def value(swing: Swing, amount: float, money: Unit) -> str:
    """An assumption's value in its own unit."""
    if swing.unit == "money":
        return money.text(amount)
    if swing.unit == "ratio":
        return f"×{amount:.2f}"
    bare = NUMBER.number(amount)
    if swing.unit not in ("hours", "weeks"):
        return bare
    return f"{bare} {swing.unit.removesuffix('s') if bare == '1' else swing.unit}"
