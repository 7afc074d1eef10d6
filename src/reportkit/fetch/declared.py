"""An API as a source declares it to dlt: tables, resources, and what a declaration may ask for beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportkit.fetch.people import People
from reportkit.fetch.records import Row, Table

if TYPE_CHECKING:
    from requests import Session

    from reportkit.fetch.gate import Authorise

DATASET = "data"
HEADERS = {"Accept": "application/json", "User-Agent": "reportkit"}


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
