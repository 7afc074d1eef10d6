"""What stands in reports/<quarter>/ beside the reports: record and index of those that are there, and nothing of those that are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reportkit import files, render
from reportkit.english.pages import ALL_REPORTS
from reportkit.errors import SnapshotError
from reportkit.pack import fingerprint, health, record, sheets, state
from reportkit.pack.making import Making
from reportkit.pack.plan import Planned
from reportkit.snapshot import Manifest
from reportkit.workspace import Workspace


def publish(making: Making, made: Sequence[record.Made], parts: Mapping[str, fingerprint.Parts]) -> dict[str, Any]:
    """Write record, index and what is kept for the next build: of all reports that the folder holds, and those just made. The record."""
    known = manifest(making.workspace, making.quarter)
    whole = record.record(making.workspace, known, making.target, made)
    _write(making, record.FILE, record.as_json(whole))
    everyone = sheets.sheet(making.workspace, making.quarter, ALL_REPORTS, ALL_REPORTS)
    sound = health.health(known, making.workspace.period(making.quarter).window)
    index = render.index(sheets.entries(making.workspace, whole), everyone, sound, sheets.verdicts(whole), making.notes)
    _write(making, "index.html", index)
    kept = state.read(making.target).get("reports", {})
    now = {one.report: state.entry(parts[one.report], making.target, one.report, restyles=one.restyles) for one in made}
    state.write(making.target, making.scratch, {"reports": {**kept, **now}})
    return whole


def withdraw(making: Making, planned: Planned) -> None:
    """Remove what groups had that get no report any more: files, failed attempts, numbers in the record, lines of the index.

    At once, whatever becomes of the build: what they tell may not stand.
    """
    target, own = making.target, {*planned.standing, *making.workspace.audiences}
    written = record.before(target / record.FILE)
    each = {name for name, entry in written.items() if entry.get("audience", name) != name}
    gone = {*planned.withheld, *each} - planned.standing
    for report in sorted(gone):
        if report in written:
            making.progress(f"{report}: withdrawn, for there is no such report in the quarter any more")
        for ending in state.ENDINGS:
            (target / f"{report}.{ending}").unlink(missing_ok=True)
    for report in {path.stem for path in (target / "failed").glob("*.*")} - own:
        forgive(target / "failed", report)
    kept = state.read(target)
    if gone & kept.get("reports", {}).keys():
        rest = {name: entry for name, entry in kept["reports"].items() if name not in gone}
        state.write(target, making.scratch, {"reports": rest})
    if gone & written.keys():
        publish(making, (), {})


def forgive(failed: Path, report: str) -> None:
    """Remove what explains a failed attempt at a report."""
    for ending in ("ipynb", "txt"):
        (failed / f"{report}.{ending}").unlink(missing_ok=True)
    if failed.is_dir() and not any(failed.iterdir()):
        failed.rmdir()


def manifest(workspace: Workspace, quarter: str) -> Manifest:
    """The manifest of the quarter's extract. Raises SnapshotError where it cannot be read."""
    try:
        return Manifest.read(workspace.root / "extracts" / quarter)
    except (OSError, ValueError, KeyError, TypeError):
        raise SnapshotError(
            f"extracts/{quarter} has no readable manifest; run `reportkit extract {quarter}`."
        ) from None


def _write(making: Making, name: str, text: str) -> None:
    draft = making.scratch / name
    draft.write_text(text, encoding="utf-8")
    files.put(draft, making.target / name)
