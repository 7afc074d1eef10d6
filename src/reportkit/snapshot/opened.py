"""A frozen extract, opened read-only: its tables as Ibis expressions."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from reportkit.entities import IBIS_TYPES, find
from reportkit.errors import SnapshotError
from reportkit.model.engine import Engine
from reportkit.model.period import Window
from reportkit.model.rules import Rules
from reportkit.snapshot.away import left_behind, missed
from reportkit.snapshot.backends import ROW, Backend, Embedded, Frozen, backend
from reportkit.snapshot.manifest import FILE, EntityManifest, Manifest, sha256_known
from reportkit.turns import aside

T = TypeVar("T")
MANY = 2_000_000  # facts, of which a needle takes longer than what it takes to ask


@dataclass(frozen=True)
class Snapshot:
    """The extract of one quarter. `table` gives its entities as Ibis tables with times in UTC."""

    folder: Path
    manifest: Manifest
    time_zone: str
    rules: Rules = field(default_factory=Rules)
    only: Mapping[str, str] = field(default_factory=dict)  # {'team': 'basket'}: the facts of that team alone
    engine: Engine = field(default_factory=Engine)
    behind: frozenset[str] = frozenset()  # entities that did not travel here with the others
    _whole: Snapshot | None = field(default=None, compare=False, repr=False)
    _tables: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)
    _kept: dict[Hashable, Future[Any]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def open(cls, folder: Path, time_zone: str, rules: Rules | None = None, engine: Engine | None = None) -> Snapshot:
        """The extract in `folder`, to be computed by an engine (DuckDB where not given).

        Raises SnapshotError where it is missing, incomplete or was altered after it was frozen.
        """
        try:
            manifest = Manifest.read(folder)
        except (OSError, ValueError, KeyError, TypeError):
            raise SnapshotError(
                f"extracts/{folder.name} has no readable {FILE}; run `reportkit extract {folder.name}`."
            ) from None
        if manifest.quarter != folder.name:
            raise SnapshotError(
                f"extracts/{folder.name} holds the extract of {manifest.quarter}; run `reportkit extract {folder.name}`."
            )
        if manifest.time_zone != time_zone:
            raise SnapshotError(
                f"extracts/{folder.name} was taken for {manifest.time_zone}, where organisation.yaml says {time_zone} "
                f"now; run `reportkit extract {folder.name}` to take it again."
            )
        behind = left_behind(folder)
        for name, entity in manifest.entities.items():
            if name in behind:
                continue
            path = folder / f"{name}.parquet"
            if not path.is_file() or sha256_known(path) != entity.sha256:
                what = "was altered after it was frozen" if path.is_file() else "is missing"
                raise SnapshotError(
                    f"extracts/{folder.name}/{name}.parquet {what}; run `reportkit extract {folder.name}` to take it again."
                )
        return cls(folder, manifest, time_zone, rules or Rules(), engine=engine or Engine(), behind=behind)

    @property
    def quarter(self) -> str:
        """The quarter, such as '2026-Q3'."""
        return self.manifest.quarter

    def has(self, entity: str) -> bool:
        """Whether the extract has the entity."""
        return entity in self.manifest.entities

    def table(self, entity: str, *, placed: bool = False) -> Any:
        """The accepted facts of an entity as an Ibis table; `placed`: with ROW, by an engine that reads the file itself.

        Raises UnknownName, SnapshotError where it was not extracted, EngineError where the engine cannot read it.
        """
        self._entity(entity)
        if self._whole is not None:
            table = self._whole.table(entity, placed=placed)
            return table.filter(*(table[by] == value for by, value in self.only.items()))
        own = self._backend
        read, key = (own.placed, (entity, ROW)) if placed and isinstance(own, Embedded) else (own.table, entity)
        if key not in self._tables:
            self._tables[key] = _whole(read(self._frozen(entity)), entity)
        return self._tables[key]

    def kept(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """A table that is worked out when first asked for; an engine that can keeps it as long as the extract is open."""
        if found := self._kept.get(key):
            with aside():  # it may be another thread's work, not done yet
                return found.result()
        made: Future[Any] = Future()
        try:
            self._kept[key] = made
            made.set_result(self._backend.keep(make()))
        except BaseException as error:
            self._kept.pop(key, None)
            if not made.done():
                made.set_exception(error)
            raise
        return made.result()

    def at_once(self, jobs: Sequence[Callable[[], T]], begin: Sequence[int]) -> list[T]:
        """What the jobs give, in their order; each asks this extract. Raises what the first of them that fails raises.

        Over MANY facts the embedded engine works on two at a time, begun in the order of `begin`; else, and on other engines,
        one comes after the other.
        """
        own, facts = self.whole._backend, sum(entity.accepted for entity in self.manifest.entities.values())  # noqa: SLF001
        if isinstance(own, Embedded) and facts >= MANY and len(jobs) > 1 and (os.cpu_count() or 1) > 1:
            return own.at_once(jobs, begin)
        return [job() for job in jobs]

    def cut(self, only: Mapping[str, str]) -> Snapshot:
        """The same extract with the facts of one team (or service, journey) alone, from the same engine."""
        return replace(self, only=only, _whole=self.whole, _tables={}, _kept={})

    @property
    def whole(self) -> Snapshot:
        """The extract with the facts of everybody."""
        return self if self._whole is None else self._whole

    def hash(self, entity: str) -> str:
        """SHA-256 of the entity's frozen file."""
        return self._entity(entity).sha256

    def covers(self, entity: str) -> Window:
        """The days that the entity's facts cover, in the organisation's time zone."""
        return self._entity(entity).window

    def _entity(self, entity: str) -> EntityManifest:
        find(entity)
        if not self.has(entity):
            raise SnapshotError(f"the extract of {self.quarter} has no {entity}; map it in sources.yaml.")
        return self.manifest.entities[entity]

    @cached_property
    def _backend(self) -> Backend:
        return backend(self.engine, self.folder.parent.parent)

    def ready(self) -> None:
        """See to it that the engine can be asked by many processes. Raises EngineError where it cannot be used."""
        self._backend.ready([self._frozen(entity) for entity in self.manifest.entities])

    def _frozen(self, entity: str) -> Frozen:
        known = self._entity(entity)
        if entity in self.behind:
            raise missed(self.folder, entity)
        return Frozen(self.folder / f"{entity}.parquet", entity, known.sha256, known.accepted)

    def under(self, rules: Rules) -> Snapshot:
        """The same extract, on the same engine, measured by other rules."""
        if self._whole is not None:
            return replace(self, rules=rules, _whole=self._whole.under(rules))
        other = replace(self, rules=rules)
        other.__dict__["_backend"] = self._backend
        return other

    def close(self) -> None:
        """Let go of the engine."""
        if self._whole is not None:
            self._whole.close()
        if "_backend" in self.__dict__:
            self._tables.clear()
            self._kept.clear()
            self._backend.close()
            del self.__dict__["_backend"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _whole(table: Any, entity: str) -> Any:
    """The table with every column of the contract: one that the extract is too old to have is unknown in every fact."""
    import ibis

    lacking = [field for field in find(entity).fields if field.name not in table.columns]
    return table.mutate(**{field.name: ibis.null(IBIS_TYPES[field.type]) for field in lacking}) if lacking else table
