"""Reports of vulnerability scanners: Trivy, Grype, OSV-Scanner, npm audit, pip-audit, SARIF and GitHub's alert exports.

A source called `scans` yields three tables: scans_scans (a row a scan), scans_findings (a row a finding and scan) and
scans_intervals (a row for each time from when a finding was first seen until it was gone). What they rest on:

- A series is all scans of one asset by one tool, in the order of their dates. What a later scan of the series no longer
  finds was remediated at that later scan; if it returns, it is a new interval. A scan that finds nothing counts.
- A finding is the same while identifier, package and place (for code: file and rule) are; a new version of a package that
  is still vulnerable is no remediation.
- The date of a scan is the report's own, else one in the file's name (2026-07-01 or 20260701), else there is none and the
  file is refused: a file's time on disk changes when it is copied.
- The asset is the report's own name for it, else the file's name without date and ending.
- An empty file is a scan that failed, not one without findings, and is refused.
"""

from __future__ import annotations

import glob
import gzip
import json
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from reportkit.errors import SourceError
from reportkit.fetch.place import Origin, Place, SourceSpec
from reportkit.files import sha256_of
from reportkit.sources.scans import series
from reportkit.sources.scans.formats import Report, understood

DATED = re.compile(
    r"(?<!\d)(20\d\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?:[T_-]?([01]\d|2[0-3])[:-]?([0-5]\d)(?:[:-]?([0-5]\d))?Z?)?(?!\d)"
)
KINDS = ("vulnerability", "misconfiguration", "secret", "license", "code")


class Spec(SourceSpec):
    """Settings of a folder of scan reports."""

    type: Literal["scans"] = "scans"
    path: str = Field(description="Files, relative to the workspace: extracts/raw/scans/**/*.json")
    name: str | None = Field(
        None, description="Regular expression of the files' names with groups `asset`, `date`, `service`, `team`."
    )
    kinds: tuple[Literal["vulnerability", "misconfiguration", "secret", "license", "code"], ...] = Field(
        ("vulnerability", "code"), description="Kinds of findings that count as vulnerabilities."
    )
    asset_kind: str = Field("image", description="What the assets are: image, library, host, endpoint …")

    @field_validator("name")
    @classmethod
    def _expression(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"this is no regular expression: {error}") from None
        return value


def read(spec: Spec, name: str, place: Place) -> tuple[Origin, ...]:
    """Read every report and make `name`_scans, _findings and _intervals queryable. Raises SourceError."""
    paths = _paths(spec, name, place.root)
    scans = []
    for path in paths:
        place.progress(f"{name}: {path.name}")
        scans += [_placed(report, path, spec, name) for report in reports(path, name)]
    series.write(scans, name, place.connection, place.scratch)
    return tuple(Origin(name, path.name, sha256_of(path), path.stat().st_size) for path in paths)


def reports(path: Path, source: str) -> tuple[Report, ...]:
    """What one file says; a file of SARIF may hold several runs. Raises SourceError: empty, no JSON, of no known scanner."""
    where = f"source {source}"
    if path.stat().st_size == 0:
        raise SourceError(
            f"{path.name} is empty (0 bytes): the scan failed or was cut off, for a scan without findings says so; scan "
            "again, or take the file away.",
            where=where,
        )
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            document = json.load(file)
    except (ValueError, OSError) as error:
        raise SourceError(f"{path.name} is no whole JSON ({error}); scan again.", where=where) from None
    found = understood(document)
    if found is None:
        raise SourceError(
            f"{path.name} is of no scanner that is known (Trivy, Grype, OSV-Scanner, npm audit, pip-audit, SARIF, GitHub); "
            "let the scanner write SARIF, which most can.",
            where=where,
        )
    return found


def look(spec: Spec, name: str, root: Path) -> None:
    """Raises SourceError where no file is there, or one is empty; reads none of them."""
    for path in _paths(spec, name, root):
        if path.stat().st_size == 0:
            reports(path, name)


def replaced(spec: Spec, name: str, root: Path, taken: float, known: Collection[str]) -> str | None:
    """The name of a report that was written after `taken` and is none of the `known` ones."""
    changed = (p for p in _paths(spec, name, root) if p.stat().st_mtime > taken and sha256_of(p) not in known)
    return next((path.name for path in changed), None)


def _paths(spec: Spec, name: str, root: Path) -> list[Path]:
    pattern = str(Path(glob.escape(str(root))) / spec.path)
    found = [Path(p) for p in sorted(glob.glob(pattern, recursive=True)) if Path(p).is_file()]  # noqa: PTH207
    if not found:
        raise SourceError(f"no file matches {spec.path}; put the reports there or mend `path`.", where=f"source {name}")
    return found


def _placed(report: Report, path: Path, spec: Spec, source: str) -> series.Scan:
    """The report with its asset and date. Raises SourceError where neither report nor name has a date."""
    parts = _parts(path, spec, source)
    moment = report.scanned_at or _date(parts.get("date") or path.name)
    if moment is None and not report.dated_findings:
        raise SourceError(
            f"{path.name} says nowhere when it was made; put the date into its name: {path.stem}-2026-07-01{path.suffix}.",
            where=f"source {source}",
        )
    stem = DATED.sub("", path.name.removesuffix(".gz")).rsplit(".", 1)[0].strip("-_. ")
    asset = parts.get("asset") or report.asset or stem or path.parent.name
    return series.Scan(path.name, report, asset, moment, parts.get("service"), parts.get("team"))


def _parts(path: Path, spec: Spec, source: str) -> dict[str, str]:
    if spec.name is None:
        return {}
    match = re.search(spec.name, path.as_posix())
    if match is None:
        raise SourceError(f"{path.name} does not fit `name: {spec.name}`; mend one of them.", where=f"source {source}")
    return {key: value for key, value in match.groupdict().items() if value}


def _date(text: str) -> datetime | None:
    found = DATED.search(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def mappings(spec: Spec, name: str) -> Mapping[str, Mapping[str, Any]]:
    """Intervals as vulnerabilities, scans as an inventory of assets."""
    listed = ", ".join(f"'{kind}'" for kind in spec.kinds)
    return {
        "vulnerabilities": {
            "query": f"SELECT * FROM {name}_intervals WHERE kind IN ({listed})",
            "set_aside": {"dismissed": "dismissed"},
            "columns": {
                "vulnerability_id": "interval_id", "identifier": "identifier", "service": "service", "team": "team",
                "asset_id": "asset", "asset_kind": f"'{spec.asset_kind.replace(chr(39), '')}'", "severity": "severity",
                "detected_at": "detected_at", "remediated_at": "remediated_at",
            },
        },
        "assets": {
            "query": f"SELECT DISTINCT asset, service, team, scanned_at FROM {name}_scans WHERE scanned_at IS NOT NULL",
            "columns": {
                "observation_id": "asset || '@' || scanned_at", "asset_id": "asset", "service": "service", "team": "team",
                "asset_kind": f"'{spec.asset_kind.replace(chr(39), '')}'", "observed_at": "scanned_at", "scanned": "true",
            },
        },
    }  # fmt: skip


def counts(path: Path) -> Iterator[int]:
    """How many findings each report of a file has, the same finding counted once."""
    for report in reports(path, path.name):
        yield len({finding.key for finding in report.findings})
