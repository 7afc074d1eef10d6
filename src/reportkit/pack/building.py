"""Building a quarter: everything is made in a scratch folder and moved into reports/<quarter>/ when it is whole."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from reportkit import files, forks, run, shared, unchanged, versions
from reportkit.errors import ReportkitError
from reportkit.pack import fingerprint, plan, publishing, record, sheets, state, story
from reportkit.pack.making import Clock, Making, Progress, make
from reportkit.pack.plan import Job, Wanted
from reportkit.snapshot import take
from reportkit.snapshot.taking import mapping_sha256
from reportkit.sources import replaced
from reportkit.workspace import Workspace

CELL_TIMEOUT = "REPORTKIT_CELL_TIMEOUT"  # seconds that a cell may take, as an environment variable
DEFAULT_TIMEOUT = 600.0
EVERYTHING = Wanted()
RESULTS = ".results"  # beside the extract that they were worked out from, and gone with it
LAID_OUT = " (laid out again; its notebook is not run)"


@dataclass(frozen=True)
class Outcome:
    """What became of one report: its files and why it was made ('' where it stands as it was), or why there are none."""

    report: str
    files: tuple[Path, ...] = ()
    seconds: float = 0.0  # that its notebook took
    error: str | None = None
    why: str = ""
    restyled: bool = False  # laid out again from the notebook as it was executed before

    @property
    def ok(self) -> bool:
        """Whether the report is there and up to date."""
        return self.error is None


@dataclass(frozen=True)
class Pack:
    """What a build made, in the order of the audiences, with what the PM should know beside it."""

    quarter: str
    outcomes: tuple[Outcome, ...]
    index: Path
    remarks: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by stage, of all processes together

    @property
    def ok(self) -> bool:
        """Whether every report was made."""
        return all(outcome.ok for outcome in self.outcomes)


def build(
    workspace: Workspace,
    quarter: str,
    wanted: Wanted = EVERYTHING,
    progress: Progress = lambda _: None,
    *,
    read: str | None = None,
) -> Pack:
    """Build the reports of a quarter into reports/<quarter>/: those for which something has changed since they were built.

    `read` is what `unchanged.written` gave before the workspace was read: what is saved later is of the next build. The extract
    is taken where there is none. Raises ReportkitError before anything runs where a name is unknown or a
    notebook cannot take the parameters; a report that fails is an Outcome, the others go on.
    """
    clock, timeout = Clock(), _timeout()
    begun = (read or unchanged.written(workspace.root), _seen(workspace))
    if wanted.forking:
        forks.warm_up(forks.KERNELS)
    with clock.stage("planning"):
        plan.check(workspace, quarter, wanted.audiences)
    with clock.stage("taking the extract"):
        remarks = _extract(workspace, quarter, progress, again=wanted.extract)
    with clock.stage("planning"):
        planned = plan.planned(workspace, quarter, wanted.audiences)
        jobs = planned.jobs
    reports = workspace.root / "reports"
    reports.mkdir(exist_ok=True)
    with files.lock(reports / f".{quarter}.lock", f"building {quarter}"), files.scratch(reports, quarter) as scratch:
        making = Making(workspace, quarter, scratch, progress, clock, planned.notes)
        publishing.withdraw(making, planned)
        with clock.stage("planning"):
            parts = fingerprint.parts(workspace, quarter, jobs)
            due = state.due(jobs, parts, making.target, force=wanted.force)
        for job in due:
            progress(f"{job.report}: {job.why}{LAID_OUT if job.restyle else ''}")
        _engine(making, due, wanted)
        _make(making, due, wanted, timeout)
        making.failed.update(
            record.disagreements([making.made[job.report] for job in due if job.report in making.made])
        )
        outcomes = _outcomes(making, jobs, due)
        remarks += (*planned.notes, *_close(making, outcomes, parts))
        pack = Pack(quarter, outcomes, reports / quarter / "index.html", remarks, clock.seconds)
        if begun == (unchanged.written(workspace.root), _seen(workspace)):
            _remember(pack, making, wanted)
    return pack


def ready(workspace: Workspace, quarter: str, progress: Progress = lambda _: None) -> None:
    """Take the extract of the quarter where there is none. Raises ReportkitError."""
    workspace.quarter(quarter)
    _extract(workspace, quarter, progress, again=False)


def _timeout() -> float:
    given = os.environ.get(CELL_TIMEOUT) or DEFAULT_TIMEOUT
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ReportkitError(f"{CELL_TIMEOUT} is {given!r}; give the seconds that a cell may take, such as 600.")
    return seconds


def _extract(workspace: Workspace, quarter: str, progress: Progress, *, again: bool) -> tuple[str, ...]:
    """Take the extract where there is none; a remark where sources.yaml says something else than when it was frozen."""
    folder = workspace.root / "extracts" / quarter
    if again or not folder.is_dir():
        take(workspace.sources, workspace.organisation, workspace.period(quarter), workspace.root, progress=progress)
        return ()
    if publishing.manifest(workspace, quarter).mapping_sha256 != mapping_sha256(workspace.sources):
        changed = (
            f"sources.yaml has changed since the extract of {quarter} was frozen; the reports show the frozen one."
        )
        return (f"{changed} Run `reportkit extract {quarter}` to take it again.",)
    watched = tuple(unchanged.elsewhere(workspace.root, _watched(workspace)))
    if newer := shared.planned(("newer", quarter, watched), lambda: _newer(workspace, quarter)):
        changed = (
            f"{newer} is another file than when the extract of {quarter} was frozen; the reports show the frozen one."
        )
        return (f"{changed} Run `reportkit extract {quarter}` to take it again.",)
    return ()


def _newer(workspace: Workspace, quarter: str) -> str | None:
    """The name of something that was written after the extract was taken and holds something else; None where nothing was."""
    manifest = publishing.manifest(workspace, quarter)
    taken = datetime.fromisoformat(manifest.taken_at).timestamp()
    known = {origin.sha256 for entity in manifest.entities.values() for origin in entity.origins}
    return replaced(workspace.sources, workspace.root, taken, known)


def _engine(making: Making, due: Sequence[Job], wanted: Wanted) -> None:
    """Have the engine ready before many notebooks ask it. Raises EngineError, and no notebook runs."""
    engine = making.workspace.organisation.engine
    elsewhere = wanted.cluster and not engine.warehouse  # each worker has a Spark of its own
    if engine.embedded or elsewhere or all(job.restyle for job in due):
        return
    making.progress(f"making {engine.label} ready")
    with making.clock.stage("making the engine ready"), making.workspace.snapshot(making.quarter, engine) as snapshot:
        snapshot.ready()


def _make(making: Making, due: Sequence[Job], wanted: Wanted, timeout: float) -> None:
    """Make the reports that are due: here, by forks or by commands, or on a cluster."""
    if not due:
        return
    jobs = wanted.jobs or len(os.sched_getaffinity(0))
    if wanted.forking:
        # No sooner: the planning and the first kernels, which all else waits for, would be held up.
        forks.warm_up(forks.PAGES)
    if wanted.cluster:
        from reportkit.pack import cluster  # which knows what notebooks ask for: it imports the engine

        cluster.make(making, due, wanted.cluster, jobs, timeout, warm=not wanted.cold)
        return
    epoch = int(sheets.source_date(making.workspace, making.quarter).timestamp())
    family = None if wanted.cold or not forks.available() else forks.Family()
    known = making.scratch / "known.json"
    known.write_text(versions.lookup(making.workspace.root), encoding="utf-8")
    results = shared.opened(
        making.workspace.root / "extracts" / making.quarter / RESULTS,
        fingerprint.results(making.workspace, making.quarter),
        fresh=wanted.force,
    )
    settings = run.Isolated(making.workspace.root, making.scratch, epoch, shared=results, known=known, family=family)
    with run.isolated(settings) as ready:
        making.workspace.hand_on(ready.handing_on, making.quarter)
        make(making, due, ready, jobs, timeout)


def _outcomes(making: Making, jobs: Sequence[Job], due: Sequence[Job]) -> tuple[Outcome, ...]:
    """What became of each report: those made now are put where they belong, the others stand as they were."""
    again = {job.report: job for job in due}
    return tuple(
        _settle(making, again[job.report]) if job.report in again else _standing(making, job.report) for job in jobs
    )


def _standing(making: Making, report: str) -> Outcome:
    """A report that is as it should be already; what explains an attempt that failed in between has lost its point."""
    publishing.forgive(making.target / "failed", report)
    return Outcome(report, tuple(making.target / f"{report}.{ending}" for ending in state.ENDINGS))


def _settle(making: Making, job: Job) -> Outcome:
    """Move a finished report to where it belongs; of a failed one nothing but what explains it."""
    report = job.report
    if report in making.failed:
        return Outcome(report, error=making.failed[report], why=job.why)
    made = making.made[report]
    for name, path in made.files.items():
        files.put(path, making.target / name)
    publishing.forgive(making.target / "failed", report)
    return Outcome(
        report, tuple(making.target / name for name in made.files), made.seconds, why=job.why, restyled=job.restyle
    )


def _close(making: Making, outcomes: Sequence[Outcome], parts: Mapping[str, fingerprint.Parts]) -> tuple[str, ...]:
    """Write record.json and index.html of all reports that the folder now holds; a remark for each that is out of date."""
    if not any(outcome.ok for outcome in outcomes):
        return ()
    made = [making.made[outcome.report] for outcome in outcomes if outcome.ok and outcome.report in making.made]
    whole = publishing.publish(making, made, parts)
    return (*record.outdated(whole), *story.remarks(making.workspace, whole, [one.report for one in made]))


def _remember(pack: Pack, making: Making, wanted: Wanted) -> None:
    """Seal what was said, so that it can be said again at once as long as nothing is different."""
    if not pack.ok:
        return
    root = making.workspace.root
    said: dict[str, Any] = {
        "watched": [*_watched(making.workspace), *_of_brand(making.workspace)],
        "reports": [outcome.report for outcome in pack.outcomes],
        "remarks": list(pack.remarks),
    }
    kept = state.read(making.target)
    state.write(
        making.target, making.scratch, {**kept, "said": unchanged.saying(root, making.quarter, wanted.audiences, said)}
    )


def _watched(workspace: Workspace) -> list[str]:
    """The files that sources read, as patterns."""
    settings = workspace.sources.sources.values()
    return [str(s["path"]) for s in settings if "path" in s]


def _seen(workspace: Workspace) -> list[bytes]:
    """The files elsewhere that a build reads, as they are now."""
    return list(unchanged.elsewhere(workspace.root, [*_watched(workspace), *_of_brand(workspace)]))


def _of_brand(workspace: Workspace) -> list[str]:
    """The files that the brand names, as patterns: a logo or a font may lie anywhere."""
    brand = workspace.brand
    named = [*([brand.logo] if brand.logo else []), *(file for _, _, file in brand.fonts)]
    return [glob.escape(str(file.resolve())) for file in named]
