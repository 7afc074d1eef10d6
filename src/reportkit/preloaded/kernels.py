"""What a kernel and its cells import, at once or when first used."""

from __future__ import annotations

from contextlib import suppress

from reportkit import sections
from reportkit.lean import later
from reportkit.preloaded import imported, load
from reportkit.preloaded.shell import SHELL, catalogues
from reportkit.preloaded.typefaces import listed_late
from reportkit.preloaded.unread import unread

MODULES = (
    *SHELL,
    "pandas",
    "pyarrow.pandas_compat",
    "ibis.backends.sql.compilers.duckdb",
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
    "reportkit.measure.curves",
    "reportkit.measure.frames",
    "reportkit.preceding",
    "reportkit.render.restyle",
    "reportkit.report",
    "reportkit.snapshot.duck",
    "reportkit.sources.file",
    "reportkit.workspace",
    "scipy.special",
    *(f"reportkit.sections.{name}" for name in sections.__all__),
)

# Of the dialects of SQL that Ibis speaks, those of other engines are left for whoever asks for one.
with unread(), later("ibis.backends.sql.compilers"):
    with suppress(Exception):
        listed_late()
    imported(MODULES)
load(MODULES, catalogues)  # also what only imports with all its help
