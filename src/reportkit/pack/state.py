"""What the last build of a quarter knew: kept beside its reports, so that the next one does only what has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reportkit import files, unchanged
from reportkit.pack import fingerprint
from reportkit.pack.fingerprint import Parts
from reportkit.pack.plan import Job

ENDINGS = ("html", "ipynb", "pdf")


def read(folder: Path) -> dict[str, Any]:
    """What was kept in the quarter's folder; nothing where there is nothing readable."""
    try:
        kept = json.loads((folder / unchanged.FILE).read_text(encoding="utf-8"))
        return dict(kept) if kept.get("format") == unchanged.FORMAT else {}
    except (OSError, ValueError, AttributeError):
        return {}


def entry(parts: Parts, folder: Path, report: str, *, restyles: bool) -> dict[str, Any]:
    """What to keep of a report that was just put into the folder: what it is made of, its files' digests, whether it can be restyled."""
    made = {ending: fingerprint.digest((folder / f"{report}.{ending}").read_bytes()) for ending in ENDINGS}
    return {"parts": parts, "files": made, "restyles": restyles}


def write(folder: Path, scratch: Path, kept: Mapping[str, Any]) -> None:
    """Put what is to be kept into the quarter's folder."""
    draft = scratch / "state.json"
    draft.write_text(json.dumps({"format": unchanged.FORMAT, **kept}, sort_keys=True), encoding="utf-8")
    files.put(draft, folder / unchanged.FILE)


def due(jobs: Sequence[Job], parts: Mapping[str, Parts], folder: Path, *, force: bool) -> list[Job]:
    """The jobs that have to be done, each with why, and whether laying it out again will do."""
    kept = read(folder).get("reports", {})
    judged = [_judged(job, kept.get(job.report), parts[job.report], folder, force=force) for job in jobs]
    return [job for job in judged if job.why]


def _judged(job: Job, kept: Mapping[str, Any] | None, now: Parts, folder: Path, *, force: bool) -> Job:
    if force:
        return replace(job, why="asked for with --force")
    if kept is None:
        return replace(job, why="not built yet")
    touched = [f"{job.report}.{ending}" for ending in ENDINGS if not _as_made(kept, folder, job.report, ending)]
    if f"{job.report}.ipynb" in touched:
        return replace(job, why=f"{touched[0]} is not as it was made")
    why = fingerprint.reason(kept["parts"], now)
    if not why and touched:
        return replace(job, why=f"{touched[0]} is not as it was made", restyle=True)
    look = bool(why) and fingerprint.only_style(kept["parts"], now)
    needed = look and _needed(job, kept)
    return replace(job, why=f"{why}; {needed}" if needed else why, restyle=look and not needed)


def _needed(job: Job, kept: Mapping[str, Any]) -> str:
    """Why a report has to run though nothing but its look has changed; '' where laying it out again will do."""
    if not kept.get("restyles"):
        return "a picture in it can only be drawn by its notebook"
    place = fingerprint.looked_at(job.notebook)
    return f"{place} of its notebook uses the look" if place.startswith("cell") else place and f"{place} uses the look"


def _as_made(kept: Mapping[str, Any], folder: Path, report: str, ending: str) -> bool:
    path = folder / f"{report}.{ending}"
    return path.is_file() and fingerprint.digest(path.read_bytes()) == kept["files"].get(ending)
