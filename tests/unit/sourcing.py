"""Reading one source in a test, and making entities of it as an extract would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from reportkit.model.params import Organisation, Sources
from reportkit.model.period import Quarter
from reportkit.snapshot import Manifest, take
from reportkit.sources import Origin, Place, find

SALT = "a salt of eight or more"


def salted(root: Path) -> Path:
    """The workspace with a salt that every run has."""
    (root / "extracts").mkdir(parents=True, exist_ok=True)
    (root / "extracts" / ".salt").write_text(SALT + "\n")
    return root


class Read:
    """A source that was read: its origins, and SQL over its tables."""

    def __init__(self, root: Path, settings: Mapping[str, Any], name: str = "it", **place: Any) -> None:
        module = find(settings["type"])
        self.spec = module.Spec.model_validate(dict(settings))
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        scratch = salted(root) / f"scratch-{len(list(root.glob('scratch-*')))}"
        scratch.mkdir(parents=True)
        self.origins: tuple[Origin, ...] = module.read(self.spec, name, Place(root, self.connection, scratch, **place))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def column(self, sql: str) -> list[Any]:
        return [row[0] for row in self.rows(sql)]


def taken(
    root: Path, sources: Mapping[str, Any], entities: Mapping[str, Any], quarter: str = "2026-Q2", **organisation: Any
) -> Manifest:
    """The manifest of an extract taken from these sources."""
    given = Sources.model_validate({"sources": dict(sources), "entities": dict(entities)})
    return take(given, Organisation(name="Acme", **organisation), Quarter.parse(quarter), salted(root))


def facts(root: Path, entity: str, columns: str = "*", quarter: str = "2026-Q2") -> list[tuple[Any, ...]]:
    """The accepted facts of a frozen extract, in the order of their key."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        path = root / "extracts" / quarter / f"{entity}.parquet"
        return connection.execute(f"SELECT {columns} FROM read_parquet('{path}') ORDER BY 1").fetchall()
