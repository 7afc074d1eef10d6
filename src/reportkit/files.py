"""Files and folders: finding the workspace, locks, scratch folders that vanish, files put in place as a whole."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from reportkit.errors import ParamsError, ReportkitError

HOME = "REPORTKIT_WORKSPACE"
MARK = Path("params") / "organisation.yaml"


def locate(start: Path | None = None) -> Path:
    """The root of the workspace that holds `start`; of the folder in REPORTKIT_WORKSPACE, or the current one, where not given.

    Raises ParamsError where there is none.
    """
    if start is None and os.environ.get(HOME):
        start = Path(os.environ[HOME])
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / MARK).is_file():
            return folder
    raise ParamsError(
        f"{here.name or here}/ is in no workspace: neither it nor a folder above has {MARK.as_posix()}; "
        "go into one, or make one with `reportkit init`."
    )


@contextmanager
def lock(path: Path, doing: str) -> Iterator[None]:
    """Hold the lock file while the block runs. Raises ReportkitError that names the process which holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _held(path, doing) as file:
        file.truncate(0)
        file.write(f"{os.getpid()} {doing}")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _held(path: Path, doing: str) -> TextIO:
    """The lock file, locked, and still the one at `path`: whoever held it before us removed theirs."""
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with file:
                file.seek(0)
                holder = file.read().strip()
            process, _, what = holder.partition(" ")
            who = f"process {process}" if process else "another process"
            raise ReportkitError(f"{who} is {what or doing} already; wait for it to end, then try again.") from None
        if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
            return file
        file.close()


@contextmanager
def scratch(folder: Path, stem: str) -> Iterator[Path]:
    """A folder `.stem-<process>` in `folder` that is gone afterwards; those left by killed processes are cleared first.

    To be used under a lock, so that no living process has such a folder.
    """
    for left in folder.glob(f".{stem}-*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
    made = folder / f".{stem}-{os.getpid()}"
    made.mkdir(parents=True)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def put(source: Path, target: Path) -> None:
    """Move a file to where it belongs, replacing what is there in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """What `make` gives, from this user's cache where it was made before; a cache that cannot be written is no hindrance."""
    path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reportkit" / name
    with contextlib.suppress(OSError):
        return path.read_bytes()
    made = make()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
            draft.write(made)
        put(Path(draft.name), path)
    return made


def shipped_notebooks() -> Path:
    """The folder of the notebooks that come with reportkit: in the installed package, or in the repository beside it."""
    package = Path(__file__).parent
    installed = package / "_notebooks"
    return installed if installed.is_dir() else package.parents[1] / "notebooks"
