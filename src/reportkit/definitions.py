"""What decides a needle's number, as hashes: a quarter that counts otherwise than the one before shows by them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from reportkit import derived, measure
from reportkit.model.needle import Needle
from reportkit.model.params import Organisation, Sources
from reportkit.model.unit import Unit
from reportkit.needles import library


def definitions(needles: Iterable[str], organisation: Organisation, sources: Sources) -> dict[str, dict[str, str]]:
    """Per needle two SHA-256: of its definition with the rules that it obeys, and of how its facts are mapped from sources."""
    known = library()
    return {
        name: {
            "definition": _hash(_definition(known[name], organisation)),
            "mapping": _hash(_mapping(known[name], sources)),
        }
        for name in sorted(set(needles)) if name in known
    }  # fmt: skip


def _definition(needle: Needle, organisation: Organisation) -> str:
    """What decides the needle's number: its kind's parts, which rows count, and the organisation's rules for it."""
    kind = {f.name: _plain(getattr(needle.kind, f.name)) for f in fields(needle.kind)}
    rules = repr(organisation.dora.rules) if _by_dora(needle) else ""
    return repr((needle.entity, needle.kind.name, kind, repr(needle.where), rules))


def _plain(value: Any) -> str:
    return f"{value.key} × {value.scale}" if isinstance(value, Unit) else repr(value)


def _by_dora(needle: Needle) -> bool:
    made = (
        (entity, column) in derived.DERIVED for entity, columns in measure.uses(needle).items() for column in columns
    )
    return needle.source == "DORA" or any(made)


def _mapping(needle: Needle, sources: Sources) -> str:
    """How the facts of its entities are made: conditions and the expressions of the columns that it reads."""
    parts = []
    for entity, columns in measure.needs(needle).items():
        mapping = sources.entities.get(entity)
        if mapping is not None:
            read = {name: mapping.columns[name].model_dump() for name in columns if name in mapping.columns}
            parts.append(
                (entity, mapping.query, mapping.where, sorted(mapping.set_aside.items()), sorted(read.items()))
            )
    return repr((parts, sorted((name, choice.value) for name, choice in sources.choices.items())))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
