"""The public DevLake history through a small mapping: every row accounted for, every time the same as Python reads it."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportkit.model.params import Organisation, Sources
from reportkit.model.period import Quarter
from reportkit.snapshot import EntityManifest, Snapshot, take

QUARTER = Quarter.parse("2022-Q2")
CUT = datetime(2022, 7, 1, tzinfo=UTC)
ENTITIES: dict[str, Any] = {
    "changes": {
        "source": "changes",
        "set_aside": {"first_commit_unknown": "first_commit_at IS NULL"},
        "columns": {
            "change_id": "sha",
            "team": r"coalesce(nullif(lower(regexp_extract(subject, '^[A-Za-z]+\(([^),/]+)', 1)), ''), 'core')",
            "title": "subject",
            "first_commit_at": "first_commit_at",
            "merged_at": "merged_at",
            "deployed_at": "released_at",
        },
    },
    "deployments": {
        "source": "releases",
        "where": "$prereleases_count OR looks_prerelease = '0'",
        "columns": {"deployment_id": "tag", "deployed_at": "tagged_at", "version": "tag"},
    },
    "onboardings": {
        "source": "contributors",
        "columns": {
            "onboarding_id": "author_id",
            "subject": "author_id",
            "kind": "'engineer'",
            "started_at": "first_commit_at",
            "finished_at": "tenth_commit_at",
            "x_commits": "commits",
        },
    },
}  # fmt: skip


def sources(folder: Path, *, prereleases: bool = True) -> Sources:
    files = {
        name: {"type": "file", "path": str(folder / f"devlake_{name}.csv")}
        for name in ("changes", "releases", "contributors")
    }
    choice = {"value": prereleases, "because": "The test says so."}
    return Sources.model_validate({"choices": {"prereleases_count": choice}, "sources": files, "entities": ENTITIES})


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def known(text: str) -> datetime | None:
    moment = datetime.fromisoformat(text) if text else None
    return moment if moment and moment < CUT else None


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    folder = tmp_path_factory.mktemp("devlake")
    take(sources(real_data / "git-devlake"), Organisation(name="DevLake"), QUARTER, folder)
    return folder


@pytest.fixture(scope="module")
def snapshot(root: Path) -> Snapshot:
    return Snapshot.open(root / "extracts" / str(QUARTER), "UTC")


def test_every_change_is_accounted_for_and_keeps_its_times(snapshot: Snapshot, real_data: Path) -> None:
    given = lines(real_data / "git-devlake" / "devlake_changes.csv")
    whole = [row for row in given if row["first_commit_at"]]
    times = {
        row["sha"]: tuple(known(row[c]) for c in ("first_commit_at", "merged_at", "released_at"))
        for row in whole
        if known(row["first_commit_at"]) or known(row["merged_at"]) or known(row["released_at"])
    }
    entity = snapshot.manifest.entities["changes"]
    assert entity.rows_in == len(given) == 3960
    assert entity.set_aside == {"first_commit_unknown": len(given) - len(whole)} == {"first_commit_unknown": 490}
    assert entity.later == len(whole) - len(times)
    assert (entity.read, entity.accepted, entity.rejected) == (len(times), len(times), {})
    table = snapshot.table("changes").select("change_id", "first_commit_at", "merged_at", "deployed_at").to_pyarrow()
    found = {row.pop("change_id"): tuple(row.values()) for row in table.to_pylist()}
    assert found == times


def test_the_choice_decides_which_tags_are_releases(snapshot: Snapshot, real_data: Path, tmp_path: Path) -> None:
    tags = [row for row in lines(real_data / "git-devlake" / "devlake_releases.csv") if known(row["tagged_at"])]
    assert snapshot.manifest.entities["deployments"].accepted == len(tags)
    folder = real_data / "git-devlake"
    without = take(sources(folder, prereleases=False), Organisation(name="DevLake"), QUARTER, tmp_path)
    assert without.entities["deployments"].accepted == sum(row["looks_prerelease"] == "0" for row in tags)


def test_contributors_are_open_until_their_tenth_commit(snapshot: Snapshot, real_data: Path) -> None:
    people = [
        row for row in lines(real_data / "git-devlake" / "devlake_contributors.csv") if known(row["first_commit_at"])
    ]
    table = snapshot.table("onboardings")
    assert table.count().to_pyarrow().as_py() == len(people)
    still = sum(known(row["tenth_commit_at"]) is None for row in people)
    assert table.filter(table.finished_at.isnull()).count().to_pyarrow().as_py() == still
    assert set(table.x_commits.to_pyarrow().to_pylist()) <= {row["commits"] for row in people}


def test_the_rejected_are_few_and_lie_beside(root: Path, snapshot: Snapshot) -> None:
    def share(entity: EntityManifest) -> float:
        return entity.rejected_rows / max(entity.read, 1)

    assert all(share(entity) <= 0.01 for entity in snapshot.manifest.entities.values())
    for name in snapshot.manifest.entities:
        assert (root / "extracts" / str(QUARTER) / "rejected" / f"{name}.parquet").is_file()
