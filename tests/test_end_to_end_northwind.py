"""The whole way on invented data: seven reports of Northwind, their numbers held against plain Python and against the truth."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import astuple, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from reportkit import measure
from reportkit.model.evidence import NO_TEAM
from reportkit.needles import library
from reportkit.workspace import Workspace
from tests.building import REPOSITORY, built, numbers, pages, reports, workspace
from tests.northwind import truth
from tests.northwind.exports import DIRT
from tests.oracle import readings
from tests.oracle.needles import quarters, same
from tests.oracle.northwind import Raw
from tests.reading import html_text, pdf_pages

QUARTER = "2026-Q3"
AUDIENCES = (
    "change_management", "executives", "head_of_engineering", "infrastructure", "product_engineers", "product_management", "security",
)  # fmt: skip
LEVELS = ("before", "after", "comparison_before", "comparison_after")
NOTICE = "Northwind is an invented retailer"
PARAMS, RAW = REPOSITORY / "params", REPOSITORY / "extracts" / "raw"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def raw() -> Raw:
    return Raw(RAW)


def test_all_seven_reports_are_made(northwind_root: Path) -> None:
    assert tuple(p.stem for p in pages(northwind_root, QUARTER, "html")) == AUDIENCES
    assert tuple(p.stem for p in pages(northwind_root, QUARTER, "pdf")) == AUDIENCES
    assert (northwind_root / "reports" / QUARTER / "index.html").is_file()


def test_every_quarterly_number_is_that_of_plain_python(northwind_root: Path, raw: Raw) -> None:
    checked = set()
    for id_, number in numbers(northwind_root, QUARTER).items():
        needle, _, rest = id_.partition(".")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d", rest):
            continue
        window = next(w for w in quarters(QUARTER) if f"{w[0]}/{w[1]}" == rest)
        expected = readings.in_quarter(raw, needle, *window)
        assert same(number["value"], expected.value), id_
        assert number["n"] == expected.facts, id_
        checked.add(needle)
    assert len(checked) >= 38


def test_every_level_of_every_proof_is_that_of_plain_python(northwind_root: Path, raw: Raw) -> None:
    expected = {}
    count = 0
    for id_, number in numbers(northwind_root, QUARTER).items():
        proof, needle, level = (*id_.split("."), "", "")[:3]
        if number.get("proof") != proof or level not in LEVELS or needle in ("predictability", "incidents_per_service"):
            continue
        if (proof, needle) not in expected:
            expected[proof, needle] = readings.levels(raw, proof, needle)
        found = expected[proof, needle][level]
        assert same(number["value"], found.value), id_
        assert number["n"] == found.facts, id_
        count += 1
    assert {proof for proof, _ in expected} == set(truth.PROOFS)
    assert count >= 80


TRUE = {  # what is to be found: the verdict, and the true effect, which the interval holds
    "shared_path.lead_time_for_changes": ("moved", truth.LEAD_TIME_RATIO),
    "shared_path.release_wait": ("moved", truth.RELEASE_WAIT_RATIO),
    "shared_path.coordination_tax": ("moved", truth.TAX_RATIO),
    "shared_path.deployment_frequency": ("moved", truth.DEPLOYMENT_RATIO),
    "shared_path.features_released": ("not shown", truth.FEATURES_RATIO),
    "shared_path.pull_request_merge_time": ("held", truth.MERGE_TIME_RATIO),
    "central_desk.sla_breaches": ("got worse", truth.BREACH_RATIO),
    "central_desk.toil": ("not shown", truth.TOIL_DIFFERENCE),
    "review_rota.review_wait": ("not shown", truth.REVIEW_WAIT_RATIO),
    "shared_intake.lead_time": ("moved", truth.IDEA_RATIO),
    "machine_evidence.manual_evidence": ("moved", truth.EVIDENCE_DIFFERENCE),
    "auto_patch.remediation_time": ("moved", truth.REMEDIATION_RATIO),
    "cold_storage.storage_cost": ("moved", truth.STORAGE_RATIO),
    "cold_storage.toil": ("not shown", truth.TOIL_DIFFERENCE),
}


def test_the_evidence_finds_the_truth(northwind_root: Path) -> None:
    shown = numbers(northwind_root, QUARTER)
    seen = 0
    for key, (verdict, effect) in TRUE.items():
        found = shown.get(f"{key}.effect")
        if found is None:  # in no table of the readers that are told of the proof
            assert key.split(".")[1] in ("release_wait",), key
            continue
        low, high = found["interval"]
        none = 1.0 if found["unit"] == "ratio" else 0.0
        assert found["verdict"] == verdict, key
        assert low < effect < high, key
        if verdict in ("moved", "got worse"):
            assert (found["value"] - none) * (effect - none) > 0, key
            assert not low <= none <= high, key
        seen += 1
    assert seen >= 13


def test_too_little_data_is_said_to_be_too_little(northwind_root: Path) -> None:
    shown = numbers(northwind_root, QUARTER)
    for key in (
        "service_template.service_onboarding",
        "shared_path.engineer_onboarding",
        "shared_intake.product_launch_time",
    ):
        assert f"{key}.effect" not in shown, key
        assert shown[f"{key}.before"]["verdict"] == "not enough data", key
    assert "6 new services before the start, 20 needed" in _text(northwind_root, "head_of_engineering")


def test_all_seven_agree_on_what_they_share(northwind_root: Path) -> None:
    each = reports(northwind_root, QUARTER)
    pairs = 0
    for one, other in combinations(AUDIENCES, 2):
        shared = set(each[one]) & set(each[other])
        assert all(each[one][id_] == each[other][id_] for id_ in shared), (one, other)
        pairs += bool(shared)
    assert pairs >= 15


def test_each_first_page_says_what_was_found_and_what_got_worse(northwind_root: Path) -> None:
    headlines = {
        "executives": "In five teams, changes now reach production in 4 days instead of 14.",
        "product_engineers": "In five teams, a change now waits 1.6 days for others instead of 11.",
        "product_management": "In five teams, ideas now reach customers in 45 days instead of 81.",
        "change_management": "In five teams, 32% of change requests now carry evidence attached by hand instead of 98%.",
        "infrastructure": "82% of deployments take the standard path, after 23% a quarter earlier.",
        "security": "In five teams, known vulnerabilities now stay open for 16 days instead of 48.",
    }
    for audience, headline in headlines.items():
        first = pdf_pages(northwind_root / "reports" / QUARTER / f"{audience}.pdf")[0]
        assert headline in first, audience
        assert "We ask for:" in first, audience
    for audience in ("executives", "product_management"):  # the two that are told of the proof that did harm
        first = pdf_pages(northwind_root / "reports" / QUARTER / f"{audience}.pdf")[0]
        assert "SLA breaches rose from" in first, audience


def test_the_cuts_of_a_needle_add_up(northwind_root: Path) -> None:
    each = reports(northwind_root, QUARTER)
    parts = {
        id_.split("severity=")[1]: n
        for id_, n in each["security"].items()
        if id_.startswith("open_vulnerabilities.2026-07-01/2026-10-01.severity=")
    }
    assert set(parts) == {"critical", "high", "medium", "low"}
    assert (
        sum(n["value"] for n in parts.values())
        == each["security"]["open_vulnerabilities.2026-07-01/2026-10-01"]["value"]
    )
    for name, needle, by, groups in (
        ("product_management", "availability", "journey", 7), ("infrastructure", "storage_cost", "team", 10),
        ("change_management", "time_to_production", "kind", 3),
    ):  # fmt: skip
        assert len([id_ for id_ in each[name] if id_.startswith(f"{needle}.2026-07-01/2026-10-01.{by}=")]) >= groups, (
            name
        )


def test_the_notice_stands_on_every_page(northwind_root: Path) -> None:
    for path in pages(northwind_root, QUARTER, "pdf"):
        for number, text in enumerate(pdf_pages(path), 1):
            assert NOTICE in text, f"{path.name}, page {number}"
    for path in (*pages(northwind_root, QUARTER, "html"), northwind_root / "reports" / QUARTER / "index.html"):
        assert NOTICE in html_text(path), path.name


def test_what_was_left_out_is_printed(northwind_root: Path) -> None:
    told = {
        "executives": (" changes (403 rows set aside, 32 rejected)",),
        "head_of_engineering": (
            "403 rows set aside as bots",
            f"the same fact twice: {DIRT.twice}",
            "14 rows set aside as drills",
        ),
        "change_management": (f"{DIRT.requests_broken} rows set aside as broken export",),
        "product_management": ("rows set aside as stale series", f"more good events than events: {DIRT.windows_odd}"),
        "infrastructure": (
            f"hours is not a number: {DIRT.hours_unreadable}",
            f"currency is missing: {DIRT.charges_without_currency}",
        ),
    }
    for audience, sentences in told.items():
        for sentence in sentences:
            assert sentence in _text(northwind_root, audience), (audience, sentence)


def test_no_row_is_lost(northwind_root: Path) -> None:
    manifest = json.loads((northwind_root / "extracts" / QUARTER / "manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["entities"]) == 15
    for name, entity in manifest["entities"].items():
        assert entity["accepted"] + entity["rejected_rows"] == entity["read"], name
        assert entity["read"] + entity["later"] + sum(entity["set_aside"].values()) == entity["rows_in"], name


def test_the_pdfs_open_and_are_short(northwind_root: Path) -> None:
    for path in pages(northwind_root, QUARTER, "pdf"):
        with pikepdf.open(path) as pdf:
            assert not pdf.check_pdf_syntax()
            assert 1 <= len(pdf.pages) <= (4 if path.stem == "executives" else 6), path.name
            lists = [tag for tag in _tags(pdf.Root.StructTreeRoot) if tag.get("/S") == "/L"]
            assert lists
            assert not [tag for tag in lists if "/L" in [child.get("/S") for child in _inside(tag)]], path.name


def test_two_builds_are_the_same_to_the_byte(northwind_root: Path, tmp_path: Path) -> None:
    again = workspace(tmp_path / "a folder with another name", PARAMS, RAW)
    built(again, QUARTER, audiences=("security", "infrastructure"))
    for ending in ("html", "pdf"):
        for name in ("security", "infrastructure"):
            first, second = (root / "reports" / QUARTER / f"{name}.{ending}" for root in (northwind_root, again))
            assert first.read_bytes() == second.read_bytes(), first.name


def test_a_script_in_a_teams_name_is_only_text(tmp_path: Path) -> None:
    evil = '<script>document.title="owned"</script>'
    root = workspace(tmp_path / "evil", PARAMS, RAW)
    _rename(root / "extracts" / "raw" / "services.csv", "stores", evil)
    # Named as a treated team as well, so that the name itself is printed among those with facts on one side only.
    proofs = root / "params" / "proofs.yaml"
    proofs.write_text(proofs.read_text(encoding="utf-8").replace("pricing]", f"pricing, '{evil}']"), encoding="utf-8")
    built(root, QUARTER, audiences=("head_of_engineering",))
    page = root / "reports" / QUARTER / "head_of_engineering.html"
    assert "<script>document.title" not in page.read_text(encoding="utf-8")
    assert "document.title=" in html_text(page)
    with pikepdf.open(page.with_suffix(".pdf")) as pdf:
        assert not pdf.check_pdf_syntax()


def _tags(tag: Any) -> Iterator[Any]:
    """All elements of a PDF's structure below one."""
    for child in _inside(tag):
        yield child
        yield from _tags(child)


