"""What a worker of a Dask cluster does: it makes one report from what has travelled to it.

What was read, or worked out for one report, is not read or worked out for another of the same build.
"""

from __future__ import annotations

import pickle
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from reportkit import files, forks, run
from reportkit.errors import ReportkitError
from reportkit.lent import Address
from reportkit.pack import parcel, record
from reportkit.pack.making import Clock, Line, Making, one
from reportkit.pack.parcel import Parcel
from reportkit.pack.places import Places
from reportkit.pack.plan import Job
from reportkit.snapshot import away
from reportkit.workspace import Workspace

T = TypeVar("T")
KNOWN = "known.json"  # in a task's workspace: what git knows of the proofs
_UNPACKING = threading.Lock()
_SHARED: dict[str, tempfile.TemporaryDirectory[str]] = {}  # of each build a folder for nobody else to write


@dataclass(frozen=True)
class Lent:
    """What workers on the build's own machine may use of it: its fork servers, and a folder for all that they write."""

    servers: Mapping[str, Address] = field(default_factory=dict)
    scratch: Path | None = None


@dataclass(frozen=True)
class Task:
    """One report as a worker gets it; `reportkit` is the release that it has to run."""

    job: Job
    notebook: str  # below the workspace
    epoch: int
    timeout: float
    warm: bool
    reportkit: str
    build: str  # the name of all reports that may share what they work out
    lent: Lent


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


def same(content: T) -> T:
    """What was sent, now on this worker."""
    return content


def perform(task: Task, read: bytes, parcels: Sequence[Parcel], own: Parcel) -> Done:
    """Make one report, on a worker: in a workspace of its own, which is gone afterwards. `read` is the build's, pickled."""
    if version("reportkit") != task.reportkit:
        mine = version("reportkit")
        return Done(
            None,
            {},
            {},
            ReportkitError(f"a worker has reportkit {mine}, where this is {task.reportkit}; install it there."),
        )
    with _workspace(parcels, own) as root:
        job = replace(
            task.job,
            notebook=root / task.notebook if task.notebook else files.shipped_notebooks() / task.job.notebook.name,
        )
        found: Workspace = pickle.loads(read)  # noqa: S301  # from the build, as the task itself is
        scratch = root / "scratch"
        scratch.mkdir()
        making = Making(found.moved(root, job.quarter), job.quarter, scratch, lambda _: None, Clock())
        done = _performed(making, job, task)
        return Done(None, {}, {}, missed=True) if away.anything_missed(root / "extracts") else done


def _performed(making: Making, job: Job, task: Task) -> Done:
    warm = task.warm and forks.available() and not forks.daemonic()
    if warm:
        forks.borrow(task.lent.servers)
        forks.warm_up()
    settings = run.Isolated(
        making.workspace.root, _shared(task), task.epoch,
        known=making.workspace.root / KNOWN, family=forks.Family() if warm else None,
    )  # fmt: skip
    try:
        with run.isolated(settings) as ready:
            making.workspace.hand_on(ready.handing_on, making.quarter)
            made = one(making, job, Line(ready, task.timeout, threading.Semaphore(1), Places(1)))
        content = {path.name: path.read_bytes() for path in made.files.values()}
        return Done(made, content, making.clock.seconds)
    except ReportkitError as error:
        kept = making.folder(job).glob("executed.ipynb")
        return Done(None, {path.name: path.read_bytes() for path in kept}, making.clock.seconds, error)


@contextmanager
def _workspace(parcels: Sequence[Parcel], own: Parcel) -> Iterator[Path]:
    """A workspace made of all parcels; the shared ones are unpacked once a worker, and their files linked to."""
    with parcel.unpacked([own]) as root:
        for common in map(_once, parcels):
            for path in common.rglob("*"):
                target = root / path.relative_to(common)
                if path.is_file() and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.symlink_to(path)
        yield root


def _once(common: Parcel) -> Path:
    """The shared parcel's folder, unpacked by the first task of this worker; it goes when the worker goes."""
    from distributed import get_worker

    home = Path(get_worker().local_directory)
    folder = home / common.digest[:32]
    with _UNPACKING:
        if not folder.is_dir():
            with parcel.unpacked([common]) as fresh:
                draft = home / f".{common.digest[:32]}"
                shutil.rmtree(draft, ignore_errors=True)
                shutil.copytree(fresh, draft)
                draft.rename(folder)
    return folder


def _shared(task: Task) -> Path:
    """The folder of all reports of the build that are made here: what one works out the others find there."""
    if task.lent.scratch:
        task.lent.scratch.mkdir(mode=0o700, exist_ok=True)
        return task.lent.scratch
    with _UNPACKING:
        if task.build not in _SHARED:
            _SHARED[task.build] = tempfile.TemporaryDirectory(prefix="reportkit-")
        return Path(_SHARED[task.build].name)


def forget(build: str) -> None:
    """Remove what the reports of a build shared on this worker: the build is over."""
    with _UNPACKING:
        if build in _SHARED:
            _SHARED.pop(build).cleanup()
