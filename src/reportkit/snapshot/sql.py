"""SQL out of sources.yaml: only expressions and single SELECTs pass, choices filled in, faults told in one sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from reportkit.errors import ReportkitError, SourceError, UnknownName
from reportkit.model.params import QUARTER_ENDS, Choice

if TYPE_CHECKING:
    import duckdb

# Quoted text and comments are skipped, so that a '$word' in them stays what it is.
TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|\$([a-z_][a-z0-9_]*)")
PREFIX = re.compile(r"^(\w+ )+Error: ")
UNKNOWN_COLUMN = re.compile(r'Referenced column "([^"]+)"|does not have a column named "([^"]+)"')
UNKNOWN_TABLE = re.compile(r"Table with name (\S+) does not exist")
CANDIDATES = re.compile(r"Candidate bindings: *(.+)")


def literal(value: str | float | bool | None) -> str:
    """A value as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + value.replace("'", "''") + "'"


def name(text: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + text.replace('"', '""') + '"'


def values(choices: Mapping[str, Choice], quarter_ends: datetime) -> dict[str, str]:
    """What SQL may name with a $: each choice, and the instant at which the quarter ends; as SQL literals."""
    known = {name: literal(choice.value) for name, choice in choices.items()}
    return known | {QUARTER_ENDS: f"TIMESTAMPTZ '{quarter_ends.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00'"}


def filled(sql: str, known: Mapping[str, str], where: str) -> str:
    """The SQL with every `$name` outside quotes replaced by its value. Raises UnknownName."""

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        if match[1] not in known:
            raise UnknownName("choice", match[1], known, where=where)
        return known[match[1]]

    return TOKEN.sub(value, sql)


def expression(connection: duckdb.DuckDBPyConnection, sql: str, where: str) -> str:
    """The SQL in brackets if it is one expression and nothing else. Raises SourceError."""
    text = f"({sql}\n)"  # the line end closes a comment
    node = _parsed(connection, f"SELECT {text}", where)
    selected: list[Any] = node["select_list"]
    rest = [node.get(part) for part in ("where_clause", "modifiers", "group_expressions", "qualify")]
    if node.get("from_table", {}).get("type") != "EMPTY" or len(selected) != 1 or any(rest):
        raise SourceError(f"{_short(sql)} is more than one SQL expression; write a single one.", where=where)
    return text


def query(connection: duckdb.DuckDBPyConnection, sql: str, where: str) -> str:
    """The SQL in brackets if it is one SELECT and nothing else. Raises SourceError."""
    text = sql.strip().removesuffix(";")
    _parsed(connection, text, where)
    return f"({text}\n)"


def explained(error: Exception, where: str, columns: Sequence[str] = (), tables: Sequence[str] = ()) -> ReportkitError:
    """What the engine found wrong with an SQL text, as an error with one sentence for the PM."""
    text = str(error)
    if unknown := UNKNOWN_TABLE.search(text):
        return UnknownName("source", unknown[1], tables, where=where)
    if unknown := UNKNOWN_COLUMN.search(text):
        found = CANDIDATES.search(text)
        known = list(columns) or (re.findall(r'"([^"]+)"', found[1]) if found else [])
        return SourceError(_no_column(unknown[1] or unknown[2], known, whole=bool(columns)), where=where)
    return SourceError(f"this SQL does not work: {first_line(error)}", where=where)


def first_line(error: Exception) -> str:
    """The first line of an engine's message, without the error's class."""
    return PREFIX.sub("", str(error).strip().splitlines()[0]).strip()


def _no_column(given: str, known: list[str], *, whole: bool) -> str:
    if whole and len(known) == 1 and re.search(r"\w[^\w\s]\w", known[0]):
        return (
            f"the source has no column {given!r}, but a single column {known[0]!r}: its columns seem to be separated "
            "by another character; set `delimiter:` of the source."
        )
    near = get_close_matches(given, [k.rsplit(".", 1)[-1] for k in known], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    listed = f" It has: {', '.join(known)}." if whole and known else ""
    return f"the source has no column {given!r}{hint}{listed}"


def _parsed(connection: duckdb.DuckDBPyConnection, sql: str, where: str) -> dict[str, Any]:
    """The syntax tree of one SELECT. Raises SourceError for anything else."""
    row = connection.execute("SELECT CAST(json_serialize_sql(?) AS VARCHAR)", [sql]).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True, "error_message": "no SQL"}
    if tree["error"]:
        if "Only SELECT" in tree["error_message"]:
            raise SourceError(f"{_short(sql)} is no SELECT; only SELECTs can make facts.", where=where)
        raise SourceError(f"{_short(sql)} cannot be understood: {tree['error_message']}", where=where)
    if len(tree["statements"]) != 1:
        raise SourceError(f"{_short(sql)} is more than one statement; write a single SELECT.", where=where)
    node: dict[str, Any] = tree["statements"][0]["node"]
    return node


def _short(sql: str) -> str:
    text = " ".join(sql.removeprefix("SELECT (").removesuffix("\n)").split())
    return f"`{text[:77]}…`" if len(text) > 78 else f"`{text}`"
