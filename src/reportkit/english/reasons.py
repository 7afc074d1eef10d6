"""Why there is no number, no verdict or no claim: sentences and clauses."""

from __future__ import annotations

from collections.abc import Sequence

from reportkit.model.needle import Needle
from reportkit.model.unit import COUNT, plural

FEW = ("no", "one", "two", "three")

# ---- no number -------------------------------------------------------------------------------------------------------

OUTSIDE = "the extract does not cover it"
NO_EVENT = "no key event lies in it"
EVENTS_UNSEEN = "the extract does not cover its key events"
MOSTLY_OPEN = "more than half are still open"
NONE_YOUNG = "too few of them were young in this time"
NO_TIME = "half of them took no time at all"
FEW_DONE = "fewer than nine in ten are finished"


def few_behind(least: int) -> str:
    """Where what a cut would fold into 'other' is not told in a report of one team."""
    return f"fewer than {least} people or facts stand behind it"


def few_people(least: int) -> str:
    """Where a number would be that of a few people."""
    return f"fewer than {least} people"


def none_to_meet(entity: str) -> str:
    """Where one side of a ratio has no facts."""
    return f"no {entity.replace('_', ' ')} to meet"


def none_to_measure(needle: Needle) -> str:
    """Where a needle has no facts."""
    return f"no {needle.facts[1]} to measure"


def without(what: str) -> str:
    """Which months a ratio leaves out."""
    return f"without {what}, where one side is missing"


def unfed(needle: Needle, entity: str, giving: str) -> str:
    """Where no source feeds an entity."""
    return f"{needle.need} the entity {entity}, which no source in sources.yaml feeds; {giving}."


def giving(systems: Sequence[str]) -> str:
    """'a source of type pagerduty or servicenow can give it, or a file'."""
    return f"a source of type {' or '.join(systems)} can give it, or a file" if systems else "a file can give it"


def unmapped(needle: Needle, columns: Sequence[str], entity: str, origins: Sequence[str]) -> str:
    """Where a mapping gives no such columns."""
    where = f"; {entity} come from {', '.join(origins)}" if origins else ""
    return f"{needle.need} {' and '.join(columns)}, which sources.yaml does not map{where}."


def unlinked(needle: Needle, entity: str) -> str:
    """Where incidents cannot be linked to deployments by service."""
    return (
        f"{needle.need} {entity}.service, which sources.yaml does not map; map it, or link over services with "
        "`dora: {link_within: organisation}` in organisation.yaml."
    )


def currencies(needle: Needle, entity: str, strange: Sequence[str], ours: str) -> str:
    """Where money is in currencies that are worth nothing yet."""
    rates = ", ".join(f"{code}: …" for code in strange)
    return (
        f"{needle.label} cannot be added up: {entity} are in {' and '.join(strange)}, where organisation.yaml reckons in "
        f"{ours}; write `rates: {{{rates}}}` there, what one unit of each is worth."
    )


# ---- no verdict ------------------------------------------------------------------------------------------------------

INCLUDES = "the interval includes no change."
NO_VARIATION = "every fact is the same on either side of the start, so nothing tells how sure this is."
NO_RULER = (
    "how far the slowest lie from the usual is shown, but a proof cannot weigh it: no ruler for it has been tried out."
)
BEFORE, SINCE, AFTER = "before", "since", "after"


def held_against_itself(label: str) -> str:
    """Where two windows cannot be contrasted."""
    return f"{label} cannot be held against itself in these windows."


def begins_before(day: str, covers: str) -> str:
    """Where the baseline is not covered."""
    return f"the baseline begins on {day}, but the extract covers {covers} only."


def runs_beyond(last: str, end: str) -> str:
    """Where the weeks after the start are not covered."""
    return f"the weeks after the start run until {last}, but the extract ends with {end}."


def weeks_before(have: int, need: int) -> str:
    """Where there are too few weeks before the start."""
    return f"{plural(have, 'complete week')} before the start, {need} needed."


def weeks_after(have: int, need: int) -> str:
    """Where there are too few weeks after the start."""
    return f"{plural(have, 'complete week')} after the start, {need} needed: {plural(need - have, 'week')} more."


