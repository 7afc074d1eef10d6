"""Reports made by the workers of a Dask cluster: what they need travels there, what they made comes back."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportkit import files, forks, run, versions
from reportkit.errors import NotebookError, ReportkitError
from reportkit.pack import parcel, record, sheets
from reportkit.pack.making import Clock, Line, Making, one, settle
from reportkit.pack.parcel import Parcel
from reportkit.pack.plan import Job
from reportkit.workspace import Workspace

if TYPE_CHECKING:
    from distributed import Client

KNOWN = "known.json"
LOCAL = "local"
CONNECT = "30s"
_UNPACKING = threading.Lock()


@dataclass(frozen=True)
class Task:
    """One report as a worker gets it; `report` names the release that it has to run."""

    job: Job
    notebook: str  # below the workspace
    epoch: int
    timeout: float
    warm: bool
    reportkit: str


@dataclass(frozen=True)
class Done:
    """One report as it comes back: its entry, its files by ending, seconds by stage; or why there is none."""

    made: record.Made | None
    content: Mapping[str, bytes]
    seconds: Mapping[str, float]
    error: ReportkitError | None = None


def make(making: Making, plan: Sequence[Job], address: str, jobs: int, timeout: float, *, warm: bool) -> None:
    """Make every report of the plan on the cluster. Raises ReportkitError where it cannot be reached."""
    from distributed import as_completed

    shared = _shared(making)
    epoch = int(sheets.source_date(making.workspace, making.quarter).timestamp())
    with _connected(address, jobs) as client:
        everybodys = client.scatter(shared, hash=False)
        futures = {}
        for job in plan:
            task, own = _task(making, job, epoch, timeout, warm=warm)
            futures[client.submit(perform, task, everybodys, own, pure=False, key=f"{job.report}-{epoch}")] = job
        making.progress(f"making {len(plan)} reports on {address}")
        try:
            for done, future in enumerate(as_completed(futures), 1):
                _settled(making, futures[future], future)
                making.progress(f"{done} of {len(plan)} reports made")
        except BaseException:
            client.cancel(list(futures), force=True)
            raise


def _shared(making: Making) -> Parcel:
    """What every report needs, with what only this machine can find out: what git knows of the proofs."""
    workspace = making.workspace
    known = versions.lookup(workspace.root).encode()
    return parcel.packed(workspace.root, parcel.shared(workspace.root, making.quarter), {KNOWN: known})


def _task(making: Making, job: Job, epoch: int, timeout: float, *, warm: bool) -> tuple[Task, Parcel]:
    """A job with all that it alone needs; of a report that is only laid out again, the executed notebook."""
    root = making.workspace.root
    inside = job.notebook.is_relative_to(root / "notebooks")
    own = parcel.beside(job.notebook) if inside else []
    if job.restyle:
        own.append(making.target / f"{job.report}.ipynb")
    name = job.notebook.relative_to(root).as_posix() if inside else ""
    return Task(job, name, epoch, timeout, warm, version("reportkit")), parcel.packed(root, own)


@contextmanager
def _connected(address: str, jobs: int) -> Iterator[Client]:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise ReportkitError(
            "--cluster needs Dask; install it beside reportkit: pip install 'reportkit[cluster]'."
        ) from None
    quiet = {
        "distributed.worker.daemon": False,
        "distributed.admin.tick.limit": "1h",
        "logging.distributed": "critical",
    }
    with dask.config.set(quiet):
        if address == LOCAL:
            with (
                LocalCluster(
                    n_workers=jobs, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
                ) as cluster,
                Client(cluster) as client,
            ):
                yield client
            return
        try:
            client = Client(address, timeout=CONNECT)
        except (OSError, ValueError, TimeoutError):
            raise ReportkitError(
                f"no Dask scheduler answers at {address}; give its address, such as tcp://10.0.0.5:8786, or 'local'."
            ) from None
        with client:
            yield client


def _settled(making: Making, job: Job, future: Any) -> None:
    """Put what came back where a report made here would be."""
    result: Future[record.Made] = Future()
    try:
        done: Done = future.result()
        folder = making.folder(job)
        for name, content in done.content.items():
            (folder / name).write_bytes(content)
        for stage, seconds in done.seconds.items():
            making.clock.add(stage, seconds)
        if done.made:
            paths = {name: folder / path.name for name, path in done.made.files.items()}
            result.set_result(replace(done.made, files=paths))
        else:
            result.set_exception(done.error or ReportkitError("nothing came back."))
    except Exception as error:  # noqa: BLE001  # whatever went wrong on another machine is told like what goes wrong here
        died = type(error).__name__ == "KilledWorker"
        why = "each worker that tried it died (out of memory?)."
        result.set_exception(NotebookError(why, where=job.notebook.name) if died else error)
    settle(making, job, result)


def perform(task: Task, shared: Parcel, own: Parcel) -> Done:
    """Make one report, on a worker: in a workspace of its own, which is gone afterwards."""
    if version("reportkit") != task.reportkit:
        mine = version("reportkit")
        return Done(
            None,
            {},
            {},
            ReportkitError(f"a worker has reportkit {mine}, where this is {task.reportkit}; install it there."),
        )
    with _workspace(shared, own) as root:
        job = replace(
            task.job,
            notebook=root / task.notebook if task.notebook else files.shipped_notebooks() / task.job.notebook.name,
        )
        scratch = root / "scratch"
        scratch.mkdir()
        making = Making(Workspace.find(root), job.quarter, scratch, lambda _: None, Clock())
        return _performed(making, job, task)


def _performed(making: Making, job: Job, task: Task) -> Done:
    warm = task.warm and forks.available() and not forks.daemonic()
    if warm:
        forks.warm_up()
    settings = run.Isolated(
        making.workspace.root, making.scratch, task.epoch,
        known=making.workspace.root / KNOWN, family=forks.Family() if warm else None,
    )  # fmt: skip
    try:
        with run.isolated(settings) as ready:
            made = one(making, job, Line(ready, task.timeout, threading.Semaphore(1), threading.Semaphore(1)))
        content = {path.name: path.read_bytes() for path in made.files.values()}
        return Done(made, content, making.clock.seconds)
    except ReportkitError as error:
        kept = making.folder(job).glob("executed.ipynb")
        return Done(None, {path.name: path.read_bytes() for path in kept}, making.clock.seconds, error)


@contextmanager
def _workspace(shared: Parcel, own: Parcel) -> Iterator[Path]:
    """A workspace made of both parcels; the shared one is unpacked once a worker and linked to."""
    common = _once(shared)
    with parcel.unpacked([own]) as root:
        for entry in common.iterdir():
            target = root / entry.name
            if not target.exists():
                target.symlink_to(entry, target_is_directory=entry.is_dir())
            else:  # earlier quarters' records beside this report's own
                shutil.copytree(entry, target, dirs_exist_ok=True)
        yield root


def _once(shared: Parcel) -> Path:
    """The shared parcel's folder, unpacked by the first task of this worker; it goes when the worker goes."""
    from distributed import get_worker

    home = Path(get_worker().local_directory)
    folder = home / shared.digest[:32]
    with _UNPACKING:
        if not folder.is_dir():
            with parcel.unpacked([shared]) as fresh:
                draft = home / f".{shared.digest[:32]}"
                shutil.rmtree(draft, ignore_errors=True)
                shutil.copytree(fresh, draft)
                draft.rename(folder)
    return folder
