"""What a needle is made of: the columns of its expressions, extracted ones beneath derived ones; and what an extract lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import ibis
from ibis.common.deferred import Deferred
from ibis.expr.operations import Field as FieldOp

from reportkit import derived, entities
from reportkit.english import reasons
from reportkit.errors import MeasureError, UnknownName, unknown
from reportkit.measure import money
from reportkit.model.kind import Duration, Expr, Kind, Per, Rate, Ratio, Share, Stock
from reportkit.model.needle import Needle
from reportkit.snapshot import Snapshot
from reportkit.sources import types

DERIVED_TYPES = {
    "counted": "boolean",
    "failed": "boolean",
    "failed_at": "timestamp('UTC')",
    "recovered_at": "timestamp('UTC')",
    "in_production": "boolean",
    "key_event_at": "timestamp('UTC')",
}


def parts(kind: Kind) -> dict[str, Expr]:
    """The expressions of a kind over its own entity, by the column that they become."""
    match kind:
        case Duration():
            found = {"start": kind.start, "end": kind.end}
        case Stock():
            found = {"start": kind.opened, "end": kind.closed, "each": kind.each}
        case Rate():
            found = {"at": kind.at, "until": kind.until, "amount": kind.amount}
        case Share():
            found = {"at": kind.at, "yes": kind.yes, "each": kind.each, "until": kind.until}
        case Ratio(denominator=Per()):
            found = {"at": kind.at, "numerator": kind.numerator}
        case Ratio():
            found = {"at": kind.at, "numerator": kind.numerator, "denominator": kind.denominator}
    return {name: expr for name, expr in found.items() if expr is not None}


@lru_cache(maxsize=512)
def uses(needle: Needle) -> Mapping[str, tuple[str, ...]]:
    """The columns that a needle's expressions name, derived ones among them, by entity; its own entity first.

    Raises MeasureError, naming the field, where the declaration is broken.
    """
    try:
        return _uses(needle)
    except Exception as error:
        raise MeasureError(f"the needle {fault(needle) or f'{needle.key}: {error}'}") from error


def _uses(needle: Needle) -> Mapping[str, tuple[str, ...]]:
    own = _names(needle.entity, (*parts(needle.kind).values(), needle.where))
    found = {needle.entity: own}
    if isinstance(needle.kind, Ratio) and isinstance(per := needle.kind.denominator, Per):
        more = (*_names(per.entity, (per.at, per.amount, per.until, per.where)), *per.by)
        found[needle.entity] = tuple(dict.fromkeys((*own, *per.by)))
        found[per.entity] = tuple(dict.fromkeys((*found.get(per.entity, ()), *more)))
    return found


def needs(needle: Needle) -> Mapping[str, tuple[str, ...]]:
    """The columns that an extract must have for the needle, by entity."""
    found: dict[str, list[str]] = {}
    for entity, names in uses(needle).items():
        found.setdefault(entity, [])
        for name in names:
            if name in needle.optional:
                continue
            for source, made_of in derived.needs(entity, name).items():
                found.setdefault(source, []).extend(made_of)
        if money.is_money(entity, names):
            found[entity].append("currency")
    return {entity: tuple(dict.fromkeys(names)) for entity, names in found.items()}


def columns(needle: Needle) -> tuple[str, ...]:
    """What `needs` says as 'entity.column', in order, each once; columns that have a default are left out."""
    return tuple(
        f"{entity}.{name}"
        for entity, names in needs(needle).items()
        for name in names
        if entities.find(entity).field(name).default is None
    )


def lacking(snapshot: Snapshot, needle: Needle) -> str | None:
    """Why the needle cannot be computed from this extract, as one sentence; None where it can."""
    for entity, names in needs(needle).items():
        if not snapshot.has(entity):
            return reasons.unfed(needle, entity, giving(entity))
        missing = [f"{entity}.{name}" for name in names if name in snapshot.manifest.entities[entity].missing]
        if missing:
            return reasons.unmapped(needle, missing, entity, _origins(snapshot, entity))
    paid = [entity for entity, names in uses(needle).items() if money.is_money(entity, names)]
    return _unlinked(snapshot, needle) or next(filter(None, (money.refused(snapshot, needle, e) for e in paid)), None)


def _unlinked(snapshot: Snapshot, needle: Needle) -> str | None:
    """Why incidents cannot be linked to deployments: one of the two sides does not say of which service it is."""
    if snapshot.rules.dora.link_within != "service" or not derived.links(uses(needle)[needle.entity]):
        return None
    lacks = [name for name in ("incidents", "deployments") if "service" in snapshot.manifest.entities[name].missing]
    if len(lacks) != 1:
        return None  # where neither says, all of them are taken for one service
    return reasons.unlinked(needle, lacks[0])


def giving(entity: str) -> str:
    """Which sources can give an entity, as a clause: 'a source of type pagerduty or servicenow can give it, or a file'."""
    systems = [system for system in entities.find(entity).systems if system in types()]
    return reasons.giving(systems)


def told(snapshot: Snapshot, entity: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Those of the columns that the entity's facts tell: it has them, and the mapping gives them."""
    there, missing = snapshot.table(entity).columns, snapshot.manifest.entities[entity].missing
    return tuple(name for name in columns if name in there and name not in missing)


