"""Worlds with a known truth for the calibration: facts drawn with fixed seeds, for each kind of needle."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

MONDAY = date(2024, 1, 1)
WEEK = 7 * 86400
ORIGIN = pd.Timestamp(MONDAY, tz="UTC").timestamp()
SHARE = 0.3
STAY = 4.0  # weeks that an item of a stock stays open, on average


@dataclass(frozen=True)
class World:
    """What goes on: each field is a way in which weeks, teams or items differ without, or with, a proof."""

    name: str
    kind: str = "duration"
    teams: int = 6
    others: int = 0
    before: int = 13
    after: int = 8
    a_week: float = 3.0  # items a team and week
    days: float = 6.0  # the median span
    effect: float = 1.0  # after ÷ before
    rho: float = 0.0  # weeks that resemble each other …
    shock: float = 0.0  # … and how much they differ, on the log scale
    drift: float = 0.0  # each team's own change, log scale
    over: float = 0.0  # overdispersion of volumes a team and week, log scale
    mix: float = 1.0  # volume of the slow half of the teams after the start
    trend: float = 0.0  # a week, log scale
    season: float = 0.0  # a slow wave over a year, log scale
    coarse: bool = False  # spans in whole days
    train: int = 0  # ends wait for a release every so many weeks
    quiet: tuple[int, ...] = field(default=())  # weeks with next to nothing: holidays

    @property
    def weeks(self) -> int:
        """All weeks."""
        return self.before + self.after

    @property
    def truth(self) -> float:
        """The effect on its printed scale: a ratio, or points of a share."""
        if self.kind == "stock":
            return 0.0 if self.effect == 1 else float("nan")
        return (self.effect - 1) * SHARE if self.kind == "share" else self.effect


ALIKE = {"rho": 0.5, "shock": 0.35}
NULLS = (
    World("independent"),
    World("weeks alike, 0.5", **ALIKE),
    World("weeks alike, 0.8", rho=0.8, shock=0.35),
    World("teams drift", drift=0.4),
    World("overdispersed", over=0.6),
    World("much still open", days=25),
    World("mix shifts", mix=0.3),
    World("trend", trend=-0.04),
    World("slow trend", trend=-0.02),
    World("whole days", coarse=True, days=1.5),
    World("release trains", train=2),
    World("few items", a_week=1.2),
    World("weeks alike, comparison", **ALIKE, others=6),
    World("teams drift, comparison", drift=0.4, others=6),
    World("trend, comparison", trend=-0.04, others=6),
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
_RATES = (
    World("independent"),
    World("weeks alike, 0.5", **ALIKE),
    World("teams drift", drift=0.4),
    World("teams drift a lot", drift=0.6),
    World("overdispersed", over=0.6),
    World("trend", trend=0.04),
    World("a holiday", quiet=(15, 16)),
    World("few events", a_week=0.3),
    World("weeks alike, comparison", **ALIKE, others=6),
    World("teams drift, comparison", drift=0.4, others=6),
    World("2 teams drift, 6 others", drift=0.4, teams=2, others=6, a_week=8),
)
_RATE_FINDS = (
    World("half, 6 teams", effect=0.5),
    World("half, 6 and 6 teams", effect=0.5, others=6),
    World("double, 6 teams, weeks alike", effect=2.0, rho=0.5, shock=0.2),
)
RATE_NULLS = tuple(replace(w, kind="rate") for w in _RATES)
RATE_FINDS = tuple(replace(w, kind="rate") for w in _RATE_FINDS)
OTHER_NULLS = tuple(
    World(name, kind, a_week=volume, **more)
    for kind, volume in (("share", 8.0), ("ratio", 8.0), ("stock", 6.0))
    for name, more in (
        ("independent", {}), ("weeks alike, 0.5", ALIKE), ("teams drift", {"drift": 0.4}), ("trend", {"trend": -0.04}),
        ("teams drift, comparison", {"drift": 0.4, "others": 6}),
    )
)  # fmt: skip
OTHER_FINDS = (
    World("half, 6 teams", "share", a_week=8, effect=0.5),
    World("half, 6 teams", "ratio", a_week=8, effect=0.5),
    World("half arrive, 6 teams", "stock", a_week=6, effect=0.5),
)


def draw(world: World, seed: int) -> pd.DataFrame:
    """The facts of one world, as a needle of its kind has them; ends after the cut are open."""
    random = np.random.default_rng(seed)
    week = np.arange(world.weeks)
    wave = world.season * np.sin(2 * np.pi * week / 52)
    shared = _ar1(random, world.weeks, world.rho) * world.shock + world.trend * week + wave
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
    if world.kind in ("rate", "stock"):
        volume = volume * own * np.exp(shared) * moved
    volume[list(world.quiet)] *= 0.05
    week = np.repeat(np.arange(world.weeks), random.poisson(volume))
    start = ORIGIN + (week + random.random(len(week))) * WEEK
    level = own * np.exp(shared[week]) * moved[week]
    made = {"duration": _spans, "stock": _stock, "share": _share, "ratio": _ratio}.get(world.kind, _events)
    return made(world, random, start, level).assign(team=name)


def _times(seconds: np.ndarray) -> pd.DatetimeIndex:
    return pd.to_datetime(seconds, unit="s", utc=True)


def _events(_: World, __: np.random.Generator, start: np.ndarray, ___: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"at": _times(start)})


def _spans(world: World, random: np.random.Generator, start: np.ndarray, level: np.ndarray) -> pd.DataFrame:
    days = world.days * level * np.exp(random.normal(0, 0.9, len(start)))
    if world.coarse:
        days = np.ceil(days)
    end = start + days * 86400
    if world.train:
        end = ORIGIN + np.ceil((end - ORIGIN) / (world.train * WEEK)) * world.train * WEEK - 3600
    end = np.where(end < ORIGIN + world.weeks * WEEK, end, np.nan)
    return pd.DataFrame({"start": _times(start), "end": _times(end)})


def _share(_: World, random: np.random.Generator, start: np.ndarray, level: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"at": _times(start), "yes": random.random(len(start)) < np.minimum(SHARE * level, 1)})


def _ratio(_: World, random: np.random.Generator, start: np.ndarray, level: np.ndarray) -> pd.DataFrame:
    units = random.gamma(2, 3, len(start))
    cost = units * level * np.exp(random.normal(0, 0.5, len(start)))
    return pd.DataFrame({"at": _times(start), "numerator": cost, "denominator": units})


def _stock(world: World, random: np.random.Generator, start: np.ndarray, _: np.ndarray) -> pd.DataFrame:
    """Arrivals, and what was open before the first week: about as many as stay open in the long run."""
    a_week = np.count_nonzero(start < ORIGIN + world.before * WEEK) / world.before
    old = ORIGIN - random.exponential(STAY, random.poisson(a_week * STAY)) * WEEK
    left = np.r_[
        ORIGIN + random.exponential(STAY, len(old)) * WEEK, start + random.exponential(STAY, len(start)) * WEEK
    ]
    end = np.where(left < ORIGIN + world.weeks * WEEK, left, np.nan)
    return pd.DataFrame({"start": _times(np.r_[old, start]), "end": _times(end)})


def _ar1(random: np.random.Generator, weeks: int, rho: float) -> np.ndarray:
    noise = random.normal(size=weeks)
    out = [noise[0]]
    for one in noise[1:]:
        out.append(rho * out[-1] + np.sqrt(1 - rho**2) * one)
    return np.array(out)
