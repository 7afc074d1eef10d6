"""What computes needles over a frozen extract: DuckDB in this process, Spark, or a warehouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

from reportkit import turns
from reportkit.model.engine import Engine
from reportkit.snapshot import sql

T = TypeVar("T")
Table = Any  # an Ibis table
GROUP = 122_880  # rows that one thread of DuckDB takes at a time
ROW = "file_row_number"  # a column that DuckDB adds: where in its file a fact stands


@dataclass(frozen=True)
class Frozen:
    """One entity's frozen file."""

    path: Path
    entity: str
    sha256: str
    rows: int

    @property
    def name(self) -> str:
        """What its table is called where several extracts meet: 'changes_3f0c…', the same for the same facts alone."""
        return f"{self.entity}_{self.sha256[:24]}"


class Backend(Protocol):
    """An engine that is connected when first asked for a table. Whatever it says of itself comes as an EngineError."""

    def table(self, frozen: Frozen) -> Table:
        """The file's rows as an Ibis table with times in UTC."""

    def ready(self, all_of_them: Sequence[Frozen]) -> None:
        """Done once before many processes ask: what they would all have to do, and the errors that all would meet."""

    def keep(self, made: Table) -> Table:
        """A table that is asked for many times, worked out once where the engine can hold it."""

    def close(self) -> None:
        """Let go of the connection."""


def backend(engine: Engine, root: Path) -> Backend:
    """The engine of a workspace, not connected yet; secrets are looked up from `root`."""
    if engine.warehouse:
        from reportkit.snapshot.warehouse import Warehouse

        return Warehouse(engine, root)
    if engine.type == "spark":
        from reportkit.snapshot.spark import Spark

        return Spark(engine, root)
    return Embedded()


class Embedded:
    """DuckDB in this process, over the files as they are."""

    @cached_property
    def connection(self) -> Any:
        """Ibis on DuckDB, times in UTC."""
        from reportkit.snapshot.duck import connected

        return connected()

    def table(self, frozen: Frozen) -> Table:
        """The file, read in place: by one thread while there is work for one, for all others would only wait beside it."""
        return self._view(frozen, frozen.entity, sql.literal(str(frozen.path)))

    def placed(self, frozen: Frozen) -> Table:
        """The same with ROW."""
        return self._view(frozen, f"{frozen.entity}_placed", f"{sql.literal(str(frozen.path))}, {ROW} = true")

    def _view(self, frozen: Frozen, name: str, read: str) -> Table:
        """What is read as a view that all connections see; Ibis would make one for a single connection."""
        if frozen.rows > GROUP:
            self.connection.raw_sql("RESET threads")
        self.connection.raw_sql(f"CREATE OR REPLACE VIEW {sql.name(name)} AS FROM read_parquet({read})")
        return self.connection.table(name)

    def ready(self, all_of_them: Sequence[Frozen]) -> None:
        """Nothing to do."""

    def keep(self, made: Table) -> Table:
        """A table of this database."""
        import ibis

        engine = ibis.get_backend(made)
        kept = getattr(engine, "kept", None)
        return kept(made) if kept else engine.create_table(ibis.util.gen_name("kept"), made, temp=True)

    def at_once(self, jobs: Sequence[Callable[[], T]], begin: Sequence[int]) -> list[T]:
        """What the jobs give, in their order, begun in the order of `begin`, two at a time."""
        return turns.at_once(jobs, begin, self.connection.apart, self.connection.interrupt)

    def close(self) -> None:
        """Close the database."""
        if "connection" in self.__dict__:
            self.connection.disconnect()
            del self.__dict__["connection"]
