"""How often each method cries wolf, misses, or is wrong: worlds with a known truth, drawn with fixed seeds.

    python benchmarks/calibration.py            # 300 draws a world
    python benchmarks/calibration.py 1000       # more

Null worlds have nothing to find: a method that claims something there is wrong. `alarms` counts verdicts (moved or got
worse); `outside` counts intervals that miss the truth. Welch and Mann–Whitney are run as they usually are: on finished
spans, or on weekly counts, at 5 %.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy import stats

from reportkit.evidence import Ground, compare
from reportkit.model.evidence import Evidence, Verdict
from reportkit.model.kind import Duration, Rate
from reportkit.model.needle import Example, Needle
from reportkit.model.params import Proof
from reportkit.model.period import Window

MONDAY = date(2024, 1, 1)
WEEK = 7 * 86400
ORIGIN = pd.Timestamp(MONDAY, tz="UTC").timestamp()


@dataclass(frozen=True)
class World:
    """What goes on: each field is a way in which weeks, teams or items differ without, or with, a proof."""

    name: str
    rate: bool = False
    teams: int = 6
    others: int = 0
    before: int = 13
    after: int = 8
    a_week: float = 3.0  # items a team and week
    days: float = 6.0  # the median span
    effect: float = 1.0
    rho: float = 0.0  # weeks that resemble each other …
    shock: float = 0.0  # … and how much they differ, on the log scale
    drift: float = 0.0  # each team's own change, log scale
    over: float = 0.0  # overdispersion of counts a team and week, log scale
    mix: float = 1.0  # volume of the slow half of the teams after the start
    trend: float = 0.0  # a week, log scale
    coarse: bool = False  # spans in whole days
    train: int = 0  # ends wait for a release every so many weeks
    quiet: tuple[int, ...] = field(default=())  # weeks with next to nothing: holidays

    @property
    def weeks(self) -> int:
        return self.before + self.after


NULLS = (
    World("independent"),
    World("weeks alike, 0.5", rho=0.5, shock=0.35),
    World("weeks alike, 0.8", rho=0.8, shock=0.35),
    World("teams drift", drift=0.4),
    World("overdispersed", over=0.6),
    World("much still open", days=25),
    World("mix shifts", mix=0.3),
    World("trend", trend=-0.04),
    World("whole days", coarse=True, days=1.5),
    World("release trains", train=2),
    World("few items", a_week=1.2),
    World("weeks alike, comparison", rho=0.5, shock=0.35, others=6),
    World("teams drift, comparison", drift=0.4, others=6),
    World("2 teams drift, 6 others", drift=0.4, teams=2, others=6, a_week=8),
    World("2 teams drift, alone", drift=0.4, teams=2, a_week=8),
)
FINDS = (
    World("half, 6 teams", effect=0.5),
    World("half, 6 teams, weeks alike", effect=0.5, rho=0.5, shock=0.2),
    World("half, 6 and 6 teams", effect=0.5, others=6),
    World("a third less, 6 teams", effect=0.67, a_week=6),
    World("half, much still open", effect=0.5, days=20, after=13),
)
RATE_NULLS = (
    World("independent", rate=True),
    World("weeks alike, 0.5", rate=True, rho=0.5, shock=0.35),
    World("teams drift", rate=True, drift=0.4),
    World("overdispersed", rate=True, over=0.6),
    World("teams drift a lot", rate=True, drift=0.6),
    World("trend", rate=True, trend=0.04),
    World("a holiday", rate=True, quiet=(15, 16)),
    World("few events", rate=True, a_week=0.3),
    World("weeks alike, comparison", rate=True, rho=0.5, shock=0.35, others=6),
    World("teams drift, comparison", rate=True, drift=0.4, others=6),
    World("2 teams drift, 6 others", rate=True, drift=0.4, teams=2, others=6, a_week=8),
)
RATE_FINDS = (
    World("half, 6 teams", rate=True, effect=0.5),
    World("half, 6 and 6 teams", rate=True, effect=0.5, others=6),
    World("double, 6 teams, weeks alike", rate=True, effect=2.0, rho=0.5, shock=0.2),
)


def draw(world: World, seed: int) -> pd.DataFrame:
    """The facts of one world: team, start (or at), end; ends after the cut are open."""
    random = np.random.default_rng(seed)
    shared = _ar1(random, world.weeks, world.rho) * world.shock + world.trend * np.arange(world.weeks)
    teams = [f"proof {i}" for i in range(world.teams)] + [f"other {i}" for i in range(world.others)]
    parts = [_team(world, random, name, i, shared) for i, name in enumerate(teams)]
    return pd.concat(parts, ignore_index=True)


def _team(world: World, random: np.random.Generator, name: str, place: int, shared: np.ndarray) -> pd.DataFrame:
    after = np.arange(world.weeks) >= world.before
    effect = world.effect if name.startswith("proof") else 1.0
    moved = np.where(after, effect * np.exp(random.normal(0, world.drift)), 1.0)
    own = np.exp(random.normal(0, 0.3) + (0.8 if world.mix != 1 and place % 2 else 0.0))
    volume = world.a_week * np.exp(random.normal(0, 0.2)) * np.exp(random.normal(0, world.over, world.weeks))
    volume = volume * np.where(after & (place % 2 == 1), world.mix, 1.0)
    if world.rate:
        volume = volume * own * np.exp(shared) * moved
    volume[list(world.quiet)] *= 0.05
    week = np.repeat(np.arange(world.weeks), random.poisson(volume))
    start = ORIGIN + (week + random.random(len(week))) * WEEK
    if world.rate:
        return pd.DataFrame({"team": name, "at": pd.to_datetime(start, unit="s", utc=True)})
    days = world.days * own * np.exp(shared[week] + random.normal(0, 0.9, len(week))) * moved[week]
    if world.coarse:
        days = np.ceil(days)
    end = start + days * 86400
    if world.train:
        end = ORIGIN + np.ceil((end - ORIGIN) / (world.train * WEEK)) * world.train * WEEK - 3600
    end = np.where(end < ORIGIN + world.weeks * WEEK, end, np.nan)
    frame = {
        "team": name,
        "start": pd.to_datetime(start, unit="s", utc=True),
        "end": pd.to_datetime(end, unit="s", utc=True),
    }
    return pd.DataFrame(frame)


def _ar1(random: np.random.Generator, weeks: int, rho: float) -> np.ndarray:
    noise = random.normal(size=weeks)
    out = [noise[0]]
    for one in noise[1:]:
        out.append(rho * out[-1] + np.sqrt(1 - rho**2) * one)
    return np.array(out)


# ---- methods ---------------------------------------------------------------------------------------------------------


def engine(world: World, facts: pd.DataFrame, statistic: str = "median") -> Evidence:
    """What reportkit says."""
    start, end = MONDAY + timedelta(weeks=world.before), MONDAY + timedelta(weeks=world.weeks)
    kind = Rate(None) if world.rate else Duration(None, None)
    needle = Needle(
        "n", "Needle", "speed", "", "changes", kind, "lower", "reportkit", Example([], 0.0), ("change", "changes")
    )
    proof = Proof(
        name="p", tried="t", treated=tuple(f"proof {i}" for i in range(world.teams)), start=start, before=world.before,
        after=world.after, read_out=end, comparison="all others" if world.others else "none", headline=("n",),
        statistic=statistic,
    )  # fmt: skip
    holidays = tuple(MONDAY + timedelta(weeks=w) for w in world.quiet)
    return compare(facts, needle, proof, Ground("UTC", Window(MONDAY, end), end, holidays))


def usual(world: World, facts: pd.DataFrame) -> dict[str, bool]:
    """Whether Welch and Mann–Whitney claim something, as they are usually run."""
    mine = facts[facts.team.str.startswith("proof")]
    split = pd.Timestamp(MONDAY + timedelta(weeks=world.before), tz="UTC")
    if world.rate:
        week = ((mine["at"] - pd.Timestamp(MONDAY, tz="UTC")).dt.days // 7).to_numpy()
        counts = np.bincount(week, minlength=world.weeks).astype(float)
        a, b = counts[: world.before], counts[world.before :]
    else:
        done = mine.dropna(subset=["end"])
        days = np.log((done.end - done.start).dt.total_seconds() / 86400)
        a, b = days[done.start < split].to_numpy(), days[done.start >= split].to_numpy()
    if min(len(a), len(b)) < 3 or (a.std() == 0 and b.std() == 0):
        return {"Welch": False, "Mann–Whitney": False}
    return {
        "Welch": stats.ttest_ind(a, b, equal_var=False).pvalue < 0.05,
        "Mann–Whitney": stats.mannwhitneyu(a, b).pvalue < 0.05,
    }


# ---- the table -------------------------------------------------------------------------------------------------------


@dataclass
class Score:
    """What a method did in one world, as shares of the draws."""

    claims: float
    outside: float  # intervals that miss the truth, of those given
    wrong: float  # claims of the wrong direction
    refused: float  # not enough data
    ms: float


def score(world: World, draws: int, statistic: str = "median", seed: int = 1) -> tuple[Score, dict[str, float]]:
    """The engine's score in a world, and how often the usual tests claim something."""
    claims = outside = wrong = refused = given = 0
    spent, others = 0.0, {"Welch": 0, "Mann–Whitney": 0}
    for i in range(draws):
        facts = draw(world, seed * 100_000 + i)
        began = time.perf_counter()
        found = engine(world, facts, statistic)
        spent += time.perf_counter() - began
        claim = found.verdict in (Verdict.MOVED, Verdict.GOT_WORSE)
        claims += claim
        wrong += claim and world.effect != 1 and (found.effect < 1) != (world.effect < 1)
        refused += found.verdict is Verdict.NOT_ENOUGH_DATA
        if found.interval is not None:
            given += 1
            outside += not found.interval.low <= world.effect <= found.interval.high
        for name, yes in usual(world, facts).items():
            others[name] += yes
    share = {name: count / draws for name, count in others.items()}
    return Score(claims / draws, outside / max(given, 1), wrong / draws, refused / draws, 1000 * spent / draws), share


