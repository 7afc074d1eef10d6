"""Needles in use that the mapped facts cannot give."""

from __future__ import annotations

from collections.abc import Iterator

from reportkit import entities, measure
from reportkit.model.needle import Needle
from reportkit.needles import find, library
from reportkit.params import Fault
from reportkit.workspace import Workspace


def faults(place: Workspace) -> Iterator[Fault]:
    """A fault for each needle in use whose entity or columns sources.yaml does not map."""
    for key, where in _used(place):
        if key in library() and (sentence := _unmapped(place, find(key))):
            yield Fault(where, sentence)


def _unmapped(place: Workspace, needle: Needle) -> str | None:
    """Why sources.yaml cannot give the needle, as a sentence."""
    mappings = place.sources.entities
    for entity, names in measure.needs(needle).items():
        mapping = mappings.get(entity)
        if mapping is None:
            return f"{needle.label} needs the entity {entity}, which no source in sources.yaml feeds."
        fields = {field.name: field for field in entities.find(entity).fields}
        given = {n for n, f in fields.items() if n in mapping.columns or f.default is not None or f.alias}
        if missing := [f"{entity}.{name}" for name in names if name not in given]:
            source = f"; {entity} come from the source {mapping.source}" if mapping.source else ""
            return f"{needle.label} needs {' and '.join(missing)}, which sources.yaml does not map{source}."
    return None


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
