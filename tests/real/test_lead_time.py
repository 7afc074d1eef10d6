"""The steps of a change, all rows of what another implementation of DORA expects of its own test data."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from reportkit import measure
from reportkit.errors import ContractError
from reportkit.model.period import Window
from reportkit.needles import find
from reportkit.snapshot import Snapshot
from tests.building import changed, choosing, extracted, real_params, workspace

QUARTER = "2023-Q2"
STEPS = {  # their column, our needle
    "pr_coding_time": "coding_time",
    "pr_pickup_time": "review_wait",
    "pr_review_time": "review_time",
    "pr_deploy_time": "release_wait",
}
Minutes = dict[str, int]


@pytest.fixture
def root(real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REPORTKIT_REAL_DATA", str(real_data))
    return workspace(tmp_path / "lead-time", real_params("dora-lead-time"))


@pytest.fixture(scope="module")
def snapshot(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPORTKIT_REAL_DATA", str(real_data))
        folder = tmp_path_factory.mktemp("lead-time") / "as-it-stands"
        with extracted(workspace(folder, real_params("dora-lead-time")), QUARTER) as taken:
            yield taken


def expected(real_data: Path, column: str) -> Minutes:
    with (real_data / "dora-lead-time" / "project_pr_metrics.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: int(row[column]) for row in csv.DictReader(file) if row[column]}


def minutes(snapshot: Snapshot, needle: str) -> Minutes:
    """Whole minutes, rounded up, by change; a change without the span is not in it."""
    facts = measure.facts(snapshot, find(needle), by="change_id")
    ended = facts[facts.end.notna()]
    return {one.team: math.ceil((one.end - one.start).total_seconds() / 60) for one in ended.itertuples()}


@pytest.mark.parametrize(("column", "needle"), STEPS.items())
def test_every_step_of_every_change_is_the_expected_one(
    snapshot: Snapshot, real_data: Path, column: str, needle: str
) -> None:
    found, wanted = minutes(snapshot, needle), expected(real_data, column)
    assert wanted
    assert found == wanted


def test_all_changes_are_there_and_those_that_run_backwards_are_told(snapshot: Snapshot) -> None:
    entity = snapshot.manifest.entities["changes"]
    assert (entity.rows_in, entity.accepted, entity.rejected_rows, entity.backwards) == (7, 7, 0, 4)


def test_rejecting_what_runs_backwards_is_the_other_option(root: Path) -> None:
    changed(root, "sources.yaml", ("out_of_order: keep", "out_of_order: reject"))
    with pytest.raises(ContractError, match=r"4 rows of 7 of changes break the contract, 57\.1%"):
        extracted(root, QUARTER)
    changed(root, "organisation.yaml", ("currency: USD", "currency: USD\nrejected_at_most: 0.6"))
    with extracted(root, QUARTER) as snapshot:
        entity = snapshot.manifest.entities["changes"]
        assert (entity.accepted, entity.rejected_rows, entity.backwards) == (3, 4, 0)
        assert entity.rejected == {
            "first review before opened": 2,
            "deployed before merged": 1,
            "merged before first commit": 1,
            "merged before first review": 1,
        }
        assert minutes(snapshot, "coding_time") == {"pr0": 1440, "pr1": 1440}


def test_a_lead_time_runs_forwards_all_the_way(snapshot: Snapshot) -> None:
    """From first commit to production: pr2 was merged before its first commit, pr3 deployed before it was merged."""
    facts = measure.facts(snapshot, find("lead_time_for_changes"), by="change_id").set_index("team")
    assert sorted(facts.index) == ["pr0", "pr1", "pr4", "pr5"]
    assert list(facts.index[facts.end.notna()]) == ["pr1"]
    found = measure.reading(snapshot, find("lead_time_for_changes"), Window(date(2023, 4, 1), date(2023, 7, 1)))
    assert (found.facts, found.open) == (1, 3)
    assert found.value == pytest.approx((1440 + 60 + 2977.45) / 1440)  # 51:47 to 29:14 is 27 seconds past


def test_steps_that_take_no_time_give_the_other_cycle_time(root: Path, real_data: Path) -> None:
    choosing(root, unknown_steps_take_no_time="true")
    with extracted(root, QUARTER) as snapshot:
        assert minutes(snapshot, "lead_time_for_changes") == expected(real_data, "pr_cycle_time")


def test_without_a_predecessor_a_deployment_can_be_made_to_count(root: Path, real_data: Path) -> None:
    choosing(root, deployment_needs_predecessor="false")
    with extracted(root, QUARTER) as snapshot:
        also = {"pr0": math.ceil(424 * 1440 + 121)}  # 10 February 2022, 04:51:47 to 10 April 2023, 06:52:47
        assert minutes(snapshot, "release_wait") == expected(real_data, "pr_deploy_time") | also


def test_the_authors_own_comments_can_be_made_to_count(root: Path, real_data: Path) -> None:
    choosing(root, own_comments_are_reviews="true")
    with extracted(root, QUARTER) as snapshot:
        # pr0 was commented on by its author alone, 4 hours later; pr1 by its author 2 minutes later, by another one after 5.
        assert minutes(snapshot, "review_wait") == expected(real_data, "pr_pickup_time") | {"pr0": 240, "pr1": 2}


@pytest.mark.parametrize(("counts", "kept"), [("true", 7), ("false", 6)])
def test_a_change_that_is_not_merged_is_open_or_left_out(root: Path, counts: str, kept: int) -> None:
    choosing(root, unmerged_changes_count=counts)
    with extracted(root, QUARTER) as snapshot:
        entity = snapshot.manifest.entities["changes"]
        assert (entity.accepted, entity.set_aside) == (kept, {"not_merged": 7 - kept})
        opened = measure.facts(snapshot, find("pull_request_merge_time"), by="change_id")
        assert opened.end.isna().sum() == kept - 6
