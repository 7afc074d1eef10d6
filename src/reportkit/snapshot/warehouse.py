"""A warehouse as the engine: the extract's tables are loaded into it once, under names that tell their content.

A table's name carries its entity and the hash of its frozen file, so tables of two quarters, or of an extract that was taken
again, never meet. A load that breaks off leaves nothing that is believed later: PostgreSQL loads in one transaction, others
under a name that nobody reads, and give the table its own name when it is whole.
"""

from __future__ import annotations

import secrets as dice
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reportkit.errors import EngineError, ReportkitError
from reportkit.fetch import databases
from reportkit.fetch.secrets import find, redact
from reportkit.model.engine import Engine
from reportkit.model.secret import PLACES
from reportkit.snapshot import postgres
from reportkit.snapshot.backends import Frozen, Table

WHERE = "params/organisation.yaml: engine"
BATCH = 100_000  # rows
DRIVERS = {
    "postgres": "psycopg",
    "trino": "trino",
    "snowflake": "snowflake.connector",
    "bigquery": "google.cloud.bigquery",
}
PLACE = {"bigquery": "dataset_id"}  # what the setting for the schema is called, where it is not `schema`


class Warehouse:
    """PostgreSQL, Trino, Snowflake or BigQuery through Ibis; connected when first asked."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self.engine, self.root = engine, root

    def table(self, frozen: Frozen) -> Table:
        """The entity's table, loaded where it is not there yet. Raises EngineError."""
        with self._told(f"{frozen.entity} cannot be loaded into the schema {self.engine.tables}"):
            if not self._there(frozen.name):
                self._load(frozen)
            table = self.connection.table(frozen.name)
        return self._whole(frozen, table)

    def ready(self, all_of_them: Sequence[Frozen]) -> None:
        """Load what is not there yet."""
        for frozen in all_of_them:
            self.table(frozen)

    def keep(self, made: Table) -> Table:
        """A temporary table of this connection, where the warehouse has such tables; else the query, asked anew each time."""
        if not getattr(self.connection, "supports_temporary_tables", False):
            return made
        import ibis

        try:
            return self.connection.create_table(ibis.util.gen_name("kept"), made, temp=True)
        except Exception:  # noqa: BLE001  # who may not make temporary tables asks the whole query each time
            return made

    def close(self) -> None:
        """Disconnect."""
        if "connection" in self.__dict__:
            with suppress(Exception):
                self.connection.disconnect()
            del self.__dict__["connection"]

    @cached_property
    def connection(self) -> Any:
        """Ibis on the warehouse. Raises EngineError."""
        import ibis

        engine = self.engine
        address = databases.address(engine.url or "", engine.password, self.root, WHERE)
        options = {name: self._plain(value) for name, value in engine.options.items()}
        if not address.startswith(engine.type):
            raise EngineError(f"`url` is no address of {engine.label}; mend it.", where=WHERE)
        place = {PLACE.get(engine.type, "schema"): engine.tables}
        name = databases.shown(address)
        if not installed(DRIVERS[engine.type]):
            raise EngineError(not_installed(engine), where=WHERE)
        try:
            return ibis.connect(address, **place, **options)
        except ImportError:  # of something that the driver itself needs
            raise EngineError(not_installed(engine), where=WHERE) from None
        except Exception as error:  # noqa: BLE001  # each driver has its own
            said = databases.line(error)
            raise EngineError(f"{engine.label} at {name} cannot be reached: {said}.", where=WHERE) from None

    def _plain(self, value: Any) -> Any:
        secret = isinstance(value, str) and PLACES.fullmatch(value)
        return find(value, self.root, WHERE) if secret else value

    def _there(self, name: str) -> bool:
        return name in self.connection.list_tables(like=f"^{name}$")

    def _load(self, frozen: Frozen) -> None:
        if self.engine.type == "postgres":
            postgres.load(self.connection, self.engine.tables, frozen)
        else:
            load(self.connection, frozen)

    def _whole(self, frozen: Frozen, table: Table) -> Table:
        """The table, its rows counted. Raises EngineError where somebody changed it."""
        with self._told(f"{frozen.name} cannot be read"):
            rows = int(table.count().to_pyarrow().as_py())
        if rows != frozen.rows:
            raise EngineError(
                f"the table {self.engine.tables}.{frozen.name} has {rows:,} rows, where the frozen extract has "
                f"{frozen.rows:,}: somebody changed it; drop it, and it is loaded again.",
                where=WHERE,
            )
        return table

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """What the driver says in the block becomes an EngineError."""
        self.connection  # noqa: B018  # its own errors say more
        try:
            yield
        except ReportkitError:
            raise
        except Exception as error:  # noqa: BLE001  # each driver has its own
            raise EngineError(redact(f"{what}: {databases.line(error)}."), where=WHERE) from None


def load(connection: Any, frozen: Frozen) -> None:
    """Load a frozen file through Ibis: under a name that nobody reads, renamed when it is whole."""
    import ibis
    import pyarrow as pa
    import pyarrow.parquet as pq

    draft = f"{frozen.name}_loading_{dice.token_hex(4)}"
    with pq.ParquetFile(frozen.path) as file:
        connection.create_table(draft, schema=ibis.Schema.from_pyarrow(file.schema_arrow))
        try:
            for batch in file.iter_batches(BATCH):
                connection.insert(draft, pa.Table.from_batches([batch]))
            connection.raw_sql(f"ALTER TABLE {quoted(connection, draft)} RENAME TO {quoted(connection, frozen.name)}")
        except BaseException:
            with suppress(Exception):
                connection.raw_sql(f"DROP TABLE IF EXISTS {quoted(connection, draft)}")
            if frozen.name not in connection.list_tables(like=f"^{frozen.name}$"):  # else somebody else was faster
                raise


def quoted(connection: Any, name: str) -> str:
    """A name of letters, digits and underscores as the warehouse's SQL quotes it."""
    return f"`{name}`" if connection.name == "bigquery" else f'"{name}"'


def installed(module: str) -> bool:
    """Whether a module is there to be imported."""
    try:
        return find_spec(module) is not None
    except ImportError:  # not even the package around it
        return False


def not_installed(engine: Engine) -> str:
    """A sentence that names what to install for an engine."""
    extra = {"postgres": "reportkit[postgres]", "spark": "reportkit[spark]"}.get(
        engine.type, f"ibis-framework[{engine.type}]"
    )
    return f"the driver of {engine.label} is not installed; install it with pip install '{extra}'."
