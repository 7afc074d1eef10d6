"""The record of numbers: what a page shows, with where each number comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shown:
    """One number as printed. `id` is unique within a report: 'lead_time_for_changes.after'."""

    id: str
    text: str
    value: float | None
    unit: str = ""
    needle: str | None = None
    proof: str | None = None
    window: str | None = None  # '2026-07-01/2026-10-01', half-open
    n: int | None = None
    open: int | None = None  # of those facts, or beside them: what has not ended
    interval: tuple[float, float] | None = None
    span: str = ""  # the interval as printed: '−76 to −61%'
    verdict: str | None = None
    extract: str | None = None  # SHA-256 of the frozen entity it was computed from

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without the fields that say nothing."""
        return {k: v for k, v in vars(self).items() if v is not None and v != ""}
