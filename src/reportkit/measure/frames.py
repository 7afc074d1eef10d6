"""The facts of a needle as pandas: what evidence weighs, and what an analyst looks at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from reportkit.errors import MeasureError
from reportkit.measure import across, rows
from reportkit.measure.needs import lacking
from reportkit.measure.rows import GROUP, Cut
from reportkit.model.evidence import NO_TEAM
from reportkit.model.kind import Kind, Per, Rate, Ratio, Share
from reportkit.model.needle import Needle
from reportkit.model.period import Window, midnight, monday
from reportkit.snapshot import Snapshot, fetched

TIMES = ("start", "end", "at", "until")


def facts(snapshot: Snapshot, needle: Needle, by: str = "team", strata: Sequence[str] = ()) -> pd.DataFrame:
    """Every fact of the needle: `team` (whatever `by` names, as text), `strata` as text, its times and numbers in UTC.

    Duration and Stock: start, end (NaT: open). Rate: at (a day's first), and amount (money, or the minutes of a spell, week by week) where it
    adds something up. Share: at, yes; what stands is asked once a week. Ratio: at, numerator, denominator; where the two come
    from two entities, each row has one of them and 0 for the other.
    Raises MeasureError where the extract lacks the entity or a column.
    """
    if sentence := lacking(snapshot, needle):
        raise MeasureError(sentence)
    frame = _frame(rows.of(snapshot, needle, Cut(by), strata))
    kind = needle.kind
    if isinstance(kind, Rate) and kind.counts == "days":
        frame = frame.sort_values("at").drop_duplicates(["team", *strata, "day"], ignore_index=True)
    elif isinstance(kind, Rate) and kind.counts == "minutes":
        frame = _minutes(frame, snapshot, needle)
    elif isinstance(kind, Share) and kind.until is not None:
        frame = _weekly(frame, snapshot, needle)
    elif isinstance(kind, Ratio) and isinstance(kind.denominator, Per):
        frame = _both_sides(frame, snapshot, needle, kind.denominator, by)
    return frame[["team", *strata, *_columns(kind)]]


def _columns(kind: Kind) -> list[str]:
    if isinstance(kind, Rate):
        return ["at", "amount"] if kind.counts in ("minutes", "amount") else ["at"]
    return {"Share": ["at", "yes"], "Ratio": ["at", "numerator", "denominator"]}.get(kind.name, ["start", "end"])


def _frame(table: object) -> pd.DataFrame:
    frame: pd.DataFrame = fetched(table.rename(team=GROUP)).to_pandas()  # type: ignore[attr-defined]
    for column in TIMES:
        if column in frame:
            frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame


def _minutes(frame: pd.DataFrame, snapshot: Snapshot, needle: Needle) -> pd.DataFrame:
    """Each spell cut at the weeks' ends, so that its minutes lie in the weeks in which they passed."""
    pieces, seconds = _pieces(frame, snapshot, needle)
    return pieces.assign(amount=seconds / 60)


def _weekly(frame: pd.DataFrame, snapshot: Snapshot, needle: Needle) -> pd.DataFrame:
    """What stands at each week's end, said once a week: `at` is the week's last moment."""
    known = frame.assign(yes=pd.to_datetime(frame["yes"], utc=True))
    whole, _, ends = _by_week(known, snapshot, needle, at_its_end=True)
    last = (ends - timedelta(microseconds=1)).astype(whole["at"].dtype)
    return whole.assign(at=last, yes=(whole["yes"] < ends).to_numpy(bool))


def _both_sides(frame: pd.DataFrame, snapshot: Snapshot, needle: Needle, per: Per, by: str) -> pd.DataFrame:
    """The facts of both entities one below the other; only what meets on both sides.

    As in a period's number, the sides meet by month, group and the columns of `by`: a journey whose usage is counted from
    August on has no costs before, in whichever window those lie. Counted facts need none on their own side.
    """
    other = _frame(across.denominators(snapshot, needle, per, Cut(by)))
    if per.until is not None:
        other = _stood(other, snapshot, needle)
    else:
        other = other.rename(columns={"amount": "denominator"})
        by_team = ["team"] if set(other["team"]) - {NO_TEAM} else []  # customers are the whole organisation's
        ours, theirs = (_meeting(side, [*by_team, *per.by], snapshot.time_zone) for side in (frame, other))
        frame = frame[ours.isin(theirs[other["denominator"] > 0])]
        if not isinstance(getattr(needle.kind, "numerator", None), int):
            other = other[theirs.isin(ours)]
    return pd.concat([frame.assign(denominator=0.0), other.assign(numerator=0.0)], ignore_index=True)


def _meeting(frame: pd.DataFrame, by: Sequence[str], zone: str) -> pd.Series:
    """Where each fact meets those of the other entity."""
    month = frame["at"].dt.tz_convert(zone).dt.strftime("%Y-%m")
    return pd.Series(pd.MultiIndex.from_arrays([month, *(frame[c] for c in by)]).to_flat_index(), frame.index)


def _stood(frame: pd.DataFrame, snapshot: Snapshot, needle: Needle) -> pd.DataFrame:
    """The months for which each fact stood, week by week."""
    pieces, seconds = _pieces(frame, snapshot, needle)
    return pieces.assign(denominator=seconds / 86400 / 30.4375)


def _pieces(frame: pd.DataFrame, snapshot: Snapshot, needle: Needle) -> tuple[pd.DataFrame, pd.Series]:
    """Each fact once a week in which it lasted, `at` when it began to in that week, and for how many seconds it did."""
    whole, begins, ends = _by_week(frame, snapshot, needle)
    first = whole["at"].where(whole["at"] > begins, begins.astype(whole["at"].dtype))
    last = whole["until"].fillna(ends)
    last = last.where(last < ends, ends)
    return whole.assign(at=first), (last - first).dt.total_seconds()


def _by_week(
    frame: pd.DataFrame, snapshot: Snapshot, needle: Needle, *, at_its_end: bool = False
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Each fact once for each week in which it lasted (or that it outlasted), week by week, with the week's two ends."""
    at, until = (frame[name].dt.tz_localize(None).to_numpy() for name in ("at", "until"))
    weeks = list(_weeks(snapshot, needle))
    rows = []
    for week in weeks:
        begins, ends = (moment.tz_convert(None).to_datetime64() for moment in week)
        over = until < ends if at_its_end else until <= begins  # neither is of what is not over yet
        rows.append(np.flatnonzero((at < ends) & ~over))
    again = np.repeat(np.arange(len(weeks)), [len(places) for places in rows])
    whole = frame.take(np.concatenate(rows) if rows else []).reset_index(drop=True)
    edges = (pd.Series(pd.to_datetime([week[side] for week in weeks], utc=True)) for side in (0, 1))
    begun, over_by = (edge.take(again).reset_index(drop=True) for edge in edges)
    return whole, begun, over_by


def _weeks(snapshot: Snapshot, needle: Needle) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
    """The ISO weeks that the needle's entity covers, the first and last cut where it begins and ends."""
    covers: Window = snapshot.covers(needle.entity)
    day: date = covers.start
    while day < covers.end:
        end = min(monday(day) + timedelta(days=7), covers.end)
        yield tuple(pd.Timestamp(midnight(d, snapshot.time_zone)) for d in (day, end))  # type: ignore[misc]
        day = end
