"""What a proof could show before it starts: its own reckoning, on weeks of the past in which nothing was tried.

Teams and dates are drawn from the history at hand and weighed as the proof would be; the half-width of the interval gives
the smallest detectable effect. Where a design wants more teams than there are, teams are drawn again (a bootstrap over
teams), which keeps what they share: their weeks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from reportkit.evidence import minimum
from reportkit.evidence.compare import MDE
from reportkit.evidence.levels import levels, printed
from reportkit.evidence.rulers import ALPHA
from reportkit.evidence.study import ENOUGH_TEAMS, FACTS_A_TEAM, Case, study
from reportkit.evidence.weighing import weigh
from reportkit.model.evidence import NO_TEAM
from reportkit.model.kind import Rate, Scale, Stock
from reportkit.model.params import Proof
from reportkit.model.period import WEEK, Window, monday

Ints = NDArray[np.int64]
WEEKS = (6, 8, 13, 20, 26)
TEAMS = (2, 4, 6, 8, 12, 20)
DRAWS = 12
FEWEST_DRAWS = 4
MOST_COMPARED = 40  # more comparison teams change nothing that can be seen
BOUNDS = (0.05, 10.0)  # ratios beyond these are no plan
LARGE = 60_000  # facts: above it fewer draws are made


@dataclass(frozen=True)
class Cell:
    """One design: weeks after the start, treated teams, comparison teams (0: none), and what it could show.

    `mde` is on the effect's scale in the direction hoped for; None where nothing can be claimed, `why` says so.
    """

    weeks: int
    teams: int
    compared: int
    mde: float | None
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """What a proof could show of one needle, by design. `history` is the days it was reckoned from, `level` the number then."""

    needle: str
    history: Window
    teams: int  # the proof's own
    others: int
    weeks: int  # the proof's own, after the start
    level: float
    cells: tuple[Cell, ...]
    teams_known: bool = True

    def of(self, weeks: int, teams: int, *, compared: bool) -> Cell | None:
        """One design's cell."""
        return next((c for c in self.cells if (c.weeks, c.teams, c.compared > 0) == (weeks, teams, compared)), None)


def plan(case: Case, proof: Proof, *, draws: int = DRAWS) -> Plan:
    """The plan of one needle from its facts before the proof's start. Raises EvidenceError where a column lacks."""
    history = _history(case, proof)
    source = _Source.of(case, proof, history)
    weeks = sorted({*(w for w in WEEKS if abs(w - proof.after) > 1), proof.after})
    teams = sorted({*TEAMS, max(1, source.treated)})
    count = draws if len(source.frame) <= LARGE else FEWEST_DRAWS
    cells: list[Cell] = []
    for compared in (False, True):
        drawn = [[_cell(source, (w, t, compared), count) for w in weeks] for t in teams]
        cells += [cell for row in _smoothed(drawn, case.needle.kind.scale) for cell in row]
    own = (source.treated, source.others, proof.after, _level(source))
    return Plan(case.needle.key, history, *own, tuple(cells), source.known)


def _smoothed(grid: list[list[Cell]], scale: Scale) -> list[list[Cell]]:
    """The grid (teams × weeks) where more teams and more weeks never show less: isotonic, along one axis and the other.

    What a draw shows hangs on its dates and teams; that more data shows more does not.
    """
    sizes = np.array([[_size(cell, scale) for cell in row] for row in grid])
    for _ in range(3):
        for line in (*sizes, *sizes.T):
            known = np.isfinite(line)
            if known.sum() > 1:
                line[known] = isotonic_regression(line[known], increasing=False).x
    return [
        [cell if cell.mde is None else replace(cell, mde=_value(size, cell.mde, scale)) for cell, size in zip(row, line, strict=True)]
        for row, line in zip(grid, sizes, strict=True)
    ]  # fmt: skip


def _size(cell: Cell, scale: Scale) -> float:
    if cell.mde is None:
        return math.nan
    return abs(math.log(cell.mde)) if scale == "ratio" else abs(cell.mde)


def _value(size: float, old: float, scale: Scale) -> float:
    """The size as a value on the effect's scale, in the old one's direction."""
    if scale == "ratio":
        return math.exp(size if old > 1 else -size)
    return math.copysign(size, old)


