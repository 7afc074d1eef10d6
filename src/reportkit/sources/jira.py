"""Jira by REST v3 (Cloud) or v2 (Server and Data Center): issues with their history of statuses, and work logs.

A source called `jira` yields jira_issues, jira_statuses, jira_fields and jira_worklogs. Free text other than an issue's
summary is never stored. jira_issues.history is a JSON list of [when, from, to] of the status, oldest first, so that time in
a status is a query away. What its own mapping makes of the tables:

- Issues of the types in `feature_types` are features: requested when they were created, started when they first reached a
  status that Jira counts as in progress, released when they were resolved or, with `released_by: version`, on the day of
  the first of their versions that is released.
- Work logs are time_use; `work` says which issue types are which category of work.
- Issues of the types in `onboarding_types` are onboardings, from when they were created until they were resolved.
- Custom fields are named as people see them: `fields: {team: Team}` is the column `f_team` of jira_issues.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from reportkit.errors import SourceError, unknown
from reportkit.fetch.api import read as fetch
from reportkit.fetch.declared import Api, Chosen, Declared, Given, Visit
from reportkit.fetch.paging import by_offset
from reportkit.fetch.people import People, without_emails
from reportkit.fetch.place import Origin, Place
from reportkit.fetch.records import Table, text_of
from reportkit.fetch.spec import ApiSpec, basic
from reportkit.model.params import Key

PAGE = 100
STORED = ("summary", "issuetype", "project", "status", "created", "updated", "resolutiondate", "fixVersions", "labels",
          "components", "priority", "worklog")  # fmt: skip
STATUSES = Table("statuses", ("id",), {"id": "!id", "name": "!name", "category": "!statusCategory.key"})
FIELDS = Table("fields", ("id",), {"id": "!id", "name": "!name"})
Category = Literal["value", "toil", "maintenance", "coordination", "other"]


class Spec(ApiSpec):
    """Settings of a Jira source."""

    type: Literal["jira"] = "jira"
    user: str | None = Field(None, description="Cloud: the e-mail address that the token belongs to; with Server none.")
    server: bool = Field(False, description="Whether it is Jira Server or Data Center, whose API is version 2.")
    projects: tuple[str, ...] = Field((), description="Keys of projects; all where not given.")
    jql: str | None = Field(None, description="A further condition: labels = platform.")
    feature_types: tuple[str, ...] = Field(
        ("Epic", "Story", "New Feature"), description="Issue types that are features."
    )
    released_by: Literal["resolution", "version"] = "resolution"
    onboarding_types: dict[str, Literal["engineer", "service"]] = Field(
        default_factory=dict, description="Issue type: whether it brings in an engineer or a service."
    )
    work: dict[Category, tuple[str, ...]] = Field(
        default_factory=dict, description="Category of work: issue types; other types are other work."
    )
    fields: dict[Key, str] = Field(default_factory=dict, description="Column: a field's name in Jira, custom ones too.")


def read(spec: Spec, name: str, place: Place) -> tuple[Origin, ...]:
    """Fetch what is new and make it queryable as `name`_issues and so on. Raises SourceError."""
    where = f"source {name}"
    ids: dict[str, str] = {}
    api = Api(
        address=spec.url, tables=_tables(spec, ids), resources=lambda visit: _declared(spec, where, place, visit, ids),
        authorise=basic(spec.user, spec.token, place.root, where), since=spec.since, patience=spec.patience,
        people=spec.people_of(place.root), settings={"projects": spec.projects, "jql": spec.jql, "fields": spec.fields},
    )  # fmt: skip
    return fetch(api, name, place)


def _tables(spec: Spec, ids: Mapping[str, str]) -> tuple[Table, ...]:
    own = {f"f_{column}": _custom(column, ids) for column in spec.fields}
    issues = Table(
        "issues", ("id",), {
            "id": "!id", "key": "!key", "summary": "~fields.summary", "type": "!fields.issuetype.name",
            "project": "fields.project.key", "status": "fields.status.name", "labels": "fields.labels",
            "components": "fields.components[].name", "priority": "fields.priority.name", "created": "!fields.created",
            "updated": "!fields.updated", "resolved": "fields.resolutiondate", "logged": "fields.worklog.total",
        },
        records="issues", derived={"history": _history, "versions": _versions, **own},
    )  # fmt: skip
    worklogs = Table(
        "worklogs", ("id",), {
            "id": "!id", "issue": "issueId", "person": "@author.accountId", "name": "@author.name", "started": "!started",
            "seconds": "!timeSpentSeconds",
        },
        records="worklogs", parents=("of_issue",),
    )  # fmt: skip
    return issues, worklogs, STATUSES, FIELDS


def _history(record: Mapping[str, Any], _: People) -> str | None:
    """When the status changed, from what, to what; oldest first."""
    found = [
        (entry["created"], item.get("fromString"), item.get("toString"))
        for entry in (record.get("changelog") or {}).get("histories") or []
        for item in entry.get("items") or []
        if item.get("field") == "status"
    ]
    return json.dumps(sorted(found), ensure_ascii=False)


def _versions(record: Mapping[str, Any], _: People) -> str | None:
    """The days on which versions that have it were released."""
    versions = (record.get("fields") or {}).get("fixVersions") or []
    return json.dumps(sorted(v["releaseDate"] for v in versions if v.get("released") and v.get("releaseDate")))


def _custom(column: str, ids: Mapping[str, str]) -> Callable[[Mapping[str, Any], People], str | None]:
    def value(record: Mapping[str, Any], people: People) -> str | None:
        return _plain((record.get("fields") or {}).get(ids.get(column, "")), people)

    return value


def _plain(value: Any, people: People) -> str | None:
    """A field's value as people see it: of an option its name, of a person a hash."""
    if isinstance(value, list):
        return json.dumps([_plain(one, people) for one in value], ensure_ascii=False)
    if isinstance(value, Mapping):
        if who := value.get("accountId") or value.get("emailAddress"):
            return people.hash(str(who))
        value = next((value[k] for k in ("value", "name", "key") if value.get(k)), None)
    text = text_of(value)
    return without_emails(text) if text else text