def rows(draws: int) -> Iterator[tuple[str, str, World, Score, dict[str, float]]]:
    """One row a kind, statistic and world."""
    plan: list[tuple[str, str, tuple[World, ...]]] = [
        ("Duration", "median", NULLS + FINDS),
        ("Duration", "typical", NULLS + FINDS),
        ("Rate", "rate", RATE_NULLS + RATE_FINDS),
    ]
    for kind, statistic, worlds in plan:
        for world in worlds:
            yield kind, statistic, world, *score(world, draws, "median" if statistic == "rate" else statistic)


def main(draws: int, write: Callable[[str], object] = print) -> None:
    """Print the table as it is worked out."""
    head = ("", "world", "true", "claims", "outside", "wrong way", "no data", "ms", "Welch", "Mann–Whitney")
    write("{:<9}{:<32}{:>5}{:>9}{:>9}{:>11}{:>9}{:>6}{:>8}{:>14}".format(*head))
    for kind, statistic, world, own, others in rows(draws):
        label = statistic if kind == "Duration" else kind.lower()
        write(
            f"{label:<9}{world.name:<32}{world.effect:>5.2g}{own.claims:>9.1%}{own.outside:>9.1%}{own.wrong:>11.1%}"
            f"{own.refused:>9.1%}{own.ms:>6.1f}{others['Welch']:>8.1%}{others['Mann–Whitney']:>14.1%}"
        )


if __name__ == "__main__":
    warnings.simplefilter("error")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
