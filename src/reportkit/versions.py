"""Versions of a params file that git knows, with the day of each: what was declared when."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from reportkit import shared
from reportkit.errors import ParamsError, SourceError
from reportkit.sources.git.clone import Clone

KNOWN = "REPORTKIT_KNOWN"  # an environment variable
FILES = ("params/needles.yaml", "params/proofs.yaml")
MOST = 50  # versions that are looked at, the latest

Version = tuple[date, Mapping[str, Any]]


def versions(root: Path, file: str) -> list[Version]:
    """The committed versions of a file of the workspace as YAML, oldest first; none where no git looks after it.

    In a build they are looked up once for all of its notebooks, in the file that REPORTKIT_KNOWN names.
    """
    known = os.environ.get(KNOWN)
    found = json.loads(Path(known).read_text(encoding="utf-8"))[file] if known else committed(root, file)
    return [(date.fromisoformat(day), tree) for day, text in found for tree in _tree(text)]


def lookup(root: Path) -> str:
    """What git knows of the params files whose versions count, as JSON: what REPORTKIT_KNOWN names a file of."""
    return json.dumps({file: committed(root, file) for file in FILES})


def committed(root: Path, file: str) -> list[tuple[str, str]]:
    """Day and text of each committed version of a file, oldest first."""
    return shared.planned(("committed", str(root), file), lambda: _committed(root, file))


def _committed(root: Path, file: str) -> list[tuple[str, str]]:
    folder = next((p for p in (root, *root.parents) if (p / ".git").exists()), None)
    if folder is None:
        return []
    clone, path = Clone(folder, folder.name), (root / file).relative_to(folder).as_posix()
    try:
        log = clone.ask("log", f"--max-count={MOST}", "--format=%H %cs", "--", path).split()
        pairs = list(zip(log[::2], log[1::2], strict=True))
        return [(day, clone.maybe("show", f"{commit}:{path}") or "") for commit, day in reversed(pairs)]
    except SourceError:
        return []


def _tree(text: str) -> Iterator[Mapping[str, Any]]:
    from reportkit.written import read  # not where a build was planned before

    try:
        tree, _ = read(text, "")
    except ParamsError:
        return
    if isinstance(tree, dict):
        yield tree