def _declared(spec: Spec, where: str, place: Place, visit: Visit, ids: dict[str, str]) -> Declared:
    root = f"rest/api/{2 if spec.server else 3}"
    fields = visit.rows("fields", f"{root}/field")
    named = {str(row["name"]): str(row["id"]) for row in fields}
    for column, name in spec.fields.items():
        if name not in named:
            raise SourceError(unknown("field of Jira", name, named), where=where)
        ids[column] = named[name]
    wanted: Declared = [
        Given("statuses", visit.rows("statuses", f"{root}/status"), "statuses"),
        Given("fields", [row for row in fields if row["id"] in ids.values()], "fields"),
        _issues(spec, root, visit, sorted(ids.values())),
    ]
    if place.feeds("time_use"):
        wanted += [
            Chosen("logged", "issues", lambda row: row["logged"] not in (None, "0")),
            {
                "name": "worklogs", "table_name": "worklogs", "parallelized": True, "include_from_parent": ["id"],
                "endpoint": {
                    "path": f"{root}/issue/{{resources.logged.id}}/worklog",
                    "paginator": by_offset(1000, "maxResults", "startAt", total="total"),
                },
                "processing_steps": [{"map": lambda row: row | {"of_issue": row.pop("_logged_id")}}],
            },
        ]  # fmt: skip
    return wanted


def _issues(spec: Spec, root: str, visit: Visit, custom: list[str]) -> dict[str, Any]:
    conditions = ['updated >= "{incremental.start_value}"']
    if spec.projects:
        conditions.insert(0, f"project in ({', '.join(json.dumps(p) for p in spec.projects)})")
    if spec.jql:
        conditions.append("(" + spec.jql.replace("{", "{{").replace("}", "}}") + ")")
    params = {
        "jql": " AND ".join(conditions) + " ORDER BY updated ASC, key ASC", "expand": "changelog",
        "fields": ",".join((*STORED, *custom)),
    }  # fmt: skip
    if spec.server:
        paging: Any = by_offset(PAGE, "maxResults", "startAt", total="total")
        path = f"{root}/search"
    else:
        params["maxResults"] = str(PAGE)
        paging = {"type": "cursor", "cursor_path": "nextPageToken", "cursor_param": "nextPageToken"}
        path = f"{root}/search/jql"
    return {
        "name": "issues", "table_name": "issues",
        "endpoint": {
            "path": path, "params": params, "paginator": paging,
            "incremental": {
                "cursor_path": "updated", "initial_value": visit.since.strftime("%Y-%m-%dT%H:%M:%S.000+0000"), "convert": _minute,
            },
        },
    }  # fmt: skip


def _minute(text: str) -> str:
    """A moment as JQL wants it, a day earlier: JQL reads it in the time zone of whoever owns the token."""
    return (datetime.fromisoformat(text) - timedelta(days=1)).strftime("%Y-%m-%d %H:%M")


def mappings(spec: Spec, name: str) -> Mapping[str, Mapping[str, Any]]:
    """What becomes of the tables where sources.yaml maps no columns itself."""
    owner = {
        "service": "coalesce(components ->> '$[0]', project)",
        "team": "f_team" if "team" in spec.fields else "project",
    }
    released = "versions ->> '$[0]'" if spec.released_by == "version" else "resolved"
    work = " ".join(
        f"WHEN type IN ({_listed(types)}) THEN '{category}'" for category, types in spec.work.items() if types
    )
    kinds = " ".join(f"WHEN type = {_text(t)} THEN '{kind}'" for t, kind in spec.onboarding_types.items())
    return {
        "features": {
            "query": _FEATURES.format(s=name),
            "where": f"type IN ({_listed(spec.feature_types)})",
            "columns": {
                "feature_id": "key", **owner, "title": "summary", "requested_at": "created", "started_at": "started",
                "released_at": released,
            },
        },
        "time_use": {
            "query": f"SELECT w.*, i.type, i.project, i.components, {'i.f_team,' if 'team' in spec.fields else ''} i.key"
            f" FROM {name}_worklogs w JOIN {name}_issues i ON i.id = w.of_issue",
            "columns": {
                "entry_id": "id", **owner, "person": "coalesce(person, name)", "worked_at": "started",
                "hours": "seconds::DOUBLE / 3600", "category": f"CASE {work} ELSE 'other' END" if work else "'other'",
            },
        },
        "onboardings": {
            "query": f"SELECT * FROM {name}_issues",
            "where": f"type IN ({_listed(spec.onboarding_types)})" if spec.onboarding_types else "false",
            "columns": {
                "onboarding_id": "key", **owner, "kind": f"CASE {kinds} END" if kinds else "NULL", "started_at": "created",
                "finished_at": "resolved", "subject": "key",
            },
        },
    }  # fmt: skip


def _listed(names: Any) -> str:
    return ", ".join(map(_text, names)) or "NULL"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


_FEATURES = """
    WITH steps AS (
        SELECT id, unnest(from_json(history, '[["VARCHAR"]]')) AS step FROM {s}_issues
    ),
    begun AS (
        SELECT steps.id, min(step[1]) AS started FROM steps JOIN {s}_statuses st ON st.name = step[3]
        WHERE st.category = 'indeterminate' GROUP BY steps.id
    )
    SELECT i.*, begun.started FROM {s}_issues i LEFT JOIN begun ON begun.id = i.id"""
