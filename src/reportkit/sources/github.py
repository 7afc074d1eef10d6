"""GitHub by REST: pull requests with first commit and reviews, deployments with statuses, releases, security alerts.

A source called `github` yields the tables github_repositories, github_pulls, github_reviews, github_commits,
github_deployments, github_statuses, github_releases, github_dependabot and github_code_scanning. What its own mapping
makes of them:

- A pull request into the default branch is a change. First commit: the earliest author date among its commits. First
  review: of somebody else, before the merge; GitHub has reviews after a merge too, which no change waited for.
- A change is deployed with the first successful production deployment that holds it: one of a merged pull request's
  commit holds what was merged until then, any other what was merged until it was created.
- A feature is a merged pull request with one of the labels in `feature_labels`; it is out with the next release that is
  no pre-release, or with its deployment where the repository has no releases.
- Commits and reviews cost a request each and are asked for merged pull requests since `since`, bots left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from reportkit.errors import SourceError
from reportkit.fetch.api import read as fetch
from reportkit.fetch.declared import Api, Chosen, Declared, Given, Visit
from reportkit.fetch.place import Origin, Place
from reportkit.fetch.records import Row, Table
from reportkit.fetch.spec import ApiSpec, bearer
from reportkit.model.secret import Address

VERSION = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
PAGE = 100
OFF = [  # a repository that does not use a feature is no fault; a token that may not see it is
    {"status_code": 403, "content": "disabled", "action": "ignore"},
    {"status_code": 403, "content": "must be enabled", "action": "ignore"},
    {"status_code": 404, "content": "no analysis found", "action": "ignore"},
]
FINAL = ("success", "failure", "error", "inactive")

TABLES = (
    Table("repositories", ("id",), {
        "id": "!id", "full_name": "!full_name", "default_branch": "default_branch", "topics": "topics",
        "archived": "archived", "fork": "fork", "created_at": "created_at",
    }),
    Table("pulls", ("id",), {
        "id": "!id", "number": "!number", "url": "!url", "repository": "!base.repo.full_name", "base": "!base.ref",
        "title": "~title", "author": "@user.login", "is_bot": "?user.login", "labels": "labels[].name", "draft": "draft",
        "created_at": "!created_at", "updated_at": "!updated_at", "closed_at": "closed_at", "merged_at": "merged_at",
        "merge_commit_sha": "merge_commit_sha",
    }),
    Table("reviews", ("id",), {
        "id": "!id", "pull_url": "!pull_request_url", "reviewer": "@user.login", "is_bot": "?user.login",
        "state": "!state", "submitted_at": "submitted_at",
    }),
    Table("commits", ("pull_url", "sha"), {"sha": "!sha", "authored_at": "commit.author.date"}, parents=("pull_url",)),
    Table("deployments", ("id",), {
        "id": "!id", "url": "!url", "repository": "!repository_url", "sha": "!sha", "ref": "ref",
        "environment": "!environment", "is_production": "production_environment", "created_at": "!created_at",
    }),
    Table("statuses", ("id",), {
        "id": "!id", "deployment_url": "!deployment_url", "state": "!state", "created_at": "!created_at",
    }),
    Table("releases", ("id",), {
        "id": "!id", "url": "!url", "tag": "!tag_name", "name": "~name", "is_draft": "draft",
        "is_prerelease": "prerelease", "created_at": "!created_at", "published_at": "published_at",
    }),
    Table("dependabot", ("url",), {
        "url": "!url", "state": "!state", "severity": "security_advisory.severity", "cve": "security_advisory.cve_id",
        "ghsa": "security_advisory.ghsa_id", "package": "dependency.package.name", "manifest": "dependency.manifest_path",
        "created_at": "!created_at", "updated_at": "!updated_at", "fixed_at": "fixed_at",
        "dismissed_at": "dismissed_at", "auto_dismissed_at": "auto_dismissed_at", "reason": "dismissed_reason",
    }),
    Table("code_scanning", ("url",), {
        "url": "!url", "state": "state", "rule": "rule.id", "level": "rule.security_severity_level",
        "severity": "rule.severity", "tool": "tool.name", "created_at": "!created_at", "updated_at": "updated_at",
        "fixed_at": "fixed_at", "dismissed_at": "dismissed_at", "reason": "dismissed_reason",
    }),
)  # fmt: skip


class Spec(ApiSpec):
    """Settings of a GitHub source."""

    type: Literal["github"] = "github"
    url: Address = Field("https://api.github.com", description="https://HOST/api/v3 for GitHub Enterprise Server.")
    organisations: tuple[str, ...] = Field((), description="All of whose repositories are read, forks left out.")
    repositories: tuple[str, ...] = Field((), description="Or single ones: [acme/shop, acme/search].")
    leave_out: tuple[str, ...] = Field((), description="Repositories of the organisations that are not read.")
    production: tuple[str, ...] = Field(
        ("production", "prod", "live"),
        description="Environments that are production, besides those GitHub marks as such.",
    )
    feature_labels: tuple[str, ...] = Field(("feature", "enhancement"), description="Labels of features.")

    @field_validator("repositories", "leave_out")
    @classmethod
    def _owner_and_name(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name.count("/") != 1 or not all(name.split("/")):
                raise ValueError(f"{name!r} is no repository; write owner and name: acme/shop")
        return value

    @model_validator(mode="after")
    def _some(self) -> Spec:
        if not self.organisations and not self.repositories:
            raise ValueError("name `organisations: [acme]` or `repositories: [acme/shop]`")
        return self


def read(spec: Spec, name: str, place: Place) -> tuple[Origin, ...]:
    """Fetch what is new and make it queryable as `name`_pulls and so on. Raises SourceError."""
    api = Api(
        address=spec.url,
        tables=TABLES,
        resources=lambda visit: _declared(spec, name, place, visit),
        authorise=bearer(spec.token, place.root, f"source {name}"),
        headers=VERSION,
        since=spec.since,
        patience=spec.patience,
        people=spec.people_of(place.root),
    )
    return fetch(api, name, place)


def _declared(spec: Spec, name: str, place: Place, visit: Visit) -> Declared:
    """Resources of each repository: the cursors of one are not those of another."""
    found = list(_repositories(spec, visit))
    if not found:
        raise SourceError("no repository is left to read; mend `organisations` or `leave_out`.", where=f"source {name}")
    wanted: Declared = [Given("repositories", found, "repositories")]
    for repository in found[:1] if visit.trial else found:
        key = hashlib.sha256(str(repository["id"]).encode()).hexdigest()[:8]
        path = f"repos/{repository['full_name']}"
        if place.feeds("changes", "features", "deployments"):
            wanted += _deployments(path, key, visit)
        if place.feeds("changes", "features"):
            wanted += [*_pulls(path, key, visit), _resource("releases", key, f"{path}/releases")]
        if place.feeds("vulnerabilities"):
            wanted += _alerts(path, key, visit)
    return wanted


def _repositories(spec: Spec, visit: Visit) -> Iterator[Row]:
    left_out = {name.lower() for name in spec.leave_out}
    for owner in spec.organisations:
        rows = visit.rows("repositories", f"orgs/{owner}/repos", {"per_page": PAGE, "type": "sources"})
        yield from (row for row in rows if str(row["full_name"]).lower() not in left_out and row["fork"] != "true")
    for repository in spec.repositories:
        yield from visit.rows("repositories", f"repos/{repository}")


def _resource(table: str, key: str, path: str, **endpoint: Any) -> dict[str, Any]:
    params = {"per_page": PAGE, **endpoint.pop("params", {})}
    return {"name": f"{table}_{key}", "table_name": table, "endpoint": {"path": path, "params": params, **endpoint}}


def _newest_first(column: str, visit: Visit) -> dict[str, str]:
    """The incremental cursor of a list that GitHub cannot cut at a moment: read until what is known already."""
    return {"cursor_path": column, "initial_value": visit.since.strftime("%Y-%m-%dT%H:%M:%SZ"), "row_order": "desc"}


def _pulls(path: str, key: str, visit: Visit) -> Declared:
    since = visit.since.strftime("%Y-%m-%dT%H:%M:%SZ")
    pulls = _resource(
        "pulls", key, f"{path}/pulls",
        params={"state": "all", "sort": "updated", "direction": "desc"},
        incremental=_newest_first("updated_at", visit),
    )  # fmt: skip
    merged = Chosen(
        f"merged_{key}", f"pulls_{key}", lambda row: (row["merged_at"] or "") >= since and row["is_bot"] != "true"
    )
    parent = f"{{resources.merged_{key}.number}}"
    commits = _resource(
        "commits", key, f"{path}/pulls/{parent}/commits", paginator="single_page"
    )  # the oldest come first
    commits |= {"include_from_parent": ["url"], "processing_steps": [{"map": lambda row: _of(row, f"merged_{key}")}]}
    reviews = _resource("reviews", key, f"{path}/pulls/{parent}/reviews")
    return [pulls, merged, commits | {"parallelized": True}, reviews | {"parallelized": True}]


def _of(row: Row, parent: str) -> Row:
    """A commit with the pull request that it was asked for."""
    row["pull_url"] = row.pop(f"_{parent}_url")
    return row


def _deployments(path: str, key: str, visit: Visit) -> Declared:
    """Deployments until those known already, and statuses of the new ones and of those that had not ended."""
    deployments = _resource("deployments", key, f"{path}/deployments", incremental=_newest_first("created_at", visit))
    final = ", ".join(f"'{state}'" for state in FINAL)
    open_ = visit.stored(
        f"SELECT id FROM deployments d WHERE url LIKE '%/{path}/deployments/%' AND NOT EXISTS"
        f" (FROM statuses s WHERE s.deployment_url = d.url AND s.state IN ({final}))"
    )
    parallel = {"parallelized": True}
    new = _resource("statuses", key, f"{path}/deployments/{{resources.new_{key}.id}}/statuses")
    old = _resource("statuses", f"{key}_open", f"{path}/deployments/{{resources.open_{key}.id}}/statuses")
    return [
        deployments, Chosen(f"new_{key}", f"deployments_{key}", lambda _: True), new | parallel,
        *([Given(f"open_{key}", open_), old | parallel] if open_ else []),
    ]  # fmt: skip


def _alerts(path: str, key: str, visit: Visit) -> Declared:
    order = {"sort": "updated", "direction": "desc"}
    return [
        _resource(
            table, key, f"{path}/{place}/alerts", params=order,
            incremental=_newest_first("updated_at", visit), response_actions=OFF,
        )
        for table, place in (("dependabot", "dependabot"), ("code_scanning", "code-scanning"))
    ]  # fmt: skip


def mappings(spec: Spec, name: str) -> Mapping[str, Mapping[str, Any]]:
    """What becomes of the tables where sources.yaml maps no columns itself: entity → mapping."""
    return {
        "changes": {
            "query": _CHANGES.format(s=name, production=_production(spec)),
            "where": "merged_at IS NOT NULL OR closed_at IS NULL",  # closed without a merge: never on its way
            "set_aside": {"bots": "is_bot = 'true'"},
            "columns": {
                "change_id": "repository || '#' || number", **_OWNER, "author": "author", "title": "title",
                "kind": r"lower(nullif(regexp_extract(title, '^(\w+)(\([^)]*\))?!?:', 1), ''))",
                "first_commit_at": "first_commit_at", "opened_at": "created_at", "first_review_at": "first_review_at",
                "approved_at": "approved_at", "merged_at": "merged_at", "deployed_at": "deployed_at",
            },
        },
        "deployments": {
            "query": _DEPLOYMENTS.format(s=name, production=_production(spec)),
            "where": "result IS NOT NULL",  # still under way
            "columns": {
                "deployment_id": "id", **_OWNER, "deployed_at": "ended_at", "result": "result", "version": "ref",
                "environment": "CASE WHEN production THEN 'production' ELSE lower(environment) END",
            },
        },
        "features": {
            "query": _FEATURES.format(s=name, production=_production(spec)),
            "where": " OR ".join(f"list_contains(labels, {_text(label.lower())})" for label in spec.feature_labels) or "false",
            "columns": {
                "feature_id": "repository || '#' || number", **_OWNER, "title": "title", "started_at": "started_at", "released_at": "released_at",
            },
        },
        "vulnerabilities": {
            "query": _ALERTS.format(s=name),
            "set_aside": {"dismissed": "state = 'dismissed'"},  # somebody chose to live with it, or it was none
            "columns": {
                "vulnerability_id": "url", **_OWNER, "identifier": "identifier", "asset_id": "asset", "asset_kind": "kind",
                "severity": "severity", "detected_at": "created_at", "remediated_at": "ended_at",
            },
        },
    }  # fmt: skip


def _production(spec: Spec) -> str:
    """SQL: whether a deployment `d` goes to production."""
    names = ", ".join(_text(name.lower()) for name in spec.production)
    return f"(d.is_production = 'true' OR lower(d.environment) IN ({names}))"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


_OWNER = {
    "service": "split_part(repository, '/', 2)",
    "team": "coalesce(nullif(regexp_extract(topics, '\"team-([^\"]+)\"', 1), ''), split_part(repository, '/', 2))",
}
_FINISHED = """
    owned AS (SELECT full_name, default_branch, topics FROM {s}_repositories),
    finished AS (
        SELECT d.id, d.sha, d.ref, d.environment, {production} AS production, d.created_at::TIMESTAMPTZ AS created_at,
            regexp_extract(d.repository, '([^/]+/[^/]+)$', 1) AS repository,
            min(s.created_at::TIMESTAMPTZ) FILTER (s.state = 'success') AS succeeded_at,
            min(s.created_at::TIMESTAMPTZ) FILTER (s.state IN ('failure', 'error')) AS failed_at,
            bool_or(s.state = 'inactive') AS was_live
        FROM {s}_deployments d LEFT JOIN {s}_statuses s ON s.deployment_url = d.url GROUP BY ALL
    )"""
_DEPLOYMENTS = f"""
    WITH {_FINISHED}
    SELECT f.*, topics, coalesce(succeeded_at, failed_at, created_at) AS ended_at,
        CASE WHEN succeeded_at IS NOT NULL OR (was_live AND failed_at IS NULL) THEN 'success'
             WHEN failed_at IS NOT NULL THEN 'failure' END AS result
    FROM finished f LEFT JOIN owned ON full_name = repository"""
_MADE = f"""{_FINISHED},
    pulls AS (
        SELECT * REPLACE (created_at::TIMESTAMPTZ AS created_at, merged_at::TIMESTAMPTZ AS merged_at)
        FROM {{s}}_pulls JOIN owned ON full_name = repository AND base = default_branch
    ),
    live AS (
        SELECT f.repository, coalesce(max(p.merged_at), f.created_at) AS holds_until, min(f.succeeded_at) AS live_at
        FROM finished f LEFT JOIN pulls p ON p.repository = f.repository AND p.merge_commit_sha = f.sha
        WHERE f.production AND f.succeeded_at IS NOT NULL GROUP BY f.id, f.repository, f.created_at
    ),
    steps AS (  -- the earliest moment at which anything that holds this much was live
        SELECT repository, holds_until, min(live_at) OVER (
            PARTITION BY repository ORDER BY holds_until DESC RANGE UNBOUNDED PRECEDING) AS live_at FROM live
    ),
    begun AS (SELECT pull_url, min(authored_at::TIMESTAMPTZ) AS first_commit_at FROM {{s}}_commits GROUP BY pull_url),
    reviewed AS (
        SELECT p.url,
            min(r.submitted_at::TIMESTAMPTZ) FILTER (r.submitted_at::TIMESTAMPTZ <= coalesce(p.merged_at, 'infinity')) AS first_review_at,
            min(r.submitted_at::TIMESTAMPTZ) FILTER (r.state = 'APPROVED'
                AND r.submitted_at::TIMESTAMPTZ <= coalesce(p.merged_at, 'infinity')) AS approved_at
        FROM pulls p JOIN {{s}}_reviews r ON r.pull_url = p.url
        WHERE r.reviewer IS DISTINCT FROM p.author AND r.is_bot IS DISTINCT FROM 'true' GROUP BY p.url
    ),
    made AS (
        SELECT p.*, first_commit_at, first_review_at, approved_at, CASE WHEN live_at >= p.merged_at THEN live_at END AS deployed_at
        FROM pulls p ASOF LEFT JOIN steps ON p.repository = steps.repository AND p.merged_at <= steps.holds_until
        LEFT JOIN begun ON begun.pull_url = p.url LEFT JOIN reviewed ON reviewed.url = p.url
    )"""
_CHANGES = f"WITH {_MADE} SELECT * FROM made"
_FEATURES = f"""
    WITH {_MADE},
    released AS (
        SELECT regexp_extract(url, 'repos/([^/]+/[^/]+)/', 1) AS repository, published_at::TIMESTAMPTZ AS published_at
        FROM {{s}}_releases WHERE published_at IS NOT NULL AND is_draft = 'false' AND is_prerelease = 'false'
    )
    SELECT m.* REPLACE (from_json(lower(m.labels), '["VARCHAR"]') AS labels),
        coalesce(first_commit_at, created_at) AS started_at,
        CASE WHEN m.repository IN (SELECT repository FROM released) THEN r.published_at ELSE m.deployed_at END AS released_at
    FROM made m ASOF LEFT JOIN released r ON m.repository = r.repository AND m.merged_at <= r.published_at
    WHERE m.merged_at IS NOT NULL OR m.closed_at IS NULL"""
_ALERTS = """
    WITH alerts AS (
        SELECT url, coalesce(cve, ghsa) AS identifier, package AS asset, 'library' AS kind, lower(severity) AS severity,
            created_at, coalesce(fixed_at, auto_dismissed_at) AS ended_at, state FROM {s}_dependabot
        UNION ALL
        SELECT url, rule, NULL, 'code', coalesce(lower(level), CASE severity WHEN 'error' THEN 'high' WHEN 'warning'
            THEN 'medium' WHEN 'note' THEN 'low' END, 'unknown'), created_at, fixed_at, state
        FROM {s}_code_scanning
    )
    SELECT a.* REPLACE (CASE WHEN severity IN ('critical', 'high', 'medium', 'low') THEN severity ELSE 'unknown' END AS severity),
        regexp_extract(url, 'repos/([^/]+/[^/]+)/', 1) AS repository, topics
    FROM alerts a LEFT JOIN {s}_repositories ON full_name = regexp_extract(url, 'repos/([^/]+/[^/]+)/', 1)"""
