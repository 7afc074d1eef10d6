"""What every kernel imports, whatever its cells do."""

from __future__ import annotations

SHELL = (
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
)


def catalogues() -> None:
    """Read the catalogues, which are found one module at a time."""
    from reportkit import entities, needles

    entities.library()
    needles.library()
