"""Taking an extract: the mapping, the contract, the cut at the quarter's end, and what survives a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportkit import measure
from reportkit.errors import ContractError, ExtractError, ReportkitError, SnapshotError, SourceError, UnknownName
from reportkit.model.params import Organisation, Sources
from reportkit.model.period import Quarter
from reportkit.needles import find
from reportkit.snapshot import EntityManifest, Snapshot, take
from reportkit.snapshot.manifest import Manifest, sha256_of

Q = Quarter.parse("2026-Q1")
COLUMNS = {"change_id": "id", "team": "team", "first_commit_at": "first", "merged_at": "merged", "deployed_at": "out"}
HEADER = "id,team,first,merged,out\n"


def sources(path: str = "raw.csv", columns: dict[str, Any] | None = None, **entity: Any) -> Sources:
    mapping = {"source": "raw", "columns": columns or COLUMNS, **entity}
    if "query" in entity:
        mapping.pop("source")
    return Sources.model_validate(
        {
            "choices": {"all_of_them": {"value": True, "because": "because."}},
            "sources": {"raw": {"type": "file", "path": path}},
            "entities": {"changes": mapping},
        }
    )


def organisation(**given: Any) -> Organisation:
    return Organisation(**{"name": "Test", "rejected_at_most": 1.0, **given})


def taken(root: Path, text: str, spec: Sources | None = None, **given: Any) -> EntityManifest:
    (root / "raw.csv").write_text(HEADER + text, encoding="utf-8")
    return take(spec or sources(), organisation(**given), Q, root).entities["changes"]


def rows(root: Path, sql: str = "*", *, rejected: bool = False) -> list[tuple[Any, ...]]:
    path = root / "extracts" / str(Q) / ("rejected/changes.parquet" if rejected else "changes.parquet")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(f"SELECT {sql} FROM read_parquet('{path}') ORDER BY change_id").fetchall()


def test_a_plain_export_is_frozen_whole(tmp_path: Path) -> None:
    entity = taken(tmp_path, "a,x,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,2026-01-05T00:00:00Z\n")
    assert (entity.rows_in, entity.read, entity.accepted, entity.rejected_rows) == (1, 1, 1, 0)
    assert rows(tmp_path, "change_id, team, deployed_at::VARCHAR") == [("a", "x", "2026-01-05 00:00:00+00")]
    with Snapshot.open(tmp_path / "extracts" / str(Q), "UTC") as snapshot:
        assert snapshot.table("changes").count().to_pyarrow().as_py() == 1
        assert snapshot.covers("changes").start.isoformat() == "2026-01-05"


def test_times_carry_their_own_offset_or_the_mappings_zone(tmp_path: Path) -> None:
    columns = {
        "change_id": "id",
        "merged_at": {"sql": "merged", "format": "%d/%m/%Y %H:%M", "time_zone": "Europe/Berlin"},
        "first_commit_at": "first",
    }
    taken(tmp_path, "a,x,2026-01-01T12:00:00+08:00,5/2/2026 9:05,\nb,x,2026-01-01T12:00:00,05/02/2026 09:05,\n",
          sources(columns=columns), time_zone="America/New_York")  # fmt: skip
    found = rows(tmp_path, "change_id, first_commit_at::VARCHAR, merged_at::VARCHAR")
    assert found == [
        ("a", "2026-01-01 04:00:00+00", "2026-02-05 08:05:00+00"),
        ("b", "2026-01-01 17:00:00+00", "2026-02-05 08:05:00+00"),
    ]


def test_a_broken_row_is_kept_with_every_reason(tmp_path: Path) -> None:
    entity = taken(tmp_path, "a,x,2026-02-09T00:00:00Z,2026-02-08T00:00:00Z,31/02/2026\n,x,2026-02-01T00:00:00Z,,\n")
    assert entity.rejected == {
        "change_id is missing": 1,
        "deployed_at is not a time": 1,
        "merged before first commit": 1,
    }
    assert (entity.accepted, entity.rejected_rows) == (0, 2)
    found = dict(rows(tmp_path, "coalesce(change_id, '-'), list_sort(reasons)", rejected=True))
    assert found == {
        "a": ["deployed_at is not a time: '31/02/2026'", "merged before first commit"],
        "-": ["change_id is missing"],
    }


BACKWARDS = (
    "a,x,2026-01-03T00:00:00Z,2026-01-02T00:00:00Z,2026-01-05T00:00:00Z\n"  # merged before its first commit
    "b,x,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,2026-01-05T00:00:00Z\n"
    "c,x,,,2026-01-05T00:00:00Z\n"  # no start of any sort
)


def test_times_that_run_backwards_are_rejected_or_kept_and_told(tmp_path: Path) -> None:
    entity = taken(tmp_path, BACKWARDS)
    assert (entity.accepted, entity.rejected_rows, entity.backwards) == (1, 2, 0)
    entity = taken(tmp_path, BACKWARDS, sources(out_of_order="keep"))
    assert (entity.accepted, entity.rejected_rows, entity.backwards) == (2, 1, 1)
    assert list(entity.rejected) == ["no time of a first commit, opening or merge"]
    with Snapshot.open(tmp_path / "extracts" / str(Q), "UTC") as snapshot:
        lead, wait = (
            measure.reading(snapshot, find(key), Q.window) for key in ("lead_time_for_changes", "release_wait")
        )
    assert (lead.value, lead.facts) == (4.0, 1)  # of a nobody knows it, for it was merged in between
    assert (wait.value, wait.facts) == (3.0, 2)  # which says nothing against its wait for the release


FOCUS = (
    "ChargePeriodStart,BillingCurrency,EffectiveCost,BilledCost,ContractedCost,SubAccountId,RegionId\n"
    "2026-01-05 00:00:00,EUR,0,7.5,NULL,00123,NULL\n"
    "2026-01-06 00:00:00,EUR,2,2,1,00123,eu-west-1\n"
    "2026-01-07 00:00:00,EUR,0,-1.25,1,90071992547409931,eu-west-1\n"
    "2026-01-08 00:00:00,EUR,0,3,NULL,00123,eu-west-1\n"
)


def test_focus_columns_need_no_mapping_and_null_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text(FOCUS, encoding="utf-8")
    spec = Sources.model_validate(
        {"sources": {"raw": {"type": "file", "path": "raw.csv"}}, "entities": {"costs": {"source": "raw"}}}
    )
    entity = take(spec, organisation(time_zone="America/New_York"), Q, tmp_path).entities["costs"]
    assert (entity.accepted, entity.rejected_rows) == (4, 0)
    assert entity.warnings == {
        "EffectiveCost is 0 beside a BilledCost above 0 in 2 of 3 billed charges: the effective costs add up to 2.00, the "
        "billed ones to 11.25. Needles count effective costs.": "Map `effective_cost: BilledCost` if the export does not "
        "spread prepayments."
    }
    assert Manifest.read(tmp_path / "extracts" / str(Q)).entities["costs"] == entity
    with Snapshot.open(tmp_path / "extracts" / str(Q), "America/New_York") as snapshot:
        frame = snapshot.table("costs").order_by("charged_at").to_pyarrow().to_pandas()
    assert str(frame.charged_at[0]) == "2026-01-05 05:00:00+00:00"  # a day of the calendar, which begins so in New York
    assert frame.account.tolist() == ["00123", "00123", "90071992547409931", "00123"]
    assert (frame.region.isna().sum(), frame.contracted_cost.isna().sum()) == (1, 2)


def test_the_same_fact_twice_counts_once_and_a_contested_id_not_at_all(tmp_path: Path) -> None:
    one, other = ",x,2026-01-01T00:00:00Z,,\n", ",y,2026-01-01T00:00:00Z,,\n"
    entity = taken(tmp_path, f"a{one}a{one}b{one}b{other}c{one}")
    assert [r[0] for r in rows(tmp_path, "change_id")] == ["a", "c"]
    assert entity.rejected == {"the same id on different facts": 2, "the same fact twice": 1}


def test_too_many_broken_rows_stop_the_extract_and_can_be_opened(tmp_path: Path) -> None:
    good = "".join(f"{i},x,2026-01-01T00:00:00Z,,\n" for i in range(50))
    with pytest.raises(
        ContractError,
        match=r"1 row of 51 of changes breaks the contract, 2.0% where 1.0% may: deployed_at is not a time \(1, such as 'soon'\)",
    ):
        taken(tmp_path, good + "z,x,2026-01-01T00:00:00Z,,soon\n", rejected_at_most=0.01)
    kept = tmp_path / "extracts" / "2026-Q1-changes-rejected.csv"
    assert "deployed_at is not a time: 'soon',z,,x" in kept.read_text()
    assert not (tmp_path / "extracts" / str(Q)).exists()
    assert leftovers(tmp_path) == []
    taken(tmp_path, good)
    assert not kept.exists()


def leftovers(root: Path) -> list[str]:
    return [p.name for p in (root / "extracts").iterdir() if p.name.startswith(".") and p.is_dir()]


def test_an_extract_is_as_known_at_the_quarters_end(tmp_path: Path) -> None:
    entity = taken(
        tmp_path, "a,x,2026-03-30T00:00:00Z,2026-03-31T00:00:00Z,2026-04-02T00:00:00Z\nb,x,2026-04-01T00:00:00Z,,\n"
    )
    assert (entity.rows_in, entity.later, entity.accepted) == (2, 1, 1)
    assert rows(tmp_path, "change_id, deployed_at") == [("a", None)]
    assert entity.covers == ("2026-04-01", "2026-04-01") or entity.covers[1] == "2026-04-01"


def test_the_cut_is_midnight_in_the_organisations_zone(tmp_path: Path) -> None:
    line = "a,x,2026-03-31T20:00:00Z,,\n"  # already 1 April in Tokyo
    assert taken(tmp_path, line, time_zone="Asia/Tokyo").later == 1
    assert taken(tmp_path, line, time_zone="Europe/London").later == 0


def test_rules_set_rows_aside_and_say_how_many(tmp_path: Path) -> None:
    spec = sources(where="team <> 'none'", set_aside={"bots": "id LIKE 'bot%'"})
    entity = taken(tmp_path, "bot1,x,2026-01-01,,\na,x,2026-01-01,,\nb,none,2026-01-01,,\n", spec)
    assert (entity.rows_in, dict(entity.set_aside), entity.read) == (2, {"bots": 1}, 1)


def test_a_choice_is_filled_in_and_an_unknown_one_refused(tmp_path: Path) -> None:
    assert taken(tmp_path, "a,x,2026-01-01,,\n", sources(where="$all_of_them OR id = 'b'")).accepted == 1
    with pytest.raises(UnknownName, match=r"did you mean 'all_of_them'"):
        taken(tmp_path, "a,x,2026-01-01,,\n", sources(where="$all_of_then"))


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (
            {"columns": {**COLUMNS, "merged_at": "mergd"}},
            r"columns.merged_at: the source has no column 'mergd'; did you mean 'merged'\?",
        ),
        (
            {"columns": {**COLUMNS, "mergd_at": "merged"}},
            r"no column of changes 'mergd_at'; did you mean 'merged_at'\?",
        ),
        (
            {"columns": {**COLUMNS, "team": "upper(team"}},
            "columns.team: `upper.team` cannot be understood: syntax error",
        ),
        ({"where": "id = 'a'; DROP TABLE x"}, "where: `id = 'a'; DROP TABLE x` cannot be understood"),
        ({"where": "idd = 'a'"}, "where: the source has no column 'idd'; did you mean 'id'"),
        ({"where": "nofun(id)"}, "where: this SQL does not work: Scalar Function with name nofun does not exist"),
        ({"columns": {**COLUMNS, "team": "id), (team"}}, "columns.team: `id., .team` is more than one SQL expression"),
        (
            {"columns": {**COLUMNS, "team": "id) FROM raw; COPY raw TO 'x.csv'; SELECT (1"}},
            "columns.team: .* is no SELECT",
        ),
        (
            {"columns": {"team": "team"}},
            "changes cannot do without change_id .identifies the fact.; add it to `columns`",
        ),
        (
            {"columns": {**COLUMNS, "merged_at": {"sql": "merged", "format": "%Q"}}},
            "columns.merged_at.format: this SQL does not work: .*%Q",
        ),
        (
            {"columns": {**COLUMNS, "merged_at": {"sql": "merged", "time_zone": "Europe/Londn"}}},
            "'Europe/Londn' is no IANA time zone; did you mean 'Europe/London'",
        ),
        ({"set_aside": {"bots": "athor = 'x'"}}, "set_aside.bots: the source has no column 'athor'"),
        ({"query": "SELECT * FROM rawr"}, "query: there is no source 'rawr'; did you mean 'raw'"),
        ({"query": "SELECT mergd FROM raw"}, "query: the source has no column 'mergd'; did you mean 'merged'"),
        ({"query": "COPY raw TO 'x.csv'"}, "query: `COPY raw TO .x.csv.` is no SELECT"),
        ({"query": "SELECT * FROM raw; SELECT 1"}, "query: .* is more than one statement"),
        ({"source": "rwa"}, "source: there is no source 'rwa'; did you mean 'raw'"),
        ({"covers": ["2026-03-01", "2026-01-01"]}, "`covers` ends on 2026-01-01, before it begins on 2026-03-01"),
    ],
)
def test_a_mapping_that_cannot_work_says_where_and_what(tmp_path: Path, spec: dict[str, Any], sentence: str) -> None:
    with pytest.raises((SourceError, UnknownName), match=sentence):
        taken(tmp_path, "a,x,2026-01-01,,\n", sources(**spec))
    assert not (tmp_path / "extracts" / str(Q)).exists()


def test_an_unknown_entity_or_setting_is_refused_with_the_near_one(tmp_path: Path) -> None:
    spec = sources().model_dump()
    spec["entities"]["chnages"] = spec["entities"].pop("changes")
    with pytest.raises(UnknownName, match=r"did you mean 'changes'"):
        taken(tmp_path, "", Sources.model_validate(spec))
    spec = sources().model_dump()
    spec["sources"]["raw"]["delimter"] = ";"
    with pytest.raises(UnknownName, match=r"did you mean 'delimiter'"):
        taken(tmp_path, "", Sources.model_validate(spec))


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    text = "".join(f"{i % 700},x,2026-01-01T00:00:00Z,,\n" for i in range(1400))
    first = taken(tmp_path, text).sha256
    assert taken(tmp_path, text).sha256 == first


def test_an_altered_or_missing_file_is_noticed(tmp_path: Path) -> None:
    taken(tmp_path, "a,x,2026-01-01,,\n")
    folder = tmp_path / "extracts" / str(Q)
    with (folder / "changes.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(SnapshotError, match=r"altered after it was frozen; |altered"):
        Snapshot.open(folder, "UTC")
    (folder / "manifest.json").write_text("{")
    with pytest.raises(SnapshotError, match=r"no readable manifest.json"):
        Snapshot.open(folder, "UTC")


def test_the_manifest_survives_a_round_trip(tmp_path: Path) -> None:
    taken(tmp_path, "a,x,2026-01-01,,\n")
    folder = tmp_path / "extracts" / str(Q)
    manifest = Manifest.read(folder)
    manifest.write(tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text()) == json.loads((folder / "manifest.json").read_text())


def older(folder: Path, column: str) -> None:
    """The extract as it was before changes had the column."""
    path, manifest = folder / "changes.parquet", json.loads((folder / "manifest.json").read_text())
    duckdb.sql(f"COPY (SELECT * EXCLUDE ({column}) FROM '{path}') TO '{path}.new' (FORMAT parquet)")
    Path(f"{path}.new").rename(path)
    entry = manifest["entities"]["changes"]
    for names in ("columns", "missing"):
        entry[names] = [name for name in entry[names] if name != column]
    entry["sha256"] = sha256_of(path)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_column_that_the_contract_gained_later_is_unknown_in_an_older_extract(tmp_path: Path) -> None:
    taken(tmp_path, "a,x,2026-01-01,,\n")
    folder = tmp_path / "extracts" / str(Q)
    older(folder, "abandoned_at")
    with Snapshot.open(folder, "UTC") as snapshot:
        assert "abandoned_at" in snapshot.manifest.entities["changes"].missing
        table = snapshot.table("changes")
        assert table.filter(table.abandoned_at.isnull()).count().to_pyarrow().as_py() == 1
    older(folder, "change_id")
    with pytest.raises(SnapshotError, match="before changes had the column change_id; run `reportkit extract`"):
        Snapshot.open(folder, "UTC")
    taken(tmp_path, "a,x,2026-01-01,,\n")  # as the sentence says
    Snapshot.open(folder, "UTC").close()


def test_a_failed_take_leaves_the_old_extract(tmp_path: Path) -> None:
    taken(tmp_path, "a,x,2026-01-01,,\n")
    with pytest.raises(ExtractError):
        taken(tmp_path, "a,x,2026-01-01,,\n", sources(path="gone.csv"))
    assert [r[0] for r in rows(tmp_path, "change_id")] == ["a"]
    assert leftovers(tmp_path) == []


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.unit.test_snapshot import Q, organisation, sources
from reportkit.snapshot import take
print("go", flush=True)
while True:
    take(sources(), organisation(), Q, Path({root!r}))
"""


