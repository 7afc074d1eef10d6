"""An API, declared for dlt, fetched into the workspace's state and seen by DuckDB as views.

dlt follows pages, waits between retries, keeps incremental cursors and merges by key. It works in
extracts/.state/<source>/: `store.duckdb` holds all rows that were ever fetched with the cursors that belong to them,
`pages.jsonl` the pages of a fetch under way, `meta.json` what the store was made for. A store for other settings is begun
anew. Where a fetch was interrupted, its pages are taken from the journal first. While pages are read the other side goes on
working, and what moves from a page to come to one that was read is missed: so a second, incremental pass follows, which
brings what changed meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

from reportkit import files
from reportkit.errors import ReportkitError
from reportkit.fetch import pipeline
from reportkit.fetch.addresses import host_of
from reportkit.fetch.declared import DATASET, Api, Visit
from reportkit.fetch.people import BOTS, People, workspace_salt
from reportkit.fetch.place import Origin, Place
from reportkit.fetch.records import Table, drift

if TYPE_CHECKING:
    import duckdb

LONG = 120  # seconds of a fetch after which a second pass looks for what changed meanwhile
YEARS = 2  # of history, where the settings name no first day


@dataclass(frozen=True)
class Meta:
    """What a store was made for and when it was last whole."""

    made_for: str
    since: str
    generation: str
    fetched_at: str = ""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Meta | None:
        """The meta of the store in `folder`; None where there is none to be trusted."""
        try:
            return cls(**json.loads((folder / "meta.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Put it in place as a whole."""
        draft = folder / "meta.json.new"
        draft.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
        files.put(draft, folder / "meta.json")


def read(api: Api, name: str, place: Place) -> tuple[Origin, ...]:
    """Fetch what is new and make every table queryable as `name`_<table>. Raises SourceError."""
    if place.trial:
        return _read(api, name, place, place.scratch / "state" / name)
    with files.lock(place.state / f"{name}.lock", f"fetching {name}"):
        return _read(api, name, place, place.state / name)


def _read(api: Api, name: str, place: Place, folder: Path) -> tuple[Origin, ...]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    meta = _begun(api, folder, place)
    began = time.monotonic()
    meta, uneven = _fetch(api, name, place, folder, meta)
    if not place.trial and (uneven or time.monotonic() - began > LONG):
        meta, _ = _fetch(api, name, place, folder, meta)
    return tuple(_views(api, name, place, folder, meta))


def _begun(api: Api, folder: Path, place: Place) -> Meta:
    """The meta of the store at hand, or of a new one where the settings want another."""
    wanted = {"address": api.address, "settings": dict(api.settings), "tables": [t.layout for t in api.tables]}
    wanted["people"] = _people(api, place).hash("somebody")
    made_for = hashlib.sha256(json.dumps(wanted, sort_keys=True, default=str).encode()).hexdigest()
    known = Meta.read(folder)
    if known and known.made_for == made_for and (api.since is None or str(api.since) >= known.since):
        return known
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    today = datetime.now(UTC).date()
    since = api.since or today.replace(year=today.year - YEARS, day=1)
    meta = Meta(made_for, str(since), uuid4().hex)
    meta.write(folder)
    return meta


def _people(api: Api, place: Place) -> People:
    return api.people or People(workspace_salt(place.root), BOTS)


def _fetch(api: Api, name: str, place: Place, folder: Path, meta: Meta) -> tuple[Meta, bool]:
    """One pass: what is new is stored, merged by key, or nothing is.

    Returns the new meta, and whether its pages are of different moments: then what changed in between may stand on none of
    them, and only another pass finds it.
    """
    from reportkit.fetch.gate import Told
    from reportkit.fetch.journal import Journal
    from reportkit.fetch.words import explained

    moment = datetime.now(UTC)
    journal = Journal(folder, meta.generation)
    told = Told(name, {t.name: t for t in api.tables}, _people(api, place), journal, place.progress)
    since = datetime.combine(date.fromisoformat(meta.since), datetime.min.time(), ZoneInfo(place.time_zone))
    try:
        with pipeline.contained(folder), pipeline.session_of(api, told) as session:
            visit = Visit(api, session, since.astimezone(UTC), moment, folder / "store.duckdb", place.trial)
            pipeline.run(visit, folder)
    except (ReportkitError, KeyboardInterrupt):
        raise
    except Exception as error:  # noqa: BLE001  (dlt wraps whatever happened)
        raise explained(error, name, api.address, journal.pages) from None
    finally:
        journal.close()
    fields = {
        t.name: tuple(drift(meta.fields.get(t.name, ()), told.seen[t.name], t))
        for t in api.tables
        if t.name in told.seen
    }
    whole = Meta(meta.made_for, meta.since, uuid4().hex, moment.isoformat(), {**meta.fields, **fields})
    whole.write(folder)
    journal.forget()
    return whole, bool(journal.replayed or told.followed)


def _views(api: Api, name: str, place: Place, folder: Path, meta: Meta) -> Iterator[Origin]:
    """A view for each table, over a Parquet copy in the scratch folder, so that the store is free again at once."""
    import duckdb

    today = datetime.fromisoformat(meta.fetched_at).astimezone(ZoneInfo(place.time_zone)).date()
    path = folder / "store.duckdb"
    with duckdb.connect(str(path), read_only=True) if path.is_file() else duckdb.connect() as store:
        for table in api.tables:
            path = place.scratch / f"{name}_{table.name}.parquet"
            rows = _copied(store, table, path)
            quoted = str(path).replace("'", "''")
            place.connection.execute(
                f"CREATE OR REPLACE VIEW \"{name}_{table.name}\" AS SELECT * FROM read_parquet('{quoted}')"
            )
            yield Origin(
                source=name,
                what=f"{table.name} of {host_of(api.address)}, {rows:,} in all",
                sha256=files.sha256_of(path),
                bytes=path.stat().st_size,
                covers=(meta.since, str(max(today, date.fromisoformat(meta.since)))),
                columns=tuple(meta.fields.get(table.name, ())),
            )


def _copied(store: duckdb.DuckDBPyConnection, table: Table, path: Path) -> int:
    """Write a table's rows into a Parquet file, ordered by key; returns how many there are."""
    known = store.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?", [DATASET, table.name]
    ).fetchall()
    have = {str(row[0]) for row in known}
    columns = ", ".join(f'"{c}"' if c in have else f'NULL::VARCHAR AS "{c}"' for c in table.columns)
    source = f'{DATASET}."{table.name}" ORDER BY {", ".join(table.key)}' if have else "(SELECT 1) WHERE false"
    file = str(path).replace("'", "''")
    copied = store.execute(
        f"COPY (SELECT {columns} FROM {source}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"
    ).fetchone()
    return int(copied[0]) if copied else 0
