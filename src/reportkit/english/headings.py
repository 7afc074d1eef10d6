"""Headings, notes and lines of a report's sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportkit.english.words import count, group_of, listed, lower_first, upper_first
from reportkit.model.evidence import Verdict
from reportkit.model.needle import Needle
from reportkit.model.period import Quarter
from reportkit.model.unit import COUNT, NOTHING, plural

CI = "95% CI: the range that holds the true change 95 times in 100."
WANTING = "Not in this report for want of data."
NOT_KNOWN, NO_FACTS = "not known", "no facts"
TOO_FEW_TEAMS, FAILED_A_CHECK = "too few teams to tell", "it failed a check"
PROBLEM, NEEDLES, WAITING = "The problem we agreed on", "The needles we own together", "Where the waiting went"
WHO_ELSE, PROMISED, RETURNED = "Who else had this problem", "What we promised last quarter", "What it returned"
DOUBTS = "Why this page claims no more"
BEFORE, AFTER = "Before", "After"
ASK = "We ask for:"
UNFED = "No extract feeds the needle that would put a number on it."
STEPS: Mapping[tuple[str, str], str] = {  # what happens between two milestones of a change
    ("first_commit_at", "opened_at"): "Coding",
    ("opened_at", "first_review_at"): "Waiting for review",
    ("first_review_at", "approved_at"): "Review",
    ("first_review_at", "merged_at"): "Review",
    ("approved_at", "merged_at"): "Waiting to merge",
    ("opened_at", "merged_at"): "Review and merge",
    ("opened_at", "approved_at"): "Review",
    ("first_commit_at", "merged_at"): "Coding and review",
    ("merged_at", "deployed_at"): "Waiting for release",
}
AS_CHANGED = "as changed here"


# ---- page one --------------------------------------------------------------------------------------------------------


def asked(text: str) -> str:
    """'We ask for: two engineers …'."""
    return f"{ASK} {text}"


def in_groups(n: int, by: str, title: str) -> str:
    """'In five teams, changes now reach production in 4 days instead of 14.'."""
    return f"In {count(n, group_of(by))}, {lower_first(title)}"


def how_sure(compared: frozenset[bool]) -> str:
    """What changes were measured against; `compared` says whether all of them, some or none had teams beside them."""
    others = "teams that carried on as before"
    against = {
        frozenset({True}): others,
        frozenset({True, False}): f"{others} where there are any, else against the weeks before",
    }.get(compared, "the weeks before")
    return f"Changes are measured against {against}. {CI}"


def proof_groups(n: int, by: str) -> str:
    """'5 proof teams'."""
    return plural(n, f"proof {group_of(by)}")


def nothing_beside(before: Quarter) -> str:
    """Where the quarter before has no number."""
    return f"nothing to compare with in {before.label}"


def quarter_before(value: str, before: Quarter) -> str:
    """'8.9 days in Q2 2026'."""
    return f"{value} in {before.label}"


def open_now(waiting: int) -> str:
    """'12 still open now', which this quarter's number leaves out."""
    return f"{COUNT.number(waiting)} still open now"


def from_few(facts: int, needle: Needle) -> str:
    """'from 7 launches': a number that rests on little says so."""
    return f"from {plural(facts, *needle.facts)}"


def only_covered(part: str) -> str:
    """'only 1 Jul – 14 Aug 2026 is covered': a number of a part of the quarter says so."""
    return f"only {part} is covered"


# ---- the problem -----------------------------------------------------------------------------------------------------


def quoted(problem: str, told: str) -> str:
    """The reader's words, then ours."""
    return f"“{problem}” {told}"


def unknown(when: str, reason: str) -> str:
    """Where the quarter has no number."""
    return f"What it was in {when} cannot be said: {reason}."


def stock_now(state: str, when: str, whose: str) -> str:
    """'128 known vulnerabilities are open in production (at the end of Q3 2026, whole organisation).'."""
    return f"{upper_first(state)} (at the end of {when}, {whose})."


def covered(when: str, part: str) -> str:
    """The quarter, of which a part is covered."""
    return f"{when}, of which {part} is covered"


def state_now(state: str, rest: str) -> str:
    """The state with what it rests on."""
    return f"{upper_first(state)} ({rest})."


def still_open(n: int, *, whole: bool, censored: bool) -> str:
    """'; 4 more were still open at the quarter's end, counted as unfinished'."""
    then = "the quarter's end" if whole else "the end of that"
    counted = ", counted as unfinished" if censored else ""
    return f"; {plural(n, 'more was', 'more were')} still open at {then}{counted}"


def earlier(quarter: str, year: str) -> str:
    """'It was 14 days a quarter earlier and 12 days a year earlier.'; '' for what is not known stays out."""
    if quarter == year != "":
        return f"It was {quarter} a quarter earlier, as a year earlier."
    told = [f"{quarter} a quarter earlier"] if quarter else []
    told += [f"{year} a year earlier"] if year else []
    return f"It was {listed(told)}." if told else ""


def whose(only: Mapping[str, str], *, article: bool = False) -> str:
    """'team basket' in a report on that team alone, else 'whole organisation'."""
    return (
        ", ".join(f"{by} {value}" for by, value in only.items())
        if only
        else f"{'the ' if article else ''}whole organisation"
    )


# ---- proofs ----------------------------------------------------------------------------------------------------------


def showed(proof: str) -> str:
    """The heading of a proof."""
    return f"What the proof of concept showed: {lower_first(proof)}"


def also_weighed(rest: Sequence[tuple[Needle, Verdict]], words: Mapping[Verdict, str]) -> str:
    """'Also weighed: release wait (moved) and toil (not shown).'."""
    return f"Also weighed: {listed([f'{needle.lower_label} ({words[verdict].lower()})' for needle, verdict in rest])}."


