"""WeasyPrint works out the same again and again: here lengths of equal boxes are worked out once, and what is plain at once.

A box is laid out several times, to find widths, heights and where pages end, and each time all its margins, paddings and sizes
are: from the same style in the same space they come out the same. Most properties of most elements are said by no rule, and most
lines have no float beside them. A WeasyPrint that looks otherwise goes on as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import chain
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
#: What is asked of WeasyPrint, by where it is; and how it begins a style.
KNOWN: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (css, ("ComputedStyle", "check_math")),
    (computed_values, ("PHYSICAL_FUNCTIONS",)),
    (properties, ("INHERITED", "INITIAL_VALUES", "INITIAL_NOT_COMPUTED")),
    (boxes, ("LineBox", "PageBox")),
    (percent, ("resolve_percentages",)),
    (floats, ("avoid_collisions",)),
)
BEGIN = ("self", "parent_style", "cascaded", "pseudo_type")
_SAID = itemgetter(*USED, "box_sizing")
Resolve = Callable[[Any, Any], None]
Avoid = Callable[..., Any]
Plain = dict[str, tuple[str, ...]]


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


def as_parent(missing: Callable[[Any, str], Any], plain: set[str]) -> Callable[[Any, str], Any]:
    """The __missing__ of WeasyPrint's ComputedStyle, but for properties which no rule says anything of and which are the parent's."""

    def found(style: Any, key: str) -> Any:
        if key not in plain or key in style.cascaded or style.parent_style is None:
            return missing(style, key)
        value = style[key] = style.parent_style[key]
        return value

    return found


def as_begun(begin: Callable[..., None], plain: Plain) -> Callable[..., None]:
    """The __init__ of WeasyPrint's ComputedStyle, and of what no rule says anything of the value that it begins with."""
    begun = {key: properties.INITIAL_VALUES[key] for key in plain}
    said: dict[str, list[str]] = {}
    for key, names in plain.items():
        for name in names:
            said.setdefault(name, []).append(key)

    def begins(style: Any, parent_style: Any, cascaded: Any, pseudo_type: Any, *how: Any, **named: Any) -> None:
        begin(style, parent_style, cascaded, pseudo_type, *how, **named)
        # The styles of first lines and letters are laid over others as far as they are known.
        if parent_style is None or pseudo_type:
            return
        style.update(begun)
        for key in chain.from_iterable(said.get(name, ()) for name in cascaded):
            style.pop(key, None)

    return begins


def _plain() -> tuple[set[str], Plain]:
    """Properties that are the parent's where no rule says anything, and those that are as they begin, with what a rule may call each."""
    inherited: set[str] = set()
    initial: Plain = {}
    for key in properties.INITIAL_VALUES:
        names = (key, *_logical(key))
        if key in SPECIAL or key.startswith(("text_decoration_", "__")):
            continue
        if key in properties.INHERITED and len(names) == 1:
            inherited.add(key)
        elif key not in properties.INHERITED and key not in properties.INITIAL_NOT_COMPUTED:
            initial[key] = names
    return inherited, initial


def _logical(key: str) -> set[str]:
    """What a property is called by rules that speak of starts and ends."""
    named = computed_values.PHYSICAL_FUNCTIONS.get(key)
    return {named(block="ttb", inline=direction) for direction in ("ltr", "rtl")} if named else set()


def _instead(home: ModuleType, name: str, around: Callable[[Any], Any]) -> None:
    """Have all of WeasyPrint's layout call a function through ours."""
    usual = getattr(home, name)
    ours = around(usual)
    for where, module in list(sys.modules.items()):
        if where.startswith("weasyprint.layout") and getattr(module, name, None) is usual:
            setattr(module, name, ours)


def install() -> None:
    """Let WeasyPrint ask here, if it works out lengths and styles the way that it is known to, and does not ask here yet."""
    if not all(hasattr(home, name) for home, names in KNOWN for name in names):
        return
    style: Any = css.ComputedStyle
    if style.__init__.__code__.co_varnames[:4] != BEGIN or percent.resolve_percentages.__module__ == __name__:
        return
    inherited, initial = _plain()
    _instead(percent, "resolve_percentages", once)
    _instead(floats, "avoid_collisions", beside)
    style.__missing__ = as_parent(style.__missing__, inherited)
    style.__init__ = as_begun(style.__init__, initial)
