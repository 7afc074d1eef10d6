"""A database: any that Ibis has a backend for, by its address. What queries give becomes tables, every column as text.

A source called `warehouse` yields the table `warehouse` of its `query`, or `warehouse_<name>` of each of its `queries`, or the
tables of a known layout (`layout: devlake`, `layout: backstage`) with ready mappings. Text keeps every digit of an id, and a
time keeps its offset; the mapping decides on types, as it does for files. Nothing but SELECTs is sent, read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

from reportkit.fetch import databases
from reportkit.fetch.place import Origin, Place, SourceSpec
from reportkit.files import sha256_of
from reportkit.model.params import Key
from reportkit.model.secret import Database as DatabaseAddress
from reportkit.model.secret import Secret
from reportkit.sources.sql import backstage, devlake
from reportkit.sources.sql.running import Database

LAYOUTS = {"devlake": devlake, "backstage": backstage}


class Spec(SourceSpec):
    """Settings of a database."""

    type: Literal["sql"] = "sql"
    url: DatabaseAddress = Field(
        description="postgresql://reader@host/database, duckdb:///file, sqlite:///file, snowflake://…; or env:NAME."
    )
    password: Secret | None = Field(None, description="Where the password is, if the address has none and needs one.")
    query: str | None = Field(
        None, description="A SELECT in the database's own SQL; its rows are the table of the source's name."
    )
    queries: dict[Key, str] = Field(
        default_factory=dict, description="Several: the table's name after the source's, and a SELECT."
    )
    layout: Literal["devlake", "backstage"] | None = Field(None, description="Tables with ready mappings.")
    services_since: date | None = Field(
        None, description="backstage: the day from which services count whose catalogue entry says nothing of it."
    )

    @model_validator(mode="after")
    def _something(self) -> Spec:
        if sum(map(bool, (self.query, self.queries, self.layout))) != 1:
            raise ValueError("name one of `query`, `queries` and `layout`")
        return self

    def selects(self, name: str) -> dict[str, str]:
        """Table: SELECT."""
        if self.query:
            return {name: self.query}
        chosen = self.queries or (LAYOUTS[self.layout].QUERIES if self.layout else {})
        return {f"{name}_{table}": text for table, text in chosen.items()}


def read(spec: Spec, name: str, place: Place) -> tuple[Origin, ...]:
    """Run the queries and make what they give queryable. Raises SourceError."""
    where = f"source {name}"
    address = databases.address(spec.url, spec.password, place.root, where)
    optional = LAYOUTS[spec.layout].OPTIONAL if spec.layout else frozenset()
    found = []
    with Database.opened(address, place.root, where) as database:
        for table, text in spec.selects(name).items():
            place.progress(f"{name}: asking for {table}")
            path = place.scratch / f"{table}.parquet"
            fallback = optional if table.removeprefix(f"{name}_") in optional else frozenset()
            columns, rows = database.save(text, path, limit=100 if place.trial else None, or_empty=bool(fallback))
            file = str(path).replace("'", "''")
            place.connection.execute(f"CREATE OR REPLACE VIEW \"{table}\" AS SELECT * FROM read_parquet('{file}')")
            what = f"{table.removeprefix(f'{name}_')} of {database.shown}, {rows:,} rows"
            found.append(Origin(name, what, sha256_of(path), path.stat().st_size, columns=columns))
    return tuple(found)


def mappings(spec: Spec, name: str) -> Mapping[str, Mapping[str, Any]]:
    """The ready mappings of the layout; none of free queries."""
    return LAYOUTS[spec.layout].mappings(name, spec.services_since) if spec.layout else {}
