"""Readings: sums, with what an extract covers and what is a gap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from reportkit.english import reasons
from reportkit.errors import MeasureError
from reportkit.measure.needs import lacking, needs, uses
from reportkit.measure.periods import Numbered
from reportkit.measure.reading import Reading, Sums, size
from reportkit.measure.rows import Cut
from reportkit.measure.sums import by_window, finished_only
from reportkit.model.kind import Duration, Per, Rate, Ratio, Share, Stock
from reportkit.model.needle import Needle
from reportkit.model.period import Quarter, Window
from reportkit.snapshot import Snapshot


def readings(
    snapshot: Snapshot, needle: Needle, windows: Sequence[Window], sums: Mapping[int, Sums] | None = None
) -> list[Reading]:
    """One reading a window, in order. Raises MeasureError where the extract lacks what the needle is made of.

    `sums` of the windows, by their place, need not be asked for where `by_group` has told them.
    """
    if sentence := lacking(snapshot, needle):
        raise MeasureError(sentence)
    inside = covered(snapshot, needle, windows)
    if sums is None:
        found = by_window(snapshot, needle, inside) if inside else {}
        sums = {i: of for (i, _), of in found.items()}
    parts = dict(inside)
    return [read(snapshot, needle, window, parts.get(i), sums.get(i, Sums())) for i, window in enumerate(windows)]


def by_group(snapshot: Snapshot, needle: Needle, windows: Sequence[Window], by: str) -> dict[str, dict[int, Sums]]:
    """The sums of all groups of a column at once: for each the windows in which it has facts, by their place.

    They are those that the extract cut to the group gives. Raises MeasureError where the extract lacks what the needle is made
    of, or the facts have no such column.
    """
    if sentence := lacking(snapshot, needle):
        raise MeasureError(sentence)
    inside = covered(snapshot, needle, windows)
    found: dict[str, dict[int, Sums]] = {}
    for (i, group), sums in (by_window(snapshot, needle, inside, Cut(by)) if inside else {}).items():
        found.setdefault(group, {})[i] = sums
    return found


def reading(snapshot: Snapshot, needle: Needle, window: Window) -> Reading:
    """The needle in one window."""
    return readings(snapshot, needle, [window])[0]


def quarters(snapshot: Snapshot, needle: Needle, last: Quarter, count: int = 9) -> list[Reading]:
    """The needle in the `count` quarters up to and with `last`, oldest first."""
    return readings(snapshot, needle, up_to(last, count))


def up_to(last: Quarter, count: int = 9) -> list[Window]:
    """The windows of the `count` quarters up to and with `last`, oldest first."""
    return [last.shift(i - count + 1).window for i in range(count)]


def covers(snapshot: Snapshot, needle: Needle) -> Window:
    """The days that all entities that the needle is made of cover; empty, from the latest start, where they share none."""
    spans = [snapshot.covers(entity) for entity in needs(needle)]
    start, end = max(span.start for span in spans), min(span.end for span in spans)
    return Window(start, max(start, end))


def covered(snapshot: Snapshot, needle: Needle, windows: Sequence[Window]) -> Numbered:
    """The part of each window that the extract covers, with the window's number; gaps are left out."""
    parts = ((i, _covered(snapshot, needle, window)) for i, window in enumerate(windows))
    return [(i, part) for i, part in parts if part is not None]


def read(snapshot: Snapshot, needle: Needle, window: Window, part: Window | None, sums: Sums) -> Reading:
    """The reading of a window from the sums of the part of it that is covered."""
    if part is None:
        return Reading(needle.key, window, math.nan, 0, reason=reasons.OUTSIDE)
    kind = needle.kind
    if reason := eventless(snapshot, needle, window, part):
        return Reading(needle.key, window, math.nan, 0, reason=reason)
    least, people = snapshot.rules.smallest_group, sums.facts if sums.people is None else sums.people
    if needle.personal and sums.facts and people < least:
        return Reading(needle.key, window, math.nan, sums.facts, sums.open, reasons.few_people(least))
    if snapshot.only and 0 < size(needle, sums) < least:
        return Reading(needle.key, window, math.nan, 0, reason=reasons.few_behind(least))
    value, reason = sums.value, sums.reason
    if isinstance(kind, Rate):
        length = 1.0 if _needs_event(needle) else _length(kind, part)  # what lies in events is counted, and no rate
        value = (sums.value if sums.facts else 0.0) / length
    elif isinstance(kind, Stock):
        value = float(sums.open)
    elif isinstance(kind, Ratio) and isinstance(kind.denominator, Per) and not (sums.facts or reason):
        reason = "" if math.isfinite(value) else reasons.none_to_meet(needle.entity)
    if math.isnan(value) and not reason:
        reason = reasons.none_to_measure(needle)
    censored = isinstance(kind, Duration) and not finished_only(kind, snapshot)
    return Reading(needle.key, window, value, sums.facts, sums.open, reason, censored)


def _covered(snapshot: Snapshot, needle: Needle, window: Window) -> Window | None:
    """What all entities of the needle cover of a window; None for a gap.

    What stands at a window's end cannot be known before that end, so a Stock wants its end covered.
    """
    known = covers(snapshot, needle)
    if _at_the_end(needle) and window.end > known.end:
        return None
    start, end = max(window.start, known.start), min(window.end, known.end)
    return Window(start, end) if start < end else None


def _at_the_end(needle: Needle) -> bool:
    return isinstance(needle.kind, Stock) or (isinstance(needle.kind, Share) and needle.kind.until is not None)


def _length(kind: Rate, part: Window) -> float:
    return {"week": part.days / 7, "month": part.months, "quarter": part.months / 3}[kind.per]


def _needs_event(needle: Needle) -> bool:
    return "key_event_at" in uses(needle)[needle.entity]


def eventless(snapshot: Snapshot, needle: Needle, window: Window, part: Window) -> str:
    """Why nothing can be said of the key events of a window, for a needle that asks about them; '' where it can."""
    if not _needs_event(needle):
        return ""
    inside = [e for e in snapshot.rules.key_events if e.start < window.end and e.end > window.start]
    if not inside:
        return reasons.NO_EVENT
    seen = all(part.contains(Window(max(e.start, window.start), min(e.end, window.end))) for e in inside)
    return "" if seen else reasons.EVENTS_UNSEEN
