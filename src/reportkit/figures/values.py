"""What a picture is drawn from, as JSON and back: the frozen values of reportkit, pandas frames, and needles by their keys.

Only reportkit's own values come out of it, whatever is put in: a notebook that somebody sends can make nothing else.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd

from reportkit.model.needle import Needle
from reportkit.model.params import Params
from reportkit.needles import find

HOME = "reportkit."
VALUES = ("model.", "figures.", "evidence.")  # where values are declared
LEFT_OUT = "record"  # the numbers that a picture shows are recorded beside it


def written(value: Any) -> Any:
    """The value in JSON: what JSON has as it is, everything else as an object of one entry, named after its sort.

    Raises TypeError for a value that is none of ours, such as a needle that an analyst has declared.
    """
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, np.generic):
        return written(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    for sort, kind, write in _WRITERS:
        if isinstance(value, kind):
            return {sort: write(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return {"value": [_name(type(value)), _fields(value)]}
    raise TypeError(f"{type(value).__name__} cannot be written into a notebook")


def read(given: Any) -> Any:
    """The value that was written. Raises TypeError, ValueError, LookupError, AttributeError or ImportError for anything else."""
    if not isinstance(given, dict):
        return given
    ((sort, content),) = given.items()
    return _READERS[sort](content)


def left_out(value: Any) -> Iterator[str]:
    """The records in a value, which are not written with it."""
    if isinstance(value, tuple | list):
        yield from (record for inner in value for record in left_out(inner))
    elif isinstance(value, Mapping):
        yield from left_out(list(value.values()))
    elif is_dataclass(value) and not isinstance(value, type | Needle):
        for field in fields(value):
            inner = getattr(value, field.name)
            yield from [repr(inner)] if field.name == LEFT_OUT else left_out(inner)


def _name(kind: type) -> str:
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix(HOME)
    if not name.startswith(VALUES):
        raise TypeError(f"{name} is none of reportkit's own values")
    return name


def _kind(name: str) -> Any:
    if not name.startswith(VALUES):
        raise TypeError(f"{name} is none of reportkit's own values")
    module, _, of = name.rpartition(".")
    found = getattr(importlib.import_module(HOME + module), of)
    if not (isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum | Params))):
        raise TypeError(f"{name} is no value")
    return found


def _fields(value: Any) -> dict[str, Any]:
    """The fields that a value needs to be made again."""
    return {
        field.name: written(getattr(value, field.name))
        for field in fields(value)
        if field.init and not (field.name == LEFT_OUT and _has_default(field))
    }


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _value(content: list[Any]) -> Any:
    name, given = content
    return _kind(name)(**{field: read(inner) for field, inner in given.items()})


def _needle(needle: Needle) -> list[Any]:
    """The needle's key, and what sets it apart from the library's: a currency, a rule of the organisation."""
    known = find(needle.key)
    own = {f.name: written(getattr(needle, f.name)) for f in _changed(needle, known) if f.name != "kind"}
    kind = {f.name: written(getattr(needle.kind, f.name)) for f in _changed(needle.kind, known.kind)}
    return [needle.key, own, kind]


def _changed(one: Any, other: Any) -> list[Field[Any]]:
    if type(one) is not type(other):
        raise TypeError("another sort of needle than the library's")
    return [field for field in fields(one) if getattr(one, field.name) is not getattr(other, field.name)]


def _found(content: list[Any]) -> Needle:
    key, own, kind = content
    known = find(key)
    changed: Any = replace(known.kind, **{name: read(inner) for name, inner in kind.items()})
    return replace(known, kind=changed, **{name: read(inner) for name, inner in own.items()})


def _frame(frame: pd.DataFrame) -> list[Any]:
    return [[str(name), str(frame[name].dtype), _column(frame[name])] for name in frame.columns]


def _column(column: pd.Series) -> list[Any]:
    plain = column.astype("int64") if pd.api.types.is_datetime64_any_dtype(column.dtype) else column
    return [written(value) for value in plain.tolist()]


def _framed(content: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({name: _series(dtype, values) for name, dtype, values in content})


def _series(dtype: Any, values: list[Any]) -> Any:
    plain: Any = [read(value) for value in values]
    return (
        pd.Series(plain, dtype="int64").astype(dtype)
        if dtype.startswith("datetime64")
        else pd.Series(plain, dtype=dtype)
    )


_WRITERS: tuple[tuple[str, type, Callable[[Any], Any]], ...] = (
    ("choice", Enum, lambda value: [_name(type(value)), value.value]),
    ("moment", datetime, datetime.isoformat),
    ("day", date, date.isoformat),
    ("tuple", tuple, lambda value: [written(inner) for inner in value]),
    ("list", list, lambda value: [written(inner) for inner in value]),
    ("map", Mapping, lambda value: [[written(key), written(inner)] for key, inner in value.items()]),
    ("frame", pd.DataFrame, _frame),
    ("needle", Needle, _needle),
    ("params", Params, lambda value: [_name(type(value)), value.model_dump(mode="json")]),
)
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "float": float,
    "choice": lambda content: _kind(content[0])(content[1]),
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "tuple": lambda content: tuple(read(inner) for inner in content),
    "list": lambda content: [read(inner) for inner in content],
    "map": lambda content: {read(key): read(inner) for key, inner in content},
    "frame": _framed,
    "needle": _found,
    "params": lambda content: _kind(content[0]).model_validate(content[1]),
    "value": _value,
}
