"""The pages of Northwind's seven reports as their readers get them: every number on record, whole on paper, open to everyone."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import pikepdf
import pytest
from axe_playwright_python.base import AXE_SCRIPT

from reportkit import render
from reportkit.pack import sheets
from reportkit.workspace import Workspace
from tests.browser import CHROMIUM, FLAGS
from tests.building import pages, reports
from tests.reading import elements

sync_api = pytest.importorskip("playwright.sync_api")
QUARTER = "2026-Q3"
WIDTH, HEIGHT, FOOT = 595, 842, 57  # A4 in points, and the margin that the footer has
pytestmark = pytest.mark.slow

# ---- numbers ---------------------------------------------------------------------------------------------------------

MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
NO_NUMBERS = re.compile(  # what has digits and counts nothing: dates, names, hashes, and the rules of statistics
    rf"\b\d\d? {MONTH}\b(?: \d{{4}}\b)?|\b{MONTH} \d{{4}}\b|\bQ[1-4](?: \d{{4}})?\b|\b\d{{4}}-Q[1-4]\b|\b(?:19|20)\d\d\b"
    r"|\(SHA-256 [0-9a-f]{12}\)|[\w.-]+\.(?:csv|jsonl?)\b|\bmapping [0-9a-f]{12}\b|\breportkit [\d.]+|\d+ / \d+ (?=Northwind)"
    r"|95% (?:CI|interval)|95 times in 100|2\.66 × mean moving range|\bP85\b|85% took no longer"
)  # fmt: skip
NUMBER = re.compile(r"\d{1,3}(?:[\u202f ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


def words(path: Path) -> str:
    """The text of a PDF in reading order; what stands apart is set apart by a bar."""
    text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout
    apart = re.sub(r"\n\n+|\f", " ¦ ", text.replace("\u00ad", ""))
    return re.sub(r"[ \n\u00a0]+", " ", apart)


def said(text: str) -> set[str]:
    """Every number in a text, its digits alone."""
    return {re.sub(r"\s", "", found) for found in NUMBER.findall(NO_NUMBERS.sub("¦", text))}


def recorded(number: dict[str, Any]) -> Iterator[str]:
    """What a record says of one number: as printed, its interval as printed, its facts, and the weeks of its window."""
    yield number["text"]
    yield number.get("span", "")
    yield from (str(number[name]) for name in ("n", "open") if name in number)
    if "/" in number.get("window", ""):
        start, end = map(date.fromisoformat, number["window"].split("/"))
        yield str((end - start).days // 7)


def axes(page: Path) -> Iterator[str]:
    """The words along the axes of a page's pictures: they measure, and tell nothing."""
    for data in re.findall(
        r'<script type="application/json"[^>]*>(.*?)</script>', page.read_text(encoding="utf-8"), re.S
    ):
        layout = json.loads(data)["layout"]
        for name, axis in layout.items():
            if re.fullmatch(r"[xy]axis\d?", name):
                yield from map(str, axis.get("ticktext", ()))


def test_every_number_of_a_pdf_is_in_its_record(northwind_root: Path) -> None:
    """All numbers of all pages, to the last digit: only dates, names, and the scales of axes are not looked up."""
    record = json.loads((northwind_root / "reports" / QUARTER / "record.json").read_text(encoding="utf-8"))
    for path in pages(northwind_root, QUARTER, "pdf"):
        report = record["reports"][path.stem]
        known = said(" ¦ ".join((report["headline"], *(t for n in report["numbers"] for t in recorded(n)))))
        known |= {digits for label in axes(path.with_suffix(".html")) for digits in said(label)}
        found = said(words(path))
        assert len(found) >= 80, path.name
        assert found - known == set(), path.name


def test_a_headline_says_a_number_of_its_record_rounded(northwind_root: Path) -> None:
    record = json.loads((northwind_root / "reports" / QUARTER / "record.json").read_text(encoding="utf-8"))
    for name, numbers in reports(northwind_root, QUARTER).items():
        exact = {float(d) for n in numbers.values() for d in said(n["text"])}
        for digits in said(record["reports"][name]["headline"]):
            assert any(abs(float(digits) - value) <= 0.1 * value for value in exact), (name, digits)


# ---- paper -----------------------------------------------------------------------------------------------------------


def boxes(path: Path) -> list[list[tuple[float, float, float, float, str]]]:
    """Per page of a PDF its words as (left, top, right, bottom, word), in points."""
    html = subprocess.run(["pdftotext", "-bbox", str(path), "-"], capture_output=True, text=True, check=True).stdout
    word = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>')
    return [
        [(float(a), float(b), float(c), float(d), text) for a, b, c, d, text in word.findall(page)]
        for page in html.split("<page ")[1:]
    ]


def test_no_word_leaves_the_margins_and_no_page_but_the_last_is_half_empty(northwind_root: Path) -> None:
    for path in pages(northwind_root, QUARTER, "pdf"):
        sheets = boxes(path)
        for n, sheet in enumerate(sheets, 1):
            out = [
                w
                for left, top, right, bottom, w in sheet
                if left < 40 or right > WIDTH - 40 or top < 30 or bottom > HEIGHT - 10
            ]
            assert out == [], (path.name, n)
            lowest = max(bottom for _, _, _, bottom, _ in sheet if bottom < HEIGHT - FOOT)
            assert n == len(sheets) or lowest > 0.6 * HEIGHT, (path.name, n)


