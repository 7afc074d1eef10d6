"""The manifest of a frozen extract: what came in, what was left out and why, what it covers."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from reportkit import files
from reportkit.entities import Field, find
from reportkit.errors import SnapshotError
from reportkit.files import sha256_of
from reportkit.model.period import Window
from reportkit.sources import Origin

__all__ = ["EntityManifest", "Manifest", "sha256_of"]

FILE = "manifest.json"
RESTED = 2.0  # seconds after a change from which its times can be trusted


@dataclass(frozen=True)
class EntityManifest:
    """What became of one entity's rows: rows_in = set aside + later + read, and read = accepted + rejected_rows, always.

    `rejected` counts rows by reason; a row may break several rules, so its sum may exceed `rejected_rows`.
    """

    entity: str
    origins: tuple[Origin, ...]
    rows_in: int
    set_aside: Mapping[str, int]
    later: int  # facts that began after the quarter's end
    read: int
    accepted: int
    rejected_rows: int
    rejected: Mapping[str, int]
    covers: tuple[str, str]  # first day and the day after the last, ISO
    sha256: str  # of the frozen Parquet file
    columns: tuple[str, ...]
    missing: tuple[str, ...]  # columns of the contract that the mapping does not give
    backwards: int = 0  # accepted facts whose times run backwards: the spans that do are in no number
    warnings: Mapping[str, str] = field(default_factory=dict)  # what is odd about the whole table: how it may be mended

    @property
    def window(self) -> Window:
        """The days covered."""
        return Window(date.fromisoformat(self.covers[0]), date.fromisoformat(self.covers[1]))


@dataclass(frozen=True)
class Manifest:
    """All entities of one quarter's extract."""

    quarter: str
    time_zone: str
    taken_at: str
    reportkit: str
    mapping_sha256: str  # of what sources.yaml said
    entities: Mapping[str, EntityManifest]
    drift: tuple[
        str, ...
    ] = ()  # what sources give that they did not give at the extract before, and the other way round

    def write(self, folder: Path) -> None:
        """Write manifest.json into the folder."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False, sort_keys=True)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in the folder. Raises OSError, ValueError, KeyError or TypeError where it is not whole."""
        data: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        entities = {name: _entity(entry) for name, entry in data["entities"].items()}
        return cls(**{**data, "entities": entities, "drift": tuple(data.get("drift", ()))})


def _entity(data: dict[str, Any]) -> EntityManifest:
    fixed = {
        "origins": tuple(_origin(origin) for origin in data["origins"]),
        "covers": tuple(data["covers"]),
        "columns": tuple(data["columns"]),
        "missing": (*data["missing"], *(f.name for f in _added(data))),
        "warnings": dict(data.get("warnings", {})),
    }
    return EntityManifest(**{**data, **fixed})


def _added(data: Mapping[str, Any]) -> list[Field]:
    """Columns that the contract gained after the extract was taken; SnapshotError where it cannot go without one."""
    known = {*data["columns"], *data["missing"]}
    added = [gained for gained in find(data["entity"]).fields if gained.name not in known]
    for gained in added:
        if gained.required or gained.default is not None:
            raise SnapshotError(
                f"the extract was taken before {data['entity']} had the column {gained.name}; run `reportkit extract` with "
                "its quarter to take it again."
            )
    return added


def _origin(data: dict[str, Any]) -> Origin:
    covers = data.get("covers")
    return Origin(**{**data, "covers": tuple(covers) if covers else None, "columns": tuple(data.get("columns", ()))})


def sha256_known(path: Path) -> str:
    """The SHA-256 of a file that changes seldom: read again only where its size, its times or its place on disk differ.

    What was found is kept in the user's cache, for files that had rested a while: of two changes in one tick of the clock
    the second leaves no trace in the times.
    """
    before = _mark(path)
    name = f"hashes/{hashlib.sha256(f'{path.resolve()} {before}'.encode()).hexdigest()}"
    rested = time.time() - max(before[1], before[2]) / 1e9 > RESTED
    if not rested:
        return sha256_of(path)
    return files.kept(name, lambda: sha256_of(path).encode()).decode()


def _mark(path: Path) -> tuple[int, int, int, int]:
    """Size, time of the last change of content and of anything, and number on disk."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
