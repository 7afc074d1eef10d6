"""A needle: a number that the platform and a stakeholder bet on moving, as a declaration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reportkit.model.kind import Expr, Kind, Rate, Ratio
from reportkit.model.unit import Unit, currency

CUT = re.compile(r"\s(?:for|of|in|per|to|by|with|on|a|an)\s.*$")  # what follows the noun that a label turns on
PARTICIPLE = re.compile(r"\s\w+(?:ed|nt)$")  # 'features released', 'error budget spent'
SINGULAR = ("ss", "us", "is")  # 'success', 'status', 'analysis'

Better = Literal["lower", "higher"]
Theme = Literal["speed", "flow", "reliability", "security", "change", "infrastructure", "cost"]


@dataclass(frozen=True)
class Example:
    """A case worked out by hand: rows of the entity, and the value that they must give.

    `given` rows name only the columns that matter; `beside` holds the rows of other entities that the needle meets;
    `period` is the quarter measured.
    """

    given: Sequence[Mapping[str, Any]]
    expect: float
    beside: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    period: str = "2026-Q1"


@dataclass(frozen=True, eq=False)  # two expressions of Ibis cannot be held against each other
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
    optional: tuple[str, ...] = ()  # columns that it reads and can do without
    personal: bool = False  # each fact is about one person: few of them are not shown at all
    state: str = ""  # a sentence with {now}: 'A change takes {now} to reach production'
    finding: str = (
        ""  # a sentence with {before} and {after}: 'Changes now reach production in {after} instead of {before}'
    )

    @property
    def unit(self) -> Unit:
        """The unit in which the needle is printed."""
        return self.kind.unit

    def in_currency(self, code: str) -> Needle:
        """The needle with its money in an ISO 4217 currency; itself where it is not about money."""
        kind = self.kind
        if isinstance(kind, Rate) and kind.amount is not None:
            return replace(self, kind=replace(kind, money=currency(code, kind.money)))
        if isinstance(kind, Ratio) and kind.unit.money:
            return replace(self, kind=replace(kind, unit=currency(code, kind.unit)))
        return self

    @property
    def need(self) -> str:
        """'Lead time for changes needs', 'Outages need'."""
        return f"{self.label} {'need' if is_plural(self.label) else 'needs'}"

    @property
    def lower_label(self) -> str:
        """The label inside a sentence: 'lead time for changes'; 'SLA breaches' stays."""
        first = self.label.split(" ", 1)[0]
        return self.label if any(c.isupper() for c in first[1:]) else self.label[:1].lower() + self.label[1:]


def is_plural(label: str) -> bool:
    """Whether a label takes 'were': 'SLA breaches', 'User-facing features released'; not 'Lead time for changes'."""
    noun = PARTICIPLE.sub("", CUT.sub("", label)).lower()
    return noun.endswith("s") and not noun.endswith(SINGULAR)
