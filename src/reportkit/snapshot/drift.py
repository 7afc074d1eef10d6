"""What has changed in how the sources are laid out since the extract before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reportkit.errors import SnapshotError
from reportkit.snapshot.manifest import Manifest
from reportkit.sources import Origin

MOST = 8  # names that a sentence lists
Columns = Mapping[tuple[str, str], frozenset[str]]  # by source and table


def drift(extracts: Path, origins: Iterable[Origin]) -> tuple[str, ...]:
    """A sentence for each table whose columns differ from those of the extract that was taken last, of any quarter."""
    before = _columns(_last(extracts))
    return tuple(_sentences(before, _columns(origins)))


def _sentences(before: Columns, now: Columns) -> Iterator[str]:
    for table, columns in now.items():
        known = before.get(table)
        if not known or not columns:
            continue
        changes = [
            f"{verb} {_listed(names)}"
            for verb, names in (("new are", columns - known), ("gone are", known - columns))
            if names
        ]
        if changes:
            yield f"{' '.join(dict.fromkeys(table))} has other columns than at the last extract: {', '.join(changes)}."


def _columns(origins: Iterable[Origin]) -> Columns:
    """The columns of each table: all files of a source are one, an API's tables are told apart."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for origin in origins:
        table = (
            (origin.source, match[1])
            if (match := re.match(r"(\w+) of ", origin.what))
            else (origin.source, origin.source)
        )
        found[table] = found.get(table, frozenset()) | set(origin.columns)
    return found


def _last(extracts: Path) -> list[Origin]:
    """What fed the extract that was taken last; nothing where there is none that can be read."""
    manifests = []
    for folder in extracts.glob("[0-9]*-Q[1-4]"):
        try:
            manifests.append(Manifest.read(folder))
        except (OSError, ValueError, KeyError, TypeError, SnapshotError):
            continue
    if not manifests:
        return []
    last = max(manifests, key=lambda manifest: manifest.taken_at)
    return [origin for entity in last.entities.values() for origin in entity.origins]


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:MOST]) + (f" and {len(shown) - MOST} more" if len(shown) > MOST else "")
