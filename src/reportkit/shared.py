"""Work that several notebooks of one build would do each for itself, done once and handed on."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
FOLDER = "REPORTKIT_SHARED"  # an environment variable: a private folder of the build, gone with it


def once(key: object, make: Callable[[], T]) -> T:
    """What `make` gives; in a build, what the first notebook that asked for the key was given.

    `key` says all that the result depends on beside params, extract and code, which are the same for a whole build.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return make()
    path = Path(folder) / hashlib.sha256(repr(key).encode()).hexdigest()
    with path.with_suffix(".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second waits for the first instead of doing it again
        if path.is_file():
            result: T = pickle.loads(path.read_bytes())  # noqa: S301  # nobody else can write there
            return result
        made = make()
        draft = path.with_suffix(".draft")
        draft.write_bytes(pickle.dumps(made))
        draft.replace(path)
        return made
