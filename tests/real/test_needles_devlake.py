"""Every needle that Apache DevLake's git history can give, and its cuts, against plain SQL straight from the files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from reportkit import measure
from reportkit.model.period import Quarter, Window
from reportkit.needles import find, library
from reportkit.snapshot import Snapshot
from tests.building import extracted, real_params, workspace
from tests.oracle import devlake
from tests.oracle.needles import Oracle, same

ENDS = {"2022-Q2": date(2022, 7, 1), "2023-Q3": date(2023, 10, 1)}
GIVEN = {*devlake.DURATIONS, *devlake.RATES, "deployment_days"}
WITHOUT_FACTS = {"product_launch_time", "service_onboarding"}  # of another kind than all of these
LEAST = 5  # people, or facts where nobody knows the people
each_quarter = pytest.mark.parametrize("quarter", list(ENDS))


@pytest.fixture(scope="module")
def snapshots(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Snapshot]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPORTKIT_REAL_DATA", str(real_data))
        root = workspace(tmp_path_factory.mktemp("devlake") / "needles", real_params("apache-devlake"))
        found = {quarter: extracted(root, quarter) for quarter in ENDS}
        yield found
        for snapshot in found.values():
            snapshot.close()


@pytest.fixture(scope="module")
def oracles(real_data: Path) -> dict[str, Oracle]:
    return {quarter: devlake.oracle(real_data / "git-devlake", end) for quarter, end in ENDS.items()}


def window(quarter: str) -> Window:
    return Quarter.parse(quarter).window


@each_quarter
def test_these_needles_and_no_others_can_be_computed(snapshots: dict[str, Snapshot], quarter: str) -> None:
    found = {key for key, needle in library().items() if measure.lacking(snapshots[quarter], needle) is None}
    assert found == GIVEN | WITHOUT_FACTS
    for key in WITHOUT_FACTS:
        reading = measure.reading(snapshots[quarter], find(key), window(quarter))
        assert (reading.known, reading.facts, reading.open) == (False, 0, 0)
        assert reading.reason == f"no {find(key).facts[1]} to measure"


@each_quarter
def test_days_with_a_release_are_those_of_plain_sql(
    snapshots: dict[str, Snapshot], oracles: dict[str, Oracle], quarter: str
) -> None:
    for reading in measure.quarters(snapshots[quarter], find("deployment_days"), Quarter.parse(quarter)):
        first, end = max(reading.window.start, date(2021, 8, 24)), reading.window.end
        days, releases = _one(
            oracles[quarter],
            "SELECT count(DISTINCT timezone('UTC', happened)::DATE), count(*) FROM events"
            f" WHERE needle = 'deployment_frequency' AND happened >= '{first}' AND happened < '{end}'",
        )
        assert reading.facts == days <= releases
        assert same(reading.value if reading.known else None, days * 7 / (end - first).days if end > first else None)


@each_quarter
def test_releases_by_an_extra_column_are_those_of_plain_sql(
    snapshots: dict[str, Snapshot], real_data: Path, oracles: dict[str, Oracle], quarter: str
) -> None:
    span = window(quarter)
    wanted = dict(
        oracles[quarter].connection.execute(
            "SELECT CASE looks_prerelease WHEN 1 THEN 'pre-release' ELSE 'release' END, count(*) FROM releases"
            f" WHERE tagged_at >= '{span.start}' AND tagged_at < '{span.end}' GROUP BY 1"
        ).fetchall()
    )  # fmt: skip
    if min(wanted.values()) < LEAST:  # 2 full releases are too few to be shown, and so are they as all that is "other"
        wanted = {"other": sum(wanted.values())}
    found = measure.cut(snapshots[quarter], find("deployment_frequency"), span, by="x_sort")
    assert {part.group: part.reading.facts for part in found} == wanted
    for part in found:
        assert same(part.reading.value, wanted[part.group] * 7 / span.days)
    assert ("other" in wanted) == (quarter == "2023-Q3")


@each_quarter
@pytest.mark.parametrize("by", ["team", "x_landing"])
def test_a_median_by_group_is_that_of_plain_sql_and_few_people_are_folded(
    snapshots: dict[str, Snapshot], real_data: Path, quarter: str, by: str
) -> None:
    """Who wrote the changes is known, so a group is small where few people are behind it, however many their changes."""
    span = window(quarter)
    oracle = devlake.oracle(real_data / "git-devlake", ENDS[quarter])
    column = {
        "team": "team",
        "x_landing": "(SELECT CASE is_merge WHEN 1 THEN 'merge commit' ELSE 'single commit' END FROM changes c WHERE c.sha = facts.sha)",
    }[by]
    oracle.connection.execute(f"CREATE TABLE named AS SELECT *, {column} AS called FROM facts")
    people = dict(
        oracle.connection.execute(
            "SELECT called, count(DISTINCT author_id) FROM named"
            f" WHERE released >= '{span.start}' AND released < '{span.end}' GROUP BY 1"
        ).fetchall()
    )  # fmt: skip
    shown = {group for group, n in people.items() if n >= LEAST}
    folded = f"CASE WHEN called IN ({', '.join(repr(g) for g in sorted(shown))}) THEN called ELSE 'other' END"
    oracle.connection.execute(
        f"CREATE OR REPLACE VIEW spans AS SELECT {folded} AS needle, merged_at AS began,"
        f" CASE WHEN released < '{ENDS[quarter]}' THEN released END AS ended FROM named WHERE merged_at < '{ENDS[quarter]}'"
    )
    parts = measure.cut(snapshots[quarter], find("release_wait"), span, by=by)
    assert {part.group for part in parts} - {"other"} == shown
    for part in parts:
        wanted = oracle.median(part.group, span.start, span.end)
        assert part.reading.facts == wanted.facts, part.group
        assert same(part.reading.value if part.reading.known else None, wanted.value), part.group
        assert part.reading.open == oracle.open_at(part.group, span.end), part.group


def _one(oracle: Oracle, sql: str) -> tuple[int, ...]:
    row = oracle.connection.execute(sql).fetchone()
    assert row is not None
    return row
