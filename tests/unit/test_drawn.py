"""Drawings for paper: fewer elements, the same picture."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from reportkit import render
from reportkit.render.drawn import simpler
from reportkit.render.outputs import Body
from tests.sample_report import executive, sheet_fields

SHEET = render.Sheet(**sheet_fields())
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 99 99">'
MARK = '<defs><path id="m" d="M 0 1.5 \nL 2 -1 \nz"{}/></defs><g>{}</g>'
USE = '<use xlink:href="#m" x="{}" y="{}" style="{}"/>'


def tags(drawn: str | None) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)", drawn or "")


def marks(style: str, own: str = "") -> str:
    two = USE.format(10, 20, style) + USE.format(30.25, 40, style)
    return f"{HEAD}{MARK.format(own, two)}</svg>"


def test_groups_that_group_nothing_give_way_to_what_is_in_them() -> None:
    made = simpler(f'{HEAD}<g id="axes"><g id="line"><path d="M0 0 9 9"/></g><g id="empty"/></g></svg>')
    assert tags(made) == ["svg", "path"]


@pytest.mark.parametrize(
    "group", ['<g transform="scale(2)">', '<g clip-path="url(#c)">', '<g style="opacity:.5">', '<g id="c">']
)
def test_groups_that_say_something_stay(group: str) -> None:
    made = simpler(f'{HEAD}{group}<path d="M0 0 9 9" clip-path="url(#c)"/></g></svg>')
    assert tags(made) == ["svg", "g", "path"]


def test_equal_marks_are_one_path() -> None:
    made = simpler(marks("fill: #98a2ae"))
    assert tags(made) == ["svg", "defs", "path", "path"]
    assert 'd="M 10.0 21.5  L 12.0 19.0  z M 30.25 41.5  L 32.25 39.0  z"' in (made or "")


@pytest.mark.parametrize(
    ("style", "own"),
    [("fill: red; opacity: 0.5", ""), ("fill-opacity: 0.5", ""), ("fill: url(#g)", ""), ("fill: red; stroke: blue", ""),
     ("fill: red", ' style="stroke: blue"'), ("fill: red", ' transform="scale(2)"')],
)  # fmt: skip
def test_marks_that_show_where_they_overlap_stay_apart(style: str, own: str) -> None:
    assert tags(simpler(marks(style, own))).count("use") == 2


def test_marks_that_differ_stay_apart_and_so_do_those_drawn_by_curves_from_where_they_are() -> None:
    different = USE.format(1, 1, "fill: red") + USE.format(2, 2, "fill: blue")
    assert tags(simpler(f"{HEAD}{MARK.format('', different)}</svg>")).count("use") == 2
    relative = marks("fill: red").replace("L 2 -1", "l 2 -1")
    assert tags(simpler(relative)).count("use") == 2


def test_a_turn_by_nothing_is_left_out_and_any_other_stays() -> None:
    made = simpler(f'{HEAD}<text transform="rotate(-0 1 2)">a</text><text transform="rotate(-90 1 2)">b</text></svg>')
    assert (made or "").count("transform") == 1
    assert "rotate(-90 1 2)" in (made or "")


def attributes(drawn: str | None, tag: str) -> dict[str, str]:
    found = ET.fromstring(drawn or "").find(f".//{{http://www.w3.org/2000/svg}}{tag}")
    assert found is not None
    return dict(found.attrib)


def test_styles_are_attributes_as_far_as_no_style_sheet_is_between() -> None:
    styled = (
        "fill: none; stroke:#0a5c62; stroke-dasharray: 0.96,1.92; font-family: 'Source Sans Pro'; clip-path: url(#c)"
    )
    alike = "<style>*{stroke-linejoin: round; stroke-linecap: butt}</style>"
    path = f'<path d="M0 0 9 9" stroke="red" stroke-linejoin="bevel" style="{styled}; stroke-linecap: square"/>'
    made = simpler(f"{HEAD}<defs>{alike}</defs>{path}</svg>")
    assert " style=" not in (made or "")
    assert attributes(made, "path") == {
        "d": "M0 0 9 9", "fill": "none", "stroke": "#0a5c62", "stroke-dasharray": "0.96,1.92", "clip-path": "url(#c)",
        "font-family": "'Source Sans Pro'", "stroke-linejoin": "round", "stroke-linecap": "square",
    }  # fmt: skip
    plain = simpler(f'{HEAD}<style type="text/plain">*{{fill: red}}</style><path d="M0 0"/></svg>')
    assert attributes(plain, "path") == {"d": "M0 0"}
    kept = simpler(f"{HEAD}<style>.a{{stroke: red}}</style>{path}</svg>")
    assert "stroke-dasharray: 0.96,1.92" in attributes(kept, "path")["style"]
    assert tags(kept) == ["svg", "style", "path"]


def test_a_long_style_is_looked_at_once() -> None:
    style = "fill:" + " " * 50_000 + "(;" + "font-family: " + "a b " * 50_000 + "("
    begun = time.perf_counter()
    assert attributes(simpler(f'{HEAD}<path d="M0 0" style="{style}"/></svg>'), "path")["style"] == style
    assert time.perf_counter() - begun < 5  # hours, where each blank might belong to what is before or after it


@pytest.mark.parametrize(
    "style",
    [
        "fill: red !important",
        "fill: var(--a)",
        "font: 9px 'A;B'",
        "fill: rgb(1, 2, 3)",
        "fill",
        "-inkscape-stroke: none",
    ],
)
def test_styles_that_only_a_parser_reads_stay(style: str) -> None:
    assert attributes(simpler(f'{HEAD}<path d="M0 0" style="{style}"/></svg>'), "path")["style"] == style


def test_what_is_no_svg_by_itself_is_none() -> None:
    assert simpler("<table><tr><td>1</table>") is None
    assert simpler("<p>1</p>") is None


def seen(made: bytes, folder: Path) -> list[bytes]:
    """Each page as the eye sees it: grey pixels."""
    folder.mkdir()
    (folder / "made.pdf").write_bytes(made)
    subprocess.run(["pdftoppm", "-gray", "-r", "60", folder / "made.pdf", folder / "page"], check=True)
    return [page.read_bytes() for page in sorted(folder.glob("page*"))]


@pytest.mark.skipif(not shutil.which("pdftoppm"), reason="pdftoppm (poppler-utils) is not installed")
def test_on_paper_it_looks_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = seen(render.pdf(executive(), SHEET), tmp_path / "ours")
    monkeypatch.setattr("reportkit.render.outputs.simpler", lambda drawn: drawn if drawn.startswith("<svg") else None)
    assert seen(render.pdf(executive(), SHEET), tmp_path / "usual") == ours


def test_attributes_for_browsers_alone_are_not_on_paper() -> None:
    table = (
        '<table role="table"><tr role="row"><th scope="row" role="rowheader">a<td role="cell" data-label="b">c</table>'
    )
    body = Body(SHEET.brand, "paper")
    shown = body._block({"kind": "needles", "html": table})
    assert "role=" not in shown
    assert "data-label" not in shown
    assert 'scope="row"' in shown
    assert 'role="row"' in Body(SHEET.brand, "screen")._block({"kind": "needles", "html": table})


def test_what_nbconvert_is_given_has_no_outputs() -> None:
    from reportkit.render.page import _bare

    bare = _bare(executive())
    assert len(bare.cells) == len(executive().cells)
    assert not any(cell.outputs or cell.source for cell in bare.cells)