def _origins(snapshot: Snapshot, entity: str) -> list[str]:
    """Where an entity's facts come from, for there the missing column might be found."""
    return [origin.what for origin in snapshot.manifest.entities[entity].origins]


def made_of(needle: Needle) -> tuple[str, ...]:
    """The columns of its own entity that the parts of a needle's kind name: what it measures, not which facts count."""
    return _names(needle.entity, parts(needle.kind).values())


def in_money(entity: str, expr: Expr) -> bool:
    """Whether an expression over the entity's columns is money, each row's in a currency of its own."""
    return money.is_money(entity, _names(entity, (expr,)))


@lru_cache(maxsize=512)
def paid(needle: Needle) -> frozenset[str]:
    """Those of the needle's parts that are money."""
    return frozenset(name for name, expr in parts(needle.kind).items() if in_money(needle.entity, expr))


def _names(entity: str, expressions: Iterable[Expr | None]) -> tuple[str, ...]:
    found = [name for expr in expressions if isinstance(expr, Deferred) for name in _fields(_blank(entity), expr)]
    return tuple(dict.fromkeys(found))


def _fields(table: Any, expr: Expr) -> list[str]:
    return [str(field.name) for field in expr.resolve(table).op().find(FieldOp)]


def fault(needle: Needle) -> str | None:
    """What is wrong with a declaration, naming the field, as one sentence; None where it can be computed."""
    sides = [(needle.entity, name, expr) for name, expr in {**parts(needle.kind), "where": needle.where}.items()]
    if isinstance(needle.kind, Ratio) and isinstance(per := needle.kind.denominator, Per):
        sides += [
            (per.entity, f"denominator.{name}", getattr(per, name)) for name in ("at", "amount", "until", "where")
        ]
        sides += [(entity, "denominator.by", ibis._[name]) for entity in (needle.entity, per.entity) for name in per.by]
    known = {name for entity, *_ in sides if entity in entities.library() for name in _blank(entity).columns}
    if strange := [name for name in needle.optional if known and name not in known]:
        return f"{needle.key}: optional: {unknown(f'column of {needle.entity}', strange[0], known)}"
    for entity, name, expr in sides:
        try:
            entities.find(entity)
            _names(entity, (expr,))
        except UnknownName as error:
            return f"{needle.key}: entity: {error.message}"
        except Exception as error:  # noqa: BLE001  # whatever Ibis finds wrong with an expression
            near = _near(entity, error)
            return f"{needle.key}: {name}: {near or ' '.join(str(error).split())[:200]}"
    return None


def _near(entity: str, error: Exception) -> str:
    """'there is no column of incidents …; did you mean …?' where that is what is wrong."""
    missing = getattr(error, "name", None) or next(iter(re.findall(r"no attribute '(\w+)'", str(error))), None)
    known = _blank(entity).columns
    return unknown(f"column of {entity}", missing, known) if missing and missing not in known else ""


@cache
def _blank(entity: str) -> Any:
    """A table without rows that has every column a needle of the entity could name."""
    fields = {field.name: entities.IBIS_TYPES[field.type] for field in entities.find(entity).fields}
    made = {name: DERIVED_TYPES.get(name, "string") for of, name in derived.DERIVED if of == entity}
    return ibis.table(fields | made, name=f"blank_{entity}")
