"""Lengths and styles worked out once: the same pages as WeasyPrint's own, with less asked of it."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from weasyprint import HTML, css
from weasyprint.layout import block, percent

from reportkit import render
from reportkit.render import computing
from tests.sample_report import executive, sheet_fields

SHEET = render.Sheet(**sheet_fields())
LONG = 60 * "word "
PAGES = {
    "collapsed": "<style>td{border:2px solid red;padding:1em 2%}td:first-child{border:9px solid}</style>"
    "<table style='border-collapse:collapse'><tr><td>a<td>b<tr><td>c<td style='width:30%'>d</table>",
    "separate": f"<table style='border-spacing:3px;width:70%'><tr><td style='padding:5%'>a<td>b {LONG}</table>",
    "of their type": "<style>p{margin-left:calc(1em + 5%);width:calc(50% - 2em)}.b{font-size:3em}</style><p>a</p><p class=b>b</p>",
    "sizing": "<div style='box-sizing:border-box;width:50%;padding:1em;height:4em;border:5px solid'>a</div>"
    "<div style='width:50%;padding:1em;height:4em;border:5px solid'>a</div><div style='box-sizing:padding-box;padding:9px'>a",
    "heights": "<div style='height:200px'><div style='height:50%;min-height:10%;max-height:40%'>a</div></div><div><p style='height:50%'>a",
    "floats": f"<p style='float:left;width:20%;margin:1em'>a</p><p>{LONG}</p><p style='float:right;clear:both'>{LONG}</p>{LONG}",
    "flexible": f"<div style='display:flex'><p style='flex:1 1 0'>{LONG}</p><p style='width:30%'>b</p></div>",
    "grid": f"<div style='display:grid;grid-template-columns:1fr 2fr'><p>{LONG}</p><p style='margin:10%'>b</p></div>",
    "logical": "<style>p{margin-inline-start:9px;padding-block-end:8px}.r{direction:rtl;border-inline-end:3px solid}</style><p>a</p><p class=r>b",
    "first": "<style>p::first-line{font-weight:600;letter-spacing:3px}p::first-letter{font-size:3em}</style>"
    f"<p>{LONG}",
    "placed": "<div style='position:relative;left:3px'><p style='position:absolute;left:20%;top:9px;width:50%'>a</p></div>",
    "inherited": "<style>div{border:3px solid;margin:5%;padding:inherit;color:initial}p{all:initial}q{margin:inherit}</style><div>a<p>b</p><q>c",
    "variables": "<style>html{--a:12px}p{margin-left:var(--a);padding:var(--none,3px)}</style><p>a",
    "paged": "<style>@page{margin:10%;@bottom-right{content:counter(page);width:30%}}</style>" + 40 * f"<p>{LONG}</p>",
}


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """WeasyPrint as it is without us, for one test."""
    ours = block.resolve_percentages
    own = dict(zip(ours.__code__.co_freevars, ours.__closure__, strict=True))["resolve"].cell_contents
    for name, module in list(sys.modules.items()):
        if name.startswith("weasyprint.layout") and getattr(module, "resolve_percentages", None) is ours:
            monkeypatch.setattr(module, "resolve_percentages", own)
    missing = css.ComputedStyle.__missing__
    own = dict(zip(missing.__code__.co_freevars, missing.__closure__, strict=True))["missing"].cell_contents
    monkeypatch.setattr(css.ComputedStyle, "__missing__", own)


def written(text: str) -> bytes:
    made: bytes = HTML(string=f"<html lang=en><title>t</title>{text}").write_pdf(
        pdf_variant="pdf/ua-1", pdf_identifier=b"1"
    )
    return made


@pytest.mark.parametrize("kind", PAGES)
def test_pages_are_those_of_weasyprint_alone(kind: str, request: pytest.FixtureRequest) -> None:
    ours = [written(page) for page in (PAGES[kind], *PAGES.values(), PAGES[kind])]
    request.getfixturevalue("usual")
    assert [written(PAGES[kind])] * 2 == [ours[0], ours[-1]]  # nor does it matter what came between


def test_a_whole_report_is_that_of_weasyprint_alone(request: pytest.FixtureRequest) -> None:
    ours = render.pdf(executive(), SHEET)
    request.getfixturevalue("usual")
    assert render.pdf(executive(), SHEET) == ours


def test_lengths_are_resolved_once_for_equal_boxes_in_the_same_space(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    once = computing.once(lambda box, space: (asked.append(box), percent_of_weasyprint(box, space))[1])
    boxes: list[Any] = []
    ours = block.resolve_percentages

    def seen(box: Any, containing_block: Any) -> None:
        boxes.append(box)
        once(box, containing_block)

    percent_of_weasyprint = dict(zip(ours.__code__.co_freevars, ours.__closure__, strict=True))["resolve"].cell_contents
    for name, module in list(sys.modules.items()):
        if name.startswith("weasyprint.layout") and getattr(module, "resolve_percentages", None) is ours:
            monkeypatch.setattr(module, "resolve_percentages", seen)
    render.pdf(executive(), SHEET)
    assert len(asked) < len(boxes) / 2


def test_what_hangs_on_the_size_of_type_is_not_kept() -> None:
    known: list[dict[Any, Any]] = [
        cell.cell_contents for cell in block.resolve_percentages.__closure__ if isinstance(cell.cell_contents, dict)
    ]
    before = len(known[0])
    written("<p style='margin-left:calc(1em + 7%);width:13.7%'>a")
    kept = [said for said in list(known[0])[before:] if any(map(css.check_math, said))]
    assert not kept


def test_a_weasyprint_that_works_otherwise_is_left_alone(usual: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(percent, "resolve_percentages")
    monkeypatch.delattr(css.properties, "INITIAL_NOT_COMPUTED")
    theirs = (block.resolve_percentages, css.ComputedStyle.__missing__)
    computing.install()
    assert (block.resolve_percentages, css.ComputedStyle.__missing__) == theirs
