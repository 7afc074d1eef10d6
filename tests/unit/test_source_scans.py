"""Scan reports: dated scans of one asset become intervals, worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from reportkit.errors import SourceError
from tests.unit.sourcing import Read, facts, taken


def trivy(
    *found: str, at: str | None = None, name: str = "shop:latest", versions: Mapping[str, str] | None = None
) -> dict[str, Any]:
    listed = [
        {
            "VulnerabilityID": id_,
            "PkgName": "openssl",
            "InstalledVersion": (versions or {}).get(id_, "1"),
            "Severity": "HIGH",
        }
        for id_ in found
    ]
    whole = {
        "SchemaVersion": 2,
        "ArtifactName": name,
        "Results": [{"Target": "alpine", "Vulnerabilities": listed or None}],
    }
    return whole | ({"CreatedAt": at} if at else {})


def put(root: Path, files: Mapping[str, Any]) -> dict[str, Any]:
    folder = root / "scans"
    folder.mkdir(exist_ok=True, parents=True)
    for name, content in files.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return {"type": "scans", "path": "scans/*"}


def intervals(root: Path, settings: dict[str, Any]) -> list[tuple[Any, ...]]:
    read = Read(root, settings)
    return read.rows(
        "SELECT identifier, strftime(detected_at, '%m-%d'), strftime(remediated_at, '%m-%d') FROM it_intervals ORDER BY ALL"
    )


def test_what_vanishes_was_remediated_and_what_returns_is_new(tmp_path: Path) -> None:
    settings = put(tmp_path, {
        "shop-2026-05-01.json": trivy("CVE-1", "CVE-2"),
        "shop-2026-05-08.json": trivy("CVE-1", "CVE-3", versions={"CVE-1": "2"}),
        "shop-2026-05-15.json": trivy(),
        "shop-2026-05-22.json": trivy("CVE-2"),
    })  # fmt: skip
    assert intervals(tmp_path, settings) == [
        ("CVE-1", "05-01", "05-15"), ("CVE-2", "05-01", "05-08"), ("CVE-2", "05-22", None), ("CVE-3", "05-08", "05-15"),
    ]  # fmt: skip


def test_series_are_of_one_asset_and_one_tool(tmp_path: Path) -> None:
    grype = {
        "matches": [],
        "source": {"type": "image", "target": {"userInput": "shop:latest"}},
        "descriptor": {"timestamp": "2026-05-08T00:00:00.123456789Z"},
    }
    settings = put(tmp_path, {
        "a.json": trivy("CVE-1", at="2026-05-01T10:00:00.82753744Z"),
        "b.json": trivy(at="2026-05-09T10:00:00Z", name="search:latest"),
        "c.json": grype,
    })  # fmt: skip
    assert intervals(tmp_path, settings) == [("CVE-1", "05-01", None)]


def test_they_become_vulnerabilities_and_an_inventory(tmp_path: Path) -> None:
    settings = put(tmp_path, {"shop-2026-05-01.json": trivy("CVE-1"), "shop-2026-05-08.json": trivy()})
    settings |= {"name": r"(?P<service>\w+)-(?P<date>[\d-]+)\.json"}
    entities = {name: {"source": "scans"} for name in ("vulnerabilities", "assets")}
    taken(tmp_path, {"scans": settings}, entities)
    columns = (
        "identifier, service, asset_id, asset_kind, severity, detected_at::DATE::VARCHAR, remediated_at::DATE::VARCHAR"
    )
    assert facts(tmp_path, "vulnerabilities", columns) == [
        ("CVE-1", "shop", "shop:latest", "image", "high", "2026-05-01", "2026-05-08")
    ]
    assert [row[0] for row in facts(tmp_path, "assets", "observed_at::DATE::VARCHAR")] == ["2026-05-01", "2026-05-08"]


def test_sarif_with_scores_levels_and_what_was_suppressed(tmp_path: Path) -> None:
    def result(rule: str, **more: Any) -> dict[str, Any]:
        place = {"physicalLocation": {"artifactLocation": {"uri": "src/app.py"}}}
        return {"ruleId": rule, "locations": [place], **more}

    rules = [
        {"id": "sql", "properties": {"security-severity": "9.8"}},
        {"id": "xss", "defaultConfiguration": {"level": "error"}},
    ]
    run = {
        "tool": {"driver": {"name": "CodeQL", "rules": rules}}, "invocations": [{"endTimeUtc": "2026-05-01T00:00:00Z"}],
        "automationDetails": {"id": "shop/"},
        "results": [result("sql"), result("xss"), result("xss", level="note", suppressions=[{}]), result("ok", kind="pass")],
    }  # fmt: skip
    read = Read(tmp_path, put(tmp_path, {"a.sarif": {"version": "2.1.0", "runs": [run]}}))
    assert read.rows("SELECT identifier, severity, asset, dismissed FROM it_findings ORDER BY ALL") == [
        ("sql", "critical", "shop", False), ("xss", "high", "shop", False), ("xss", "low", "shop", True),
    ]  # fmt: skip


def test_npm_7_counts_advisories_and_not_what_leads_to_them(tmp_path: Path) -> None:
    advisory = {
        "source": 1,
        "name": "minimist",
        "url": "https://github.com/advisories/GHSA-xvch",
        "severity": "moderate",
    }
    report = {
        "auditReportVersion": 2,
        "vulnerabilities": {
            "minimist": {"via": [advisory]},
            "mkdirp": {"via": ["minimist"]},
            "twice": {"via": [advisory]},
        },
    }
    read = Read(tmp_path, put(tmp_path, {"web-20260501.json": report}))
    assert read.rows("SELECT asset, identifier, package, severity FROM it_findings") == [
        ("web", "GHSA-xvch", "minimist", "medium")
    ]


def test_findings_that_know_their_own_times_need_no_series(tmp_path: Path) -> None:
    def alert(id_: str, created: str, fixed: str | None, dismissed: str | None = None) -> dict[str, Any]:
        about = {
            "severity": "CRITICAL",
            "package": {"name": "log4j"},
            "advisory": {"identifiers": [{"type": "CVE", "value": id_}]},
        }
        return {
            "id": id_,
            "createdAt": created,
            "fixedAt": fixed,
            "dismissedAt": dismissed,
            "securityVulnerability": about,
        }

    nodes = [
        alert("CVE-1", "2026-05-01T00:00:00Z", "2026-05-04T00:00:00Z"),
        alert("CVE-2", "2026-05-02T00:00:00Z", None),
    ]
    document = {"data": {"repository": {"nameWithOwner": "acme/shop", "vulnerabilityAlerts": {"nodes": nodes}}}}
    assert intervals(tmp_path, put(tmp_path, {"shop.json": document})) == [
        ("CVE-1", "05-01", "05-04"),
        ("CVE-2", "05-02", None),
    ]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"shop-2026-05-01.json": ""}, r"shop-2026-05-01.json is empty \(0 bytes\): the scan failed"),
        ({"shop-2026-05-01.json": '{"SchemaVersion": 2, '}, "is no whole JSON"),
        ({"shop-2026-05-01.json": {"hello": 1}}, "is of no scanner that is known"),
        (
            {"shop.json": trivy("CVE-1")},
            "says nowhere when it was made; put the date into its name: shop-2026-07-01.json",
        ),
    ],
)
def test_what_is_no_scan_is_refused(tmp_path: Path, files: Mapping[str, Any], expected: str) -> None:
    with pytest.raises(SourceError, match=expected):
        Read(tmp_path, put(tmp_path, files))


@pytest.mark.parametrize(
    "names", [["a-2026-05-01.json", "b-2026-05-08.json"], ["b-2026-05-08.json", "a-2026-05-01.json"]]
)
def test_order_comes_from_the_dates_and_not_from_the_names(tmp_path: Path, names: Sequence[str]) -> None:
    content = {"a-2026-05-01.json": trivy("CVE-1"), "b-2026-05-08.json": trivy()}
    assert intervals(tmp_path, put(tmp_path, {name: content[name] for name in names})) == [("CVE-1", "05-01", "05-08")]
