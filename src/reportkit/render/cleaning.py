"""Markup that is not our own, made safe and dressed: tables of DataFrames, Markdown, an analyst's own HTML."""

from __future__ import annotations

import re
from typing import Any

from bleach.css_sanitizer import CSSSanitizer
from bleach.sanitizer import Cleaner
from bs4 import BeautifulSoup
from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from reportkit.english.pictures import UNTOLD
from reportkit.english.tables import TABLE

TAGS = frozenset(
    ("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "details", "div", "dl", "dt",
     "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "mark", "ol", "p", "pre", "q",
     "s", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul")
)  # fmt: skip
ATTRIBUTES = {
    "*": ["class", "title", "lang", "dir", "style"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
    "col": ["span"],
    "ol": ["start"],
}
STYLES = ("color", "background-color", "font-weight", "font-style", "text-align")
NUMBER = re.compile(
    r"^[+\-−]?[£€$¥]?[\d.,\s\u202f']*\d\s?(%|[a-z]{1,3})?$|^(nan|nat|none|<na>|inf|-inf|–)?$", re.IGNORECASE
)


def clean(text: str) -> Markup:
    """HTML without scripts, handlers, frames, forms or anything fetched from elsewhere; tables dressed."""
    text = re.sub(r"<(style|script)\b.*?</\1\s*>", "", text, flags=re.DOTALL | re.IGNORECASE)
    cleaner = Cleaner(
        tags=TAGS, attributes=ATTRIBUTES, protocols=["http", "https", "mailto", "data"], strip=True,
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
    )  # fmt: skip
    return _dressed(cleaner.clean(text))


def markdown(text: str) -> Markup:
    """Markdown as clean HTML, its headings one level down: the report has its first already."""
    renderer = IPythonRenderer(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
    made = str(MarkdownWithMath(renderer=renderer).render(text))
    return clean(re.sub(r"<(/?)h([1-5])\b", lambda m: f"<{m[1]}h{max(2, int(m[2]))}", made))


def _dressed(text: str) -> Markup:
    """Local pictures and links only, tables in our dress."""
    soup = BeautifulSoup(text, "html.parser")
    for picture in soup.find_all("img"):
        if not str(picture.get("src", "")).startswith("data:image/"):
            picture.replace_with(str(picture.get("alt") or ""))
        elif not picture.get("alt"):
            picture["alt"] = UNTOLD
    for link in soup.find_all("a"):
        if str(link.get("href", "")).startswith("data:"):
            del link["href"]
    for table in soup.find_all("table"):
        _table(soup, table)
    return Markup(str(soup))


def _table(soup: BeautifulSoup, table: Any) -> None:
    table.attrs = {"class": "rk-frame"}
    for row in table.find_all("tr"):
        row.attrs = {}
    head = table.find("thead")
    _one_head(head)
    for cell in head.find_all("th") if head else ():
        if not cell.get_text(strip=True):
            cell.name, cell.attrs = "td", {k: v for k, v in cell.attrs.items() if k in ("colspan", "rowspan")}
        else:
            cell["scope"] = "col"
    for cell in [c for body in table.find_all("tbody") for c in body.find_all("th")]:
        cell["scope"] = "row"
    _align(table)
    table.wrap(
        soup.new_tag("div", attrs={"class": "rk-scroll", "tabindex": "0", "role": "region", "aria-label": TABLE})
    )


def _one_head(head: Any) -> None:
    """Pandas' second head row, which only names the index, moved into the first."""
    rows = head.find_all("tr") if head else []
    if len(rows) != 2:
        return
    first, second = (row.find_all(["th", "td"]) for row in rows)
    named = [cell for cell in second if cell.get_text(strip=True)]
    if len(first) == len(second) and named == second[:1] and not first[0].get_text(strip=True):
        first[0].replace_with(named[0])
        rows[1].decompose()


def _align(table: Any) -> None:
    """The class rk-num for each column whose cells are all numbers, in its head too."""
    bodies = table.find_all("tbody")
    rows = [row.find_all(["td", "th"]) for body in bodies for row in body.find_all("tr")]
    wide = max((len(row) for row in rows), default=0)
    numeric = {
        -i for i in range(1, wide + 1)
        if (cells := [row[-i] for row in rows if len(row) >= i and row[-i].name == "td"])
        and all(NUMBER.match(c.get_text(strip=True)) for c in cells)
    }  # fmt: skip
    for cell in [cell for body in bodies for cell in body.find_all("td")]:
        if cell.get_text(strip=True) in ("NaN", "NaT", "<NA>"):
            cell.string = "–"
    for row in [row.find_all(["td", "th"]) for row in table.find_all("tr")]:
        for i, cell in enumerate(row):
            if i - len(row) in numeric:
                cell["class"] = "rk-num"
