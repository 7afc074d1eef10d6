"""Enough data? The minimum of EVIDENCE §2: what is short, how much more and about when, in one sentence."""

from __future__ import annotations

import math

from reportkit.english import reasons
from reportkit.evidence.study import Group, Study
from reportkit.model.kind import Duration, Rate, Ratio, Share
from reportkit.model.needle import Needle
from reportkit.model.period import Window, day_text

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
        or (None if study.treated.contrast else reasons.held_against_itself(study.needle.label))
    )


def enough(needle: Needle, facts: int) -> bool:
    """Whether a period's number rests on as many facts as a verdict asks of one window; what is only counted always does."""
    least = {Duration: OPENED, Share: UNITS, Ratio: UNITS}.get(type(needle.kind), 0)
    return facts >= least


def _spread(needle: Needle) -> str | None:
    """A quotient of two quantiles has no ruler that was tried out: it is shown, and not weighed."""
    if isinstance(needle.kind, Duration) and needle.kind.summary == "spread":
        return reasons.NO_RULER
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
        return reasons.begins_before(day_text(span.start), covers.label)
    end = min(covers.end, today)
    if span.end > end:
        return reasons.runs_beyond(_last(span), _last(Window(end, end)))
    return None


def _last(window: Window) -> str:
    return day_text(window.end.fromordinal(window.end.toordinal() - 1))


def _weeks(group: Group) -> str | None:
    before, after = group.weeks
    if before < WEEKS_BEFORE:
        return reasons.weeks_before(before, WEEKS_BEFORE)
    if after < WEEKS_AFTER:
        return reasons.weeks_after(after, WEEKS_AFTER)
    return None


def _anyone(study: Study) -> str | None:
    if study.treated.teams:
        return None
    return (reasons.on_both_sides if study.treated.left_out else reasons.none_in_weeks)(study.needle)


def _durations(needle: Needle, group: Group) -> str | None:
    for which, opened, closed in zip((reasons.BEFORE, reasons.SINCE), group.opened, group.closed, strict=True):
        if opened < OPENED:
            return reasons.too_few(opened, needle, which, OPENED, _when(which, opened, OPENED, group))
        if closed < CLOSED:
            return reasons.too_few_done(closed, opened, needle, which, CLOSED)
    for which, cohort in zip((reasons.BEFORE, reasons.AFTER), group.cohorts or (), strict=False):
        if not math.isfinite(cohort.curve.quantile(0.5)):
            share = 1 - float(cohort.curve.survival[-1])
            return reasons.median_unknown(needle, which, half=share >= 0.495)
    if group.cells is None:
        return reasons.median_unsure(needle)
    return None


def _when(which: str, have: int, need: int, group: Group) -> str:
    """'; at this pace in about 14 more weeks', for the window that still grows."""
    if which == reasons.BEFORE or have <= 0 or not group.weeks[1]:
        return ""
    more = math.ceil((need - have) * group.weeks[1] / have)
    return reasons.pace(more)


def _events(needle: Needle, group: Group) -> str | None:
    total = sum(group.opened)
    if total >= EVENTS:
        return None
    when = ""
    if total:
        more = math.ceil((EVENTS - total) * sum(group.weeks) / total)
        when = reasons.pace(more)
    return reasons.too_few_in_all(total, needle, EVENTS, when)


def _shares(needle: Needle, group: Group) -> str | None:
    for which, n in zip((reasons.BEFORE, reasons.SINCE), group.opened, strict=True):
        if n < UNITS:
            return reasons.too_few(n, needle, which, UNITS, _when(which, n, UNITS, group))
    if group.cells is None:
        return None
    yes0, all0, yes1, all1 = group.cells.sums
    rarer = round(min(yes0 + yes1, all0 + all1 - yes0 - yes1))
    if rarer < RARER:
        return reasons.rarer(rarer, RARER)
    return None


def _denominators(needle: Needle, group: Group) -> str | None:
    if group.cells is None:
        return None
    _, below0, _, below1 = group.cells.sums
    for which, bottom in ((reasons.BEFORE, below0), (reasons.AFTER, below1)):
        if not bottom > 0:
            return reasons.nothing_to_divide(needle.label, which)
    return None
