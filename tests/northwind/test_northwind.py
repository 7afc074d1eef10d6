"""Northwind is what its generator says, to the byte, and what `truth` says is true of it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import median

import pytest

from tests.northwind import truth
from tests.northwind.__main__ import RAW, write
from tests.northwind.dice import Dice
from tests.northwind.exports import DIRT
from tests.northwind.hours import later
from tests.northwind.world import Change, World, changes, make

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def with_proof() -> World:
    return make()


@pytest.fixture(scope="module")
def without() -> World:
    return make(proof=False)


def test_the_committed_exports_are_what_the_generator_writes(tmp_path: Path) -> None:
    written = write(tmp_path)
    assert sorted(p.name for p in written) == sorted(p.name for p in RAW.iterdir())
    for path in written:
        assert path.read_bytes() == (RAW / path.name).read_bytes(), f"{path.name}: run python -m tests.northwind"


def test_the_exports_are_small() -> None:
    assert sum(path.stat().st_size for path in RAW.iterdir()) <= 3 * MEGABYTE


def test_the_dice_fall_the_same_everywhere() -> None:
    dice = Dice(1, "a", 2)
    assert [round(dice.uniform(), 9) for _ in range(2)] == [0.675849586, 0.137063375]
    assert [dice.count(4.0) for _ in range(6)] == [4, 3, 6, 5, 2, 4]


def test_working_hours_skip_nights_weekends_and_christmas() -> None:
    assert later(datetime(2026, 7, 3, 17, 0), 1) == datetime(2026, 7, 6, 9, 30)  # noqa: DTZ001
    assert later(datetime(2025, 12, 23, 17, 30), 0.5) == datetime(2025, 12, 29, 9, 30)  # noqa: DTZ001


def test_the_proof_changes_nothing_but_releases(with_proof: World, without: World) -> None:
    assert with_proof.features == without.features
    assert with_proof.onboardings == without.onboardings
    assert [(c.opened, c.merged) for c in with_proof.changes] == [(c.opened, c.merged) for c in without.changes]
    others = [[c for c in world.changes if c.team in truth.COMPARISON] for world in (with_proof, without)]
    assert others[0] == others[1]


def test_the_effects_are_those_of_truth(with_proof: World, without: World) -> None:
    lives = changes(), changes(proof=False)
    lead = [median(_days(made, "first_commit", "deployed")) for made in lives]
    wait = [median(_days(made, "merged", "deployed")) for made in lives]
    releases = [_releases(world) for world in (with_proof, without)]
    assert lead[0] / lead[1] == pytest.approx(truth.LEAD_TIME_RATIO, abs=5e-4)
    assert wait[0] / wait[1] == pytest.approx(truth.RELEASE_WAIT_RATIO, abs=5e-5)
    assert releases[0] / releases[1] == pytest.approx(truth.DEPLOYMENT_RATIO, abs=5e-3)


def test_nobody_releases_at_night_or_before_merging(with_proof: World) -> None:
    done = [c for c in with_proof.changes if c.deployed and c.merged]
    assert all(c.first_commit <= c.opened <= c.merged <= c.deployed for c in done)
    assert all(9 <= c.deployed.hour < 18 for c in done)


def test_some_changes_are_still_open_and_some_facts_are_late(with_proof: World) -> None:
    states = Counter(c.state for c in with_proof.changes)
    waiting = [c for c in with_proof.changes if c.merged and not c.deployed]
    late = [c for c in with_proof.changes if c.deployed and c.deployed.date() >= truth.CUT]
    assert states["open"] > 10
    assert states["closed"] > 100
    assert len(waiting) > 20
    assert len(late) > 20


def test_the_dirt_is_below_one_per_cent(with_proof: World) -> None:
    assert (DIRT.twice + DIRT.backwards + DIRT.unreadable) / len(with_proof.changes) < 0.01
    assert (DIRT.deployments_twice + DIRT.deployments_unreadable) / len(with_proof.deployments) < 0.01
    assert DIRT.features_backwards / len(with_proof.features) < 0.01


def _days(made: list[Change], first: str, last: str) -> list[float]:
    start, end = truth.AFTER
    return [
        (getattr(c, last) - getattr(c, first)).total_seconds() / 86400
        for c in made
        if c.team in truth.TREATED and c.state != "closed" and "[bot]" not in c.author
        and getattr(c, last) and start <= getattr(c, first).date() < end
    ]  # fmt: skip


def _releases(world: World) -> int:
    start, end = truth.AFTER
    return sum(
        d.team in truth.TREATED
        and d.environment == "production"
        and d.result == "success"
        and start <= d.at.date() < end
        for d in world.deployments
    )
