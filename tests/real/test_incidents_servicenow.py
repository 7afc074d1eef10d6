"""Incidents of a real ServiceNow event log: one fact each, and numbers as pandas and plain SQL have them from the raw file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from reportkit import measure
from reportkit.errors import ContractError
from reportkit.model.period import WEEK, Window
from reportkit.needles import find
from reportkit.snapshot import Snapshot
from tests.building import built, changed, choosing, extracted, numbers, pages, real_params, workspace
from tests.oracle.needles import Oracle, number_in, printed
from tests.reading import html_text, pdf_pages

QUARTERS = {"2016-Q1": date(2016, 4, 1), "2016-Q2": date(2016, 7, 1)}
BEGINS, COPIED = date(2016, 2, 29), date(2016, 4, 16)  # first day, and the day after the last on which one was opened
LOG = "incident_event_log.csv.gz"
FORMAT = "%d/%m/%Y %H:%M"
each_quarter = pytest.mark.parametrize("quarter", list(QUARTERS))


@pytest.fixture(scope="module")
def desk(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPORTKIT_REAL_DATA", str(real_data))
        yield workspace(tmp_path_factory.mktemp("desk") / "first", real_params("incidents-servicenow"))


@pytest.fixture(scope="module")
def snapshots(desk: Path) -> Iterator[dict[str, Snapshot]]:
    found = {quarter: extracted(desk, quarter) for quarter in QUARTERS}
    yield found
    for snapshot in found.values():
        snapshot.close()


@pytest.fixture(scope="module")
def log(real_data: Path) -> pd.DataFrame:
    rows = pd.read_csv(real_data / "incidents-servicenow" / LOG, dtype=str, na_values=["?"], keep_default_na=False)
    for column in ("opened_at", "resolved_at", "closed_at", "sys_updated_at"):
        rows[column] = pd.to_datetime(rows[column], format=FORMAT).dt.tz_localize("UTC")
    return rows.assign(sys_mod_count=rows.sys_mod_count.astype(int))


@pytest.fixture(scope="module")
def last(log: pd.DataFrame) -> pd.DataFrame:
    """One row an incident: how it ended, and when it was resolved."""
    return _last(log)


@pytest.fixture(scope="module")
def known(log: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The same as known at each quarter's end: of rows written later nothing."""
    return {q: _last(log[log.sys_updated_at < pd.Timestamp(end, tz="UTC")]) for q, end in QUARTERS.items()}


def _last(log: pd.DataFrame) -> pd.DataFrame:
    state = log.sort_values(["sys_mod_count", "sys_updated_at"]).groupby("number").tail(1).set_index("number")
    resolved = log[log.incident_state == "Resolved"].groupby("number").sys_updated_at.max()
    return state.assign(row=resolved, ended=state.resolved_at.fillna(resolved.reindex(state.index)))


@pytest.fixture(scope="module")
def sql(real_data: Path) -> dict[str, Oracle]:
    """Plain SQL straight from the log, as known at each quarter's end."""
    return {quarter: _oracle(real_data, end) for quarter, end in QUARTERS.items()}


def _oracle(real_data: Path, end: date) -> Oracle:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    path, known = real_data / "incidents-servicenow" / LOG, f"TIMESTAMPTZ '{end} 00:00:00+00'"
    connection.execute(f"""
        CREATE VIEW rows AS SELECT number, incident_state, made_sla, sys_mod_count::INT AS n,
            strptime(opened_at, '{FORMAT}')::TIMESTAMPTZ AS opened, try_strptime(resolved_at, '{FORMAT}')::TIMESTAMPTZ AS resolved,
            strptime(sys_updated_at, '{FORMAT}')::TIMESTAMPTZ AS updated
        FROM read_csv('{path}', all_varchar = true)""")
    connection.execute(f"""
        CREATE TABLE facts AS
        SELECT number, any_value(opened) AS began, max_by(made_sla, (n, updated)) = 'false' AS breached,
               coalesce(any_value(resolved), max(updated) FILTER (incident_state = 'Resolved')) AS ended
        FROM rows WHERE updated < {known} GROUP BY number HAVING ended IS NOT NULL AND began < {known}""")
    connection.execute(f"""
        CREATE VIEW spans AS SELECT 'time_to_resolve' AS needle, 'all' AS team, began,
            CASE WHEN ended < {known} THEN ended END AS ended FROM facts""")
    connection.execute(f"""
        CREATE VIEW events AS SELECT 'sla_breaches' AS needle, 'all' AS team, ended AS happened FROM facts
        WHERE breached AND ended < {known}""")
    return Oracle(connection, "UTC", (BEGINS, min(COPIED, end)))


