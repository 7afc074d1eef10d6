"""Pages: what an executed notebook becomes on screen and on paper."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise

import nbformat
import pikepdf
import plotly.graph_objects as go
import pytest
from fontTools.ttLib import TTFont
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from reportkit import render
from reportkit.display import MIME
from reportkit.figures.theme import faces
from reportkit.model.brand import Brand
from reportkit.render.outputs import Body
from tests.reading import elements
from tests.sample_report import (
    BRAND,
    PROOF,
    WORLDS,
    answer,
    before_after,
    data,
    executive,
    frame,
    heading,
    invent,
    needles_block,
    notebook,
    path_figure,
    plain,
    plotly_figure,
    section,
    sheet_fields,
    shown,
)  # fmt: skip

SHEET = render.Sheet(**sheet_fields())


@pytest.fixture(scope="module")
def page() -> str:
    return render.html(executive(), SHEET)


@pytest.fixture(scope="module")
def paper() -> bytes:
    return render.pdf(executive(), SHEET)


@pytest.fixture(scope="module")
def opened(paper):
    with pikepdf.open(io.BytesIO(paper)) as pdf:
        yield pdf


def main(text: str) -> str:
    """What stands between the masthead and the foot."""
    return text[text.index("<main") : text.index("</main>")]


def body(*cells) -> str:
    return main(render.html(notebook(*cells), SHEET))


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = Reader()
    reader.feed(text)
    return reader.tags


# ---- on screen ---------------------------------------------------------------------------------------------------------


def test_nothing_is_fetched_from_anywhere(page):
    for tag, attributes in tags(page):
        assert tag not in ("link", "iframe", "object", "embed", "base")
        for name in ("src", "srcset", "poster", "data"):
            assert (attributes.get(name) or "data:").startswith("data:"), (tag, attributes)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert all(url.startswith("data:") for url in re.findall(r"url\(([^)]*)\)", style))
    assert "default-src 'none'" in unescape(page)


def test_plotly_is_there_once_and_only_where_a_picture_is_live(page):
    assert len(re.findall(r"plotly\.js v\d", page)) >= 1
    assert page.count("<script>") == 2
    still = render.html(notebook(shown(answer())), SHEET)
    assert "<script" not in still
    assert len(still) < 200_000


def test_code_parameters_and_noise_never_appear(page):
    for hidden in ("secret_input", "report.part()", "open_report", "audience = ", "noise"):
        assert hidden not in main(page)


def test_a_traceback_never_appears():
    error = new_output("error", ename="ValueError", evalue="secret", traceback=["secret line"])
    assert "secret" not in body(new_code_cell("boom()", outputs=[error]))


def test_output_of_the_parameters_cell_is_hidden():
    cell = new_code_cell(
        "x = 1", outputs=[new_output("stream", name="stdout", text="hello")], metadata={"tags": ["injected-parameters"]}
    )
    assert "hello" not in body(cell)


def test_headings_are_in_order_with_one_of_the_first_level(page):
    levels = [int(tag[1]) for tag, _ in tags(page) if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_headings_of_markdown_keep_their_place():
    made = body(shown(answer()), new_markdown_cell("# Mine\n\n##### Deep\n\ntext"))
    assert re.findall(r"<h(\d)", made) == ["1", "2", "3"]


def test_a_notebook_without_an_answer_gets_its_title_as_headline():
    assert f"<h1>{SHEET.title[:30]}" in body(shown(section("Only a section", "text")))


def test_landmarks_skip_link_language_and_title(page):
    found = tags(page)
    names = [tag for tag, _ in found]
    assert {"header", "main", "footer"} <= set(names)
    assert ("a", {"class": "rk-skip", "href": "#report"}) in found
    assert ("html", {"lang": "en"}) in found
    assert f"<title>{SHEET.title}</title>" in page
    assert SHEET.notice in page


def test_every_chart_can_be_reached_by_keyboard_and_is_described(page):
    charts = [attributes for tag, attributes in tags(page) if attributes.get("class") == "rk-chart"]
    assert len(charts) == 3
    assert all(a["role"] == "img" and a["tabindex"] == "0" and a["aria-label"] for a in charts)


def test_ids_are_unique_even_where_a_picture_is_shown_twice():
    made = body(shown(path_figure()), shown(path_figure()))
    ids = [a["id"] for _, a in tags(made) if "id" in a]
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', made))
    assert used <= set(ids) | {"report"}


def test_pictures_follow_light_and_dark(page):
    assert "prefers-color-scheme:dark" in page
    assert "var(--rk-primary)" in main(page)
    assert not re.search(rf'style="[^"]*{BRAND.primary}', main(page))


def test_two_pages_of_the_same_notebook_are_equal(page):
    assert render.html(executive(), SHEET) == page


# ---- whatever an analyst shows -------------------------------------------------------------------------------------------


def test_a_dataframe_is_dressed_and_its_numbers_stand_to_the_right():
    made = body(plain(data(text__html=frame()._repr_html_())))
    found = tags(made)
    assert ("table", {"class": "rk-frame"}) in found
    assert '<th scope="col">team</th>' in made
    assert made.count('class="rk-num"') == 8
    assert "&lt;script&gt;" in made
    assert "<script" not in made
    assert "<style" not in made
    assert "NaN" not in made


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<iframe src='https://example.org'></iframe>",
        "<svg onload=alert(1)></svg>",
        "<p style='background:url(https://example.org/x)'>x</p>",
        "<img src='https://example.org/pixel.png'>",
        "<form action='https://example.org'><input></form>",
        "<style>@import 'https://example.org'</style>",
    ],
)
@pytest.mark.parametrize("kind", ["text/html", "text/markdown", "text/plain", "markdown cell"])
def test_no_markup_from_data_runs_or_fetches(evil, kind):
    output = new_output("display_data", data={kind: evil}) if "/" in kind else None
    made = body(plain(output) if output else new_markdown_cell(evil))
    for tag, attributes in tags(made):
        assert tag not in ("script", "iframe", "svg", "form", "input", "style")
        assert not any(name.startswith("on") for name in attributes)
        assert not re.match(r"\s*(javascript|https?):", attributes.get("href") or attributes.get("src") or "")
        assert "url(" not in (attributes.get("style") or "")


def test_our_own_blocks_escape_what_data_say():
    made = body(shown(section("A <script>alert(1)</script> team", "x & y")))
    assert "<script" not in made
    assert "x &amp; y" in made


def test_no_json_can_leave_its_script_element():
    figure = {"data": [{"type": "bar", "x": ["</script><script>alert(1)</script>"], "y": [1]}], "layout": {}}
    made = render.html(notebook(plain(data(application__vnd_plotly="x"), _plotly(figure))), SHEET)
    assert "</script><script>alert" not in made


def _plotly(figure):
    return new_output("display_data", data={"application/vnd.plotly.v1+json": figure, "text/plain": "Figure"})


def test_a_plotly_figure_is_live_and_dressed():
    figure = json.loads(go.Figure(go.Scatter(x=[1, 2, 3], y=[3.0, float("nan"), 5.0], name="mine")).to_json())
    made = render.html(notebook(plain(_plotly(figure))), SHEET)
    found = json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', made)[1])
    assert found["data"][0]["y"] == [3, None, 5]
    assert found["layout"]["template"]["layout"]["colorway"][0] == BRAND.primary
    assert "<svg" in main(made)


def test_a_table_in_place_of_a_picture_is_a_table_on_paper():
    pie = json.loads(go.Figure(go.Pie(labels=["x", "y"], values=[1, 2])).to_json())
    shown = Body(BRAND, "paper").cell(plain(_plotly(pie)))
    assert "<table" in shown
    assert "<img" not in shown


@pytest.mark.parametrize(("space", "element"), [("&#160;", "<img "), ("&nbsp;", "<svg ")])
def test_a_drawing_on_paper_is_an_image_unless_only_a_browser_can_read_it(space, element):
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg"><text>4{space}days</text></svg>'
    block = {"kind": "figure", "name": "own", "svg": drawn, "live": None, "alt": 'Four "days"', "caption": ""}
    shown = Body(BRAND, "paper").cell(plain(new_output("display_data", data={MIME: {"blocks": [block]}})))
    assert element in shown
    assert ('alt="Four &#34;days&#34;"' in shown) or ("<title>Four &#34;days&#34;</title>" in shown)


@pytest.mark.parametrize(
    "trace",
    [
        go.Scatter(x=["2026-01-01", "2026-02-01", "2026-03-01"], y=[1, None, 3], mode="lines+markers"),
        go.Scatter(y=[1, 2, 3]),
        go.Bar(x=["a", "b <c>"], y=[1, 2]),
        go.Bar(y=["a", "b"], x=[1, 2], orientation="h"),
        go.Histogram(x=[1.0, 2, 2, 3, 9]),
        go.Box(y=[1, 2, 3, 10], name="box"),
    ],
    ids=lambda t: t.type,
)
def test_usual_plotly_pictures_are_drawn_on_paper(trace):
    drawn = str(render.plotted.static(json.loads(go.Figure(trace).to_json()), BRAND))
    assert drawn.startswith("<svg")
    assert drawn == str(render.plotted.static(json.loads(go.Figure(trace).to_json()), BRAND))


def test_other_plotly_pictures_become_a_table_of_their_data():
    drawn = str(
        render.plotted.static(json.loads(go.Figure(go.Pie(labels=["<b>", "y"], values=[1, 2])).to_json()), BRAND)
    )
    assert drawn.startswith("<table")
    assert "labels &lt;b&gt;; values 1" in drawn


def test_pictures_carry_the_alternative_text_that_their_cell_gives():
    pixel = base64.b64encode(b"\x89PNG").decode()
    cell = new_code_cell(
        "# alt: Two bars, the left one taller\nplot()", outputs=[new_output("display_data", data={"image/png": pixel})]
    )
    assert 'alt="Two bars, the left one taller"' in body(cell)


def test_an_svg_of_an_analyst_is_an_image_in_which_nothing_runs():
    svg = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    made = body(plain(new_output("display_data", data={"image/svg+xml": svg})))
    assert "data:image/svg+xml;base64," in made
    assert "<script" not in made


def test_print_is_quiet_and_escaped():
    made = body(plain(new_output("stream", name="stdout", text="a < b\n")))
    assert '<pre class="rk-print">a &lt; b</pre>' in made


# ---- on paper ------------------------------------------------------------------------------------------------------------


def test_two_files_of_the_same_notebook_are_equal_in_another_process_too(paper, tmp_path):
    assert render.pdf(executive(), SHEET) == paper
    code = (
        "import hashlib; from tests.sample_report import *; from reportkit import render;"
        "print(hashlib.sha256(render.pdf(executive(), render.Sheet(**sheet_fields()))).hexdigest())"
    )
    import hashlib

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7", "PATH": "", "HOME": str(tmp_path)},
    )
    assert done.stdout.strip() == hashlib.sha256(paper).hexdigest()


def test_no_folder_of_fonts_is_left_behind_by_a_process_that_looks_for_no_garbage_as_it_ends(tmp_path):
    code = (
        "import gc, glob, tempfile; from tests.sample_report import *; from reportkit import render;"
        "render.pdf(executive(), render.Sheet(**sheet_fields())); gc.freeze();"
        "print(len(glob.glob(tempfile.gettempdir() + '/weasyprint-*')))"
    )
    environment = {"PATH": "", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "1\n"
    assert not list(tmp_path.glob("weasyprint-*"))


def test_the_pdf_is_tagged_and_says_so(opened):
    assert bool(opened.Root.MarkInfo.Marked)
    assert str(opened.Root.Lang) == "en"
    assert bool(opened.Root.ViewerPreferences.DisplayDocTitle)
    with opened.open_metadata() as meta:
        assert str(meta["pdfuaid:part"]) == "1"
        assert meta["dc:title"] == SHEET.title
    assert str(opened.docinfo["/Title"]) == SHEET.title


def test_every_figure_has_an_alternative_text_and_tables_have_heads(opened):
    found = elements(opened)
    figures = [e for e in found if str(e.S) == "/Figure"]
    assert len(figures) > 5
    assert all(str(e.get("/Alt", "")) for e in figures)
    kinds = {str(e.S) for e in found}
    assert {"/H1", "/H2", "/P", "/Table", "/TH", "/TD", "/L"} <= kinds
    assert sum(str(e.S) == "/H1" for e in found) == 1
    cells = [e for e in found if str(e.S) == "/TD"]
    assert all(len(e.A.Headers) for e in cells)


def test_bookmarks_lead_to_the_sections(opened):
    with opened.open_outline() as outline:
        titles = [item.title for root in outline.root for item in (root, *root.children)]
    assert "The needles we own together" in titles
    assert "How we know" in titles


def test_only_the_brands_fonts_and_all_embedded(opened):
    names = set()
    for page in opened.pages:
        for font in page.Resources.get("/Font", {}).values():
            descendant = font.get("/DescendantFonts", [font])[0]
            names.add(str(descendant.BaseFont))
            assert {"/FontFile2", "/FontFile3"} & set(descendant.FontDescriptor.keys())
    assert names
    assert all("Source-Sans-Pro" in n or "SourceSansPro" in n for n in names), names


def text_of(paper: bytes, tmp_path, *options: str) -> list[str]:
    path = tmp_path / "report.pdf"
    path.write_bytes(paper)
    done = subprocess.run(
        ["/usr/bin/pdftotext", "-layout", *options, str(path), "-"], capture_output=True, text=True, check=True
    )
    return done.stdout.split("\f")[:-1]


@pytest.fixture(scope="module")
def poppler():
    import shutil

    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")


@pytest.mark.usefixtures("poppler")
def test_the_running_foot_and_the_notice_stand_on_every_page(paper, tmp_path):
    pages = text_of(paper, tmp_path)
    for number, text in enumerate(pages, 1):
        assert SHEET.running in text
        assert SHEET.notice in text
        assert f"{number}/{len(pages)}" in text.replace(" ", "")


@pytest.mark.usefixtures("poppler")
def test_a_heading_is_never_the_last_of_its_page(paper, tmp_path):
    titles = {
        "The problem we agreed on",
        "Where the waiting went",
        "The needles we own together",
        "Who else had this problem",
        "How we know",
    }
    for text in text_of(paper, tmp_path):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        lines = lines[: next(i for i, line in enumerate(lines) if SHEET.running in line)]
        assert lines[-1] not in titles


@pytest.mark.parametrize(("size", "wide", "high"), [("A4", 595, 842), ("Letter", 612, 792)])
def test_paper_sizes(size, wide, high):
    made = render.pdf(
        notebook(shown(answer()), shown(before_after(*invent(next(iter(WORLDS.values()))), PROOF, BRAND))),
        replace(SHEET, page=size),
    )
    with pikepdf.open(io.BytesIO(made)) as pdf:
        box = [float(v) for v in pdf.pages[0].MediaBox]
        assert box[2:] == pytest.approx([wide, high], abs=1)
        assert len(pdf.pages) == 1


def test_running_texts_with_quotes_and_markup_are_set_as_they_are(tmp_path):
    odd = replace(SHEET, organisation='O"Neill \\ <Sons>', notice="A } notice; {odd}")
    made = render.pdf(notebook(shown(answer())), odd)
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert len(pdf.pages) == 1
    assert "O&#34;Neill" in render.html(notebook(shown(answer())), odd)


def test_paper_fetches_nothing_but_fonts(recwarn):
    made = render.pdf(notebook(new_markdown_cell("![x](https://example.org/x.png) ![y](file:///etc/passwd)")), SHEET)
    assert made.startswith(b"%PDF")


def test_a_few_lines_do_not_get_a_page_of_their_own():
    cells = [shown(answer()), *(shown(section(f"Section {i}", "word " * 90)) for i in range(6))]
    for more in range(1, 6):
        made = render.pdf(notebook(*cells, shown(section("Last", "word " * 20 * more))), SHEET)
        with pikepdf.open(io.BytesIO(made)) as pdf:
            assert len(pdf.pages) <= 2


# ---- the index -----------------------------------------------------------------------------------------------------------


def test_the_index_leads_to_every_report_and_asks_nothing_of_anyone():
    entries = [
        render.Entry("Executives", "A <finding>.", "executives.pdf", "executives.html", {"moved": 2, "got worse": 1}),
        render.Entry("Head of Engineering", "Another.", "head.pdf", "head.html", {}),
    ]
    table = render.Table(
        "Changes", "changes.csv", "8 185", "32 (0.4%)", "403", "1 Jul – 20 Sep 2026", "10 days short", ("Odd <b>.",)
    )
    made = render.index(entries, SHEET, render.Health((table,), ("1 table of facts.",)), {"moved": 2, "got worse": 1})
    links = {a["href"] for tag, a in tags(made) if tag == "a"}
    assert {"executives.pdf", "executives.html", "head.pdf", "head.html", "record.json"} <= links
    assert all(text in made for text in ("8 185", "32 (0.4%)", "10 days short", "Odd &lt;b&gt;.", "1 table of facts."))
    assert "A &lt;finding&gt;." in made
    assert "2 moved" in made
    assert "1 got worse" in made
    assert SHEET.notice in made
    assert "<script" not in made


def test_the_templates_travel_with_the_package():
    nbformat.validate(executive())
    for name in (
        "page.html.j2",
        "paper.html.j2",
        "contents.html.j2",
        "report.css",
        "screen.css",
        "paper.css",
        "live.js",
        "reportkit/conf.json",
    ):
        assert render.style.template(name)
    assert plotly_figure()
    assert needles_block().html
    assert heading("x").html


@pytest.mark.parametrize("file", [file for _, _, file in faces(Brand())])
def test_the_built_in_fonts_are_shipped_cut_down_as_they_would_be_now(file):
    fonts = (render.style.shipped(file).read_bytes(), render.style.cut(file))
    kept, made = (TTFont(io.BytesIO(font)) for font in fonts)
    assert kept.flavor == "woff"
    assert kept.getBestCmap() == made.getBestCmap()
    assert kept["hmtx"].metrics == made["hmtx"].metrics
    assert _told(kept, "glyf", "GPOS", "OS/2") == _told(made, "glyf", "GPOS", "OS/2")


def _told(font, *tables):
    text = io.StringIO()
    font.saveXML(text, tables=tables)
    return re.sub(r"<ttFont.*>", "", text.getvalue())


@pytest.mark.parametrize("file", [file for _, _, file in faces(Brand())])
def test_a_font_that_was_cut_does_not_bear_the_name_that_its_licence_reserves(file):
    names = TTFont(io.BytesIO(render.style.shipped(file).read_bytes()))["name"].names
    called = {entry.nameID: str(entry) for entry in names if entry.nameID in render.style.NAMED}
    assert called[1].startswith("Reportkit Sans")
    assert re.fullmatch(r"ReportkitSans-\w+", called[6])
    assert not any("Source" in name for name in called.values())
    assert any("SIL Open Font License" in str(entry) for entry in names if entry.nameID == 13)
    assert "Reserved Font Name" in (resources.files("reportkit.render") / "fonts" / "OFL.txt").read_text()


def test_a_font_of_a_brand_is_cut_once_for_each_user(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    own = tmp_path / "own.ttf"
    font = TTFont(faces(Brand())[0][2])
    font["name"].setName("Own", 1, 3, 1, 0x409)
    font.save(own)
    page = render.style.woff(own)
    (kept,) = (tmp_path / "reportkit" / "fonts").iterdir()
    assert base64.b64decode(page) == kept.read_bytes() == render.style.cut(own)
    assert kept.stat().st_size < own.stat().st_size / 5
