"""Reports made by the workers of a Dask cluster: what they need travels there, what they made comes back (see worker)."""

from __future__ import annotations

import pickle
import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from reportkit import forks, versions
from reportkit.errors import NotebookError, ReportkitError
from reportkit.pack import parcel, record, sheets
from reportkit.pack.making import Making, settle
from reportkit.pack.needed import entities_of as needed_by
from reportkit.pack.parcel import Parcel
from reportkit.pack.plan import Job
from reportkit.pack.worker import KNOWN, Done, Lent, Task, forget, perform, same
from reportkit.snapshot import away

if TYPE_CHECKING:
    from distributed import Client

CONNECT = "30s"
WORKERS = ".workers"  # in the scratch folder, where reports have theirs


class Freight:
    """What travels to the workers: what all reports need, and each entity's facts once, when the first report asks for them."""

    def __init__(self, client: Client, making: Making) -> None:
        self.client, self.making = client, making
        self.root = making.workspace.root
        self.facts = parcel.facts(self.root, making.quarter)
        self.everybodys = self._held(_shared(making))
        self.read = self._held(pickle.dumps(making.workspace.moved(self.root, making.quarter)))
        self.sent: dict[tuple[str, str], Any] = {}

    def submit(self, job: Job, task: Task, *, whole: bool) -> Any:
        """The report, to be made by a worker: with the facts that it is seen to need, or with all of them."""
        needed = frozenset() if job.restyle else needed_by(self.making.workspace, job)
        with_it = [key for key in self.facts if whole or key[1] in needed]
        parcels = [self._sent(key) for key in with_it]
        own = _own(self.making, job, set(self.facts) - set(with_it))
        key = f"{job.report}-{task.build}{'-whole' if whole else ''}"  # two builds may be at work on one cluster
        return self.client.submit(perform, task, self.read, [self.everybodys, *parcels], own, pure=False, key=key)

    def _sent(self, key: tuple[str, str]) -> Any:
        if key not in self.sent:
            self.sent[key] = self._held(parcel.packed(self.root, [self.facts[key]]))
        return self.sent[key]

    def _held(self, content: Parcel | bytes) -> Any:
        """The parcel on some worker. Unlike what is scattered it is a task, whose result is made again where that worker dies."""
        return self.client.submit(same, content, pure=False)


def make(making: Making, plan: Sequence[Job], address: str, jobs: int, timeout: float, *, warm: bool) -> None:
    """Make every report of the plan on the cluster. Raises ReportkitError where it cannot be reached."""
    from distributed import as_completed

    epoch = int(sheets.source_date(making.workspace, making.quarter).timestamp())
    here = Lent(forks.addresses() if warm else {}, making.scratch / WORKERS)
    lent = here if address == forks.LOCAL else Lent()
    common = Task(plan[0], "", epoch, timeout, warm, version("reportkit"), secrets.token_hex(16), lent)
    tasks = {job: replace(common, job=job, notebook=_notebook(making, job)) for job in plan}
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
        if lent.scratch is None:
            client.run(forget, common.build, on_error="ignore")


def _shared(making: Making) -> Parcel:
    """What every report needs, with what only this machine can find out: what git knows of the proofs."""
    workspace = making.workspace
    known = versions.lookup(workspace.root).encode()
    return parcel.packed(workspace.root, parcel.shared(workspace.root, making.quarter), {KNOWN: known})


def _notebook(making: Making, job: Job) -> str:
    return job.notebook.relative_to(making.workspace.root).as_posix() if _inside(making, job) else ""


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
        "distributed.worker.profile.enabled": False,  # nobody looks at it
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
