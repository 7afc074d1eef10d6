"""Captions, alt texts, axes and names in pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reportkit.english.amounts import arrow, effect, interval
from reportkit.english.sentences import facts_line
from reportkit.english.words import all_of, group_of, listed, lower_first, upper_first
from reportkit.model.evidence import Evidence, Level
from reportkit.model.kind import Duration, Rate, Stock
from reportkit.model.needle import Needle
from reportkit.model.unit import COUNT, Unit, plural

WITHOUT = "without the proof"
MEAN, HIGH, LOW = "mean before", "usual high", "usual low"
BEFORE, AFTER = "before", "after"
CAME, WENT = "came in", "went out"
COMES, GOES = "in", "out"
WHOLE_BUDGET, SPENT, NO_OBJECTIVE, NO_FAILURE = (
    "all of the error budget",
    "error budget spent",
    "no objective",
    "no failure",
)
LEFT = "What is left"
NOT_REACHED, NO_NUMBER = "not reached", "no number"
WEEK_OF = "week of %-d %b %Y"  # a week's first day, as plotly writes dates
UNTOLD = "Picture without a description."
NO_VERDICT = "A picture, not a verdict."


# ---- what an axis counts ---------------------------------------------------------------------------------------------


def by_week(needle: Needle) -> str:
    """'days, weekly median'; 'deployments a week'; '£ a month'."""
    unit = needle.unit
    match needle.kind:
        case Duration():
            return f"{unit.many}, weekly median"
        case Rate(counts="amount"):
            return f"{unit.prefix} {unit.many}".strip()
        case Rate(counts="minutes"):
            return unit.many
        case Rate():
            return f"{needle.facts[1]} {unit.many}"
        case Stock():
            return opened(needle) + ", weekly"
    return f"{lower_first(unit.many or needle.label)}, weekly"


def opened(needle: Needle) -> str:
    """'vulnerabilities open'."""
    return f"{needle.facts[1]} open"


# ---- before and after ------------------------------------------------------------------------------------------------


def starts(day: str) -> str:
    """'starts 6 Jul'."""
    return f"starts {day}"


def group(n: int, by: str, *, treated: bool, everyone: bool) -> str:
    """'proof teams', 'comparison team', 'all services'."""
    if treated and everyone:
        return all_of(by)
    role = "proof" if treated else "comparison"
    return f"{role} {group_of(by)}{'' if n == 1 else 's'}"


def before_after_alt(evidence: Evidence, needle: Needle, by: str, start: str) -> str:
    """What the picture of a proof shows."""
    parts = [f"Line chart of {needle.lower_label} by week, {by_week(needle)}."]
    parts.append(f"Before the start on {start} and after it: {arrow(evidence, needle)}.")
    if evidence.comparison_before and evidence.comparison_after:
        theirs = _pair(needle, evidence.comparison_before, evidence.comparison_after)
        parts.append(f"Comparison {group_of(by)}s over the same weeks: {theirs}.")
    return " ".join(parts)


def before_after_caption(
    e: Evidence, needle: Needle, by: str, expected: tuple[float, float, float] | None, *, gaps: bool, below: bool
) -> str:
    """n, windows, levels and effect of a proof; `gaps`: a week lacks its median; `below`: a week lies below zero."""
    parts = [f"{needle.label}; the thin lines are the {_level_name(e)} of each window."]
    parts.append(f"{upper_first(facts_line(e, needle))}.")
    if below:
        parts.append("Weeks below zero are not drawn.")
    if gaps:
        parts.append(
            "A week without a point: fewer than half of what began in it had ended when its window closed."
            + ("" if e.causal else " What began just before a release looks quick.")
        )
    levels = [f"{plural(len(e.teams), f'proof {group_of(by)}')}: {_pair(needle, e.before, e.after)}"] if e.teams else []
    if e.comparison_before and e.comparison_after:
        there = plural(len(e.comparison_teams), f"comparison {group_of(by)}")
        levels.append(f"{there}: {_pair(needle, e.comparison_before, e.comparison_after)}")
    if levels:
        parts.append(f"{'; '.join(levels)}.")
    if expected:
        parts.append(f"Without the proof, by the comparison: {_without(needle.unit, expected)}.")
    if e.interval is not None:
        parts.append(f"Effect {effect(e, needle)} (95% CI {interval(e, needle)}).")
    return " ".join(parts)


def _pair(needle: Needle, before: Level, after: Level) -> str:
    left = needle.unit.number(before.value) if math.isfinite(before.value) else NOT_REACHED
    right = needle.unit.text(after.value) if math.isfinite(after.value) else NOT_REACHED
    return f"{left} → {right}"


def _without(unit: Unit, expected: tuple[float, float, float]) -> str:
    """'15.7 days (95% CI 12 to 20)': the level to be expected, the band in the picture."""
    middle, low, high = expected
    return f"{unit.text(middle)} (95% CI {unit.number(low)} to {unit.number(high)}), the band"


def _level_name(evidence: Evidence) -> str:
    return {"median": "median", "typical": "typical value"}.get(evidence.statistic, "mean level")


# ---- behaviour and trend ---------------------------------------------------------------------------------------------


def outside(out: int, weeks: int, *, start: bool) -> str:
    """'3 of 13 weeks since are outside them'; 'none of 13 weeks after the start are …'."""
    many = "is" if out == 1 else "are"
    since = f"of {plural(weeks, 'week')} {'after the start' if start else 'since'}"
    return f"{out or 'none'} {since} {many} outside them"


def _limits(unit: Unit, mean: float, low: float, high: float) -> str:
    return (
        f"a mean of {unit.text(mean)} and limits of {unit.number(low)} to "
        f"{unit.text(high)} (mean ± 2.66 × mean moving range)"
    )


def behaviour_alt(needle: Needle, start: str, found: tuple[float, float, float], count: str) -> str:
    """What a behaviour chart shows; `found` are mean, low and high."""
    unit, (mean, low, high) = needle.unit, found
    return (
        f"Behaviour chart of {needle.lower_label} by week: mean {unit.text(mean)} before the start on "
        f"{start}, limits {unit.number(low)} to {unit.text(high)}; {count}."
    )


def behaviour_caption(needle: Needle, by: str, found: tuple[float, float, float], count: str) -> str:
    """What a behaviour chart rests on."""
    return (
        f"Behaviour chart: {needle.lower_label} of the proof's own {group_of(by)}s by week. "
        f"The weeks before the start give {_limits(needle.unit, *found)}; {count}. {NO_VERDICT}"
    )


def target(value: str) -> str:
    """'target 6 d'."""
    return f"target {value}"


def trend_alt(needle: Needle, first: float, last: float, goal: float | None) -> str:
    """What a trend shows."""
    unit = needle.unit
    told = f"{unit.text(first)} in the first week, {unit.text(last)} in the last"
    aim = f"; the target is {unit.text(goal)}" if goal is not None else ""
    return f"Line chart of {needle.lower_label} by week, {by_week(needle)}: {told}{aim}."


def trend_caption(needle: Needle, facts: int, window: str, found: tuple[float, float, float] | None, count: str) -> str:
    """What a trend rests on; `found` are mean, low and high of the weeks before the quarter."""
    told = f"{needle.label}: {by_week(needle)}; {plural(facts, *needle.facts)}, {window}. The wash is the quarter."
    if found is None:
        return told
    return f"{told} The weeks before it give {_limits(needle.unit, *found)}; {count}. {NO_VERDICT}"


# ---- stock -----------------------------------------------------------------------------------------------------------


def open_now(n: int) -> str:
    """'122 open'."""
    return f"{COUNT.number(n)} open"


def came(n: int) -> str:
    """'12 came in'."""
    return f"{COUNT.number(n)} {CAME}"


def went(n: int) -> str:
    """'12 went out'."""
    return f"{COUNT.number(n)} {WENT}"


def most(n: int) -> str:
    """The most of a week."""
    return f"most {COUNT.number(n)}"


def stock_alt(needle: Needle, before: int, last: int, flows: tuple[int, int]) -> str:
    """What a stock shows; `flows` are what came and what went."""
    return (
        f"{needle.label} by week: {plural(before, *needle.facts)} open before the first week, {COUNT.number(last)} after the last; "
        f"{COUNT.number(flows[0])} came in and {COUNT.number(flows[1])} went out."
    )


def stock_caption(needle: Needle, flows: tuple[int, int], window: str) -> str:
    """What a stock rests on."""
    return (
        f"{needle.label}: {needle.facts[1]} open at each week's end, above; what came in ({COUNT.number(flows[0])}) and went out "
        f"({COUNT.number(flows[1])}) in each week, below. {window}. The wash is the quarter."
    )


# ---- spread, heat, path ----------------------------------------------------------------------------------------------


def within(needle: Needle) -> str:
    """What the axis of a spread counts."""
    return f"share of {needle.facts[1]} done within so many {needle.unit.many}"


def done_by(needle: Needle, done: float, time: float, facts: int) -> str:
    """One point of a spread."""
    return f"{done:.0%} within {needle.unit.text(time)} ({plural(facts, *needle.facts)})"


def spread_alt(needle: Needle, marks: Sequence[tuple[float, float, float]]) -> str:
    """What a spread shows: at some times, the shares done before and after."""
    told = "; ".join(f"within {needle.unit.text(t)} {b:.0%} before and {a:.0%} after" for t, b, a in marks)
    return f"Share of {needle.facts[1]} done within a time: {told}."


def spread_caption(needle: Needle, before: int, after: int) -> str:
    """What a spread rests on."""
    counts = f"{plural(before, *needle.facts)} before, {plural(after, *needle.facts)} after"
    return f"Share of {needle.facts[1]} done within a time, open ones counted (Kaplan–Meier): {counts}."


def heat_alt(needle: Needle, by: str, periods: Sequence[str], last: Sequence[tuple[float, str]]) -> str:
    """What a heat map shows; `last` are the values of the last period with their groups."""
    worst = "no facts in the last period"
    if last:
        text, high, low = needle.unit.text, max(last), min(last)
        worst = f"in the last period {text(high[0])} at most ({high[1]}), {text(low[0])} at least ({low[1]})"
    return f"Heat map of {needle.lower_label} by {by}, {periods[0]} to {periods[-1]}: {worst}."


def heat_caption(needle: Needle, by: str, note: str) -> str:
    """How to read a heat map."""
    worse = "lower" if needle.better == "higher" else "longer" if needle.unit.seconds else "higher"
    unit = needle.unit.many or needle.lower_label
    told = f"{needle.label} by {by}, in {unit}; the fuller the colour, the {worse}."
    return " ".join(filter(None, (told, note)))


def step_hover(row: str, name: str, length: str, facts: int, *, waiting: bool) -> str:
    """One step of a way to production."""
    return f"{row}: {name}, {length} {'waiting' if waiting else 'working'} ({plural(facts, 'change')})"


def path_alt(unit: Unit, rows: Sequence[tuple[str, Sequence[tuple[str, str]], str]]) -> str:
    """What the picture of a way shows; a row is its label, its steps with their lengths, and the whole."""
    told = " ".join(
        f"{label}: {listed([f'{name} {length}' for name, length in steps])}, {whole} in all."
        for label, steps, whole in rows
    )
    return f"Stacked bars of the mean {unit.many} a change spends in each step. {told}"


def path_caption(unit: Unit, rows: Sequence[tuple[str, int, str, str]]) -> str:
    """What the picture of a way rests on; a row is its label, its changes, its window and its median."""
    told = [
        f"{lower_first(label)}: {plural(facts, 'change')} released ({window}; median of the whole way {median})"
        for label, facts, window, median in rows
    ]
    return f"Mean {unit.many} a change spends in each step; amber is waiting. {upper_first('; '.join(told))}."


# ---- availability and money ------------------------------------------------------------------------------------------


def nines(text: str) -> str:
    """'3.2 nines'."""
    return f"{text} {'nine' if text == '1.0' else 'nines'}"


def budget_spent(spent: str) -> str:
    """', 67% of the error budget spent'."""
    return f", {spent} of the error budget spent"


def availability_alt(by: str, told: Sequence[str]) -> str:
    """What availability by journey shows."""
    return f"Availability by {by}: {'; '.join(told)}."


def availability_caption(by: str, when: str, windows: int) -> str:
    """How to read it, and what it rests on."""
    return (
        f"Availability by {by}, {when}: share of requests served well, its nines, and how much of the error budget was spent "
        f"(the line is all of it). {plural(windows, 'window')}."
    )


def waterfall_alt(steps: Sequence[tuple[str, str]], left: str, span: str) -> str:
    """What a waterfall shows."""
    told = "; ".join(f"{label} {amount}" for label, amount in steps)
    return f"Waterfall of money: {told}; left {left}, range {span}."


def waterfall_caption(left: str, span: str, note: str) -> str:
    """How to read a waterfall."""
    return f"What was saved, what it cost and what is left ({left}, the thin line its range of {span}). {note}"


def with_range(amount: str, low: str, high: str) -> str:
    """'£192k (£27k to £352k)'."""
    return f"{amount} ({low} to {high})"


# ---- an analyst's own ------------------------------------------------------------------------------------------------


def chart(title: str, kinds: Sequence[str], names: Sequence[str]) -> str:
    """What a picture of an analyst's own is, for those who cannot see it."""
    of = f" of {', '.join(names)}" if names else ""
    return f"{title or 'Chart'} ({', '.join(kinds)}){of}."


def series(n: int) -> str:
    """The name of a line that has none."""
    return f"series {n}"
