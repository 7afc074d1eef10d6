"""What laying out a report's pages imports, at once or when first used."""

from __future__ import annotations

import contextlib
import ctypes.util
import sys
import warnings
from collections.abc import Iterator

from reportkit.lean import later, on_call, without
from reportkit.preloaded import load

MODULES = (
    "email.headerregistry",
    "nbformat",
    "reportkit.forks",
    "reportkit.render.layout",
    "reportkit.render.page",
    "reportkit.render.paper",
)


def rehearse() -> None:
    """Compile the templates, read plotly.js and lay out a line, so that processes forked from this one need not."""
    from reportkit.render import page, paper

    page.rehearse()
    paper.rehearse()


def nowhere(name: str) -> str | None:  # noqa: ARG001
    """No path."""
    return None


@contextlib.contextmanager
def by_file_name() -> Iterator[None]:
    """Shared libraries are looked for by their files' names alone: to search for each name asks ldconfig, gcc and ld in vain."""
    search = ctypes.util.find_library
    ctypes.util.find_library = nowhere
    try:
        yield
    finally:
        ctypes.util.find_library = search


if sys.platform == "linux":  # where WeasyPrint names the files; what is not found is searched for below
    # Fonts are cut down by HarfBuzz, where there is one, so that fontTools' own way is seldom used; few fonts are variable.
    with (
        contextlib.suppress(OSError, ImportError), by_file_name(), later("fontTools.subset"),
        on_call("fontTools.varLib.instancer"),
    ):  # fmt: skip
        import weasyprint.text.ffi  # noqa: F401

with without("soupsieve"), without("charset_normalizer"), warnings.catch_warnings(), contextlib.suppress(ImportError):
    warnings.simplefilter("ignore")  # that no element can be sought by CSS: a twentieth of a second, and none is
    import bs4  # noqa: F401

with (  # nbconvert also executes notebooks and serves slides
    contextlib.suppress(ImportError), without("tornado"), later("asyncio"), on_call("nbclient.exceptions"),
    on_call("nbconvert.preprocessors.execute"),
):  # fmt: skip
    import nbconvert.exporters  # noqa: F401

load(MODULES, rehearse)
