"""Makes the report whenever something that it reads is saved, in a kernel that waits for it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from reportkit import forks, run
from reportkit.errors import ReportkitError
from reportkit.pack import fingerprint, plan, record, sheets
from reportkit.pack.building import ready
from reportkit.pack.making import apart
from reportkit.pack.plan import Job
from reportkit.preview.serving import Stage, served
from reportkit.render import layout
from reportkit.run import Executed
from reportkit.run.kernel import Spare
from reportkit.workspace import Workspace

SETTLING = 50  # milliseconds without a further change after which an edit is taken for whole
Say = Callable[[str], None]


def preview(root: Path, quarter: str, name: str, port: int, say: Say) -> None:
    """Serve the report `name` of the quarter until interrupted; `say` is told its address, and what was made.

    Raises ReportkitError where there is no such report, its extract cannot be taken or the port is taken.
    """
    forks.warm_up()
    workspace = Workspace.find(root)
    ready(workspace, quarter)
    job = _job(workspace, quarter, name)
    stage = Stage()
    with served(stage, f"{job.title(workspace)}, {quarter}", port) as address, _editing(workspace, job) as editing:
        edits = _edits(root, job)
        next(edits)  # watched from here on, so that no edit is missed
        say(f"{job.report} of {quarter} is shown at {address} and follows every edit; stop with Ctrl-C.")
        _show(stage, editing, say)
        for changes in edits:
            if changes:
                _show(stage, editing, say)


def _job(workspace: Workspace, quarter: str, name: str) -> Job:
    return plan.jobs(workspace, quarter, (name,))[0]


def _edits(root: Path, job: Job) -> Iterator[Collection[object]]:
    """The changes of each moment in which files that the report reads were saved; nothing, now and then, where none were."""
    from watchfiles import watch

    folders = {root / "params", job.notebook.parent, root / "extracts" / job.quarter, fingerprint.PACKAGE / "render"}
    return watch(
        *sorted(folders), debounce=SETTLING * 4, step=SETTLING, rust_timeout=10 * SETTLING, yield_on_timeout=True,
        raise_interrupt=True, watch_filter=_counts,
    )  # fmt: skip


def _counts(_: object, path: str) -> bool:
    """Whether a file is one that somebody edits: no checkpoint, no cache, no half-saved draft."""
    parts = Path(path).parts
    return not any(part.startswith(".") or part == "__pycache__" for part in parts) and not path.endswith("~")


@dataclass
class Editing:
    """The report under edit: what it was made of last, and the kernel that waits."""

    root: Path
    job: Job
    settings: run.Isolated
    spare: Spare
    parts: fingerprint.Parts = field(default_factory=dict)
    executed: Executed | None = None

    def page(self) -> str:
        """The report's page as it is now. Raises ReportkitError."""
        workspace = Workspace.find(self.root)
        self.job = _job(workspace, self.job.quarter, self.job.report)
        parts = fingerprint.parts(workspace, self.job.quarter, [self.job])[self.job.report]
        if self.parts and not fingerprint.only_notebook(self.parts, parts, self.job.notebook):
            self._forget()
        restyle = self.executed is not None and self._restyles(self.executed, parts)
        if self.executed is None or not restyle:
            self.parts, self.executed = parts, None  # should it fail, the next edit runs it again
            self.executed = self._run(workspace)
        self.parts = parts
        return self._page(workspace, self.executed, restyle=restyle)

    def _restyles(self, executed: Executed, parts: fingerprint.Parts) -> bool:
        """Whether nothing but the look has changed, and the notebook as it was run can be given another."""
        look = fingerprint.only_style(self.parts, parts) and not fingerprint.looked_at(self.job.notebook)
        return look and record.restyles(executed.notebook)

    def _forget(self) -> None:
        """Let go of numbers that were worked out from other params or another extract."""
        for path in self.settings.handing_on.iterdir():
            path.unlink()

    def _run(self, workspace: Workspace) -> Executed:
        workspace.hand_on(self.settings.handing_on, self.job.quarter)
        output = self.settings.scratch / self.job.report / "executed.ipynb"
        output.parent.mkdir(exist_ok=True)
        try:
            return run.execute(self.job.notebook, self.job.parameters, output, self.settings, kernel=self.spare.take())
        finally:
            self.spare.prepare()

    def _page(self, workspace: Workspace, executed: Executed, *, restyle: bool) -> str:
        title = self.job.title(workspace)
        sheet = sheets.sheet(
            workspace, self.job.quarter, record.headline(record.payloads(executed.notebook)) or title, title
        )
        source = self.settings.scratch / self.job.report / "report.ipynb"
        nbformat.write(executed.notebook, source)
        if restyle:
            apart(self.settings, forks.KERNELS, layout.restyle, source, sheet.brand)
            executed.notebook.update(nbformat.read(source, as_version=4))
        return apart(self.settings, forks.PAGES, layout.screen, source, sheet)


@contextmanager
def _editing(workspace: Workspace, job: Job) -> Iterator[Editing]:
    epoch = int(sheets.source_date(workspace, job.quarter).timestamp())
    family = forks.Family() if forks.available() else None
    with tempfile.TemporaryDirectory(prefix="reportkit-") as scratch:
        settings = run.Isolated(workspace.root, Path(scratch), epoch, family=family)
        with run.isolated(settings) as settled, Spare(settled, job.notebook.parent) as spare:
            yield Editing(workspace.root, job, settled, spare)


def _show(stage: Stage, editing: Editing, say: Say) -> None:
    """Make the report and show it, or say on the page what is wrong with the edit."""
    begun = time.monotonic()
    try:
        with ThreadPoolExecutor(1) as pool:  # in the main thread nbclient would take Ctrl-C for itself
            page = pool.submit(editing.page).result()
        stage.show(page, time.monotonic() - begun)
        say(f"made in {stage.shown.seconds:.2f} s")
    except ReportkitError as error:
        stage.complain(str(error), time.monotonic() - begun)
        say(str(error))
