"""Texts measured once a document: the same pages as WeasyPrint's own, and no trouble with one that measures otherwise."""

from __future__ import annotations

import io
import re
import shutil
import zlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pikepdf
import pydyf
import pytest
import weasyprint.pdf.fonts
from weasyprint import HTML
from weasyprint.css import get_all_computed_styles
from weasyprint.css.properties import INITIAL_VALUES
from weasyprint.layout import inline, preferred
from weasyprint.text import line_break

from reportkit import render
from reportkit.figures.theme import faces
from reportkit.render import measuring, paper, style, writing
from tests.sample_report import executive, sheet_fields

SHEET = render.Sheet(**sheet_fields())
USERS = (line_break, inline, preferred)
TABLE = (
    "<table><tr><td>several words in a cell<td>−68%</tr><tr><td>several words in a cell<td>−68%</table><p>"
    + 80 * "word "
)
UNDERLINED = "<p style='text-decoration:underline'>several words, <u>and some more of them</u></p>"


class Style(dict[str, Any]):
    """A style as WeasyPrint's own are: with the fonts of its document."""


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> Any:
    """WeasyPrint as it is without us, for one test."""
    own = line_break.split_first_line.__closure__[0].cell_contents
    for module in USERS:
        monkeypatch.setattr(module, "split_first_line", own)
    return own


def written(text: str) -> bytes:
    made: bytes = HTML(string=f"<html lang=en><title>t</title>{text}").write_pdf(
        pdf_variant="pdf/ua-1", pdf_identifier=b"1"
    )
    return made


@pytest.mark.parametrize("text", [TABLE, UNDERLINED])
def test_pages_are_those_of_weasyprint_alone(text: str, request: pytest.FixtureRequest) -> None:
    ours = written(text)
    request.getfixturevalue("usual")
    assert written(text) == ours


def test_a_whole_report_is_that_of_weasyprint_alone(request: pytest.FixtureRequest) -> None:
    ours = render.pdf(executive(), SHEET)
    request.getfixturevalue("usual")
    assert render.pdf(executive(), SHEET) == ours


def test_a_text_is_measured_once_in_each_style_and_width_that_it_breaks_at() -> None:
    asked: list[tuple[str, float | None]] = []

    def split(text: str, style: Any, context: Any, max_width: float | None, *_: Any, **__: Any) -> Any:
        asked.append((text, max_width))
        resume = None if max_width is None or max_width >= 10 else 1
        return SimpleNamespace(max_width=max_width), resume or len(text.encode()), resume, 10.0, 12.0, 9.0

    once = measuring.once(split)
    style, fonts = Style(INITIAL_VALUES, lang=None), SimpleNamespace()
    style.font_config = fonts  # type: ignore[attr-defined]
    broad, fitting = once("−68%", style, None, 100.0, 0, is_line_start=True), once("−68%", style, None, 50.0, 0)
    assert broad[1:] == fitting[1:] == once("−68%", style, None, None, 0, minimum=True)[1:]
    assert (broad[0].max_width, fitting[0].max_width) == (100.0, 50.0)
    assert asked == [("−68%", 100.0)]
    assert [once("−68%", style, None, width, 0)[2] for width in (9.0, 9.0, 8.0)] == [1, 1, 1]
    assert [width for _, width in asked] == [100.0, 9.0, 8.0]
    once("−68%", style, None, 10.0, 0)  # so tight that Pango has to say
    assert [width for _, width in asked] == [100.0, 9.0, 8.0, 10.0]
    style["white_space"] = "nowrap"
    assert [once("−68%", style, None, width, 0)[0].max_width for width in (100.0, 5.0, None)] == [100.0, 5.0, None]
    assert len(asked) == 5
    style["font_size"] = 20
    once("−68%", style, None, None, 0)
    assert len(asked) == 6
    style |= {"white_space": "normal", "letter_spacing": -1.0}  # which WeasyPrint takes off, and Pango does not
    assert [once("−68%", style, None, width, 0)[2] for width in (None, 30.0, 20.0)] == [None, None, None]
    assert len(asked) == 9


def test_whether_a_line_may_end_after_a_letter_is_asked_once() -> None:
    assert preferred.can_break_text is inline.can_break_text is line_break.can_break_text
    written(TABLE)
    asked = preferred.can_break_text.cache_info().misses
    written(TABLE)
    assert preferred.can_break_text.cache_info().misses == asked > 0
    assert preferred.can_break_text("-a", "en")
    assert not preferred.can_break_text("aa", "en")


