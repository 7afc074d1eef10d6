"""What a page needs to know beside the notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reportkit.model.brand import Brand


@dataclass(frozen=True)
class Sheet:
    """Running heads, language, paper and brand of a report. `source_date` dates the files: the quarter's end."""

    title: str  # the document's title: the headline
    organisation: str
    report: str  # 'Platform value report'
    audience: str  # 'Executives'
    quarter: str  # 'Q3 2026'
    window: str  # '1 Jul – 30 Sep'
    notice: str | None
    language: str
    page: Literal["A4", "Letter"]
    brand: Brand
    source_date: datetime

    @property
    def running(self) -> str:
        """The foot of every page: 'Northwind · Platform value report · Executives · Q3 2026'."""
        return " · ".join(filter(None, (self.organisation, self.report, self.audience, self.quarter)))

    @property
    def subject(self) -> str:
        """'Executives · Q3 2026 · 1 Jul – 30 Sep'."""
        return " · ".join(filter(None, (self.audience, self.quarter, self.window)))


@dataclass(frozen=True)
class Entry:
    """One report in the quarter's index: its reader, its headline, its files, and how many needles have which verdict."""

    audience: str
    title: str
    pdf: str
    html: str
    verdicts: Mapping[str, int]


@dataclass(frozen=True)
class Table:
    """One table of facts in the index: where it comes from, its rows as they are printed, and how far it reaches."""

    name: str
    sources: str
    read: str
    rejected: str
    aside: str
    covers: str
    late: str = ""  # how much of the quarter it lacks
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Health:
    """How sound the quarter's data is: its tables, and the same in sentences."""

    tables: tuple[Table, ...] = ()
    sentences: tuple[str, ...] = ()
