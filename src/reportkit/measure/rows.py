"""The facts of a needle as one Ibis table in the shape of its kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from reportkit import derived, entities, spells
from reportkit.errors import MeasureError
from reportkit.measure import money, order
from reportkit.measure.needs import paid, parts, uses
from reportkit.measure.periods import local_day
from reportkit.model.evidence import NO_TEAM
from reportkit.model.kind import Duration, Per, Rate, Ratio, Share, Stock
from reportkit.model.needle import Needle
from reportkit.snapshot import Snapshot

Table = Any
OTHER = "other"  # how folded groups are called …
FOLDED = "⟨other⟩"  # … and how they are told from a group that is called so
GROUP = "group"


@dataclass(frozen=True)
class Cut:
    """By which column facts are grouped; where `keep` is given, all groups but those are `FOLDED`."""

    by: str | None = None
    keep: Collection[str] | None = None


WHOLE = Cut()


def of(
    snapshot: Snapshot, needle: Needle, cut: Cut = WHOLE, also: Sequence[str] = (), *, people: bool = False
) -> Table:
    """One row a fact (or spell): `group`, the parts of the kind, `also` columns, `person` where facts are about people and these are asked for.

    Duration and Stock: start, end. Rate: at, and until, day or amount. Share: at, yes, and each or until. Ratio: at, numerator,
    denominator. A fact that lacks anything but an end is left out. Raises MeasureError where it cannot be cut like that.
    """
    table = base(snapshot, needle, cut, also, people=people)
    kind = needle.kind
    if isinstance(kind, Stock) and kind.each is not None:
        return spells.union(table, (GROUP, *also, "each"))
    if isinstance(kind, Rate) and kind.counts in ("spells", "minutes"):
        joined = spells.union(table.rename(start="at", end="until"), (GROUP, *also))
        return joined.rename(at="start", until="end")
    if isinstance(kind, Rate) and kind.counts == "days":
        return table.mutate(day=local_day(table["at"], snapshot.time_zone, snapshot.covers(needle.entity)))
    return table


def base(snapshot: Snapshot, needle: Needle, cut: Cut, also: Sequence[str] = (), *, people: bool = False) -> Table:
    """The same before intervals are joined and days are counted once."""
    rows = derived.table(snapshot, needle.entity, uses(needle)[needle.entity])
    asked = _parts(snapshot, needle, rows)
    meeting: tuple[str, ...] = ()
    if isinstance(needle.kind, Ratio) and isinstance(needle.kind.denominator, Per):
        meeting = needle.kind.denominator.by
    known = [expr for name, expr in asked.items() if name not in _may_lack(needle)] + [rows[name] for name in meeting]
    told = [*order.conditions(snapshot, needle, rows), *(expr.notnull() for expr in known), *order.forward(asked)]
    where = [] if needle.where is None else [needle.where.resolve(rows)]
    # One condition and one choice of columns, each said of the table that it is made of: Ibis takes as long to find what
    # is said of another, and over each table between, as the engine takes for the answer.
    rows = rows.filter(*where, *told)
    chosen = {GROUP: grouped(rows, needle, needle.entity, cut)}
    chosen |= {name: column(rows, needle, needle.entity, name).fill_null(NO_TEAM) for name in also}
    chosen |= {name: rows[name] for name in meeting} | _parts(snapshot, needle, rows)
    if people and (person := entities.find(needle.entity).person) and not isinstance(needle.kind, Stock):
        chosen["person"] = rows[person]
    return rows.select(**chosen)


def _parts(snapshot: Snapshot, needle: Needle, rows: Table) -> dict[str, Any]:
    """The parts of the needle's kind over its rows, sums of money in one currency."""
    found = {name: resolved(rows, expr) for name, expr in parts(needle.kind).items()}
    for name in {"amount", "numerator", "denominator"} & set(found):
        amount = money.converted(rows, found[name], snapshot.rules) if name in paid(needle) else found[name]
        found[name] = amount.cast("float64")
    return found


def resolved(rows: Table, expr: Any) -> Any:
    """A kind's expression over the table; a plain number stays one."""
    return expr.resolve(rows) if hasattr(expr, "resolve") else ibis.literal(expr)


def grouped(rows: Table, needle: Needle, entity: str, cut: Cut) -> Any:
    """The group of each row as text, '' where nothing is cut."""
    if cut.by is None:
        return ibis.literal("")
    found = column(rows, needle, entity, cut.by).fill_null(NO_TEAM)
    return found if cut.keep is None else ibis.ifelse(found.isin(list(cut.keep)), found, FOLDED)


def column(rows: Table, needle: Needle, entity: str, by: str) -> Any:
    """The column that facts are cut by. Raises MeasureError where the entity has none of that name."""
    if by not in rows.columns or not rows[by].type().is_string():
        texts = [name for name in rows.columns if rows[name].type().is_string()]
        raise MeasureError(
            f"{needle.label} cannot be cut by {by!r}: {entity} has no such column of text; it has {', '.join(texts)}."
        )
    return rows[by]


def _may_lack(needle: Needle) -> tuple[str, ...]:
    """An open fact has no end; of standing facts some are not yet what is asked of them."""
    match needle.kind:
        case Duration() | Stock():
            return ("end",)
        case Rate():
            return ("until",)
        case Share(until=until) if until is not None:
            return ("until", "yes")
    return ()
