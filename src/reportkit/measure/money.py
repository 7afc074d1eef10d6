"""Money in one currency: converted by the rates in the params, refused where there is none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ibis

from reportkit import entities, shared
from reportkit.english import reasons
from reportkit.model.needle import Needle
from reportkit.model.rules import Rules
from reportkit.snapshot import Snapshot, listed

Table = Any


def is_money(entity: str, columns: Iterable[str]) -> bool:
    """Whether an expression over the columns is in the currency of each fact: a cost is, a count of charges is not."""
    known = entities.find(entity)
    in_money = {field.name for field in known.fields if field.unit == "money"}
    return "currency" in known.names and not in_money.isdisjoint(columns)


def refused(snapshot: Snapshot, needle: Needle, entity: str) -> str | None:
    """Why the entity's money cannot be added up for a needle, as one sentence; None where it can."""
    rules = snapshot.rules
    strange = sorted(_currencies(snapshot, entity) - {rules.currency, *rules.rates})
    if not strange:
        return None
    return reasons.currencies(needle, entity, strange, rules.currency)


def converted(table: Table, amount: Any, rules: Rules) -> Any:
    """The amount of each row, which is money, in the organisation's currency."""
    if not rules.rates:
        return amount
    rate = ibis.cases(*((table.currency == code, rate) for code, rate in rules.rates.items()), else_=1.0)
    return amount * rate


def _currencies(snapshot: Snapshot, entity: str) -> set[str]:
    """The currencies of an entity's facts, everybody's."""
    facts = snapshot.manifest.entities[entity].sha256
    return shared.once(("currencies", snapshot.quarter, entity, facts), lambda: _asked(snapshot.whole, entity))


def _asked(whole: Snapshot, entity: str) -> set[str]:
    found = whole.kept(("currencies", entity), lambda: whole.table(entity).select("currency").distinct())
    return {row["currency"] for row in listed(found) if row["currency"]}
