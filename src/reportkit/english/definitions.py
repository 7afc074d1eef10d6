"""What a needle's number means, in a sentence: its state, and the rule by which a period is summed up."""

from __future__ import annotations

import math
import re

from reportkit.english.words import is_plural, upper_first
from reportkit.model.kind import Duration, Per, Rate, Ratio, Share, Stock
from reportkit.model.needle import Needle

PER = re.compile(r" a (week|month|quarter|change|customer|journey|service)( and month)?$")


def state(needle: Needle, value: float) -> str:
    """'A change takes 14.2 days to reach production': the needle's state with a number in it, exact as in tables."""
    return (
        stated(needle, needle.unit.text(value)) if math.isfinite(value) else f"{needle.label}: not known this quarter"
    )


def stated(needle: Needle, number: str) -> str:
    """The needle's state with a number written already; 'Lead time is 4 days' where it has no sentence of its own."""
    return filled(needle.state, needle, now=number) or f"{needle.label} {_be(needle)} {number}"


def _be(needle: Needle) -> str:
    return "are" if is_plural(needle.label) else "is"


def filled(template: str, needle: Needle, **numbers: str) -> str:
    """A needle's template with numbers in it, '' for no template, and for a finding of one, which it cannot tell.

    The words of a template say 'a week' or 'a change' themselves, so the numbers must not; nor may it say '1 deployments'
    or '0 deployments'.
    """
    if not template:
        return ""
    counts = isinstance(needle.kind, Rate | Stock) and not needle.unit.money
    if counts and numbers.get("now", "").split(" ")[0] == "1":
        return f"{needle.label}: {numbers['now']}"  # 'There are 1 deployments' is no English
    if counts and numbers.get("after", "").split(" ")[0] == "1":
        return ""
    if isinstance(needle.kind, Rate) or " a " in f" {needle.unit.many}":
        numbers = {key: bare(needle, text) for key, text in numbers.items()}
    if counts or numbers.get("now") == "0":
        nothing = {"now": "no", "after": "no", "before": "none"}
        numbers = {key: nothing.get(key, text) if text == "0" else text for key, text in numbers.items()}
    return upper_first(template.format(**numbers))


def bare(needle: Needle, number: str) -> str:
    """A number without the words that the needle's own sentence says: '8' of '8 a month'."""
    return PER.sub("", number) if isinstance(needle.kind, Rate) or " a " in f" {needle.unit.many}" else number


def counted(needle: Needle) -> tuple[str, str]:
    """What the facts of an evidence are called, one and many: where subjects are looked at again and again, each look is one."""
    kind = needle.kind
    again = isinstance(kind, Share) and (kind.each is not None or kind.until is not None)
    return ("observation", "observations") if again else needle.facts


def summary_rule(needle: Needle) -> str:
    """How a period's number is made: 'Median of the changes that ended in the period; …'."""
    many = needle.facts[1]
    match needle.kind:
        case Duration() as kind:
            return _of_duration(kind, many)
        case Rate(counts=counts, per=per):
            what = {"amount": f"sum over the {many}", "minutes": f"minutes of {many}"}.get(counts, many)
            return f"The {what} in the period, divided by the {per}s of it that the extract covers."
        case Share() as kind:
            return _of_share(kind, many)
        case Ratio(denominator=Per(by=by)):
            met = f" and {' and '.join(by)}" if by else ""
            return f"Sum over sum, never a mean of ratios; the two sides meet by period{met}."
        case Ratio():
            return "Sum over sum, never a mean of ratios."
        case Stock():
            return f"Number of {many} open at the end of the period."


def _of_duration(kind: Duration, many: str) -> str:
    if kind.median == "apart":
        return (
            f"Median of the {many} whose span ended in the period; those still open at its end are counted beside it."
        )
    what = (
        "How long nine in ten take, divided by how long half of them take, from"
        if kind.summary == "spread"
        else "Median of"
    )
    return (
        f"{what} the life table of the period (Kaplan–Meier): {many} count for the part of their life that lies in it, those still "
        "open at its end as unfinished."
    )


def _of_share(kind: Share, many: str) -> str:
    if kind.each is not None:
        return f"Share of all {many}, each as it was last seen in the period; where two looks at one moment disagree, the worse."
    if kind.until is not None:
        return f"Share of all {many} that there are at the end of the period."
    return f"Share of all {many} in the period."
