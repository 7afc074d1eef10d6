"""A study: who is held against whom, in which weeks, with their cells and contrasts; nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reportkit.evidence import cells as cell
from reportkit.evidence import facts as read
from reportkit.evidence.cells import Cells, Cohort
from reportkit.evidence.contrast import Contrast, contrast
from reportkit.evidence.facts import Facts
from reportkit.evidence.timeline import Timeline, covered
from reportkit.model.evidence import Grade
from reportkit.model.kind import Duration, Rate, Stock
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.model.period import Window

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ENOUGH_TEAMS = 4
ABSENT = 0.05  # below this chance a window without events means that the team was not there
NOISE = 1e-12  # an effect below this is rounding


@dataclass(frozen=True)
class Ground:
    """What an evidence stands on. `today` is the extract's cut: before the proof's `read_out` there is no claim."""

    time_zone: str
    covers: Window
    today: date
    holidays: tuple[date, ...] = ()
    source_changed: tuple[str, ...] = ()  # sources or definitions that changed inside the windows, each a clause


@dataclass(frozen=True)
class Case:
    """One needle to weigh: its facts (as `measure.facts` gives them) and the ground."""

    needle: Needle
    facts: pd.DataFrame
    ground: Ground


@dataclass(frozen=True)
class Group:
    """One side: facts of the teams that are in both windows, the others' names, cells and contrast.

    `opened`, `closed` count facts per window (closed by the window's end), `weeks` the weeks that count. `cohorts` are
    there for durations only; `cells` and `contrast` are None where they cannot be had.
    """

    facts: Facts
    left_out: tuple[str, ...]
    opened: tuple[int, int]
    closed: tuple[int, int]
    weeks: tuple[int, int]
    cohorts: tuple[Cohort, Cohort] | None
    cells: Cells | None
    contrast: Contrast | None

    @property
    def teams(self) -> tuple[str, ...]:
        """The teams that take part, sorted."""
        return self.facts.names


@dataclass(frozen=True)
class Study:
    """One case on its way to an Evidence. `facts` are those of every team."""

    case: Case
    proof: Proof
    name: str
    facts: Facts
    timeline: Timeline
    treated: Group
    other: Group | None

    @property
    def needle(self) -> Needle:
        """The needle."""
        return self.case.needle

    @property
    def ground(self) -> Ground:
        """The ground."""
        return self.case.ground

    @property
    def interim(self) -> bool:
        """Whether the date that was fixed for the read-out has not come."""
        return self.ground.today < self.proof.read_out

    @property
    def compared(self) -> Group | None:
        """The comparison group where it has teams enough to be used."""
        other = self.other
        usable = other is not None and other.contrast is not None and other.contrast.teams >= ENOUGH_TEAMS
        return other if usable else None

    @property
    def grade(self) -> Grade:
        """How far the design can carry a claim."""
        if self.compared:
            return Grade.A
        return Grade.B if len(self.treated.teams) >= ENOUGH_TEAMS else Grade.C

    @property
    def theta(self) -> float | None:
        """The effect on the additive scale, net of the comparison's; None where none can be formed."""
        mine = self.treated.contrast
        if mine is None:
            return None
        theirs = self.compared.contrast if self.compared else None
        theta = mine.theta - (theirs.theta if theirs else 0.0)
        return theta if abs(theta) > NOISE else 0.0

    @property
    def series(self) -> tuple[Floats, Floats]:
        """The weekly linearised series before and after, net of the comparison's: their means differ by θ."""
        mine = self.treated.contrast
        theirs = self.compared.contrast if self.compared else None
        if mine is None:
            return np.empty(0), np.empty(0)
        if theirs is None:
            return mine.before, mine.after
        return mine.before - theirs.before, mine.after - theirs.after

    def at(self, timeline: Timeline) -> float | None:
        """θ of the same teams over other windows; None where it cannot be had."""
        statistic = self.proof.statistic
        mine = _contrast(self.treated.facts, self.needle, timeline, statistic)
        if mine is None or self.compared is None:
            return mine.theta if mine else None
        theirs = _contrast(self.compared.facts, self.needle, timeline, statistic)
        return mine.theta - theirs.theta if theirs else None


def study(case: Case, proof: Proof, name: str) -> Study:
    """The case as the proof cuts it. Raises EvidenceError where the facts lack a column.

    Before the read-out the windows are cut to the weeks that the extract covers so far.
    """
    ground = case.ground
    before, after = proof.windows
    if ground.today < proof.read_out:
        before, after = (covered(w, ground.covers, ground.today) for w in (before, after))
    timeline = Timeline(before, after, ground.time_zone, tuple(sorted(set(ground.holidays))))
    facts = read.read(case.facts, case.needle.kind)
    everyone = set(facts.names)
    treated = everyone if proof.treated == "all" else everyone & set(proof.treated)
    named = (
        everyone if proof.comparison == "all others" else set(() if proof.comparison == "none" else proof.comparison)
    )
    others = (everyone & named) - treated
    groups = [
        _group(facts.of(teams), case.needle, timeline, proof.statistic) if teams else None
        for teams in (treated, others)
    ]
    mine = groups[0] or _group(facts.of(()), case.needle, timeline, proof.statistic)
    return Study(case, proof, name, facts, timeline, mine, groups[1])


def _group(facts: Facts, needle: Needle, timeline: Timeline, statistic: str) -> Group:
    column = timeline.column_of(facts.start)
    teams, left_out = _in_both(facts, column, needle, timeline)
    if teams != facts.names:
        facts = facts.of(teams)
        column = timeline.column_of(facts.start)
    pair, cells = _cells(facts, column, needle, timeline, statistic)
    weeks = timeline.weeks
    if isinstance(needle.kind, Rate):
        keep = timeline.without_holidays
        weeks = int(keep[: weeks[0]].sum()), int(keep[weeks[0] :].sum())
    opened, closed = _counts(column, cells, pair, timeline)
    return Group(facts, left_out, opened, closed, weeks, pair, cells, _contrasted(cells))


def _cells(
    facts: Facts, column: Ints, needle: Needle, timeline: Timeline, statistic: str
) -> tuple[tuple[Cohort, Cohort] | None, Cells | None]:
    if not isinstance(needle.kind, Duration):
        return None, cell.of_sums(facts, column, needle.kind, timeline)
    pair = cell.cohorts(facts, column, timeline)
    return pair, cell.of_durations(pair, timeline, statistic, len(facts.names))


def _contrasted(cells: Cells | None) -> Contrast | None:
    if cells is None or not cells.num.size or min(cells.before, cells.after) < 1:
        return None
    return contrast(cells)


def _contrast(facts: Facts, needle: Needle, timeline: Timeline, statistic: str) -> Contrast | None:
    _, cells = _cells(facts, timeline.column_of(facts.start), needle, timeline, statistic)
    return _contrasted(cells)


def _counts(
    column: Ints, cells: Cells | None, pair: tuple[Cohort, Cohort] | None, timeline: Timeline
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Facts per window, and those of them that were closed by its end; counted weeks only."""
    if pair is not None:
        return (pair[0].opened, pair[1].opened), (pair[0].closed, pair[1].closed)
    if cells is not None and cells.counted:
        events = round(cells.sums[0]), round(cells.sums[2])
        return events, events
    later = int((column >= timeline.weeks[0]).sum())
    each = int((column >= 0).sum()) - later, later
    return each, each


def _plausible(facts: Facts, column: Ints, timeline: Timeline) -> frozenset[str]:
    """Teams whose split of events over the two windows is not one that absence explains better.

    Of k events none falls into a window that holds the share q of the weeks with chance (1 − q)^k.
    """
    n0, n1 = timeline.weeks
    share = np.array([n0, n1]) / (n0 + n1)
    inside = column >= 0
    counts = np.array(
        [np.bincount(facts.team[inside & side], minlength=len(facts.names)) for side in (column < n0, column >= n0)]
    )
    chance = (1 - share[:, None]) ** counts.sum(0)
    there = (counts.sum(0) > 0) & ((counts > 0) | (chance >= ABSENT)).all(0)
    return frozenset(name for name, here in zip(facts.names, there, strict=True) if here)


def _in_both(facts: Facts, column: Ints, needle: Needle, timeline: Timeline) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Teams with data in both windows, and those with data in one only; sorted.

    A team that counts events is there in a window without one where that is not implausible, by its pace in the other;
    its weeks without events are true zeros. The rule is the same both ways, or teams that come and go would be an effect.
    A team that holds a stock is there from its first fact on.
    """
    n0 = timeline.weeks[0]
    if not len(facts) or not all(timeline.weeks):
        return (), ()
    before, after = facts.teams((column >= 0) & (column < n0)), facts.teams(column >= n0)
    both = before & after
    if isinstance(needle.kind, Rate):
        both = _plausible(facts, column, timeline)
    elif isinstance(needle.kind, Stock):
        both = before | (after & facts.teams(facts.start < timeline.end(timeline.before)))
    return tuple(sorted(both)), tuple(sorted((before | after) - both))
