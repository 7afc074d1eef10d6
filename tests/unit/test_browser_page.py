"""The report in a real browser: drawn, quiet, within its width, readable with scripts off."""

from __future__ import annotations

import pytest

from reportkit import render
from tests.browser import CHROMIUM, FLAGS
from tests.sample_report import executive, sheet_fields

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render.html(executive(), render.Sheet(**sheet_fields())), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser, address):
    """A function that opens the report: visit(width=360, color_scheme="dark", java_script_enabled=False)."""
    complaints, contexts = [], []

    def go(width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((address, "data:", "blob:")) else complaints.append(request.url[:100])
            ),
        )
        page.goto(address)
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html[data-charts=drawn]", state="attached", timeout=30_000)
        return page

    yield go
    for context in contexts:
        context.close()
    assert not complaints


def test_live_pictures_are_drawn_in_place_of_the_static_ones(visit):
    page = visit()
    assert page.locator(".rk-live .main-svg").first.is_visible()
    assert page.locator(".rk-chart.rk-on").count() == page.locator("[data-live]").count() == 3
    assert page.locator(".rk-static").first.is_hidden()


def test_hover_gives_value_n_and_week(visit):
    page = visit()
    box = page.locator("#rk-before-after-paved_road-lead_time_for_changes .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.6)
    page.wait_for_selector(".hoverlayer text", state="attached")
    said = " ".join(page.locator(".hoverlayer text").all_text_contents())
    assert "week of" in said
    assert "days (31 changes)" in said


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_sideways_scroll(visit, width):
    page = visit(width)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width


def test_no_text_of_the_page_is_cut_off_on_a_phone(visit):
    page = visit(360)
    wide = page.evaluate(
        """[...document.querySelectorAll('h1,h2,h3,p,li,td,th,dd,dt,figcaption')].filter(e => {
            const box = e.getBoundingClientRect();
            return box.width > 1 && !e.closest('.rk-scroll, thead') && (box.right > 361 || box.left < -1);
        }).map(e => e.textContent.slice(0, 60))"""
    )
    assert wide == []


def test_without_scripts_the_static_pictures_are_there(visit):
    page = visit(java_script_enabled=False)
    pictures = page.locator(".rk-static svg")
    assert pictures.count() == 3
    assert all(picture.is_visible() for picture in pictures.all())
    assert page.locator(".rk-static svg text", has_text="proof teams").first.is_visible()


def test_dark_pages_are_dark_and_their_pictures_too(visit):
    page = visit(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 25, 31)"
    line = page.locator("#rk-before-after-paved_road-lead_time_for_changes .scatterlayer .js-line").last
    light = (
        visit(color_scheme="light")
        .locator("#rk-before-after-paved_road-lead_time_for_changes .scatterlayer .js-line")
        .last
    )
    assert line.evaluate("e => getComputedStyle(e).stroke") != light.evaluate("e => getComputedStyle(e).stroke")


def test_the_fonts_are_the_brands(visit):
    assert visit().evaluate("document.fonts.check('600 16px \"Source Sans Pro\"') && document.fonts.size === 3")


def test_printed_from_the_browser_the_static_pictures_appear(visit):
    page = visit()
    page.emulate_media(media="print")
    assert page.locator(".rk-static").first.is_visible()
    assert page.locator(".rk-live").first.is_hidden()


def test_the_keyboard_reaches_the_skip_link_and_the_charts(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "rk-skip"
    seen = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.className"))
    assert any("rk-chart" in name for name in seen)
