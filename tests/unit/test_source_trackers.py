"""GitLab, Jira, PagerDuty and ServiceNow on loopback, with the paging of each: entities worked out by hand, and only what is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from reportkit.errors import SourceError
from reportkit.fetch.people import People
from tests.servers.web import Answer, Asked, Server, linked, serving
from tests.unit.sourcing import SALT, Read, facts, taken

TOKEN = "planted-token-0123456789"
Serve = Callable[..., Server]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    monkeypatch.setenv("TOKEN", TOKEN)
    with ExitStack() as stack:
        yield lambda routes: stack.enter_context(serving(routes))


def told(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(f"{v:%d %H:%M}" if hasattr(v, "hour") else v for v in row) for row in rows]


# GitLab


def gitlab(
    serve: Serve, requests: list[dict[str, Any]], deployments: list[dict[str, Any]], incidents: list[dict[str, Any]]
) -> Server:
    project = {"id": 7, "path_with_namespace": "acme/web/shop", "default_branch": "main", "topics": ["team-checkout"]}

    def newer(rows: list[dict[str, Any]]) -> Callable[[Asked], Answer]:
        def handle(asked: Asked) -> Answer:
            assert (asked.params["order_by"], asked.params["sort"]) == ("updated_at", "asc")
            found = sorted(
                (r for r in rows if r["updated_at"] >= asked.params["updated_after"]), key=lambda r: r["updated_at"]
            )
            return linked(found, asked, server.url, per_page=2)

        return handle

    def notes(_: Asked, iid: str) -> Answer:
        return Answer([n for n in NOTES if n["noteable_iid"] == int(iid)])

    commits = [
        {"id": "c2", "authored_date": "2026-05-03T12:00:00.000+02:00"},
        {"id": "c1", "authored_date": "2026-05-03T08:00:00.000Z"},
    ]
    server = serve({
        "/groups/acme/projects": lambda asked: linked([project], asked, server.url),
        "/projects/7/merge_requests": newer(requests), "/projects/7/deployments": newer(deployments),
        "/projects/7/issues": newer(incidents), r"/projects/7/merge_requests/(\d+)/notes": notes,
        r"/projects/7/merge_requests/(\d+)/commits": lambda _, iid: Answer(commits if iid == "1" else []),
    })  # fmt: skip
    return server


def note(id_: int, iid: int, who: str, when: str, body: str = "secret", *, system: bool = False) -> dict[str, Any]:
    return {
        "id": id_,
        "noteable_id": 100 + iid,
        "noteable_iid": iid,
        "author": {"username": who},
        "body": body,
        "system": system,
        "created_at": when,
    }


NOTES = [
    note(1, 1, "ada", "2026-05-04T08:30:00.000Z"),
    note(2, 1, "bob", "2026-05-04T08:40:00.000Z", "assigned to @ada", system=True),
    note(3, 1, "bob", "2026-05-04T09:00:00.000Z"),
    note(4, 1, "eve", "2026-05-04T10:00:00.000Z", "approved this merge request", system=True),
    note(5, 1, "eve", "2026-05-09T10:00:00.000Z"),
]


def request(iid: int, created: str, merged: str | None, who: str = "ada", state: str = "merged") -> dict[str, Any]:
    return {
        "id": 100 + iid, "iid": iid, "project_id": 7, "title": "feat: x", "author": {"username": who}, "state": state, "labels": [],
        "target_branch": "main", "created_at": created, "updated_at": merged or created, "merged_at": merged, "closed_at": None,
        "sha": f"h{iid}", "merge_commit_sha": f"m{iid}", "squash_commit_sha": None,
    }  # fmt: skip


def test_gitlab(serve: Serve, tmp_path: Path) -> None:
    requests = [
        request(1, "2026-05-04T08:00:00.000Z", "2026-05-05T08:00:00.000Z"),
        request(2, "2026-05-04T08:00:00.000Z", None, state="opened"),
        request(3, "2026-05-04T08:00:00.000Z", None, state="closed"),
    ]
    deployments = [
        {
            "id": 1, "sha": "m1", "ref": "main", "status": status, "environment": {"name": "production"}, "created_at": at,
            "updated_at": at.replace("00:00", "05:00"), "deployable": {"finished_at": at.replace("00:00", "04:00")}, "user": {"username": "ada"},
        } | {"id": i}
        for i, (status, hour) in enumerate([("failed", "09"), ("success", "10"), ("running", "11")])
        for at in [f"2026-05-05T{hour}:00:00.000Z"]
    ]  # fmt: skip
    incidents = [{
        "id": 9, "project_id": 7, "title": "down", "severity": "HIGH", "labels": [], "created_at": "2026-05-05T09:30:00.000Z",
        "updated_at": "2026-05-05T10:30:00.000Z", "closed_at": "2026-05-05T10:30:00.000Z",
    }]  # fmt: skip
    server = gitlab(serve, requests, deployments, incidents)
    settings = {"type": "gitlab", "url": server.url, "token": "env:TOKEN", "groups": ["acme"], "since": "2026-01-01"}
    entities = {name: {"source": "gl"} for name in ("changes", "deployments", "incidents")}
    taken(tmp_path, {"gl": settings}, entities)
    columns = (
        "change_id, team, author, first_commit_at, opened_at, first_review_at, approved_at, merged_at, deployed_at"
    )
    ada = People(SALT).hash("ada")
    assert told(facts(tmp_path, "changes", columns)) == [
        ("acme/web/shop!1", "checkout", ada, "03 08:00", "04 08:00", "04 09:00", "04 10:00", "05 08:00", "05 10:04"),
        ("acme/web/shop!2", "checkout", ada, None, "04 08:00", None, None, None, None),
    ]
    assert told(facts(tmp_path, "deployments", "deployment_id, service, result, deployed_at")) == [
        ("0", "shop", "failure", "05 09:04"), ("1", "shop", "success", "05 10:04"),
    ]  # fmt: skip
    assert told(facts(tmp_path, "incidents", "incident_id, severity, started_at, resolved_at")) == [
        ("9", "high", "05 09:30", "05 10:30")
    ]
    assert {asked.headers.get("private-token") for asked in server.asked} == {TOKEN}
    before = len(server.asked)
    requests[1] |= {
        "merged_at": "2026-05-20T08:00:00.000Z",
        "updated_at": "2026-05-20T08:00:00.000Z",
        "state": "merged",
    }
    taken(tmp_path, {"gl": settings}, entities)
    # the one that changed, and the one at the cursor, which GitLab gives again
    details = {path for path in server.paths()[before:] if path.endswith(("notes", "commits"))}
    assert "/projects/7/merge_requests/2/notes" in details
    assert len(details) <= 4
    assert told(facts(tmp_path, "changes", "change_id, merged_at"))[1] == ("acme/web/shop!2", "20 08:00")


# Jira


def issue(key: str, kind: str, created: str, updated: str, resolved: str | None = None, **more: Any) -> dict[str, Any]:
    history = [
        {
            "created": when,
            "author": {"accountId": "x", "emailAddress": "x@example.com"},
            "items": [{"field": "status", "fromString": a, "toString": b}],
        }
        for when, a, b in more.pop("history", [])
    ]
    fields = {
        "summary": f"{key} for bob@example.com", "issuetype": {"name": kind}, "project": {"key": "ACME"}, "status": {"name": "Done"},
        "created": created, "updated": updated, "resolutiondate": resolved, "fixVersions": [], "labels": [], "description": "secret",
        "components": [{"name": "cart"}], "priority": {"name": "High"}, "worklog": {"total": more.pop("logged", 0)}, **more,
    }  # fmt: skip
    return {"id": key[-1], "key": key, "fields": fields, "changelog": {"histories": history[::-1]}}


@pytest.mark.parametrize("server_", [False, True])
def test_jira(serve: Serve, tmp_path: Path, *, server_: bool) -> None:
    moves = [
        ("2026-05-02T09:00:00.000+0000", "To do", "In progress"),
        ("2026-05-06T09:00:00.000+0000", "In progress", "Done"),
    ]
    issues = [
        issue("ACME-1", "Story", "2026-05-01T10:00:00.000+0200", "2026-05-06T10:00:00.000+0000", "2026-05-06T09:00:00.000+0000",
              history=moves, logged=2, customfield_1={"value": "Checkout"}),
        issue("ACME-2", "Bug", "2026-05-01T10:00:00.000+0000", "2026-05-07T10:00:00.000+0000"),
        issue("ACME-3", "Onboarding", "2026-05-01T10:00:00.000+0000", "2026-05-08T10:00:00.000+0000", "2026-05-08T10:00:00.000+0000"),
    ]  # fmt: skip
    version = 2 if server_ else 3

    def search(asked: Asked) -> Answer:
        assert 'project in ("ACME") AND updated >= "' in asked.params["jql"]
        assert asked.params["fields"].endswith("customfield_1")
        if server_:
            start, size = asked.number("startAt", 0), 2
            return Answer({"issues": issues[start : start + 2], "total": 3, "startAt": start, "maxResults": size})
        start = int(asked.params.get("nextPageToken", "0"))
        more = {"nextPageToken": str(start + 2)} if start + 2 < len(issues) else {"isLast": True}
        return Answer({"issues": issues[start : start + 2], **more})

    logs = [
        {"id": str(i), "issueId": "1", "author": {"accountId": "ada"}, "comment": "secret", "started": "2026-05-03T10:00:00.000+0000", "timeSpentSeconds": s}
        for i, s in enumerate([1800, 5400])
    ]  # fmt: skip
    status = [
        {"id": str(i), "name": n, "statusCategory": {"key": k}}
        for i, (n, k) in enumerate([("To do", "new"), ("In progress", "indeterminate"), ("Done", "done")])
    ]
    server = serve({
        f"/rest/api/{version}/search" + ("" if server_ else "/jql"): search, f"/rest/api/{version}/status": lambda _: Answer(status),
        f"/rest/api/{version}/field": lambda _: Answer([{"id": "customfield_1", "name": "Team"}, {"id": "summary", "name": "Summary"}]),
        rf"/rest/api/{version}/issue/1/worklog": lambda _: Answer({"worklogs": logs, "total": 2, "startAt": 0, "maxResults": 1000}),
    })  # fmt: skip
    settings = {
        "type": "jira", "url": server.url, "token": "env:TOKEN", "server": server_, "projects": ["ACME"], "since": "2026-01-01",
        "fields": {"team": "Team"}, "work": {"value": ["Story"]}, "onboarding_types": {"Onboarding": "service"},
        **({} if server_ else {"user": "pm@example.com"}),
    }  # fmt: skip
    taken(tmp_path, {"j": settings}, {name: {"source": "j"} for name in ("features", "time_use", "onboardings")})
    columns = "feature_id, title, service, team, requested_at, started_at, released_at"
    assert told(facts(tmp_path, "features", columns)) == [
        ("ACME-1", "ACME-1 for (e-mail)", "cart", "Checkout", "01 08:00", "02 09:00", "06 09:00")
    ]
    assert facts(tmp_path, "time_use", "entry_id, person, hours, category") == [
        ("0", People(SALT).hash("ada"), 0.5, "value"), ("1", People(SALT).hash("ada"), 1.5, "value"),
    ]  # fmt: skip
    assert told(facts(tmp_path, "onboardings", "subject, kind, started_at, finished_at")) == [
        ("ACME-3", "service", "01 10:00", "08 10:00")
    ]
    assert all(asked.headers["authorization"].startswith("Bearer" if server_ else "Basic") for asked in server.asked)
    held = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"secret" not in held
    assert b"@example.com" not in held


def test_a_field_that_jira_does_not_have_is_told_with_the_near_one(serve: Serve, tmp_path: Path) -> None:
    server = serve({"/rest/api/3/field": lambda _: Answer([{"id": "customfield_1", "name": "Team"}])})
    with pytest.raises(SourceError, match=r"there is no field of Jira 'Taem'; did you mean 'Team'\?"):
        Read(tmp_path, {"type": "jira", "url": server.url, "fields": {"team": "Taem"}, "since": "2026-01-01"})


# PagerDuty


def test_pagerduty(serve: Serve, tmp_path: Path) -> None:
    incidents = [
        {
            "id": f"P{i}", "incident_number": i, "title": "down", "status": status, "urgency": "high", "service": {"summary": "shop"},
            "priority": {"summary": "P1"} if i == 1 else None, "teams": [{"summary": "checkout"}], "created_at": created,
            "last_status_change_at": changed, "assignments": [{"assignee": {"summary": "Ada Lovelace"}}],
        }
        for i, (status, created, changed) in enumerate([
            ("resolved", "2026-05-04T08:00:00Z", "2026-05-04T09:00:00Z"), ("triggered", "2026-06-20T08:00:00Z", "2026-06-20T08:00:00Z"),
        ])
    ]  # fmt: skip

    def listed(asked: Asked) -> Answer:
        assert asked.headers["authorization"] == f"Token token={TOKEN}"
        found = [i for i in incidents if asked.params["since"] <= i["created_at"] < asked.params["until"]]
        offset = asked.number("offset", 0)
        return Answer(
            {"incidents": found[offset : offset + 1], "more": offset + 1 < len(found), "offset": offset, "limit": 1}
        )

    log = {
        "log_entries": [{"id": "R1", "type": "acknowledge_log_entry", "created_at": "2026-05-04T08:10:00Z"}],
        "more": False,
    }
    server = serve({
        "/incidents": listed, r"/incidents/(P\d)": lambda _, id_: Answer({"incident": incidents[int(id_[1:])]}),
        r"/incidents/P0/log_entries": lambda _: Answer(log), r"/incidents/P1/log_entries": lambda _: Answer({"log_entries": [], "more": False}),
    })  # fmt: skip
    settings = {"type": "pagerduty", "url": server.url, "token": "env:TOKEN", "since": "2026-01-01"}
    columns = "incident_id, service, team, severity, started_at, acknowledged_at, resolved_at"
    taken(tmp_path, {"pd": settings}, {"incidents": {"source": "pd"}})
    assert told(facts(tmp_path, "incidents", columns)) == [
        ("P0", "shop", "checkout", "high", "04 08:00", "04 08:10", "04 09:00"),
        ("P1", "shop", "checkout", "P1", "20 08:00", None, None),
    ]
    incidents[1] |= {"status": "resolved", "last_status_change_at": "2026-06-20T09:00:00Z"}
    before = len(server.asked)
    taken(tmp_path, {"pd": settings}, {"incidents": {"source": "pd"}})
    assert told(facts(tmp_path, "incidents", columns))[1][-1] == "20 09:00"
    assert server.paths()[before:] == ["/incidents", "/incidents/P1", "/incidents/P1/log_entries"]
    assert b"Lovelace" not in b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


# ServiceNow


def record(**values: str | tuple[str, str]) -> dict[str, Any]:
    return {
        k: {"value": v[0], "display_value": v[1]} if isinstance(v, tuple) else {"value": v, "display_value": v}
        for k, v in values.items()
    }


CHANGES = [
    record(sys_id="a1", number="CHG1", state=("3", "Closed"), type=("normal", "Normal"), risk=("2", "High"), approval="approved",
           opened_at="2026-05-01 08:00:00", approval_set="2026-05-03 08:00:00", work_end="2026-05-04 08:00:00",
           closed_at="2026-05-05 08:00:00", close_code="successful", sys_created_on="2026-05-01 08:00:00",
           sys_updated_on="2026-05-05 08:00:00", assignment_group=("g1", "Platform"), business_service=("s1", "Shop"), cmdb_ci=("", "")),
    record(sys_id="a2", number="CHG2", state=("4", "Canceled"), type=("standard", "Standard"), risk=("4", "Low"),
           opened_at="2026-05-02 08:00:00", closed_at="2026-05-02 09:00:00", sys_created_on="2026-05-02 08:00:00",
           sys_updated_on="2026-05-06 08:00:00"),
    record(sys_id="a3", number="CHG3", state=("-1", "Implement"), type=("emergency", "Emergency"), risk=("3", "Moderate"),
           opened_at="2026-05-03 08:00:00", sys_created_on="2026-05-03 08:00:00", sys_updated_on="2026-05-07 08:00:00"),
]  # fmt: skip


def test_servicenow_by_its_table_api(serve: Serve, tmp_path: Path) -> None:
    def table(asked: Asked) -> Answer:
        since = asked.params["sysparm_query"].partition("sys_updated_on>=")[2].partition("^")[0]
        found = [row for row in CHANGES if row["sys_updated_on"]["value"] >= since]
        start, size = asked.number("sysparm_offset", 0), min(2, asked.number("sysparm_limit", 10))
        return Answer({"result": found[start : start + size]})

    server = serve({"/api/now/table/change_request": table})
    settings = {"type": "servicenow", "url": server.url, "user": "reader", "token": "env:TOKEN", "since": "2026-01-01"}
    taken(tmp_path, {"sn": settings}, {"change_requests": {"source": "sn"}})
    columns = (
        "change_request_id, service, team, kind, risk, requested_at, approved_at, implemented_at, closed_at, outcome"
    )
    assert told(facts(tmp_path, "change_requests", columns)) == [
        ("CHG1", "Shop", "Platform", "normal", "high", "01 08:00", "03 08:00", "04 08:00", "05 08:00", "successful"),
        ("CHG2", None, None, "standard", "low", "02 08:00", None, None, "02 09:00", "cancelled"),
        ("CHG3", None, None, "emergency", "medium", "03 08:00", None, None, None, None),
    ]
    before = len(server.asked)
    taken(tmp_path, {"sn": settings}, {"change_requests": {"source": "sn"}})
    assert "sys_updated_on>=2026-05-07 08:00:00^" in server.asked[before].params["sysparm_query"]


def test_servicenow_by_its_csv_export(tmp_path: Path) -> None:
    (tmp_path / "inc.csv").write_text(
        '"Number","Opened","Resolved","Priority","State","Made SLA","Configuration item","Short description"\n'
        '"INC1","04-05-2026 10:00:00","04-05-2026 11:30:00","1 - Critical","Closed","false","shop","down"\n'
        '"INC2","04-05-2026 10:00:00","","2 - High","Canceled","true","shop","nothing"\n'
    )
    settings = {
        "type": "servicenow",
        "files": {"incidents": "inc.csv"},
        "format": "%d-%m-%Y %H:%M:%S",
        "time_zone": "Europe/Berlin",
    }
    manifest = taken(tmp_path, {"sn": settings}, {"incidents": {"source": "sn"}})
    columns = "incident_id, service, severity, started_at, resolved_at, sla_breached"
    assert told(facts(tmp_path, "incidents", columns)) == [
        ("INC1", "shop", "1 - Critical", "04 08:00", "04 09:30", True)
    ]
    assert manifest.entities["incidents"].set_aside == {"cancelled": 1}


def test_page_bodies_are_not_kept_as_they_came(serve: Serve, tmp_path: Path) -> None:
    server = serve({"/incidents": lambda _: Answer({"incidents": "what", "more": False})})
    with pytest.raises(SourceError, match="source it: "):
        Read(tmp_path, {"type": "pagerduty", "url": server.url, "since": "2026-11-01"})
    assert json.loads("[]") == []
