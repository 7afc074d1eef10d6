"""Facts as arrays: what came as a table, checked once and turned into numbers, so that the rest is arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

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
    seconds since 1970; `end` is there for durations and stocks. `parts` are a Ratio's numerator and denominator, a
    Share's yes and 1, or the amount and 1 of a Rate that adds something up. `stratum` points into `types`, the proof's
    strata. `late` is by how many weeks the fact's team starts after the proof's own start, `share` what a fact counts for
    where it stands beside several starts; None is 0 and 1 throughout. `dropped` counts rows of the table that no
    reckoning can use: no time, an end before its start, no number.
    """

    names: tuple[str, ...]
    team: Ints
    start: Floats
    end: Floats | None = None
    parts: tuple[Floats, Floats] | None = None
    dropped: int = 0
    types: tuple[str, ...] = ()
    stratum: Ints | None = None
    late: Ints | None = None
    share: Floats | None = None

    def __len__(self) -> int:
        return len(self.team)

    def where(self, keep: Bools | Ints, team: Ints | None = None, names: tuple[str, ...] | None = None) -> Facts:
        """The facts for which `keep` holds, with other team codes where given."""
        return replace(
            self,
            names=self.names if names is None else names,
            team=(self.team if team is None else team)[keep],
            start=self.start[keep],
            end=_kept(self.end, keep),
            parts=None if self.parts is None else (self.parts[0][keep], self.parts[1][keep]),
            stratum=_kept(self.stratum, keep),
            late=_kept(self.late, keep),
            share=_kept(self.share, keep),
        )

    @cached_property
    def begun(self) -> Floats:
        """All starts, in order."""
        return np.sort(self.start)

    @cached_property
    def over(self) -> Floats:
        """All ends that are known, in order."""
        return np.empty(0) if self.end is None else np.sort(self.end[np.isfinite(self.end)])

    def started(self, weeks: Mapping[str, int]) -> Facts:
        """The facts with each team's own start, given as weeks after the proof's own."""
        if not any(weeks.values()):
            return self
        late = np.array([weeks.get(name, 0) for name in self.names], dtype=np.int64)
        return replace(self, late=late[self.team])

    def beside(self, starts: Mapping[int, float]) -> Facts:
        """The facts once beside each start (weeks after the proof's own: share of the treated teams), a share each.

        Stacked comparison: every team that starts late is held against the same calendar weeks of the comparison
        (Cengiz, Dube, Lindner & Zipperer 2019).
        """
        if set(starts) <= {0}:
            return self
        count, copies = len(self), len(starts)
        again = self.where(np.tile(np.arange(count), copies))
        return replace(
            again,
            late=np.repeat(np.array(list(starts), dtype=np.int64), count),
            share=np.repeat(np.array(list(starts.values()), dtype=float), count),
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


def _kept(values: Any, keep: Bools | Ints) -> Any:
    return None if values is None else values[keep]


def read(frame: pd.DataFrame, kind: Kind, strata: Sequence[str] = ()) -> Facts:
    """The table's usable facts. Raises EvidenceError where a column that the kind, or a stratum, needs is missing.

    Times without a zone are UTC.
    """
    _check(frame, kind, strata)
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
    types, stratum = _strata(frame, strata) if strata and isinstance(kind, Duration | Share | Ratio) else ((), None)
    facts = Facts(names, team, start, end, parts, int(len(frame) - keep.sum()), types, stratum)
    return facts if keep.all() else facts.where(keep)


def columns(kind: Kind) -> tuple[str, ...]:
    """The columns that facts of this kind must have."""
    match kind:
        case Duration() | Stock():
            return ("team", "start", "end")
        case Rate():
            return ("team", "at", "amount") if sums_up(kind) else ("team", "at")
        case Share():
            return ("team", "at", "yes")
        case Ratio():
            return ("team", "at", "numerator", "denominator")


def sums_up(kind: Kind) -> bool:
    """Whether a Rate adds up what its facts carry, money or minutes, instead of counting them."""
    return isinstance(kind, Rate) and kind.counts in ("amount", "minutes")


def _check(frame: pd.DataFrame, kind: Kind, strata: Sequence[str]) -> None:
    needed = (*columns(kind), *strata)
    missing = [c for c in needed if c not in frame.columns]
    if missing:
        raise EvidenceError(
            f"facts of a {kind.name} need the columns {', '.join(needed)}; {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing."
        )


def _strata(frame: pd.DataFrame, strata: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """The strata that occur, such as 'hotfix' or 'hotfix, high', and each row's."""
    texts = [frame[name].astype(object).where(frame[name].notna(), NO_TEAM).astype(str) for name in strata]
    joined = texts[0]
    for more in texts[1:]:
        joined = joined + ", " + more
    codes, unique = pd.factorize(joined, sort=True)
    return tuple(str(name) for name in unique), codes.astype(np.int64)


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
        case Rate() if sums_up(kind):
            return _numbers(frame["amount"]), np.ones(len(frame))
        case _:
            return None


def _numbers(column: pd.Series) -> Floats:
    return np.asarray(pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan))
