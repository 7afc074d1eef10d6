"""What every kernel imports, whatever its cells do."""

from __future__ import annotations

import contextlib

from reportkit.lean import without

with without("debugpy"), contextlib.suppress(Exception):  # a twentieth of a second; nobody steps through a build
    import ipykernel.debugger  # noqa: F401

SHELL = (
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipykernel_launcher",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "sqlite3",
    "tornado.platform.asyncio",
)


def catalogues() -> None:
    """Read the catalogues, which are found one module at a time."""
    from reportkit import entities, needles

    entities.library()
    needles.library()
