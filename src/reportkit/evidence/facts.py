"""Facts as arrays: what came as a table, checked once and turned into numbers, so that the rest is arithmetic."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reportkit.errors import EvidenceError
from reportkit.model.evidence import NO_TEAM
from reportkit.model.kind import Duration, Kind, Rate, Ratio, Share, Stock

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Facts:
    """One entry a fact, all arrays of the same length.

    `team` points into `names` (sorted). `start` is when it began or happened, `end` when it ended (NaN: still open), in
    seconds since 1970; `end` is there for durations and stocks. `parts` are a Ratio's numerator and denominator, or a
    Share's yes and 1. `dropped` counts rows of the table that no reckoning can use: no time, an end before its start, no
    number.
    """

    names: tuple[str, ...]
    team: Ints
    start: Floats
    end: Floats | None = None
    parts: tuple[Floats, Floats] | None = None
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.team)

    def where(self, keep: Bools, team: Ints | None = None, names: tuple[str, ...] | None = None) -> Facts:
        """The facts for which `keep` holds, with other team codes where given."""
        return Facts(
            self.names if names is None else names,
            (self.team if team is None else team)[keep],
            self.start[keep],
            None if self.end is None else self.end[keep],
            None if self.parts is None else (self.parts[0][keep], self.parts[1][keep]),
            self.dropped,
        )

    def of(self, teams: Collection[str]) -> Facts:
        """The facts of some teams, whose codes then count from 0 in the order of their sorted names."""
        chosen = tuple(sorted(teams))
        if chosen == self.names:
            return self
        place = {name: i for i, name in enumerate(chosen)}
        codes = np.array([place.get(name, -1) for name in self.names], dtype=np.int64)
        team = codes[self.team] if len(self.names) else self.team
        return self.where(team >= 0, team, chosen)

    def teams(self, keep: Bools) -> frozenset[str]:
        """Names of the teams that have a fact for which `keep` holds."""
        present = np.bincount(self.team[keep], minlength=len(self.names)) > 0
        return frozenset(name for name, here in zip(self.names, present, strict=True) if here)


def read(frame: pd.DataFrame, kind: Kind) -> Facts:
    """The table's usable facts. Raises EvidenceError where a column that the kind needs is missing.

    Times without a zone are UTC.
    """
    _check(frame, kind)
    names, team = _teams(frame["team"])
    spans = isinstance(kind, Duration | Stock)
    start = _seconds(frame["start" if spans else "at"])
    end = _seconds(frame["end"]) if spans else None
    parts = _parts(frame, kind)
    keep = np.isfinite(start)
    if end is not None:
        keep &= ~(end < start)
    if parts is not None:
        keep &= np.isfinite(parts[0]) & np.isfinite(parts[1])
    facts = Facts(names, team, start, end, parts, int(len(frame) - keep.sum()))
    return facts if keep.all() else facts.where(keep)


def columns(kind: Kind) -> tuple[str, ...]:
    """The columns that facts of this kind must have."""
    match kind:
        case Duration() | Stock():
            return ("team", "start", "end")
        case Rate():
            return ("team", "at")
        case Share():
            return ("team", "at", "yes")
        case Ratio():
            return ("team", "at", "numerator", "denominator")


def _check(frame: pd.DataFrame, kind: Kind) -> None:
    missing = [c for c in columns(kind) if c not in frame.columns]
    if missing:
        raise EvidenceError(
            f"facts of a {kind.name} need the columns {', '.join(columns(kind))}; {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing."
        )


def _teams(column: pd.Series) -> tuple[tuple[str, ...], Ints]:
    codes, unique = pd.factorize(column, use_na_sentinel=True)
    texts = [str(name) for name in unique] + [NO_TEAM]
    names, place = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
    return tuple(str(name) for name in names), place[codes].astype(np.int64)


def _seconds(column: pd.Series) -> Floats:
    """UTC times as seconds since 1970, NaN where there is none."""
    times = column
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        with np.errstate(invalid="ignore"):  # infinities
            times = pd.to_datetime(column, utc=True, errors="coerce")
    values = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    result = values.astype(np.int64) / 1e6
    result[np.isnat(values)] = np.nan
    return np.asarray(result)


def _parts(frame: pd.DataFrame, kind: Kind) -> tuple[Floats, Floats] | None:
    match kind:
        case Share():
            return _numbers(frame["yes"]), np.ones(len(frame))
        case Ratio():
            return _numbers(frame["numerator"]), _numbers(frame["denominator"])
        case _:
            return None


def _numbers(column: pd.Series) -> Floats:
    return np.asarray(pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan))
