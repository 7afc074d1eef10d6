"""Taking an extract: read the sources, check every row in one scan, freeze what is accepted, keep what is not.

Everything is written into a scratch folder beside the extract and put in its place as a whole: a take that is killed
leaves the old extract or none, and a scratch folder that the next take clears away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from reportkit import files
from reportkit.entities import Entity, find
from reportkit.errors import ContractError, ExtractError, ParamsError, ReportkitError, SourceError, UnknownName
from reportkit.model.params import EntityMapping, Organisation, Sources
from reportkit.model.period import Quarter
from reportkit.model.secret import SecretInYamlError
from reportkit.model.unit import COUNT, plural
from reportkit.snapshot import contract, freezing
from reportkit.snapshot.contract import Counts
from reportkit.snapshot.drift import drift
from reportkit.snapshot.engine import engine, plain_words
from reportkit.snapshot.manifest import EntityManifest, Manifest, sha256_of
from reportkit.snapshot.mapping import Mapper
from reportkit.sources import Origin, Place, feeding, ready
from reportkit.sources import find as find_source

if TYPE_CHECKING:
    import duckdb

Progress = Callable[[str], None]
FILE = "params/sources.yaml"


def take(
    sources: Sources, organisation: Organisation, quarter: Quarter, root: Path, *, progress: Progress | None = None
) -> Manifest:
    """Take and freeze the extract of a quarter into root/extracts/<quarter>/; what it holds is as known at the quarter's end.

    Raises ExtractError (SourceError, ContractError) and leaves the earlier extract, if any, untouched.
    """
    folder = root / "extracts"
    folder.mkdir(parents=True, exist_ok=True)
    with files.lock(folder / f".{quarter}.lock", f"taking the extract of {quarter}"):
        for left in folder.glob(f".{quarter}-*"):
            freezing.restore(left, folder / str(quarter))  # a take was killed between its two renames
        with files.scratch(folder, str(quarter)) as scratch:
            taking = Taking(filled(sources), organisation, quarter, root, scratch, progress or (lambda _: None))
            manifest = taking.run()
            manifest.write(scratch / "new")
            freezing.replace(scratch / "new", folder / str(quarter), scratch)
            for name in sources.entities:
                kept(folder, quarter, name).unlink(missing_ok=True)
            return manifest


def filled(sources: Sources) -> Sources:
    """The same with the mappings that are left to the sources. Raises ParamsError where a source cannot feed an entity."""
    found = {}
    for entity, mapping in sources.entities.items():
        try:
            found[entity] = ready(entity, mapping, sources.sources)
        except ReportkitError as error:
            raise ParamsError(error.message, where=f"{FILE}: entities.{entity}") from None
    return sources.model_copy(update={"entities": found})


def kept(folder: Path, quarter: Quarter, entity: str) -> Path:
    """Where the rows that stopped an extract can be opened."""
    return folder / f"{quarter}-{entity}-rejected.csv"


def mapping_sha256(sources: Sources) -> str:
    """Identifies what sources.yaml says, whatever its layout."""
    return hashlib.sha256(json.dumps(sources.written, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Taking:
    """An extract under way: what is read, for which quarter, and where it is written."""

    sources: Sources
    organisation: Organisation
    quarter: Quarter
    root: Path
    scratch: Path
    progress: Progress
    breaches: list[str] = field(default_factory=list)  # a sentence for each entity with too many rejected rows

    def run(self) -> Manifest:
        """The manifest of what now lies in scratch/new. Raises ExtractError once all entities were looked at."""
        (self.scratch / "new" / "rejected").mkdir(parents=True)
        found = [find(name, where=f"{FILE}: entities") for name in self.sources.entities]
        with engine(self.scratch) as connection:
            origins = {name: self.read(name, connection) for name in self.sources.sources}
            entities = {entity.name: self._entity(entity, connection, origins) for entity in found}
        if self.breaches:
            raise ContractError(
                " ".join(self.breaches)
                + " Mend the export or the mapping, or raise rejected_at_most in organisation.yaml.",
                where=FILE,
            )
        return Manifest(
            quarter=str(self.quarter),
            time_zone=self.organisation.time_zone,
            taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
            reportkit=_version(),
            mapping_sha256=mapping_sha256(self.sources),
            entities=entities,
            drift=drift(self.root / "extracts", [o for found in origins.values() for o in found]),
        )

    def read(self, name: str, connection: duckdb.DuckDBPyConnection, *, trial: bool = False) -> tuple[Origin, ...]:
        """Make one source queryable. Raises ReportkitError."""
        where = f"{FILE}: sources.{name}"
        self.progress(f"reading {name}")
        settings = self.sources.sources[name]
        module = find_source(str(settings.get("type", "")), where=where)
        try:
            spec = module.Spec.model_validate(dict(settings))
        except ValidationError as error:
            raise _settings_error(error, module.Spec, where) from None
        feeds = frozenset(
            e for e, mapping in self.sources.entities.items() if name in feeding(mapping, self.sources.sources)
        )
        zone = self.organisation.time_zone
        with plain_words(where):
            return module.read(
                spec, name, Place(self.root, connection, self.scratch, zone, self.progress, trial, feeds)
            )

    def _entity(
        self, entity: Entity, connection: duckdb.DuckDBPyConnection, origins: Mapping[str, tuple[Origin, ...]]
    ) -> EntityManifest:
        self.progress(f"checking {entity.name}")
        mapping = self.sources.entities[entity.name]
        cut = self.quarter.window.instants(self.organisation.time_zone)[1]
        path = self.scratch / "new" / f"{entity.name}.parquet"
        with plain_words(f"{FILE}: entities.{entity.name}"):
            mapper = Mapper(connection, entity, mapping, self.sources.choices, self.organisation.time_zone, cut)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE staged AS {mapper.staged()}")
            columns = tuple(f.name for f in mapper.fields)
            contract.mark_doubles(connection, entity.key, columns)
            counts = contract.count(connection, mapping.set_aside)
            self._limit(entity, counts, connection)
            contract.write_accepted(connection, entity, path)
            contract.write_rejected(connection, entity.key, path.parent / "rejected" / path.name)
            fed_by = tuple(origin for name in feeding(mapping, origins) for origin in origins[name])
            return EntityManifest(
                entity=entity.name,
                origins=fed_by,
                rows_in=counts.rows_in,
                set_aside=counts.set_aside,
                later=counts.later,
                read=counts.read,
                accepted=counts.read - counts.rejected_rows,
                rejected_rows=counts.rejected_rows,
                rejected=counts.rejected,
                covers=self._covers(entity, mapping, fed_by, connection),
                sha256=sha256_of(path),
                columns=columns,
                missing=mapper.missing,
                backwards=contract.backwards(connection, entity.rules) if mapping.out_of_order == "keep" else 0,
                warnings=contract.warnings(connection, entity.doubts, [f.name for f in mapper.mapped]),
            )

    def _limit(self, entity: Entity, counts: Counts, connection: duckdb.DuckDBPyConnection) -> None:
        """Notes where too many rows break the contract, and keeps them where the PM can open them."""
        allowed = self.organisation.rejected_at_most
        if counts.share <= allowed:
            return
        target = kept(self.root / "extracts", self.quarter, entity.name)
        contract.write_rejected_csv(connection, self.scratch / target.name)
        files.put(self.scratch / target.name, target)
        verb = "breaks" if counts.rejected_rows == 1 else "break"
        self.breaches.append(
            f"{plural(counts.rejected_rows, 'row')} of {COUNT.number(counts.read)} of {entity.name} {verb} the contract, "
            f"{counts.share:.1%} where {allowed:.1%} may: {_told(counts)}; the rows are in extracts/{target.name}."
        )

    def _covers(
        self, entity: Entity, mapping: EntityMapping, origins: Sequence[Origin], connection: duckdb.DuckDBPyConnection
    ) -> tuple[str, str]:
        """First day and the day after the last: as declared, as the sources know or as the facts span, no later than the quarter's end.

        Facts that all begin with a month (or a week) stand for the whole of it; what stands until told otherwise is known to the end.
        """
        end = self.quarter.window.end
        if mapping.covers:
            return _clipped(str(mapping.covers[0]), str(mapping.covers[1]), str(end))
        known_by = [origin.covers for origin in origins if origin.covers]
        if known_by and len(known_by) == len(origins):
            starts, ends = zip(*known_by, strict=True)
            return _clipped(min(starts), max(ends), str(end))
        times = contract.times(connection, entity.moment or "_last", self.organisation.time_zone)
        if times is None:
            return str(end), str(end)
        zone = ZoneInfo(self.organisation.time_zone)
        first, last = (datetime.fromtimestamp(at, zone).date() for at in times.span)
        known = end if times.beyond or entity.standing else times.after(last)
        return _clipped(str(first), str(known), str(end))


def _clipped(first: str, last: str, end: str) -> tuple[str, str]:
    """The span cut at `end`; ISO days sort as text. Raises SourceError where it ends before it begins."""
    if last < first:
        raise SourceError(
            f"`covers` ends on {last}, before it begins on {first}; write the first day and the day after the last.",
            where=FILE,
        )
    return min(first, end), min(last, end)


def _told(counts: Counts) -> str:
    """The three commonest reasons with how often and a value: "merged_at is not a time (12, such as '31/02/2024')"."""
    words = []
    for reason, n in list(counts.rejected.items())[:3]:
        sample = counts.samples.get(reason)
        words.append(f"{reason} ({n}, such as {sample})" if sample else f"{reason} ({n})")
    return "; ".join(words)


def _settings_error(error: ValidationError, spec: type[Any], where: str) -> ExtractError | UnknownName:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "the source"
    if first["type"] == "extra_forbidden":
        return UnknownName("setting", name, spec.model_fields, where=where)
    if first["type"] == "missing":
        return SourceError(f"{name} is missing; give it a value.", where=where)
    return SourceError(f"{name}: {said(first)}.", where=where)


def said(item: Any) -> str:
    """What pydantic found wrong with a value, and the value, unless that is a secret or a whole table of settings."""
    message = str(item["msg"]).removeprefix("Value error, ")
    secret = isinstance(item.get("ctx", {}).get("error"), SecretInYamlError)
    given = not secret and isinstance(item["input"], str | int | float)
    return message[:1].lower() + message[1:] + (f", given {item['input']!r}" if given else "")


def _version() -> str:
    from importlib.metadata import version

    return version("reportkit")
