"""The reports of the scanners, told apart by their shape, as findings in one shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SEVERITIES = {
    "critical": "critical", "high": "high", "error": "high", "important": "high", "medium": "medium", "moderate": "medium",
    "warning": "medium", "low": "low", "negligible": "low", "minor": "low", "info": "low", "note": "low",
}  # fmt: skip
SCORES = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))  # CVSS 3's and 4's own bands


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `place` is where beside the package: a file, a target; the times are those that the report knows."""

    identifier: str
    package: str = ""
    place: str = ""
    severity: str = "unknown"
    version: str = ""
    kind: str = "vulnerability"
    found_at: datetime | None = None
    fixed_at: datetime | None = None
    dismissed: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same finding within one report."""
        return self.identifier, self.package, self.version, self.place


@dataclass(frozen=True)
class Report:
    """One scan: by which tool, of what, when, and what it found."""

    tool: str
    findings: tuple[Finding, ...]
    asset: str | None = None
    scanned_at: datetime | None = None
    dated_findings: bool = False  # its findings say themselves when they came and went


def understood(document: Any) -> tuple[Report, ...] | None:
    """What a document says, None where no scanner is known that writes such."""
    for fits, made in FORMATS:
        if fits(document):
            return tuple(made(document))
    return None


def severity(*given: Any) -> str:
    """The first of the names or CVSS scores that says something, in the contract's words."""
    for one in given:
        if one is None or one == "":
            continue
        if word := SEVERITIES.get(str(one).strip().lower()):
            return word
        try:
            score = float(one)
        except (TypeError, ValueError):
            continue
        return next((word for least, word in SCORES if score >= least), "unknown")
    return "unknown"


def moment(text: Any) -> datetime | None:
    """An ISO time, None where there is none; what carries no offset is in UTC."""
    if not isinstance(text, str) or text in ("", "None"):
        return None
    head, dot, rest = text.replace("Z", "+00:00").partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    try:
        found = datetime.fromisoformat(head + (f".{digits[:6].ljust(6, '0')}{rest[len(digits) :]}" if dot else ""))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _trivy(document: Any) -> Iterator[Report]:
    whole = document if isinstance(document, Mapping) else {"Results": document}
    results = [("", result) for result in whole.get("Results") or []]
    for resource in whole.get("Resources") or []:  # of a cluster
        name = "/".join(str(resource[k]) for k in ("Namespace", "Kind", "Name") if resource.get(k))
        results += [(name, result) for result in resource.get("Results") or []]
    found = tuple(f for place, result in results for f in _trivy_result(place, result))
    asset = whole.get("ArtifactName") or whole.get("ClusterName")
    if isinstance(document, list) and document:
        asset = document[0].get("Target")
    yield Report("trivy", found, asset or None, moment(whole.get("CreatedAt")))


def _trivy_result(place: str, result: Mapping[str, Any]) -> Iterator[Finding]:
    target = "/".join(part for part in (place, str(result.get("Target") or "")) if part)
    for one in result.get("Vulnerabilities") or []:
        yield Finding(
            one["VulnerabilityID"], one.get("PkgName", ""), one.get("PkgPath") or target, severity(one.get("Severity")),
            one.get("InstalledVersion", ""),
        )  # fmt: skip
    for one in result.get("Misconfigurations") or []:
        if one.get("Status", "FAIL") == "FAIL":
            line = (one.get("CauseMetadata") or {}).get("StartLine", "")
            yield Finding(
                one.get("ID", ""),
                one.get("Type", ""),
                f"{target}:{line}",
                severity(one.get("Severity")),
                kind="misconfiguration",
            )
    for one in result.get("Secrets") or []:
        yield Finding(
            one.get("RuleID", ""),
            "",
            f"{target}:{one.get('StartLine', '')}",
            severity(one.get("Severity")),
            kind="secret",
        )
    for one in result.get("Licenses") or []:
        where = one.get("FilePath") or target
        yield Finding(one.get("Name", ""), one.get("PkgName", ""), where, severity(one.get("Severity")), kind="license")


def _grype(document: Mapping[str, Any]) -> Iterator[Report]:
    source = document.get("source") or {}
    target = source.get("target")
    asset = target.get("userInput") if isinstance(target, Mapping) else target
    found = tuple(
        Finding(
            one["vulnerability"]["id"], one["artifact"].get("name", ""), "", severity(one["vulnerability"].get("severity")),
            one["artifact"].get("version", ""),
        )
        for one in document["matches"]
    )  # fmt: skip
    yield Report("grype", found, asset or None, moment((document.get("descriptor") or {}).get("timestamp")))


def _osv(document: Mapping[str, Any]) -> Iterator[Report]:
    found = []
    for result in document["results"] or []:
        place = (result.get("source") or {}).get("path", "")
        for one in result.get("packages") or []:
            package, scores = one["package"], _osv_scores(one)
            for vulnerability in one.get("vulnerabilities") or []:
                id_ = vulnerability["id"]
                own = (vulnerability.get("database_specific") or {}).get("severity")
                found.append(
                    Finding(id_, package["name"], place, severity(own, scores.get(id_)), package.get("version", ""))
                )
    yield Report("osv-scanner", tuple(found))


def _osv_scores(package: Mapping[str, Any]) -> dict[str, Any]:
    """The highest CVSS score of each vulnerability, as the scanner groups them."""
    return {id_: group.get("max_severity") for group in package.get("groups") or [] for id_ in group.get("ids") or []}


