"""Mappings held against the columns of the files at hand.

Of CSV the beginning is read, of Parquet its schema. Excel, JSON and JSON lines have no header that could be read alone: they
are read whole. No row of any of them is mapped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from reportkit import entities
from reportkit.errors import ReportkitError, UnknownName
from reportkit.model.params import EntityMapping
from reportkit.params import Fault
from reportkit.snapshot.engine import engine, plain_words
from reportkit.snapshot.mapping import Mapper
from reportkit.sources import Place, feeding, ready
from reportkit.sources import find as find_source
from reportkit.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

FILE = "sources.yaml"
SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # a mapping binds alike whenever the quarter ends


@dataclass(frozen=True)
class Looked:
    """What headers tell: `faults` of the files, what of an entity's mapping is `unbound`, which of its columns are `given`.

    An entity of which no header is at hand is in neither of the two.
    """

    faults: list[Fault] = field(default_factory=list)
    unbound: dict[str, list[Fault]] = field(default_factory=dict)
    given: dict[str, frozenset[str]] = field(default_factory=dict)


def look(place: Workspace) -> Looked:
    """What the headers of the files that sources.yaml names tell of its mappings."""
    looked = Looked()
    with tempfile.TemporaryDirectory() as scratch, engine(Path(scratch)) as connection:
        there = {name for name in place.sources.sources if _viewed(place, name, connection, Path(scratch), looked)}
        for name, mapping in _filled(place):
            feeds = feeding(mapping, place.sources.sources) or place.sources.sources  # a query that names none of them
            if there.issuperset(feeds):
                entity, zone = entities.find(name), place.organisation.time_zone
                _bind(place, Mapper(connection, entity, mapping, place.sources.choices, zone, SOME_DAY), looked)
    return looked


def _viewed(place: Workspace, name: str, connection: duckdb.DuckDBPyConnection, scratch: Path, looked: Looked) -> bool:
    """Whether the source's columns are now there to be bound to; a file that cannot be meant is a fault."""
    try:
        module = find_source(str(place.sources.sources[name].get("type", "")))
        spec = module.Spec.model_validate(dict(place.sources.sources[name]))
    except (UnknownName, ValidationError):
        return False  # told of the source itself
    local = getattr(module, "local", None)
    if local is None or not local(spec):
        return False
    where = place.params.lines.where(FILE, "sources", name, "path")
    try:
        with plain_words(where):
            module.read(spec, name, Place(place.root, connection, scratch, place.organisation.time_zone, headers=True))
    except ReportkitError as error:
        looked.faults.append(Fault(where, error.message))
        return False
    return True


def _filled(place: Workspace) -> Iterator[tuple[str, EntityMapping]]:
    """The mappings as they are, with what the sources give of themselves, and without columns that no contract knows."""
    for name, mapping in place.sources.entities.items():
        try:
            made = ready(name, mapping, place.sources.sources)
            names = entities.find(name).names
        except ReportkitError:
            continue  # told of the entity itself
        known = {column: how for column, how in made.columns.items() if column in names or column.startswith("x_")}
        yield name, made.model_copy(update={"columns": known})


def _bind(place: Workspace, mapper: Mapper, looked: Looked) -> None:
    """Note what of the mapping does not fit the columns at hand, and which of the entity's columns it gives."""
    where, name = place.params.lines.where, mapper.entity.name
    broken = list(mapper.faults())
    faults = [Fault(where(FILE, "entities", name, *path), error.message) for path, error in broken]
    looked.unbound[name] = faults
    if not any(path in (("query",), ("source",)) for path, _ in broken):
        looked.given[name] = frozenset(mapper.given)
        faults += [Fault(where(FILE, "entities", name), text) for text in _misspelt(mapper)]


def _misspelt(mapper: Mapper) -> Iterator[str]:
    """A sentence for each column that FOCUS names and the export seems to have by a name that is nearly so."""
    fields = [f for f in mapper.entity.fields if f.alias and f.name not in mapper.given]
    others = [column for column in mapper.columns if column not in {f.alias for f in mapper.entity.fields}]
    for one in fields:
        if near := get_close_matches(one.alias, others, n=1, cutoff=0.85):
            yield (
                f"the export has no column {one.alias}; did you mean {near[0]!r}? If so, map it: `{one.name}: "
                f"{near[0]}` under `columns`."
            )
