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
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from reportkit import files
from reportkit.errors import ReportkitError
from reportkit.fetch.addresses import host_of
from reportkit.fetch.people import BOTS, People, workspace_salt
from reportkit.fetch.place import Origin, Place
from reportkit.fetch.records import Row, Table, drift

if TYPE_CHECKING:
    import duckdb
    from requests import Session

    from reportkit.fetch.gate import Authorise, Told

DATASET = "data"
HEADERS = {"Accept": "application/json", "User-Agent": "reportkit"}
LONG = 120  # seconds of a fetch after which a second pass looks for what changed meanwhile
YEARS = 2  # of history, where the settings name no first day
ATTEMPTS = 8
BACKOFF = 0.5  # seconds before the first retry; each later one waits twice as long
TIMEOUT = (10, 90)  # seconds: to connect, between two bytes
CALM = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "EXTRACT__WORKERS": "8",
}


@dataclass(frozen=True)
class Visit:
    """One fetch: a session through the gate, the span that is asked for, in UTC, and what earlier fetches have stored."""

    api: Api
    session: Session
    since: datetime
    until: datetime
    store: Path
    trial: bool = False

    def rows(self, table: str, path: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """All records at a path, reduced to the table's columns: for what must be known before resources can be declared."""
        from dlt.sources.helpers.rest_client.client import RESTClient
        from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator

        from reportkit.fetch.gate import MARK

        client = RESTClient(
            self.api.address, headers={**HEADERS, **self.api.headers, MARK: table}, session=self.session,
            paginator=HeaderLinkPaginator(),
        )  # fmt: skip
        selector = self.api.table(table).records or "$"
        return [
            row for page in client.paginate(path, params=dict(params or {}), data_selector=selector) for row in page
        ]

    def stored(self, sql: str) -> list[Row]:
        """Rows of the store as it was before this fetch; none where it does not hold the tables yet."""
        import duckdb

        if not self.store.is_file():
            return []
        with duckdb.connect(str(self.store), read_only=True) as store:
            try:
                store.execute(f"SET search_path = '{DATASET}'")
                found = store.execute(sql)
            except duckdb.CatalogException:
                return []
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@dataclass(frozen=True)
class Chosen:
    """Of the rows of a resource those for which more is asked: itself not stored, the parent of resources that are."""

    name: str
    parent: str
    choose: Callable[[Row], bool]


@dataclass(frozen=True)
class Given:
    """Rows that are known already: stored in `table`, or only the parent of other resources where that is None."""

    name: str
    rows: list[Row]
    table: str | None = None


Declared = list[Any]  # dicts as dlt's rest_api takes them, Chosen and Given


@dataclass(frozen=True)
class Api:
    """An API as a source declares it. `resources` gives dlt's rest_api resources; `table_name` in each names its table."""

    address: str
    tables: tuple[Table, ...]
    resources: Callable[[Visit], Declared]
    authorise: Authorise
    paginator: Any = "header_link"
    headers: Mapping[str, str] = field(default_factory=dict)
    since: date | None = None
    patience: float = 900.0
    people: People | None = None  # hashed with the workspace's salt where not given
    settings: Mapping[str, Any] = field(default_factory=dict)  # those that make another store of it

    def table(self, name: str) -> Table:
        """The table called `name`."""
        return next(t for t in self.tables if t.name == name)


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
        with _dlt_at(folder), _session(api, told) as session:
            visit = Visit(api, session, since.astimezone(UTC), moment, folder / "store.duckdb", place.trial)
            _run(visit, folder)
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


@contextmanager
def _dlt_at(folder: Path) -> Iterator[None]:
    """Dlt with all of its folders in `folder`, no telemetry, no configuration of anybody's, no log."""
    wanted = {
        **CALM,
        "DLT_DATA_DIR": str(folder / "dlt"),
        "DLT_PROJECT_DIR": str(folder / "dlt"),
        "DLT_LOCAL_DIR": str(folder / "dlt"),
    }
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _session(api: Api, told: Told) -> Session:
    """Dlt's session, which retries and waits, with the gate below it."""
    from dlt.sources.helpers.requests import Client

    from reportkit.fetch.gate import Budget, Gate

    client = Client(
        request_timeout=TIMEOUT,
        raise_for_status=False,
        status_codes=(202, 429, *range(500, 600)),
        retry_condition=lambda response, _: (
            response is not None and response.status_code == 403 and "Retry-After" in response.headers
        ),
        request_max_attempts=ATTEMPTS,
        request_backoff_factor=BACKOFF * (1 + random.random()),  # noqa: S311  (jitter, no secret)
        request_max_retry_delay=api.patience + 60,
    )
    session = client.session
    gate = Gate(api.address, api.authorise, told, Budget(api.patience))
    session.mount("https://", gate)
    session.mount("http://", gate)
    session.verify = True
    return session


def _run(visit: Visit, folder: Path) -> None:
    """Let dlt fetch and store. Its own working files of a run that was killed are not needed: the store has the cursors."""
    import dlt

    shutil.rmtree(folder / "dlt", ignore_errors=True)
    resources = _resources(visit)
    if not resources:
        return  # nothing is new
    if visit.trial:
        resources = [resource.add_limit(1) for resource in resources]
    pipeline = dlt.pipeline(
        "fetch",
        pipelines_dir=str(folder / "dlt" / "pipelines"),
        destination=dlt.destinations.duckdb(str(visit.store)),
        dataset_name=DATASET,
    )
    pipeline.run(resources, loader_file_format="parquet")
    shutil.rmtree(folder / "dlt", ignore_errors=True)


def _resources(visit: Visit) -> list[Any]:
    """Dlt's resources of what the source declares, in its order: a parent stands before what is asked for it."""
    made: dict[str, Any] = {}
    waiting: list[Any] = []
    for one in visit.api.resources(visit):
        if isinstance(one, dict):
            waiting.append(_completed(one, visit.api))
            continue
        _declare(waiting, made, visit)
        made[one.name] = _chosen(one, made, visit) if isinstance(one, Chosen) else _given(one, visit.api)
    _declare(waiting, made, visit)
    return list(made.values())


def _declare(waiting: list[Any], made: dict[str, Any], visit: Visit) -> None:
    """Turn the declarations so far into resources."""
    from dlt.sources.rest_api import rest_api_resources

    if not waiting:
        return
    parents = [r for r in made.values() if any(f"{{resources.{r.name}." in str(one["endpoint"]) for one in waiting)]
    client: Any = {
        "base_url": visit.api.address,
        "session": visit.session,
        "paginator": visit.api.paginator,
        "headers": {**HEADERS, **visit.api.headers},
    }
    for resource in rest_api_resources({"client": client, "resources": [*parents, *waiting]}):
        made[resource.name] = resource
    waiting.clear()


def _chosen(one: Chosen, made: Mapping[str, Any], visit: Visit) -> Any:
    import dlt

    def choose(rows: list[Row]) -> list[Row]:
        return [row for row in rows if one.choose(row)][: 1 if visit.trial else None]

    return dlt.transformer(choose, data_from=made[one.parent], name=one.name, selected=False)


def _given(one: Given, api: Api) -> Any:
    import dlt

    if one.table is None:
        return dlt.resource([one.rows], name=one.name, selected=False)
    return dlt.resource([one.rows], name=one.name, table_name=one.table, **_stored_as(api.table(one.table)))


def _stored_as(table: Table) -> dict[str, Any]:
    return {
        "primary_key": list(table.key),
        "write_disposition": "merge",
        "columns": {column: {"data_type": "text"} for column in table.columns},
    }


def _completed(declared: dict[str, Any], api: Api) -> dict[str, Any]:
    """A resource as a source declares it, with all that follows from its table."""
    from reportkit.fetch.gate import MARK

    table = api.table(declared["table_name"])
    endpoint = dict(declared["endpoint"])
    endpoint["headers"] = {**endpoint.get("headers", {}), MARK: table.name}
    endpoint.setdefault("data_selector", table.records or "$")
    return {**_stored_as(table), **declared, "endpoint": endpoint}


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