def grades(told: Sequence[str]) -> str:
    """What the grades of a table mean."""
    return f"{upper_first('; '.join(f'grade {text}' for text in told))}."


def grade(letter: str, meaning: str) -> str:
    """'Grade C: too few teams …'."""
    return f"Grade {letter}: {meaning}."


def left_out(names: Sequence[str], by: str, most: int = 5) -> str:
    """Who has no facts on one side of the start."""
    noun = f"The {group_of(by)}s " if len(names) > 1 else f"The {group_of(by)} "
    have = "have" if len(names) > 1 else "has"
    some = listed(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"
    return f"{noun}{some} {have} no facts on one side of the start, and {have} no part in the comparison."


# ---- needles ---------------------------------------------------------------------------------------------------------


def whose_quarters(of: str) -> str:
    """Why a table's quarters and its verdicts need not agree."""
    return (
        f"The quarters are those of {of}; the change and its verdict are the proof's, in its own "
        "teams and weeks, so the two need not agree."
    )


def use_case(name: str, components: Mapping[str, Sequence[str]]) -> str:
    """The use case that the needles hang on, component by component."""
    told = "; ".join(f"{component}: {listed(labels)}" for component, labels in components.items())
    return f"They hang on one business use case, {lower_first(name)}. {told}."


def restated(texts: Sequence[str]) -> str:
    """Numbers of earlier reports that are told otherwise now."""
    return f"Restated. {' '.join(texts)}"


# ---- pictures and cuts -----------------------------------------------------------------------------------------------


def done_within(label: str) -> str:
    """The heading of a spread."""
    return f"{label}: how much is done within a time"


def came_and_went(label: str) -> str:
    """The heading of a stock."""
    return f"{label}: what came and what went"


def by_week(label: str) -> str:
    """The heading of a trend."""
    return f"{label} week by week"


def by(label: str, column: str) -> str:
    """The heading of a heat map: 'Lead time by team'."""
    return f"{label} by {column}"


def cut_by(needle: Needle, column: str) -> str:
    """The heading of a cut: 'Cost per journey, journey by journey' where the label has the column in it."""
    return f"{needle.label}, {column} by {column}" if column in needle.lower_label else f"{needle.label} by {column}"


def availability_by(column: str) -> str:
    """The heading of availability by journey."""
    return f"Availability by {column}"


def folded(n: int) -> str:
    """What small groups are called together: 'other (3 groups)'."""
    return f"other ({n} groups)"


def thin_mark(whose: str, when: str, *, barred: bool) -> str:
    """Whose numbers a cut shows, and what the thin mark in its bars is."""
    told = f"{upper_first(whose)}, {when}"
    return f"{told}; the thin mark is the quarter before." if barred else f"{told}."


def too_few_before() -> str:
    """What a dash in the quarter before means."""
    return f"{NOTHING}: too few in the quarter before to be shown by themselves."


def folds(groups: int, least: int, needle: Needle) -> str:
    """That small groups are shown together."""
    about = "people" if needle.personal else f"people or {needle.facts[1]}"
    are = "is" if groups == 1 else "are"
    return f"{plural(groups, 'group')} of fewer than {COUNT.number(least)} {about} {are} shown together."


def heat_note(facts: int, needle: Needle, least: int, left: int) -> str:
    """What stands behind a heat map, and what is not in it."""
    note = f"{plural(facts, *needle.facts)}; a group of fewer than {least} is part of 'other'."
    are = "is" if left == 1 else "are"
    return f"{note} {plural(left, 'group')} with fewer facts {are} left out." if left > 0 else note


# ---- what it returned ------------------------------------------------------------------------------------------------

ASSUMPTIONS = ("Assumption, and where it comes from", "Taken to be", "Left at its low, at its high")
RULE = (
    "Each range joins the evidence's 95% interval and the ranges of all assumptions, taken to be independent. The middle fact "
    "stands for all; grade C and what is not shown have no part."
)
COST = "Cost of the proof"


def another_sum(needle: Needle) -> str:
    """That the needle of the same name is another sum."""
    label = lower_first(needle.label)
    return f"The needle {label} is another sum: all benefits that finance put down, against all costs of the quarter."


def saved_in(weeks: float, proof: str, units: Sequence[str]) -> str:
    """'52 weeks of one shared path; saved: 18 940 days of lead time.'."""
    return f"{weeks:.0f} weeks of {lower_first(proof)}; saved: {listed(units)}."


def assumption(name: str, taken: str, left: str, because: str) -> str:
    """An assumption as a line of plain text."""
    return f"{name}: {taken}; left {left}. {because}"


def taken_to_be(likely: str, low: str, high: str) -> str:
    """'0.25 hours (0.2 hours to 0.35 hours)'."""
    return f"{likely} ({span(low, high)})"


def span(low: str, high: str) -> str:
    """A range of two written numbers."""
    return f"{low} to {high}"


# ---- findings --------------------------------------------------------------------------------------------------------


def declared_change(day: str, what: str, harmless: str) -> str:
    """A change of a source that is declared to be harmless."""
    return f"On {day}, {what}. {harmless}"


def changed_on(what: str, day: str) -> str:
    """A change of a source as a clause."""
    return f"{what} on {day}"


def untold_types(entity: str, lost: Sequence[str], needle: Needle) -> str:
    """That a needle's facts do not tell some types."""
    return (
        f"{upper_first(entity.replace('_', ' '))} do not tell {listed(lost)}, so a changed mix of it may "
        f"be a part of what {needle.lower_label} shows."
    )
