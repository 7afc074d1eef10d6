"""The library of needles: one module a theme, one declaration a needle, found without being registered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import get_args

from reportkit.errors import ParamsError, UnknownName
from reportkit.lean import on_call
from reportkit.model.needle import Needle, Theme


@cache
def library() -> Mapping[str, Needle]:
    """Every declared needle by its key, in order of theme and declaration.

    Raises ParamsError where two needles share a key, naming both modules.
    """
    found: dict[str, Needle] = {}
    names = sorted((module.name for module in pkgutil.iter_modules(__path__)), key=_theme)
    with on_call("ibis.expr.sql"):  # who plans a build says nothing in SQL: a third of what it takes to import Ibis
        modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    for name, module in modules.items():
        for value in vars(module).values():
            if not isinstance(value, Needle):
                continue
            if value.key in found:
                raise ParamsError(f"two needles are called {value.key!r}; give the one in {name}.py another key.")
            found[value.key] = value
    return MappingProxyType(found)


def _theme(module: str) -> tuple[int, str]:
    """The place of a module in the order of themes; one of another name comes last."""
    themes = get_args(Theme)
    return (themes.index(module) if module in themes else len(themes)), module


def find(key: str, *, where: str | None = None) -> Needle:
    """The needle called `key`. Raises UnknownName with the near one."""
    needles = library()
    if key not in needles:
        raise UnknownName("needle", key, needles, where=where)
    return needles[key]
