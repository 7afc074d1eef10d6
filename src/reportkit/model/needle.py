"""A needle: a number that the platform and a stakeholder bet on moving, as a declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reportkit.model.kind import Expr, Kind
from reportkit.model.unit import Unit

Better = Literal["lower", "higher"]
Theme = Literal["speed", "flow", "reliability", "security", "change", "infrastructure", "cost"]


@dataclass(frozen=True)
class Example:
    """A case worked out by hand: rows of the entity, and the value that they must give.

    `given` rows name only the columns that matter; `period` is the quarter measured.
    """

    given: Sequence[Mapping[str, Any]]
    expect: float
    period: str = "2026-Q1"


@dataclass(frozen=True)
class Needle:
    """What to measure of each fact of `entity`; its `kind` says how to sum up and to compare."""

    key: str
    label: str
    theme: Theme
    question: str
    entity: str
    kind: Kind
    better: Better
    source: str
    example: Example
    facts: tuple[str, str]  # what one fact is called: ("change", "changes")
    where: Expr | None = None  # which rows count; None is all
    state: str = ""  # a sentence with {now}: 'A change takes {now} to reach production'
    finding: str = (
        ""  # a sentence with {before} and {after}: 'Changes now reach production in {after} instead of {before}'
    )

    @property
    def unit(self) -> Unit:
        """The unit in which the needle is printed."""
        return self.kind.unit

    @property
    def lower_label(self) -> str:
        """The label inside a sentence: 'lead time for changes'; 'SLA breaches' stays."""
        first = self.label.split(" ", 1)[0]
        return self.label if any(c.isupper() for c in first[1:]) else self.label[:1].lower() + self.label[1:]
