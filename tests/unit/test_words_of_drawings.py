"""The words of a drawing on paper: set as one, in their place, and letter by letter only where letters are placed."""

from __future__ import annotations

import io
import re
from typing import Any

import pikepdf
import pytest
from weasyprint import HTML, svg

import reportkit.render.paper  # noqa: F401  (which puts ours in)

SOURCE = "font-family='Source Sans Pro' font-size='20'"


def drawn(text: str) -> bytes:
    """What a page with the drawing says to be drawn."""
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg' width='400' height='100'>{text}</svg>"
    made = HTML(string=f"<style>@page{{size:400px 100px;margin:0}}</style>{drawing}").write_pdf(uncompressed_pdf=True)
    with pikepdf.open(io.BytesIO(made)) as file:
        found = [each.read_bytes() for each in file.objects if isinstance(each, pikepdf.Stream)]
    return b"".join(each for each in found if b" Tm" in each)


def pieces(text: str) -> int:
    return len(re.findall(rb"T[jJ]\b", drawn(text)))


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> Any:
    """WeasyPrint as it is without us, for one test."""
    (own,) = (cell.cell_contents for cell in svg.text.__closure__)
    monkeypatch.setattr(svg, "text", own)
    monkeypatch.setattr(svg, "TAGS", {tag: own if draw is svg.TAGS["text"] else draw for tag, draw in svg.TAGS.items()})
    return own


def test_a_text_is_set_as_one(request: pytest.FixtureRequest) -> None:
    assert pieces(f"<text x='9' y='50' {SOURCE}>proof teams</text>") == 1
    assert pieces(f"<text x='9' y='50' {SOURCE}>proof <tspan fill='red'>teams</tspan></text>") == 2
    request.getfixturevalue("usual")
    assert pieces(f"<text x='9' y='50' {SOURCE}>proof teams</text>") == len("proofteams")


@pytest.mark.parametrize(
    "how", ["x='9 29 49'", "x='9' dy='1,2,3'", "x='9' rotate='9'", "x='9' letter-spacing='2'", "textLength='99'"]
)
def test_letters_that_have_places_keep_them(how: str, request: pytest.FixtureRequest) -> None:
    text = f"<text y='50' {how} {SOURCE}>abc</text>"
    ours = drawn(text)
    assert len(re.findall(rb"T[jJ]\b", ours)) == 3
    request.getfixturevalue("usual")
    assert drawn(text) == ours


@pytest.mark.parametrize("separator", ["&#8232;", "&#8233;"])
def test_a_text_of_several_lines_is_drawn_to_its_end(separator: str) -> None:
    assert pieces(f"<text x='9' y='50' {SOURCE}>one{separator}two</text>") == len("onetwo")


@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
def test_a_text_stands_where_it_stood(anchor: str, request: pytest.FixtureRequest) -> None:
    """But for kerning, which moves a letter by less than a hundredth of the text."""
    text = f"<text x='200' y='50' text-anchor='{anchor}' {SOURCE}>12 Sep</text>"

    def place() -> tuple[float, ...]:
        """Where the first letter is put, by the matrices before it."""
        said = drawn(text)
        moved = sum(float(e) for e in re.findall(rb"1 0 0 1 (-?[\d.]+) -?[\d.]+ cm", said))
        return moved + float(re.findall(rb"(-?[\d.]+) -?[\d.]+ Tm", said)[0]), float(
            re.findall(rb"(-?[\d.]+) Tm", said)[0]
        )

    ours = place()
    request.getfixturevalue("usual")
    assert place() == pytest.approx(ours, abs=0.6)
