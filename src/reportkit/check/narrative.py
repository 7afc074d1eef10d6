"""Reading the narrative: the texts of params and the Markdown cells of notebooks, against what the last record carries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat

from reportkit import ledger
from reportkit.errors import ReportkitError, UnknownName
from reportkit.model.needle import Needle
from reportkit.model.params import Ask, Audience, NeedleParams
from reportkit.narrative.check import Claim, Finding, Ground, ask_without_bet, read, too_many
from reportkit.narrative.ground import ground, of_record
from reportkit.narrative.references import references
from reportkit.needles import library
from reportkit.params import Fault
from reportkit.run.parameters import cells
from reportkit.run.parameters import read as opened
from reportkit.workspace import Workspace

TAILS = ("before", "after", "comparison_before", "comparison_after", "effect", "now", "last_quarter", "target")
PROBLEM = "report.problem("


def faults(place: Workspace) -> Iterator[Fault]:
    """A fault for each finding in a problem or an ask, and for more needles than a reader can hold."""
    for key, audience in place.audiences.items():
        where = place.params.lines.where
        against = _ground(place, audience, _claims(place, key))
        problem = read(audience.problem, "problem", against, early=True)
        yield from _told(audience, problem, where("audiences.yaml", key, "problem"))
        yield from _told(audience, too_many(len(audience.supporting)), where("audiences.yaml", key, "supporting"))
        for ask, at in _asks(place, key):
            yield from _told(audience, _of_ask(place, ask, against), at)
            yield from _unknown(place, audience, ask, at)


def advice(place: Workspace) -> Iterator[Fault]:
    """Findings in Markdown cells, which do not stop a report; and bets that one side owns alone."""
    for key in place.audiences:
        yield from in_notebook(place, key, _claims(place, key))
    for name, entry in place.needles.items():
        if entry.bets and len(entry.owners) < 2:
            at = place.params.lines.where("needles.yaml", name, "owners")
            yield Fault(
                at,
                f"{name} has a bet and {'one owner' if entry.owners else 'no owner'}; name the platform's and the stakeholder's.",
            )


def _told(audience: Audience, found: Iterable[Finding], where: str) -> Iterator[Fault]:
    for finding in found:
        if finding.rule not in audience.waive:
            yield Fault(where, f"{finding.text} ({finding.rule}).")


def _asks(place: Workspace, key: str) -> Iterator[tuple[Ask, str]]:
    """The asks to an audience with their places: its own, and those of each quarter."""
    if ask := place.audiences[key].ask:
        yield ask, place.params.lines.where("audiences.yaml", key, "ask")
    for quarter, particular in place.quarters.items():
        if key in particular.asks:
            yield particular.asks[key], place.params.lines.where(f"{quarter}.yaml", "asks", key)


def _of_ask(place: Workspace, ask: Ask, against: Ground) -> Iterator[Finding]:
    for text in filter(None, (ask.text, ask.stop)):
        yield from read(text, "ask", against)
    yield from ask_without_bet(ask.needle, len(place.needles.get(ask.needle or "", NeedleParams()).bets))


def _unknown(place: Workspace, audience: Audience, ask: Ask, where: str) -> Iterator[Fault]:
    """A fault for each reference that can name no number of this reader."""
    known = [f"{key}.{tail}" for key in _needles(place, audience) for tail in TAILS]
    for reference in references(f"{ask.text} {ask.stop or ''}"):
        if not any(
            reference == name or name.endswith(f".{reference}") or reference.endswith(f".{name}") for name in known
        ):
            parts = reference.count(".") + 1
            names = {".".join(name.split(".")[-parts:]) for name in known}
            yield Fault(where, str(UnknownName("number", reference, names)))


def _ground(place: Workspace, audience: Audience, claims: Mapping[str, Claim] | None) -> Ground:
    return ground(_needles(place, audience), place.needles, place.proofs, claims)


def _needles(place: Workspace, audience: Audience) -> dict[str, Needle]:
    """The needles that a report to this audience may tell of."""
    proofs = [name for proof in place.proofs.values() for name in proof.needles]
    known = library()
    return {name: known[name] for name in (audience.quantified_by, *audience.needles, *proofs) if name in known}


def _claims(place: Workspace, key: str) -> dict[str, Claim] | None:
    """What the latest record of the audience's report carries; None where there is none."""
    for quarter in sorted((place.root / "reports").glob(f"*/{ledger.RECORD}"), reverse=True):
        numbers = _numbers(quarter, key)
        if numbers is not None:
            return of_record(numbers, library())
    return None


def _numbers(path: Path, key: str) -> list[Mapping[str, Any]] | None:
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["reports"][key]["numbers"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def has_text(place: Workspace, key: str) -> bool:
    """Whether an audience's notebook has Markdown cells."""
    try:
        return any(cell.cell_type == "markdown" for cell in cells(place.notebook(key)))
    except ReportkitError:
        return False  # said elsewhere


def in_notebook(place: Workspace, key: str, claims: Mapping[str, Claim] | None) -> Iterator[Fault]:
    """The findings in the Markdown cells of an audience's notebook, by cell and line."""
    try:
        path = place.notebook(key)
        notebook = opened(path)
    except ReportkitError:
        return  # said elsewhere
    audience, early = place.audiences[key], True
    against = _ground(place, audience, claims)
    for number, cell in enumerate(notebook.cells, 1):
        early = early and PROBLEM not in cell.source
        if cell.cell_type == "markdown":
            where = f"notebooks/{path.name}: cell {number}"
            yield from _told(audience, read(cell.source, "text", against, early=early), f"{where}{_line(cell)}")


def _line(cell: nbformat.NotebookNode) -> str:
    first = next((line for line in cell.source.splitlines() if line.strip()), "")
    return f" ({first.strip()[:40]!r})" if first else ""
