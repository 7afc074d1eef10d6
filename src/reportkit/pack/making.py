"""Making reports side by side: notebooks run and pages are laid out at the same time, each report whole in the scratch folder."""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import nbformat
from nbformat import NotebookNode

from reportkit import files, forks, render, run
from reportkit.errors import NotebookError, ReportkitError
from reportkit.forks import NoFork, ServerDied
from reportkit.pack import record, sheets, story
from reportkit.pack.places import Places
from reportkit.pack.plan import Job
from reportkit.render import layout
from reportkit.workspace import Workspace

T = TypeVar("T")
Progress = Callable[[str], None]
AT_HAND = 3  # reports under way for each processor: notebooks need not wait for pages
REPORTS = 8  # laid out by one process, which knows more with each, as of fonts; WeasyPrint's memory grows
_HERE = threading.Lock()  # what lays pages out serves one thread at a time


class Clock:
    """Seconds by stage, added up over all reports; several may run at once."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(self, stage: str, seconds: float) -> None:
        """Count seconds for a stage."""
        with self._lock:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts the block's time."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.add(name, time.monotonic() - begun)


@dataclass(frozen=True)
class Making:
    """A build under way: reports that are whole in the scratch folder, and those that failed with the reason."""

    workspace: Workspace
    quarter: str
    scratch: Path
    progress: Progress
    clock: Clock
    notes: tuple[str, ...] = ()  # which reports there are not, and why
    made: dict[str, record.Made] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> Path:
        """Where finished reports go."""
        return self.workspace.root / "reports" / self.quarter

    @property
    def done(self) -> int:
        """How many reports are made, or failed."""
        return len(self.made) + len(self.failed)

    def folder(self, job: Job) -> Path:
        """Where a report is made."""
        folder = self.scratch / job.report
        folder.mkdir(exist_ok=True)
        return folder


@dataclass(frozen=True)
class Line:
    """Where reports are made: so many notebooks at once, and as many pages laid out meanwhile."""

    settings: run.Isolated
    timeout: float
    notebooks: threading.Semaphore
    pages: Places
    few: Callable[[], bool] = lambda: False  # whether fewer reports are left than there are processors


def make(making: Making, plan: Sequence[Job], settings: run.Isolated, jobs: int, timeout: float) -> None:
    """Make every report of the plan; what fails does not stop the others."""
    warm = settings.family is not None
    pages = Places(jobs if warm else 1)
    line = Line(settings, timeout, threading.Semaphore(jobs), pages, lambda: len(plan) - making.done < jobs)
    with ThreadPoolExecutor(min(len(plan), AT_HAND * jobs) or 1) as pool:
        futures = {pool.submit(one, making, job, line): job for job in plan}
        making.progress(f"making {', '.join(job.report for job in plan[:7])}{' …' if len(plan) > 7 else ''}")
        try:
            for done, future in enumerate(as_completed(futures), 1):
                settle(making, futures[future], future)
                making.progress(f"{done} of {len(plan)} reports made")
                if 0 < len(plan) - done < jobs:
                    _rehearse()
        except BaseException:
            _stop(futures, settings)
            raise


def one(making: Making, job: Job, line: Line) -> record.Made:
    """One report, whole in the scratch folder: run the notebook (or take the one that was run), lay out its pages."""
    with line.notebooks:
        executed = _again(making, job) if job.restyle else _run(making, job, line)
    made = _entry(making, job, executed)
    story.filled(executed.notebook, made.numbers, making.workspace.period(making.quarter), job.report)
    source = making.folder(job) / "report.ipynb"
    nbformat.write(executed.notebook, source)
    with line.pages.taken(source.stat().st_size):  # the longer a notebook, the longer its pages take
        _pages(making, job, source, made, line)
    return made


def _again(making: Making, job: Job) -> run.Executed:
    """The notebook as it was executed for the report that stands."""
    kept: NotebookNode = nbformat.read(making.target / f"{job.report}.ipynb", as_version=4)
    return run.Executed(kept, 0.0, 0.0)


def _run(making: Making, job: Job, line: Line) -> run.Executed:
    output = making.folder(job) / "executed.ipynb"
    executed = run.execute(job.notebook, job.parameters, output, line.settings, timeout=line.timeout)
    making.clock.add("starting kernels", executed.start)
    making.clock.add("running cells", executed.seconds - executed.start)
    return executed


def _entry(making: Making, job: Job, executed: run.Executed) -> record.Made:
    """The report's entry in the record. Raises NotebookError where the notebook contradicts itself."""
    payloads = record.payloads(executed.notebook)
    title = job.title(making.workspace)
    headline = record.headline(payloads) or title
    folder = making.folder(job)
    paths = {f"{job.report}.{ending}": folder / f"report.{ending}" for ending in ("html", "pdf", "ipynb")}
    numbers = record.numbers(job.report, payloads, job.scope)
    return record.Made(
        job.report, title, headline, numbers, paths, executed.seconds, job.audience, record.restyles(executed.notebook)
    )


