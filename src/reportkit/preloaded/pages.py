"""What laying out a report's pages imports, at once or when first used."""

from __future__ import annotations

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
    """Compile the templates and read plotly.js, so that processes forked from this one need not."""
    from reportkit.render import page

    page.rehearse()


load(MODULES, rehearse)
