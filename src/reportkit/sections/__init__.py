"""The sections of a report, one function each: from findings to a Page. A section with nothing to say is an empty Page.

They are imported when first used: a page that is kept needs none of them, nor pandas and the engine, which they stand on.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reportkit.sections import (
        answer,
        asking,
        cut,
        knowing,
        owned,
        pictures,
        problem,
        promised,
        proofs,
        referred,
        returned,
    )

__all__ = [
    "answer", "asking", "cut", "knowing", "owned", "pictures", "problem", "promised", "proofs", "referred", "returned",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'reportkit.sections' has no attribute {name!r}")
    return import_module(f"reportkit.sections.{name}")
