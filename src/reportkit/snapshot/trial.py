"""Trying an extract without taking it: credentials, permissions, one page of each table, mappings and contracts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reportkit.entities import find
from reportkit.errors import ReportkitError
from reportkit.model.params import Organisation, Sources
from reportkit.model.period import Quarter
from reportkit.model.unit import plural
from reportkit.snapshot import contract
from reportkit.snapshot.engine import engine, plain_words
from reportkit.snapshot.mapping import Mapper
from reportkit.snapshot.taking import FILE, Progress, Taking
from reportkit.sources import feeding, ready

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Tried:
    """What became of trying one source or entity: `says` what was found, or what is wrong and how to mend it."""

    kind: str  # source or entity
    name: str
    ok: bool
    says: str


def trial(
    sources: Sources, organisation: Organisation, quarter: Quarter, root: Path, *, progress: Progress
) -> list[Tried]:
    """One entry a source and an entity, in the order of sources.yaml; nothing is kept."""
    (root / "extracts").mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".trial-", dir=root / "extracts"))
    try:
        taking = Taking(sources, organisation, quarter, root, scratch, progress)
        with engine(scratch) as connection:
            tried = [_source(taking, name, connection) for name in sources.sources]
            broken = {one.name for one in tried if not one.ok}
            return [*tried, *_entities(taking, connection, broken)]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _source(taking: Taking, name: str, connection: duckdb.DuckDBPyConnection) -> Tried:
    try:
        origins = taking.read(name, connection, trial=True)
    except ReportkitError as error:
        return Tried("source", name, ok=False, says=error.message)
    except OSError as error:
        return Tried("source", name, ok=False, says=f"it cannot be read: {error.strerror or error}.")
    return Tried(
        "source",
        name,
        ok=True,
        says="; ".join(origin.what for origin in origins[:3]) + (" …" if len(origins) > 3 else ""),
    )


def _entities(taking: Taking, connection: duckdb.DuckDBPyConnection, broken: set[str]) -> Iterator[Tried]:
    for name, mapping in taking.sources.entities.items():
        if lacking := sorted(broken.intersection(feeding(mapping, taking.sources.sources))):
            yield Tried("entity", name, ok=False, says=f"its source {' and '.join(lacking)} cannot be read.")
            continue
        taking.progress(f"checking {name}")
        try:
            yield _entity(taking, name, connection)
        except ReportkitError as error:
            yield Tried("entity", name, ok=False, says=error.message)


def _entity(taking: Taking, name: str, connection: duckdb.DuckDBPyConnection) -> Tried:
    """Whether the rows at hand fit the mapping and keep the contract."""
    entity = find(name, where=f"{FILE}: entities")
    mapping = ready(name, taking.sources.entities[name], taking.sources.sources)
    organisation = taking.organisation
    cut = taking.quarter.window.instants(organisation.time_zone)[1]
    with plain_words(f"{FILE}: entities.{name}"):
        mapper = Mapper(connection, entity, mapping, taking.sources.choices, organisation.time_zone, cut)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE staged AS {mapper.staged()}")
        counts = contract.count(connection, mapping.set_aside)
    if counts.rejected_rows:
        reasons = "; ".join(f"{reason} ({n})" for reason, n in list(counts.rejected.items())[:3])
        some = f"{plural(counts.rejected_rows, 'row')} of {counts.read} would be rejected: {reasons}."
        return Tried("entity", name, ok=counts.share <= organisation.rejected_at_most, says=some)
    lacking = f"; not mapped: {', '.join(mapper.missing)}" if mapper.missing else ""
    return Tried("entity", name, ok=True, says=f"{plural(counts.read, 'row')} tried, all keep the contract{lacking}")
