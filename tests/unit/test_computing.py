"""Lengths and styles worked out once: the same pages as WeasyPrint's own, with less asked of it."""

from __future__ import annotations

import sys
from typing import Any

import pydyf
import pytest
from weasyprint import HTML, css, svg
from weasyprint.layout import block
from weasyprint.text import line_break

import reportkit.render.paper  # noqa: F401  (which puts ours in)
from reportkit import render
from reportkit.render import computing, measuring, writing
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
    "right to left": f"<div dir=rtl><p>{LONG}</p><p style='float:left;width:20%'>a</p>{LONG}</div>",
    "inherited": "<style>div{border:3px solid;margin:5%;padding:inherit;color:initial}p{all:initial}q{margin:inherit}</style><div>a<p>b</p><q>c",
    "variables": "<style>html{--a:12px}p{margin-left:var(--a);padding:var(--none,3px)}</style><p>a",
    "said of some": "<style>b{opacity:.5;z-index:3}p{all:unset;margin-block:9px 7px;inset-inline-start:4px;position:relative}</style>"
    "<p>a<b style='opacity:initial'>b</b><b style='opacity:inherit'>c</b><b style='opacity:unset;width:revert'>d</b>",
    "marked": "<style>li::before{content:'x';margin-left:3px}li::marker{color:red}p::after{content:counter(c);counter-increment:c;display:block}</style>"
    "<ul><li>a<li>b</ul><p>c",
    "paged": "<style>@page{margin:10%;@bottom-right{content:counter(page);width:30%}}</style>" + 40 * f"<p>{LONG}</p>",
}


def within(ours: Any, name: str) -> Any:
    """What one of our functions has kept under this name, as the function of WeasyPrint that it asks."""
    return dict(zip(ours.__code__.co_freevars, ours.__closure__, strict=True))[name].cell_contents


def instead(monkeypatch: pytest.MonkeyPatch, name: str, ours: Any, other: Any) -> None:
    """Another function wherever WeasyPrint's layout calls ours."""
    for where, module in list(sys.modules.items()):
        if where.startswith("weasyprint.layout") and getattr(module, name, None) is ours:
            monkeypatch.setattr(module, name, other)


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """WeasyPrint as it is without us, for one test."""
    resolve, avoid, missing = block.resolve_percentages, block.avoid_collisions, css.ComputedStyle.__missing__
    instead(monkeypatch, "resolve_percentages", resolve, within(resolve, "resolve"))
    instead(monkeypatch, "avoid_collisions", avoid, within(avoid, "avoid"))
    monkeypatch.setattr(css.ComputedStyle, "__missing__", within(missing, "missing"))
    monkeypatch.setattr(css.ComputedStyle, "__init__", within(css.ComputedStyle.__init__, "begin"))


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
    ours = block.resolve_percentages
    resolve = within(ours, "resolve")
    asked: list[Any] = []
    boxes: list[Any] = []
    once = computing.once(lambda box, space: (asked.append(box), resolve(box, space))[1])  # type: ignore[func-returns-value]

    def seen(box: Any, containing_block: Any) -> None:
        boxes.append(box)
        once(box, containing_block)

    instead(monkeypatch, "resolve_percentages", ours, seen)
    render.pdf(executive(), SHEET)
    assert len(asked) < len(boxes) / 2


def test_lines_with_no_float_beside_them_are_where_their_block_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = block.avoid_collisions
    asked: list[Any] = []
    avoid = within(ours, "avoid")
    beside = computing.beside(lambda *how: (asked.append(how[1]), avoid(*how))[1])  # type: ignore[func-returns-value]
    instead(monkeypatch, "avoid_collisions", ours, beside)
    written(f"<p>{LONG}")
    assert not asked
    written(PAGES["floats"])
    assert len(asked) > 3


def test_what_no_rule_says_anything_of_is_not_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    missing = within(css.ComputedStyle.__missing__, "missing")
    plain = within(css.ComputedStyle.__missing__, "plain")

    def seen(style: Any, key: str) -> Any:
        if style.parent_style is not None and not style.pseudo_type:  # not of the page and its margins
            asked.append(key)
        return missing(style, key)

    monkeypatch.setattr(css.ComputedStyle, "__missing__", computing.as_parent(seen, plain))
    written("<p style='margin-inline-start:9px;color:red'><b>a</b><i>b</i>")
    assert {"margin_left", "color"} <= set(asked)
    assert not {"padding_bottom", "opacity", "hyphens", "z_index"} & set(asked)


def test_what_hangs_on_the_size_of_type_is_not_kept() -> None:
    known = within(block.resolve_percentages, "known")
    before = len(known)
    written("<p style='margin-left:calc(1em + 7%);width:13.7%'>a")
    kept = [said for said in list(known)[before:] if any(map(css.check_math, said))]
    assert not kept


def known() -> tuple[Any, ...]:
    style = css.ComputedStyle
    return block.resolve_percentages, block.avoid_collisions, style.__missing__, style.__init__


@pytest.mark.parametrize(("home", "name"), [(home, name) for home, names in computing.KNOWN for name in names])
def test_a_weasyprint_that_works_otherwise_is_left_alone(
    usual: None, home: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = known()
    with monkeypatch.context() as other:
        other.delattr(home, name)
        computing.install()
    assert known() == theirs


def test_a_weasyprint_whose_styles_begin_otherwise_is_left_alone(usual: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(css.ComputedStyle, "__init__", lambda self, *how: None)
    theirs = known()
    computing.install()
    assert known() == theirs


def test_it_is_put_in_once() -> None:
    ours = known(), svg.text, line_break.can_break_text, line_break.split_first_line, pydyf.zlib
    for module in (computing, measuring, writing):
        module.install()
    assert ours == (known(), svg.text, line_break.can_break_text, line_break.split_first_line, pydyf.zlib)


def test_boxes_are_forgotten_where_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    known = within(block.resolve_percentages, "known")
    known.clear()
    monkeypatch.setattr(computing, "MANY", 3)
    ours = render.pdf(executive(), SHEET)
    assert 0 < len(known) <= 4
    monkeypatch.undo()
    assert render.pdf(executive(), SHEET) == ours
