"""Needles in use that the mapped facts cannot give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import ibis

from reportkit import entities, measure
from reportkit.errors import UnknownName
from reportkit.model.needle import Needle
from reportkit.needles import find, library
from reportkit.params import Fault
from reportkit.workspace import Workspace

TYPES: Mapping[entities.Type, str] = {
    "text": "string", "time": "timestamp('UTC')", "flag": "boolean", "number": "float64",
}  # fmt: skip


def faults(place: Workspace) -> Iterator[Fault]:
    """A fault for each needle in use whose entity or columns sources.yaml does not map."""
    for key, where in _used(place):
        if key in library() and (sentence := _unmapped(place, find(key))):
            yield Fault(where, sentence)


def _unmapped(place: Workspace, needle: Needle) -> str | None:
    mapping = place.sources.entities.get(needle.entity)
    if mapping is None:
        return f"{needle.label} needs the entity {needle.entity}, which no source in sources.yaml feeds."
    try:
        entity = entities.find(needle.entity)
    except UnknownName:
        return None
    blank = ibis.table(dict.fromkeys(entity.names, "string") | {f.name: TYPES[f.type] for f in entity.fields})
    has = {f.name for f in entity.fields if f.name in mapping.columns or f.default is not None or f.alias}
    missing = [f"{needle.entity}.{name}" for name in measure.columns(needle, blank) if name not in has]
    if not missing:
        return None
    return f"{needle.label} needs {' and '.join(missing)}, which sources.yaml does not map."


def _used(place: Workspace) -> Iterator[tuple[str, str]]:
    """Each needle in use, once, with the place where it is first named."""
    seen: set[str] = set()
    for key, where in _mentions(place):
        if key not in seen:
            seen.add(key)
            yield key, where


def _mentions(place: Workspace) -> Iterator[tuple[str, str]]:
    where = place.params.lines.where
    for key, audience in place.audiences.items():
        yield audience.quantified_by, where("audiences.yaml", key, "quantified_by")
        yield audience.primary, where("audiences.yaml", key, "primary")
        for field in ("supporting", "guardrails"):
            for i, name in enumerate(getattr(audience, field)):
                yield name, where("audiences.yaml", key, field, i)
    for key, proof in place.proofs.items():
        for field in ("headline", "supporting"):
            for i, name in enumerate(getattr(proof, field)):
                yield name, where("proofs.yaml", key, field, i)
        for name in proof.guardrails:
            yield name, where("proofs.yaml", key, "guardrails", name)
