"""Executed notebooks as pages: one self-contained HTML file, one tagged PDF, and the index of a quarter.

What lays pages out is imported when it is first used: a build leaves that to its workers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reportkit.render.sheet import Entry, Health, Sheet, Table

if TYPE_CHECKING:
    from reportkit.render.contents import index
    from reportkit.render.page import html
    from reportkit.render.paper import pdf
    from reportkit.render.restyle import restyled

__all__ = ["Entry", "Health", "Sheet", "Table", "html", "index", "pdf", "restyled"]

_HOMES = {"html": "page", "index": "contents", "pdf": "paper", "restyled": "restyle"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'reportkit.render' has no attribute {name!r}")
    return getattr(import_module(f"reportkit.render.{_HOMES[name]}"), name)
