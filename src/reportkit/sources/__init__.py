"""Sources: one module a source, found by the module's name, which is the `type` in sources.yaml.

A source module offers two names:

- `Spec`, a frozen pydantic model (subclass of `SourceSpec`) of its settings in sources.yaml;
- `read(spec, name, place)`, which makes the source's rows queryable on `place.connection`
  as views called `name` (or `name_<part>` where it yields several tables) and returns the `Origin`s read.

It may offer four more:

- `mappings(spec, name)`, the mappings of the entities that it knows how to make: an entity that names the source and gives
  no columns is made by them, and one that gives some overrides just those;
- `look(spec, name, root)`, which raises SourceError where what the settings name is not there, without
  reading it: `reportkit check` calls it;
- `local(spec)`, whether what it reads lies here and has columns that can be looked at without a row being asked for
  (`place.headers`): `reportkit check` binds the SQL of mappings to them;
- `replaced(spec, root, taken, known)`, the name of something that was written after the moment `taken` and whose SHA-256
  is none of `known`: a build says then that the extract is not the latest.

Nothing is registered anywhere: a new source is a new file here.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import ValidationError

from reportkit.errors import ParamsError, ReportkitError, UnknownName
from reportkit.fetch.place import Origin, Place, SourceSpec
from reportkit.model.params import EntityMapping, Sources

__all__ = [
    "Origin",
    "Place",
    "SourceModule",
    "SourceSpec",
    "feeding",
    "find",
    "ready",
    "replaced",
    "types",
    "with_ready",
]


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


def ready(entity: str, mapping: EntityMapping, declared: Mapping[str, Mapping[str, Any]]) -> EntityMapping:
    """The mapping, filled up by the source's own for the entity where it names a source that has some.

    Its columns override the source's one by one, its conditions come on top. The mapping that comes back has both the
    source and the query that is made of its tables. Raises ParamsError where the source cannot feed the entity.
    """
    settings = declared.get(mapping.source or "")
    if settings is None or mapping.query:
        return mapping
    module = find(str(settings.get("type", "")))
    offer = getattr(module, "mappings", None)
    if offer is None:
        return mapping
    try:
        own = offer(module.Spec.model_validate(dict(settings)), mapping.source)
    except ValidationError:
        return mapping  # whoever reads the source says what is wrong with its settings
    if not own:
        return mapping  # free queries
    if entity not in own:
        raise ParamsError(
            f"a source of type {settings['type']} makes no {entity} by itself, but {_listed(own)}; write a `query` over its "
            "tables, or name another source."
        )
    base = EntityMapping.model_validate(
        {"source": mapping.source} | {k: v for k, v in own[entity].items() if k != "query"}
    )
    conditions = [f"({condition})" for condition in (base.where, mapping.where) if condition]
    return mapping.model_copy(
        update={
            "query": own[entity]["query"],
            "where": " AND ".join(conditions) or None,
            "set_aside": {**base.set_aside, **mapping.set_aside},
            "columns": {**base.columns, **mapping.columns},
        }
    )


def with_ready(sources: Sources) -> Sources:
    """The same with every mapping filled up that can be; `ready` says why one cannot."""
    found = {}
    for entity, mapping in sources.entities.items():
        try:
            found[entity] = ready(entity, mapping, sources.sources)
        except ReportkitError:
            found[entity] = mapping
    return sources.model_copy(update={"entities": found})


def replaced(sources: Sources, root: Path, taken: float, known: Collection[str]) -> str | None:
    """The name of something that a source would read now and that is newer than an extract taken at `taken`; None otherwise."""
    for name, settings in sources.sources.items():
        try:
            module = find(str(settings.get("type", "")))
            look = getattr(module, "replaced", None)
            newer = look(module.Spec.model_validate(dict(settings)), name, root, taken, known) if look else None
        except (ReportkitError, ValidationError, OSError):
            continue
        if newer:
            return str(newer)
    return None


def _listed(names: Iterable[str]) -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} and {last}" if most else last
