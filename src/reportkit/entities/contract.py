"""What a contract is made of: columns, rules of a row, doubts about a whole table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from reportkit.errors import UnknownName

Type = Literal["text", "time", "flag", "number"]
IBIS_TYPES: Mapping[str, str] = {
    "text": "string",
    "time": "timestamp('UTC')",
    "flag": "boolean",
    "number": "float64",
}
SQL_TYPES: Mapping[str, str] = {
    "text": "VARCHAR",
    "time": "TIMESTAMP WITH TIME ZONE",
    "flag": "BOOLEAN",
    "number": "DOUBLE",
}


@dataclass(frozen=True)
class Field:
    """One column: its type, what it means, whether a fact must have it, what it may be.

    `default` is what every fact has where the mapping does not give the column; where it does, an empty cell is a fault.
    `unit` is that of a number. `alias` is the field's own name for it, such as FOCUS's BilledCost: a source that has a column
    of that name feeds the field without being told. `person` marks who a fact is about: small groups of them are not shown.
    """

    name: str
    type: Type
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    default: str | bool | None = None
    unit: str = ""
    alias: str = ""
    person: bool = False


@dataclass(frozen=True)
class Rule:
    """What must hold of every row: an SQL condition (unknown counts as kept) and the reason when it is broken.

    `order`: the time that comes first and the one that follows, where it is a rule of that sort. A mapping may keep rows that
    break it; the spans that do are then in no number.
    """

    sql: str
    broken: str
    order: tuple[str, str] | None = None


@dataclass(frozen=True)
class Doubt:
    """What is worth a warning though every row keeps the contract: an SQL condition over the table's aggregates.

    `text` is a sentence for the reader whose {names} are filled from `values`, SQL aggregates by name; `mend` says what
    whoever maps the source can do about it.
    """

    sql: str
    text: str
    mend: str
    values: Mapping[str, str]
    columns: tuple[str, ...]  # it is asked only where the mapping gives all of these


@dataclass(frozen=True)
class Entity:
    """A table of facts: its key, its columns, its rules.

    `systems`: the source types that can give it by themselves; a file can give any. `numbered`: where the mapping gives no
    key, rows are numbered as they come; then a row that was exported twice is not noticed. `moment`: the time by which facts
    are counted that stand for a whole day, week or month. `standing`: facts last until they are said to have ended, so that an
    extract knows all of them to its end. `cut`: the cut that the key itself is.
    """

    name: str
    meaning: str
    key: str
    own: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    numbered: bool = False
    moment: str = ""
    standing: bool = False
    cut: str = ""
    systems: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """The key, the cuts that every entity has, and the entity's own columns, in that order."""
        return (Field(self.key, "text", "identifies the fact", required=True), *CUTS, *self.own)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(field.name for field in self.fields)

    @property
    def times(self) -> tuple[str, ...]:
        """The names of the columns that hold a time."""
        return tuple(field.name for field in self.fields if field.type == "time")

    @property
    def person(self) -> str | None:
        """The column that says who a fact is about; None where no fact is about a person."""
        return next((field.name for field in self.fields if field.person), None)

    def field(self, name: str, *, where: str | None = None) -> Field:
        """The column called `name`. Raises UnknownName. Names that begin with x_ are extra cuts, always text."""
        if name.startswith("x_"):
            return Field(name, "text", "an extra cut")
        for field in self.fields:
            if field.name == name:
                return field
        raise UnknownName(f"column of {self.name}", name, self.names, where=where)


CUTS = (
    Field("service", "text", "the service that the fact is about"),
    Field("team", "text", "the team that owns it"),
    Field("journey", "text", "the customer journey that it serves"),
)


def ordered(*chains: tuple[str, ...]) -> Iterator[Rule]:
    """A rule for each pair of times that follow one another in some chain, each once."""
    pairs = [(first, second) for chain in chains for i, first in enumerate(chain) for second in chain[i + 1 :]]
    for first, second in dict.fromkeys(pairs):
        words = [name.removesuffix("_at").replace("_", " ") for name in (second, first)]
        yield Rule(f"{second} >= {first}", f"{words[0]} before {words[1]}", order=(first, second))


def at_least(name: str, least: float = 0) -> Rule:
    """A number must not be below `least`."""
    return Rule(f"{name} >= {least}", f"{name} is below {least:g}")
