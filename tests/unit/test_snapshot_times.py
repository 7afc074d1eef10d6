"""Times, values and columns of odd exports: read right, or rejected with what was written there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reportkit.errors import ContractError, ExtractError, SnapshotError, SourceError
from reportkit.model.params import Organisation, Sources
from reportkit.model.period import Quarter
from reportkit.snapshot import Snapshot, take
from tests.conftest import REPOSITORY
from tests.unit.test_snapshot import COLUMNS, HEADER, Q, organisation, rows, sources, taken

ODD = [  # as written, in UTC when the organisation is in London
    ("2026-02-01", "2026-02-01 00:00:00+00"),
    ("2026-1-2", "2026-01-02 00:00:00+00"),
    ("2026-02-01T10:00", "2026-02-01 10:00:00+00"),
    (" 2026-02-01 10:00:00 ", "2026-02-01 10:00:00+00"),
    ("2026-02-01T10:00:00z", "2026-02-01 10:00:00+00"),
    ("2026-02-01T10:00:00.123456789Z", "2026-02-01 10:00:00.123456+00"),
    ("2026-02-01 10:00:00 +0800", "2026-02-01 02:00:00+00"),
    ("2026-02-01T10:00:00-03:30", "2026-02-01 13:30:00+00"),
    ("2026-02-01T10:00:00+01", "2026-02-01 09:00:00+00"),
    ("2026-02-01 10:00:00 UTC", "2026-02-01 10:00:00+00"),
    ("2026-02-01 10:00:00 America/New_York", "2026-02-01 15:00:00+00"),
    ("2025-07-01 10:00", "2025-07-01 09:00:00+00"),  # summer time
    ("2025-03-30 01:30", "2025-03-30 01:30:00+00"),  # skipped by summer time: counts as half past two
    ("2025-10-26 01:30", "2025-10-26 01:30:00+00"),  # occurs twice: the second
    ("9999-12-31", None),  # not yet
]
NO_TIMES = [
    "soon",
    "31/02/2026",
    "01/02/2026",
    "2026-02-30",
    "2026",
    "20260201",
    "2026-02-01 10:00 BST",
    "-",
    "1767225600",
]
LONG_AGO = ["1970-01-01T00:00:00Z", "1900-01-01", "0001-01-01 00:00:00", "26-02-01"]


def test_times_as_systems_write_them(tmp_path: Path) -> None:
    text = "".join(f"{i:02},x,2020-01-01,{moment},\n" for i, (moment, _) in enumerate(ODD))
    taken(tmp_path, text, time_zone="Europe/London")
    assert dict(rows(tmp_path, "change_id, merged_at::VARCHAR")) == {f"{i:02}": utc for i, (_, utc) in enumerate(ODD)}


@pytest.mark.parametrize(
    ("said", "before", "after"),
    [
        ("TIMESTAMPTZ", "2026-03-31T23:30:00+01:00", "2026-03-31T23:30:00Z"),
        ("Europe/London", "2026-03-31 23:30:00", "2026-04-01 00:10:00"),  # 22:30 UTC; the quarter ends at 23:00 UTC
    ],
)
def test_the_readmes_way_to_read_an_event_log_as_it_stood_at_the_quarters_end(
    tmp_path: Path, said: str, before: str, after: str
) -> None:
    readme = " ".join((REPOSITORY / "README.md").read_text(encoding="utf-8").split())
    [where] = [w for w in re.findall(r"`(WHERE [^`]*\$quarter_ends)`", readme) if said in w]
    last = "QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1"
    query = f"SELECT id, team, first FROM (SELECT *, out AS updated_at FROM raw) {where} {last}"
    columns = {name: COLUMNS[name] for name in ("change_id", "team", "first_commit_at")}
    log = f"a,old,2026-02-01,,2026-03-01T10:00:00Z\na,new,2026-02-01,,{before}\na,late,2026-02-01,,{after}\n"
    taken(tmp_path, log, sources(query=query, columns=columns), time_zone="Europe/London")
    assert rows(tmp_path, "change_id, team") == [("a", "new")]


def test_what_is_no_time_is_quoted_in_the_reason(tmp_path: Path) -> None:
    texts = NO_TIMES + LONG_AGO
    entity = taken(tmp_path, "".join(f"{i:02},x,2026-01-01,{text},\n" for i, text in enumerate(texts)))
    assert entity.rejected["merged_at is not a time"] == len(NO_TIMES)
    assert entity.rejected["merged_at is before 1980"] == len(LONG_AGO)
    reasons = {reason for row in rows(tmp_path, "reasons", rejected=True) for reason in row[0]}
    assert {f"merged_at is not a time: '{text}'" for text in NO_TIMES} <= reasons


@pytest.mark.parametrize(
    ("format_", "zone", "text", "utc"),
    [
        ("%d/%m/%Y", None, "1/2/2026", "2026-02-01 00:00:00+00"),
        ("%d/%m/%Y %H:%M", "Asia/Tokyo", "01/02/2026 9:05", "2026-02-01 00:05:00+00"),
        ("%m/%d/%y %I:%M %p", None, "2/1/26 3:05 PM", "2026-02-01 15:05:00+00"),
        ("%d %b %Y", None, "1 Feb 2026", "2026-02-01 00:00:00+00"),
        ("%Y-%m-%d %H:%M %z", "Asia/Tokyo", "2026-02-01 10:00 +0100", "2026-02-01 09:00:00+00"),
        ("%d/%m/%Y", None, "31/02/2026", None),
    ],
)
def test_a_format_is_followed(tmp_path: Path, format_: str, zone: str | None, text: str, utc: str | None) -> None:
    columns = {**COLUMNS, "merged_at": {"sql": "merged", "format": format_, "time_zone": zone}}
    entity = taken(tmp_path, f"a,x,2020-01-01,{text},\n", sources(columns=columns))
    if utc is None:
        assert entity.rejected == {"merged_at is not a time": 1}
    else:
        assert rows(tmp_path, "merged_at::VARCHAR") == [(utc,)]


def test_a_time_that_sql_has_made_is_taken_in_the_zone_of_the_column(tmp_path: Path) -> None:
    columns = {
        **COLUMNS,
        "merged_at": {"sql": "CAST(merged AS TIMESTAMP)", "time_zone": "Asia/Tokyo"},
        "first_commit_at": "to_timestamp(1767225600)",
        "deployed_at": "CAST(out AS DATE)",
    }
    taken(tmp_path, "a,x,,2026-02-01 10:00,2026-02-02\n", sources(columns=columns), time_zone="Europe/London")
    found = rows(tmp_path, "first_commit_at::VARCHAR, merged_at::VARCHAR, deployed_at::VARCHAR")
    assert found == [("2026-01-01 00:00:00+00", "2026-02-01 01:00:00+00", "2026-02-02 00:00:00+00")]


def deployments(root: Path, text: str, **columns: str) -> Any:
    (root / "raw.csv").write_text("id,at,result,facing\n" + text)
    spec = {
        "sources": {"raw": {"type": "file", "path": "raw.csv"}},
        "entities": {
            "deployments": {"source": "raw", "columns": {"deployment_id": "id", "deployed_at": "at", **columns}},
            "features": {
                "source": "raw",
                "columns": {"feature_id": "id", "released_at": "at", "user_facing": "facing"},
            },
        },
    }
    return take(Sources.model_validate(spec), organisation(), Q, root)


def test_a_default_is_for_columns_that_are_not_mapped_never_for_empty_cells(tmp_path: Path) -> None:
    text = "a,2026-01-01,success,yes\nb,2026-01-01,,0\nc,2026-01-01,Succeeded,maybe\nd,,failure,\n"
    manifest = deployments(tmp_path, text, result="result")
    assert manifest.entities["deployments"].rejected == {
        "deployed_at is missing": 1,
        "result is missing": 1,
        "result is none of success, failure, cancelled": 1,
    }
    assert manifest.entities["features"].rejected == {
        "no time of a request, start or release": 1,
        "user_facing is missing": 1,
        "user_facing is not yes or no": 1,
    }
    with Snapshot.open(tmp_path / "extracts" / str(Q), "UTC") as snapshot:
        found = snapshot.table("deployments").to_pyarrow().to_pylist()
        assert [(r["deployment_id"], r["environment"], r["result"]) for r in found] == [("a", "production", "success")]
        assert snapshot.table("features").user_facing.to_pyarrow().to_pylist() == [True, False]


def test_a_result_nobody_knows_is_not_made_a_success(tmp_path: Path) -> None:
    assert deployments(tmp_path, "a,2026-01-01,,yes\n").entities["deployments"].accepted == 1
    assert deployments(tmp_path, "a,2026-01-01,,yes\n", result="result").entities["deployments"].accepted == 0


def test_an_extra_cut_is_kept_and_tells_facts_apart(tmp_path: Path) -> None:
    spec = sources(columns={"change_id": "id", "merged_at": "merged", "x_region": "team"})
    entity = taken(tmp_path, "a,north,,2026-01-01,\na,south,,2026-01-01,\nb,south,,2026-01-01,\n", spec)
    assert entity.columns[-1] == "x_region"
    assert rows(tmp_path, "change_id, x_region") == [("b", "south")]
    assert entity.rejected == {"the same id on different facts": 2}


def test_sql_may_hold_a_semicolon_or_a_dollar_in_quotes_and_a_comment(tmp_path: Path) -> None:
    columns = {**COLUMNS, "team": "split_part(team, ';', 2) || '$x' -- the second part"}
    taken(tmp_path, "a,one;two,2026-01-01,,\n", sources(columns=columns))
    assert rows(tmp_path, "team") == [("two$x",)]


def test_a_columns_name_may_be_a_word_of_sql_or_hold_spaces(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("order,Created at,end\na,2026-01-01,2026-01-02\n")
    columns = {"change_id": "order", "first_commit_at": " Created at", "merged_at": "end", "team": '"Created at"'}
    take(sources(columns=columns), organisation(), Q, tmp_path)
    assert rows(tmp_path, "change_id, merged_at::VARCHAR, team") == [("a", "2026-01-02 00:00:00+00", "2026-01-01")]


def test_a_row_is_set_aside_by_the_first_rule_and_rules_that_met_none_are_told(tmp_path: Path) -> None:
    spec = sources(set_aside={"bots": "id LIKE 'b%'", "reverts": "id LIKE '%r'", "nobody": "team = 'none'"})
    entity = taken(tmp_path, "br,x,2026-01-01,,\nar,x,2026-01-01,,\na,x,2026-01-01,,\n", spec)
    assert entity.set_aside == {"bots": 1, "reverts": 1, "nobody": 0}


def test_covers_are_what_is_declared_else_what_is_known(tmp_path: Path) -> None:
    text = "a,x,2026-01-10,2026-01-12,\nb,x,2026-02-01,,\n"
    assert taken(tmp_path, text).covers == ("2026-01-12", "2026-02-02")
    assert taken(tmp_path, text + "c,x,2026-03-01,2026-05-01,\n").covers == ("2026-01-12", "2026-04-01")
    assert taken(tmp_path, text, sources(covers=["2025-01-01", "2027-01-01"])).covers == ("2025-01-01", "2026-04-01")
    assert taken(tmp_path, "").covers == ("2026-04-01", "2026-04-01")


def test_the_order_of_the_rows_changes_nothing(tmp_path: Path) -> None:
    lines = [f"{i},x,2026-01-01,2026-01-0{1 + i % 9},\n" for i in range(40)]
    assert taken(tmp_path, "".join(lines)).sha256 == taken(tmp_path, "".join(reversed(lines))).sha256


def test_facts_are_frozen_along_time_the_open_ones_apart(tmp_path: Path) -> None:
    """Whoever asks for a window of a large extract reads little more than that."""
    text = "c,x,2026-01-05,2026-01-06,\nd,x,2026-01-01,,\na,x,2026-01-01,2026-01-09,\nb,x,2026-01-05,2026-01-06,\n"
    taken(tmp_path, text)
    with duckdb.connect() as connection:
        path = tmp_path / "extracts" / str(Q) / "changes.parquet"
        found = connection.execute(f"SELECT change_id FROM '{path}'").fetchall()
    assert [row[0] for row in found] == ["b", "c", "a", "d"]


def test_all_entities_with_too_many_broken_rows_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text(HEADER + "a,x,soon,,\n")
    both = {
        "sources": {"raw": {"type": "file", "path": "raw.csv"}},
        "entities": {
            "changes": {"source": "raw", "columns": {"change_id": "id", "first_commit_at": "first"}},
            "deployments": {"source": "raw", "columns": {"deployment_id": "id", "deployed_at": "first"}},
        },
    }
    with pytest.raises(
        ContractError, match=r"1 row of 1 of changes breaks .* 1 row of 1 of deployments breaks"
    ) as raised:
        take(Sources.model_validate(both), Organisation(name="x"), Q, tmp_path)
    assert "first_commit_at is not a time (1, such as 'soon')" in str(raised.value)
    assert sorted(p.name for p in (tmp_path / "extracts").iterdir()) == [
        "2026-Q1-changes-rejected.csv",
        "2026-Q1-deployments-rejected.csv",
    ]


def test_an_extract_in_another_zone_or_under_another_name_is_not_opened(tmp_path: Path) -> None:
    taken(tmp_path, "a,x,2026-01-01,,\n")
    folder = tmp_path / "extracts" / str(Q)
    with pytest.raises(SnapshotError, match=r"was taken for UTC, where organisation.yaml says Europe/London now"):
        Snapshot.open(folder, "Europe/London")
    with Snapshot.open(folder, "UTC") as snapshot, pytest.raises(SnapshotError, match=r"has no features; map it"):
        snapshot.covers("features")
    folder.rename(folder.with_name("2026-Q2"))
    with pytest.raises(SnapshotError, match=r"extracts/2026-Q2 holds the extract of 2026-Q1"):
        Snapshot.open(folder.with_name("2026-Q2"), "UTC")


def test_a_single_column_where_several_are_mapped_is_told_the_likely_cause(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("id^team^first^merged^out\na^x^2026-01-01^^\n")
    with pytest.raises(SourceError, match=r"a single column 'id\^team\^first\^merged\^out'.* set `delimiter:`"):
        take(sources(), organisation(), Q, tmp_path)


def test_too_little_memory_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reportkit.snapshot import engine

    monkeypatch.setattr(engine, "memory", lambda: 1 << 20)
    text = "".join(f"{i},x,2026-01-01,,{'x' * 50}\n" for i in range(30_000))
    with pytest.raises(ExtractError, match=r"there is too little memory for this extract; .* REPORTKIT_MEMORY"):
        taken(tmp_path, text)
    assert [p.name for p in (tmp_path / "extracts").iterdir()] == []


def test_a_fiscal_quarter_is_cut_at_its_own_end(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text(HEADER + "a,x,2026-05-01,,\n")
    manifest = take(sources(), organisation(), Quarter.parse("2026-Q1", 2), tmp_path)
    assert manifest.entities["changes"].later == 1
