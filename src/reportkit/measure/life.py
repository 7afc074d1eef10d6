"""The life table of a period: quantiles of durations of which some are still open (Kaplan–Meier, entry late, exit censored)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis

from reportkit.measure.periods import CLOSE, LEAST, Numbered, Row, alive, touched
from reportkit.measure.rows import GROUP
from reportkit.snapshot import fetched
from reportkit.turns import aside

Table = Any
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def quantiles(
    rows: Table, windows: Numbered, time_zone: str, shares: Mapping[str, float], *, grouped: bool = True
) -> list[Row]:
    """`period`, `group`, `facts` (ended in the period), `open` (at its end), and for each of `shares` the span in µs by which that share has ended, or nothing.

    `thin` is the first age at which something ended while next to nothing was under observation: from there on the curve tells
    nothing of the many that come under observation later.

    Each fact counts for the part of its life that lies in the window: it comes under observation at the age that it has when
    the window begins (0 where it begins inside), and leaves when it ends, or unended when the window does. So short windows
    are no more biased than long ones, and what is still open is not dropped (Kaplan & Meier 1958; left truncation as in
    Klein & Moeschberger 2003, §4.6). Where exactly the share has ended, the middle of the two neighbouring ends, as in a
    median of finished facts.
    """
    if ibis.get_backend(rows).name != "duckdb":
        return asked(rows, windows, time_zone, shares, grouped=grouped)
    from reportkit.measure import curves  # and NumPy, of which those who plan have no need

    facts = fetched(alive(rows, windows, time_zone).select("start", "end", *[GROUP] * grouped))
    spans = [(i, *_microseconds(window.instants(time_zone))) for i, window in windows]
    with aside():
        return list(curves.tables(facts, spans, shares, GROUP if grouped else None))


def _microseconds(span: tuple[datetime, datetime]) -> tuple[int, int]:
    begins, ends = ((at - EPOCH) // timedelta(microseconds=1) for at in span)
    return begins, ends


def asked(
    rows: Table, windows: Numbered, time_zone: str, shares: Mapping[str, float], *, grouped: bool = True
) -> list[Row]:
    """The same by the engine that has the facts."""
    # What is alike in every row need not be sorted by.
    alike = ({"period": windows[0][0]} if len(windows) == 1 else {}) | ({} if grouped else {GROUP: ""})
    keys = [name for name in ("period", GROUP) if name not in alike]
    found = fetched(_quantiles(rows, windows, time_zone, shares, keys)).to_pylist()
    return [alike | row for row in found if row["facts"] is not None]


def _quantiles(
    rows: Table, windows: Numbered, time_zone: str, shares: Mapping[str, float], keys: Sequence[str]
) -> Table:
    curve = _curve(_lives(touched(rows, windows, time_zone)), keys)
    found = curve.aggregate(
        by=list(keys),
        facts=curve.ended.sum(),
        open=curve.all_of_them.max() - curve.ended.sum(),
        thin=curve.age.min(where=curve.thin),
        **{
            f"{name}_{side}": value for name, share in shares.items() for side, value in _ages(curve, 1 - share).items()
        },
    )
    middles = {
        name: (found[f"{name}_by"] + found[f"{name}_past"].fill_null(found[f"{name}_by"])) / 2 for name in shares
    }
    return found.select(*keys, "facts", "open", "thin", **middles)


def _lives(there: Table) -> Table:
    """Each fact that was open at some time of a window: its age on entry and on exit in µs, and whether it ended there."""
    ended = (there.end < there.ends).fill_null(False)
    return there.select(
        "period",
        GROUP,
        entry=ibis.ifelse(there.start >= there.begins, 0, there.begins.delta(there.start, unit="microsecond")),
        exit=ibis.ifelse(ended, there.end, there.ends).delta(there.start, unit="microsecond"),
        ended=ended.cast("int32"),
    )


def _curve(lives: Table, keys: Sequence[str]) -> Table:
    """One row an age at which something ended, or the last one left: `age`, `ended`, and the logarithm of the survival just after."""
    steps = _steps(lives, keys, "entry", (1, 0, 0)).union(_steps(lives, keys, "exit", (0, 1, lives.ended)))
    ages = steps.group_by([*keys, "age"]).aggregate({n: steps[n].sum() for n in ("entered", "left", "ended")})
    so_far = ibis.window(group_by=list(keys), order_by="age", preceding=None, following=0)
    entered = ages.entered.sum().over(so_far)
    counted = ages.mutate(
        at_risk=entered - (ages.left.sum().over(so_far) - ages.left),
        later=ages.entered.sum().over(ibis.window(group_by=list(keys))) - entered,
        all_of_them=ages.entered.sum().over(ibis.window(group_by=list(keys))),
    )
    thin = (counted.ended > 0) & (counted.later > 0) & (counted.at_risk * LEAST < counted.all_of_them)
    counted = counted.mutate(thin=thin)
    # A group in which nothing ended has a row too: the age at which the last one left.
    ends = counted.filter((counted.ended > 0) | (counted.left == counted.at_risk))
    step = ibis.ifelse(
        ends.ended >= ends.at_risk, -1e9, (1 - ends.ended / ibis.greatest(ends.at_risk, ends.ended + 1)).ln()
    )
    return ends.mutate(step=step).mutate(log=lambda t: t.step.sum().over(so_far))


def _steps(lives: Table, keys: Sequence[str], age: str, values: Sequence[Any]) -> Table:
    entered, left, ended = (ibis.literal(v) if isinstance(v, int) else v for v in values)
    return lives.select(
        *keys, age=age, entered=entered.cast("int64"), left=left.cast("int64"), ended=ended.cast("int64")
    )


def _ages(curve: Table, survival: float) -> dict[str, Any]:
    """The first ages at which the survival is down to the level, and below it."""
    level = math.log(survival)
    return {
        "by": curve.age.min(where=curve.log <= level + CLOSE),
        "past": curve.age.min(where=curve.log < level - CLOSE),
    }
