"""What is known for one report: readings of its needles by quarter, and the evidence of its proofs. Computed once, when asked."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from itertools import pairwise

import pandas as pd

from reportkit import derived, measure, shared
from reportkit.english import headings
from reportkit.errors import SnapshotError
from reportkit.evidence import Case, Ground, compare, compare_all
from reportkit.evidence.restated import restated
from reportkit.measure import Part, Reading
from reportkit.model.background import Background
from reportkit.model.evidence import NO_TEAM, Evidence, Verdict
from reportkit.model.kind import Duration, Per, Ratio, Share
from reportkit.model.needle import Needle
from reportkit.model.params import Audience, Organisation, Proof, SourceChange
from reportkit.model.period import WEEK, Quarter, Window, day_text
from reportkit.model.rules import DoraRules
from reportkit.needles import find
from reportkit.snapshot import Snapshot, fetched

WEEKS = 26  # half a year in the picture of a needle that no proof is told of
QUARTERS = 9  # two years and the quarter they are compared with

MILESTONES = ("first_commit_at", "opened_at", "first_review_at", "approved_at", "merged_at", "deployed_at")
WAITING = (("opened_at", "first_review_at"), ("approved_at", "merged_at"), ("merged_at", "deployed_at"))  # nobody works
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
    background: Background = field(default_factory=Background)

    def needle(self, key: str) -> Needle:
        """The needle called `key`, its money in the organisation's currency. Raises UnknownName."""
        if key not in self._named:
            self._named[key] = find(key).in_currency(self.organisation.currency)
        return self._named[key]

    @cached_property
    def _named(self) -> dict[str, Needle]:
        return {}

    @cached_property
    def missing(self) -> Mapping[str, str]:
        """Needles that this extract cannot give, each with the reason as a sentence."""
        wanted = dict.fromkeys((self.audience.quantified_by, *self.audience.needles))
        for proof in self.proofs.values():
            wanted |= dict.fromkeys(proof.needles)
        reasons = {key: measure.lacking(self.snapshot, self.needle(key)) for key in wanted}
        return {key: reason for key, reason in reasons.items() if reason}

    @cached_property
    def needles(self) -> tuple[Needle, ...]:
        """The audience's needles that can be computed, primary first."""
        return tuple(self.needle(key) for key in self.audience.needles if key not in self.missing)

    @cached_property
    def told(self) -> tuple[Needle, ...]:
        """Every needle that the report tells of: the audience's, the one that quantifies its problem, what proofs bet on or harmed."""
        keys = dict.fromkeys((*self.audience.needles, self.audience.quantified_by))
        for key, proof in self.proofs.items():
            worse = [e.needle for e in self.evidence[key] if e.verdict is Verdict.GOT_WORSE]
            keys |= dict.fromkeys((*proof.headline, *proof.guardrails, *worse))
        return tuple(self.needle(key) for key in keys if key not in self.missing)

    def other_links(self, needle: Needle) -> list[tuple[DoraRules, Reading]]:
        """The needle in this quarter under the other ways to link incidents to deployments; empty where it links none."""
        if not derived.links(measure.uses(needle)[needle.entity]):
            return []
        rules, window = self.snapshot.rules, self.quarter.window
        named = "deployment_id" not in self.snapshot.manifest.entities["incidents"].missing
        ways = [way for way in rules.dora.other_links() if named or way.link != "stated"]
        under = [self.snapshot.under(replace(rules, dora=way)) for way in ways]
        return [
            (way, self._readings(("other links", way), s, needle, [window])[0])
            for way, s in zip(ways, under, strict=True)
        ]

    def facts(self, needle: Needle, by: str) -> pd.DataFrame:
        """The needle's facts, one row a fact, cut by a column; times in UTC."""
        return measure.facts(self.snapshot, needle, by)

    def parts(self, needle: Needle, windows: Sequence[Window], by: str) -> Sequence[Sequence[Part]]:
        """The needle in each window by the groups of a column. Raises MeasureError where it cannot be cut like that."""
        return shared.once(
            ("parts", needle.key, tuple(windows), by, self.snapshot.only),
            lambda: measure.cuts(self.snapshot, needle, windows, by),
        )

    def history(self, needle: Needle) -> Sequence[Reading]:
        """The needle by quarter, nine quarters up to this one, oldest first, of the facts that the report is on."""
        if needle.key not in self._histories:
            windows = measure.up_to(self.quarter, QUARTERS)
            self._histories[needle.key] = self._readings("history", self.snapshot, needle, windows)
        return self._histories[needle.key]

    def histories(self, needles: Sequence[Needle]) -> list[Sequence[Reading]]:
        """The history of each of the needles; over many facts two are worked out at a time."""
        return measure.each(self.snapshot, needles, self.history)

    def _readings(
        self, what: object, snapshot: Snapshot, needle: Needle, windows: Sequence[Window]
    ) -> Sequence[Reading]:
        """The readings, worked out once a build; those of one group from sums that are asked for once for all groups."""
        key, only = (what, needle.key, tuple(windows)), snapshot.only
        if not (shared.in_build() and len(only) == 1):
            return shared.once((*key, only), lambda: measure.readings(snapshot, needle, windows))
        ((by, group),) = only.items()
        groups = shared.once((*key, by), lambda: measure.by_group(snapshot.whole, needle, windows, by))
        return measure.readings(snapshot, needle, windows, groups.get(group, {}))

    @cached_property
    def _histories(self) -> dict[str, Sequence[Reading]]:
        return {}

    def weekly(self, needle: Needle) -> Sequence[Reading]:
        """The needle in each of the last 26 complete weeks of the quarter, from the first covered one on."""
        if (
            isinstance(needle.kind, Ratio)
            and isinstance(needle.kind.denominator, Per)
            and needle.kind.denominator.amount is not None
        ):
            return []  # what it is divided by is known by the month, which no week has
        last = self.quarter.window.end
        mondays = Window(last - WEEK * (WEEKS + 1), last).weeks[-WEEKS:]
        found = self._readings("weekly", self.snapshot, needle, [Window(day, day + WEEK) for day in mondays])
        covered = measure.covers(self.snapshot, needle)
        return [reading for reading in found if reading.window.start >= covered.start]

    def now(self, needle: Needle) -> Reading:
        """The needle in this quarter."""
        return self.history(needle)[-1]

    @cached_property
    def evidence(self) -> Mapping[str, tuple[Evidence, ...]]:
        """Per proof the evidence of each of its needles that can be computed: headline first, as declared."""
        return {
            key: shared.once(("evidence", key, proof, self.quarter), partial(self._weigh, key, proof))
            for key, proof in self.proofs.items()
        }

    def _weigh(self, key: str, proof: Proof) -> tuple[Evidence, ...]:
        cases = [self.case(self.needle(k), proof) for k in proof.needles if k not in self.missing]
        marked = self.background.amended.get(key)
        return tuple(_noted(e, marked, self._declared(e, proof)) for e in compare_all(cases, proof, name=key))

    def weighed(self, needle: Needle, proof: Proof, name: str) -> Evidence:
        """The evidence of one needle in a proof that goes by the name."""
        case = self.case(needle, proof)
        return compare(case.facts, case.needle, proof, case.ground, name=name)

    def case(self, needle: Needle, proof: Proof) -> Case:
        """A needle's facts and ground for a proof, cut into those of its strata that the needle's facts have."""
        strata = measure.told(self.snapshot, needle.entity, proof.strata)
        facts = measure.facts(self.snapshot.whole, needle, proof.by, strata)
        changed = [
            headings.changed_on(change.what, day_text(day))
            for day, change in self._changes_of(needle, proof)
            if not change.harmless
        ]
        changed += filter(None, [self.restated(needle, proof, facts)])
        ground = Ground(
            time_zone=self.organisation.time_zone,
            covers=measure.covers(self.snapshot, needle),
            today=self.quarter.window.end,
            holidays=self.organisation.holidays,
            source_changed=tuple(changed),
        )
        return Case(needle, facts, ground, strata)

    def _changes_of(self, needle: Needle, proof: Proof) -> list[tuple[date, SourceChange]]:
        """The declared changes of a needle's source inside the proof's weeks."""
        span = proof.span
        declared = self.background.changed.get(needle.entity, {})
        return [(day, change) for day, change in sorted(declared.items()) if span.start < day < span.end]

    def _declared(self, evidence: Evidence, proof: Proof) -> tuple[str, ...]:
        """A note for each change of the source that is declared to be harmless, and one on types that its facts do not tell."""
        needle = self.needle(evidence.needle)
        changes = self._changes_of(needle, proof)
        told = [
            headings.declared_change(day_text(day), change.what, change.harmless)
            for day, change in changes
            if change.harmless
        ]
        kept = measure.told(self.snapshot, needle.entity, proof.strata)
        lost = [name for name in proof.strata if name not in kept]
        if lost and isinstance(needle.kind, Duration | Share | Ratio):  # what is only counted has no types
            told.append(headings.untold_types(needle.entity, lost, needle))
        return tuple(told)

    def restated(self, needle: Needle, proof: Proof, facts: pd.DataFrame | None = None) -> str:
        """A clause where the first extract that held them told the weeks before the start otherwise, else ''.

        A change of the source that is declared harmless explains it.
        """
        if any(change.harmless for _, change in self._changes_of(needle, proof)):
            return ""
        then = self._first_told(proof)
        if then is None or measure.lacking(then, needle) or proof.by not in then.table(needle.entity).columns:
            return ""
        mine, theirs = measure.covers(self.snapshot, needle), measure.covers(then, needle)
        start, end = max(mine.start, theirs.start), min(mine.end, theirs.end)
        if start >= end:
            return ""
        told = measure.facts(then, needle, proof.by)
        facts = measure.facts(self.snapshot.whole, needle, proof.by) if facts is None else facts
        return restated(told, facts, needle, proof, covers=Window(start, end), time_zone=self.organisation.time_zone)

    def _first_told(self, proof: Proof) -> Snapshot | None:
        """The first extract of an earlier quarter that ends after the weeks before the start; None where there is none."""
        for quarter, folder in self.background.extracts.items():
            if Quarter.parse(quarter, self.quarter.first_month).window.end < proof.windows[0].end:
                continue
            if quarter not in self._earlier:
                self._earlier[quarter] = _opened(folder, self.snapshot)
            return self._earlier[quarter]
        return None

    @cached_property
    def _earlier(self) -> dict[str, Snapshot | None]:
        return {}

    @property
    def lead(self) -> tuple[str, Proof] | None:
        """The quarter's leading proof: the first of which there is evidence; None where there is none of any."""
        return next(((key, proof) for key, proof in self.proofs.items() if self.evidence.get(key)), None)

    def of(self, needle: str, proof: str | None = None) -> Evidence | None:
        """The evidence of a needle in a proof; where none is named that of a proof that did harm, else of the first that has it."""
        keys = [proof] if proof else self.proofs
        found = [e for key in keys for e in self.evidence.get(key, ()) if e.needle == needle]
        return next((e for e in found if e.verdict is Verdict.GOT_WORSE), found[0] if found else None)

    def paths(self, proof: Proof, teams: Sequence[str]) -> tuple[Path, ...]:
        """The way of the proof teams' changes before and after; empty where the extract does not tell it."""
        if not self.snapshot.has("changes"):
            return ()
        return shared.once(("paths", proof.by, proof.windows, tuple(teams)), lambda: self._paths(proof, teams))

    def _paths(self, proof: Proof, teams: Sequence[str]) -> tuple[Path, ...]:
        frame = self._changes
        if proof.by not in frame:
            return ()
        frame = frame[frame[proof.by].fillna(NO_TEAM).isin(teams)]
        return _alike([_path(frame, window, self.organisation.time_zone) for window in proof.windows])

    def quarter_paths(self) -> tuple[Path, ...]:
        """The way of all changes in the quarter before and in this one; empty where the extract does not tell it."""
        if not self.snapshot.has("changes"):
            return ()
        return shared.once(("quarter paths", self.quarter, self.snapshot.only), self._quarter_paths)

    def _quarter_paths(self) -> tuple[Path, ...]:
        windows = (self.quarter.shift(-1).window, self.quarter.window)
        frame = self._changes
        for by, value in self.snapshot.only.items():
            frame = frame[frame[by] == value]
        if self.snapshot.only and any(self._few(frame, window) for window in windows):
            return ()
        return _alike([_path(frame, window, self.organisation.time_zone) for window in windows])

    def _few(self, changes: pd.DataFrame, window: Window) -> bool:
        """Whether fewer people (changes, where nobody knows the people) than the organisation shows had one released."""
        start, end = window.instants(self.organisation.time_zone)
        rows = changes[(changes.deployed_at >= start) & (changes.deployed_at < end)]
        return (rows.author.nunique() or len(rows)) < self.organisation.smallest_group

    @cached_property
    def _changes(self) -> pd.DataFrame:
        table = self.snapshot.whole.table("changes")
        wanted = ("team", "service", "journey", "author", *MILESTONES)
        frame: pd.DataFrame = fetched(table.drop_null("deployed_at").select(*wanted)).to_pandas()
        return frame


