"""Proofs whose declaration was changed after their read-out: what git's history of proofs.yaml and earlier records say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reportkit.english.changes import NOT_COMMITTED, on, reported
from reportkit.model.params import Proof
from reportkit.model.period import day_text
from reportkit.narrative.amended import changed, note, weighty
from reportkit.versions import versions

FILE = "params/proofs.yaml"
RECORD = "record.json"


def amended(root: Path, proofs: Mapping[str, Proof], quarter: str, today: date) -> dict[str, str]:
    """A sentence for each proof that was changed after its read-out, by key. `quarter` is the one being reported.

    What git knows comes first, for it has the day; then the first record that reported the proof after its read-out.
    """
    due = {key: proof for key, proof in proofs.items() if proof.read_out <= today}
    if not due:
        return {}
    known = versions(root, FILE)
    found = {}
    for key, proof in due.items():
        if text := _by_git(known, key, proof) or _by_records(root, key, proof, quarter):
            found[key] = text
    return found


def recorded(root: Path, quarter: str) -> str:
    """What the quarter's own record has kept of the proofs, as text: what is known of them hangs on it as well."""
    return json.dumps(_record(root / "reports" / quarter / RECORD), sort_keys=True)


def _by_git(versions: list[tuple[date, Mapping[str, Any]]], key: str, now: Proof) -> str:
    """By the last version on or before the read-out that was declared then, and the first later one that differs."""
    declared = [(day, proof) for day, tree in versions if (proof := _proof(tree.get(key)))]
    base = next((proof for day, proof in reversed(declared) if day <= proof.read_out), None)
    if base is None or not changed(weighty(base), weighty(now)):
        return ""
    later = (day for day, proof in declared if day > base.read_out and changed(weighty(base), weighty(proof)))
    day = next(later, None)
    return note(base, now, when=on(day_text(day)) if day else NOT_COMMITTED)


def _by_records(root: Path, key: str, now: Proof, quarter: str) -> str:
    """By the first record in which the proof was reported after its read-out."""
    for path in sorted((root / "reports").glob(f"*/{RECORD}")):
        declared = _record(path).get(key)
        then = _proof({**now.model_dump(mode="json"), **declared}) if declared else None
        if then is not None and path.parent.name <= quarter:
            return note(then, now, when=reported(path.parent.name))
    return ""


def _record(path: Path) -> Mapping[str, Any]:
    try:
        proofs = json.loads(path.read_text(encoding="utf-8")).get("proofs", {})
    except (OSError, ValueError, AttributeError):
        return {}
    return proofs if isinstance(proofs, dict) else {}


def _proof(entry: Any) -> Proof | None:
    """A proof as declared then; None where it is none by today's rules."""
    try:
        return Proof.model_validate(entry)
    except ValidationError:
        return None


def declared(proofs: Mapping[str, Proof], today: date, before: Path) -> dict[str, Any]:
    """What a record keeps of each proof: the declaration with which it was first reported after its read-out."""
    kept = _record(before)
    return {
        key: kept[key] if key in kept and proof.read_out <= today else weighty(proof)
        for key, proof in proofs.items()
        if proof.read_out <= today
    }
