"""What a guard found, what stands beside a verdict, and how an effect was weighed: sentences and clauses."""

from __future__ import annotations

from collections.abc import Sequence

from reportkit.english.reasons import FEW
from reportkit.english.words import listed, upper_first
from reportkit.model.needle import Needle
from reportkit.model.unit import COUNT, plural

# ---- guards ----------------------------------------------------------------------------------------------------------

TREND_UNTOLD = "too few weeks to tell a trend from a step."
TREND_PASSED = "the change stays when a straight trend is fitted beside it."
TREND_FAILED = "it cannot be told from a trend that was already under way before the start."
PLACEBO_PASSED = "a start date in the middle of the baseline shows nothing like it."
PLACEBO_FAILED = "a start date in the middle of the baseline, when nothing was tried, shows a similar change."
PICKED_UNNAMED = "the teams were picked by this needle's values, and the weeks of those are not named."
PICKED_BEFORE = "the baseline begins after the weeks by which the teams were picked."
CHOICES_PASSED = "hardly any other choice of teams shows as much."
HISTORY_PASSED = "it is larger than the same windows gave at 95% of earlier dates."
HISTORY_FAILED = "the same windows gave as much at earlier dates, when nothing was tried."


def timing_untold(weeks: int) -> str:
    """Where the baseline is too short to leave out its last weeks."""
    return f"too few baseline weeks to leave out {weeks}."


def timing_passed(weeks: int) -> str:
    """Where the last baseline weeks do not matter."""
    return f"the change stays without the last {weeks} baseline weeks."


def timing_failed(weeks: int) -> str:
    """Where they do."""
    return f"it vanishes when the last {weeks} baseline weeks are left out."


def placebo_untold(weeks: int) -> str:
    """Where the baseline is too short for a placebo date."""
    return f"fewer than {weeks} baseline weeks, so no placebo date could be tried."


def picked_inside(until: str) -> str:
    """Where teams were picked for their bad weeks."""
    return f"the teams were picked by this needle's values up to {until}, inside the baseline, and teams picked at a bad time get better by themselves."


def choices_too_few(mine: int, theirs: int) -> str:
    """Where there are too few teams to permute."""
    return f"{plural(mine, 'proof team')} beside {plural(theirs, 'comparison team')} cannot rule chance out; more comparison teams could."


def choices_failed(mine: int) -> str:
    """Where other teams moved as much."""
    return (
        f"other choices of {mine} among these teams show as much."
        if mine > 1
        else "other teams moved as much by themselves."
    )


def definition_failed(changed: Sequence[str]) -> str:
    """Where a source changed."""
    return f"what is counted changed inside the windows: {'; '.join(changed)}."


def restated(window: str, needle: Needle, then: tuple[int, float], now: tuple[int, float]) -> str:
    """Where an earlier extract told the weeks before the start otherwise."""
    (n, value), (m, other), many, text = then, now, needle.facts[1], needle.unit.text
    return (
        f"{window} gave {COUNT.number(n)} {many} and {text(value)} when they were first "
        f"extracted, and give {COUNT.number(m)} {many} and {text(other)} now"
    )


# ---- beside a verdict ------------------------------------------------------------------------------------------------

UNUSED = "The comparison teams are drawn but not used: they have too little data of their own."
SEASONS = "Before and after lie in different seasons, so a yearly pattern cannot be ruled out."


def design(teams: int, comparison: int) -> str:
    """'before and after in 5 teams, against 5 comparison teams'."""
    text = f"before and after in {plural(teams, 'team')}"
    return f"{text}, against {plural(comparison, 'comparison team')}" if comparison else text


def again_and_again(needle: Needle, *, looked: bool) -> str:
    """Where what is looked at every so often counts once for each look."""
    when = "time that they were looked at" if looked else "week"
    return f"{upper_first(needle.facts[1])} count once for every {when}, so that their share can be followed by week."


def drawn_only(teams: int) -> str:
    """Where there are too few comparison teams."""
    have = "have" if teams > 1 else "has"
    told = FEW[teams] if teams else "none"
    return f"The comparison teams are drawn but not used: {told} of them {have} data in both windows, four are needed."


def own_starts(first: str, last: str, *, compared: bool) -> str:
    """Where teams began on days of their own."""
    beside = ", beside the same weeks of the comparison teams" if compared else ""
    return (
        f"Teams began on days of their own, about {first} to {last}; each is held against its own "
        f"start{beside}, and weeks are shown as counted from there."
    )


def by_type(types: Sequence[str]) -> str:
    """Where facts are weighed type by type."""
    named = listed(types) if len(types) == 2 else f"{len(types)} types"
    return f"Weighed type by type ({named}), so that a changed mix of types is not taken for a change."


def small(teams: int, facts: int, needle: Needle) -> str:
    """Where teams are weighed that do not count among the four."""
    few = plural(teams, "team has", "teams have")
    own, them = ("its own", "it") if teams == 1 else ("their own", "them")
    return (
        f"{few} fewer than {facts} {needle.facts[1]} on one side of the start: too few for a level of {own}, "
        f"so no grade rests on {them}."
    )


def half_event(needle: Needle, which: str) -> str:
    """Where one side has no event."""
    return f"There were no {needle.facts[1]} {which} the start: half of one is reckoned there, so that a ratio can be formed."


def unusable(n: int, needle: Needle) -> str:
    """Where facts were left out."""
    verb = "was" if n == 1 else "were"
    return f"{plural(n, *needle.facts)} {verb} left out: no usable time or number, or an end before the start."


def coarse(needle: Needle) -> str:
    """Where a median had to be interpolated."""
    return f"Many {needle.facts[1]} share the same span, so the median is interpolated between neighbouring values."


# ---- how it was weighed ----------------------------------------------------------------------------------------------

DURATIONS = (
    "A duration belongs to the window in which it began; one still open when its window ended counts as unfinished "
    "and is not left out (Kaplan–Meier)."
)
TYPICAL = "The typical value is the geometric mean, spans cut at 0.8 of the shorter window."
ADDED = (
    "Amounts are added up over complete weeks, weeks with holidays left out, for all teams of a group together: the teams "
    "that were there in both windows. Sums have no ruler of single facts; weeks and teams measure them."
)
COUNTED = (
    "Events are counted over complete weeks, weeks with holidays left out, for all teams of a group together: the "
    "teams that were there in both windows."
)


def method(what: str, *, compared: bool) -> str:
    """How an evidence was worked out."""
    how = "Each team has the same weight before and after, so that a shift of work between teams is not taken for a change"
    how += "; the change in the comparison teams is taken off" if compared else ""
    return f"{what} {how}. The interval is the widest of those that single facts, weeks and teams give."


def stock_method(needle: Needle) -> str:
    """How a stock is compared."""
    return f"What is compared is how fast the number of open {needle.facts[1]} grows or shrinks a week; its level is shown."


def sum_method(needle: Needle) -> str:
    """How shares and ratios are compared."""
    return f"Sums are formed over complete weeks, one {needle.facts[0]} counting where it happened."


# ---- money -----------------------------------------------------------------------------------------------------------

NO_VOLUME, TOO_FEW_TEAMS, NO_INTERVAL = "no volume is given", "too few teams to tell", "no interval"
WEEKS_MEASURED = "The weeks that were measured, and none beyond them."
AS_SHOWN = "What the proof showed, with its 95% interval."