def _inside(tag: Any) -> list[Any]:
    inside = tag.get("/K", [])
    found = list(inside) if isinstance(inside, pikepdf.Array) else [inside]
    return [child for child in found if isinstance(child, pikepdf.Dictionary) and "/S" in child]


def _text(root: Path, audience: str) -> str:
    return html_text(root / "reports" / QUARTER / f"{audience}.html")


def _rename(path: Path, old: str, new: str) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [[new if cell == old else cell for cell in row] for row in csv.reader(file)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


@pytest.mark.parametrize("by", ["team", "journey"])
def test_what_all_groups_are_asked_for_at_once_is_what_each_is_asked_for(northwind_root: Path, by: str) -> None:
    found = Workspace.find(northwind_root)
    windows = [found.period(QUARTER).shift(-n).window for n in (1, 0)]
    with found.snapshot(QUARTER) as snapshot:
        for needle in library().values():
            if measure.lacking(snapshot, needle):
                continue
            groups = measure.by_group(snapshot, needle, windows, by)
            for group in sorted({*groups} - {NO_TEAM})[:2]:
                alone = snapshot.cut({by: group})
                each = measure.readings(alone, needle, windows)
                for one, other in zip(each, measure.readings(alone, needle, windows, groups[group]), strict=True):
                    assert astuple(replace(one, value=0)) == astuple(replace(other, value=0)), (needle.key, group)
                    assert one.value == pytest.approx(other.value, rel=1e-12, nan_ok=True), (needle.key, group)
