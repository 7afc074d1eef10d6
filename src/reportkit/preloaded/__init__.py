"""What the fork servers import, so that no notebook and no page has to: one serves kernels, one serves pages.

Imports alone, and a rehearsal that fills caches: no thread, no database, no picture is left behind by either.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from reportkit.lean import SELDOM

gc.disable()  # until all is loaded: nothing of it is ever garbage
_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which whoever started the server hears too, and ends it


def imported(modules: Iterable[str]) -> None:
    """Import them all, but for those that cannot be: of another version of a library, or broken; whoever needs one says so."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def load(modules: Iterable[str], rehearse: Callable[[], object]) -> None:
    """Import it all, and what rehearsing imports: that which is only imported when it is first used."""
    imported(modules)
    with contextlib.suppress(Exception):
        rehearse()
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise SystemExit(1)  # a library that starts a thread cannot be forked cleanly: kernels are started cold
    gc.freeze()
    gc.set_threshold(SELDOM)
    gc.enable()
    signal.signal(signal.SIGINT, _interrupt)
