"""What a kernel and its cells import, at once or when first used."""

from __future__ import annotations

from reportkit import sections
from reportkit.preloaded import load
from reportkit.preloaded.shell import SHELL, catalogues

MODULES = (
    *SHELL,
    "nbformat",
    "pandas",
    "pyarrow.parquet",
    "pyarrow.pandas_compat",
    "ibis.backends.duckdb.converter",
    "ibis.expr.types.groupby",
    "ibis.formats.numpy",
    "ibis.formats.pandas",
    "ibis.formats.pyarrow",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "matplotlib.textpath",
    "reportkit.findings",
    "reportkit.forks",
    "reportkit.render.restyle",
    "reportkit.report",
    "reportkit.sources.file",
    "reportkit.workspace",
    "scipy.special",
    *(f"reportkit.sections.{name}" for name in sections.__all__),
)

load(MODULES, catalogues)
