"""What is known for one report: readings of its needles by quarter, and the evidence of its proofs. Computed once, when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import pandas as pd

from reportkit import measure
from reportkit.evidence import Case, Ground, compare_all
from reportkit.measure import Reading
from reportkit.model.evidence import NO_TEAM, Evidence
from reportkit.model.needle import Needle
from reportkit.model.params import Audience, Organisation, Proof
from reportkit.model.period import WEEK, Quarter, Window
from reportkit.needles import find
from reportkit.snapshot import Snapshot

WEEKS = 26  # half a year in the picture of a needle that no proof is told of
QUARTERS = 9  # two years and the quarter they are compared with

MILESTONES = ("first_commit_at", "opened_at", "first_review_at", "approved_at", "merged_at", "deployed_at")
STEPS: Mapping[tuple[str, str], tuple[str, bool]] = {  # from, to: what happens there, and whether it is waiting
    ("first_commit_at", "opened_at"): ("Coding", False),
    ("opened_at", "first_review_at"): ("Waiting for review", True),
    ("first_review_at", "approved_at"): ("Review", False),
    ("first_review_at", "merged_at"): ("Review", False),
    ("approved_at", "merged_at"): ("Waiting to merge", True),
    ("opened_at", "merged_at"): ("Review and merge", False),
    ("opened_at", "approved_at"): ("Review", False),
    ("first_commit_at", "merged_at"): ("Coding and review", False),
    ("merged_at", "deployed_at"): ("Waiting for release", True),
}
MOSTLY = 0.9  # a milestone counts where this share of the changes have it


@dataclass(frozen=True)
class Step:
    """One step of a change's way: its mean length in days, and whether it is waiting."""

    name: str
    waiting: bool
    days: float


@dataclass(frozen=True)
class Path:
    """The way of the changes released in a window: mean days by step, which add up, and the median of the whole."""

    window: Window
    steps: tuple[Step, ...]
    changes: int
    median: float


