"""GitHub's own recorded exchanges and OpenAPI description, and recorded bodies of GitLab, Jira and PagerDuty, by each API's paging."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jsonschema import Draft202012Validator

from reportkit.fetch.api import read
from reportkit.fetch.declared import Api, Visit
from reportkit.fetch.place import Place
from reportkit.fetch.records import Table
from reportkit.fetch.spec import bearer
from tests.servers.github import GitHub, at
from tests.servers.web import Answer, Asked, Server, linked, serving
from tests.unit.sourcing import Read, salted

csv.field_size_limit(1 << 30)


def bodies(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="") as file:
        return [json.loads(row["data"]) for row in csv.DictReader(file)]


# Recorded exchanges: pages 2 and on move to another path.

ISSUES = Table(
    "issues", ("id",), {"id": "!id", "number": "!number", "author": "@user.login", "updated_at": "updated_at"}
)


def test_recorded_pages_are_followed_by_their_links(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "api" / "github-recorded" / "scenarios" / "api.github.com" / "paginate-issues"
    recorded = json.loads((folder / "normalized-fixture.json").read_text())
    answers = {
        (urlsplit(one["path"]).path, dict(parse_qsl(urlsplit(one["path"]).query)).get("page", "1")): one
        for one in recorded
    }
    wanted = sorted(str(issue["number"]) for one in recorded for issue in one["response"])

    def answer(asked: Asked) -> Answer:
        one = answers[asked.path, asked.params.get("page", "1")]
        assert asked.params["per_page"] == "3"
        return Answer(
            one["response"],
            one["status"],
            {"Link": one["headers"]["link"].replace("https://api.github.com", server.url)},
        )

    with serving({r"/.*": answer}) as server:
        issue = {
            "name": "issues", "table_name": "issues",
            "endpoint": {"path": "repos/octokit-fixture-org/paginate-issues/issues", "params": {"per_page": 3}},
        }  # fmt: skip

        def declared(_: Visit) -> list[Any]:
            return [issue]

        api = Api(server.url, (ISSUES,), declared, bearer(None, tmp_path, "x"))
        import duckdb

        with duckdb.connect() as connection:
            scratch = salted(tmp_path) / "scratch"
            scratch.mkdir()
            read(api, "it", Place(tmp_path, connection, scratch))
            found = connection.execute("SELECT number FROM it_issues ORDER BY 1").fetchall()
    assert [row[0] for row in found] == wanted
    assert len(wanted) == 13
    assert {path for path in server.paths() if path.startswith("/repositories/")}


# GitHub's own description of its API.


class Described:
    """An OpenAPI document: which request is allowed, and what an answer has to look like."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.paths = {re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)): item for path, item in document["paths"].items()}

    def operation(self, path: str) -> dict[str, Any]:
        fits = [item for pattern, item in self.paths.items() if pattern.fullmatch(path) and "get" in item]
        assert fits, f"GitHub has no GET {path}"
        return fits[0]["get"]

    def resolved(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            here = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                here = here[step]
            node = here
        return node

    def check_request(self, asked: Asked) -> None:
        operation = self.operation(asked.path)
        known = {p["name"]: p for p in map(self.resolved, operation.get("parameters", []))}
        for name, value in asked.params.items():
            assert name in known, f"{asked.path} takes no {name}"
            schema = self.resolved(known[name]["schema"])
            typed: Any = int(value) if schema.get("type") == "integer" else value
            self._valid(schema, typed, f"{asked.path}?{name}")

    def check_fields(self, asked: Asked, record: dict[str, Any], paths: list[str]) -> None:
        """Each field that we read exists in the answer as GitHub describes it, of a type that the record has."""
        content = self.resolved(self.operation(asked.path)["responses"]["200"])["content"]["application/json"]
        schema = self.resolved(content["schema"])
        schema = self.resolved(schema["items"]) if schema.get("type") == "array" else schema
        for path in paths:
            self._field(schema, record, path, asked.path)

    def _field(self, schema: Any, value: Any, path: str, where: str) -> None:
        for step in path.removesuffix("[]").split("."):
            schema = self._property(schema, step.removesuffix("[]"))
            assert schema is not None, f"{where} has no field {path}"
            if isinstance(value, dict):
                value = value.get(step.removesuffix("[]"))
            if step.endswith("[]"):
                schema, value = self.resolved(self.resolved(schema)["items"]), (value or [None])[0]
        if value is not None and not isinstance(value, dict | list):
            self._valid(schema, value, f"{where}: {path}")

    def _property(self, schema: Any, name: str) -> Any:
        schema = self.resolved(schema)
        if name in schema.get("properties", {}):
            return schema["properties"][name]
        for key in ("anyOf", "oneOf", "allOf"):
            for option in schema.get(key, []):
                if (found := self._property(option, name)) is not None:
                    return found
        return None

    def _valid(self, schema: Any, value: Any, where: str) -> None:
        whole = {**self._plain(schema), "components": self.document["components"]}
        errors = [e.message for e in Draft202012Validator(whole).iter_errors(value)]
        assert errors == [], f"{where}: {errors}"

    def _plain(self, schema: Any) -> dict[str, Any]:
        found = dict(self.resolved(schema))
        if found.pop("nullable", False) and isinstance(found.get("type"), str):
            found["type"] = [found["type"], "null"]
        return found


@pytest.fixture(scope="module")
def described(real_data: Path) -> Described:
    return Described(json.loads((real_data / "api" / "github.openapi.json").read_text()))


def test_every_request_and_every_field_is_valid_by_githubs_own_word(described: Described, tmp_path: Path) -> None:
    from reportkit.sources.github import TABLES

    hub = GitHub("acme/shop", per_page=2)
    (shop,) = hub.repos.values()
    for n in range(1, 4):
        pull = shop.pull(n, n, n + 1, labels=("feature",))
        shop.commit(n, n - 1)
        shop.review(n, n + 0.5, state="APPROVED")
        shop.deployment(n, n + 2, pull["merge_commit_sha"], ("success", n + 3))
        shop.release(n, n + 4, f"v{n}")
    shop.dependabot = [{
        "url": f"{shop.url}/dependabot/alerts/1", "state": "open", "created_at": at(0), "updated_at": at(1), "fixed_at": None,
        "security_advisory": {"cve_id": "CVE-2026-1", "ghsa_id": "GHSA-aaaa-bbbb-cccc", "severity": "high"}, "dependency": {"package": {"name": "x"}},
    }]  # fmt: skip
    shop.code_scanning = [{
        "url": f"{shop.url}/code-scanning/alerts/1", "state": "open", "created_at": at(0), "updated_at": at(1), "fixed_at": None,
        "rule": {"id": "js/xss", "severity": "error", "security_severity_level": "high"}, "tool": {"name": "CodeQL"},
    }]  # fmt: skip
    hub.server.start()
    Read(
        tmp_path, {"type": "github", "url": hub.server.url, "organisations": ["acme"], "since": "2026-01-01"}, "github"
    )
    hub.server.stop()
    seen: set[str] = set()
    for asked in list(hub.server.asked):
        described.check_request(asked)
        answer = hub.server.answer(asked)
        record = answer.body[0] if isinstance(answer.body, list) and answer.body else None
        table = _table(asked.path)
        if record and table not in seen:
            fields = next(t for t in TABLES if t.name == table).fields
            described.check_fields(asked, record, [path.lstrip("!@?~") for path in fields.values()])
            seen.add(table)
    assert seen == {table.name for table in TABLES}


def _table(path: str) -> str:
    last = path.rsplit("/", 2)
    named = {"alerts": "code_scanning" if "code-scanning" in path else "dependabot", "repos": "repositories"}
    return named.get(last[-1], last[-1])


# Bodies recorded from GitLab, Jira and PagerDuty.


@pytest.fixture
def raw(real_data: Path) -> Path:
    return real_data / "api" / "raw"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reportkit.fetch.pipeline.BACKOFF", 0.01)


def gitlab_server(raw: Path) -> Server:
    requests = bodies(raw / "gitlab" / "_raw_gitlab_api_merge_requests.csv")
    deployments = bodies(raw / "gitlab" / "_raw_gitlab_api_deployments.csv")
    notes = bodies(raw / "gitlab" / "_raw_gitlab_api_merge_request_notes.csv")
    commits = bodies(raw / "gitlab" / "_raw_gitlab_api_merge_request_commits.csv")
    project = {"id": 12345678, "path_with_namespace": "acme/shop", "default_branch": "master", "topics": []}

    def page(rows: list[Any]) -> Any:
        return lambda asked, *_: linked(rows, asked, server.url, per_page=5)

    server = Server({
        r"/projects/[^/]+": lambda _: Answer(project), r".*/merge_requests": page(requests), r".*/deployments": page(deployments),
        r".*/merge_requests/(\d+)/notes": lambda asked, iid: linked([n for n in notes if str(n["noteable_iid"]) == iid], asked, server.url),
        r".*/merge_requests/(\d+)/commits": lambda asked, iid: linked(commits if iid == "1" else [], asked, server.url, per_page=5),
        r".*/issues": page([]),
    })  # fmt: skip
    return server


def test_gitlab_bodies(raw: Path, tmp_path: Path) -> None:
    server = gitlab_server(raw)
    server.start()
    read_ = Read(
        tmp_path, {"type": "gitlab", "url": server.url, "projects": ["acme/shop"], "since": "2015-01-01"}, "gl"
    )
    server.stop()
    requests = {str(r["id"]): r for r in bodies(raw / "gitlab" / "_raw_gitlab_api_merge_requests.csv")}
    assert dict(read_.rows("SELECT id, merged_at FROM gl_merge_requests")) == {
        k: r["merged_at"] for k, r in requests.items()
    }
    deployments = {str(d["id"]): d["status"] for d in bodies(raw / "gitlab" / "_raw_gitlab_api_deployments.csv")}
    assert dict(read_.rows("SELECT id, status FROM gl_deployments")) == deployments
    assert read_.column("SELECT count(*) FROM gl_notes")[0] > 0
    people = {r["author"]["username"] for r in requests.values()}
    held = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert not [name for name in people if len(name) > 5 and name.encode() in held]


def test_jira_bodies(raw: Path, tmp_path: Path) -> None:
    issues = bodies(raw / "jira" / "_raw_jira_api_issues.csv")
    statuses = bodies(raw / "jira" / "_raw_jira_api_status.csv")

    def search(asked: Asked) -> Answer:
        start = int(asked.params.get("nextPageToken", "0"))
        more = {"nextPageToken": str(start + 10)} if start + 10 < len(issues) else {"isLast": True}
        return Answer({"issues": issues[start : start + 10], **more})

    routes = {
        "/rest/api/3/search/jql": search,
        "/rest/api/3/status": lambda _: Answer(statuses),
        "/rest/api/3/field": lambda _: Answer([]),
    }
    with serving(routes) as server:
        read_ = Read(
            tmp_path, {"type": "jira", "url": server.url, "since": "2006-01-02"}, "j", entities=frozenset({"features"})
        )
    found = {row[0]: row[1:] for row in read_.rows("SELECT key, created, resolved, history FROM j_issues")}
    assert {key: row[:2] for key, row in found.items()} == {
        i["key"]: (i["fields"]["created"], i["fields"].get("resolutiondate")) for i in issues
    }
    moves = sum(
        item["field"] == "status"
        for i in issues
        for entry in (i.get("changelog") or {}).get("histories", [])
        for item in entry["items"]
    )
    assert sum(len(json.loads(row[2])) for row in found.values()) == moves > 0


def test_pagerduty_bodies(raw: Path, tmp_path: Path) -> None:
    incidents = bodies(raw / "pagerduty" / "_raw_pagerduty_incidents.csv")

    def listed(asked: Asked) -> Answer:
        found = [i for i in incidents if asked.params["since"] <= i["created_at"] < asked.params["until"]]
        offset = asked.number("offset", 0)
        return Answer({"incidents": found[offset : offset + 1], "more": offset + 1 < len(found), "offset": offset})

    single = {i["id"]: i for i in incidents}
    with serving(
        {"/incidents": listed, r"/incidents/(\w+)": lambda _, id_: Answer({"incident": single[id_]})}
    ) as server:
        read_ = Read(
            tmp_path, {"type": "pagerduty", "url": server.url, "since": "2022-01-01", "acknowledgements": False}, "pd"
        )
    assert sorted(read_.rows("SELECT id, status, service FROM pd_incidents")) == sorted(
        (i["id"], i["status"], i["service"]["summary"]) for i in incidents
    )
