"""The whole way on invented data: two reports of Northwind, their numbers held against plain SQL and against the truth."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest

from tests.building import REPOSITORY, built, numbers, pages, reports, workspace
from tests.northwind import truth
from tests.northwind.exports import DIRT
from tests.oracle import northwind
from tests.oracle.needles import Oracle, number_in, printed, quarters, same
from tests.reading import html_text, pdf_pages

QUARTER, PROOF = "2026-Q3", "shared_path"
NOTICE = "Northwind is an invented retailer"
PARAMS, RAW = REPOSITORY / "params", REPOSITORY / "extracts" / "raw"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def northwind_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workspace(tmp_path_factory.mktemp("northwind") / "first", PARAMS, RAW)
    built(root, QUARTER)
    return root


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    found = northwind.oracle(RAW)
    yield found
    found.connection.close()


def test_both_reports_are_made(northwind_root: Path) -> None:
    assert [p.stem for p in pages(northwind_root, QUARTER, "html")] == ["executives", "head_of_engineering"]
    assert [p.stem for p in pages(northwind_root, QUARTER, "pdf")] == ["executives", "head_of_engineering"]
    assert (northwind_root / "reports" / QUARTER / "index.html").is_file()


def test_every_quarterly_number_is_that_of_plain_sql(northwind_root: Path, oracle: Oracle) -> None:
    shown = numbers(northwind_root, QUARTER)
    expected = {}
    for start, end in quarters(QUARTER):
        for needle in northwind.DURATIONS:
            expected[f"{needle}.{start}/{end}"] = oracle.median(needle, start, end)
        for needle, days in northwind.RATES.items():
            expected[f"{needle}.{start}/{end}"] = oracle.rate(needle, start, end, days)
    quarterly = {id_: n for id_, n in shown.items() if not n.get("proof") and not id_.startswith("bet.")}
    assert quarterly
    for id_, number in quarterly.items():
        assert number["n"] == expected[id_].facts, id_
        assert same(number["value"], expected[id_].value), id_
        assert number_in(number["text"]) == printed(expected[id_].value), id_


def test_every_number_of_the_proof_is_that_of_plain_sql(northwind_root: Path, oracle: Oracle) -> None:
    shown = {
        id_: n
        for id_, n in numbers(northwind_root, QUARTER).items()
        if n.get("proof") == PROOF and ".returned." not in id_
    }
    expected = oracle.trial(northwind.TRIAL)
    levels = {id_: n for id_, n in shown.items() if not id_.endswith(".effect")}
    assert len(levels) >= 16
    for id_, number in levels.items():
        found = expected[id_.removeprefix(f"{PROOF}.")]
        assert number["n"] == found.facts, id_
        assert same(number["value"], found.value), id_
        assert number_in(number["text"]) == printed(found.value), id_
    for needle in northwind.RATES:
        assert same(shown[f"{PROOF}.{needle}.effect"]["value"], expected[f"{needle}.effect"].value), needle


def test_the_evidence_finds_the_truth(northwind_root: Path) -> None:
    shown = numbers(northwind_root, QUARTER)
    true = {
        "lead_time_for_changes": ("moved", truth.LEAD_TIME_RATIO),
        "release_wait": ("moved", truth.RELEASE_WAIT_RATIO),
        "deployment_frequency": ("moved", truth.DEPLOYMENT_RATIO),
        "features_released": ("not shown", truth.FEATURES_RATIO),
        "pull_request_merge_time": ("held", truth.MERGE_TIME_RATIO),
    }
    for needle, (verdict, ratio) in true.items():
        effect = shown[f"{PROOF}.{needle}.effect"]
        low, high = effect["interval"]
        assert effect["verdict"] == verdict, needle
        assert low < ratio < high, needle
    assert f"{PROOF}.engineer_onboarding.effect" not in shown  # three joiners carry no interval


def test_both_reports_agree_on_what_they_share(northwind_root: Path) -> None:
    each = reports(northwind_root, QUARTER)
    shared = set(each["executives"]) & set(each["head_of_engineering"])
    assert len(shared) > 20
    assert all(each["executives"][id_] == each["head_of_engineering"][id_] for id_ in shared)


def test_every_number_recorded_stands_on_both_faces(northwind_root: Path) -> None:
    for html, pdf in zip(pages(northwind_root, QUARTER, "html"), pages(northwind_root, QUARTER, "pdf"), strict=True):
        record = reports(northwind_root, QUARTER)[html.stem]
        web, paper = html_text(html), " ".join(pdf_pages(pdf))
        for id_ in (f"{PROOF}.lead_time_for_changes.after", f"{PROOF}.lead_time_for_changes.effect"):
            text = " ".join(record[id_]["text"].split())
            assert text in web, (html.name, id_)
            assert text in paper, (pdf.name, id_)


def test_the_headline_is_the_finding(northwind_root: Path) -> None:
    text = html_text(northwind_root / "reports" / QUARTER / "executives.html")
    assert "changes now reach production in 4 days instead of 14" in text
    assert "Product delivery is too slow." in text


def test_the_notice_stands_on_every_page(northwind_root: Path) -> None:
    for path in pages(northwind_root, QUARTER, "pdf"):
        for number, text in enumerate(pdf_pages(path), 1):
            assert NOTICE in text, f"{path.name}, page {number}"
    for path in (*pages(northwind_root, QUARTER, "html"), northwind_root / "reports" / QUARTER / "index.html"):
        assert NOTICE in html_text(path), path.name


def test_what_was_left_out_is_printed(northwind_root: Path) -> None:
    for path in pages(northwind_root, QUARTER, "html"):
        text = html_text(path)
        assert re.search(r"403 rows set aside as bots", text), path.name
        assert re.search(rf"\d+ rows rejected \([^)]*the same fact twice {DIRT.twice}[,)]", text), path.name


def test_the_pdfs_open_and_are_short(northwind_root: Path) -> None:
    limits = {"executives": 4, "head_of_engineering": 6}
    for path in pages(northwind_root, QUARTER, "pdf"):
        with pikepdf.open(path) as pdf:
            assert not pdf.check_pdf_syntax()
            assert 1 <= len(pdf.pages) <= limits[path.stem], path.name


def test_two_builds_are_the_same_to_the_byte(northwind_root: Path, tmp_path: Path) -> None:
    again = workspace(tmp_path / "a folder with another name", PARAMS, RAW)
    built(again, QUARTER)
    for ending in ("html", "pdf"):
        for first, second in zip(pages(northwind_root, QUARTER, ending), pages(again, QUARTER, ending), strict=True):
            assert first.read_bytes() == second.read_bytes(), first.name
    index = [root / "reports" / QUARTER / "index.html" for root in (northwind_root, again)]
    assert index[0].read_bytes() == index[1].read_bytes()


def test_a_script_in_a_teams_name_is_only_text(tmp_path: Path) -> None:
    evil = '<script>document.title="owned"</script>'
    root = workspace(tmp_path / "evil", PARAMS, RAW)
    _rename(root / "extracts" / "raw" / "services.csv", "stores", evil)
    # Named as a treated team as well, so that the name itself is printed among those with facts on one side only.
    proofs = root / "params" / "proofs.yaml"
    proofs.write_text(proofs.read_text(encoding="utf-8").replace("pricing]", f"pricing, '{evil}']"), encoding="utf-8")
    built(root, QUARTER)
    for path in pages(root, QUARTER, "html"):
        assert "<script>document.title" not in path.read_text(encoding="utf-8"), path.name
    for path in pages(root, QUARTER, "pdf"):
        with pikepdf.open(path) as pdf:
            assert not pdf.check_pdf_syntax()


def _rename(path: Path, old: str, new: str) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [[new if cell == old else cell for cell in row] for row in csv.reader(file)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
