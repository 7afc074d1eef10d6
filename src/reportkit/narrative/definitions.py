"""What a needle's number means, in a sentence: its state, and the rule by which a period is summed up."""

from __future__ import annotations

import math

from reportkit.model.kind import Duration, Rate, Ratio, Share, Stock
from reportkit.model.needle import Needle
from reportkit.narrative.words import is_plural, upper_first


def state(needle: Needle, value: float) -> str:
    """'A change takes 14.2 days to reach production': the needle's state with a number in it, exact as in tables."""
    return stated(needle, needle.unit.text(value)) if math.isfinite(value) else f"{needle.label}: no facts this quarter"


def stated(needle: Needle, number: str) -> str:
    """The needle's state with a number written already; 'Lead time is 4 days' where it has no sentence of its own."""
    return filled(needle.state, needle, now=number) or f"{needle.label} {_be(needle)} {number}"


def _be(needle: Needle) -> str:
    return "are" if is_plural(needle.label) else "is"


def filled(template: str, needle: Needle, **numbers: str) -> str:
    """A needle's template with numbers in it, '' for no template.

    The words of a Rate's template say 'a week' themselves, so the numbers must not; nor may it say '1 deployments'.
    """
    if not template:
        return ""
    if isinstance(needle.kind, Rate):
        numbers = {key: text.removesuffix(f" {needle.unit.many}") for key, text in numbers.items()}
        numbers = {key: "1.0" if text == "1" else text for key, text in numbers.items()}
        if numbers.get("now") == "0":
            numbers["now"] = "no"
    return upper_first(template.format(**numbers))


def summary_rule(needle: Needle) -> str:
    """How a period's number is made: 'Median of the changes that ended in the period; …'."""
    many = needle.facts[1]
    match needle.kind:
        case Duration():
            return f"Median of the {many} whose span ended in the period; those still open at its end are counted beside it."
        case Rate(per=per):
            return f"The {many} in the period, divided by the {per}s of it that the extract covers."
        case Share():
            return f"Share of all {many} in the period."
        case Ratio():
            return "Sum over sum, never a mean of ratios."
        case Stock():
            return f"Number of {many} open at the end of the period."
