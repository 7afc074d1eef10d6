"""Which fields of an API's records are kept: as text, flat, people hashed, before anything is written anywhere.

A field is a path with a mark before it: `!number` must be there, `@user.login` is a person (hashed), `?user.login` says
whether that person is a bot, `~title` may hold e-mail addresses (taken out), `=approved:state` says whether the value is
just that, `labels[].name` is a list (kept as JSON). What no path can say is derived by a function.
What is not named is never stored. Numbers keep every digit, for they stay text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from reportkit.errors import SourceError
from reportkit.fetch.people import People, without_emails

Row = dict[str, str | None]
ENOUGH = 20  # records without a field that we use, before it is said to have vanished


@dataclass(frozen=True)
class Table:
    """Records of one kind: their name, key and fields, and where they stand in an answer (the whole answer: None)."""

    name: str
    key: tuple[str, ...]
    fields: Mapping[str, str]
    records: str | None = None
    parents: tuple[str, ...] = ()  # columns that the record itself lacks: which parent it was asked for
    derived: Mapping[str, Callable[[Mapping[str, Any], People], str | None]] = field(default_factory=dict)
    single: str | None = None  # where the record stands in an answer about one alone

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return (*self.fields, *self.derived, *self.parents)

    @property
    def layout(self) -> dict[str, Any]:
        """What makes stored rows of it another table."""
        return {"name": self.name, "key": self.key, "fields": dict(self.fields), "derived": sorted(self.derived)}

    @cached_property
    def _parts(self) -> tuple[tuple[str, str, tuple[str, ...], bool], ...]:
        return tuple(_part(column, text) for column, text in self.fields.items())

    def row(self, record: Mapping[str, Any], people: People, where: str) -> Row:
        """The record's fields as text. Raises SourceError that names a required field that is missing."""
        made: Row = {}
        for column, mark, path, required in self._parts:
            value = _at(record, path)
            if value is None and required:
                raise SourceError(
                    f"a record of {self.name} has no {'.'.join(path)}; this is not the API that reportkit knows, or "
                    "the token may not see the field.",
                    where=where,
                )
            made[column] = _value(value, mark, people)
        return made | {column: make(record, people) for column, make in self.derived.items()}


@dataclass
class Seen:
    """The fields that records of one table have had, as the API names them."""

    fields: set[str] = field(default_factory=set)
    records: int = 0

    def add(self, record: Mapping[str, Any]) -> None:
        """Note one record."""
        self.records += 1
        self.fields.update(record)


def reduced(body: Any, table: Table, people: People, seen: Seen, where: str) -> Any:
    """The answer with its records cut down to what is kept, and with what paging needs. Raises SourceError."""
    whole = _at(body, tuple(table.records.split("."))) if table.records else body
    if whole is None and table.single and isinstance(_at(body, (table.single,)), Mapping):
        return {str(table.records): [table.row(body[table.single], people, where)]}
    if whole is None:
        raise SourceError(
            f"the answer for {table.name} has no {table.records}; this is not the API that reportkit knows.",
            where=where,
        )
    rows = []
    for record in whole if isinstance(whole, list) else [whole]:
        if not isinstance(record, Mapping):
            raise SourceError(f"the answer for {table.name} holds something else than records.", where=where)
        seen.add(record)
        rows.append(table.row(record, people, where))
    if table.records is None:
        return rows
    return _with(_scalars(body), table.records.split("."), rows)


def _scalars(body: Mapping[str, Any]) -> dict[str, Any]:
    """What paging needs: the answer's own numbers, flags and tokens, one level down as well."""
    kept: dict[str, Any] = {}
    for key, value in body.items():
        if isinstance(value, Mapping):
            kept[key] = {k: v for k, v in value.items() if isinstance(v, int | float | str)}
        elif isinstance(value, int | float | str):
            kept[key] = value
    return kept


def _with(body: dict[str, Any], path: list[str], rows: list[Row]) -> dict[str, Any]:
    here = body
    for step in path[:-1]:
        here = here.setdefault(step, {})
    here[path[-1]] = rows
    return body


def _part(column: str, text: str) -> tuple[str, str, tuple[str, ...], bool]:
    required = text.startswith("!")
    text = text.removeprefix("!")
    if text.startswith("="):
        wanted, _, path = text.removeprefix("=").rpartition(":")
        return column, f"={wanted}", tuple(path.split(".")), required
    mark = text[0] if text[0] in "@?~" else ""
    return column, mark, tuple(text.removeprefix(mark).split(".")), required


def _at(record: Any, path: Iterable[str]) -> Any:
    """The value at the path; a list of values behind a step that ends in []."""
    value = record
    steps = iter(path)
    for step in steps:
        if not isinstance(value, Mapping):
            return None
        if step.endswith("[]"):
            rest = tuple(steps)
            return [_at(one, rest) if rest else one for one in value.get(step[:-2]) or []]
        value = value.get(step)
    return value


def _value(value: Any, mark: str, people: People) -> str | None:
    if value is None or mark == "":
        return text_of(value)
    if mark.startswith("="):
        return text_of(value == mark.removeprefix("="))
    if isinstance(value, list):
        return json.dumps([_value(one, mark, people) for one in value])
    text = text_of(value) or ""
    if mark == "@":
        return people.hash(text) if text.strip() else None
    if mark == "?":
        return "true" if people.is_bot(text, text) else "false"
    return without_emails(text)


def text_of(value: Any) -> str | None:
    """A JSON value as text that loses nothing."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def drift(known: Iterable[str], seen: Seen, table: Table) -> Iterator[str]:
    """The fields to remember: all that were ever there, less those in use that no record has any more."""
    used = {path[0].removesuffix("[]") for _, _, path, _ in table._parts}  # noqa: SLF001
    gone = (used - seen.fields) if seen.records >= ENOUGH else set()
    yield from sorted((set(known) | seen.fields) - gone)