def _opened(folder: pathlib.Path, now: Snapshot) -> Snapshot | None:
    """An earlier extract, on the engine of this one; None where it is not whole any more, for no report hangs on it."""
    try:
        return Snapshot.open(folder, now.time_zone, engine=now.engine)
    except SnapshotError:
        return None


def _noted(evidence: Evidence, amended: str | None, declared: Sequence[str]) -> Evidence:
    """The evidence with its mark of a change after the read-out, and notes of declared changes of its source."""
    return replace(evidence, amended=amended or "", notes=(*filter(None, [amended]), *declared, *evidence.notes))


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
    for before, after in pairs:  # how long a step took that runs backwards nobody knows
        rows = rows[rows[after] >= rows[before]]
    if rows.empty or not pairs or any(pair not in headings.STEPS for pair in pairs):
        return None
    days = [_days(rows[b] - rows[a]) for a, b in pairs]
    steps = tuple(
        Step(headings.STEPS[pair], pair in WAITING, float(d.mean())) for pair, d in zip(pairs, days, strict=True)
    )
    return Path(window, steps, len(rows), float(_days(rows[known[-1]] - rows[known[0]]).median()))


def _days(spans: pd.Series) -> pd.Series:
    days: pd.Series = spans.dt.total_seconds() / 86400
    return days
