"""From a source's columns to an entity's: the SQL of one scan that types, cuts at the quarter's end and checks each row."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property, partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from reportkit.entities import SQL_TYPES, Entity, Field
from reportkit.errors import ReportkitError, SourceError
from reportkit.model.params import QUARTER_ENDS, Choice, Column, EntityMapping
from reportkit.snapshot import sql
from reportkit.snapshot.sql import literal

if TYPE_CHECKING:
    import duckdb

ZONED = r"([+-]\d{2}(:?\d{2})?|[Zz]|UTC|GMT|[A-Z][A-Za-z_]+/[A-Za-z_/]+)$"  # no BST or IST: they mean several zones
UTC_ENDS = ("Z", "+00", "+00:00")
EARLIEST = "1980-01-01"  # what lies before it is how some system writes 'none': 1970-01-01, 1900-01-01, 0001-01-01
WORDS = {"time": "a time", "flag": "yes or no", "number": "a number"}
SHOWN = 60  # characters of a value that a reason quotes


@dataclass(frozen=True)
class Mapper:
    """Builds the SQL of one entity's mapping against an open connection that has the sources' views."""

    connection: duckdb.DuckDBPyConnection
    entity: Entity
    mapping: EntityMapping
    choices: Mapping[str, Choice]
    time_zone: str
    cut: datetime  # UTC instant of the quarter's end

    def staged(self) -> str:
        """SELECT of every source row as known at the quarter's end, with what the contract says of it.

        Columns: the entity's; `_aside` (the rule that left it out); `_later` (began after the quarter); `_last` (its last
        time); `_beyond` (has a time after the quarter); `_reasons` (list). Raises SourceError and UnknownName.
        """
        self._all_there()
        where = self._bound(self.mapping.where, "where") if self.mapping.where else "true"
        raw = ", ".join(f"{self._raw(f.name)} AS {_raw(f)}" for f in self.mapped)
        typed = ", ".join(f"{self._typed(f)} AS {_typed(f)}" for f in self.mapped)
        columns = ", ".join(f"{self._known(f)} AS {sql.name(f.name)}" for f in self.fields)
        times = ", ".join(_typed(f) for f in self.mapped if f.type == "time") or "NULL::TIMESTAMPTZ"
        known = ", ".join(sql.name(f.name) for f in self.mapped if f.type == "time") or "NULL::TIMESTAMPTZ"
        tests = self._tests()
        broken = " OR ".join(f"({test})" for test, _ in tests)
        reasons = ", ".join(f"CASE WHEN {test} THEN {reason} END" for test, reason in tests)
        return f"""
            WITH raw AS (SELECT {raw}, {self._aside()} AS _aside FROM {self.origin} WHERE {where}),
            typed AS (SELECT *, {typed} FROM raw),
            known AS (SELECT *, {columns}, coalesce(least({times}) >= {self._cut}, false) AS _later,
                coalesce(greatest({times}) >= {self._cut}, false) AS _beyond FROM typed)
            SELECT {", ".join(sql.name(f.name) for f in self.fields)}, _aside, _later, _beyond, greatest({known}) AS _last,
                CASE WHEN {broken} THEN list_filter([{reasons}], lambda x: x IS NOT NULL) ELSE [] END::VARCHAR[] AS _reasons
            FROM known"""

    def faults(self) -> Iterator[tuple[tuple[str, ...], ReportkitError]]:
        """What cannot be bound to the origin's columns: where it stands in the mapping, and what is wrong; no row is read."""
        origin = ("query",) if self.mapping.query else ("source",)
        if not (yield from self._tried(origin, lambda: self.columns)):
            return
        if condition := self.mapping.where:
            yield from self._tried(("where",), partial(self._bound, condition, "where"))
        for name, text in self.mapping.set_aside.items():
            yield from self._tried(("set_aside", name), partial(self._bound, text, "set_aside", name))
        for name in self.mapping.columns:
            yield from self._tried(("columns", name), partial(self._raw, name))

    def _tried(
        self, path: tuple[str, ...], bind: Callable[[], object]
    ) -> Generator[tuple[tuple[str, ...], ReportkitError], None, bool]:
        try:
            bind()
        except ReportkitError as error:
            yield path, error
            return False
        return True

    @cached_property
    def origin(self) -> str:
        """What the rows are taken from: a source's view, or the mapping's query in brackets."""
        if self.mapping.query:
            where = self._where("query")
            origin = sql.query(self.connection, sql.filled(self.mapping.query, self._values, where), where)
        else:
            origin = sql.name(str(self.mapping.source))
        self._bind(f"SELECT * FROM {origin} LIMIT 0", "query" if self.mapping.query else "source")
        return origin

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """The origin's columns: name and type."""
        found = self.connection.execute(f"DESCRIBE SELECT * FROM {self.origin}").fetchall()
        return {str(row[0]): str(row[1]) for row in found}

    @cached_property
    def given(self) -> Mapping[str, Column]:
        """How each mapped column is made: as sources.yaml says, else from the source's column of the field's own name (FOCUS).

        A key that nothing gives is the row's number, for an entity that allows it.
        """
        own = {f.name: self._by_alias(f) for f in self.entity.fields if f.alias in self.columns}
        number = {self.entity.key: Column(sql="row_number() OVER ()")} if self.entity.numbered else {}
        given = number | own | dict(self.mapping.columns)
        if self.entity.cut and self.entity.key in given:
            given = {self.entity.cut: given[self.entity.key], **given}
        return given

    def _by_alias(self, field: Field) -> Column:
        """The source's column of the field's own name; FOCUS times are in UTC, and NULL is how its CSV writes nothing."""
        column = sql.name(field.alias)
        text = f"nullif({column}, 'NULL')" if self.columns[field.alias] == "VARCHAR" else column
        return Column(sql=text, time_zone="UTC" if field.type == "time" else None)

    @cached_property
    def mapped(self) -> tuple[Field, ...]:
        """The fields that the mapping gives: those of the contract in their order, then extra cuts. Raises UnknownName."""
        given = [self.entity.field(n, where=self._where("columns")) for n in self.given]
        extra = [field for field in given if field.name.startswith("x_")]
        return (*(f for f in self.entity.fields if f.name in self.given), *extra)

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields that the extract has: the contract's and extra cuts."""
        return (*self.entity.fields, *(f for f in self.mapped if f not in self.entity.fields))

    @property
    def missing(self) -> tuple[str, ...]:
        """Columns of the contract that are neither mapped nor have a default."""
        return tuple(f.name for f in self.entity.fields if f.name not in self.given and f.default is None)

    @property
    def _values(self) -> Mapping[str, str]:
        return sql.values(self.choices, self.cut)

    @property
    def _cut(self) -> str:
        return self._values[QUARTER_ENDS]

    def _where(self, *path: str) -> str:
        return ".".join(("params/sources.yaml: entities", self.entity.name, *path))

    def _all_there(self) -> None:
        lacking = [f for f in self.entity.fields if f.required and f not in self.mapped]
        if lacking:
            listed = " and ".join(f"{f.name} ({f.meaning})" for f in lacking)
            raise SourceError(
                f"{self.entity.name} cannot do without {listed}; add it to `columns`.", where=self._where("columns")
            )

    def _expression(self, text: str, *path: str) -> str:
        """The expression in brackets; a column's bare name may be a word of SQL or hold spaces: `end`, `Created at`."""
        if text.strip() in self.columns:
            return f"({sql.name(text.strip())})"
        where = self._where(*path)
        return sql.expression(self.connection, sql.filled(text, self._values, where), where)

    def _raw(self, name: str) -> str:
        expression = self._expression(self.given[name].sql, "columns", name)
        self._try(f"SELECT {expression} FROM {self.origin} LIMIT 0", "columns", name)
        return expression

    def _aside(self) -> str:
        aside = self.mapping.set_aside.items()
        cases = [f"WHEN {self._bound(text, 'set_aside', name)} THEN {literal(name)}" for name, text in aside]
        return f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"

    def _bound(self, condition: str, *path: str) -> str:
        expression = self._expression(condition, *path)
        self._try(f"SELECT {expression}::BOOLEAN FROM {self.origin} LIMIT 0", *path)
        return expression

    def _typed(self, field: Field) -> str:
        """The column in its contract's type, NULL where it cannot be read."""
        raw = _raw(field)
        if field.type == "time":
            return self._time(field)
        if field.type == "text":
            return f"nullif(CAST({raw} AS VARCHAR), '')"
        if field.type == "flag":
            text = f"lower(trim(CAST({raw} AS VARCHAR)))"
            return (
                f"CASE WHEN {text} IN ('true', 't', 'yes', 'y', '1') THEN true"
                f" WHEN {text} IN ('false', 'f', 'no', 'n', '0') THEN false END"
            )
        return f"try_cast({raw} AS {SQL_TYPES[field.type]})"

    def _time(self, field: Field) -> str:
        """The column as an instant. A charge period of FOCUS from midnight to midnight UTC is days of the calendar, here as there."""
        at = self._instant(field)
        if not field.alias or field.name in self.mapping.columns:
            return at
        times = [f for f in self.mapped if f.type == "time" and f.alias and f.name not in self.mapping.columns]
        whole = " AND ".join(f"coalesce(timezone('UTC', {self._instant(f)})::TIME = TIME '00:00', true)" for f in times)
        return f"CASE WHEN {whole} THEN timezone({literal(self.time_zone)}, timezone('UTC', {at})) ELSE {at} END"

    def _instant(self, field: Field) -> str:
        """The column as an instant: by its format, its own offset, or the zone of times that carry none.

        An hour that summer time skips counts as the hour after; one that occurs twice counts as the second.
        """
        raw, column = _raw(field), self.given[field.name]
        zone, kind = literal(self._zone(column, field.name)), self._type(field.name)
        if "WITH TIME ZONE" in kind:
            return f"CAST({raw} AS TIMESTAMPTZ)"
        if kind.startswith("TIMESTAMP") or kind == "DATE":
            return f"timezone({zone}, CAST({raw} AS TIMESTAMP))"
        text = f"trim(CAST({raw} AS VARCHAR))"
        if column.format:
            parsed = f"try_strptime({text}, {literal(column.format)})"
            self._try(f"SELECT try_strptime('', {literal(column.format)})", "columns", field.name, "format")
            return parsed if "%z" in column.format or "%Z" in column.format else f"timezone({zone}, {parsed})"
        zoned = f"length({text}) > 10 AND regexp_matches({text}, {literal(ZONED)})"
        tidy = f"replace(replace(replace({text}, ' +', '+'), ' -', '-'), 'z', 'Z')"
        said = f"CAST({raw} AS VARCHAR)"  # most exports say UTC in one of these ways, and are read without a regular expression
        plainly = " OR ".join(f"suffix({said}, {literal(end)})" for end in UTC_ENDS)
        return (
            f"CASE WHEN {raw} IS NOT NULL THEN coalesce("
            f"CASE WHEN strlen({said}) > 10 AND ({plainly}) THEN try_cast({said} AS TIMESTAMPTZ) END,"
            f" CASE WHEN {zoned} THEN coalesce(try_cast({text} AS TIMESTAMPTZ), try_cast({tidy} AS TIMESTAMPTZ))"
            f" WHEN right({text}, 1) BETWEEN '0' AND '9' THEN timezone({zone}, try_cast({text} AS TIMESTAMP)) END) END"
        )

    def _zone(self, column: Column, name: str) -> str:
        zone = column.time_zone or self.time_zone
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, LookupError):
            near = get_close_matches(zone, available_timezones(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "; write one such as Europe/London or UTC."
            where = self._where("columns", name, "time_zone")
            raise SourceError(f"{zone!r} is no IANA time zone{hint}", where=where) from None
        return zone

    def _type(self, name: str) -> str:
        expression = self._expression(self.given[name].sql, "columns", name)
        row = self.connection.execute(f"DESCRIBE SELECT {expression} AS x FROM {self.origin}").fetchone()
        return str(row[1]) if row else "VARCHAR"

    def _known(self, field: Field) -> str:
        """The column as known at the quarter's end; its default where the mapping does not give it."""
        if field not in self.mapped:
            return f"CAST({literal(field.default)} AS {SQL_TYPES[field.type]})"
        return (
            f"CASE WHEN {_typed(field)} < {self._cut} THEN {_typed(field)} END"
            if field.type == "time"
            else _typed(field)
        )

    def _tests(self) -> list[tuple[str, str]]:
        """What a row may break, as SQL condition and SQL text of the reason; a value is quoted after ': '."""
        return [*self._unread(), *self._missing(), *self._strange()]

    def _unread(self) -> list[tuple[str, str]]:
        found = [
            (_is_unread(field), f"{literal(f'{field.name} is not {WORDS[field.type]}: ')} || {_quoted(_raw(field))}")
            for field in self.mapped
            if field.type in WORDS
        ]
        early = [
            (f"{_typed(f)} < TIMESTAMPTZ '{EARLIEST}'", f"'{f.name} is before {EARLIEST[:4]}: ' || {_quoted(_raw(f))}")
            for f in self.mapped
            if f.type == "time"
        ]
        return [*found, *early]

    def _missing(self) -> list[tuple[str, str]]:
        """Of required columns, and of those whose default the mapping has overruled: nobody knows what they would be."""
        return [
            (
                f"{sql.name(f.name)} IS NULL AND NOT ({_is_unread(f) if f.type in WORDS else 'false'})",
                literal(f"{f.name} is missing"),
            )
            for f in self.mapped
            if f.required or f.default is not None
        ]

    def _strange(self) -> list[tuple[str, str]]:
        allowed = [
            (
                f"{sql.name(f.name)} NOT IN ({', '.join(map(literal, f.allowed))})",
                f"{literal(f.name + ' is none of ' + ', '.join(f.allowed) + ': ')} || {_quoted(sql.name(f.name))}",
            )
            for f in self.mapped
            if f.allowed
        ]
        rules = [rule for rule in self.entity.rules if not (rule.order and self.mapping.out_of_order == "keep")]
        return [*allowed, *((f"NOT ({rule.sql})", literal(rule.broken)) for rule in rules)]

    def _try(self, text: str, *path: str) -> None:
        """Raises one sentence where the SQL over the origin cannot be bound."""
        self._bind(text, *path, columns=tuple(self.columns))

    def _bind(self, text: str, *path: str, columns: tuple[str, ...] = ()) -> None:
        import duckdb

        try:
            self.connection.execute(text)
        except duckdb.Error as error:
            views = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
            tables = [str(row[0]) for row in self.connection.execute(views).fetchall()]
            raise sql.explained(error, self._where(*path), columns, tables) from None


def _raw(field: Field) -> str:
    return sql.name(f"r_{field.name}")


def _typed(field: Field) -> str:
    return sql.name(f"t_{field.name}")


def _is_unread(field: Field) -> str:
    return f"{_typed(field)} IS NULL AND nullif(trim(CAST({_raw(field)} AS VARCHAR)), '') IS NOT NULL"


def _quoted(expression: str) -> str:
    """SQL text of the value in quotes, shortened."""
    text = f"CAST({expression} AS VARCHAR)"
    return f"'''' || left({text}, {SHOWN}) || CASE WHEN length({text}) > {SHOWN} THEN '…' ELSE '' END || ''''"
