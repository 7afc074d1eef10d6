"""An extract on another machine, to which not every entity has travelled: which did not, and whether one was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from reportkit import shared
from reportkit.errors import SnapshotError

BEHIND = ".behind.json"  # beside the manifest: the entities that stayed where the extract is
MISSED = ".missed"  # an entity that was asked for and is not here


def listing(entities: Iterable[str]) -> bytes:
    """What to write into the file of the entities that stay behind."""
    return json.dumps(sorted(entities)).encode()


def left_behind(folder: Path) -> frozenset[str]:
    """The entities of the extract that stayed behind; none where it is whole."""
    path = folder / BEHIND
    return frozenset(json.loads(path.read_bytes())) if path.is_file() else frozenset()


def missed(folder: Path, entity: str) -> SnapshotError:
    """Remember that the entity was asked for, so that all is done again with it, whatever becomes of the error.

    Nothing that comes of it is kept for other reports.
    """
    shared.lacking(entity)
    (folder / MISSED).write_text(entity, encoding="utf-8")
    return SnapshotError(f"{entity} of {folder.name} has not travelled to this machine.")


def anything_missed(extracts: Path) -> bool:
    """Whether an entity of any quarter was asked for that is not here."""
    return any(extracts.glob(f"*/{MISSED}"))
