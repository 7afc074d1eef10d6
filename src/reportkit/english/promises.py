"""Bets in words: what was promised, how it was changed, and what became of all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from reportkit.english.words import listed, upper_first
from reportkit.model.bets import Outcome, Promise
from reportkit.model.needle import Needle
from reportkit.model.period import Quarter, day_text
from reportkit.model.unit import plural

CHANGED = " (changed)"  # beside an outcome in the ledger
OUTCOMES = {
    Outcome.HIT: "Hit",
    Outcome.MISSED: "Missed",
    Outcome.TOO_EARLY: "Too early",
    Outcome.NO_NUMBER: "No number",
}


def target(promise: Promise, needle: Needle) -> str:
    """'≤ 6 d': the target with its direction, as tables write it."""
    return f"{'≤' if promise.direction == 'lower' else '≥'} {needle.unit.brief(promise.target)}"


def written(promise: Promise) -> str:
    """'15 Jun 2026', with who says so where it is git; 'no date' where nobody knows."""
    if promise.written is None:
        return "no date"
    return f"{day_text(promise.written)}{', by git' if promise.source == 'git' else ''}"


def outcome(promise: Promise, needle: Needle, value: float, today: date) -> str:
    """'Lead time for changes: missed. 8.1 days in Q4 2026, at most 6 days promised by 31 Dec 2026.'."""
    found = promise.outcome(value, today)
    bound = "at most" if promise.direction == "lower" else "at least"
    bet = f"{bound} {needle.unit.text(promise.target)} promised by {day_text(promise.deadline)}"
    now = needle.unit.text(value) if not math.isnan(value) else "not known"
    return f"{needle.label}: {OUTCOMES[found].lower()}. {upper_first(bet)}; {now} {_when(promise, today)}."


def _when(promise: Promise, today: date) -> str:
    return "so far" if promise.deadline >= today else "in the quarter of the deadline"


def share(outcomes: Sequence[Outcome]) -> str:
    """'3 of the 5 bets that came due were hit (60%); 4 are not due yet.'; a bet without a number counts as not hit."""
    due = [o for o in outcomes if o is not Outcome.TOO_EARLY]
    waiting = len(outcomes) - len(due)
    left = f"{plural(waiting, 'bet is', 'bets are')} not due yet"
    if not due:
        return f"No bet has come due; {left}." if waiting else "No bet is written down."
    hit, blind = sum(o is Outcome.HIT for o in due), sum(o is Outcome.NO_NUMBER for o in due)
    parts = [f"{_of(hit, len(due))} hit ({100 * hit / len(due):.0f}%)"]
    if blind:
        parts.append(
            f"{blind} of them {'has' if blind == 1 else 'have'} no number to be judged by, and count as not hit"
        )
    return "; ".join([*parts, *([left] if waiting else [])]) + "."


def _of(hit: int, due: int) -> str:
    if due == 1:
        return f"The one bet that came due was {'' if hit else 'not '}".rstrip()
    return f"{hit} of the {due} bets that came due {'was' if hit == 1 else 'were'}"


def moved(then: Promise, now: Promise, when: str, old: str, new: str) -> str:
    """How a bet was changed after its window opened; it is judged as it was. `when` is 'on 3 Aug 2026' or the like."""
    parts = []
    if then.target != now.target:
        parts.append(f"the target from {old} to {new}")
    if then.deadline != now.deadline:
        parts.append(f"the deadline from {day_text(then.deadline)} to {day_text(now.deadline)}")
    if then.direction != now.direction:
        parts.append(f"the direction from {then.direction} to {now.direction}")
    opened = f"after its window opened on {day_text(then.opens)}"
    return f"Changed {when}, {opened}: {listed(parts)}. It is judged as it stood."


def late(opens: date, first: date) -> str:
    """A bet that git first saw after its window had opened."""
    return f"Committed on {day_text(first)}, after its window opened on {day_text(opens)}."


def withdrawn(day: date | None, deadline: date, opens: date) -> str:
    """A bet that was taken out of the params before it was due; `day` is when, None where nobody knows."""
    when = f"by {day_text(day)}" if day else "since"
    return f"Taken out {when}, after its window opened on {day_text(opens)} and before it was due on {day_text(deadline)}; it counts."


WHY = {
    "definition": "its definition, or a rule that it obeys, was changed since",
    "mapping": "sources.yaml makes its facts in another way since",
    "facts": "facts came late or were corrected",
}


def restated(needle: Needle, quarter: Quarter, old: str, new: str, why: str) -> str:
    """'Lead time for changes in Q2 2026 was reported as 14.2 days and is 12.9 days now: …'."""
    return f"{needle.label} in {quarter.label} was reported as {old} and is {new} now: {WHY[why]}."
