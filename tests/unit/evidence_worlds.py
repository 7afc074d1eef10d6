"""Worlds for the tests of evidence: needles, a proof, and facts drawn with a fixed seed."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from reportkit.evidence import Ground
from reportkit.model.kind import Duration, Kind, Rate, Ratio, Share, Stock
from reportkit.model.needle import Example, Needle
from reportkit.model.params import Proof
from reportkit.model.period import Window

START = date(2026, 4, 6)
BEGIN = date(2026, 1, 5)
END = date(2026, 7, 6)
GROUND = Ground("Europe/London", Window(date(2026, 1, 1), END), END)
PROOF_TEAMS = tuple(f"proof {i}" for i in range(6))
OTHER_TEAMS = tuple(f"other {i}" for i in range(6))


def needle(kind: Kind, better: str = "lower", key: str = "needle") -> Needle:
    return Needle(
        key=key, label="Lead time", theme="speed", question="How long?", entity="changes", kind=kind,
        better=better, source="reportkit", example=Example([], 0.0), facts=("change", "changes"),
    )  # fmt: skip


LEAD_TIME = needle(Duration(None, None), key="lead_time")
DEPLOYMENTS = needle(Rate(None), "higher", "deployments")
FAILURES = needle(Share(None, None), key="failures")
COST = needle(Ratio(None, None, None), key="cost")
BACKLOG = needle(Stock(None, None), key="backlog")
EVERY = (LEAD_TIME, DEPLOYMENTS, FAILURES, COST, BACKLOG)


def proof(**changes: Any) -> Proof:
    given: dict[str, Any] = {
        "name": "The paved road", "tried": "one path", "treated": PROOF_TEAMS, "start": START, "before": 13, "after": 13,
        "read_out": END, "comparison": "none", "headline": ("lead_time",),
    }  # fmt: skip
    return Proof(**{**given, **changes})


def instant(day: date) -> pd.Timestamp:
    return pd.Timestamp(day, tz="Europe/London").tz_convert("UTC")


def durations(
    seed: int = 0,
    teams: tuple[str, ...] = PROOF_TEAMS,
    *,
    a_week: float = 3.0,
    days: float = 8.0,
    effect: float = 1.0,
    spread: float = 0.8,
    team_spread: float = 0.3,
    drift: float = 0.0,
) -> pd.DataFrame:
    """Poisson arrivals, log-normal spans around a team's own median, multiplied by `effect` from the start on."""
    random = np.random.default_rng(seed)
    begin, split = instant(BEGIN).timestamp(), instant(START).timestamp()
    frames = []
    for team in teams:
        count = random.poisson(a_week * 26)
        start = np.sort(random.uniform(0, 26 * 7 * 86400, count)) + begin
        own = days * np.exp(random.normal(0, team_spread))
        later = start >= split
        moved = np.where(later, effect * np.exp(random.normal(0, drift)), 1.0)
        span = own * np.exp(random.normal(0, spread, count)) * moved
        frames.append(pd.DataFrame({"team": team, "start": start, "end": start + span * 86400}))
    frame = pd.concat(frames, ignore_index=True)
    frame["start"] = pd.to_datetime(frame["start"], unit="s", utc=True)
    end = pd.to_datetime(frame["end"], unit="s", utc=True)
    frame["end"] = end.where(end < instant(END))
    return frame


def events(
    seed: int = 0,
    teams: tuple[str, ...] = PROOF_TEAMS,
    *,
    a_week: float = 3.0,
    effect: float = 1.0,
    rho: float = 0.0,
    noise: float = 0.0,
    drift: float = 0.0,
) -> pd.DataFrame:
    """Events a team and week: Poisson around a log-AR(1) level shared by the teams."""
    random = np.random.default_rng(seed)
    shared = _ar1(random, 26, rho) * noise
    frames = []
    for team in teams:
        own = a_week * np.exp(random.normal(0, 0.3))
        moved = effect * np.exp(random.normal(0, drift))
        level = own * np.exp(shared) * np.where(np.arange(26) >= 13, moved, 1.0)
        week = np.repeat(np.arange(26), random.poisson(level))
        frames.append(pd.DataFrame({"team": team, "at": (week + random.uniform(0, 1, len(week))) * 7 * 86400}))
    frame = pd.concat(frames, ignore_index=True)
    monday = instant(BEGIN).timestamp() + 3600 * 2
    frame["at"] = pd.to_datetime(frame["at"] * 0.99 + monday, unit="s", utc=True)
    return frame


def _ar1(random: np.random.Generator, weeks: int, rho: float) -> np.ndarray:
    value, out = random.normal(), []
    for _ in range(weeks):
        value = rho * value + np.sqrt(1 - rho**2) * random.normal()
        out.append(value)
    return np.array(out)


def facts_for(one: Needle, seed: int = 0, teams: tuple[str, ...] = PROOF_TEAMS) -> pd.DataFrame:
    """A table of facts that fits the needle's kind."""
    match one.kind:
        case Duration() | Stock():
            return durations(seed, teams)
        case Rate():
            return events(seed, teams)
        case Share():
            frame = events(seed, teams)
            return frame.assign(yes=np.random.default_rng(seed).random(len(frame)) < 0.3)
    frame = events(seed, teams)
    random = np.random.default_rng(seed)
    return frame.assign(numerator=random.gamma(2, 5, len(frame)), denominator=random.gamma(2, 1, len(frame)))
