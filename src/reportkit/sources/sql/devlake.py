"""Apache DevLake's domain tables, as its schema has them since v0.20: what they hold, and what becomes of it.

As its own metrics define it: a change begins with the first authored commit, its first review is the first comment of
somebody else (between opening and merge: no change waited for others), and it is deployed with the first successful
production deployment whose difference to the one before holds its merge commit (project_pr_metrics). DevLake keeps times
in UTC, without an offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

QUERIES = {
    "pull_requests": "SELECT * FROM pull_requests",
    "commits": "SELECT pull_request_id, min(commit_authored_date) AS first_authored FROM pull_request_commits GROUP BY pull_request_id",
    "comments": (
        "SELECT c.pull_request_id, min(c.created_date) AS first_by_others FROM pull_request_comments c"
        " JOIN pull_requests p ON p.id = c.pull_request_id WHERE c.account_id IS DISTINCT FROM p.author_id"
        " AND c.created_date >= p.created_date AND (p.merged_date IS NULL OR c.created_date <= p.merged_date) GROUP BY c.pull_request_id"
    ),
    "metrics": "SELECT id, project_name, deployment_commit_id FROM project_pr_metrics",
    "deployments": "SELECT * FROM cicd_deployment_commits",
    "incidents": "SELECT * FROM incidents",
    "repos": "SELECT * FROM repos",
    "projects": 'SELECT project_name, "table", row_id FROM project_mapping',
}
OPTIONAL = frozenset({"incidents", "metrics"})  # not every DevLake has them

_OWNER = {"team": "project", "service": "service"}


def mappings(name: str, _: date | None) -> Mapping[str, Mapping[str, Any]]:
    """Entity → mapping, over the tables of a source called `name`."""
    time = {"time_zone": "UTC"}
    return {
        "changes": {
            "query": _CHANGES.format(s=name),
            "where": "merged_date IS NOT NULL OR coalesce(to_json(p) ->> 'status', 'OPEN') NOT IN ('CLOSED', 'closed')",
            "columns": {
                "change_id": "id", **_OWNER,
                "first_commit_at": {"sql": "first_authored", **time}, "opened_at": {"sql": "created_date", **time},
                "first_review_at": {"sql": "first_by_others", **time}, "merged_at": {"sql": "merged_date", **time},
                "deployed_at": {"sql": "finished_date", **time}, "title": "to_json(p) ->> 'title'",
            },
        },
        "deployments": {
            "query": _DEPLOYMENTS.format(s=name),
            "where": "result IN ('SUCCESS', 'FAILURE', 'ABORT') AND finished_date IS NOT NULL",
            "columns": {
                "deployment_id": "id", **_OWNER, "deployed_at": {"sql": "finished_date", **time},
                "environment": "coalesce(lower(nullif(environment, '')), 'production')",
                "result": "CASE result WHEN 'SUCCESS' THEN 'success' WHEN 'FAILURE' THEN 'failure' ELSE 'cancelled' END",
                "version": "commit_sha",
            },
        },
        "incidents": {
            "query": f"SELECT i.*, to_json(i) AS j FROM {name}_incidents i",
            "columns": {
                "incident_id": "j ->> 'id'", "service": "j ->> 'component'", "title": "j ->> 'title'",
                "severity": "coalesce(nullif(j ->> 'severity', ''), j ->> 'priority')",
                "started_at": {"sql": "j ->> 'created_date'", **time},
                "resolved_at": {"sql": "j ->> 'resolution_date'", **time},
            },
        },
    }  # fmt: skip


_CHANGES = """
    WITH live AS (
        SELECT m.id, min(d.finished_date) AS finished_date, min(m.project_name) AS project
        FROM (SELECT to_json(x) ->> 'id' AS id, to_json(x) ->> 'project_name' AS project_name,
                to_json(x) ->> 'deployment_commit_id' AS deployment_commit_id FROM {s}_metrics x) m
        LEFT JOIN {s}_deployments d ON d.id = m.deployment_commit_id GROUP BY m.id
    ),
    owned AS (SELECT row_id, min(project_name) AS project FROM {s}_projects WHERE "table" = 'repos' GROUP BY row_id)
    SELECT p.*, p, c.first_authored, r.first_by_others, l.finished_date, coalesce(l.project, o.project) AS project,
        coalesce(nullif(to_json(repo) ->> 'name', ''), p.base_repo_id) AS service
    FROM {s}_pull_requests p LEFT JOIN {s}_commits c ON c.pull_request_id = p.id
    LEFT JOIN {s}_comments r ON r.pull_request_id = p.id LEFT JOIN live l ON l.id = p.id
    LEFT JOIN owned o ON o.row_id = p.base_repo_id LEFT JOIN {s}_repos repo ON repo.id = p.base_repo_id"""
_DEPLOYMENTS = """
    WITH owned AS (SELECT row_id, min(project_name) AS project FROM {s}_projects WHERE "table" = 'cicd_scopes' GROUP BY row_id)
    SELECT d.*, o.project, regexp_extract(d.repo_url, '([^/]+?)(\\.git)?/?$', 1) AS service
    FROM {s}_deployments d LEFT JOIN owned o ON o.row_id = d.cicd_scope_id"""
