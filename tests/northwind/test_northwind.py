"""Northwind is what its generator says, to the byte, and what `truth` says is true of it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import mean, median

import pytest

from tests.northwind import assurance, money, operations, roadmap, truth
from tests.northwind.__main__ import RAW, write
from tests.northwind.dice import Dice
from tests.northwind.exports import DIRT
from tests.northwind.exports.delivery import builds as enumerate_builds
from tests.northwind.hours import later
from tests.northwind.teams import SERVICES
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
    assert sum(path.stat().st_size for path in RAW.iterdir()) <= 12 * MEGABYTE


def test_the_dice_fall_the_same_everywhere() -> None:
    dice = Dice(1, "a", 2)
    assert [round(dice.uniform(), 9) for _ in range(2)] == [0.675849586, 0.137063375]
    assert [dice.count(4.0) for _ in range(6)] == [4, 3, 6, 5, 2, 4]


def test_working_hours_skip_nights_weekends_and_christmas() -> None:
    assert later(datetime(2026, 7, 3, 17, 0), 1) == datetime(2026, 7, 6, 9, 30)  # noqa: DTZ001
    assert later(datetime(2025, 12, 23, 17, 30), 0.5) == datetime(2025, 12, 29, 9, 30)  # noqa: DTZ001


def test_the_proof_changes_nothing_but_releases(with_proof: World, without: World) -> None:
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
    taxes = [mean(_waits(made)) for made in lives]
    assert taxes[0] / taxes[1] == pytest.approx(truth.TAX_RATIO, abs=5e-5)


def test_ideas_and_patches_are_as_fast_as_truth_says() -> None:
    ideas = [median(_ideas(proof=proof)) for proof in (True, False)]
    lives = [median(_lives(proof=proof)) for proof in (True, False)]
    assert ideas[0] / ideas[1] == pytest.approx(truth.IDEA_RATIO, abs=5e-5)
    assert lives[0] / lives[1] == pytest.approx(truth.REMEDIATION_RATIO, abs=5e-5)


def test_what_no_proof_touches_is_alike_with_and_without_it(with_proof: World) -> None:
    made = enumerate_builds(with_proof.deployments)
    for tried, each in (
        ("central_desk", [operations.incidents(with_proof.deployments, proof=proof) for proof in (True, False)]),
        ("machine_evidence", [list(assurance.requests(made, proof=proof)) for proof in (True, False)]),
        ("auto_patch", [assurance.vulnerabilities(proof=proof) for proof in (True, False)]),
        ("cold_storage", [list(money.charges(proof=proof)) for proof in (True, False)]),
        ("shared_intake", [sorted(_bare(i) for i in roadmap.items(proof=proof)) for proof in (True, False)]),
    ):
        treated = truth.PROOFS[tried].treated
        others = [[one for one in found if _owner(one) not in treated] for found in each]
        assert others[0] == others[1], tried
        assert each[0] != each[1], tried


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
    assert (DIRT.twice + DIRT.backwards + DIRT.epoch) / len(with_proof.changes) < 0.01
    assert (DIRT.deployments_twice + DIRT.deployments_unreadable) / len(with_proof.deployments) < 0.01
    assert DIRT.features_backwards / len(roadmap.items()) < 0.01


def _days(made: list[Change], first: str, last: str) -> list[float]:
    start, end = truth.AFTER
    return [
        (getattr(c, last) - getattr(c, first)).total_seconds() / 86400
        for c in made
        if c.team in truth.TREATED and c.state != "closed" and "[bot]" not in c.author
        and getattr(c, last) and start <= getattr(c, first).date() < end
    ]  # fmt: skip


def _waits(made: list[Change]) -> list[float]:
    """Days of waiting of the changes that were released in the after window."""
    start, end = truth.AFTER
    return [
        (c.reviewed - c.opened + c.deployed - c.merged).total_seconds() / 86400
        for c in made
        if c.team in truth.TREATED and c.state == "merged" and "[bot]" not in c.author
        and c.reviewed and c.merged and c.deployed and start <= c.deployed.date() < end
    ]  # fmt: skip


def _ideas(*, proof: bool) -> list[float]:
    tried = truth.PROOFS["shared_intake"]
    start, end = tried.windows[1]
    return [
        (i.released - i.requested).total_seconds() / 86400
        for i in roadmap.items(proof=proof)
        if i.kind == "feature" and i.team in tried.treated and start <= i.requested.date() < end
    ]


def _lives(*, proof: bool) -> list[float]:
    tried, found = truth.PROOFS["auto_patch"], []
    start, end = tried.windows[1]
    for v in assurance.vulnerabilities(proof=proof):
        moments = assurance.scans(v.service)
        if SERVICES[v.service].name in tried.treated and start <= moments[v.first].date() < end:
            found.append((moments[v.gone] - moments[v.first]).total_seconds() / 86400)
    return found


def _owner(one: object) -> str:
    if isinstance(one, tuple):
        return SERVICES[one[0]].name if one[0] in SERVICES else one[0]
    return str(getattr(one, "team", "") or (SERVICES[one.service].name if one.service in SERVICES else ""))  # type: ignore[attr-defined]


def _bare(item: roadmap.Item) -> tuple[object, ...]:
    """An item without its number, which depends on the others'."""
    return (item.team, item.service, item.kind, item.title, item.requested, item.started, item.released)


def _releases(world: World) -> int:
    start, end = truth.AFTER
    return sum(
        d.team in truth.TREATED
        and d.environment == "production"
        and d.result == "success"
        and start <= d.at.date() < end
        for d in world.deployments
    )
