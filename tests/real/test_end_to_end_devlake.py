"""The whole way on real data: two proofs of Apache DevLake whose pages must not tell a success story."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pikepdf
import pytest
from ruamel.yaml import YAML

from reportkit import measure
from reportkit.model.period import Quarter
from reportkit.needles import find
from reportkit.params import read
from reportkit.snapshot import Snapshot, take
from tests.building import REPOSITORY, built, numbers, pages, reports, workspace
from tests.oracle import devlake
from tests.oracle.needles import Oracle, number_in, printed, quarters, same
from tests.reading import html_text, pdf_pages

PARAMS = REPOSITORY / "tests" / "workspaces" / "apache-devlake" / "params"
NOTICE = "Computed by reportkit from the public git history of Apache DevLake."
PROOFS = {"2022-Q2": "automatic_release", "2023-Q3": "automatic_cherry_pick"}
ENDS = {"2022-Q2": date(2022, 7, 1), "2023-Q3": date(2023, 10, 1)}
NEVER = (
    r"\bfell\b", r"\bfaster\b", r"\bmoved\b", r"\bshorter\b", r"\bimproved?\b", r"\bproved?\b", r"\bsaved\b",
    r"\bthanks to\b", r"\bbecause of the\b", r"\bsignificant", r"\bno effect\b", r"\bsuccess\b",
)  # fmt: skip
pytestmark = pytest.mark.slow
QUARTERLY = re.compile(r"\w+\.\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d")  # of the whole organisation, in no proof
each_quarter = pytest.mark.parametrize("quarter", list(PROOFS))


@pytest.fixture(scope="module")
def devlake_root(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPORTKIT_REAL_DATA", str(real_data))
        root = workspace(tmp_path_factory.mktemp("devlake") / "first", PARAMS)
        for quarter in PROOFS:
            built(root, quarter)
        yield root


@each_quarter
def test_every_quarterly_number_is_that_of_plain_sql(devlake_root: Path, real_data: Path, quarter: str) -> None:
    oracle = _oracle(real_data, quarter)
    expected = {}
    for start, end in quarters(quarter):
        for needle in devlake.DURATIONS:
            expected[f"{needle}.{start}/{end}"] = oracle.median(needle, start, end)
        for needle, days in devlake.RATES.items():
            expected[f"{needle}.{start}/{end}"] = oracle.rate(needle, start, end, days)
    quarterly = {id_: n for id_, n in numbers(devlake_root, quarter).items() if QUARTERLY.fullmatch(id_)}
    assert quarterly
    for id_, number in quarterly.items():
        assert number["n"] == expected[id_].facts, id_
        assert same(number["value"], expected[id_].value), id_
        assert number_in(number["text"]) == printed(expected[id_].value), id_


@each_quarter
def test_every_number_of_the_proof_is_that_of_plain_sql(devlake_root: Path, real_data: Path, quarter: str) -> None:
    proof = PROOFS[quarter]
    expected = _oracle(real_data, quarter).trial(devlake.TRIALS[proof])
    shown = {id_: n for id_, n in numbers(devlake_root, quarter).items() if n.get("proof") == proof}
    levels = {id_: n for id_, n in shown.items() if id_.endswith(("before", "after"))}
    assert len(levels) >= 6
    for id_, number in levels.items():
        found = expected[id_.removeprefix(f"{proof}.")]
        assert number["n"] == found.facts, id_
        assert same(number["value"], found.value), id_
        assert number_in(number["text"]) == printed(found.value), id_
    for needle in devlake.RATES:
        assert same(shown[f"{proof}.{needle}.effect"]["value"], expected[f"{needle}.effect"].value), needle


def test_the_median_before_the_automatic_release_is_not_reached(devlake_root: Path, real_data: Path) -> None:
    found = _oracle(real_data, "2022-Q2").trial(devlake.TRIALS["automatic_release"])["release_wait.before"]
    assert (found.value, found.facts) == (None, 211)
    shown = numbers(devlake_root, "2022-Q2")
    assert "automatic_release.release_wait.before" not in shown
    assert "automatic_release.release_wait.effect" not in shown  # no interval may be printed
    assert shown["automatic_release.release_wait.after"]["verdict"] == "not enough data"
    for path in pages(devlake_root, "2022-Q2", "html"):
        text = html_text(path)
        assert "not reached" in text, path.name
        assert not re.search(r"(?<![\d.])0 (d|days)\b", text), path.name  # missing is not zero


@each_quarter
def test_nothing_is_claimed_for_the_better(devlake_root: Path, quarter: str) -> None:
    verdicts = {n["needle"]: n["verdict"] for n in numbers(devlake_root, quarter).values() if n.get("proof")}
    assert set(verdicts.values()) <= {"not shown", "not enough data", "got worse"}


@each_quarter
def test_no_page_tells_a_success_story(devlake_root: Path, quarter: str) -> None:
    texts = {p.name: _ours(html_text(p)) for p in pages(devlake_root, quarter, "html")}
    texts |= {p.name: _ours(" ".join(pdf_pages(p))) for p in pages(devlake_root, quarter, "pdf")}
    for name, text in texts.items():
        for word in NEVER:
            found = re.search(rf".{{0,60}}{word}.{{0,60}}", text, re.IGNORECASE)
            assert not found, f"{name}: {found[0]}"


@each_quarter
def test_the_page_says_why_it_claims_no_more(devlake_root: Path, quarter: str) -> None:
    proofs = YAML(typ="safe").load((PARAMS / "proofs.yaml").read_text(encoding="utf-8"))
    for path in pages(devlake_root, quarter, "html"):
        text = html_text(path)
        for clause in proofs[PROOFS[quarter]]["also"]:
            assert clause[1:] in text, (path.name, clause)
    for path in pages(devlake_root, quarter, "pdf"):
        assert "core" in " ".join(pdf_pages(path)), path.name


@each_quarter
def test_the_headline_is_the_problem_as_a_number(devlake_root: Path, quarter: str) -> None:
    for path in pages(devlake_root, quarter, "html"):
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", path.read_text(encoding="utf-8"), re.DOTALL)
        assert heading, path.name
        assert re.match(r"A merged change waits \d+(\.\d)? days", re.sub(r"<[^>]+>", "", heading[1]).strip()), path.name


@each_quarter
def test_bots_set_aside_are_counted(devlake_root: Path, quarter: str) -> None:
    for path in pages(devlake_root, quarter, "html"):
        told = "0 rows set aside" if path.stem == "executives" else "0 rows set aside as bots"  # who has the short form
        assert told in html_text(path), path.name


@each_quarter
def test_the_notice_stands_on_every_page(devlake_root: Path, quarter: str) -> None:
    for path in pages(devlake_root, quarter, "pdf"):
        for number, text in enumerate(pdf_pages(path), 1):
            assert NOTICE in text, f"{path.name}, page {number}"
    for path in pages(devlake_root, quarter, "html"):
        assert NOTICE in html_text(path), path.name


@each_quarter
def test_both_reports_agree(devlake_root: Path, quarter: str) -> None:
    each = reports(devlake_root, quarter)
    shared = set(each["executives"]) & set(each["head_of_engineering"])
    assert len(shared) > 10
    assert all(each["executives"][id_] == each["head_of_engineering"][id_] for id_ in shared)


@each_quarter
def test_the_pdfs_open(devlake_root: Path, quarter: str) -> None:
    limits = {"executives": 4, "head_of_engineering": 6}
    for path in pages(devlake_root, quarter, "pdf"):
        with pikepdf.open(path) as pdf:
            assert not pdf.check_pdf_syntax()
            assert 1 <= len(pdf.pages) <= limits[path.stem], path.name


def test_two_builds_are_the_same_to_the_byte(devlake_root: Path, tmp_path: Path) -> None:
    again = workspace(tmp_path / "second", PARAMS)
    built(again, "2022-Q2")
    for ending in ("html", "pdf"):
        for first, second in zip(pages(devlake_root, "2022-Q2", ending), pages(again, "2022-Q2", ending), strict=True):
            assert first.read_bytes() == second.read_bytes(), first.name


def test_without_prereleases_the_numbers_are_again_those_of_plain_sql(
    devlake_root: Path, real_data: Path, tmp_path: Path
) -> None:
    root = workspace(tmp_path / "full-releases", PARAMS)
    sources = root / "params" / "sources.yaml"
    sources.write_text(sources.read_text(encoding="utf-8").replace("value: true", "value: false"), encoding="utf-8")
    params, faults = read(root / "params")
    assert params is not None, faults
    quarter = Quarter.parse("2023-Q3")
    take(params.sources, params.organisation, quarter, root)
    oracle = devlake.oracle(real_data / "git-devlake", ENDS["2023-Q3"], prereleases=False)
    with Snapshot.open(root / "extracts" / "2023-Q3", "UTC") as snapshot:
        for needle in devlake.DURATIONS:
            for reading in measure.quarters(snapshot, find(needle), quarter):
                found = oracle.median(needle, reading.window.start, reading.window.end)
                assert reading.facts == found.facts, (needle, reading.window)
                assert same(reading.value if reading.known else None, found.value), (needle, reading.window)
        for needle, days in devlake.RATES.items():
            for reading in measure.quarters(snapshot, find(needle), quarter):
                found = oracle.rate(needle, reading.window.start, reading.window.end, days)
                assert same(reading.value if reading.known else None, found.value), (needle, reading.window)


def test_what_else_differs_is_true(real_data: Path) -> None:
    """Every number under `also` in proofs.yaml, once more from the files."""
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    for name in ("changes", "releases"):
        db.execute(f"CREATE VIEW {name} AS SELECT * FROM read_csv('{real_data}/git-devlake/devlake_{name}.csv')")
    core = r"count(*) FILTER (NOT regexp_matches(subject, '^[A-Za-z]+\([^),/]+'))"

    def one(sql: str) -> tuple:
        row = db.execute(sql).fetchone()
        assert row is not None
        return row

    def merged(start: str, end: str) -> str:
        return f"FROM changes WHERE merged_at >= '{start}' AND merged_at < '{end}'"

    def tags(start: str, end: str) -> str:
        return f"FROM releases WHERE tagged_at >= '{start}' AND tagged_at < '{end}'"

    first = "count(*) FILTER (tag IN (SELECT first_release FROM changes))"
    assert one(f"SELECT {core}, count(*) {merged('2021-09-27', '2021-12-27')}") == (211, 211)
    assert one(f"SELECT {core}, count(*) {merged('2022-01-03', '2022-06-27')}") == (574, 633)
    assert one(f"SELECT {first}, count(*) {tags('2021-09-27', '2021-12-27')}") == (1, 7)
    assert one(f"SELECT {first}, count(*) {tags('2021-10-15', '2022-03-28')}") == (0, 16)
    tests = "count(*) FILTER (looks_prerelease = 0 AND regexp_matches(tag, 'test|k8s|builder|^[0-9]{8}$'))"
    assert one(f"SELECT {tests}, count(*) {tags('2022-01-03', '2022-06-27')}") == (38, 54)
    typed = "count(*) FILTER (change_type = 'feat')"
    assert one(f"SELECT {typed} {merged('2021-12-11', '2022-05-16')}") == (0,)
    assert one(f"SELECT count(*) {merged('2022-01-01', '2022-04-01')}") == (195,)
    assert one(f"SELECT count(*) {merged('2022-04-01', '2022-07-01')}") == (465,)
    assert db.execute(
        f"SELECT DISTINCT first_release {merged('2023-05-22', '2023-08-21')} AND released_at < '2023-08-21'"
    ).fetchall() == [("v0.18.0-beta1",)]
    assert one(f"SELECT {core}, count(*) {merged('2023-05-22', '2023-08-21')}") == (250, 344)
    assert one(f"SELECT {core}, count(*) {merged('2023-02-13', '2023-05-15')}") == (242, 401)
    named = "count(*) FILTER (regexp_matches(tag, 'hexun|cloud'))"
    assert one(f"SELECT {named}, count(*) {tags('2023-02-13', '2023-05-15')}") == (10, 38)
    assert one(f"SELECT {named}, count(*) {tags('2023-05-22', '2023-08-21')}") == (0, 18)


def _oracle(real_data: Path, quarter: str) -> Oracle:
    return devlake.oracle(real_data / "git-devlake", ENDS[quarter])


def _ours(text: str) -> str:
    """The page without what others are quoted with."""
    return re.sub(r"Who else had this problem.*?(?=We ask for|How we know)", " ", text)
