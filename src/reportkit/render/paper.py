"""The report as a PDF: tagged (PDF/UA-1), fonts embedded, the same bytes for the same notebook."""

from __future__ import annotations

import hashlib
import re
import shutil
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import weasyprint.html
from nbformat import NotebookNode
from weasyprint import CSS, HTML
from weasyprint.document import Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from reportkit.figures.theme import faces
from reportkit.model.brand import Brand
from reportkit.render import computing, measuring, style, writing
from reportkit.render.ahead import Ahead
from reportkit.render.frame import environment, logo
from reportkit.render.outputs import Body
from reportkit.render.page import content
from reportkit.render.sheet import Sheet

THIN_PAGE = 0.33  # a last page filled less than this may be saved
SAVED = 0.55  # of the room that smaller type gains, as tables and pictures gain less
MARGIN = {"Letter": "margin:12mm 20mm 17mm;"}  # 18 mm shorter and 6 mm wider than A4: as much is set on it
MANY = 20_000  # texts measured, of which a process that lays out report after report had better forget them all
TIGHT = 0.94  # of the type's size: the text that a page holds grows with the square
RULES: str = getattr(weasyprint.html, "UA", "")
UNUSED = r"(?m)^(?:::(?:foot)?note-| +@(?:top|left|right|bottom-(?!left |right ))).*$"  # two boxes in margins are used


measuring.install()
computing.install()
writing.install()


class _Html(HTML):  # type: ignore[misc]
    """A page under WeasyPrint's own style sheet, without what no report has.

    For every element it computes styles of five kinds of notes and of a marker, which list items alone have, and for every page
    those of all the boxes in its margins. No page has a footnote: the templates have none, and of a cell's own HTML no style that
    could make one gets through.
    """

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        return [_plain_rules()] if RULES and not forms else super()._ua_stylesheets(forms)


@lru_cache(maxsize=1)
def _plain_rules() -> CSS:
    return CSS(string=re.sub(UNUSED, "", RULES).replace("\n::marker", "\nli::marker"))


class _Local(URLFetcher):  # type: ignore[misc]
    """Fetches what the page carries, its drawings and the brand's font files, nothing else."""

    def __init__(self, brand: Brand, drawings: Mapping[str, str] | None = None) -> None:
        super().__init__(allowed_protocols=("data", "file"))
        self._allowed = frozenset(file.resolve().as_uri() for _, _, file in faces(brand))
        self._drawings = {address: drawn for drawn, address in (drawings or {}).items()}

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """The response; raises ValueError for an address that is not ours."""
        if url in self._drawings:
            return URLFetcherResponse(url, self._drawings[url].encode(), {"Content-Type": "image/svg+xml"})
        if not url.startswith("data:") and url not in self._allowed:
            raise ValueError(f"{url[:80]} is not part of the report")
        return super().fetch(url, headers)


def pdf(executed: NotebookNode, sheet: Sheet, *, spare: bool = False, kept: Path | None = None) -> bytes:
    """The report as a PDF/UA-1 file.

    With a processor to spare, tighter pages are laid out before they are known to be needed. What is measured is handed on in
    the folder `kept` to reports that are laid out with the same fonts.
    """
    body = Body(sheet.brand, "paper")
    main = content(executed, body, sheet)
    page = environment().get_template("paper.html.j2").render(sheet=sheet, main=main, logo=logo(sheet.brand.logo))
    setting = _Setting(page, sheet, body.drawings)
    known = setting.dress.fonts
    texts = kept / f"texts-{hashlib.sha256(repr(faces(sheet.brand)).encode()).hexdigest()}" if kept else None
    recalled = measuring.recall(known, texts) if texts else 0

    def tighter() -> tuple[int, bytes]:
        made = setting.at(TIGHT)
        return len(made.pages), setting.written(made)

    with Ahead(tighter, fork=spare) as ahead:
        document = setting.at(1.0)
        pages, made = ahead.result() if _thin(document) else (len(document.pages), b"")
        if pages >= len(document.pages):
            made = setting.written(document)
    if texts:
        measuring.keep(known, texts, recalled)
    if measuring.texts(known) > MANY:
        _dress.cache_clear()
    return made


def rehearse() -> None:
    """Lay out a line, so that processes forked from this one need not find out what that takes."""
    _Html(string='<p style="letter-spacing:1px">–</p><table><tr><td>–</table>').write_pdf(pdf_variant="pdf/ua-1")


def _thin(document: Document) -> bool:
    """Whether the last page is of so few lines that pages set a little tighter may save it."""
    full = len(document.pages) - 1
    return full > 0 and _filled(document) <= min(THIN_PAGE, SAVED * (1 - TIGHT**2) * full)


@dataclass(frozen=True)
class _Dress:
    """A brand's style sheet for paper and its fonts, read once for all reports that a process lays out."""

    fonts: FontConfiguration
    css: CSS
    fetcher: _Local


@lru_cache(maxsize=1)
def _dress(brand: Brand, as_of: object) -> _Dress:  # noqa: ARG001 (it tells font files of one name apart)
    fonts, fetcher = FontConfiguration(), _Local(brand)
    css = CSS(string=style.paper(brand), font_config=fonts, url_fetcher=fetcher)
    folder = getattr(fonts, "_folder", None)
    if folder:  # which goes with the last box that was set in its fonts: as garbage, which a process that ends does not look for
        weakref.finalize(fonts, shutil.rmtree, folder, ignore_errors=True)
    return _Dress(fonts, css, fetcher)


class _Setting:
    """A page and its style sheet, parsed once for as many sizes of type as are tried."""

    def __init__(self, page: str, sheet: Sheet, drawings: Mapping[str, str]) -> None:
        stats = [file.stat() for _, _, file in faces(sheet.brand)]
        self._sheet, self.dress = sheet, _dress(sheet.brand, tuple((s.st_mtime_ns, s.st_size) for s in stats))
        self._html = _Html(string=page, url_fetcher=_Local(sheet.brand, drawings))
        self._identifier = hashlib.sha256("".join((page, *drawings)).encode()).digest()[:16]

    def at(self, scale: float) -> Document:
        """The pages with type of this size, 1 for its usual one."""
        css = [self.dress.css, CSS(string=_page(self._sheet, scale), url_fetcher=self.dress.fetcher)]
        return self._html.render(stylesheets=css, font_config=self.dress.fonts)

    def written(self, document: Document) -> bytes:
        """The pages as a file."""
        made: bytes = document.write_pdf(
            pdf_variant="pdf/ua-1", pdf_identifier=self._identifier, custom_metadata=False, finisher=writing.once
        )
        return made


def _page(sheet: Sheet, scale: float) -> str:
    """The page's size, its type size, and the running foot with the notice."""
    left = sheet.running + (f"\n{sheet.notice}" if sheet.notice else "")
    foot = style.quoted(left).replace("\\a ", "\\A ")
    margin = MARGIN.get(sheet.page, "")
    return f"html{{font-size:{10 * scale:.2f}pt}}@page{{size:{sheet.page};{margin}@bottom-left{{content:{foot}}}}}"


def _filled(document: Document) -> float:
    """How far down the last page its last line of content reaches, as a share of the page's own box."""
    page = document.pages[-1]._page_box  # noqa: SLF001
    ends = [
        box.position_y + (box.height or 0)
        for box in _boxes(page)
        if getattr(box, "text", None) or box.element_tag == "img"
    ]
    top = page.content_box_y()
    return float((max(ends, default=top) - top) / page.height)


def _boxes(page: Any) -> Any:
    body = [child for child in page.children if child.element_tag == "html"]
    return [box for root in body for box in root.descendants()]
