"""Workspaces to build in a folder of their own, and what a build recorded."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reportkit.check import whole as check
from reportkit.snapshot import Snapshot, take
from reportkit.workspace import Workspace

REPOSITORY = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(".ipynb_checkpoints")


def real_params(name: str) -> Path:
    """The params of a workspace on real data."""
    return REPOSITORY / "tests" / "workspaces" / name / "params"


def workspace(target: Path, params: Path, raw: Path | None = None) -> Path:
    """A workspace in `target` with these params, the repository's notebooks and, where given, raw exports."""
    shutil.copytree(params, target / "params")
    shutil.copytree(REPOSITORY / "notebooks", target / "notebooks", ignore=LEFT_OUT)
    if raw is not None:
        shutil.copytree(raw, target / "extracts" / "raw")
    return target


def changed(root: Path, file: str, *replacements: tuple[str, str]) -> None:
    """Change a file of a workspace; each text to be replaced must occur."""
    path = root / "params" / file
    text = path.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text, f"{old!r} is not in {file}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def choosing(root: Path, **values: str) -> None:
    """Give choices of sources.yaml other values."""
    path = root / "params" / "sources.yaml"
    text = path.read_text(encoding="utf-8")
    for name, value in values.items():
        text, times = re.subn(rf"(  {name}:\n    value: ).*", rf"\g<1>{value}", text)
        assert times == 1, f"there is no choice {name}"
    path.write_text(text, encoding="utf-8")


def extracted(root: Path, quarter: str) -> Snapshot:
    """The extract of a quarter, taken anew from params in which no fault is found, by the organisation's rules."""
    assert not check.faults(root)
    place = Workspace.find(root)
    take(place.sources, place.organisation, place.period(quarter), root)
    return place.snapshot(quarter)


def built(root: Path, quarter: str, *, audiences: Sequence[str] = (), **environment: str) -> str:
    """Build the quarter (or some of its reports) by the command line, in a process of its own; what it printed. Every report was made."""
    command = [
        sys.executable,
        "-c",
        "from reportkit.cli import main; main()",
        "build",
        quarter,
        "--workspace",
        str(root),
        *(part for name in audiences for part in ("--audience", name)),
    ]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def reports(root: Path, quarter: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Per audience every number that its report prints, by id."""
    record = json.loads((root / "reports" / quarter / "record.json").read_text(encoding="utf-8"))
    return {name: {n["id"]: n for n in report["numbers"]} for name, report in record["reports"].items()}


def numbers(root: Path, quarter: str) -> dict[str, dict[str, Any]]:
    """Every number of every report of the quarter, by id."""
    return {id_: number for report in reports(root, quarter).values() for id_, number in report.items()}


def pages(root: Path, quarter: str, ending: str) -> list[Path]:
    """The reports' pages of one sort, the index left out."""
    folder = root / "reports" / quarter
    return sorted(p for p in folder.glob(f"*.{ending}") if p.stem != "index")
