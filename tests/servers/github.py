"""A GitHub on loopback: repositories with pull requests, reviews, commits, deployments, releases and alerts, as its REST API gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.web import Answer, Asked, Server, linked

START = datetime(2026, 4, 6, 9, tzinfo=UTC)


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Repo:
    """What one repository holds. Times are hours since START."""

    name: str
    base: str = ""
    number: int = 0
    topics: list[str] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    reviews: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    commits: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    releases: list[dict[str, Any]] = field(default_factory=list)
    dependabot: list[dict[str, Any]] | None = None
    code_scanning: list[dict[str, Any]] | None = None

    @property
    def url(self) -> str:
        return f"{self.base}/repos/{self.name}"

    def self_(self) -> dict[str, Any]:
        owner, name = self.name.split("/")
        return {
            "id": self.number, "name": name, "full_name": self.name, "owner": user(owner), "default_branch": "main",
            "topics": self.topics, "archived": False, "fork": False, "created_at": at(-1000), "url": self.url,
        }  # fmt: skip

    def pull(
        self,
        number: int,
        opened: float,
        merged: float | None = None,
        *,
        author: str = "ada",
        title: str = "A change",
        labels: tuple[str, ...] = (),
        base: str = "main",
        updated: float | None = None,
        closed: float | None = None,
    ) -> dict[str, Any]:
        ended = merged if merged is not None else closed
        found = {
            "id": 9_007_199_254_740_993 + self.number * 1_000_000 + number, "number": number,
            "url": f"{self.url}/pulls/{number}", "title": title, "user": user(author), "state": "open" if ended is None else "closed",
            "body": "secret plans by ada@example.com", "draft": False, "labels": [{"id": 1, "name": name} for name in labels],
            "created_at": at(opened), "updated_at": at(updated if updated is not None else ended if ended is not None else opened),
            "closed_at": None if ended is None else at(ended), "merged_at": None if merged is None else at(merged),
            "merge_commit_sha": f"{self.number:04x}{number:036x}", "base": {"ref": base, "repo": self.self_()},
            "head": {"ref": f"branch-{number}", "repo": self.self_()},
        }  # fmt: skip
        self.pulls.append(found)
        return found

    def review(self, number: int, when: float, author: str = "grace", state: str = "COMMENTED") -> None:
        found = self.reviews.setdefault(number, [])
        found.append({
            "id": self.number * 10**6 + number * 100 + len(found), "user": user(author), "state": state,
            "submitted_at": at(when), "pull_request_url": f"{self.url}/pulls/{number}", "body": "",
        })  # fmt: skip

    def commit(self, number: int, when: float) -> None:
        found = self.commits.setdefault(number, [])
        sha = f"{self.number:04x}{number:030x}{len(found):06x}"
        author = {"name": "Ada", "email": "ada@example.com", "date": at(when)}
        found.append(
            {"sha": sha, "commit": {"author": author, "committer": author, "message": "x"}, "author": user("ada")}
        )

    def deployment(
        self, number: int, when: float, sha: str, *states: tuple[str, float], environment: str = "production"
    ) -> None:
        self.deployments.append({
            "id": number, "url": f"{self.url}/deployments/{number}", "sha": sha, "ref": "main", "environment": environment,
            "production_environment": False, "created_at": at(when), "updated_at": at(when), "repository_url": self.url,
            "creator": user("ada"), "task": "deploy",
        })  # fmt: skip
        self.statuses[number] = [
            {
                "id": number * 100 + i, "state": state, "created_at": at(moment), "creator": user("ada"),
                "deployment_url": f"{self.url}/deployments/{number}",
            }
            for i, (state, moment) in enumerate(states)
        ]  # fmt: skip

    def release(self, number: int, when: float, tag: str, *, pre: bool = False) -> None:
        self.releases.append({
            "id": number, "url": f"{self.url}/releases/{number}", "tag_name": tag, "name": tag, "draft": False,
            "prerelease": pre, "created_at": at(when), "published_at": at(when), "author": user("ada"),
        })  # fmt: skip


def user(login: str) -> dict[str, Any]:
    return {"login": login, "id": 1, "type": "Bot" if login.endswith("[bot]") else "User"}


class GitHub:
    """Serves its repositories; `server.asked` has the requests."""

    def __init__(self, *names: str, per_page: int | None = None) -> None:
        self.repos = {name: Repo(name, number=i + 1) for i, name in enumerate(names)}
        self.per_page = per_page
        repo = r"/repos/([^/]+/[^/]+)"
        self.server = Server({
            r"/orgs/([^/]+)/repos": self._org,
            repo: self._repo,
            repo + r"/pulls": self._listed(lambda r: r.pulls),
            repo + r"/pulls/(\d+)/reviews": self._listed(lambda r, n: r.reviews.get(int(n), [])),
            repo + r"/pulls/(\d+)/commits": self._listed(lambda r, n: r.commits.get(int(n), [])),
            repo + r"/deployments": self._listed(lambda r: r.deployments[::-1]),
            repo + r"/deployments/(\d+)/statuses": self._listed(lambda r, n: r.statuses[int(n)][::-1]),
            repo + r"/releases": self._listed(lambda r: r.releases[::-1]),
            repo + r"/dependabot/alerts": self._alerts("dependabot", "Dependabot alerts are disabled for this repository.", 403),
            repo + r"/code-scanning/alerts": self._alerts("code_scanning", "no analysis found", 404),
        })  # fmt: skip
        for found in self.repos.values():
            found.base = self.server.url

    def _org(self, asked: Asked, owner: str) -> Answer:
        found = [r.self_() for name, r in self.repos.items() if name.startswith(f"{owner}/")]
        return linked(found, asked, self.server.url)

    def _repo(self, _: Asked, name: str) -> Answer:
        return Answer(self.repos[name].self_()) if name in self.repos else Answer({"message": "Not Found"}, 404)

    def _listed(self, rows: Callable[..., list[dict[str, Any]]]) -> Callable[..., Answer]:
        def handle(asked: Asked, name: str, *rest: str) -> Answer:
            found = rows(self.repos[name], *rest)
            if order := asked.params.get("sort"):
                found = sorted(
                    found, key=lambda row: str(row[f"{order}_at"]), reverse=asked.params.get("direction") == "desc"
                )
            return linked(found, asked, self.server.url, per_page=self.per_page)

        return handle

    def _alerts(self, kind: str, off: str, status: int) -> Callable[..., Answer]:
        listed = self._listed(lambda r: getattr(r, kind))

        def handle(asked: Asked, name: str) -> Answer:
            return Answer({"message": off}, status) if getattr(self.repos[name], kind) is None else listed(asked, name)

        return handle