@pytest.mark.parametrize(("audience", "most"), [("executives", 4), ("infrastructure", 6)])
def test_letter_paper_holds_the_same_pages(northwind_root: Path, tmp_path: Path, audience: str, most: int) -> None:
    """Letter is 18 mm shorter than A4: its margins make up for that, and no page but the last is half empty there either."""
    place = Workspace.find(northwind_root)
    executed = nbformat.read(northwind_root / "reports" / QUARTER / f"{audience}.ipynb", as_version=4)
    sheet = replace(sheets.sheet(place, QUARTER, "On Letter", place.audiences[audience].title), page="Letter")
    made = tmp_path / "letter.pdf"
    made.write_bytes(render.pdf(executed, sheet))
    found = boxes(made)
    assert len(found) <= most
    for page in found:
        assert all(box[0] >= 40 and box[2] <= 612 - 40 and box[1] >= 24 and box[3] <= 792 - 8 for box in page)
    for page in found[:-1]:
        assert max(box[3] for box in page if box[3] < 792 - FOOT) > 0.6 * 792


def test_no_heading_is_the_last_on_its_page(northwind_root: Path) -> None:
    for path in pages(northwind_root, QUARTER, "pdf"):
        with pikepdf.open(path) as pdf:
            titles = {str(e["/ActualText"]) for e in elements(pdf) if "/ActualText" in e and str(e.S) == "/H2"}
            titles |= set(outline(pdf))
        for n, sheet in enumerate(boxes(path), 1):
            body = [box for box in sheet if box[3] < HEIGHT - FOOT]
            lowest = max(box[1] for box in body)
            line = " ".join(word for _, top, _, _, word in sorted(body) if abs(top - lowest) < 3)
            assert line not in titles, (path.name, n, line)


def outline(pdf: pikepdf.Pdf) -> list[str]:
    """The bookmarks' titles."""
    with pdf.open_outline() as opened:
        todo, found = list(opened.root), []
        while todo:
            item = todo.pop()
            found.append(item.title)
            todo.extend(item.children)
    return found


def test_all_seven_are_tagged_named_described_and_have_their_bookmarks(northwind_root: Path) -> None:
    record = json.loads((northwind_root / "reports" / QUARTER / "record.json").read_text(encoding="utf-8"))
    for path in pages(northwind_root, QUARTER, "pdf"):
        with pikepdf.open(path) as pdf:
            assert bool(pdf.Root.MarkInfo.Marked)
            assert str(pdf.Root.Lang) == "en"
            with pdf.open_metadata() as metadata:
                assert metadata["pdfuaid:part"] == "1", path.name
                assert metadata["dc:title"] == record["reports"][path.stem]["headline"], path.name
            found = elements(pdf)
            kinds = [str(e.S) for e in found]
            assert kinds.count("/H1") == 1, path.name
            figures = [e for e in found if str(e.S) == "/Figure"]
            assert len(figures) >= 3, path.name
            assert all(len(str(e.get("/Alt", ""))) > 5 for e in figures), path.name
            assert kinds.count("/TH") > kinds.count("/Table") * 3, path.name
            titles = outline(pdf)
            assert {"The problem we agreed on", "The needles we own together", "How we know"} <= set(titles), path.name
            assert record["reports"][path.stem]["headline"] in titles, path.name


# ---- open to everyone ------------------------------------------------------------------------------------------------

Visit = Callable[..., Any]


def in_a_browser(test: Any) -> Any:
    """The test with its marks: it needs Chromium."""
    return pytest.mark.browser(pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")(test))


@pytest.fixture(scope="module")
def visit() -> Iterator[Visit]:
    """A function that opens a page in Chromium, where scripts of a test may run beside the page's own."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)

        def go(path: Path) -> Any:
            page = context.new_page()
            page.goto(path.as_uri())
            if path.stem != "index":
                page.wait_for_selector("html[data-charts=drawn]", state="attached", timeout=60_000)
            page.evaluate(AXE_SCRIPT)
            return page

        yield go
        browser.close()


def serious(page: Any) -> list[tuple[str, str]]:
    """What axe-core objects to, but what is minor: its rule and the element."""
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [
        (rule["id"], node["html"][:120]) for rule in found if rule["impact"] in ("serious", "critical") for node in rule["nodes"]
    ]  # fmt: skip


def every_page(root: Path) -> list[Path]:
    return [*pages(root, QUARTER, "html"), root / "reports" / QUARTER / "index.html"]


@in_a_browser
def test_axe_finds_nothing_serious_by_day_at_night_and_on_a_phone(northwind_root: Path, visit: Visit) -> None:
    looked = 0
    for path in every_page(northwind_root):
        page = visit(path)
        for scheme, width in (("light", 1280), ("dark", 360)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            assert serious(page) == [], (path.name, scheme, width)
            looked += 1
        page.close()
    assert looked == 16


@in_a_browser
def test_axe_would_find_what_is_wrong(northwind_root: Path, visit: Visit) -> None:
    page = visit(northwind_root / "reports" / QUARTER / "index.html")
    page.evaluate("document.querySelector('h1').style.color = '#eee'; document.documentElement.lang = ''")
    assert {rule for rule, _ in serious(page)} == {"color-contrast", "html-has-lang"}
    page.close()
