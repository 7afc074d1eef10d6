"""What the fork server imports, so that no notebook and no page has to: all that a report is made of.

Imports alone, and a rehearsal that fills caches: no thread, no database, no picture is left behind by either.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
from pathlib import Path

#: What a kernel, its cells and the pages import at once or when first used.
MODULES = (
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipykernel.datapub",
    "ipykernel_launcher",
    "IPython.core.completerlib",
    "ibis.backends.duckdb",
    "matplotlib.pyplot",
    "pandas",
    "pyarrow.parquet",
    "reportkit.pack.layout",
    "reportkit.report",
    "reportkit.workspace",
    "weasyprint",
)


def load() -> None:
    """Import it all, the rest that only first use imports included."""
    for name in MODULES:
        with contextlib.suppress(Exception):  # of another version of a library, or broken; whoever needs it says so
            importlib.import_module(name)
    with contextlib.suppress(Exception):
        importlib.import_module("reportkit.render.page").rehearse()
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise SystemExit(1)  # a library that starts a thread cannot be forked cleanly: kernels are started cold
    gc.collect()
    gc.freeze()


load()
