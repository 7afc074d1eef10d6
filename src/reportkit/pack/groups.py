"""Which teams (or services, journeys) get a report of their own: those large enough that it tells of no single person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from reportkit import measure
from reportkit.english import pages as words
from reportkit.errors import MeasureError, ParamsError
from reportkit.measure.asking import covered
from reportkit.measure.reading import size
from reportkit.measure.rows import Cut
from reportkit.measure.sums import by_window
from reportkit.model.evidence import NO_TEAM
from reportkit.model.params import Each
from reportkit.needles import find
from reportkit.snapshot import Snapshot, fetched
from reportkit.workspace import Workspace

NAMED = 8  # more small groups than this are counted, not named


@dataclass(frozen=True)
class Groups:
    """The groups that would get a report, in order, and those of them that get none: too small, or of a size nobody can tell."""

    wanted: tuple[str, ...]
    small: tuple[str, ...] = ()
    unsized: str = ""  # why no group's size can be told, as a sentence

    def told(self, workspace: Workspace, each: Each, small: Sequence[str]) -> str:
        """Which groups get no report of their own, and why, in one sentence (two where their size cannot be told)."""
        audience = workspace.audience(each.audience)
        without = words.no_report(audience.title, small, each.by, NAMED)
        if self.unsized:
            return f"{without}, {words.unsized(self.unsized)}"
        return f"{without}, {words.too_small(workspace.organisation.smallest_group, find(audience.primary).label)}"


def groups(workspace: Workspace, quarter: str, each: Each) -> Groups:
    """Those named, else all that have a fact of the audience's primary needle in the quarter.

    Too small is what a cut of that needle folds into 'other': fewer people, or facts where nobody knows the people, than
    the organisation shows; nobody at all is too few as well. The frozen extract is asked here, whatever the engine.
    Raises MeasureError, and ParamsError for a name that stands in no fact of the extract.
    """
    needle = find(workspace.audience(each.audience).primary)
    with workspace.snapshot(quarter) as snapshot:
        named = tuple(dict.fromkeys(each.only))
        _check(workspace, snapshot, each)
        if sentence := measure.lacking(snapshot, needle):
            if named:
                return Groups(named, named, unsized=sentence)
            raise MeasureError(sentence)
        inside = covered(snapshot, needle, [workspace.period(quarter).window])
        found = by_window(snapshot, needle, inside, Cut(each.by)) if inside else {}
    sizes = {group: size(needle, sums) for (_, group), sums in found.items() if group != NO_TEAM}
    having = {group for (_, group), sums in found.items() if sums.facts and group in sizes}
    wanted, least = named or tuple(sorted(having)), workspace.organisation.smallest_group
    return Groups(wanted, tuple(group for group in wanted if sizes.get(group, 0) < least))


def _check(workspace: Workspace, snapshot: Snapshot, each: Each) -> None:
    """Raises ParamsError for the first group named in `only` that no fact of the extract belongs to."""
    known = _known(snapshot, each.by) if each.only else set()
    for i, group in enumerate(each.only):
        if group in known:
            continue
        near = get_close_matches(group, sorted(known), n=1, cutoff=0.6)
        file, place = f"{snapshot.quarter}.yaml", workspace.quarter(snapshot.quarter).each.index(each)
        where = workspace.params.lines.where(file, "each", place, "only", i)
        raise ParamsError(
            f"no fact in the extract of {snapshot.quarter} has the {each.by} {group!r}; "
            + (f"did you mean {near[0]!r}?" if near else "take it out of `only`."),
            where=where,
        )


def _known(snapshot: Snapshot, by: str) -> set[str]:
    """Every group that a fact of the extract belongs to."""
    tables = [snapshot.table(entity) for entity in snapshot.manifest.entities]
    found = (fetched(t.select(by).distinct().drop_null()).column(by).to_pylist() for t in tables if by in t.columns)
    return {str(group) for names in found for group in names} - {NO_TEAM}
