"""Building a quarter: everything is made in a scratch folder and moved into reports/<quarter>/ when it is whole."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import nbformat

from reportkit import files, render, run
from reportkit.errors import NotebookError, ReportkitError, SnapshotError
from reportkit.pack import record, sheets
from reportkit.snapshot import Manifest, take
from reportkit.snapshot.taking import mapping_sha256
from reportkit.sources import replaced
from reportkit.workspace import Workspace

Progress = Callable[[str], None]
CELL_TIMEOUT = "REPORTKIT_CELL_TIMEOUT"  # seconds that a cell may take, as an environment variable
DEFAULT_TIMEOUT = 600.0


@dataclass(frozen=True)
class Job:
    """One report to make."""

    audience: str
    quarter: str
    notebook: Path

    @property
    def parameters(self) -> dict[str, str]:
        """What papermill puts into the notebook's parameters."""
        return {"audience": self.audience, "quarter": self.quarter}


@dataclass(frozen=True)
class Outcome:
    """What became of one report: its files, or the sentence that says why there are none."""

    audience: str
    files: tuple[Path, ...] = ()
    seconds: float = 0.0  # that its notebook took
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the report was made."""
        return self.error is None


@dataclass(frozen=True)
class Pack:
    """What a build made, in the order of the audiences, with what the PM should know beside it."""

    quarter: str
    outcomes: tuple[Outcome, ...]
    index: Path
    remarks: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every report was made."""
        return all(outcome.ok for outcome in self.outcomes)


@dataclass(frozen=True)
class _Making:
    """A build under way: reports that are whole in the scratch folder, and those that failed with the reason."""

    workspace: Workspace
    quarter: str
    scratch: Path
    progress: Progress
    made: dict[str, record.Made] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> Path:
        """Where finished reports go."""
        return self.workspace.root / "reports" / self.quarter


def build(
    workspace: Workspace, quarter: str, *, audiences: Sequence[str] = (), jobs: int | None = None,
    extract: bool = False, progress: Progress = lambda _: None,
) -> Pack:  # fmt: skip
    """Build the reports of a quarter (all audiences, or those named) into reports/<quarter>/.

    The extract is taken where there is none, or again with `extract`. Raises ReportkitError before anything runs where a
    name is unknown or a notebook cannot take the parameters; a report that fails is an Outcome, the others go on.
    """
    plan = _plan(workspace, quarter, audiences)
    timeout = _timeout()
    remarks = _extract(workspace, quarter, progress, again=extract)
    reports = workspace.root / "reports"
    reports.mkdir(exist_ok=True)
    with files.lock(reports / f".{quarter}.lock", f"building {quarter}"), files.scratch(reports, quarter) as scratch:
        making = _Making(workspace, quarter, scratch, progress)
        _make(making, plan, jobs or len(os.sched_getaffinity(0)), timeout)
        whole = [making.made[job.audience] for job in plan if job.audience in making.made]
        making.failed.update(record.disagreements(whole))
        outcomes = tuple(_settle(making, job.audience) for job in plan)
        if any(outcome.ok for outcome in outcomes):
            remarks += _close(making, [o.audience for o in outcomes if o.ok])
    return Pack(quarter, outcomes, reports / quarter / "index.html", remarks)


def _plan(workspace: Workspace, quarter: str, audiences: Sequence[str]) -> list[Job]:
    """The reports to make, every name resolved and every notebook's parameters checked."""
    wanted = tuple(audiences) or workspace.audiences_of(quarter)
    workspace.quarter(quarter)
    plan = [Job(audience, quarter, workspace.notebook(audience)) for audience in dict.fromkeys(wanted)]
    for job in plan:
        run.check(job.notebook, job.parameters)
    return plan


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
    if _manifest(workspace, quarter).mapping_sha256 != mapping_sha256(workspace.sources):
        changed = (
            f"sources.yaml has changed since the extract of {quarter} was frozen; the reports show the frozen one."
        )
        return (f"{changed} Run `reportkit extract {quarter}` to take it again.",)
    if newer := _newer(workspace, quarter):
        changed = (
            f"{newer} is another file than when the extract of {quarter} was frozen; the reports show the frozen one."
        )
        return (f"{changed} Run `reportkit extract {quarter}` to take it again.",)
    return ()


def _newer(workspace: Workspace, quarter: str) -> str | None:
    """The name of something that was written after the extract was taken and holds something else; None where nothing was."""
    manifest = _manifest(workspace, quarter)
    taken = datetime.fromisoformat(manifest.taken_at).timestamp()
    known = {origin.sha256 for entity in manifest.entities.values() for origin in entity.origins}
    return replaced(workspace.sources, workspace.root, taken, known)


def _manifest(workspace: Workspace, quarter: str) -> Manifest:
    try:
        return Manifest.read(workspace.root / "extracts" / quarter)
    except (OSError, ValueError, KeyError, TypeError):
        raise SnapshotError(
            f"extracts/{quarter} has no readable manifest; run `reportkit extract {quarter}`."
        ) from None


