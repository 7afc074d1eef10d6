"""Money in one currency: converted by the rates in the params, refused where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from reportkit import entities
from reportkit.model.needle import Needle
from reportkit.model.rules import Rules
from reportkit.snapshot import Snapshot, fetched

Table = Any
_seen: dict[str, Mapping[str, int]] = {}


def refused(snapshot: Snapshot, needle: Needle) -> str | None:
    """Why the needle's money cannot be added up, as one sentence; None where it can, or is no money."""
    if "currency" not in entities.find(needle.entity).names:
        return None
    rules = snapshot.rules
    strange = sorted(set(_currencies(snapshot, needle.entity)) - {rules.currency, *rules.rates})
    if not strange:
        return None
    rates = ", ".join(f"{code}: …" for code in strange)
    return (
        f"{needle.label} cannot be added up: {needle.entity} are in {' and '.join(strange)}, where organisation.yaml reckons in "
        f"{rules.currency}; write `rates: {{{rates}}}` there, what one unit of each is worth."
    )


def converted(table: Table, amount: Any, rules: Rules) -> Any:
    """The amount of each row in the organisation's currency."""
    if "currency" not in table.columns or not rules.rates:
        return amount
    rate = ibis.cases(*((table.currency == code, rate) for code, rate in rules.rates.items()), else_=1.0)
    return amount * rate


def _currencies(snapshot: Snapshot, entity: str) -> Mapping[str, int]:
    """The currencies of an entity's facts and how often each occurs."""
    key = snapshot.hash(entity)
    if key not in _seen:
        counted = fetched(snapshot.table(entity).group_by("currency").aggregate(n=lambda t: t.count())).to_pylist()
        _seen[key] = {row["currency"]: row["n"] for row in counted if row["currency"]}
    return _seen[key]
