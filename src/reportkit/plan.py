"""Before a proof starts: what it could show, from the history at hand, as a table, a picture and a sentence."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from matplotlib import rc_context

from reportkit import files, measure
from reportkit.errors import ParamsError
from reportkit.evidence import Case, Ground
from reportkit.evidence.planning import Plan, plan, shown
from reportkit.figures.detectable import drawn
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.narrative.planning import amount, proposal
from reportkit.needles import find
from reportkit.snapshot import Snapshot
from reportkit.workspace import Workspace

FOLDER = Path("reports") / "plans"
DPI = 200


@dataclass(frozen=True)
class Planned:
    """One needle's plan: the table's header and rows, the sentences, and the picture that was written."""

    needle: Needle
    plan: Plan
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sentence: str
    picture: Path


def plans(place: Workspace, key: str, quarter: str) -> tuple[Planned, ...]:
    """The plan of each headline needle of a proof, pictures in reports/plans/.

    Raises UnknownName, SnapshotError where the quarter has no extract, ParamsError where it has none of the needles.
    """
    proof = place.proof(key)
    found, lacking = [], []
    with place.snapshot(quarter) as snapshot:
        for needle in (find(name).in_currency(place.organisation.currency) for name in proof.headline):
            if reason := measure.lacking(snapshot, needle):
                lacking.append(reason)
                continue
            found.append(_planned(place, key, proof, needle, snapshot))
    if not found:
        raise ParamsError(" ".join(lacking), where=place.params.lines.where("proofs.yaml", key, "headline"))
    return tuple(found)


def _planned(place: Workspace, key: str, proof: Proof, needle: Needle, snapshot: Snapshot) -> Planned:
    strata = measure.told(snapshot, needle.entity, proof.strata)
    facts = measure.facts(snapshot, needle, proof.by, strata)
    covers = measure.covers(snapshot, needle)
    ground = Ground(place.organisation.time_zone, covers, covers.end, place.organisation.holidays)
    made = plan(Case(needle, facts, ground), proof.model_copy(update={"strata": strata}))
    picture = place.root / FOLDER / f"{key}-{needle.key}.png"
    _draw(place, made, needle, proof, picture)
    header, rows = _table(made, needle, proof)
    return Planned(needle, made, header, rows, proposal(made, needle, proof), picture)


def _draw(place: Workspace, made: Plan, needle: Needle, proof: Proof, picture: Path) -> None:
    figure = drawn(made, needle, place.brand, proof.by)
    figure.patch.set_visible(True)
    figure.patch.set_facecolor(place.brand.paper)
    picture.parent.mkdir(parents=True, exist_ok=True)
    draft = picture.with_name(f".{picture.stem}-{os.getpid()}.png")
    with rc_context({"text.parse_math": False, "axes.unicode_minus": True}):
        figure.savefig(draft, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.12, metadata={"Software": None})
    files.put(draft, picture)


def _table(made: Plan, needle: Needle, proof: Proof) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """One row a number of teams and a design: the smallest change that would show, by weeks after the start."""
    weeks = sorted({c.weeks for c in made.cells})
    header = (f"{proof.by}s", "compared with", *(f"{week} weeks" for week in weeks))
    rows = []
    for compared in (False, True):
        for teams, cells in shown(made, compared=compared):
            own = " (the proof's)" if teams == made.teams else ""
            beside = f"{cells[0].compared} others" if compared else "none"
            rows.append(
                (f"{teams}{own}", beside, *(amount(c, needle) or "–" for c in sorted(cells, key=lambda c: c.weeks)))
            )
    return header, tuple(rows)
