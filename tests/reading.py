"""What a reader sees of a report: the words of its HTML and of its PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pikepdf

UNSEEN = {"script", "style", "template", "title", "head"}


class _Words(HTMLParser):
    """Collects the text outside of scripts, styles and the head."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in UNSEEN:
            self._hidden.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and self._hidden[-1] == tag:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def html_text(path: Path) -> str:
    """The words of an HTML page, in order, white space folded; scripts and styles left out."""
    parser = _Words()
    parser.feed(path.read_text(encoding="utf-8"))
    return folded(" ".join(parser.words))


def pdf_pages(path: Path) -> list[str]:
    """The words of each page of a PDF, white space folded."""
    with pikepdf.open(path) as pdf:
        return [folded("".join(_drawn(page))) for page in pdf.pages]


def elements(pdf: pikepdf.Pdf) -> list[Any]:
    """The elements of a tagged PDF, in no order."""
    found: list[Any] = []
    todo: list[Any] = [pdf.Root.StructTreeRoot.K]
    while todo:
        node = todo.pop()
        if isinstance(node, pikepdf.Array):
            todo.extend(node)  # type: ignore[arg-type]
        elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
            found.append(node)
            todo.append(node.get("/K", pikepdf.Array()))
    return found


def folded(text: str) -> str:
    """The text with every run of white space, no-break spaces too, as one space, and without soft hyphens."""
    return re.sub(r"\s+", " ", text.replace("\u00ad", "")).strip()


def _drawn(page: Any) -> Iterator[str]:
    """The text that a page or a form draws, read through each font's own table of characters."""
    resources = page.get("/Resources", {})
    fonts = {name: _table(font) for name, font in dict(resources.get("/Font", {})).items()}
    table: dict[int, str] = {}
    for instruction in pikepdf.parse_content_stream(page):
        operands, operator = instruction.operands, instruction.operator
        match str(operator):
            case "Tf":
                table = fonts.get(str(operands[0]), {})
            case "Tj" | "TJ":
                pieces = operands[0] if str(operator) == "TJ" else operands
                for piece in pieces:
                    if isinstance(piece, pikepdf.String):
                        yield _decoded(bytes(piece), table)
            case "BT" | "Td" | "Tm" | "T*":
                yield " "
            case "Do":
                form = resources.get("/XObject", {}).get(str(operands[0]))
                if form is not None and form.get("/Subtype") == "/Form":
                    yield from _drawn(form)


def _decoded(data: bytes, table: dict[int, str]) -> str:
    return "".join(table.get(int.from_bytes(data[i : i + 2], "big"), "") for i in range(0, len(data), 2))


def _table(font: Any) -> dict[int, str]:
    """Character codes of a font and what they stand for (its ToUnicode map)."""
    if "/ToUnicode" not in font:
        return {}
    found: dict[int, str] = {}
    text = bytes(font["/ToUnicode"].read_bytes()).decode("latin-1")
    for block in re.findall(r"beginbfchar(.*?)endbfchar", text, re.S):
        for code, target in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            found[int(code, 16)] = _utf16(target)
    for block in re.findall(r"beginbfrange(.*?)endbfrange", text, re.S):
        for first, last, target in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            for i, code in enumerate(range(int(first, 16), int(last, 16) + 1)):
                found[code] = chr(int(target, 16) + i)
    return found


def _utf16(digits: str) -> str:
    return bytes.fromhex(digits.zfill(4)).decode("utf-16-be")
