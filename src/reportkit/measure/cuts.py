"""A needle by service, team, journey, severity or an extra column; groups too small to be shown are folded into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reportkit.errors import MeasureError
from reportkit.measure.asking import covered, eventless, read
from reportkit.measure.needs import lacking
from reportkit.measure.reading import Reading, Sums, size
from reportkit.measure.rows import FOLDED, OTHER, Cut
from reportkit.measure.sums import by_window
from reportkit.model.needle import Needle
from reportkit.model.period import Window
from reportkit.snapshot import Snapshot


@dataclass(frozen=True)
class Part:
    """One group of a cut, `OTHER` for those that are folded, with how many groups are in it."""

    group: str
    reading: Reading
    groups: int = 1


def cut(snapshot: Snapshot, needle: Needle, window: Window, by: str) -> list[Part]:
    """The needle in one window by the groups of a column; see `cuts`."""
    return cuts(snapshot, needle, [window], by)[0]


def cuts(snapshot: Snapshot, needle: Needle, windows: Sequence[Window], by: str) -> list[list[Part]]:
    """For each window the needle by the groups of a column, those with most facts first, the folded ones last.

    A group of fewer people (or facts, where nobody knows the people) than the organisation shows is folded into 'other'; so
    is the smallest of the rest where 'other' alone would be too small. Empty where all of them together are.
    Raises MeasureError where the needle cannot be computed, or the facts have no such column.
    """
    if sentence := lacking(snapshot, needle):
        raise MeasureError(sentence)
    inside = {
        i: part for i, part in covered(snapshot, needle, windows) if not eventless(snapshot, needle, windows[i], part)
    }
    found = _by_group(by_window(snapshot, needle, list(inside.items()), Cut(by))) if inside else {}
    return [
        _parts(snapshot, needle, (windows[i], inside[i]), by, found[i]) if i in found else []
        for i in range(len(windows))
    ]


def _by_group(found: Mapping[tuple[int, str], Sums]) -> dict[int, dict[str, Sums]]:
    """The sums of each window by group."""
    windows: dict[int, dict[str, Sums]] = {}
    for (i, group), sums in found.items():
        windows.setdefault(i, {})[group] = sums
    return windows


def _parts(
    snapshot: Snapshot, needle: Needle, window: tuple[Window, Window], by: str, found: Mapping[str, Sums]
) -> list[Part]:
    """The groups of a window, of which the second is what is covered, small ones folded into one."""
    keep = _kept({group: size(needle, sums) for group, sums in found.items()}, snapshot.rules.smallest_group)
    if keep is None:
        return []
    folded = len(found) - len(keep)
    if folded:  # a median of the folded is none of their medians: they are asked for as one
        found = _by_group(by_window(snapshot, needle, [(0, window[1])], Cut(by, keep)))[0]
    parts = [Part(group, read(snapshot, needle, *window, found[group])) for group in keep]
    rest = found.get(FOLDED)
    return [*parts, Part(OTHER, read(snapshot, needle, *window, rest), folded)] if rest else parts


def _kept(sizes: Mapping[str, int], least: int) -> list[str] | None:
    """The groups that may be shown, largest first; None where not even all of them together may."""
    order = sorted(sizes, key=lambda group: (-sizes[group], group))
    keep = [group for group in order if sizes[group] >= least]
    small = sum(sizes[group] for group in order[len(keep) :])
    while small and small < least and keep:
        small += sizes[keep.pop()]
    return keep if keep or small >= least else None
