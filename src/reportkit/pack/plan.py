"""What a build has to make: one job a report, every name resolved before anything runs."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reportkit import forks, run, shared
from reportkit.errors import ParamsError, UnknownName
from reportkit.model.params import RESERVED, Each
from reportkit.workspace import Workspace

if TYPE_CHECKING:
    from reportkit.pack.groups import Groups

NAMES = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Wanted:
    """What a build is asked for, and how."""

    audiences: tuple[str, ...] = ()  # or reports by name; all of the quarter where none is named
    jobs: int | None = None  # notebooks run at once, and as many pages laid out; the cores where not given
    extract: bool = False  # take the extract again first
    force: bool = False  # reports that nothing has changed for as well
    cold: bool = False  # start every kernel by a command, fork nothing
    cluster: str | None = None  # a Dask scheduler's address, or 'local'

    @property
    def forking(self) -> bool:
        """Whether notebooks and pages run in processes that this machine's own servers fork."""
        return forks.wanted(cold=self.cold, cluster=self.cluster)


@dataclass(frozen=True)
class Job:
    """One report to make; its files are called `report`."""

    report: str
    audience: str
    quarter: str
    notebook: Path
    only: tuple[str, str] | None = None  # ('team', 'basket'): a report on these facts alone
    why: str = field(default="", compare=False)
    restyle: bool = field(default=False, compare=False)  # its notebook need not run again

    @property
    def parameters(self) -> dict[str, str]:
        """What papermill puts into the notebook's parameters."""
        cut = {self.only[0]: self.only[1]} if self.only else {}
        return {"audience": self.audience, "quarter": self.quarter, **cut}

    @property
    def scope(self) -> str:
        """What sets its numbers apart from those of the whole organisation: 'team=basket.'."""
        return f"{self.only[0]}={self.only[1]}." if self.only else ""

    def title(self, workspace: Workspace) -> str:
        """Who reads it: 'Executives', 'Team leads · basket'."""
        title = workspace.audience(self.audience).title
        return f"{title} · {self.only[1]}" if self.only else title


def check(workspace: Workspace, quarter: str, wanted: Sequence[str] = ()) -> None:
    """Raises ReportkitError where the quarter, something wanted, a notebook or a notebook's parameters are not there.

    It needs no extract: what is wanted of a quarter that makes one report a team is looked up later.
    """
    each = workspace.quarter(quarter).each
    for name in () if each else wanted:
        workspace.audience(name)
    fanned = {one.audience for one in each}
    for audience in dict.fromkeys(wanted or _regular(workspace, quarter)):
        if audience in workspace.audiences and (not wanted or audience not in fanned):
            run.check(workspace.notebook(audience), ("audience", "quarter"))
    for one in each:
        run.check(workspace.notebook(one.audience), ("audience", "quarter", one.by))


@dataclass(frozen=True)
class Planned:
    """The reports to make, in order; those of groups too small for one, with why; and that in a sentence an audience."""

    jobs: tuple[Job, ...]
    withheld: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    standing: frozenset[str] = frozenset()  # the reports that the quarter has, asked for now or not


def jobs(workspace: Workspace, quarter: str, wanted: Sequence[str] = ()) -> list[Job]:
    """The reports that `planned` plans."""
    return list(planned(workspace, quarter, wanted).jobs)


def planned(workspace: Workspace, quarter: str, wanted: Sequence[str] = ()) -> Planned:
    """The reports of the quarter (or those of the audiences, or with the names, that are wanted).

    Raises UnknownName, and ParamsError for a group too small for a report of its own. The extract has to be there where
    the quarter makes one report a team.
    """
    each = _groups(workspace, quarter)
    fanned = {one.audience for one in each}
    asked = [name for name in wanted if name in workspace.audiences and name not in fanned]
    whole = dict.fromkeys((*_regular(workspace, quarter), *asked))
    found = [Job(name, name, quarter, workspace.notebook(name)) for name in whole]
    found = list(_apart([*found, *_each(workspace, quarter, each)]))  # small ones too: no name hangs on another's size
    small: dict[tuple[str, tuple[str, str] | None], str] = {
        (one.audience, (one.by, value)): g.told(workspace, one, [value]) for one, g in each.items() for value in g.small
    }
    withheld = {job.report: small[job.audience, job.only] for job in found if (job.audience, job.only) in small}
    made = [job for job in found if job.report not in withheld]
    for name in wanted:
        if name in withheld:
            raise ParamsError(withheld[name])
        if not any(name in (job.report, job.audience) for job in found):
            known = {*workspace.audiences, *(job.report for job in made)}
            raise UnknownName("audience", name, known, where="params/audiences.yaml")
    chosen = tuple(job for job in made if not wanted or job.report in wanted or job.audience in wanted)
    notes = tuple(g.told(workspace, one, g.small) for one, g in each.items() if g.small)
    return Planned(chosen, withheld, notes, frozenset(job.report for job in made))


def _groups(workspace: Workspace, quarter: str) -> dict[Each, Groups]:
    """The groups of each fan-out of the quarter."""
    each = workspace.quarter(quarter).each
    return {one: shared.planned(("groups", quarter, one), partial(_asked, workspace, quarter, one)) for one in each}


def _asked(workspace: Workspace, quarter: str, each: Each) -> Groups:
    from reportkit.pack.groups import groups  # asks the extract: it imports the engine

    return groups(workspace, quarter, each)


def _regular(workspace: Workspace, quarter: str) -> tuple[str, ...]:
    """The audiences that get a report on the whole organisation: those listed, else all that get none for each team."""
    particular = workspace.quarter(quarter)
    fanned = {each.audience for each in particular.each}
    return particular.audiences or tuple(name for name in workspace.audiences if name not in fanned)


def _each(workspace: Workspace, quarter: str, found: Mapping[Each, Groups]) -> Iterator[Job]:
    for each, of in found.items():
        notebook = workspace.notebook(each.audience)
        for value in of.wanted:
            name = each.file.format(audience=each.audience, quarter=quarter, **{each.by: named(value)})
            yield Job(name, each.audience, quarter, notebook, (each.by, value))


def named(value: str) -> str:
    """The value as a part of a file's name: letters, digits, dots, dashes and underscores."""
    plain = unicodedata.normalize("NFKC", value)
    return NAMES.sub("-", plain).strip("-.") or "unnamed"


def _apart(found: Iterable[Job]) -> Iterator[Job]:
    """The jobs with names that no file system takes for the same: those that would clash get a mark of their value."""
    all_jobs = list(found)
    folded = [job.report.casefold() for job in all_jobs]
    for job, name in zip(all_jobs, folded, strict=True):
        if (folded.count(name) == 1 and name not in RESERVED) or not job.only:
            yield job
            continue
        mark = hashlib.sha256(job.scope.encode()).hexdigest()[:8]
        yield Job(f"{job.report}-{mark}", job.audience, job.quarter, job.notebook, job.only)