@dataclass(frozen=True)
class Findings:
    """Readings and evidence of one audience's needles and one quarter's proofs."""

    audience: Audience
    quarter: Quarter
    proofs: Mapping[str, Proof]
    organisation: Organisation
    snapshot: Snapshot

    @cached_property
    def missing(self) -> Mapping[str, str]:
        """Needles that this extract cannot give, each with the reason as a sentence."""
        wanted = dict.fromkeys((self.audience.quantified_by, *self.audience.needles))
        for proof in self.proofs.values():
            wanted |= dict.fromkeys(proof.needles)
        reasons = {key: measure.lacking(self.snapshot, find(key)) for key in wanted}
        return {key: reason for key, reason in reasons.items() if reason}

    @cached_property
    def needles(self) -> tuple[Needle, ...]:
        """The audience's needles that can be computed, primary first."""
        return tuple(find(key) for key in self.audience.needles if key not in self.missing)

    def history(self, needle: Needle) -> Sequence[Reading]:
        """The needle by quarter, nine quarters up to this one, oldest first, whole organisation."""
        if needle.key not in self._histories:
            self._histories[needle.key] = measure.quarters(self.snapshot, needle, self.quarter, QUARTERS)
        return self._histories[needle.key]

    @cached_property
    def _histories(self) -> dict[str, Sequence[Reading]]:
        return {}

    def weekly(self, needle: Needle) -> Sequence[Reading]:
        """The needle in each of the last 26 complete weeks of the quarter, whole organisation, from the first covered one on."""
        last = self.quarter.window.end
        mondays = Window(last - WEEK * (WEEKS + 1), last).weeks[-WEEKS:]
        found = measure.readings(self.snapshot, needle, [Window(day, day + WEEK) for day in mondays])
        covered = self.snapshot.covers(needle.entity)
        return [reading for reading in found if reading.window.start >= covered.start]

    def now(self, needle: Needle) -> Reading:
        """The needle in this quarter."""
        return self.history(needle)[-1]

    @cached_property
    def evidence(self) -> Mapping[str, tuple[Evidence, ...]]:
        """Per proof the evidence of each of its needles that can be computed: headline first, as declared."""
        return {key: self._weigh(key, proof) for key, proof in self.proofs.items()}

    def _weigh(self, key: str, proof: Proof) -> tuple[Evidence, ...]:
        keys = [k for k in proof.needles if k not in self.missing]
        cases = [Case(find(k), measure.facts(self.snapshot, find(k), proof.by), self.ground(k)) for k in keys]
        return compare_all(cases, proof, name=key)

    def ground(self, needle: str) -> Ground:
        """What the evidence of a needle stands on: the span that its entity covers, the cut, the holidays."""
        return Ground(
            time_zone=self.organisation.time_zone,
            covers=self.snapshot.covers(find(needle).entity),
            today=self.quarter.window.end,
            holidays=self.organisation.holidays,
        )

    @property
    def lead(self) -> tuple[str, Proof] | None:
        """The quarter's leading proof."""
        return next(iter(self.proofs.items()), None)

    def of(self, needle: str, proof: str | None = None) -> Evidence | None:
        """The evidence of a needle in a proof, the first proof that has it where none is named."""
        for key in [proof] if proof else self.proofs:
            for evidence in self.evidence.get(key, ()):
                if evidence.needle == needle:
                    return evidence
        return None

    def paths(self, proof: Proof, teams: Sequence[str]) -> tuple[Path, ...]:
        """The way of the proof teams' changes before and after; empty where the extract does not tell it."""
        if not self.snapshot.has("changes"):
            return ()
        frame = self._changes
        if proof.by not in frame:
            return ()
        frame = frame[frame[proof.by].fillna(NO_TEAM).isin(teams)]
        return _alike([_path(frame, window, self.organisation.time_zone) for window in proof.windows])

    def quarter_paths(self) -> tuple[Path, ...]:
        """The way of all changes in the quarter before and in this one; empty where the extract does not tell it."""
        if not self.snapshot.has("changes"):
            return ()
        windows = (self.quarter.shift(-1).window, self.quarter.window)
        return _alike([_path(self._changes, window, self.organisation.time_zone) for window in windows])

    @cached_property
    def _changes(self) -> pd.DataFrame:
        table = self.snapshot.table("changes")
        wanted = ("team", "service", "journey", *MILESTONES)
        frame: pd.DataFrame = table.drop_null("deployed_at").select(*wanted).to_pyarrow().to_pandas()
        return frame


def _alike(found: Sequence[Path | None]) -> tuple[Path, ...]:
    """The paths where all of them are known by the same two steps or more; else none."""
    paths = tuple(path for path in found if path)
    steps = {tuple(step.name for step in path.steps) for path in paths}
    return paths if len(paths) == len(found) and len(steps) == 1 and len(next(iter(steps))) >= 2 else ()


def _path(frame: pd.DataFrame, window: Window, time_zone: str) -> Path | None:
    """The mean way of the changes released in the window; None where there are none or no two milestones."""
    start, end = window.instants(time_zone)
    rows = frame[(frame.deployed_at >= start) & (frame.deployed_at < end)]
    if rows.empty:
        return None
    known = [m for m in MILESTONES if rows[m].notna().mean() >= MOSTLY]
    rows = rows[rows[known].notna().all(axis=1)]
    pairs = list(pairwise(known))
    if rows.empty or not pairs or any(pair not in STEPS for pair in pairs):
        return None
    days = [_days(rows[b] - rows[a]) for a, b in pairs]
    steps = tuple(Step(*STEPS[pair], float(d.mean())) for pair, d in zip(pairs, days, strict=True))
    return Path(window, steps, len(rows), float(_days(rows[known[-1]] - rows[known[0]]).median()))


def _days(spans: pd.Series) -> pd.Series:
    days: pd.Series = spans.dt.total_seconds() / 86400
    return days