def on_both_sides(needle: Needle) -> str:
    """Where no team has facts in both windows."""
    return f"no team of the proof has {needle.facts[1]} both before and after the start."


def none_in_weeks(needle: Needle) -> str:
    """Where the proof's teams have no facts."""
    return f"the teams of the proof have no {needle.facts[1]} in these weeks."


def too_few(n: int, needle: Needle, which: str, need: int, pace: str = "") -> str:
    """'6 new services before the start, 20 needed.'."""
    return f"{plural(n, *needle.facts)} {which} the start, {need} needed{pace}."


def too_few_in_all(n: int, needle: Needle, need: int, pace: str = "") -> str:
    """The same for both windows together."""
    return f"{plural(n, *needle.facts)} before and after together, {need} needed{pace}."


def pace(weeks: int) -> str:
    """'; at this pace in about 14 more weeks'."""
    return f"; at this pace in about {plural(weeks, 'more week')}"


def too_few_done(closed: int, opened: int, needle: Needle, which: str, need: int) -> str:
    """Where too few of what began was finished."""
    return f"{closed} of the {opened} {needle.facts[1]} begun {which} the start were finished in time, {need} needed."


def median_unknown(needle: Needle, which: str, *, half: bool) -> str:
    """Where a curve does not reach one half."""
    done = "about half" if half else "fewer than half"
    return (
        f"{done} of the {needle.facts[1]} begun in the weeks {which} the start were finished within those weeks, "
        "so their median is not known."
    )


def median_unsure(needle: Needle) -> str:
    """Where nothing tells how sure a median is."""
    return f"too few of the {needle.facts[1]} were finished in time to tell how sure the median is."


def rarer(times: int, need: int) -> str:
    """Where the rarer outcome of a share is too rare."""
    return f"the rarer outcome occurred {plural(times, 'time')} before and after together, {need} needed."


def nothing_to_divide(label: str, which: str) -> str:
    """Where a ratio's denominator is zero."""
    return f"{label} has nothing to divide by in the weeks {which} the start."


def unweighable(needle: Needle) -> str:
    """Why nothing can be weighed although there are facts enough."""
    return f"the {needle.facts[1]} of these weeks do not tell how sure a change would be."


def truncated(needle: Needle) -> str:
    """Why an extract without a single open fact is not believed."""
    return f"the extract seems to hold finished {needle.facts[1]} only: some of them should still be open, and none is."


def not_begun(start: str, read_out: str) -> str:
    """Where the proof has not begun."""
    return f"the proof starts on {start}; its read-out was fixed for {read_out}."


def not_read_out(read_out: str) -> str:
    """Where the read-out has not come."""
    return f"the read-out was fixed for {read_out}, which has not come."


# ---- no claim --------------------------------------------------------------------------------------------------------


def few_solid(teams: int, solid: int, facts: int) -> str:
    """Grade C of many teams, few of which have facts enough."""
    have = "none has" if solid == 0 else f"only {FEW[solid]} {'has' if solid == 1 else 'have'}"
    return (
        f"of the {COUNT.number(teams)} teams {have} {facts} facts on either side, and there is no comparison: "
        f"this cannot be told from their own ups and downs."
    )


def few_teams(teams: int) -> str:
    """Grade C of few teams: 'two teams and no comparison: this cannot be told from …'."""
    own = "its" if teams == 1 else "their"
    count = f"{FEW[teams] if teams < len(FEW) else teams} {'team' if teams == 1 else 'teams'}"
    return f"{count} and no comparison: this cannot be told from {own} own ups and downs."


def single_facts(n: int) -> str:
    """Where single facts vary too much."""
    return f"single facts vary too much for {plural(n, 'of them', 'of them')} to tell it from chance."


def measured_by(ruler: str) -> str:
    """Where weeks or teams vary too much: 'weeks', 'teams'."""
    by = {"weeks": "week by week", "teams": "team by team"}
    return f"measured {by[ruler]}, it cannot be told from chance."


def not_among(headlines: int) -> str:
    """Why a claim that stands alone is not made among headline needles."""
    return f"it would stand alone, but not among the {headlines} headline needles that were declared."


NOT_AMONG_OTHERS = "it would stand alone, but not among the needles that were weighed beside it."
