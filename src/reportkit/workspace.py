"""The workspace: the folder with params/, notebooks/, extracts/ and reports/, and all that is read from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reportkit import files, ledger, shared
from reportkit.amended import amended, recorded
from reportkit.errors import ParamsError, SnapshotError, UnknownName, unknown
from reportkit.figures import theme
from reportkit.model.background import Background
from reportkit.model.brand import Brand
from reportkit.model.engine import Engine
from reportkit.model.params import Audience, NeedleParams, Organisation, Proof, QuarterParams, Sources
from reportkit.model.period import Quarter
from reportkit.needles import library
from reportkit.params import Fault, Params, read
from reportkit.snapshot import Snapshot
from reportkit.snapshot.manifest import FILE as MANIFEST
from reportkit.sources import feeding, with_ready

if TYPE_CHECKING:
    from reportkit.model.evidence import Evidence
    from reportkit.report import Report

T = TypeVar("T")


@dataclass(frozen=True)
class Workspace:
    """A workspace whose params were read and name only what exists."""

    root: Path
    params: Params

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """The workspace that holds `start` (the current folder where not given).

        Without `start`, the folder named by REPORTKIT_WORKSPACE comes first.
        Raises ParamsError where there is none, or with the first fault of its params and how many more there are.
        """
        root = files.locate(start)
        params, found = shared.once(("params", str(root)), lambda: faults(root))
        if params is None or found:
            first, more = found[0], len(found) - 1
            rest = f" ({more} more: run `reportkit check`)" if more else ""
            raise ParamsError(first.message + rest, where=first.where)
        return cls(root, params)

    @property
    def organisation(self) -> Organisation:
        """params/organisation.yaml."""
        return self.params.organisation

    @cached_property
    def sources(self) -> Sources:
        """params/sources.yaml, mappings that it leaves to the sources filled in."""
        return shared.planned(("sources", str(self.root)), lambda: with_ready(self.params.sources))

    @property
    def audiences(self) -> Mapping[str, Audience]:
        """params/audiences.yaml."""
        return self.params.audiences

    @property
    def needles(self) -> Mapping[str, NeedleParams]:
        """params/needles.yaml."""
        return self.params.needles

    @property
    def proofs(self) -> Mapping[str, Proof]:
        """params/proofs.yaml."""
        return self.params.proofs

    @property
    def quarters(self) -> Mapping[str, QuarterParams]:
        """params/<quarter>.yaml by quarter, oldest first."""
        return self.params.quarters

    @cached_property
    def brand(self) -> Brand:
        """params/_brand.yml, or the built-in look."""
        path = self.root / "params" / "_brand.yml"
        brand = shared.once(("brand", str(self.root)), lambda: theme.load_brand(path if path.is_file() else None))
        there = all(file.is_file() for file in (*([brand.logo] if brand.logo else []), *(f for _, _, f in brand.fonts)))
        return brand if there else theme.load_brand(path)  # which says what is missing

    def moved(self, root: Path, quarter: str) -> Workspace:
        """The same workspace in another folder: its params and what is known beside the quarter's extract need not be read there."""
        moved, known = Workspace(root, self.params), self.background(quarter)
        extracts = {name: root / "extracts" / name for name in known.extracts}
        moved._backgrounds[quarter] = replace(known, extracts=extracts)
        return moved

    def hand_on(self, folder: Path, quarter: str) -> None:
        """Spare the notebooks of a build, which share the folder, reading the params and the background themselves."""
        shared.hand_on(folder, ("params", str(self.root)), (self.params, ()))
        shared.hand_on(folder, ("brand", str(self.root)), self.brand)
        shared.hand_on(folder, ("background", str(self.root), quarter), self.background(quarter))

    def quarter(self, text: str) -> QuarterParams:
        """What is particular to a quarter. Raises ParamsError for '2026-Q5', UnknownName where it has no file."""
        Quarter.parse(text)
        if text not in self.quarters:
            raise UnknownName("quarter", text, self.quarters, where="params/")
        return self.quarters[text]

    def period(self, text: str) -> Quarter:
        """The quarter in the organisation's fiscal year."""
        return Quarter.parse(text, self.organisation.first_month)

    def audience(self, key: str) -> Audience:
        """The audience called `key`. Raises UnknownName."""
        if key not in self.audiences:
            raise UnknownName("audience", key, self.audiences, where="params/audiences.yaml")
        return self.audiences[key]

    def proof(self, key: str) -> Proof:
        """The proof called `key`. Raises UnknownName."""
        if key not in self.proofs:
            raise UnknownName("proof", key, self.proofs, where="params/proofs.yaml")
        return self.proofs[key]

    def audiences_of(self, quarter: str) -> tuple[str, ...]:
        """The audiences that get a report in a quarter, in order."""
        return self.quarter(quarter).audiences or tuple(self.audiences)

    def notebook(self, audience: str) -> Path:
        """The audience's notebook: the workspace's own, else the one of that name that comes with reportkit.

        Raises ParamsError where there is neither.
        """
        name = self.audience(audience).notebook or f"{audience}.ipynb"
        path = self.root / "notebooks" / name
        if not path.is_file():
            shipped = files.shipped_notebooks() / name
            if shipped.is_file():
                return shipped
            where = self.params.lines.where("audiences.yaml", audience)
            raise ParamsError(
                f"the notebook notebooks/{path.name} is missing; copy one of the others to start from.", where=where
            )
        return path

    def snapshot(self, quarter: str, engine: Engine | None = None) -> Snapshot:
        """The frozen extract of a quarter, computed here unless an engine is given. Raises SnapshotError where it was not taken."""
        folder = self.root / "extracts" / quarter
        if not folder.is_dir():
            raise SnapshotError(f"there is no extract of {quarter}; run `reportkit extract {quarter}`.")
        events = [event for particular in self.quarters.values() for event in particular.key_events]
        return Snapshot.open(folder, self.organisation.time_zone, self.organisation.rules(events), engine)

    def latest_extract(self) -> str:
        """The latest quarter whose extract was taken. Raises SnapshotError where there is none."""
        taken = sorted(
            path.parent.name for path in (self.root / "extracts").glob(f"*/{MANIFEST}") if _is_quarter(path.parent.name)
        )
        if not taken:
            raise SnapshotError("no extract was taken yet; run `reportkit extract` with a quarter such as 2026-Q3.")
        return taken[-1]

    def report(self, audience: str, quarter: str, only: Mapping[str, str] | None = None) -> Report:
        """All that a notebook sees: the report of one audience for one quarter, on the facts of `only` ({'team': 'basket'})."""
        from reportkit.report import Report, Setting  # all pictures and evidence, which a build leaves to its notebooks

        entry, particular = self.audience(audience), self.quarter(quarter)
        snapshot = self.snapshot(quarter, self.organisation.engine)
        only = {by: value for by, value in (only or {}).items() if value}
        return Report(
            key=audience,
            audience=entry,
            quarter=self.period(quarter),
            ask_for=particular.asks.get(audience, entry.ask),
            proofs={key: self.proofs[key] for key in _told(entry, particular)},
            ask_at=self.asked_at(audience, quarter),
            problem_at=self.params.lines.where("audiences.yaml", audience, "problem"),
            setting=Setting(
                organisation=self.organisation,
                needles=self.needles,
                choices=self.params.sources.choices,  # mappings, which sources would fill in, are none of its business
                brand=self.brand,
                snapshot=snapshot.cut(only) if only else snapshot,
                background=self.background(quarter),
                others=len({*self.audiences_of(quarter)} - {audience}),
            ),
        )

    def background(self, quarter: str) -> Background:
        """What is known beside the extract of a quarter: earlier extracts, changes of sources and of proofs."""
        if quarter not in self._backgrounds:
            key = ("background", str(self.root), quarter)
            self._backgrounds[quarter] = shared.handed(
                key, lambda: self.planned("background", quarter, lambda: self._background(quarter))
            )
        return self._backgrounds[quarter]

    def planned(self, what: str, quarter: str, make: Callable[[], T]) -> T:
        """What `make` gives, which a build of the quarter is planned by; the last build's, where it was planned by the same.

        What is known of proofs hangs on the quarter's own record too, which each build writes anew.
        """
        return shared.planned((what, quarter, recorded(self.root, quarter)), make)

    @cached_property
    def _backgrounds(self) -> dict[str, Background]:
        return {}

    def _background(self, quarter: str) -> Background:
        proofs = {key: self.proofs[key] for key in self.quarter(quarter).proofs}
        earlier = sorted(path.parent for path in (self.root / "extracts").glob(f"*/{MANIFEST}"))
        return Background(
            extracts={folder.name: folder for folder in earlier if _is_quarter(folder.name) and folder.name < quarter},
            changed={name: mapping.changed for name, mapping in self.sources.entities.items() if mapping.changed},
            amended=amended(self.root, proofs, quarter, self.period(quarter).window.end),
            promises=ledger.promises(self.root, self.needles, self.times(quarter), before=quarter),
            told=ledger.told(self.root, before=quarter),
            definitions=self.definitions,
        )

    def asked_at(self, audience: str, quarter: str) -> str:
        """File and line of what is asked of an audience in a quarter."""
        lines = self.params.lines
        if audience in self.quarter(quarter).asks:
            return lines.where(f"{quarter}.yaml", "asks", audience)
        return lines.where("audiences.yaml", audience, "ask")

    def times(self, quarter: str) -> ledger.Times:
        """What decides when the window of a bet opens and closes, as known at the end of the quarter."""
        return ledger.Times(self.proofs, self.period(quarter).window.end, self.organisation.first_month)

    @cached_property
    def definitions(self) -> Mapping[str, Mapping[str, str]]:
        """Hashes of the definitions of the needles in use."""
        return shared.planned(("definitions", str(self.root)), self._definitions)

    def _definitions(self) -> Mapping[str, Mapping[str, str]]:
        from reportkit.definitions import definitions  # by what the engine is told, which a build need not import

        audiences = [name for entry in self.audiences.values() for name in (entry.quantified_by, *entry.needles)]
        proofs = [name for proof in self.proofs.values() for name in proof.needles]
        return definitions([*audiences, *proofs, *self.needles], self.organisation, self.sources)


