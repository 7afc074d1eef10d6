"""Drawings for paper: as they are on screen, of fewer elements. WeasyPrint takes as long for one that draws nothing as for a line."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
UNTURNED = re.compile(r"rotate\(-?0(?:\.0*)?(?:[ ,][^)]*)?\)")
ABSOLUTE = re.compile(r"(?:[MLCQ\s]|-?\d+(?:\.\d+)?|[zZ])*")
POINT = re.compile(r"(-?[\d.]+)\s+(-?[\d.]+)")
ALIKE = re.compile(r"\s*\*\s*\{([^{}]*)\}\s*")
NAME = re.compile(r"[a-z][a-z-]*")
VALUE = re.compile(r"[\w\s.,#%+-]+|url\(#[\w-]+\)|'[\w\s.-]+'(?:,[\w\s.-]+)*")
SEEN_THROUGH = re.compile(r"stroke\s*:(?!\s*none)|opacity|url\(")  # what shows where two marks overlap


def simpler(drawn: str) -> str | None:
    """The same picture without groups that group nothing, and with equal marks as one path; None for what is no SVG by itself."""
    try:
        root = ET.fromstring(drawn)  # noqa: S314  (from the analyst's own notebook)
    except ET.ParseError:
        return None
    if root.tag != f"{SVG}svg":
        return None
    marks = {f"#{path.get('id')}": path for path in root.iter(f"{SVG}path") if path.get("id")}
    for element in root.iter():
        if UNTURNED.fullmatch(element.get("transform", "")):
            del element.attrib["transform"]
        _together(element, marks)
    _ungrouped(root, set(re.findall(r"#([\w-]+)", drawn)))
    _unstyled(root)
    return ET.tostring(root, encoding="unicode")


def _together(group: ET.Element, marks: dict[str, ET.Element]) -> None:
    """A group of nothing but one mark in many places, with nothing to be seen through it, as one path."""
    uses = list(group)
    shared = [{k: v for k, v in use.items() if k not in ("x", "y")} for use in uses]
    if len(uses) < 2 or any(use.tag != f"{SVG}use" for use in uses) or any(one != shared[0] for one in shared):
        return
    mark = marks.get(shared[0].get(HREF, ""))
    style = ";".join(filter(None, (shared[0].get("style"), mark.get("style") if mark is not None else None)))
    if mark is None or set(mark.keys()) - {"id", "d", "style"} or set(shared[0]) - {HREF, "style"}:
        return
    outline = mark.get("d", "")
    if not ABSOLUTE.fullmatch(outline) or SEEN_THROUGH.search(style):
        return
    moved = (_moved(outline, float(use.get("x", 0)), float(use.get("y", 0))) for use in uses)
    path = ET.Element(f"{SVG}path", {"d": " ".join(moved), "style": style})
    path.tail = uses[-1].tail
    group[:] = [path]


def _moved(outline: str, x: float, y: float) -> str:
    return POINT.sub(lambda at: f"{round(float(at[1]) + x, 6)} {round(float(at[2]) + y, 6)}", outline)


def _unstyled(root: ET.Element) -> None:
    """Styles as attributes, which need not be parsed as CSS: where no style sheet but one for all elements alike is between them."""
    sheets = [s for s in root.iter(f"{SVG}style") if s.text and s.get("type", "text/css") == "text/css"]
    alike = [ALIKE.fullmatch(sheet.text or "") for sheet in sheets]
    common = [_declared(found[1]) if found else None for found in alike]
    if None in common:
        return
    for sheet in sheets:
        sheet.text = None
    for element in root.iter():
        for declared in common:
            element.attrib.update(declared or {})
        own = _declared(element.get("style", ""))
        if own is not None and element is not root:
            element.attrib.pop("style", None)
            element.attrib.update(own)


def _declared(style: str) -> dict[str, str] | None:
    """Value by property; None for what only a parser of CSS can read."""
    found = {}
    for one in style.split(";"):
        name, colon, value = (part.strip() for part in one.partition(":"))
        if colon and NAME.fullmatch(name) and VALUE.fullmatch(value):
            found[name] = value
        elif one.strip():
            return None
    return found


def _ungrouped(parent: ET.Element, named: set[str]) -> None:
    """Groups that carry nothing but a name which nobody asks for give way to what is in them."""
    children: list[ET.Element] = []
    for child in parent:
        _ungrouped(child, named)
        plain = child.tag == f"{SVG}g" and not set(child.keys()) - {"id"} and child.get("id") not in named
        children.extend(child if plain else [child])
    parent[:] = children
