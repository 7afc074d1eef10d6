"""The tables of facts and their contracts: one declaration an entity, nothing else to touch.

Every entity also has `service`, `team` and `journey`, so that each needle can be cut by them. Times are stored in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from reportkit.errors import UnknownName

Type = Literal["text", "time", "flag", "number"]
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
    """

    name: str
    type: Type
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    default: str | bool | None = None


@dataclass(frozen=True)
class Rule:
    """What must hold of every row: an SQL condition (unknown counts as kept) and the reason when it is broken."""

    sql: str
    broken: str


@dataclass(frozen=True)
class Entity:
    """A table of facts: its key, its columns, its rules."""

    name: str
    meaning: str
    key: str
    own: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()

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


def _ordered(*chains: tuple[str, ...]) -> Iterator[Rule]:
    """A rule for each pair of times that follow one another in some chain, each once."""
    pairs = [(first, second) for chain in chains for i, first in enumerate(chain) for second in chain[i + 1 :]]
    for first, second in dict.fromkeys(pairs):
        words = [name.removesuffix("_at").replace("_", " ") for name in (second, first)]
        yield Rule(f"{second} >= {first}", f"{words[0]} before {words[1]}")


CHANGES = Entity(
    name="changes",
    meaning="a change of code on its way to production: a pull request or a commit on the main branch",
    key="change_id",
    own=(
        Field("author", "text", "who wrote it, hashed"),
        Field("title", "text", "its first line"),
        Field("kind", "text", "conventional-commit type: feat, fix …"),
        Field("first_commit_at", "time", "when its first commit was written"),
        Field("opened_at", "time", "when it was put up for review"),
        Field("first_review_at", "time", "when somebody else first reviewed it"),
        Field("approved_at", "time", "when it was approved"),
        Field("merged_at", "time", "when it reached the main branch"),
        Field("deployed_at", "time", "when it first ran in production"),
    ),
    rules=(
        Rule(
            "coalesce(first_commit_at, opened_at, merged_at) IS NOT NULL", "no time of a first commit, opening or merge"
        ),
        *_ordered(
            ("first_commit_at", "merged_at", "deployed_at"),
            ("opened_at", "first_review_at", "merged_at", "deployed_at"),
            ("opened_at", "approved_at", "merged_at"),
        ),
    ),
)

DEPLOYMENTS = Entity(
    name="deployments",
    meaning="a deployment of a service to an environment",
    key="deployment_id",
    own=(
        Field("deployed_at", "time", "when it finished", required=True),
        Field("environment", "text", "where to", default="production"),
        Field("result", "text", "how it ended", allowed=("success", "failure", "cancelled"), default="success"),
        Field("version", "text", "what was deployed"),
    ),
)

FEATURES = Entity(
    name="features",
    meaning="a feature on its way to users",
    key="feature_id",
    own=(
        Field("title", "text", "its name"),
        Field("started_at", "time", "when work on it began"),
        Field("released_at", "time", "when users could first use it"),
        Field("user_facing", "flag", "whether users can see it", default=True),
    ),
    rules=(
        Rule("coalesce(started_at, released_at) IS NOT NULL", "no time of a start or release"),
        *_ordered(("started_at", "released_at")),
    ),
)

ONBOARDINGS = Entity(
    name="onboardings",
    meaning="an engineer or a service finding its way to a first production release",
    key="onboarding_id",
    own=(
        Field("subject", "text", "who or what, hashed where it is a person", required=True),
        Field("kind", "text", "engineer or service", required=True, allowed=("engineer", "service")),
        Field("started_at", "time", "when they joined, or it was requested", required=True),
        Field("finished_at", "time", "when their work, or it, first reached production"),
    ),
    rules=tuple(_ordered(("started_at", "finished_at"))),
)


@cache
def library() -> Mapping[str, Entity]:
    """Every declared entity by its name."""
    found = [value for value in globals().values() if isinstance(value, Entity)]
    return MappingProxyType({entity.name: entity for entity in found})


def find(name: str, *, where: str | None = None) -> Entity:
    """The entity called `name`. Raises UnknownName with the near one."""
    if name not in library():
        raise UnknownName("entity", name, library(), where=where)
    return library()[name]