def _told(audience: Audience, particular: QuarterParams) -> Iterable[str]:
    """The quarter's proofs that an audience is told of: its own in its own order, or all where it names none."""
    if not audience.proofs:
        return particular.proofs
    return [key for key in audience.proofs if key in particular.proofs]


def _is_quarter(name: str) -> bool:
    try:
        Quarter.parse(name)
    except ParamsError:
        return False
    return True


def open_report(audience: str, quarter: str, **only: str) -> Report:
    """The report of `audience` for `quarter` in the workspace that holds the current folder.

    `team="basket"` (or service, journey) leaves the facts of that team alone; its proofs are still held against all others.
    """
    report = Workspace.find().report(audience, quarter, only)
    _opened[:] = [report]
    return report


_opened: list[Report] = []  # the one that `compare` takes where it is told no other


def compare(needle: str, proof: Proof | str, *, report: Report | None = None) -> Evidence:
    """The Evidence of a needle in a proof, `.weekly` (tidy pandas) behind it; `proof` is a key or a changed Proof.

    In the report that was opened last, unless another is given. Raises UnknownName, and ParamsError where none is open.
    """
    chosen = report or (_opened[0] if _opened else None)
    if chosen is None:
        raise ParamsError('no report is open; begin with report = open_report("executives", "2026-Q3").')
    return chosen.compare(needle, proof)


