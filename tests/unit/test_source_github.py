"""GitHub: whole organisations through its REST API, only what is new the second time, and entities worked out by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reportkit.errors import SourceError
from reportkit.fetch.people import People
from reportkit.fetch.secrets import remember
from reportkit.sources.github import Spec
from tests.servers.github import START, GitHub, at
from tests.servers.web import Answer
from tests.unit.sourcing import SALT, Read, facts, taken

TOKEN = "ghp_planted0123456789abcdef"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """Two repositories: shop deploys each merge or two, search has releases and no deployment."""
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    found = GitHub("acme/shop", "acme/search", per_page=2)
    shop, search = found.repos.values()
    shop.topics, search.topics = ["team-checkout", "python"], []
    one = shop.pull(1, 0, 10, title="feat(cart): gift cards", labels=("Feature",))
    shop.commit(1, -5)
    shop.commit(1, 2)
    shop.review(1, 1, author="ada")  # her own
    shop.review(1, 2, author="sonar[bot]")
    shop.review(1, 4)
    shop.review(1, 6, state="APPROVED")
    shop.review(1, 12, state="APPROVED", author="alan")  # after the merge
    two = shop.pull(2, 5, 20, title="fix: write to ada@example.com")
    shop.commit(2, 4)
    shop.review(2, 25, state="APPROVED")  # only after the merge
    shop.pull(3, 30, author="dependabot[bot]")
    shop.pull(4, 31, closed=33)
    shop.pull(5, 40)
    shop.pull(6, 41, 44, base="release-1")
    shop.deployment(1, 11, one["merge_commit_sha"], ("in_progress", 11), ("failure", 11.5))
    shop.deployment(2, 21, two["merge_commit_sha"], ("in_progress", 21), ("success", 22), ("inactive", 50))
    shop.deployment(3, 23, "f" * 40, ("success", 24), environment="staging")
    shop.deployment(4, 60, "e" * 40, ("queued", 60))
    search.pull(1, 0, 8, labels=("enhancement",))
    search.commit(1, -1)
    search.release(1, 9, "v2.0.0-rc1", pre=True)
    search.release(2, 30, "v2.0.0")
    found.server.start()
    yield found
    found.server.stop()


def settings(hub: GitHub, **more: Any) -> dict[str, Any]:
    given = {"type": "github", "url": hub.server.url, "token": "env:GITHUB_TOKEN", "since": "2026-01-01"}
    return {**given, "organisations": ["acme"], **more}


def everything(root: Path, hub: GitHub, **more: Any) -> Any:
    entities = {name: {"source": "github"} for name in ("changes", "deployments", "features")}
    return taken(root, {"github": settings(hub, **more)}, entities)


def day(hours: float) -> str:
    return at(hours).replace("T", " ").replace("Z", "+00:00")


def test_changes_with_first_commit_first_review_merge_and_deployment(hub: GitHub, tmp_path: Path) -> None:
    manifest = everything(tmp_path, hub)
    columns = "change_id, team, kind, first_commit_at, opened_at, first_review_at, approved_at, merged_at, deployed_at"
    found = [[str(v) if v else None for v in row] for row in facts(tmp_path, "changes", columns)]
    assert found == [
        ["acme/search#1", "search", None, day(-1), day(0), None, None, day(8), None],
        ["acme/shop#1", "checkout", "feat", day(-5), day(0), day(4), day(6), day(10), day(22)],
        ["acme/shop#2", "checkout", "fix", day(4), day(5), None, None, day(20), day(22)],
        ["acme/shop#5", "checkout", None, None, day(40), None, None, None, None],
    ]
    changes = manifest.entities["changes"]
    assert changes.set_aside == {"bots": 1}
    assert changes.rejected_rows == 0
    assert changes.covers == ("2026-01-01", "2026-07-01")


def test_deployments_with_their_results_and_those_under_way_left_out(hub: GitHub, tmp_path: Path) -> None:
    everything(tmp_path, hub)
    columns = "deployment_id, environment, result, deployed_at"
    found = [(*row[:3], str(row[3])) for row in facts(tmp_path, "deployments", columns)]
    assert found == [
        ("1", "production", "failure", day(11.5)),
        ("2", "production", "success", day(22)),
        ("3", "staging", "success", day(24)),
    ]


def test_features_are_labelled_and_out_with_a_release_or_a_deployment(hub: GitHub, tmp_path: Path) -> None:
    everything(tmp_path, hub)
    found = [(a, str(b), str(c)) for a, b, c in facts(tmp_path, "features", "feature_id, started_at, released_at")]
    assert found == [("acme/search#1", day(-1), day(30)), ("acme/shop#1", day(-5), day(22))]


def test_alerts_become_vulnerabilities_and_what_is_switched_off_is_none(hub: GitHub, tmp_path: Path) -> None:
    shop = hub.repos["acme/shop"]
    base = {
        "security_advisory": {"cve_id": "CVE-2026-1", "ghsa_id": "GHSA-1", "severity": "high"},
        "dependency": {"package": {"name": "left-pad"}},
    }
    shop.dependabot = [
        {**base, "url": f"{shop.url}/dependabot/alerts/{i}", "state": state, "created_at": at(i), "updated_at": at(50 - i), "fixed_at": fixed}
        for i, (state, fixed) in enumerate([("open", None), ("fixed", at(30)), ("dismissed", None)])
    ]  # fmt: skip
    manifest = taken(tmp_path, {"github": settings(hub)}, {"vulnerabilities": {"source": "github"}})
    columns = "identifier, asset_id, severity, detected_at, remediated_at, service"
    found = sorted(facts(tmp_path, "vulnerabilities", columns), key=lambda row: row[3])
    assert [(*r[:3], str(r[3]), str(r[4]) if r[4] else None, r[5]) for r in found] == [
        ("CVE-2026-1", "left-pad", "high", day(0), None, "shop"),
        ("CVE-2026-1", "left-pad", "high", day(1), day(30), "shop"),
    ]
    assert manifest.entities["vulnerabilities"].set_aside == {"dismissed": 1}
    assert not [path for path in hub.server.paths() if "pulls" in path]


def test_a_token_that_may_not_see_alerts_is_told_and_not_taken_for_no_alerts(hub: GitHub, tmp_path: Path) -> None:
    hub.server.fault = lambda _, asked: (
        Answer({"message": "Resource not accessible by personal access token"}, 403)
        if "dependabot" in asked.path
        else None
    )
    with pytest.raises(SourceError, match=r"forbids this \(403\).*permission to read dependabot"):
        taken(tmp_path, {"github": settings(hub)}, {"vulnerabilities": {"source": "github"}})


def test_the_second_extract_asks_only_for_what_is_new(hub: GitHub, tmp_path: Path) -> None:
    everything(tmp_path, hub)
    first = len(hub.server.asked)
    again = everything(tmp_path, hub)
    asked = Counter(path.rsplit("/", 1)[-1] for path in hub.server.paths()[first:])
    # a page of each list, and the statuses of the one deployment that had not ended
    assert asked == {"repos": 1, "pulls": 2, "deployments": 2, "releases": 2, "statuses": 1}
    shop = hub.repos["acme/shop"]
    shop.pulls[4] |= {"merged_at": at(70), "closed_at": at(70), "updated_at": at(70), "state": "closed"}
    shop.statuses[4].append(
        {"id": 499, "state": "success", "created_at": at(71), "deployment_url": f"{shop.url}/deployments/4"}
    )
    before = len(hub.server.asked)
    newer = everything(tmp_path, hub)
    details = [path for path in hub.server.paths()[before:] if path.endswith(("reviews", "commits"))]
    assert sorted(details) == ["/repos/acme/shop/pulls/5/commits", "/repos/acme/shop/pulls/5/reviews"]
    assert newer.entities["changes"].accepted == again.entities["changes"].accepted == 4
    assert newer.entities["deployments"].accepted == again.entities["deployments"].accepted + 1
    row = facts(tmp_path, "changes", "change_id, merged_at, deployed_at")[-1]
    assert (row[0], str(row[1])) == ("acme/shop#5", day(70))


def test_nobody_and_no_free_text_touches_the_disk(hub: GitHub, tmp_path: Path) -> None:
    everything(tmp_path, hub)
    held = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert held
    read = Read(tmp_path, settings(hub), "github")
    assert read.column("SELECT DISTINCT author FROM github_pulls WHERE is_bot = 'false'") == [People(SALT).hash("ada")]
    assert read.column("SELECT title FROM github_pulls WHERE title LIKE 'fix%'") == ["fix: write to (e-mail)"]
    texts = b"".join(path.read_bytes() for path in held)
    for word in (b"ada@example.com", b"secret plans", b"grace", TOKEN.encode()):
        assert word not in texts


def test_people_stay_named_where_the_settings_say_so(hub: GitHub, tmp_path: Path) -> None:
    read = Read(tmp_path, settings(hub, people="named"), "github")
    assert read.column("SELECT DISTINCT reviewer FROM github_reviews ORDER BY 1") == [
        "ada",
        "alan",
        "grace",
        "sonar[bot]",
    ]


def test_ids_keep_every_digit(hub: GitHub, tmp_path: Path) -> None:
    read = Read(tmp_path, settings(hub), "github")
    wanted = sorted(str(pull["id"]) for repo in hub.repos.values() for pull in repo.pulls)
    assert read.column("SELECT id FROM github_pulls ORDER BY id") == wanted
    assert int(wanted[0]) > 2**53


def test_single_repositories_and_their_names(hub: GitHub, tmp_path: Path) -> None:
    read = Read(tmp_path, settings(hub, organisations=[], repositories=["acme/search"]), "github")
    assert read.column("SELECT DISTINCT repository FROM github_pulls") == ["acme/search"]
    with pytest.raises(SourceError, match=r"knows no such place \(404: /repos/acme/shpo\)"):
        Read(tmp_path, settings(hub, organisations=[], repositories=["acme/shpo"]), "other")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"repositories": ["shop"]}, "'shop' is no repository"),
        ({}, "name `organisations"),
        ({"repositories": ["a/b"], "token": TOKEN}, "may not be written into YAML"),
        ({"repositories": ["a/b"], "url": "http://github.example"}, "is not encrypted"),
    ],
)
def test_settings_that_cannot_be_meant(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Spec.model_validate({"type": "github", **given})


def test_a_missing_field_is_named_with_source_and_table(hub: GitHub, tmp_path: Path) -> None:
    del hub.repos["acme/shop"].pulls[0]["updated_at"]
    hub.repos["acme/shop"].pulls[0]["updated_at"] = None
    with pytest.raises(SourceError, match=r"source it: a record of pulls has no updated_at"):
        Read(tmp_path, settings(hub))


def test_the_body_that_comes_back_is_not_the_one_that_was_sent(hub: GitHub, tmp_path: Path) -> None:
    """Fields that nobody asked for are ignored, new ones are told at the next extract."""
    everything(tmp_path, hub)
    for pull in hub.repos["acme/shop"].pulls:
        pull["merge_queue"] = {"position": 1}
        pull["updated_at"] = at(200)
    manifest = everything(tmp_path, hub)
    assert manifest.drift == ("github pulls has other columns than at the last extract: new are merge_queue.",)
    assert json.loads((tmp_path / "extracts" / "2026-Q2" / "manifest.json").read_text())["drift"]


def test_start_is_a_monday() -> None:
    assert START.isoweekday() == 1
    assert remember("short") == "short"
