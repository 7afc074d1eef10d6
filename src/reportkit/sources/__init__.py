"""Sources: one module a source, found by the module's name, which is the `type` in sources.yaml.

A source module offers two names:

- `Spec`, a frozen pydantic model (subclass of `SourceSpec`) of its settings in sources.yaml;
- `read(spec, name, place)`, which makes the source's rows queryable on `place.connection`
  as views called `name` (or `name_<part>` where it yields several tables) and returns the `Origin`s read.

It may offer `look(spec, name, root)` too, which raises SourceError where what the settings name is not there, without
reading it: `reportkit check` calls it.

Nothing is registered anywhere: a new source is a new file here.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from reportkit.errors import UnknownName
from reportkit.model.params import EntityMapping, Params

if TYPE_CHECKING:
    import duckdb


class SourceSpec(Params):
    """Settings that every source has: its type."""

    knows_span: ClassVar[bool] = False  # whether its origins say themselves what they cover

    type: str


@dataclass(frozen=True)
class Place:
    """Where a source is read: the workspace folder that relative paths start from, the open DuckDB connection, a scratch folder."""

    root: Path
    connection: duckdb.DuckDBPyConnection
    scratch: Path  # for files that are converted on the way; gone when the extract is done
    time_zone: str = "UTC"  # of times that carry none, unless the source's settings say otherwise


@dataclass(frozen=True)
class Origin:
    """What came in: its name for the reader, its bytes and their SHA-256."""

    source: str
    what: str
    sha256: str
    bytes: int
    covers: tuple[str, str] | None = None  # first day and the day after the last, ISO, where the source itself knows


class SourceModule(Protocol):
    """What a source module offers."""

    Spec: type[SourceSpec]

    def read(self, spec: Any, name: str, place: Place) -> tuple[Origin, ...]:
        """Make the rows queryable and say what was read."""
        ...


def types() -> tuple[str, ...]:
    """The known source types: the names of the modules in this folder."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def find(type_: str, *, where: str | None = None) -> SourceModule:
    """The module of a source type. Raises UnknownName with the near one."""
    if type_ not in types():
        raise UnknownName("source type", type_, types(), where=where)
    return cast(SourceModule, importlib.import_module(f"{__name__}.{type_}"))


def feeding(mapping: EntityMapping, names: Iterable[str]) -> list[str]:
    """Of the sources called `names`, those that an entity is made from: its own, or those that its query names.

    A source of several tables is named by one of them: `git_changes` is a table of `git`.
    """
    known = list(names)
    if mapping.source in known:
        return [mapping.source]
    if mapping.source:
        return [name for name in known if mapping.source.startswith(f"{name}_")][-1:]
    return [name for name in known if re.search(rf"\b{re.escape(name)}", mapping.query or "")]
