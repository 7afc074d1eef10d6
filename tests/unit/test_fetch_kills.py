"""An extract that is killed at any moment: the next one gives what a calm one gives, nothing lost and nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.servers.github import GitHub
from tests.servers.web import Answer, Asked

TAKE = """
import sys
from pathlib import Path
from reportkit.model.params import Organisation, Sources
from reportkit.model.period import Quarter
from reportkit.snapshot import take
given = {"sources": {"github": {"type": "github", "url": sys.argv[2], "organisations": ["acme"], "since": "2026-01-01"}},
         "entities": {name: {"source": "github"} for name in ("changes", "deployments", "features")}}
take(Sources.model_validate(given), Organisation(name="Acme"), Quarter.parse("2026-Q2"), Path(sys.argv[1]))
"""
KILLS = 20


@pytest.fixture
def hub() -> Iterator[GitHub]:
    found = GitHub("acme/shop", "acme/search", per_page=10)
    for repo in found.repos.values():
        for n in range(1, 61):
            pull = repo.pull(n, n * 10, n * 10 + 5, labels=("feature",) if n % 3 else ())
            repo.commit(n, n * 10 - 3)
            repo.review(n, n * 10 + 2)
            repo.deployment(repo.number * 1000 + n, n * 10 + 6, pull["merge_commit_sha"], ("success", n * 10 + 7))

    def slow(_: int, __: Asked) -> Answer | None:
        time.sleep(0.01)
        return None

    found.server.fault = slow
    found.server.start()
    yield found
    found.server.stop()


def start(root: Path, hub: GitHub) -> subprocess.Popen[bytes]:
    root.mkdir(exist_ok=True)
    (root / "extracts").mkdir(exist_ok=True)
    (root / "extracts" / ".salt").write_text("the same salt\n")
    return subprocess.Popen([sys.executable, "-c", TAKE, str(root), hub.server.url], start_new_session=True)


def frozen(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    folder = root / "extracts" / "2026-Q2"
    return {
        path.stem: duckdb.sql(f"SELECT * FROM read_parquet('{path}') ORDER BY ALL").fetchall()
        for path in sorted(folder.glob("*.parquet"))
    }


@pytest.mark.heavy
def test_a_kill_at_twenty_random_moments_changes_nothing(hub: GitHub, tmp_path: Path) -> None:
    began = time.monotonic()
    assert start(tmp_path / "calm", hub).wait() == 0
    whole = time.monotonic() - began
    calm = frozen(tmp_path / "calm")
    assert [len(calm[name]) for name in ("changes", "deployments", "features")] == [120, 120, 80]
    dice, killed, workspaces = random.Random(6), 0, [tmp_path / "killed-0"]
    while killed < KILLS:
        process = start(workspaces[-1], hub)
        try:
            assert process.wait(dice.uniform(0.2, whole)) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
        else:  # what was resumed came to its end: the next kills meet a fetch from the beginning
            workspaces.append(tmp_path / f"killed-{len(workspaces)}")
    for workspace in workspaces:
        assert start(workspace, hub).wait() == 0
        assert frozen(workspace) == calm
        left = [path.name for path in (workspace / "extracts").iterdir() if path.name.startswith(".2026")]
        assert left == []
