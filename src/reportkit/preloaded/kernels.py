"""What a kernel and its cells import, at once or when first used."""

from __future__ import annotations

from reportkit.preloaded import load

MODULES = (
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipykernel.datapub",
    "ipykernel.debugger",
    "ipykernel_launcher",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "sqlite3",
    "tornado.platform.asyncio",
    "nbformat",
    "pandas",
    "pyarrow.parquet",
    "pyarrow.pandas_compat",
    "ibis.backends.duckdb.converter",
    "ibis.expr.types.groupby",
    "ibis.formats.numpy",
    "ibis.formats.pandas",
    "ibis.formats.pyarrow",
    "matplotlib.pyplot",
    "reportkit.forks",
    "reportkit.render.restyle",
    "reportkit.report",
    "reportkit.run.provisioner",
    "reportkit.sources.file",
    "reportkit.workspace",
)


def rehearse() -> None:
    """Read the catalogues, which are found one module at a time."""
    from reportkit import entities, needles

    entities.library()
    needles.library()


load(MODULES, rehearse)
