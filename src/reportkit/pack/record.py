"""The record: every number that the reports of a quarter print, and whether they agree on it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from reportkit import ledger
from reportkit.amended import declared
from reportkit.display import MIME
from reportkit.errors import NotebookError
from reportkit.model.params import Proof
from reportkit.snapshot import Manifest
from reportkit.workspace import Workspace

FILE = "record.json"
NO_NUMBER = ("nan", "inf", "-inf")
Number = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A report that is whole in the scratch folder: its numbers by id, its files by the name they will have."""

    report: str
    title: str
    headline: str
    numbers: Mapping[str, Number] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    seconds: float = 0.0
    audience: str = ""  # where it is not what the report is called
    restyles: bool = False  # its pictures can be drawn again without its notebook being run


def restyles(notebook: NotebookNode) -> bool:
    """Whether every picture of ours in the notebook says what it was drawn from, so that it can be drawn again."""
    blocks = [block for page in payloads(notebook) for block in page["blocks"]]
    return all(block.get("recipe") for block in blocks if "svg" in block or "<svg" in block["html"])


def payloads(notebook: NotebookNode) -> list[dict[str, Any]]:
    """What reportkit's own objects said when the notebook's cells displayed them, in order."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["data"][MIME] for output in outputs if MIME in output.get("data", {})]


def headline(shown: Sequence[Mapping[str, Any]]) -> str:
    """The first line of the first answer, '' where the notebook gives none."""
    answers = [block["plain"] for payload in shown for block in payload["blocks"] if block["kind"] == "answer"]
    return next((line for text in answers for line in str(text).splitlines()), "")


def numbers(report: str, shown: Sequence[Mapping[str, Any]], scope: str = "") -> dict[str, Number]:
    """Every number that was shown, by its id; `scope` goes before the id of those that are no proof's: 'team=basket.'.

    Raises NotebookError where two with one id differ.
    """
    found: dict[str, Number] = {}
    for number in (_number(number, scope) for payload in shown for number in payload["record"]):
        known = found.setdefault(number["id"], number)
        if known != number:
            raise NotebookError(
                f"two cells disagree on {number['id']}: {known['text']} and {number['text']}; look for a cell that "
                "changes what the other one shows.",
                where=f"{report}.ipynb",
            )
    return found


def disagreements(made: Sequence[Made]) -> dict[str, str]:
    """Why reports cannot be published, by audience: what they print as the same number differs."""
    found: dict[str, str] = {}
    seen: dict[str, tuple[str, Number]] = {}
    for report in made:
        for key, number in report.numbers.items():
            other, known = seen.setdefault(key, (report.report, number))
            if known != number:
                text = (
                    f"{other} and {report.report} disagree on {key}: {known['text']} and {number['text']}; "
                    "neither is published. Look for a cell that changes one of them."
                )
                found.setdefault(other, text)
                found.setdefault(report.report, text)
    return found


def record(workspace: Workspace, manifest: Manifest, target: Path, made: Sequence[Made]) -> dict[str, Any]:
    """The quarter's record: the reports made now, and the last entries of the others that `target` still holds."""
    now = {
        report.report: {
            "audience": report.audience or report.report,
            "title": report.title,
            "headline": report.headline,
            "numbers": [report.numbers[key] for key in sorted(report.numbers)],
        }
        for report in made
    }
    kept = {
        name: entry
        for name, entry in before(target / FILE).items()
        if entry.get("audience", name) in workspace.audiences and (target / f"{name}.pdf").is_file()
    }
    engine = workspace.organisation.engine
    return {
        "quarter": manifest.quarter,
        **({} if engine.embedded else {"engine": engine.type}),
        "organisation": workspace.organisation.name,
        "reportkit": version("reportkit"),
        "proofs": declared(
            _proofs(workspace, manifest.quarter), workspace.period(manifest.quarter).window.end, target / FILE
        ),
        "bets": ledger.declared(workspace.needles, workspace.times(manifest.quarter), target / FILE),
        "definitions": workspace.definitions,
        "extract": {name: entity.sha256 for name, entity in manifest.entities.items()},
        "warnings": {name: list(entity.warnings) for name, entity in manifest.entities.items() if entity.warnings},
        "reports": {**kept, **now},
    }


def _proofs(workspace: Workspace, quarter: str) -> dict[str, Proof]:
    """The proofs that the quarter reports."""
    return {key: workspace.proofs[key] for key in workspace.quarter(quarter).proofs}


def as_json(whole: Mapping[str, Any]) -> str:
    """The record as text, the same for the same numbers."""
    return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"


def outdated(whole: Mapping[str, Any]) -> tuple[str, ...]:
    """A remark for each report whose numbers rest on an extract that has since been taken again."""
    current = set(whole["extract"].values())
    return _contradictions(whole) + tuple(
        f"{name} was built from an earlier extract of {whole['quarter']}; build it again: "
        f"reportkit build {whole['quarter']} --audience {name}"
        for name, report in sorted(whole["reports"].items())
        if any(number.get("extract", next(iter(current), None)) not in current for number in report["numbers"])
    )


def _contradictions(whole: Mapping[str, Any]) -> tuple[str, ...]:
    """A remark where a report that was built earlier prints another value of the same number than one built now."""
    seen: dict[str, tuple[str, str]] = {}
    for name, report in sorted(whole["reports"].items()):
        for number in report["numbers"]:
            other, text = seen.setdefault(number["id"], (name, number["text"]))
            if text != number["text"]:
                differ = f"{other} and {name} print {text} and {number['text']} as {number['id']}"
                return (f"{differ}: they were built from different params; run reportkit build {whole['quarter']}",)
    return ()


def before(path: Path) -> dict[str, Any]:
    """The reports of the record as it stands; none where there is no readable one."""
    try:
        reports = json.loads(path.read_text(encoding="utf-8"))["reports"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(reports)


def _number(shown: Mapping[str, Any], scope: str) -> Number:
    number = {key: _finite(value) if key in ("value", "interval") else value for key, value in shown.items()}
    return number if number.get("proof") else {**number, "id": scope + number["id"]}


def _finite(value: Any) -> Any:
    """The value with null for every number that is none: JSON knows no NaN, and a kernel sends the word for it."""
    if value in NO_NUMBER or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
