"""GitLab by REST v4: merge requests with first commit and notes, deployments, incidents.

A source called `gitlab` yields the tables gitlab_projects, gitlab_merge_requests, gitlab_commits, gitlab_notes,
gitlab_deployments and gitlab_incidents. What its own mapping makes of them:

- A merge request into the default branch is a change. First commit: the earliest author date among its commits. First
  review: the first note or approval of somebody else, between opening and merge.
- A change is deployed with the first successful deployment to production that holds it: one of its merge's (or squash's)
  commit holds what was merged until then, any other what was merged until it was created.
- Commits and notes cost requests of their own and are asked for merge requests merged since `since`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, model_validator

from reportkit.errors import SourceError
from reportkit.fetch.api import read as fetch
from reportkit.fetch.declared import Api, Chosen, Declared, Given, Visit
from reportkit.fetch.place import Origin, Place
from reportkit.fetch.records import Row, Table
from reportkit.fetch.spec import ApiSpec, header
from reportkit.model.secret import Address

PAGE = 100
APPROVED = "approved this merge request"
TABLES = (
    Table("projects", ("id",), {
        "id": "!id", "path": "!path_with_namespace", "default_branch": "default_branch", "topics": "topics",
    }),
    Table("merge_requests", ("id",), {
        "id": "!id", "iid": "!iid", "project_id": "!project_id", "title": "~title", "author": "@author.username",
        "is_bot": "?author.username", "state": "!state", "labels": "labels", "target_branch": "target_branch",
        "created_at": "!created_at", "updated_at": "!updated_at", "merged_at": "merged_at", "closed_at": "closed_at",
        "sha": "sha", "merge_commit_sha": "merge_commit_sha", "squash_commit_sha": "squash_commit_sha",
    }),
    Table("commits", ("merge_request", "sha"), {"sha": "!id", "authored_at": "authored_date"}, parents=("merge_request",)),
    Table("notes", ("id",), {
        "id": "!id", "merge_request": "!noteable_id", "author": "@author.username", "is_bot": "?author.username",
        "is_system": "system", "is_approval": f"={APPROVED}:body", "created_at": "!created_at",
    }),
    Table("deployments", ("id",), {
        "id": "!id", "sha": "!sha", "ref": "ref", "status": "!status", "environment": "!environment.name",
        "tier": "environment.tier", "created_at": "!created_at", "updated_at": "updated_at",
        "finished_at": "deployable.finished_at",
    }, parents=("project_id",)),
    Table("incidents", ("id",), {
        "id": "!id", "project_id": "!project_id", "title": "~title", "severity": "severity", "labels": "labels",
        "created_at": "!created_at", "updated_at": "!updated_at", "closed_at": "closed_at",
    }),
)  # fmt: skip


class Spec(ApiSpec):
    """Settings of a GitLab source."""

    type: Literal["gitlab"] = "gitlab"
    url: Address = Field("https://gitlab.com/api/v4", description="https://HOST/api/v4 for a server of your own.")
    groups: tuple[str, ...] = Field((), description="All of whose projects are read, those of subgroups too.")
    projects: tuple[str, ...] = Field((), description="Or single ones by path or number: [acme/shop].")
    production: tuple[str, ...] = Field(("production", "prod", "live"), description="Environments that are production.")

    @model_validator(mode="after")
    def _some(self) -> Spec:
        if not self.groups and not self.projects:
            raise ValueError("name `groups: [acme]` or `projects: [acme/shop]`")
        return self


def read(spec: Spec, name: str, place: Place) -> tuple[Origin, ...]:
    """Fetch what is new and make it queryable as `name`_merge_requests and so on. Raises SourceError."""
    api = Api(
        address=spec.url, tables=TABLES, resources=lambda visit: _declared(spec, name, place, visit),
        authorise=header("PRIVATE-TOKEN", spec.token, place.root, f"source {name}"), since=spec.since,
        patience=spec.patience, people=spec.people_of(place.root),
    )  # fmt: skip
    return fetch(api, name, place)


def _declared(spec: Spec, name: str, place: Place, visit: Visit) -> Declared:
    found = list(_projects(spec, visit))
    if not found:
        raise SourceError("no project is left to read; mend `groups` or `projects`.", where=f"source {name}")
    wanted: Declared = [Given("projects", found, "projects")]
    for project in found[:1] if visit.trial else found:
        id_ = str(project["id"])
        if place.feeds("changes", "deployments"):
            wanted.append(_deployments(id_, visit))
        if place.feeds("changes"):
            wanted += _merge_requests(id_, visit)
        if place.feeds("incidents"):
            wanted.append(_newer("incidents", id_, "issues", visit, {"issue_type": "incident", "scope": "all"}))
    return wanted


def _projects(spec: Spec, visit: Visit) -> Iterator[Row]:
    for group in spec.groups:
        yield from visit.rows(
            "projects", f"groups/{quote(group, safe='')}/projects", {"per_page": PAGE, "include_subgroups": "true"}
        )
    for project in spec.projects:
        yield from visit.rows("projects", f"projects/{quote(project, safe='')}")


def _newer(table: str, id_: str, path: str, visit: Visit, params: Mapping[str, str]) -> dict[str, Any]:
    """A list of a project, from what was updated last, oldest first."""
    since = visit.since.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "name": f"{table}_{id_}", "table_name": table,
        "endpoint": {
            "path": f"projects/{id_}/{path}",
            "params": {
                "per_page": PAGE, "order_by": "updated_at", "sort": "asc",
                "updated_after": "{incremental.start_value}", **params,
            },
            "incremental": {"cursor_path": "updated_at", "initial_value": since, "on_cursor_value_missing": "include"},
        },
    }  # fmt: skip


def _deployments(id_: str, visit: Visit) -> dict[str, Any]:
    return _newer("deployments", id_, "deployments", visit, {}) | {
        "processing_steps": [{"map": lambda row: row | {"project_id": id_}}]
    }


def _merge_requests(id_: str, visit: Visit) -> Declared:
    since = visit.since.strftime("%Y-%m-%dT%H:%M:%S")
    merged = Chosen(
        f"merged_{id_}",
        f"merge_requests_{id_}",
        lambda row: (row["merged_at"] or "") >= since and row["is_bot"] != "true",
    )
    of_one = f"projects/{id_}/merge_requests/{{resources.merged_{id_}.iid}}"
    parallel = {"parallelized": True}
    return [
        _newer("merge_requests", id_, "merge_requests", visit, {"state": "all", "scope": "all"}),
        merged,
        parallel | {
            "name": f"commits_{id_}", "table_name": "commits", "include_from_parent": ["id"],
            "endpoint": {"path": f"{of_one}/commits", "params": {"per_page": PAGE}},
            "processing_steps": [{"map": lambda row: row | {"merge_request": row.pop(f"_merged_{id_}_id")}}],
        },
        parallel | {
            "name": f"notes_{id_}", "table_name": "notes",
            "endpoint": {"path": f"{of_one}/notes", "params": {"per_page": PAGE, "sort": "asc", "order_by": "created_at"}},
        },
    ]  # fmt: skip


def mappings(spec: Spec, name: str) -> Mapping[str, Mapping[str, Any]]:
    """What becomes of the tables where sources.yaml maps no columns itself: entity → mapping."""
    names = ", ".join("'" + n.lower().replace("'", "''") + "'" for n in spec.production)
    production = f"(d.tier = 'production' OR lower(d.environment) IN ({names}))"
    return {
        "changes": {
            "query": _CHANGES.format(s=name, production=production),
            "where": "merged_at IS NOT NULL OR state = 'opened'",
            "set_aside": {"bots": "is_bot = 'true'"},
            "columns": {
                "change_id": "path || '!' || iid", **_OWNER, "author": "author", "title": "title",
                "kind": r"lower(nullif(regexp_extract(title, '^(\w+)(\([^)]*\))?!?:', 1), ''))",
                "first_commit_at": "first_commit_at", "opened_at": "created_at", "first_review_at": "first_review_at",
                "approved_at": "approved_at", "merged_at": "merged_at", "deployed_at": "deployed_at",
            },
        },
        "deployments": {
            "query": f"""
                SELECT d.*, p.path, p.topics, {production} AS production
                FROM {name}_deployments d JOIN {name}_projects p ON p.id = d.project_id""",
            "where": "status IN ('success', 'failed', 'canceled')",
            "columns": {
                "deployment_id": "id", **_OWNER, "deployed_at": "coalesce(finished_at, updated_at, created_at)", "version": "ref",
                "result": "CASE status WHEN 'failed' THEN 'failure' WHEN 'canceled' THEN 'cancelled' ELSE status END",
                "environment": "CASE WHEN production THEN 'production' ELSE lower(environment) END",
            },
        },
        "incidents": {
            "query": f"SELECT i.*, p.path, p.topics FROM {name}_incidents i JOIN {name}_projects p ON p.id = i.project_id",
            "columns": {
                "incident_id": "id", **_OWNER, "title": "title", "severity": "lower(severity)", "started_at": "created_at",
                "resolved_at": "closed_at",
            },
        },
    }  # fmt: skip


_OWNER = {
    "service": "regexp_extract(path, '([^/]+)$', 1)",
    "team": "coalesce(nullif(regexp_extract(topics, '\"team-([^\"]+)\"', 1), ''), regexp_extract(path, '([^/]+)/[^/]+$', 1))",
}
_CHANGES = """
    WITH requests AS (
        SELECT m.* REPLACE (m.created_at::TIMESTAMPTZ AS created_at, m.merged_at::TIMESTAMPTZ AS merged_at), p.path, p.topics
        FROM {s}_merge_requests m JOIN {s}_projects p ON p.id = m.project_id AND p.default_branch = m.target_branch
    ),
    live AS (
        SELECT d.project_id, coalesce(max(r.merged_at), d.created_at::TIMESTAMPTZ) AS holds_until,
            min(coalesce(d.finished_at, d.updated_at, d.created_at)::TIMESTAMPTZ) AS live_at
        FROM {s}_deployments d LEFT JOIN requests r ON r.project_id = d.project_id
            AND d.sha IN (r.merge_commit_sha, r.squash_commit_sha, r.sha)
        WHERE d.status = 'success' AND {production} GROUP BY d.id, d.project_id, d.created_at
    ),
    steps AS (
        SELECT project_id, holds_until, min(live_at) OVER (
            PARTITION BY project_id ORDER BY holds_until DESC RANGE UNBOUNDED PRECEDING) AS live_at FROM live
    ),
    begun AS (SELECT merge_request, min(authored_at::TIMESTAMPTZ) AS first_commit_at FROM {s}_commits GROUP BY ALL),
    reviewed AS (
        SELECT r.id, min(n.created_at::TIMESTAMPTZ) AS first_review_at,
            min(n.created_at::TIMESTAMPTZ) FILTER (n.is_approval = 'true') AS approved_at
        FROM requests r JOIN {s}_notes n ON n.merge_request = r.id
        WHERE (n.is_system = 'false' OR n.is_approval = 'true') AND n.author IS DISTINCT FROM r.author AND n.is_bot = 'false'
            AND n.created_at::TIMESTAMPTZ BETWEEN r.created_at AND coalesce(r.merged_at, 'infinity') GROUP BY r.id
    )
    SELECT r.*, first_commit_at, first_review_at, approved_at, CASE WHEN live_at >= r.merged_at THEN live_at END AS deployed_at
    FROM requests r ASOF LEFT JOIN steps ON r.project_id = steps.project_id AND r.merged_at <= steps.holds_until
    LEFT JOIN begun ON begun.merge_request = r.id LEFT JOIN reviewed ON reviewed.id = r.id"""
