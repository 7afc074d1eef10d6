"""What the cells of an executed notebook show, as markup for the screen or for paper.

Our own blocks and figures come as their record says; everything else that a cell displays is cleaned and dressed.
Inputs, the parameters cell, stderr and tracebacks never appear.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Literal

from markupsafe import Markup, escape
from nbformat import NotebookNode

from reportkit.display import MIME, PLOTLY
from reportkit.english import pictures as words
from reportkit.model.brand import Brand
from reportkit.render import style
from reportkit.render.cleaning import clean, markdown
from reportkit.render.drawn import simpler

HIDDEN = frozenset(
    {"parameters", "injected-parameters", "hide", "hide-output", "hide_output", "remove_cell", "remove-cell"}
)
DRAWING = "drawing:"  # the scheme of their addresses
ALT = re.compile(r"^\s*#\|?\s*alt:\s*(.+)$", re.MULTILINE)


@dataclass
class Body:
    """Gathers one report's markup, and beside it, as the figures come, what is not a part of the markup itself.

    `live` has the data of each live picture by its id; `drawings` the address of each SVG that is printed: with them the
    markup would be ten times as long.
    """

    brand: Brand
    face: Literal["screen", "paper"]
    live: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    drawings: dict[str, str] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)

    def cell(self, cell: NotebookNode) -> Markup:
        """Everything that a cell shows."""
        if HIDDEN & set(cell.metadata.get("tags", [])):
            return Markup("")
        if cell.cell_type == "markdown":
            return (
                Markup('<div class="rk-text">{}</div>').format(markdown(cell.source))
                if cell.source.strip()
                else Markup("")
            )
        if cell.cell_type != "code":
            return Markup("")
        described = ALT.search(cell.source)
        return Markup("\n").join(
            filter(None, (self._output(o, described[1].strip() if described else "") for o in cell.outputs))
        )

    def _output(self, output: NotebookNode, alt: str) -> Markup:
        if output.output_type == "stream":
            return _quiet(output.text) if output.name == "stdout" else Markup("")
        if output.output_type not in ("display_data", "execute_result"):
            return Markup("")
        data = output.data
        for kind, show in self._faces(alt):
            if kind in data:
                return show(data[kind])
        return Markup("")

    def _faces(self, alt: str) -> Iterable[tuple[str, Callable[[Any], Markup]]]:
        """MIME types, the best first, each with what makes markup of it."""
        return (
            (MIME, self._ours),
            (PLOTLY, lambda v: self._plotly(v, alt)),
            ("image/svg+xml", lambda v: _picture("image/svg+xml", v, alt)),
            ("image/png", lambda v: _picture("image/png", v, alt)),
            ("image/jpeg", lambda v: _picture("image/jpeg", v, alt)),
            ("text/html", lambda v: Markup('<div class="rk-own">{}</div>').format(clean(_joined(v)))),
            ("text/markdown", lambda v: Markup('<div class="rk-text">{}</div>').format(markdown(_joined(v)))),
            ("text/latex", _quiet),
            ("text/plain", _quiet),
        )

    def _ours(self, page: Mapping[str, Any]) -> Markup:
        return Markup("\n").join(self._block(block) for block in page["blocks"])

    def _block(self, block: Mapping[str, Any]) -> Markup:
        if block["kind"] == "figure":
            return self._figure(block["name"], block["svg"], block["live"], (block["alt"], block["caption"]))
        text = _unbroken(block["html"])
        inner = Markup(_hued(text, self.brand) if self.face == "screen" else self._minis_printed(_unlabelled(text)))
        if block["kind"] == "heading":
            return inner
        return Markup('<div class="rk-{}">{}</div>').format(re.sub(r"[^a-z-]", "", str(block["kind"])), inner)

    def _plotly(self, figure: Mapping[str, Any], alt: str) -> Markup:
        from reportkit.render import plotted  # matplotlib, for the reports alone that show an analyst's own figure

        name = "own-" + hashlib.sha256(json.dumps(figure, sort_keys=True).encode()).hexdigest()[:12]
        drawn = plotted.static(figure, self.brand)
        heading = plotted.title(figure)
        caption = f"{heading}." if heading and self.face == "paper" else ""
        if drawn.startswith("<table"):
            drawn = Markup('<div class="rk-scroll">{}</div>').format(drawn)
        return self._figure(
            name, drawn, plotted.dressed(figure, self.brand), (alt or plotted.described(figure), caption)
        )

    def _figure(self, name: str, drawn: str, live: Mapping[str, Any] | None, words: tuple[str, str]) -> Markup:
        alt, caption = words
        nth = self._seen[name] = self._seen.get(name, -1) + 1
        ident = "rk-" + re.sub(r"[^A-Za-z0-9_-]+", "-", name) + (f"-{nth}" if nth else "")
        drawn = _apart(drawn, nth)
        said = Markup("<figcaption>{}</figcaption>").format(caption) if caption else Markup("")
        if self.face == "paper":
            return Markup('<figure class="rk-figure">{}{}</figure>').format(self._printed(drawn, alt), said)
        static = Markup('<div class="rk-static">{}</div>').format(Markup(_hued(drawn, self.brand)))
        attributes = Markup('role="img" tabindex="0" aria-label="{}"').format(alt)
        if live is not None:
            self.live[ident] = live
            attributes += Markup(' data-live="{}"').format(ident)
        return Markup('<figure class="rk-figure" id="{}"><div class="rk-chart" {}>{}</div>{}</figure>').format(
            ident, attributes, static, said
        )

    def _printed(self, drawn: str, alt: str, name: str = "rk-drawn") -> Markup:
        """An SVG as an image of the page: WeasyPrint would take an element of the page for each line of it, at twice the time.

        What is no SVG by itself, as a table in place of a picture, or one that only a browser's parser reads, stays in the page.
        """
        simple = simpler(drawn)
        if simple is None:
            return Markup(re.sub(r"(<svg\b[^>]*>)", lambda m: f"{m[1]}<title>{escape(alt)}</title>", drawn, count=1))
        address = self.drawings.setdefault(simple, f"{DRAWING}{len(self.drawings)}")
        return Markup('<img class="{}" alt="{}" src="{}">').format(name, alt, address)

    def _minis_printed(self, markup: str) -> str:
        """The markup with the small pictures in its tables as images."""
        return re.sub(
            r'<svg\b[^>]*\bclass="rk-mini"[^>]*><title>(.*?)</title>.*?</svg>',
            lambda found: self._printed(found[0], unescape(found[1]), "rk-mini"),
            markup,
            flags=re.DOTALL,
        )


def _joined(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _quiet(text: Any) -> Markup:
    joined = re.sub(r"\x1b\[[0-9;]*m", "", _joined(text)).strip("\n")
    return Markup('<pre class="rk-print">{}</pre>').format(joined) if joined.strip() else Markup("")


def _picture(kind: str, data: Any, alt: str) -> Markup:
    """A picture as an image, in which no script can run."""
    text = _joined(data)
    packed = base64.b64encode(text.encode()).decode() if kind == "image/svg+xml" else text.replace("\n", "")
    return Markup('<figure class="rk-figure rk-image"><img alt="{}" src="data:{};base64,{}"></figure>').format(
        alt or words.UNTOLD, kind, packed
    )


def _unbroken(markup: str) -> str:
    """Ranges such as '60–78%' kept on one line; tables with pictures in them are narrow enough to be left alone."""
    if "<svg" in markup:
        return markup

    def kept(found: re.Match[str]) -> str:
        return re.sub(r"[\d.,]+–[\d.,]*\d\s?%?", r'<span class="rk-kept">\g<0></span>', found[0])

    return re.sub(r"(?<=>)[^<]+(?=<)", kept, markup)


def _unlabelled(markup: str) -> str:
    """The markup without what is said for browsers alone: paper has its tags from the elements, and no narrow tables."""
    return re.sub(
        r' (?:role="(?:table|row|rowgroup|cell|columnheader|rowheader)"|data-label="[^"]*")(?=[^<>]*>)', "", markup
    )


def _apart(drawn: str, nth: int) -> str:
    """The ids of a picture that is shown more than once kept apart."""
    return re.sub(r"\bf([0-9a-f]{8})-", rf"f\1x{nth}-", drawn) if nth else drawn


def _hued(markup: str, brand: Brand) -> str:
    """Inline styles with the brand's colours as variables, so that they follow light and dark."""
    names = {colour: name for name, colour in reversed(style.light(brand).items())}
    pattern = re.compile("|".join(map(re.escape, names)), re.IGNORECASE)

    def swap(found: re.Match[str]) -> str:
        return pattern.sub(lambda c: f"var(--rk-{names[c[0].lower()]})", found[0])

    return re.sub(r'style="[^"]*"', swap, markup)
