"""What a proof could show, in words that go into a proposal."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reportkit.english.amounts import signed
from reportkit.english.words import count, percent_size
from reportkit.evidence.planning import Cell, Plan
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.model.unit import MINUS, plural


@dataclass(frozen=True)
class _Told:
    plan: Plan
    needle: Needle
    proof: Proof

    @property
    def taker(self) -> str:
        return self.proof.by if self.proof.by in ("team", "service", "journey") else "group"


def amount(cell: Cell | None, needle: Needle) -> str:
    """The smallest change that a design could show: '38%', '4.2 points'; '' where it can claim nothing."""
    if cell is None or cell.mde is None:
        return ""
    if needle.kind.scale == "ratio":
        return f"{percent_size(cell.mde)}%"
    return signed(needle, cell.mde).lstrip(f"+{MINUS}")


def proposal(plan: Plan, needle: Needle, proof: Proof) -> str:
    """Two or three sentences: what the declared design could show, what more weeks or a comparison would, and from what."""
    told = _Told(plan, needle, proof)
    wants = proof.comparison != "none"
    own, other = (plan.of(plan.weeks, plan.teams, compared=c) for c in (wants, not wants))
    parts = [
        _own(told, own, compared=wants),
        _instead(told, own, other, compared=wants),
        _longer(told, own, compared=wants),
    ]
    parts.append(_wanted(told, compared=wants))
    weeks = plural(plan.history.days // 7, "week")
    parts.append(
        f"Reckoned from the {weeks} of {plan.history.label}, in which nothing was tried: the same weighing on teams and "
        "dates drawn from them."
    )
    return " ".join(part for part in parts if part)


def _with(told: _Told, *, compared: bool) -> str:
    teams = count(told.plan.teams, told.taker)
    if not compared:
        return f"{teams} and none to compare with"
    others = max(4, told.plan.others)
    return f"{teams} and {count(others, f'comparison {told.taker}')}"


def _own(told: _Told, cell: Cell | None, *, compared: bool) -> str:
    weeks = plural(told.plan.weeks, "week")
    name = told.needle.lower_label
    if cell is None or cell.mde is None:
        why = f": {cell.why}" if cell and cell.why else ""
        return f"With {_with(told, compared=compared)}, {weeks} after the start could show nothing of {name}{why}."
    way = "fall" if told.needle.better == "lower" else "rise"
    return (
        f"With {_with(told, compared=compared)}, {weeks} after the start could show a {way} in {name} of about "
        f"{amount(cell, told.needle)} or more{_levels(told, cell)}."
    )


def _levels(told: _Told, cell: Cell) -> str:
    """' (from 14.2 days now to 8.8)'."""
    level, unit = told.plan.level, told.needle.unit
    if cell.mde is None or not math.isfinite(level) or level <= 0 or told.needle.kind.name == "Stock":
        return ""
    then = level * cell.mde if told.needle.kind.scale == "ratio" else level + cell.mde
    if then < 0:
        return ""
    return f" (from {unit.text(level)} now to {unit.number(then)})"


def _instead(told: _Told, own: Cell | None, other: Cell | None, *, compared: bool) -> str:
    """What the same weeks could show the other way: with, or without, teams to compare with."""
    text = amount(other, told.needle)
    if compared:
        if not text:
            why = f" ({other.why})" if other and other.why else ""
            return f"Without a comparison nothing could be claimed{why}."
        return (
            f"Without a comparison it would be about {text}, and the cause could not be shown."
            if amount(own, told.needle)
            else f"Without a comparison it would be about {text}."
        )
    return (
        f"With every other {told.taker} as comparison it would be about {text}, and the cause could be shown."
        if text
        else ""
    )


def _longer(told: _Told, own: Cell | None, *, compared: bool) -> str:
    """What the longest time in the table would add, where it adds something."""
    cells = [
        c for c in told.plan.cells
        if c.teams == told.plan.teams and (c.compared > 0) == compared and c.mde is not None and c.weeks > told.plan.weeks
    ]  # fmt: skip
    if own is None or own.mde is None or not cells:
        return ""
    best = min(cells, key=lambda c: (_distance(c, told.needle), c.weeks))
    if _distance(best, told.needle) >= 0.92 * _distance(own, told.needle):
        return f"More weeks would add little: what differs is the {told.taker}s, so more {told.taker}s would help more."
    return f"{plural(best.weeks, 'week')} would bring it to about {amount(best, told.needle)}."


def _distance(cell: Cell, needle: Needle) -> float:
    assert cell.mde is not None
    return abs(math.log(cell.mde)) if needle.kind.scale == "ratio" else abs(cell.mde)


def _wanted(told: _Told, *, compared: bool) -> str:
    """How many weeks the declared smallest effect of interest takes, with the proof's own teams."""
    smallest = told.proof.smallest_effect.get(told.needle.key)
    if smallest is None or smallest <= 0 or told.needle.kind.name == "Stock":
        return ""
    if told.needle.kind.scale == "ratio":
        bound = abs(math.log1p(-smallest if told.needle.better == "lower" else smallest)) if smallest < 1 else math.inf
        text = f"{percent_size(1 - smallest if smallest < 1 else 0)}%"
    else:
        bound = smallest / 100 if smallest >= 1 else smallest
        text = signed(told.needle, bound).lstrip("+")
    enough = [
        c.weeks for c in told.plan.cells
        if c.teams == told.plan.teams and (c.compared > 0) == compared and c.mde is not None
        and _distance(c, told.needle) <= bound
    ]  # fmt: skip
    if enough:
        return f"The {text} that was declared to matter takes {plural(min(enough), 'week')}."
    return f"The {text} that was declared to matter cannot be shown with these {told.taker}s in any of the times tried."
