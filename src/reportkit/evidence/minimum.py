"""Enough data? The minimum of EVIDENCE §2: what is short, how much more and about when, in one sentence."""

from __future__ import annotations

import math

from reportkit.evidence.study import Group, Study
from reportkit.model.kind import Duration, Rate, Ratio, Share
from reportkit.model.needle import Needle
from reportkit.model.period import Window, day_text
from reportkit.model.unit import plural

WEEKS_BEFORE, WEEKS_AFTER = 8, 6
OPENED, CLOSED = 20, 10
EVENTS = 10
UNITS, RARER = 30, 5


def short(study: Study) -> str | None:
    """What is missing for a verdict, as a sentence; None where there is enough."""
    return (
        _spread(study.needle)
        or _span(study)
        or _weeks(study.treated)
        or _anyone(study)
        or group(study.treated, study.needle)
        or (None if study.treated.contrast else f"{study.needle.label} cannot be held against itself in these windows.")
    )


def enough(needle: Needle, facts: int) -> bool:
    """Whether a period's number rests on as many facts as a verdict asks of one window; what is only counted always does."""
    least = {Duration: OPENED, Share: UNITS, Ratio: UNITS}.get(type(needle.kind), 0)
    return facts >= least


def _spread(needle: Needle) -> str | None:
    """A quotient of two quantiles has no ruler that was tried out: it is shown, and not weighed."""
    if isinstance(needle.kind, Duration) and needle.kind.summary == "spread":
        return "how far the slowest lie from the usual is shown, but a proof cannot weigh it: no ruler for it has been tried out."
    return None


def group(group: Group, needle: Needle) -> str | None:
    """What one side lacks, by the needle's kind; None where it has enough."""
    match needle.kind:
        case Duration():
            return _durations(needle, group)
        case Rate():
            return _events(needle, group)
        case Share():
            return _shares(needle, group)
        case Ratio():
            return _denominators(needle, group)
    return None


def _span(study: Study) -> str | None:
    span = study.proof.span
    covers, today = study.ground.covers, study.ground.today
    if span.start < covers.start:
        return f"the baseline begins on {day_text(span.start)}, but the extract covers {covers.label} only."
    end = min(covers.end, today)
    if span.end > end:
        return (
            f"the weeks after the start run until {_last(span)}, but the extract ends with {_last(Window(end, end))}."
        )
    return None


def _last(window: Window) -> str:
    return day_text(window.end.fromordinal(window.end.toordinal() - 1))


def _weeks(group: Group) -> str | None:
    before, after = group.weeks
    if before < WEEKS_BEFORE:
        return f"{plural(before, 'complete week')} before the start, {WEEKS_BEFORE} needed."
    if after < WEEKS_AFTER:
        more = plural(WEEKS_AFTER - after, "week")
        return f"{plural(after, 'complete week')} after the start, {WEEKS_AFTER} needed: {more} more."
    return None


def _anyone(study: Study) -> str | None:
    if study.treated.teams:
        return None
    many = study.needle.facts[1]
    if study.treated.left_out:
        return f"no team of the proof has {many} both before and after the start."
    return f"the teams of the proof have no {many} in these weeks."


def _durations(needle: Needle, group: Group) -> str | None:
    one, many = needle.facts
    for which, opened, closed in zip(("before", "since"), group.opened, group.closed, strict=True):
        if opened < OPENED:
            return (
                f"{plural(opened, one, many)} {which} the start, {OPENED} needed{_when(which, opened, OPENED, group)}."
            )
        if closed < CLOSED:
            return f"{closed} of the {opened} {many} begun {which} the start were finished in time, {CLOSED} needed."
    for which, cohort in zip(("before", "after"), group.cohorts or (), strict=False):
        if not math.isfinite(cohort.curve.quantile(0.5)):
            share = 1 - float(cohort.curve.survival[-1])
            done = "fewer than half" if share < 0.495 else "about half"
            return (
                f"{done} of the {many} begun in the weeks {which} the start were finished within those weeks, "
                "so their median is not known."
            )
    if group.cells is None:
        return f"too few of the {many} were finished in time to tell how sure the median is."
    return None


def _when(which: str, have: int, need: int, group: Group) -> str:
    """'; at this pace in about 14 more weeks', for the window that still grows."""
    if which == "before" or have <= 0 or not group.weeks[1]:
        return ""
    more = math.ceil((need - have) * group.weeks[1] / have)
    return f"; at this pace in about {plural(more, 'more week')}"


def _events(needle: Needle, group: Group) -> str | None:
    one, many = needle.facts
    total = sum(group.opened)
    if total >= EVENTS:
        return None
    when = ""
    if total:
        more = math.ceil((EVENTS - total) * sum(group.weeks) / total)
        when = f"; at this pace in about {plural(more, 'more week')}"
    return f"{plural(total, one, many)} before and after together, {EVENTS} needed{when}."


def _shares(needle: Needle, group: Group) -> str | None:
    one, many = needle.facts
    for which, n in zip(("before", "since"), group.opened, strict=True):
        if n < UNITS:
            return f"{plural(n, one, many)} {which} the start, {UNITS} needed{_when(which, n, UNITS, group)}."
    if group.cells is None:
        return None
    yes0, all0, yes1, all1 = group.cells.sums
    rarer = round(min(yes0 + yes1, all0 + all1 - yes0 - yes1))
    if rarer < RARER:
        return f"the rarer outcome occurred {plural(rarer, 'time')} before and after together, {RARER} needed."
    return None


def _denominators(needle: Needle, group: Group) -> str | None:
    if group.cells is None:
        return None
    _, below0, _, below1 = group.cells.sums
    for which, bottom in (("before", below0), ("after", below1)):
        if not bottom > 0:
            return f"{needle.label} has nothing to divide by in the weeks {which} the start."
    return None
