"""What is wrong with sources.yaml: types, settings, files, entities, columns, choices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any
from zoneinfo import available_timezones

from pydantic import ValidationError

from reportkit import entities
from reportkit.check import headers
from reportkit.check.headers import Looked
from reportkit.errors import ReportkitError, SnapshotError, UnknownName, unknown
from reportkit.model.params import EntityMapping
from reportkit.params import Fault
from reportkit.snapshot import Snapshot, sql
from reportkit.snapshot.taking import mapping_sha256, said
from reportkit.sources import feeding, ready
from reportkit.sources import find as find_source
from reportkit.workspace import Workspace

FILE = "sources.yaml"


def faults(place: Workspace, looked: Looked) -> Iterator[Fault]:
    """Every fault of sources.yaml, held against the files at hand, and of the extracts taken by it."""
    for name, settings in place.sources.sources.items():
        yield from _source(place, name, settings)
    yield from looked.faults
    for name, mapping in place.sources.entities.items():
        yield from _entity(place, name, mapping, looked)
    for quarter in place.quarters:
        if (place.root / "extracts" / quarter).is_dir():
            try:
                place.snapshot(quarter).close()
            except SnapshotError as error:
                yield Fault(f"extracts/{quarter}", error.message)


def advice(place: Workspace) -> Iterator[Fault]:
    """Spans that are not declared, and extracts that were taken by another mapping or not at all."""
    where = place.params.lines.where
    for name, mapping in place.sources.entities.items():
        if mapping.covers is None and not _knows_span(place, mapping):
            yield Fault(
                where(FILE, "entities", name),
                f"{name} declares no `covers`; without it a quiet week at either end cannot be told from one that the "
                "source does not reach.",
            )
    for quarter in place.quarters:
        snapshot = taken(place, quarter)
        if snapshot is None:
            text = f"there is no extract of {quarter} yet; run `reportkit extract {quarter}`, then check again."
            yield Fault(f"extracts/{quarter}", text)
        elif snapshot.manifest.mapping_sha256 != mapping_sha256(place.sources):
            text = f"sources.yaml has changed since this extract was taken; run `reportkit extract {quarter}`."
            yield Fault(f"extracts/{quarter}", text)


def _knows_span(place: Workspace, mapping: EntityMapping) -> bool:
    """Whether all sources that feed the entity say themselves what they cover, as clones do."""
    declared = place.sources.sources
    types = [str(declared[name].get("type")) for name in feeding(mapping, declared)]
    try:
        return bool(types) and all(find_source(type_).Spec.knows_span for type_ in types)
    except UnknownName:
        return False


def taken(place: Workspace, quarter: str) -> Snapshot | None:
    """The extract of a quarter; None where it was not taken or is broken (`faults` says so)."""
    try:
        return place.snapshot(quarter)
    except SnapshotError:
        return None


def _source(place: Workspace, name: str, settings: dict[str, Any]) -> Iterable[Fault]:
    where = place.params.lines.where
    try:
        module = find_source(str(settings.get("type", "")))
        spec = module.Spec.model_validate(settings)
    except UnknownName as error:
        yield Fault(where(FILE, "sources", name, "type"), error.message)
        return
    except ValidationError as error:
        for item in error.errors(include_url=False):
            yield _setting(place, name, item, module.Spec.model_fields)
        return
    look: Callable[..., None] | None = getattr(module, "look", None)
    if look is None:
        return
    try:
        look(spec, name, place.root)
    except ReportkitError as error:
        yield Fault(where(FILE, "sources", name, "path"), error.message)


def _setting(place: Workspace, name: str, item: Any, known: Iterable[str]) -> Fault:
    key = str(item["loc"][0]) if item["loc"] else ""
    where = place.params.lines.where(FILE, "sources", name, key)
    if item["type"] == "extra_forbidden":
        return Fault(where, unknown("setting", key, known))
    if item["type"] == "missing":
        return Fault(where, f"the source {name} has no `{key}`; give it one.")
    return Fault(where, f"{key or name}: {said(item)}.")


def _entity(place: Workspace, name: str, mapping: EntityMapping, looked: Looked) -> Iterable[Fault]:
    where = place.params.lines.where
    try:
        entity = entities.find(name)
    except UnknownName as error:
        yield Fault(where(FILE, "entities", name), error.message)
        return
    if unfit := _unfit(place, name):
        yield from unfit
        return
    yield from _columns(place, entity, mapping, looked.given.get(name))
    if mapping.covers and mapping.covers[1] <= mapping.covers[0]:
        text = "`covers` ends before it begins; write the first day and the day after the last."
        yield Fault(where(FILE, "entities", name, "covers"), text)
    wrong = list(_sql(place, name, mapping))
    told = {fault.where for fault in wrong}
    yield from wrong
    yield from (fault for fault in looked.unbound.get(name, ()) if fault.where not in told)


def _unfit(place: Workspace, name: str) -> list[Fault]:
    """A fault where the source that the entity names cannot feed it."""
    try:
        ready(name, place.params.sources.entities[name], place.params.sources.sources)
    except UnknownName:
        return []  # of the source's type, which `_source` tells
    except ReportkitError as error:
        return [Fault(place.params.lines.where(FILE, "entities", name, "source"), error.message)]
    return []


def _columns(
    place: Workspace, entity: entities.Entity, mapping: EntityMapping, known: Collection[str] | None
) -> Iterable[Fault]:
    """A fault for each column that the entity does not have, that cannot be read as it says, or that is lacking.

    `known`: what the mapping and the header at hand give; an export that is not at hand is taken to have FOCUS's own names.
    """
    where, name = place.params.lines.where, entity.name
    for column, made in mapping.columns.items():
        at = where(FILE, "entities", name, "columns", column)
        try:
            field = entity.field(column)
        except UnknownName as error:
            yield Fault(at, f"{error.message} Extra cuts begin with x_.")
            continue
        if made.format and field.type != "time":
            yield Fault(at, f"{name}.{column} is no time, so a `format` cannot be read with it; take the format out.")
        if made.time_zone and made.time_zone not in available_timezones():
            yield Fault(at, f"{made.time_zone!r} is no IANA time zone; write one such as Europe/London or UTC.")
    if known is None:
        own = [f.name for f in entity.fields if f.alias or (entity.numbered and f.name == entity.key)]
        known = {*mapping.columns, *own}
    for field in entity.fields:
        if field.required and field.name not in known:
            yield Fault(
                where(FILE, "entities", name, "columns"),
                f"{name}.{field.name} ({field.meaning}) is not mapped, and no row counts without it; map it.",
            )


def _sql(place: Workspace, name: str, mapping: EntityMapping) -> Iterable[Fault]:
    """A fault for each SQL text that is no expression (no query), or names a choice that is not declared."""
    import duckdb  # heavy

    texts: dict[tuple[str, ...], str | None] = {
        ("query",): mapping.query,
        ("where",): mapping.where,
        **{("set_aside", rule): text for rule, text in mapping.set_aside.items()},
        **{("columns", column): made.sql for column, made in mapping.columns.items()},
    }
    with duckdb.connect() as engine:
        for path, text in texts.items():
            where = place.params.lines.where(FILE, "entities", name, *path)
            if text is None:
                continue
            if not text.strip():
                yield Fault(where, f"{name}.{path[-1]} holds no SQL; write some or take it out.")
                continue
            try:
                filled = sql.filled(text, sql.values(place.sources.choices, headers.SOME_DAY), where)
                (sql.query if path == ("query",) else sql.expression)(engine, filled, where)
            except ReportkitError as error:
                yield Fault(where, error.message)
