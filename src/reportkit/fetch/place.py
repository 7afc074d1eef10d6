"""Where a source reads, what its settings have in common, and what came in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from reportkit.model.params import Params

if TYPE_CHECKING:
    import duckdb

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    """Progress that nobody watches."""


class SourceSpec(Params):
    """Settings that every source has: its type."""

    knows_span: ClassVar[bool] = False  # whether its origins say themselves what they cover

    type: str


@dataclass(frozen=True)
class Place:
    """Where a source is read: the workspace folder that relative paths start from, the open DuckDB connection, a scratch folder."""

    root: Path
    connection: duckdb.DuckDBPyConnection
    scratch: Path  # for files that are converted on the way; gone when the extract is done
    time_zone: str = "UTC"  # of times that carry none, unless the source's settings say otherwise
    progress: Progress = _silent
    trial: bool = False  # one page of each table, kept nowhere: `extract --check`
    entities: frozenset[str] = frozenset()  # what is made of the source; anything may be where empty
    headers: bool = False  # no row is asked for: the views need but have the columns, as `check` binds mappings to them

    def feeds(self, *entities: str) -> bool:
        """Whether one of the entities is made of the source, so that what they need has to be asked for."""
        return not self.entities or not self.entities.isdisjoint(entities)

    @property
    def state(self) -> Path:
        """The folder in which sources remember between extracts what they have; git ignores it."""
        return self.root / "extracts" / ".state"


@dataclass(frozen=True)
class Origin:
    """What came in: its name for the reader, its bytes and their SHA-256."""

    source: str
    what: str
    sha256: str
    bytes: int
    covers: tuple[str, str] | None = None  # first day and the day after the last, ISO, where the source itself knows
    columns: tuple[str, ...] = ()  # or fields, as the other side names them; what drifts between extracts is told