def _make(making: _Making, plan: Sequence[Job], jobs: int, timeout: float) -> None:
    """Run the notebooks side by side, render each here as it comes; what fails does not stop the others."""
    epoch = int(sheets.source_date(making.workspace, making.quarter).timestamp())
    settings = run.Isolated(making.workspace.root, making.scratch, epoch)
    with run.isolated(settings) as ready, ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(_run, job, ready, timeout): job for job in plan}
        making.progress(f"running {', '.join(job.audience for job in plan)}")
        try:
            for future in as_completed(futures):
                _finish(making, futures[future], future)
        except BaseException:
            _stop(futures, ready)
            raise


def _run(job: Job, settings: run.Isolated, timeout: float) -> run.Executed:
    folder = settings.scratch / job.audience
    folder.mkdir()
    return run.execute(job.notebook, job.parameters, folder / "executed.ipynb", settings, timeout=timeout)


def _finish(making: _Making, job: Job, future: Future[run.Executed]) -> None:
    """Render one report, or note why there is none."""
    try:
        executed = future.result()
        making.progress(f"laying out {job.audience}")
        making.made[job.audience] = _rendered(making, job, executed)
    except NotebookError as error:
        making.failed[job.audience] = f"{error}{_keep(making, job, 'ipynb')}"
    except ReportkitError as error:
        making.failed[job.audience] = str(error)
    except Exception as error:  # noqa: BLE001  # whatever an analyst's cell shows, the other reports go on
        details = making.scratch / job.audience / "executed.txt"
        details.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        summary = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        making.failed[job.audience] = f"this is a fault in reportkit ({summary}).{_keep(making, job, 'txt')}"


def _keep(making: _Making, job: Job, ending: str) -> str:
    """Keep the notebook with its failure, or the details of one; says where."""
    source = making.scratch / job.audience / f"executed.{ending}"
    if not source.is_file():
        return ""
    kept = making.target / "failed" / f"{job.audience}.{ending}"
    files.put(source, kept)
    what = "The executed notebook is" if ending == "ipynb" else "The details are"
    return f" {what} in {kept.relative_to(making.workspace.root)}."


def _rendered(making: _Making, job: Job, executed: run.Executed) -> record.Made:
    payloads = record.payloads(executed.notebook)
    title = making.workspace.audience(job.audience).title
    headline = record.headline(payloads) or title
    sheet = sheets.sheet(making.workspace, making.quarter, headline, title)
    numbers = record.numbers(job.audience, payloads)
    folder = making.scratch / job.audience
    paths = {f"{job.audience}.{ending}": folder / f"report.{ending}" for ending in ("html", "pdf", "ipynb")}
    html, pdf, notebook = paths.values()
    html.write_text(render.html(executed.notebook, sheet), encoding="utf-8")
    pdf.write_bytes(render.pdf(executed.notebook, sheet))
    nbformat.write(executed.notebook, notebook)
    return record.Made(job.audience, title, headline, numbers, paths, executed.seconds)


def _settle(making: _Making, audience: str) -> Outcome:
    """Move a finished report to where it belongs; of a failed one nothing but what explains it."""
    if audience in making.failed:
        return Outcome(audience, error=making.failed[audience])
    report = making.made[audience]
    for name, path in report.files.items():
        files.put(path, making.target / name)
    failed = making.target / "failed"
    for ending in ("ipynb", "txt"):
        (failed / f"{audience}.{ending}").unlink(missing_ok=True)
    if failed.is_dir() and not any(failed.iterdir()):
        failed.rmdir()
    return Outcome(audience, tuple(making.target / name for name in report.files), report.seconds)


def _close(making: _Making, audiences: Sequence[str]) -> tuple[str, ...]:
    """Write record.json and index.html of all reports that the folder now holds; a remark for each that is out of date."""
    manifest = _manifest(making.workspace, making.quarter)
    whole = record.record(making.workspace, manifest, making.target, [making.made[name] for name in audiences])
    _write(making, "record.json", record.as_json(whole))
    everyone = sheets.sheet(making.workspace, making.quarter, "All reports", "All reports")
    _write(making, "index.html", render.index(sheets.entries(making.workspace, whole), everyone))
    return record.outdated(whole)


def _write(making: _Making, name: str, text: str) -> None:
    draft = making.scratch / name
    draft.write_text(text, encoding="utf-8")
    files.put(draft, making.target / name)


def _stop(futures: Mapping[Future[run.Executed], Job], settings: run.Isolated) -> None:
    """End the kernels that still run, and those about to start, so that nothing outlives an interrupted build."""
    for future in futures:
        future.cancel()
    while not all(future.done() for future in futures):
        run.stop(settings)
        time.sleep(0.1)
