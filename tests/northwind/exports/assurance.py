"""Change requests as ServiceNow exports them, scans as Trivy writes them, laptops, the inventory, test coverage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from tests.northwind import assurance, truth
from tests.northwind.assurance import Request, Vulnerability
from tests.northwind.exports.dirt import DIRT, Row, lines, name_then, table
from tests.northwind.hours import zulu
from tests.northwind.teams import SERVICES
from tests.northwind.world import Deployment

DAY_FIRST, MONTH_FIRST = "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"
FIELDS = (
    "number", "type", "risk", "assignment_group", "cmdb_ci", "opened_at", "approval_set", "work_end", "closed_at", "close_code",
    "u_evidence", "u_build", "u_export",
)  # fmt: skip


def servicenow(made: Sequence[tuple[str, Deployment]]) -> str:
    """One change request a row: days first, '?' for what is missing. One export has month and day the wrong way round."""
    found = list(assurance.requests(made))
    rows = [_request(one, DAY_FIRST, "full") for one in found]
    for row in rows[900 : 900 + 300 * DIRT.requests_backwards : 300]:
        row[8] = "01/10/2024 08:00"  # closed before it was raised
    first = next(i for i, one in enumerate(found) if one.requested.date() >= date(2026, 2, 2))
    broken = [_request(one, MONTH_FIRST, "2026-02 us") for one in found[first : first + DIRT.requests_broken]]
    return table(FIELDS, [*rows, *broken])


def _request(one: Request, style: str, export: str) -> Row:
    def told(moment: datetime | None) -> str:
        return moment.strftime(style) if moment and moment.date() < truth.EXPORTED else "?"

    by_hand = {True: "Attached manually", False: "Attached by pipeline", None: "?"}[one.by_hand]
    closed = told(one.closed)
    return [
        f"CHG00{one.number}", one.kind, one.risk, name_then(one.team, one.requested.date()), one.service, told(one.requested),
        told(one.approved), told(one.implemented), closed, one.outcome if closed != "?" else "?", by_hand, one.deployment, export,
    ]  # fmt: skip


def trivy() -> str:
    """One report of one image a line, oldest first; a scan that failed has no results."""
    found = assurance.vulnerabilities()
    reports = [report for service in SERVICES for report in _scans(service, [v for v in found if v.service == service])]
    return lines(sorted(reports, key=lambda r: (r["CreatedAt"], r["ArtifactName"])))


def _scans(service: str, found: Sequence[Vulnerability]) -> list[dict[str, Any]]:
    reports = []
    for number, moment in enumerate(assurance.scans(service)):
        if not truth.FIRST_DAY <= moment.date() < truth.EXPORTED:
            continue
        report: dict[str, Any] = {
            "SchemaVersion": 2,
            "CreatedAt": zulu(moment),
            "ArtifactName": f"registry.northwind.example/{service}",
            "ArtifactType": "container_image",
        }
        if not assurance.failed_scan(service, number):
            report["Results"] = [_result(service, [v for v in found if v.first <= number < v.gone])]
        reports.append(report)
    return reports


def _result(service: str, standing: Sequence[Vulnerability]) -> dict[str, Any]:
    result: dict[str, Any] = {"Target": f"{service} (debian 12)", "Class": "os-pkgs"}
    if standing:  # Trivy leaves the list out where there is nothing to list
        result["Vulnerabilities"] = [
            {"VulnerabilityID": v.identifier, "PkgName": v.package, "Severity": v.severity} for v in standing
        ]
    return result


def endpoints() -> str:
    """Laptops and phones, from the device management."""
    rows = [
        [device, cve, severity, day, mended or ""]
        for device, cve, severity, day, mended in assurance.endpoints()
        if day < truth.EXPORTED
    ]
    return table(("device", "cve", "severity", "found", "mended"), rows)


def inventory() -> str:
    """Every asset once a month, and whether scans reach it."""
    rows = [
        [name, kind, team, day, "yes" if scanned else "no"] for name, kind, team, day, scanned in assurance.assets()
    ]
    return table(("asset", "kind", "team", "seen", "scanned"), rows)


def coverage() -> str:
    """Every use case and kind of test once a month, as the test runs tell: how many tests there are, and how many pass."""
    rows = [
        [name, "key" if key else "other", journey, kind, day + timedelta(days=1), tests, max(0, passing)]
        for name, key, journey, kind, day, tests, passing in assurance.coverage()
    ]
    return table(("use_case", "importance", "journey", "kind", "measured", "tests", "passing"), rows)
