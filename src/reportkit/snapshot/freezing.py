"""Putting a new extract where the old one is, in one step."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

AT_FDCWD = -100
RENAME_EXCHANGE = 2


def replace(new: Path, target: Path, scratch: Path) -> None:
    """Put `new` where `target` is; at every moment `target` is whole, the old one or the new one.

    Where the system cannot exchange two folders in one step, the old one waits in the scratch folder for the moment
    between two renames; `restore` puts it back if the process was killed just then.
    """
    for path in (*new.rglob("*"), new):
        _sync(path)
    if not target.exists():
        new.rename(target)
    elif not _exchanged(new, target):
        target.rename(scratch / "old")
        try:
            new.rename(target)
        except BaseException:
            restore(scratch, target)
            raise
    _sync(target.parent)


def restore(scratch: Path, target: Path) -> None:
    """Where a take was killed between its two renames, put the old extract back."""
    if (scratch / "old").is_dir() and not target.exists():
        (scratch / "old").rename(target)


def _exchanged(one: Path, other: Path) -> bool:
    """Whether the two folders have changed places: Linux can do it in one step on most file systems."""
    if not sys.platform.startswith("linux"):
        return False
    exchange = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return (
        exchange is not None
        and exchange(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), ctypes.c_uint(RENAME_EXCHANGE)) == 0
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
