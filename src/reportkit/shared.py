"""Work that several notebooks would do each for itself, done once and handed on: in a build, and to the next one.

A build's folder is named after all that the results depend on, so that a later build of the same finds them there. What a
build has to know before it can plan anything is kept in the same way, in a folder that is named after what it is read from.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar, cast

from reportkit.turns import until

T = TypeVar("T")
FOLDER = "REPORTKIT_SHARED"  # an environment variable: a folder for nobody else to write
KEPT = 3  # folders of earlier builds
_PLANNING: list[Path] = []  # the folder for what is worked out in this process, where there is one
_LACKING: list[str] = []  # what this process was asked for and does not have: what came of it is for nobody else


def once(key: object, make: Callable[[], T]) -> T:
    """What `make` gives; in a build, what the first notebook that asked for the key was given.

    `key` says all that the result depends on beside params, extract and code, which are the same for a whole build.
    """
    if _PLANNING:
        return planned(key, make)
    folder = os.environ.get(FOLDER)
    return _once(_path(Path(folder), key), make) if folder else make()


@contextmanager
def planning(folder: Path | None) -> Iterator[None]:
    """What is worked out once in the block, by this process, is kept in the folder and found there; nothing where there is none."""
    _PLANNING[:] = [folder] if folder else []
    try:
        yield
    finally:
        _PLANNING.clear()


def planned(key: object, make: Callable[[], T]) -> T:
    """What `make` gives; where a build is planned, what an earlier one has kept under the key. Notebooks keep nothing of it."""
    return _once(_path(_PLANNING[0], key), make) if _PLANNING else make()


def _once(path: Path, make: Callable[[], T]) -> T:
    try:
        lock = path.with_suffix(".lock").open("ab")
    except FileNotFoundError:  # somebody else begins afresh
        return make()
    with lock:
        # Whoever comes second waits for the first instead of doing it again.
        until(lambda: _locked(lock), lambda: fcntl.flock(lock, fcntl.LOCK_EX))
        with contextlib.suppress(AbsentError):
            return cast("T", _kept(path))
        made = make()
        if not _LACKING:
            with contextlib.suppress(FileNotFoundError):
                _put(path, made)
        return made


def _locked(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lacking(what: str) -> None:
    """From now on nothing that this process works out is kept for others: something that it needs is not here."""
    _LACKING.append(what)


def in_build() -> bool:
    """Whether there are others for whom something can be worked out as well."""
    return bool(os.environ.get(FOLDER))


def handed(key: object, make: Callable[[], T]) -> T:
    """What was handed on under this key in a build, else what `make` gives; that is not kept for anybody else."""
    folder = os.environ.get(FOLDER)
    path = _path(Path(folder), key) if folder else None
    if path:
        with contextlib.suppress(AbsentError):
            return cast("T", _kept(path))
    return make()


def hand_on(folder: Path, key: object, value: object) -> None:
    """Give `value` to whoever asks for the key in a build with this folder."""
    _put(_path(folder, key), value)


def opened(below: Path, digest: str, *, fresh: bool = False) -> Path | None:
    """The folder of results that depend on what the digest is of, emptied where they shall be `fresh`; those long unused are removed.

    None where nothing can be written.
    """
    folder = below / digest
    try:
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.utime(folder)
        for left in sorted(below.iterdir(), key=lambda path: -path.stat().st_mtime)[KEPT:]:
            shutil.rmtree(left, ignore_errors=True)
    except OSError:
        return None
    return folder


def _path(folder: Path, key: object) -> Path:
    return folder / hashlib.sha256(repr(key).encode()).hexdigest()


class AbsentError(LookupError):
    """Nothing is kept there, or something that was cut short as the machine went down."""


def _kept(path: Path) -> object:
    try:
        return pickle.loads(path.read_bytes())  # noqa: S301  # nobody else can write there
    except Exception:  # noqa: BLE001  # what is broken can fail in any way; it is worked out again
        raise AbsentError(path.name) from None


def _put(path: Path, value: object) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(pickle.dumps(value))
    draft.replace(path)
