"""Dated scans as intervals: when a finding was first seen, and which later scan no longer had it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from reportkit.sources.scans.formats import Finding, Report

if TYPE_CHECKING:
    import duckdb

TEXT, TIME, FLAG = pa.string(), pa.timestamp("us", tz="UTC"), pa.bool_()
COMMON = [("asset", TEXT), ("service", TEXT), ("team", TEXT), ("tool", TEXT)]
WHAT = [
    ("identifier", TEXT), ("package", TEXT), ("place", TEXT), ("version", TEXT), ("kind", TEXT), ("severity", TEXT),
    ("dismissed", FLAG),
]  # fmt: skip
SCHEMAS = {
    "scans": pa.schema([*COMMON, ("file", TEXT), ("scanned_at", TIME), ("findings", pa.int64())]),
    "findings": pa.schema([*COMMON, ("file", TEXT), ("scanned_at", TIME), *WHAT]),
    "intervals": pa.schema([("interval_id", TEXT), *COMMON, *WHAT, ("detected_at", TIME), ("remediated_at", TIME)]),
}


@dataclass(frozen=True)
class Scan:
    """One report with what it is about and when it was made."""

    file: str
    report: Report
    asset: str
    scanned_at: datetime | None
    service: str | None
    team: str | None

    @property
    def common(self) -> tuple[Any, ...]:
        """What every row of it has."""
        return self.asset, self.service, self.team, self.report.tool


@dataclass
class _Open:
    """A finding that the latest scan of its series still had."""

    scan: Scan
    finding: Finding
    since: datetime


def write(scans: Sequence[Scan], name: str, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make the tables queryable as `name`_scans, `name`_findings and `name`_intervals."""
    tables: dict[str, Iterable[tuple[Any, ...]]] = {
        "scans": ((*s.common, s.file, s.scanned_at, len(s.report.findings)) for s in scans),
        "findings": ((*s.common, s.file, s.scanned_at, *_what(f)) for s in scans for f in s.report.findings),
        "intervals": intervals(scans),
    }
    for table, rows in tables.items():
        schema = SCHEMAS[table]
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        path = folder / f"{name}_{table}.parquet"
        pq.write_table(
            pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema), path
        )
        file = str(path).replace("'", "''")
        connection.execute(f"CREATE OR REPLACE VIEW \"{name}_{table}\" AS SELECT * FROM read_parquet('{file}')")


def intervals(scans: Iterable[Scan]) -> Iterator[tuple[Any, ...]]:
    """Rows of intervals: of reports whose findings are dated as those say, of the others by their series."""
    given = list(scans)
    dated = [s for s in given if s.report.dated_findings]  # a later export of the same alerts knows better
    latest = {(s.asset, s.report.tool, *_same(f)): (s, f) for s in dated for f in s.report.findings}
    for scan, finding in latest.values():
        yield _row(scan, finding, finding.found_at or scan.scanned_at, finding.fixed_at)
    series = sorted((s for s in given if not s.report.dated_findings), key=_order)
    for _, one in groupby(series, key=lambda s: (s.asset, s.report.tool)):
        yield from _of_series(list(one))


def _of_series(scans: Sequence[Scan]) -> Iterator[tuple[Any, ...]]:
    open_: dict[tuple[str, str, str], _Open] = {}
    for moment, together in groupby(scans, key=lambda s: s.scanned_at):  # several files of one moment are one scan
        assert moment is not None
        now = {_same(f): (scan, f) for scan in together for f in scan.report.findings}
        for key in [key for key in open_ if key not in now]:
            gone = open_.pop(key)
            yield _row(gone.scan, gone.finding, gone.since, moment)
        for key, (scan, finding) in now.items():
            since = open_[key].since if key in open_ else moment
            open_[key] = _Open(scan, finding, since)
    for still in open_.values():
        yield _row(still.scan, still.finding, still.since, None)


def _same(finding: Finding) -> tuple[str, str, str]:
    """What makes it the same finding from scan to scan: not the version, which a half-hearted update changes."""
    return finding.identifier, finding.package, finding.place


def _order(scan: Scan) -> tuple[str, str, float]:
    return scan.asset, scan.report.tool, scan.scanned_at.timestamp() if scan.scanned_at else 0.0


def _what(finding: Finding) -> tuple[Any, ...]:
    return (
        finding.identifier, finding.package, finding.place, finding.version, finding.kind, finding.severity, finding.dismissed,
    )  # fmt: skip


def _row(scan: Scan, finding: Finding, since: datetime | None, until: datetime | None) -> tuple[Any, ...]:
    began = since.isoformat() if since else ""
    id_ = "|".join((scan.report.tool, scan.asset, *_same(finding), began))
    return (id_, *scan.common, *_what(finding), since, until)