def faults(root: Path) -> tuple[Params | None, tuple[Fault, ...]]:
    """The params of a workspace with every fault in them, names that nobody declared included."""
    params, found = read(root / "params")
    if params is None:
        return None, found
    return params, (*found, *_references(params))


def _references(params: Params) -> Iterable[Fault]:
    """A fault for each name in the params that nobody declared."""
    known = {
        "needle": library(),
        "audience": params.audiences,
        "proof": params.proofs,
        "source": params.sources.sources,
    }
    for kind, name, file, path in _names(params):
        if name not in known[kind]:
            yield Fault(params.lines.where(file, *path), unknown(kind, name, known[kind]))


def _names(params: Params) -> Iterable[tuple[str, str, str, tuple[object, ...]]]:
    """Every name that the params use: its kind, itself, and where it stands."""
    for key, audience in params.audiences.items():
        yield from _audience_names(key, audience)
    for key, proof in params.proofs.items():
        yield from _proof_names(key, proof)
    for key in params.needles:
        yield "needle", key, "needles.yaml", (key,)
    yield from _money_names(params)
    for key, entity in params.sources.entities.items():
        if entity.source and not feeding(entity, params.sources.sources):
            yield "source", entity.source, "sources.yaml", ("entities", key, "source")
    for quarter, particular in params.quarters.items():
        file = f"{quarter}.yaml"
        for field, kind in (("audiences", "audience"), ("proofs", "proof"), ("asks", "audience")):
            for i, name in enumerate(getattr(particular, field)):
                yield kind, name, file, (field, name if field == "asks" else i)
        for i, each in enumerate(particular.each):
            yield "audience", each.audience, file, ("each", i, "audience")
        asked = ((name, ask.needle) for name, ask in particular.asks.items() if ask.needle)
        yield from (("needle", needle, file, ("asks", name, "needle")) for name, needle in asked)


def _money_names(params: Params) -> Iterable[tuple[str, str, str, tuple[object, ...]]]:
    if money := params.organisation.money:
        yield from (("needle", key, "organisation.yaml", ("money", "worth", key)) for key in money.worth)
        yield from (("proof", key, "organisation.yaml", ("money", "proofs", key)) for key in money.proofs)


def _audience_names(key: str, audience: Audience) -> Iterable[tuple[str, str, str, tuple[object, ...]]]:
    file = "audiences.yaml"
    yield "needle", audience.quantified_by, file, (key, "quantified_by")
    yield "needle", audience.primary, file, (key, "primary")
    for field, kind in (("supporting", "needle"), ("guardrails", "needle"), ("proofs", "proof")):
        for i, name in enumerate(getattr(audience, field)):
            yield kind, name, file, (key, field, i)
    if audience.ask and audience.ask.needle:
        yield "needle", audience.ask.needle, file, (key, "ask", "needle")


def _proof_names(key: str, proof: Proof) -> Iterable[tuple[str, str, str, tuple[object, ...]]]:
    for field in ("headline", "supporting"):
        for i, name in enumerate(getattr(proof, field)):
            yield "needle", name, "proofs.yaml", (key, field, i)
    for field in ("guardrails", "smallest_effect"):
        for name in getattr(proof, field):
            yield "needle", name, "proofs.yaml", (key, field, name)
    if proof.picked and proof.picked.needle:
        yield "needle", proof.picked.needle, "proofs.yaml", (key, "picked", "needle")