def _pages(making: Making, job: Job, source: Path, made: record.Made, line: Line) -> None:
    """Lay out the report in worker processes, in this one where there are none to be had."""
    sheet = sheets.sheet(making.workspace, making.quarter, made.headline, made.title)
    if job.restyle:
        with making.clock.stage("drawing again"):
            apart(line.settings, forks.KERNELS, layout.restyle, source, sheet.brand)
    for cost in _laid_out(line, source, sheet):
        for face, seconds in cost.seconds.items():
            making.clock.add(f"laying out {face.upper()}", seconds)


def _laid_out(line: Line, source: Path, sheet: render.Sheet) -> Sequence[layout.Cost]:
    """What the pages cost: laid out one after the other, or both at once where processors would have nothing else to do."""
    kept = line.settings.scratch
    pages = partial(apart, line.settings, forks.PAGES, layout.lay_out, source, sheet, most=REPORTS)
    if not (line.settings.family and line.few()):
        return [pages(layout.FACES, False, kept)]
    with ThreadPoolExecutor(1) as beside:
        paper = beside.submit(pages, (layout.PDF,), True, kept)
        screen = pages((layout.HTML,))
        _rehearse()
        return [screen, paper.result()]


def _rehearse() -> None:
    """Import what the index is made with, which would else be done once all reports are."""
    from reportkit.render import contents

    contents.rehearse()


def apart(settings: run.Isolated, server: str, function: Callable[..., T], *arguments: object, most: int = 1) -> T:
    """What the function returns in a worker, in one of a second server where the first one dies; here where none can be had.

    A worker answers `most` calls one after the other.
    """
    for _ in range(2):
        try:
            if settings.family:
                found: T = settings.family.call(
                    layout.in_passing, settings.scratch, function, *arguments, server=server, most=most
                )
                return found
        except ServerDied:
            continue
        except NoFork:
            break
    with _HERE:
        return function(*arguments)


def settle(making: Making, job: Job, future: Future[record.Made]) -> None:
    """Note what became of a report: its entry, or why there is none."""
    try:
        making.made[job.report] = future.result()
    except NotebookError as error:
        making.failed[job.report] = f"{error}{_keep(making, job, 'ipynb')}"
    except ReportkitError as error:
        making.failed[job.report] = str(error)
    except Exception as error:  # noqa: BLE001  # whatever an analyst's cell shows, the other reports go on
        details = making.folder(job) / "executed.txt"
        details.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        summary = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        making.failed[job.report] = f"this is a fault in reportkit ({summary}).{_keep(making, job, 'txt')}"


def _keep(making: Making, job: Job, ending: str) -> str:
    """Keep the notebook with its failure, or the details of one; says where."""
    source = making.folder(job) / f"executed.{ending}"
    if not source.is_file():
        return ""
    kept = making.target / "failed" / f"{job.report}.{ending}"
    files.put(source, kept)
    what = "The executed notebook is" if ending == "ipynb" else "The details are"
    return f" {what} in {kept.relative_to(making.workspace.root)}."


def _stop(futures: Mapping[Future[record.Made], Job], settings: run.Isolated) -> None:
    """End the processes that still run, and those about to start, so that nothing outlives an interrupted build."""
    for future in futures:
        future.cancel()
    while not all(future.done() for future in futures):
        run.stop(settings)
        time.sleep(0.1)
