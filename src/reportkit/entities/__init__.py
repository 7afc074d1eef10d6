"""The tables of facts and their contracts: one declaration an entity, one module a field of work, found without being registered.

Every entity also has `service`, `team` and `journey`, so that each needle can be cut by them. Times are stored in UTC.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from reportkit.entities.contract import CUTS, IBIS_TYPES, SQL_TYPES, Doubt, Entity, Field, Rule, Type
from reportkit.errors import UnknownName

__all__ = ["CUTS", "IBIS_TYPES", "SQL_TYPES", "Doubt", "Entity", "Field", "Rule", "Type", "find", "library"]


@cache
def library() -> Mapping[str, Entity]:
    """Every declared entity by its name, in order of module and declaration."""
    found: dict[str, Entity] = {}
    for module in pkgutil.iter_modules(__path__):
        values = vars(importlib.import_module(f"{__name__}.{module.name}")).values()
        found |= {value.name: value for value in values if isinstance(value, Entity)}
    return MappingProxyType(found)


def find(name: str, *, where: str | None = None) -> Entity:
    """The entity called `name`. Raises UnknownName with the near one."""
    if name not in library():
        raise UnknownName("entity", name, library(), where=where)
    return library()[name]
