"""The library of needles: one module a theme, one declaration a needle, found without being registered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from reportkit.errors import ParamsError, UnknownName
from reportkit.model.needle import Needle


@cache
def library() -> Mapping[str, Needle]:
    """Every declared needle by its key, in order of theme and declaration.

    Raises ParamsError where two needles share a key, naming both modules.
    """
    found: dict[str, Needle] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if not isinstance(value, Needle):
                continue
            if value.key in found:
                raise ParamsError(
                    f"two needles are called {value.key!r}; give the one in {module.name}.py another key."
                )
            found[value.key] = value
    return MappingProxyType(found)


def find(key: str, *, where: str | None = None) -> Needle:
    """The needle called `key`. Raises UnknownName with the near one."""
    needles = library()
    if key not in needles:
        raise UnknownName("needle", key, needles, where=where)
    return needles[key]
