"""Which teams (or services, journeys) get a report of their own: those large enough that it tells of no single person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportkit import measure
from reportkit.errors import MeasureError
from reportkit.measure.asking import covered
from reportkit.measure.reading import size
from reportkit.measure.rows import Cut
from reportkit.measure.sums import by_window
from reportkit.model.evidence import NO_TEAM
from reportkit.model.params import Each
from reportkit.model.unit import plural
from reportkit.narrative.words import listed
from reportkit.needles import find
from reportkit.workspace import Workspace

NAMED = 8  # more small groups than this are counted, not named


@dataclass(frozen=True)
class Groups:
    """The groups that would get a report, in order, and those of them that are too small for one."""

    wanted: tuple[str, ...]
    small: tuple[str, ...] = ()


def groups(workspace: Workspace, quarter: str, each: Each) -> Groups:
    """Those named, else all that have a fact of the audience's primary needle in the quarter.

    Too small is what a cut of that needle folds into 'other': fewer people, or facts where nobody knows the people, than
    the organisation shows. The frozen extract is asked here, whatever the engine. Raises MeasureError.
    """
    needle = find(workspace.audience(each.audience).primary)
    with workspace.snapshot(quarter) as snapshot:
        if sentence := measure.lacking(snapshot, needle):
            if each.only:
                return Groups(tuple(dict.fromkeys(each.only)))
            raise MeasureError(sentence)
        inside = covered(snapshot, needle, [workspace.period(quarter).window])
        found = by_window(snapshot, needle, inside, Cut(each.by)) if inside else {}
    sizes = {group: size(needle, sums) for (_, group), sums in found.items() if group != NO_TEAM}
    having = {group for (_, group), sums in found.items() if sums.facts and group in sizes}
    small = {group for group, people in sizes.items() if people < workspace.organisation.smallest_group}
    wanted = tuple(dict.fromkeys(each.only)) or tuple(sorted(having))
    return Groups(wanted, tuple(group for group in wanted if group in small))


def told(workspace: Workspace, each: Each, small: Sequence[str]) -> str:
    """Which groups get no report of their own, and why, as one sentence."""
    whose = listed(small) if len(small) <= NAMED else plural(len(small), each.by)
    verb, own = ("gets", "its own") if len(small) == 1 else ("get", "their own")
    least = plural(workspace.organisation.smallest_group, "person", "people")
    audience = workspace.audience(each.audience)
    return (
        f"{audience.title}: {whose} {verb} no report of {own}, for fewer than {least} (facts, where nobody knows the people) "
        f"stand behind {find(audience.primary).label} there."
    )
