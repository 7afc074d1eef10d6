"""Needles in use that the mapped facts cannot give."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from reportkit import entities, measure
from reportkit.check import headers
from reportkit.check.sources import taken
from reportkit.english.words import listed
from reportkit.model.needle import Needle
from reportkit.needles import find, library
from reportkit.params import Fault
from reportkit.workspace import Workspace

Gap = tuple[
    str, tuple[str, ...]
]  # an entity, and which of its columns are not mapped; none of them: it is not fed at all


Given = Mapping[str, Collection[str]]


def faults(place: Workspace, given: Given) -> Iterator[Fault]:
    """A fault for each broken declaration, and for each entity or set of columns that sources.yaml does not map.

    `given`: the columns that each entity gets, where the files that it is made of are at hand.

    A fault stands where the first needle that is left without them is named, and lists all that are.
    """
    for needle in library().values():
        if text := measure.fault(needle):
            yield Fault(f"src/reportkit/needles/{needle.theme}.py", text)
    gaps: dict[Gap, list[tuple[Needle, str]]] = {}
    for key, where in _used(place):
        if key in library() and (gap := _gap(place, given, find(key))):
            gaps.setdefault(gap, []).append((find(key), where))
    for gap, without in gaps.items():
        yield Fault(without[0][1], _told(place, gap, [needle for needle, _ in without]))


def lacking(place: Workspace) -> Callable[[Needle], str | None]:
    """What a needle lacks in the workspace: by its latest extract, or where there is none by what sources.yaml maps."""
    quarter = max((q for q in place.quarters if taken(place, q) is not None), default=None)
    snapshot = taken(place, quarter) if quarter else None
    if snapshot:
        return lambda needle: measure.lacking(snapshot, needle)
    given = headers.look(place).given
    return lambda needle: _unmapped(place, given, needle)


def _unmapped(place: Workspace, given: Given, needle: Needle) -> str | None:
    """Why sources.yaml cannot give the needle, as a sentence; None where it can."""
    gap = _gap(place, given, needle)
    return _told(place, gap, [needle]) if gap else None


def _gap(place: Workspace, given: Given, needle: Needle) -> Gap | None:
    """The first entity that is not fed, with no columns, or whose columns are not mapped; None where all are there."""
    for entity, names in measure.needs(needle).items():
        mapping = place.sources.entities.get(entity)
        if mapping is None:
            return entity, ()
        fields = {field.name: field for field in entities.find(entity).fields}
        own = {n for n, f in fields.items() if f.alias}
        known = {*given.get(entity, {*mapping.columns, *own}), *(n for n, f in fields.items() if f.default is not None)}
        if missing := tuple(name for name in names if name not in known):
            return entity, missing
    return None


def _told(place: Workspace, gap: Gap, without: Sequence[Needle]) -> str:
    """'Outages and Outage minutes need incidents.outage, which sources.yaml does not map; …'."""
    entity, missing = gap
    who = f"{listed([needle.label for needle in without])} need" if len(without) > 1 else without[0].need
    if not missing:
        return f"{who} the entity {entity}, which no source in sources.yaml feeds; {measure.giving(entity)}."
    mapping = place.sources.entities[entity]
    source = f"; {entity} come from the source {mapping.source}" if mapping.source else ""
    columns = " and ".join(f"{entity}.{name}" for name in missing)
    return f"{who} {columns}, which sources.yaml does not map{source}."


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