def _history(case: Case, proof: Proof) -> Window:
    """The complete weeks before the first team's start that the extract covers."""
    ground = case.ground
    first = min((proof.start, *proof.starts.values()))
    end = monday(min(first, ground.covers.end, ground.today))
    start = -(-(ground.covers.start - date(1970, 1, 5)).days // 7) * WEEK + date(1970, 1, 5)
    return Window(min(start, end), end)


@dataclass(frozen=True)
class _Source:
    """What designs are drawn from: rows by team, the teams that are big enough, and how many the proof itself has."""

    case: Case
    proof: Proof
    history: Window
    frame: pd.DataFrame
    rows: tuple[Ints, ...]  # positions in `frame`, one entry a team
    treated: int
    others: int
    known: bool  # whether the proof's own teams occur in the history

    @classmethod
    def of(cls, case: Case, proof: Proof, history: Window) -> _Source:
        """The teams with facts enough in the weeks that a baseline would have."""
        frame = case.facts.reset_index(drop=True)
        names = frame["team"].astype(object).where(frame["team"].notna(), NO_TEAM).astype(str)
        at = pd.to_datetime(frame["start" if "start" in frame else "at"], utc=True, errors="coerce")
        begin, end = (pd.Timestamp(day, tz=case.ground.time_zone) for day in (history.start, history.end))
        recent = (at >= max(begin, end - pd.Timedelta(weeks=proof.before))) & (at < end)
        sizes = names[recent].value_counts()
        enough = 1 if isinstance(case.needle.kind, Rate | Stock) else FACTS_A_TEAM
        big = sorted(str(name) for name, size in sizes.items() if size >= enough)
        groups = names.groupby(names).groups
        declared = set(big) if proof.treated == "all" else set(proof.treated)
        inside = [name for name in big if name in declared]
        return cls(
            case, proof, history, frame, tuple(np.asarray(groups[name], dtype=np.int64) for name in big),
            len(inside) or (0 if proof.treated == "all" else len(proof.treated)), len(big) - len(inside), bool(inside),
        )  # fmt: skip


def _cell(source: _Source, design: tuple[int, int, bool], draws: int) -> Cell:
    """One design, drawn several times, by the same dice as every other: the median of what each draw could have shown."""
    weeks, teams, compared = design
    others = min(MOST_COMPARED, max(ENOUGH_TEAMS, source.others)) if compared else 0
    if why := _impossible(source, weeks, teams, others):
        return Cell(weeks, teams, others, None, why)
    found = [value for i in range(draws) if (value := _drawn(source, i, (weeks, teams, others))) is not None]
    if len(found) < max(2, draws // 3):
        return Cell(weeks, teams, others, None, "too few facts a team and week")
    mde = float(np.median(found))
    if source.case.needle.kind.scale == "ratio" and not BOUNDS[0] <= mde <= BOUNDS[1]:
        way = "a tenfold rise" if mde > 1 else "a fall of 95%"
        return Cell(weeks, teams, others, None, f"not even {way} would stand out")
    return Cell(weeks, teams, others, mde)


def _impossible(source: _Source, weeks: int, teams: int, others: int) -> str:
    """Why a design can claim nothing whatever comes, or cannot be reckoned from this history; '' where neither holds."""
    if not source.rows:
        return "no team has facts enough"
    if weeks < minimum.WEEKS_AFTER:
        return f"fewer than {minimum.WEEKS_AFTER} weeks"
    if not others and teams < ENOUGH_TEAMS:
        return "fewer than four teams alone"
    if teams < ENOUGH_TEAMS and 1 / math.comb(teams + others, teams) > ALPHA:
        return "too few choices of teams to rule chance out"
    if _room(source, weeks) < 0:
        return f"needs {source.proof.before + source.proof.settling_in + weeks} weeks of history"
    return ""


def _room(source: _Source, weeks: int) -> int:
    """By how many weeks the windows can be moved within the history; negative where they do not fit."""
    return source.history.days // 7 - source.proof.before - source.proof.settling_in - weeks


def _drawn(source: _Source, draw: int, design: tuple[int, int, int]) -> float | None:
    """What one draw of teams and date could have shown, on the effect's scale; None where it has too little data."""
    weeks, teams, others = design
    proof, ground = source.proof, source.case.ground
    random = np.random.default_rng((20260101, draw))
    end = source.history.end - WEEK * int(random.random() * (_room(source, weeks) + 1))
    start = end - WEEK * (weeks + proof.settling_in)
    names = [*(f"proof {i}" for i in range(teams)), *(f"other {i}" for i in range(others))]
    order = _pick(random, len(source.rows), max(TEAMS) + MOST_COMPARED)
    picks = np.r_[order[:teams], order[max(TEAMS) :][:others]] if len(source.rows) > max(TEAMS) else order[: len(names)]
    rows = np.concatenate([source.rows[i] for i in picks])
    team = np.repeat(names, [len(source.rows[i]) for i in picks])
    trial = proof.model_copy(
        update={
            "treated": tuple(names[:teams]), "comparison": "all others" if others else "none", "start": start, "starts": {},
            "after": weeks, "read_out": end, "picked": None,
        }
    )  # fmt: skip
    frame = source.frame.iloc[rows].assign(team=team)
    case = Case(source.case.needle, frame, replace(ground, today=end, source_changed=()))
    chosen = study(case, trial, "plan")
    found = None if minimum.short(chosen) else weigh(chosen)
    if found is None or not math.isfinite(found.interval.width) or found.interval.width <= 0:
        return None
    towards = -1.0 if case.needle.better == "lower" else 1.0
    return printed(chosen, towards * MDE * found.interval.width / 2)


def _pick(random: np.random.Generator, there: int, wanted: int) -> Ints:
    """Teams at random: none twice while there are enough, else each about as often as the others."""
    rounds = -(-wanted // there)
    return np.concatenate([random.permutation(there) for _ in range(rounds)])[:wanted].astype(np.int64)


def _level(source: _Source) -> float:
    """The needle in the last weeks of the history, in the proof's own teams (all, where none occurs); NaN where unknown."""
    proof, end = source.proof, source.history.end
    half = max(1, proof.before // 2)
    trial = proof.model_copy(
        update={
            "treated": proof.treated if source.known else "all", "comparison": "none", "starts": {}, "settling_in": 0,
            "start": end - WEEK * half, "before": half, "after": half, "read_out": end,
        }
    )  # fmt: skip
    chosen = study(Case(source.case.needle, source.frame, replace(source.case.ground, today=end)), trial, "plan")
    return levels(chosen, chosen.treated)[1].value if chosen.treated.teams else math.nan


def shown(plan: Plan, *, compared: bool) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Teams with their cells by weeks, as a table has them."""
    for teams in dict.fromkeys(c.teams for c in plan.cells):
        yield teams, [c for c in plan.cells if c.teams == teams and (c.compared > 0) == compared]
