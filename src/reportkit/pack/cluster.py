"""Reports made by the workers of a Dask cluster: what they need travels there, what they made comes back."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportkit import files, forks, run, versions
from reportkit.errors import NotebookError, ReportkitError
from reportkit.lent import Address
from reportkit.pack import parcel, record, sheets
from reportkit.pack.making import Clock, Line, Making, one, settle
from reportkit.pack.needed import entities_of as needed_by
from reportkit.pack.parcel import Parcel
from reportkit.pack.plan import Job
from reportkit.snapshot import away
from reportkit.workspace import Workspace

if TYPE_CHECKING:
    from distributed import Client

KNOWN = "known.json"
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
    lent: Mapping[str, Address]  # the build's fork servers, on its own machine


@dataclass(frozen=True)
class Done:
    """One report as it comes back: its entry, its files by ending, seconds by stage; or why there is none.

    `missed`: it asked for an entity that had not travelled with it, so what came of it is nothing.
    """

    made: record.Made | None
    content: Mapping[str, bytes]
    seconds: Mapping[str, float]
    error: ReportkitError | None = None
    missed: bool = False


class Freight:
    """What travels to the workers: what all reports need, and each entity's facts once, when the first report asks for them."""

    def __init__(self, client: Client, making: Making) -> None:
        self.client, self.making = client, making
        self.root = making.workspace.root
        self.facts = parcel.facts(self.root, making.quarter)
        self.everybodys = self._held(_shared(making))
        self.sent: dict[tuple[str, str], Any] = {}

    def submit(self, job: Job, task: Task, *, whole: bool) -> Any:
        """The report, to be made by a worker: with the facts that it is seen to need, or with all of them."""
        needed = frozenset() if job.restyle else needed_by(self.making.workspace, job)
        with_it = [key for key in self.facts if whole or key[1] in needed]
        parcels = [self._sent(key) for key in with_it]
        own = _own(self.making, job, set(self.facts) - set(with_it))
        key = f"{job.report}-{task.epoch}{'-whole' if whole else ''}"
        return self.client.submit(perform, task, [self.everybodys, *parcels], own, pure=False, key=key)

    def _sent(self, key: tuple[str, str]) -> Any:
        if key not in self.sent:
            self.sent[key] = self._held(parcel.packed(self.root, [self.facts[key]]))
        return self.sent[key]

    def _held(self, content: Parcel) -> Any:
        """The parcel on some worker. Unlike what is scattered it is a task, whose result is made again where that worker dies."""
        return self.client.submit(_same, content, pure=False)


def _same(content: Parcel) -> Parcel:
    return content


def make(making: Making, plan: Sequence[Job], address: str, jobs: int, timeout: float, *, warm: bool) -> None:
    """Make every report of the plan on the cluster. Raises ReportkitError where it cannot be reached."""
    from distributed import as_completed

    epoch = int(sheets.source_date(making.workspace, making.quarter).timestamp())
    lent = forks.addresses() if warm and address == forks.LOCAL else {}
    tasks = {job: _task(making, job, epoch, timeout, lent, warm=warm) for job in plan}
    with _connected(address, jobs) as client:
        freight = Freight(client, making)
        futures = {freight.submit(job, task, whole=False): job for job, task in tasks.items()}
        making.progress(f"making {len(plan)} reports on {address}")
        waiting, done = as_completed(futures), 0
        try:
            for future in waiting:
                job = futures[future]
                if future.status == "finished" and future.result().missed:
                    again = freight.submit(job, tasks[job], whole=True)
                    futures[again] = job
                    waiting.add(again)
                    continue
                _settled(making, job, future)
                done += 1
                making.progress(f"{done} of {len(plan)} reports made")
        except BaseException:
            client.cancel(list(futures), force=True)
            raise


def _shared(making: Making) -> Parcel:
    """What every report needs, with what only this machine can find out: what git knows of the proofs."""
    workspace = making.workspace
    known = versions.lookup(workspace.root).encode()
    return parcel.packed(workspace.root, parcel.shared(workspace.root, making.quarter), {KNOWN: known})


def _task(making: Making, job: Job, epoch: int, timeout: float, lent: Mapping[str, Address], *, warm: bool) -> Task:
    name = job.notebook.relative_to(making.workspace.root).as_posix() if _inside(making, job) else ""
    return Task(job, name, epoch, timeout, warm, version("reportkit"), lent)


def _own(making: Making, job: Job, behind: Iterable[tuple[str, str]]) -> Parcel:
    """All that a job alone needs, and which facts stay behind; of a report that is only laid out again, the executed notebook."""
    root = making.workspace.root
    own = parcel.beside(job.notebook) if _inside(making, job) else []
    if job.restyle:
        own.append(making.target / f"{job.report}.ipynb")
    by_quarter: dict[str, list[str]] = {}
    for quarter, entity in behind:
        by_quarter.setdefault(quarter, []).append(entity)
    lists = {f"extracts/{quarter}/{away.BEHIND}": away.listing(names) for quarter, names in by_quarter.items()}
    return parcel.packed(root, own, lists)


def _inside(making: Making, job: Job) -> bool:
    """Whether the notebook is the workspace's own, and not one that comes with reportkit."""
    return job.notebook.is_relative_to(making.workspace.root / "notebooks")


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
        "distributed.admin.large-graph-warning-threshold": "1TB",
    }
    with dask.config.set(quiet):
        if address == forks.LOCAL:
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


def perform(task: Task, shared: Sequence[Parcel], own: Parcel) -> Done:
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
        done = _performed(making, job, task)
        return Done(None, {}, {}, missed=True) if away.anything_missed(root / "extracts") else done


def _performed(making: Making, job: Job, task: Task) -> Done:
    warm = task.warm and forks.available() and not forks.daemonic()
    if warm:
        forks.borrow(task.lent)
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
def _workspace(shared: Sequence[Parcel], own: Parcel) -> Iterator[Path]:
    """A workspace made of all parcels; the shared ones are unpacked once a worker, and their files linked to."""
    with parcel.unpacked([own]) as root:
        for common in map(_once, shared):
            for path in common.rglob("*"):
                target = root / path.relative_to(common)
                if path.is_file() and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.symlink_to(path)
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