def _npm(document: Mapping[str, Any]) -> Iterator[Report]:
    if "advisories" in document:  # npm 6
        found = [
            Finding(_npm_id(one), one.get("module_name", ""), "", severity(one.get("severity")))
            for one in document["advisories"].values()
        ]
    else:  # npm 7 and later: `via` names advisories, and packages that only lead to them
        found = [
            Finding(
                str(via.get("url", "")).rsplit("/", 1)[-1] or str(via.get("source")),
                via.get("name", name),
                "",
                severity(via.get("severity")),
            )
            for name, one in document["vulnerabilities"].items()
            for via in one.get("via") or []
            if isinstance(via, Mapping)
        ]
    yield Report("npm audit", tuple(dict.fromkeys(found)))


def _npm_id(advisory: Mapping[str, Any]) -> str:
    return str((advisory.get("cves") or [None])[0] or advisory.get("github_advisory_id") or advisory["id"])


def _pip(document: Any) -> Iterator[Report]:
    packages = document["dependencies"] if isinstance(document, Mapping) else document
    found = tuple(
        Finding(one["id"], package["name"], "", "unknown", package.get("version", ""))
        for package in packages
        for one in package.get("vulns") or []
    )
    yield Report("pip-audit", found)


def _sarif(document: Mapping[str, Any]) -> Iterator[Report]:
    for run in document["runs"]:
        driver = run["tool"]["driver"]
        rules = {rule["id"]: rule for rule in driver.get("rules") or [] if "id" in rule}
        found = tuple(
            _sarif_result(one, rules) for one in run.get("results") or [] if one.get("kind", "fail") == "fail"
        )
        times = [moment(i.get("endTimeUtc") or i.get("startTimeUtc")) for i in run.get("invocations") or []]
        details = (run.get("automationDetails") or {}).get("id")
        yield Report(
            driver["name"], found, details.rstrip("/") if details else None, next((t for t in times if t), None)
        )


def _sarif_result(one: Mapping[str, Any], rules: Mapping[str, Mapping[str, Any]]) -> Finding:
    id_ = one.get("ruleId") or (one.get("rule") or {}).get("id") or ""
    rule = rules.get(id_, {})
    places = [
        p.get("physicalLocation", {}).get("artifactLocation", {}).get("uri", "") for p in one.get("locations") or []
    ]
    score = (one.get("properties") or {}).get("security-severity") or (rule.get("properties") or {}).get(
        "security-severity"
    )
    level = one.get("level") or (rule.get("defaultConfiguration") or {}).get("level") or "warning"
    print_ = next(iter((one.get("partialFingerprints") or {}).values()), "")
    return Finding(
        id_,
        "",
        "|".join(filter(None, (*places[:1], str(print_)))),
        severity(score, level),
        kind="code",
        dismissed=bool(one.get("suppressions")),
    )


def _github(document: Any) -> Iterator[Report]:
    found, asset = [], None
    for repository in _repositories(document):
        asset = asset or repository.get("nameWithOwner") or repository.get("name")
        found += [_github_alert(one) for one in (repository.get("vulnerabilityAlerts") or {}).get("nodes") or []]
    yield Report("github", tuple(found), asset, dated_findings=all(f.found_at for f in found))


def _repositories(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    data = document["data"]
    for holder in (data, data.get("repository") or {}):
        yield from (holder.get("search") or {}).get("nodes") or []
    if "vulnerabilityAlerts" in (data.get("repository") or {}):
        yield data["repository"]


def _github_alert(one: Mapping[str, Any]) -> Finding:
    about = one["securityVulnerability"]
    advisory = about.get("advisory") or {}
    ids = {i["type"]: i["value"] for i in advisory.get("identifiers") or []}
    return Finding(
        ids.get("CVE") or ids.get("GHSA") or one["id"], about["package"]["name"], f"{one.get('vulnerableManifestPath') or ''}#{one['id']}",
        severity(about.get("severity")), found_at=moment(one.get("createdAt")), fixed_at=moment(one.get("fixedAt")),
        dismissed=bool(one.get("dismissedAt")),
    )  # fmt: skip


def _alerts(document: list[Mapping[str, Any]]) -> Iterator[Report]:
    """GitHub's code-scanning and Dependabot alerts as its REST API gives them."""
    found = tuple(
        Finding(
            (one.get("security_advisory") or {}).get("cve_id") or (one.get("rule") or {}).get("id") or str(one["number"]),
            ((one.get("dependency") or {}).get("package") or {}).get("name", ""), str(one["number"]),
            severity(
                (one.get("security_advisory") or {}).get("severity"), (one.get("rule") or {}).get("security_severity_level"),
                (one.get("rule") or {}).get("severity"),
            ),
            kind="code" if one.get("rule") else "vulnerability", found_at=moment(one["created_at"]),
            fixed_at=moment(one.get("fixed_at")), dismissed=moment(one.get("dismissed_at")) is not None,
        )
        for one in document
    )  # fmt: skip
    yield Report("github", found, dated_findings=True)


def _has(*keys: str) -> Callable[[Any], bool]:
    return lambda document: isinstance(document, Mapping) and all(key in document for key in keys)


def _list_with(key: str) -> Callable[[Any], bool]:
    return lambda document: (
        isinstance(document, list) and bool(document) and all(isinstance(x, Mapping) and key in x for x in document)
    )


FORMATS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Iterator[Report]]], ...] = (
    (_has("runs"), _sarif),
    (_has("SchemaVersion"), _trivy),
    (_has("ClusterName"), _trivy),
    (_list_with("Target"), _trivy),
    (_has("matches"), _grype),
    (_has("advisories"), _npm),
    (_has("auditReportVersion", "vulnerabilities"), _npm),
    (_has("dependencies"), _pip),
    (_list_with("vulns"), _pip),
    (_has("results"), _osv),
    (_has("data"), _github),
    (_list_with("created_at"), _alerts),
)
