"""What the check of one entity's rows found: counts, doubles, and the files of accepted and rejected rows.

All of it works on the table `staged` that the mapping's scan has made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reportkit.entities import Doubt, Entity, Rule
from reportkit.snapshot.sql import literal, name

if TYPE_CHECKING:
    import duckdb

SAME_ID = "the same id on different facts"
TWICE = "the same fact twice"
LIVE = "_aside IS NULL AND NOT _later"
BROKEN = f"{LIVE} AND len(_reasons) > 0"
ACCEPTED = f"{LIVE} AND len(_reasons) = 0"
WORKING = "_aside, _later, _beyond, _last, _reasons"
ROW_GROUP = 100_000  # rows
FEW = 1_000  # rows


@dataclass(frozen=True)
class Counts:
    """Rows of one entity: rows_in = set aside + later + read, and read = accepted + rejected_rows."""

    rows_in: int
    set_aside: Mapping[str, int]
    later: int
    read: int
    rejected_rows: int
    rejected: Mapping[str, int]  # by reason, most first; a row may break several
    samples: Mapping[str, str]  # a value that broke it, by reason

    @property
    def share(self) -> float:
        """Share of rows read that were rejected."""
        return self.rejected_rows / self.read if self.read else 0.0


def mark_doubles(connection: duckdb.DuckDBPyConnection, key: str, fields: Iterable[str]) -> None:
    """Reject facts that share an id: of equal ones all but the first, of differing ones all.

    Which of two differing facts is true nobody can say, so neither is counted.
    """
    id_ = name(key)
    live = f"{LIVE} AND {id_} IS NOT NULL"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE doubles AS SELECT {id_} AS id FROM staged WHERE {live} GROUP BY {id_} HAVING count(*) > 1"
    )
    if connection.execute("SELECT count(*) FROM doubles").fetchone() == (0,):
        return
    row = "row(" + ", ".join(name(field) for field in fields) + ")"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE verdicts AS SELECT s.rowid AS at,"
        f" min(md5({row}::VARCHAR)) OVER same <> max(md5({row}::VARCHAR)) OVER same AS differ,"
        f" row_number() OVER (PARTITION BY {id_} ORDER BY s.rowid) AS nth"
        f" FROM staged s JOIN doubles d ON s.{id_} = d.id WHERE {live} WINDOW same AS (PARTITION BY {id_})"
    )
    connection.execute(
        f"UPDATE staged SET _reasons = list_append(_reasons, CASE WHEN differ THEN {literal(SAME_ID)} ELSE {literal(TWICE)} END)"
        " FROM verdicts WHERE staged.rowid = verdicts.at AND (differ OR nth > 1)"
    )


def count(connection: duckdb.DuckDBPyConnection, rules: Iterable[str]) -> Counts:
    """The rows by what became of them; `rules` are the names by which rows may be set aside."""
    totals = connection.execute(
        f"SELECT count(*), count(*) FILTER (WHERE _aside IS NULL AND _later), count(*) FILTER (WHERE {LIVE}),"
        f" count(*) FILTER (WHERE {BROKEN}) FROM staged"
    ).fetchall()[0]
    aside = dict(
        connection.execute("SELECT _aside, count(*) FROM staged WHERE _aside IS NOT NULL GROUP BY 1").fetchall()
    )
    reasons = connection.execute(
        "SELECT split_part(reason, ': ', 1) AS what, count(*) AS n, min(reason)"
        f" FROM (SELECT unnest(list_distinct(_reasons)) AS reason FROM staged WHERE {BROKEN})"
        " GROUP BY 1 ORDER BY n DESC, what"
    ).fetchall()
    rows_in, later, read, rejected = (int(n) for n in totals)
    return Counts(
        rows_in=rows_in,
        set_aside={rule: int(aside.get(rule, 0)) for rule in rules},
        later=later,
        read=read,
        rejected_rows=rejected,
        rejected={str(what): int(n) for what, n, _ in reasons},
        samples={str(what): str(full).partition(": ")[2] for what, _, full in reasons},
    )


def backwards(connection: duckdb.DuckDBPyConnection, rules: Iterable[Rule]) -> int:
    """How many accepted rows have times that run backwards, which only a mapping that keeps them lets in."""
    broken = " OR ".join(f"NOT ({rule.sql})" for rule in rules if rule.order) or "false"
    row = connection.execute(f"SELECT count(*) FROM staged WHERE {ACCEPTED} AND ({broken})").fetchall()[0]
    return int(row[0])


def warnings(
    connection: duckdb.DuckDBPyConnection, doubts: Iterable[Doubt], mapped: Collection[str]
) -> Mapping[str, str]:
    """A sentence for each doubt that the accepted rows raise, and what can be done about it.

    Doubts about columns that are not mapped are not asked.
    """
    found = {}
    for doubt in doubts:
        if not set(doubt.columns) <= set(mapped):
            continue
        values = ", ".join(f"{value} AS {name(key)}" for key, value in doubt.values.items())
        row = connection.execute(
            f"SELECT coalesce({doubt.sql}, false), {values} FROM staged WHERE {ACCEPTED}"
        ).fetchall()[0]
        if row[0]:
            filled = {key: _plain(v) for key, v in zip(doubt.values, row[1:], strict=True)}
            found[doubt.text.format(**filled)] = doubt.mend
    return found


def _plain(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Times:
    """When the facts of an entity happened: the first and last, in seconds since 1970, and of what kind the days are.

    `beyond`: a row has a time after the quarter, so the source knows all of it.
    """

    span: tuple[float, float]
    months: bool  # each falls on the first of a month
    weeks: bool  # each falls on a Monday
    beyond: bool

    def after(self, last: date) -> date:
        """The day after what the last fact stands for: a month, a week or a day."""
        if self.months:
            return date(last.year + last.month // 12, last.month % 12 + 1, 1)
        return last + timedelta(days=7 if self.weeks else 1)


def times(connection: duckdb.DuckDBPyConnection, column: str, time_zone: str) -> Times | None:
    """The times by which accepted facts are counted; None where there is no fact. Only whole columns can stand for months or weeks."""
    at, accepted = name(column), f"FROM staged WHERE {ACCEPTED} AND {name(column)} IS NOT NULL"
    first, last = connection.execute(f"SELECT epoch(min({at})), epoch(max({at})) {accepted}").fetchall()[0]
    if first is None:
        return None
    beyond = connection.execute("SELECT coalesce(bool_or(_beyond), false) FROM staged WHERE _aside IS NULL").fetchall()
    days = f"SELECT timezone({literal(time_zone)}, {at}) AS day {accepted}"
    # The calendar is slow, and a few days tell nearly always.
    may = column != "_last" and any(_begin(connection, f"{days} LIMIT {FEW}")[:2])
    months, weeks, several = _begin(connection, days) if may else (False, False, False)
    return Times((first, last), months and several, weeks and several, bool(beyond[0][0]))


def _begin(connection: duckdb.DuckDBPyConnection, days: str) -> tuple[bool, bool, bool]:
    """Whether all the days that a query gives begin a month, whether all begin a week, and whether they are several."""
    months, weeks, several = connection.execute(
        f"SELECT bool_and(day(day) = 1), bool_and(isodow(day) = 1), count(DISTINCT day::DATE) > 1 FROM ({days})"
    ).fetchall()[0]
    return months, weeks, several


def write_accepted(connection: duckdb.DuckDBPyConnection, entity: Entity, path: Path) -> None:
    """Freeze what keeps the contract: along time, and the same facts in any order as the same bytes."""
    select = f"SELECT * EXCLUDE ({WORKING}) FROM staged WHERE {ACCEPTED} ORDER BY {along_time(entity)}"
    freeze(connection, select, path)


def along_time(entity: Entity) -> str:
    """The order of frozen facts, so that whoever asks about a window need not read what ended before it or began after it.

    Facts that know the same of their times stand together, those that ended apart from those that are open, each lot by its
    last time. A block of the file then spans a short time and holds open facts alone or none, and readers skip by that.
    """
    times = [name(time) for time in entity.times]
    unknown = " + ".join(f"({time} IS NULL)::INTEGER * {1 << i}" for i, time in enumerate(times))
    return ", ".join([unknown, f"greatest({', '.join(times)})"] * bool(times) + [name(entity.key)])


def write_rejected(connection: duckdb.DuckDBPyConnection, key: str, path: Path) -> None:
    """Keep what breaks the contract, with the list of all reasons in the column `reasons`."""
    select = f"SELECT * EXCLUDE ({WORKING}), _reasons AS reasons FROM staged WHERE {BROKEN} ORDER BY {name(key)}, rowid"
    freeze(connection, select, path)


def write_rejected_csv(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write what breaks the contract where a spreadsheet can open it, reasons first."""
    select = f"SELECT array_to_string(_reasons, '; ') AS reasons, * EXCLUDE ({WORKING}) FROM staged WHERE {BROKEN}"
    connection.execute(f"COPY ({select}) TO {literal(str(path))} (FORMAT csv, HEADER)")


def freeze(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    """Write the rows of a query as the file of an extract."""
    how = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROW_GROUP}"
    connection.execute(f"COPY ({select}) TO {literal(str(path))} ({how})")
