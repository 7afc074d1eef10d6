"""A study: who is held against whom, in which weeks, with their cells and contrasts; nothing is judged here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

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
from reportkit.model.kind import Duration, Per, Rate, Ratio, Stock
from reportkit.model.needle import Needle
from reportkit.model.params import Proof, Rule
from reportkit.model.period import WEEK, Window

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ENOUGH_TEAMS = 4
ABSENT = 0.05  # below this chance a window without events means that the team was not there
NOISE = 1e-12  # an effect below this is rounding
# The fewest facts on either side with which a team counts among the four: below six a median has no 95 % interval at all
# (2 · ½⁵ = 6.3 %, 2 · ½⁶ = 3.1 %), so the team's own level before or after is one lucky week.
FACTS_A_TEAM = 6


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
    strata: tuple[str, ...] | None = None  # those of the proof's that its facts have; all where not given


@dataclass(frozen=True)
class Group:
    """One side: facts of the teams that are in both windows, the others' names, cells and contrast.

    `opened`, `closed` count facts per window (closed by the window's end), `weeks` the weeks that count. `solid` is how
    many teams have facts enough to count as teams. `cohorts` are there for durations only; `cells` and `contrast` are
    None where they cannot be had.
    """

    facts: Facts
    left_out: tuple[str, ...]
    solid: int
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
        usable = other is not None and other.contrast is not None and min(other.solid, other.contrast.teams)
        return other if usable and usable >= ENOUGH_TEAMS else None

    @property
    def grade(self) -> Grade:
        """How far the design can carry a claim."""
        if self.compared:
            return Grade.A
        return Grade.C if self.few else Grade.B

    @property
    def few(self) -> bool:
        """Whether fewer than four treated teams count."""
        return self.treated.solid < ENOUGH_TEAMS

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
    strata = proof.strata if case.strata is None else case.strata
    facts = read.read(case.facts, case.needle.kind, strata)
    starts = _starts(facts, proof)
    before, after = proof.windows
    if ground.today < proof.read_out:
        covers = Window(
            ground.covers.start, max(ground.covers.start, ground.covers.end - WEEK * max(starts.values(), default=0))
        )
        today = ground.today - WEEK * max(starts.values(), default=0)
        before, after = (covered(w, covers, today) for w in (before, after))
    timeline = Timeline(before, after, ground.time_zone, tuple(sorted(set(ground.holidays))))
    mine, others = _sides(facts, proof, starts, timeline)
    return Study(
        case, proof, name, facts, timeline, _group(mine, case.needle, timeline, proof.statistic),
        _group(others, case.needle, timeline, proof.statistic) if others is not None else None,
    )  # fmt: skip


def _starts(facts: Facts, proof: Proof) -> dict[str, int]:
    """The treated teams that have facts, each with the weeks by which it starts after the proof's own start."""
    everyone = set(facts.names)
    treated = everyone if proof.treated == "all" else everyone & set(proof.treated)
    return {team: proof.late(team) for team in sorted(treated)}


def _sides(facts: Facts, proof: Proof, starts: Mapping[str, int], timeline: Timeline) -> tuple[Facts, Facts | None]:
    """The facts of the treated teams on their own starts, and of the comparison teams beside each of these."""
    mine = facts.of(tuple(starts)).started(starts)
    others = set(facts.names) - set(starts)
    if isinstance(proof.comparison, Rule):
        others = _fitting(facts, proof.comparison, others, timeline)
    elif proof.comparison != "all others":
        others &= set(() if proof.comparison == "none" else proof.comparison)
    if not others:
        return mine, None
    share = {late: n / len(starts) for late, n in sorted(Counter(starts.values()).items())}
    return mine, facts.of(tuple(others)).beside(share)


def _fitting(facts: Facts, rule: Rule, others: set[str], timeline: Timeline) -> set[str]:
    """The teams that a rule fits, by name and by facts in the before window alone."""
    before = np.bincount(facts.team[timeline.week_of(facts.start, timeline.before) >= 0], minlength=len(facts.names))
    enough = {name for name, count in zip(facts.names, before, strict=True) if count >= rule.at_least}
    return {name for name in others & enough if fnmatchcase(name, rule.names) and name not in rule.but}


def _group(facts: Facts, needle: Needle, timeline: Timeline, statistic: str) -> Group:
    column = timeline.column_of(facts.start, facts.late)
    teams, left_out = _in_both(facts, column, needle, timeline)
    if teams != facts.names:
        facts = facts.of(teams)
        column = timeline.column_of(facts.start, facts.late)
    pair, cells = _cells(facts, column, needle, timeline, statistic)
    weeks = timeline.weeks
    if isinstance(needle.kind, Rate):
        weeks = (cells.before, cells.after) if cells is not None else (0, 0)
    opened, closed = _counts(facts, column, needle, timeline, pair, cells)
    return Group(
        facts, left_out, _solid(facts, column, needle, timeline), opened, closed, weeks, pair, cells, _contrasted(cells)
    )


def _solid(facts: Facts, column: Ints, needle: Needle, timeline: Timeline) -> int:
    """How many teams have facts enough on either side to count as teams.

    A team that counts events or holds a stock is known by its weeks, of which all have as many: to pick such teams by
    their facts would be to pick them by the outcome.
    """
    if isinstance(needle.kind, Rate | Stock):
        return len(facts.names)
    before, after = _by_side(facts, column, timeline.weeks[0])
    return int((np.minimum(before, after) >= FACTS_A_TEAM - 1e-9).sum())


def _by_side(facts: Facts, column: Ints, n0: int) -> tuple[Floats, Floats]:
    """Facts before and after, one number a team."""
    share = np.ones(len(facts)) if facts.share is None else facts.share
    sides = ((column >= 0) & (column < n0), column >= n0)
    first, second = (
        np.bincount(facts.team[s], weights=share[s], minlength=len(facts.names)).astype(float) for s in sides
    )
    return first, second


def _cells(
    facts: Facts, column: Ints, needle: Needle, timeline: Timeline, statistic: str
) -> tuple[tuple[Cohort, Cohort] | None, Cells | None]:
    if not isinstance(needle.kind, Duration):
        return None, cell.of_sums(facts, column, needle.kind, timeline)
    pair = cell.cohorts(facts, column, timeline)
    return pair, cell.of_durations(pair, facts, timeline, statistic)


def _contrasted(cells: Cells | None) -> Contrast | None:
    if cells is None or not cells.num.size or min(cells.before, cells.after) < 1:
        return None
    return contrast(cells)


def _contrast(facts: Facts, needle: Needle, timeline: Timeline, statistic: str) -> Contrast | None:
    _, cells = _cells(facts, timeline.column_of(facts.start, facts.late), needle, timeline, statistic)
    return _contrasted(cells)


def _counts(
    facts: Facts,
    column: Ints,
    needle: Needle,
    timeline: Timeline,
    pair: tuple[Cohort, Cohort] | None,
    cells: Cells | None,
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Facts per window, and those of them that were closed by its end; counted weeks only."""
    if pair is not None:
        return (pair[0].opened, pair[1].opened), (pair[0].closed, pair[1].closed)
    if cells is not None and cells.counted:
        events = round(cells.sums[0]), round(cells.sums[2])
        return events, events
    share = np.ones(len(facts)) if facts.share is None else facts.share
    if isinstance(needle.kind, Ratio) and isinstance(needle.kind.denominator, Per) and facts.parts is not None:
        share = share * (facts.parts[0] != 0)  # the rows of the other entity are no facts of the needle
    later = round(float(share[column >= timeline.weeks[0]].sum()))
    each = round(float(share[column >= 0].sum())) - later, later
    return each, each


def _plausible(facts: Facts, column: Ints, timeline: Timeline) -> frozenset[str]:
    """Teams whose split of events over the two windows is not one that absence explains better.

    Of k events none falls into a window that holds the share q of the weeks with chance (1 − q)^k.
    """
    n0, n1 = timeline.weeks
    share = np.array([n0, n1]) / (n0 + n1)
    counts = np.array(_by_side(facts, column, n0))
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
        both = before | (after & facts.teams(facts.start < timeline.ends(timeline.before, facts.late, len(facts))))
    return tuple(sorted(both)), tuple(sorted((before | after) - both))