@pytest.mark.heavy
def test_a_killed_take_leaves_a_whole_extract_or_none(tmp_path: Path) -> None:
    good = "".join(f"{i},x,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,\n" for i in range(20_000))
    (tmp_path / "raw.csv").write_text(HEADER + good)
    script = KILLED.format(tests=str(Path(__file__).parents[2]), root=str(tmp_path))
    for moment in (0.05, 0.15, 0.3, 0.45, 0.6):
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moment)
            os.kill(process.pid, signal.SIGKILL)
        folder = tmp_path / "extracts" / str(Q)
        if folder.exists():
            with Snapshot.open(folder, "UTC") as snapshot:
                assert snapshot.table("changes").count().to_pyarrow().as_py() == 20_000
    assert take(sources(), organisation(), Q, tmp_path).entities["changes"].accepted == 20_000
    assert leftovers(tmp_path) == []


def test_an_extract_caught_between_its_two_renames_is_put_back(tmp_path: Path) -> None:
    taken(tmp_path, "a,x,2026-01-01,,\n")
    scratch = tmp_path / "extracts" / f".{Q}-1"
    scratch.mkdir()
    (tmp_path / "extracts" / str(Q)).rename(scratch / "old")
    with pytest.raises(ExtractError):
        taken(tmp_path, "", sources(path="gone.csv"))
    assert [r[0] for r in rows(tmp_path, "change_id")] == ["a"]


