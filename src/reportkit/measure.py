"""Needles over an extract: readings of periods, and the facts that a proof compares.

Everything is an Ibis expression on the snapshot's tables; what comes back to pandas is small (one row a
period) or the facts of a proof.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa

from reportkit.errors import MeasureError
from reportkit.model.evidence import NO_TEAM
from reportkit.model.kind import Duration, Expr, Kind, Rate, Ratio, Share, Stock
from reportkit.model.needle import Needle
from reportkit.model.period import Quarter, Window
from reportkit.snapshot import Snapshot


@dataclass(frozen=True)
class Reading:
    """A needle in one period. `value` is NaN for a gap: nothing to measure, or outside what is covered.

    `facts` is what the value rests on; `open` counts durations still open at the period's end.
    """

    needle: str
    window: Window
    value: float
    facts: int
    open: int = 0

    @property
    def known(self) -> bool:
        """Whether there is a value at all."""
        return not math.isnan(self.value)

    @property
    def share_open(self) -> float:
        """Open facts ÷ (ended in the period + open at its end); 0 where there are none."""
        total = self.facts + self.open
        return self.open / total if total else 0.0


def lacking(snapshot: Snapshot, needle: Needle) -> str | None:
    """Why the needle cannot be computed from this extract, as one sentence; None where it can."""
    if not snapshot.has(needle.entity):
        return f"{needle.label} needs the entity {needle.entity}, which no source in sources.yaml feeds."
    table = snapshot.table(needle.entity)
    missing = [c for c in columns(needle, table) if c in snapshot.manifest.entities[needle.entity].missing]
    if missing:
        listed = " and ".join(f"{needle.entity}.{c}" for c in missing)
        return f"{needle.label} needs {listed}, which sources.yaml does not map."
    return None


def columns(needle: Needle, table: Any) -> tuple[str, ...]:
    """The entity's columns that the needle's times and numbers are made of, in order, each once.

    Columns that only its filter reads are not listed: they have defaults.
    """
    names = [name for expr in _expressions(needle.kind) for name in _names(table, expr)]
    return tuple(dict.fromkeys(names))


def readings(snapshot: Snapshot, needle: Needle, windows: Sequence[Window]) -> list[Reading]:
    """One reading a window, in order, by one or two queries for all of them together."""
    if sentence := lacking(snapshot, needle):
        raise MeasureError(sentence)
    parts = [_covered(needle, window, snapshot.covers(needle.entity)) for window in windows]
    inside = [(i, part) for i, part in enumerate(parts) if part is not None]
    found = _query(snapshot, needle, inside) if inside else {}
    return [
        _reading(needle, window, part, found.get(i, _Sums()))
        for i, (window, part) in enumerate(zip(windows, parts, strict=True))
    ]


def reading(snapshot: Snapshot, needle: Needle, window: Window) -> Reading:
    """The needle in one window."""
    return readings(snapshot, needle, [window])[0]


def quarters(snapshot: Snapshot, needle: Needle, last: Quarter, count: int = 9) -> list[Reading]:
    """The needle in the `count` quarters up to and with `last`, oldest first."""
    return readings(snapshot, needle, [last.shift(i - count + 1).window for i in range(count)])


def facts(snapshot: Snapshot, needle: Needle, by: str = "team", strata: Sequence[str] = ()) -> pd.DataFrame:
    """Every fact of the needle: `team` (whatever `by` names, as text), `strata` as text, its times and numbers in UTC.

    Duration and Stock: start, end (NaT: open). Rate: at. Share: at, yes. Ratio: at, numerator, denominator.
    Raises MeasureError where the extract lacks the entity or a column.
    """
    if sentence := lacking(snapshot, needle):
        raise MeasureError(sentence)
    table = _rows(snapshot, needle)
    for column in (by, *strata):
        if column not in table.columns:
            raise MeasureError(f"{needle.label} cannot be cut by {column!r}: {needle.entity} has no such column.")
    texts = {name: table[name].cast("string").fill_null(NO_TEAM) for name in strata}
    picked = {"team": table[by].fill_null(NO_TEAM), **texts, **_parts(needle.kind)}
    frame: pd.DataFrame = table.select(**picked).drop_null(_needed(needle.kind)).to_pyarrow().to_pandas()
    for column in ("start", "end", "at"):
        if column in frame:
            frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame


def _parts(kind: Kind) -> dict[str, Expr]:
    match kind:
        case Duration():
            return {"start": kind.start, "end": kind.end}
        case Stock():
            return {"start": kind.opened, "end": kind.closed}
        case Rate():
            return {"at": kind.at}
        case Share():
            return {"at": kind.at, "yes": kind.yes}
        case Ratio():
            return {"at": kind.at, "numerator": kind.numerator, "denominator": kind.denominator}


def _needed(kind: Kind) -> list[str]:
    """What a fact must have to count at all: everything but an end, for without one it is still open.

    A cost without its units, or a deployment of unknown result, would tilt the ratio or the share.
    """
    return [name for name in _parts(kind) if name != "end"]


def _expressions(kind: Kind) -> tuple[Expr, ...]:
    return tuple(_parts(kind).values())


def _names(table: Any, expr: Expr) -> list[str]:
    bound = expr.resolve(table)
    return [field.name for field in bound.op().find(ibis.expr.operations.Field)]


def _rows(snapshot: Snapshot, needle: Needle) -> Any:
    table = snapshot.table(needle.entity)
    return table if needle.where is None else table.filter(needle.where)


def _covered(needle: Needle, window: Window, covers: Window) -> Window | None:
    """The part of a window that the extract covers; None for a gap.

    What is open at a window's end cannot be known before that end, so a Stock wants its end covered.
    """
    if isinstance(needle.kind, Stock) and window.end > covers.end:
        return None
    start, end = max(window.start, covers.start), min(window.end, covers.end)
    return Window(start, end) if start < end else None


@dataclass(frozen=True)
class _Sums:
    """What the engine adds up for one window."""

    facts: int = 0
    value: float = math.nan
    open: int = 0


def _query(snapshot: Snapshot, needle: Needle, windows: Sequence[tuple[int, Window]]) -> dict[int, _Sums]:
    periods = _periods(windows, snapshot.time_zone)
    rows = _rows(snapshot, needle).select(**_parts(needle.kind)).drop_null(_needed(needle.kind))
    if isinstance(needle.kind, Stock):
        return {i: _Sums(n, float(n), n) for i, n in _open(rows, periods).items()}
    key = "end" if isinstance(needle.kind, Duration) else "at"
    joined = rows.join(periods, [rows[key] >= periods.begins, rows[key] < periods.ends])
    result = (
        joined.group_by("period")
        .aggregate(facts=joined.count(), value=_summary(needle.kind, joined))
        .to_pyarrow()
        .to_pandas()
    )
    still = _open(rows, periods) if isinstance(needle.kind, Duration) else {}
    sums = {
        int(r.period): _Sums(int(r.facts), math.nan if pd.isna(r.value) else float(r.value))
        for r in result.itertuples()
    }
    return {i: _Sums(sums.get(i, _Sums()).facts, sums.get(i, _Sums()).value, still.get(i, 0)) for i in {*sums, *still}}


def _summary(kind: Kind, rows: Any) -> Any:
    match kind:
        case Duration():
            seconds = rows.end.epoch_seconds() - rows.start.epoch_seconds()
            return seconds.median() / float(kind.unit.seconds or 1)
        case Share():
            return rows.yes.cast("float64").mean()
        case Ratio():
            return rows.numerator.sum().cast("float64") / rows.denominator.sum().nullif(0).cast("float64")
        case _:
            return rows.count().cast("float64")


def _open(rows: Any, periods: Any) -> dict[int, int]:
    """Facts begun before each period's end and not ended by then."""
    still = rows.join(periods, [rows.start < periods.ends, rows.end.isnull() | (rows.end >= periods.ends)])  # noqa: PD003
    counted = still.group_by("period").aggregate(n=still.count()).to_pyarrow().to_pandas()
    return {int(r.period): int(r.n) for r in counted.itertuples()}


def _periods(windows: Sequence[tuple[int, Window]], time_zone: str) -> Any:
    bounds = [window.instants(time_zone) for _, window in windows]
    instant = pa.timestamp("us", tz="UTC")
    return ibis.memtable(
        pa.table(
            {
                "period": pa.array([i for i, _ in windows], pa.int64()),
                "begins": pa.array([begins for begins, _ in bounds], instant),
                "ends": pa.array([ends for _, ends in bounds], instant),
            }
        )
    )


def _reading(needle: Needle, window: Window, covered: Window | None, sums: _Sums) -> Reading:
    if covered is None:
        return Reading(needle.key, window, math.nan, 0)
    value = sums.value
    if isinstance(needle.kind, Rate):
        length = covered.months if needle.kind.per == "month" else covered.days / 7
        value = sums.facts / length
    elif isinstance(needle.kind, Stock):
        value = float(sums.open)
    return Reading(needle.key, window, value, sums.facts, sums.open)