def test_the_log_is_what_the_mapping_takes_it_for(log: pd.DataFrame, last: pd.DataFrame) -> None:
    assert (len(log), len(last)) == (83526, 13698)
    assert last.incident_state.unique().tolist() == ["Closed"]
    assert last.resolved_at.isna().sum() == 1035
    both = last[last.resolved_at.notna() & last.row.notna()]
    assert len(both) == 12663
    assert ((both.row - both.resolved_at).abs() <= pd.Timedelta(minutes=1)).all()
    assert last.ended.isna().sum() == 2
    assert (
        log.drop_duplicates(["number", "made_sla"]).number.duplicated().sum() > 5000
    )  # a count over rows would be wrong


@each_quarter
def test_one_fact_an_incident_none_rejected_and_every_one_accounted_for(
    snapshots: dict[str, Snapshot], known: dict[str, pd.DataFrame], quarter: str
) -> None:
    entity, then = snapshots[quarter].manifest.entities["incidents"], known[quarter]
    untold = (then.incident_state.isin(["Resolved", "Closed"]) & then.ended.isna()).sum()
    assert entity.rows_in == len(then)
    assert entity.set_aside == {"closed_without_a_time_of_resolution": untold}
    assert (entity.rejected_rows, entity.rejected, entity.later) == (0, {}, 0)
    assert entity.accepted == len(then) - untold


def test_what_was_written_after_a_quarter_is_not_known_in_it(
    snapshots: dict[str, Snapshot], known: dict[str, pd.DataFrame], last: pd.DataFrame
) -> None:
    """Of the incidents open at the end of March 1,500 were looked at again, some with another priority or a broken promise."""
    found = snapshots["2016-Q1"].table("incidents").to_pyarrow().to_pandas().set_index("incident_id").sort_index()
    then, since = known["2016-Q1"].loc[found.index], last.loc[found.index]
    assert (found.severity == then.priority).all()
    assert (found.sla_breached == (then.made_sla == "false")).all()
    assert (found.severity != since.priority).sum() > 10
    assert (found.sla_breached != (since.made_sla == "false")).sum() > 100


@each_quarter
def test_every_fact_is_the_last_row_of_its_incident(
    snapshots: dict[str, Snapshot], known: dict[str, pd.DataFrame], quarter: str
) -> None:
    cut, then = pd.Timestamp(QUARTERS[quarter], tz="UTC"), known[quarter]
    wanted = then[~(then.incident_state.isin(["Resolved", "Closed"]) & then.ended.isna())].sort_index()
    found = snapshots[quarter].table("incidents").to_pyarrow().to_pandas().set_index("incident_id").sort_index()
    assert found.index.equals(wanted.index)
    assert (found.started_at == wanted.opened_at).all()
    ended = wanted.ended.where(wanted.ended < cut)
    assert ((found.resolved_at == ended) | (found.resolved_at.isna() & ended.isna())).all()
    assert (found.sla_breached == (wanted.made_sla == "false")).all()
    assert found.severity.tolist() == wanted.priority.tolist()
    assert found.team.isna().sum() == wanted.assignment_group.isna().sum()
    assert "?" not in set(found.team) | set(found.x_category) | set(found.x_channel)


@each_quarter
def test_the_time_to_resolve_is_that_of_a_life_table_in_plain_sql(
    snapshots: dict[str, Snapshot], sql: dict[str, Oracle], last: pd.DataFrame, quarter: str
) -> None:
    for window in _windows(quarter):
        found = measure.reading(snapshots[quarter], find("time_to_resolve"), window)
        wanted = sql[quarter].median("time_to_resolve", window.start, window.end)
        assert wanted.value is not None
        assert (found.value, found.facts) == (pytest.approx(24 * wanted.value, rel=1e-9), wanted.facts)
        end = pd.Timestamp(min(window.end, COPIED), tz="UTC")
        still = (last.opened_at < end) & ~(last.ended < end) & last.ended.notna()
        assert found.open == still.sum() > 0


def test_what_is_still_open_is_not_left_out(snapshots: dict[str, Snapshot], last: pd.DataFrame) -> None:
    """The median of those that were finished in March is little more than half of the life table's."""
    window = Window(date(2016, 3, 1), date(2016, 4, 1))
    ended = last[(last.ended >= "2016-03-01") & (last.ended < "2016-04-01")]
    finished = ((ended.ended - ended.opened_at).dt.total_seconds() / 3600).median()
    found = measure.reading(snapshots["2016-Q1"], find("time_to_resolve"), window)
    assert finished < 0.6 * found.value