def test_two_takes_at_once_are_told_of_each_other(tmp_path: Path) -> None:
    from reportkit import files

    (tmp_path / "raw.csv").write_text(HEADER)
    with files.lock(tmp_path / "extracts" / f".{Q}.lock", f"taking the extract of {Q}"):
        code = KILLED.format(tests=str(Path(__file__).parents[2]), root=str(tmp_path)).replace(
            "while True:", "if True:"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"process {os.getpid()} is taking the extract of 2026-Q1 already" in done.stderr


def test_a_script_in_a_name_is_a_name(tmp_path: Path) -> None:
    taken(tmp_path, "a,<script>alert(1)</script>,2026-01-01,,\n")
    assert rows(tmp_path, "team") == [("<script>alert(1)</script>",)]


MOMENTS = st.sampled_from(
    [
        "",
        "soon",
        "2025-12-31T23:00:00Z",
        "2026-01-05T08:00:00+08:00",
        "2026-02-01",
        "2026-03-31T23:59:59Z",
        "2026-04-01T00:00:00Z",
        "2027-01-01",
    ]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.lists(st.tuples(st.sampled_from("abcdef"), MOMENTS, MOMENTS, MOMENTS), max_size=12))
def test_every_row_is_accounted_for_and_nothing_after_the_cut_matters(
    tmp_path: Path, facts: list[tuple[str, str, str, str]]
) -> None:
    text = "".join(f"{key},t,{a},{b},{c}\n" for key, a, b, c in facts)
    entity = taken(tmp_path, text)
    assert entity.rows_in == len(facts)
    assert entity.accepted + entity.rejected_rows == entity.read == entity.rows_in - entity.later
    moved = text.replace("2027-01-01", "2026-07-01T10:00:00Z")
    assert taken(tmp_path, moved).sha256 == entity.sha256


def test_a_quarter_that_is_none_is_refused() -> None:
    with pytest.raises(ReportkitError, match=r"'2026-Q5' is no quarter; write year and quarter like 2026-Q3"):
        Quarter.parse("2026-Q5")