def test_a_weasyprint_that_measures_otherwise_is_left_alone(usual: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(preferred, "split_first_line")
    measuring.install()
    assert line_break.split_first_line is inline.split_first_line is usual


def test_nothing_on_paper_but_the_strip_is_a_flexible_box() -> None:
    """WeasyPrint lays those out several times over."""
    from reportkit.render.outputs import Body
    from reportkit.render.page import content

    body = Body(SHEET.brand, "paper")
    page = f"<header class=rk-mast><p class=rk-from>a<p class=rk-for>b</header>{content(executive(), body, SHEET)}"
    document = paper._Setting(page, SHEET, body.drawings).at(1.0)
    boxes = [box for sheet in document.pages for box in sheet._page_box.descendants()]
    assert "TableCellBox" in {type(box).__name__ for box in boxes}
    flexible = [box for box in boxes if "Flex" in type(box).__name__ or "Grid" in type(box).__name__]
    assert {box.element.get("class").split()[0] for box in flexible} == {"rk-cells"}


def test_no_line_of_a_page_is_beside_the_float_in_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them would be measured once more, to see whether it has room there."""
    beside: list[str] = []
    usual = inline.avoid_collisions

    def avoided(context: Any, box: Any, *around: Any, **how: Any) -> Any:
        beside.extend([box.element_tag] * len(context.excluded_shapes))
        return usual(context, box, *around, **how)

    monkeypatch.setattr(inline, "avoid_collisions", avoided)
    page = "<header class=rk-mast><p class=rk-from>a<p class=rk-for>b</header><h1>several words</h1><p>more of them</p>"
    paper._Setting(page, SHEET, {}).at(1.0)
    assert set(beside) == {"p"}
    assert len(beside) == 2  # the line at the other side of the head, before and after it is set


def test_a_cell_of_the_strip_is_as_high_as_what_it_says() -> None:
    """WeasyPrint took one whose value it had broken by mistake for higher."""
    cell = "<li><p class=rk-cell-label>Wait<p class=rk-cell-value>0.22 days<p class=rk-cell-note>0.2</li>"
    document = paper._Setting(f"<section><ul class=rk-cells>{4 * cell}</ul></section>", SHEET, {}).at(1.0)
    cells = [box for box in document.pages[0]._page_box.descendants() if box.element_tag == "li"]
    assert cells
    assert {round(box.height - sum(said.height for said in box.children), 6) for box in cells} == {0.0}


def test_no_styles_are_computed_for_notes_that_no_report_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def kinds() -> set[str]:
        styles = get_all_computed_styles(paper._Html(string="<ul><li>one</ul><p>two"))
        return {kind for _, kind in styles.get_computed_styles() if kind}

    assert kinds() == {"marker"}
    monkeypatch.setattr(paper, "RULES", "")  # of a WeasyPrint that keeps them elsewhere
    assert kinds() > {"marker"}


def test_of_the_boxes_in_the_margins_only_those_that_our_pages_have_get_a_style() -> None:
    kept = {box for _, kinds, _ in paper._plain_rules().page_rules for _, box, _ in kinds if box}
    ours = set(
        re.findall(r"@(?:top|right|bottom|left)-\w+(?:-corner)?", style.paper(SHEET.brand) + paper._page(SHEET, 1))
    )
    assert ours == {box for box in kept if "note" not in box}


def streams(made: bytes) -> list[bytes]:
    with pikepdf.open(io.BytesIO(made)) as file:
        found = [each for each in file.objects if isinstance(each, pikepdf.Stream)]
        return [each.read_bytes() for each in found if each.get("/Type") != "/XRef"]  # where in the file they lie


def test_what_a_pdf_is_made_of_becomes_bytes_once_and_not_by_the_hardest_way(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[int] = []
    usual = zlib.compressobj
    monkeypatch.setattr(zlib, "compressobj", lambda *how, **level: packed.append(0) or usual(*how, **level))  # type: ignore[func-returns-value]
    made = render.pdf(executive(), SHEET)
    once = len(packed)
    monkeypatch.setattr(writing, "once", None)
    monkeypatch.setattr(pydyf, "zlib", zlib)
    theirs = render.pdf(executive(), SHEET)
    assert 3 < once < len(packed) - once
    assert streams(made) == streams(theirs)
    assert len(theirs) < len(made) < len(theirs) * 1.03


def test_an_array_of_glyphs_is_known_whatever_its_length() -> None:
    known = weasyprint.pdf.fonts.ffi
    assert isinstance(known, writing._Arrays)
    render.pdf(executive(), SHEET)
    assert not [kind for kind in known._ffi._parsed_types if re.fullmatch(r"hb_codepoint_t\[\d+\]", kind)]
    filled, empty = known.new("hb_codepoint_t[3]", [7, 8, 9]), known.new("hb_codepoint_t[3]")
    assert list(filled) == [7, 8, 9]
    assert list(empty) == [0, 0, 0]
    writing.install()
    assert weasyprint.pdf.fonts.ffi is known


def test_reports_hand_on_what_they_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    usual, found = line_break.create_layout, paper.faces
    monkeypatch.setattr(line_break, "create_layout", lambda text, *how: made.append(text) or usual(text, *how))  # type: ignore[func-returns-value]

    def pdf(kept: Path | None = None) -> bytes:
        paper._dress.cache_clear()  # as in another process
        return render.pdf(executive(), SHEET, kept=kept)

    alone = pdf()
    measured = len(made)
    assert pdf(tmp_path) == alone
    (kept,) = tmp_path.iterdir()
    before = kept.stat().st_mtime_ns
    made.clear()
    assert pdf(tmp_path) == alone
    assert len(made) < measured / 4
    assert kept.stat().st_mtime_ns == before  # nothing new
    made.clear()
    assert render.pdf(executive(), SHEET) == alone
    assert len(made) < measured / 4  # of the same process
    monkeypatch.setattr(paper, "faces", lambda brand: [*found(brand), *found(brand)])
    pdf(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2  # of other fonts


def test_what_cannot_be_written_is_measured_again(tmp_path: Path) -> None:
    fonts = SimpleNamespace(measured={("a style",): {("a text",): lambda: None}})
    measuring.keep(fonts, tmp_path / "texts", 0)
    assert not list(tmp_path.iterdir())
    assert measuring.recall(SimpleNamespace(), tmp_path / "texts") == 0


def test_drawings_stay_out_of_the_markup_of_the_page_each_once() -> None:
    from reportkit.render.outputs import Body

    body = Body(SHEET.brand, "paper")
    drawn = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0 9 9"/></svg>'
    shown = [body._printed(text, "a line") for text in (drawn, drawn, drawn.replace("9 9", "8 8"))]
    assert shown[0] == shown[1] != shown[2]
    assert all(text not in str(shown) for text in ("<svg", "base64"))
    assert len(body.drawings) == 2


def test_a_report_is_the_same_after_others_of_other_brands_in_the_same_process() -> None:
    other = replace(SHEET, brand=replace(SHEET.brand, primary="#aa2200", muted="#224466"), page="Letter", language="de")
    alone = []
    for sheet in (SHEET, other):
        paper._dress.cache_clear()
        alone.append((render.pdf(executive(), sheet), render.html(executive(), sheet)))
    again = [
        (render.pdf(executive(), sheet), render.html(executive(), sheet)) for sheet in (other, SHEET, SHEET, other)
    ]
    assert again == [alone[1], alone[0], alone[0], alone[1]]
    assert alone[0] != alone[1]


def test_fonts_that_were_replaced_are_read_again(tmp_path: Path) -> None:
    files = [file for _, _, file in faces(SHEET.brand)]
    own = tmp_path / files[0].name
    shutil.copy(files[0], own)
    sheet = replace(SHEET, brand=replace(SHEET.brand, family="Own", fonts=((400, "normal", own),)))
    before = render.pdf(executive(), sheet)
    shutil.copy(files[-1], tmp_path / "other.ttf")
    (tmp_path / "other.ttf").replace(own)
    assert render.pdf(executive(), sheet) != before


def test_texts_are_forgotten_where_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    made = render.pdf(executive(), SHEET)
    assert paper._dress.cache_info().currsize == 1
    monkeypatch.setattr(paper, "MANY", 10)
    assert render.pdf(executive(), SHEET) == made
    assert paper._dress.cache_info().currsize == 0