@each_quarter
def test_sla_breaches_are_those_of_plain_sql_and_of_pandas(
    snapshots: dict[str, Snapshot], sql: dict[str, Oracle], known: dict[str, pd.DataFrame], quarter: str
) -> None:
    then = known[quarter]
    for window in _windows(quarter):
        found = measure.reading(snapshots[quarter], find("sla_breaches"), window)
        wanted = sql[quarter].rate("sla_breaches", window.start, window.end, 7)
        assert (found.value, found.facts) == (pytest.approx(wanted.value, rel=1e-12), wanted.facts)
        first, end = (pd.Timestamp(d, tz="UTC") for d in (max(window.start, BEGINS), min(window.end, COPIED)))
        broken = then[(then.made_sla == "false") & (then.ended >= first) & (then.ended < end)]
        assert found.facts == len(broken) > 0


def test_a_cut_by_severity_adds_up(snapshots: dict[str, Snapshot], known: dict[str, pd.DataFrame]) -> None:
    window = Window(date(2016, 3, 1), date(2016, 4, 1))
    parts = measure.cut(snapshots["2016-Q1"], find("sla_breaches"), window, by="severity")
    then = known["2016-Q1"]
    inside = then[(then.ended >= "2016-03-01") & (then.ended < "2016-04-01") & (then.made_sla == "false")]
    assert {part.group: part.reading.facts for part in parts} == inside.priority.value_counts().to_dict()


def test_question_marks_that_are_not_told_stop_the_extract(real_data: Path, desk: Path, tmp_path: Path) -> None:
    """Without `missing`, `?` is no time: 1,035 of 13,698 incidents are rejected, and nothing is frozen."""
    root = workspace(tmp_path / "marks", desk / "params")
    changed(root, "sources.yaml", (', missing: ["?"]', ""))
    choosing(root, resolved_row_counts="false")
    with pytest.raises(
        ContractError, match=r"1\u202f035 rows of 13\u202f698 .*, 7\.6% where 1\.0% may: resolved_at is not a time"
    ):
        extracted(root, "2016-Q2")
    assert not (root / "extracts" / "2016-Q2").exists()


def test_closed_incidents_without_a_time_are_never_taken_for_open_ones(desk: Path, tmp_path: Path) -> None:
    root = workspace(tmp_path / "other-choice", desk / "params")
    choosing(root, resolved_row_counts="false")
    with extracted(root, "2016-Q2") as snapshot:
        entity = snapshot.manifest.entities["incidents"]
        assert entity.set_aside == {"closed_without_a_time_of_resolution": 1035}
        assert entity.accepted == 13698 - 1035


def test_rows_taken_for_incidents_are_refused(desk: Path, tmp_path: Path) -> None:
    """The log's rows as facts: nearly all share their incident's id with another row."""
    root = workspace(tmp_path / "rows", desk / "params")
    text = (root / "params" / "sources.yaml").read_text(encoding="utf-8")
    query = text[text.index("    query: >-") : text.index("    columns:")]
    changed(root, "sources.yaml", (query, "    source: log\n"), ("ended_at", "resolved_at"))
    with pytest.raises(ContractError, match=r"the same id on different facts"):
        extracted(root, "2016-Q2")


@pytest.mark.slow
def test_the_report_prints_the_numbers_of_plain_sql(desk: Path, sql: dict[str, Oracle]) -> None:
    built(desk, "2016-Q1")
    shown = numbers(desk, "2016-Q1")
    start, end = date(2016, 1, 1), date(2016, 4, 1)
    hours = sql["2016-Q1"].median("time_to_resolve", start, end)
    weekly = sql["2016-Q1"].rate("sla_breaches", start, end, 7)
    assert hours.value is not None
    assert weekly.value is not None
    for needle, value in (("time_to_resolve", 24 * hours.value), ("sla_breaches", weekly.value)):
        number = shown[f"{needle}.{start}/{end}"]
        assert number["value"] == pytest.approx(value, rel=1e-9)
        assert number_in(number["text"]) == printed(value)
    [html] = pages(desk, "2016-Q1", "html")
    [pdf] = pages(desk, "2016-Q1", "pdf")
    for text in (html_text(html), " ".join(pdf_pages(pdf))):
        assert "of which 29 Feb – 31 Mar 2016 is covered" in text
        assert "1 505 more were still open at the quarter's end, counted as unfinished" in text
        assert "2 rows set aside as closed without a time of resolution" in text


def _windows(quarter: str) -> list[Window]:
    """The quarter, and the whole weeks of it that the log covers but for the first, in which hardly anything had ended."""
    whole = Window(date(2016, 1, 1) if quarter == "2016-Q1" else date(2016, 4, 1), QUARTERS[quarter])
    known = Window(max(whole.start, BEGINS), min(whole.end, COPIED))
    weeks = [Window(day, day + WEEK) for day in known.weeks]
    return [whole, *[week for week in weeks if week.start > BEGINS]]
