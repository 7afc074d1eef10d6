"""WeasyPrint works out the same again and again: here lengths of equal boxes are worked out once, and what is plain at once.

A box is laid out several times, to find widths, heights and where pages end, and each time all its margins, paddings and sizes
are: from the same style in the same space they come out the same. Most properties of most elements are said by no rule, and most
lines have no float beside them. A WeasyPrint that looks otherwise goes on as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import itemgetter
from types import ModuleType
from typing import Any

from weasyprint import css
from weasyprint.css import computed_values, properties
from weasyprint.formatting_structure import boxes
from weasyprint.layout import float as floats
from weasyprint.layout import percent

SIZES = ("width", "height", "min_width", "min_height", "max_width", "max_height")
EDGES = tuple(f"{what}_{side}" for what in ("margin", "padding") for side in ("left", "right", "top", "bottom"))
BORDERS = tuple(f"border_{side}_width" for side in ("left", "right", "top", "bottom"))
USED = (*SIZES, *EDGES, *BORDERS)  # what a box is given, of the same name as what its style says
MANY = 50_000  # boxes known, of which a process that lays out report after report had better forget them all
SPECIAL = ("display", "float", "page", "position")  # which hang on one another, or on elements further out
_SAID = itemgetter(*USED, "box_sizing")
Resolve = Callable[[Any, Any], None]
Avoid = Callable[..., Any]


def once(resolve: Resolve) -> Resolve:
    """WeasyPrint's resolve_percentages, asked once for each style in each space."""
    known: dict[tuple[object, ...], dict[str, object]] = {}

    def resolved(box: Any, containing_block: Any) -> None:
        if isinstance(box, boxes.PageBox):  # whose height counts for what is above and below
            return resolve(box, containing_block)
        space, style = containing_block, box.style
        if isinstance(containing_block, boxes.Box):
            space = (containing_block.width, containing_block.height)
        said = (*space, *_SAID(style))
        if style["border_collapse"] == "collapse":  # where a border is another cell's as well, and was settled before
            said += tuple(getattr(box, border, None) for border in BORDERS)
        try:
            used = known.get(said)
        except TypeError:  # of a value that is no key
            return resolve(box, containing_block)
        if used is not None:
            vars(box).update(used)
            return None
        resolve(box, containing_block)
        if not any(map(css.check_math, said)):  # which may hang on the size of type
            if len(known) > MANY:
                known.clear()
            known[said] = {name: getattr(box, name) for name in USED}
        return None

    return resolved


def beside(avoid: Avoid) -> Avoid:
    """WeasyPrint's avoid_collisions, asked of lines alone that there are floats beside."""

    def found(context: Any, box: Any, containing_block: Any, outer: bool = True) -> Any:
        if (
            context.excluded_shapes
            or not isinstance(box, boxes.LineBox)
            or containing_block.style["direction"] != "ltr"
        ):
            return avoid(context, box, containing_block, outer)
        left = containing_block.content_box_x()
        right = left + containing_block.width
        if outer:
            return left, box.position_y, right - left
        inner = left + box.margin_left
        return inner - box.margin_left, box.border_box_y() - box.margin_top, right - box.margin_right - inner

    return found


def at_once(missing: Callable[[Any, str], Any], plain: dict[str, tuple[str, ...]]) -> Callable[[Any, str], Any]:
    """The __missing__ of WeasyPrint's ComputedStyle, but for plain properties which no rule says anything of."""

    def found(style: Any, key: str) -> Any:
        names = plain.get(key)
        if names is None or style.parent_style is None:
            return missing(style, key)
        for name in names:
            if name in style.cascaded:
                return missing(style, key)
        value = style[key] = style.parent_style[key] if key in properties.INHERITED else properties.INITIAL_VALUES[key]
        return value

    return found


def _plain() -> dict[str, tuple[str, ...]]:
    """Properties that are as the parent's or as they begin where no rule says anything, each with the names that a rule may give it."""
    return {
        key: (key, *_logical(key))
        for key in properties.INITIAL_VALUES
        if key not in SPECIAL
        and not key.startswith(("text_decoration_", "__"))
        and (key in properties.INHERITED or key not in properties.INITIAL_NOT_COMPUTED)
    }


def _logical(key: str) -> set[str]:
    """What a property is called by rules that speak of starts and ends."""
    named = computed_values.PHYSICAL_FUNCTIONS.get(key)
    return {named(block="ttb", inline=direction) for direction in ("ltr", "rtl")} if named else set()


def _instead(home: ModuleType, name: str, around: Callable[[Any], Any]) -> None:
    """Have all of WeasyPrint's layout call a function through ours, where there is one of that name."""
    usual = getattr(home, name, None)
    if not usual:
        return
    ours = around(usual)
    for where, module in list(sys.modules.items()):
        if where.startswith("weasyprint.layout") and getattr(module, name, None) is usual:
            setattr(module, name, ours)


def install() -> None:
    """Let WeasyPrint ask here, as far as it works out styles the way that it is known to."""
    _instead(percent, "resolve_percentages", once)
    _instead(floats, "avoid_collisions", beside)
    missing = getattr(getattr(css, "ComputedStyle", None), "__missing__", None)
    if missing and all(hasattr(properties, name) for name in ("INHERITED", "INITIAL_VALUES", "INITIAL_NOT_COMPUTED")):
        css.ComputedStyle.__missing__ = at_once(missing, _plain())
