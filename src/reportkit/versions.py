"""Versions of a params file that git knows, with the day of each: what was declared when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from reportkit.errors import SourceError
from reportkit.sources.git.clone import Clone

MOST = 50  # versions that are looked at, the latest

Version = tuple[date, Mapping[str, Any]]


def versions(root: Path, file: str) -> list[Version]:
    """The committed versions of a file of the workspace as YAML, oldest first; none where no git looks after it."""
    folder = next((p for p in (root, *root.parents) if (p / ".git").exists()), None)
    if folder is None:
        return []
    clone, path = Clone(folder, folder.name), (root / file).relative_to(folder).as_posix()
    try:
        log = clone.ask("log", f"--max-count={MOST}", "--format=%H %cs", "--", path).split()
        pairs = list(zip(log[::2], log[1::2], strict=True))
        return [
            (date.fromisoformat(day), tree) for commit, day in reversed(pairs) for tree in _tree(clone, commit, path)
        ]
    except SourceError:
        return []


def _tree(clone: Clone, commit: str, path: str) -> Iterator[Mapping[str, Any]]:
    text = clone.maybe("show", f"{commit}:{path}")
    try:
        tree = YAML(typ="safe", pure=True).load(text or "")
    except (YAMLError, ValueError):
        return
    if isinstance(tree, dict):
        yield tree
