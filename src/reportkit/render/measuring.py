"""WeasyPrint measures a text anew wherever it needs its width: here it is measured once a document.

A cell of a table is measured word by word, as a whole, and once more as it is set. Most of it was measured before, and measuring
is the most of what laying out takes: a text that fits on one line is the same in any width that it fits in. WeasyPrint's own
answers are kept beside the struts that it keeps, with the fonts of the document. The reports of a build hand them on, as much of
what they say is the same. The text of a drawing, which WeasyPrint sets letter by letter, is set as one, and so with its kerning.
A WeasyPrint that looks otherwise goes on as it is.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from weasyprint import svg
from weasyprint.layout import inline, preferred
from weasyprint.text import line_break

#: All of a style that how wide a text is, and where it breaks, depends on.
PROPERTIES = (
    "direction", "font_family", "font_feature_settings", "font_kerning", "font_language_override", "font_size", "font_stretch",
    "font_style", "font_variant_alternates", "font_variant_caps", "font_variant_east_asian", "font_variant_ligatures",
    "font_variant_numeric", "font_variant_position", "font_variation_settings", "font_weight", "hyphenate_character",
    "hyphenate_limit_chars", "hyphenate_limit_zone", "hyphens", "lang", "letter_spacing", "overflow_wrap", "tab_size",
    "text_decoration_line", "white_space", "word_break", "word_spacing",
)  # fmt: skip
PLACING = frozenset(("rotate", "letter-spacing", "textLength"))  # of the letters of a drawing's text
USERS = (inline, preferred)  # the modules that measure texts
#: Texts of which it is known whether a line may end in them: most are a last letter and what may come after it.
ENDINGS = 4096
SEPARATORS = re.compile(r"[\n\r\x0b\x0c\x85\u2028\u2029]")  # after which a line of Pango's ends
UNBROKEN = ("nowrap", "pre")
WORTH_KEEPING = 1.125  # times as many texts as were known
_STYLE = itemgetter(*PROPERTIES)
_FAMILY = PROPERTIES.index("font_family")
Split = Callable[..., Any]


def once(split: Split) -> Split:
    """WeasyPrint's split_first_line, asked once for each text in each style; for each width too where the text does not fit."""

    def found(
        text: str, style: Any, context: Any, max_width: float | None, justification_spacing: float, **how: bool
    ) -> Any:
        width = None if style["white_space"] in UNBROKEN else max_width
        looks = _STYLE(style)
        looks = (*looks[:_FAMILY], tuple(looks[_FAMILY]), *looks[_FAMILY + 1 :])
        try:
            measured = vars(style.font_config).setdefault("measured", {}).setdefault(looks, {})
        except TypeError:  # of a value that is no key, as the lines of underlined text
            return split(text, style, context, max_width, justification_spacing, **how)
        whole = (text, justification_spacing)
        known = measured.get(whole)
        if known is None or not _fits(known, style, width):
            broken = (*whole, width, *how.items())
            known = measured.get(broken)
            if known is None:
                known = split(text, style, context, max_width, justification_spacing, **how)
                one_line = known[1] == len(text.encode()) and known[2] is None and _fits(known, style, width)
                measured[whole if one_line else broken] = known
        kind: Any = type(known[0])
        layout = kind.__new__(kind)  # a copy, as drawing the text changes it
        vars(layout).update(vars(known[0]), max_width=max_width)
        return (layout, *known[1:])

    return found


def _fits(known: Any, style: Any, width: float | None) -> bool:
    """Whether a text that is known as one line is so in this width as well, beyond doubt.

    Pango counts 1024ths of a pixel, and does not know that WeasyPrint adds the spacing of letters once more to what it says.
    """
    return width is None or (style["letter_spacing"] == "normal" and bool(known[3] < width - 2**-10))


def recall(fonts: Any, file: Path) -> int:
    """Take over what was measured in the same fonts before, kept in the file; of how many texts that is.

    Fonts in which something was measured already have most of it.
    """
    if not texts(fonts):
        with contextlib.suppress(FileNotFoundError):
            vars(fonts)["measured"] = pickle.loads(file.read_bytes())  # noqa: S301  (this build's)
    return texts(fonts)


def keep(fonts: Any, file: Path, recalled: int) -> None:
    """Leave what is measured to those who come next, unless hardly any was new: among hundreds of teams it stays small."""
    if texts(fonts) <= recalled * WORTH_KEEPING:
        return
    own = file.with_name(f"{file.name}.{os.getpid()}")
    with contextlib.suppress(pickle.PicklingError, TypeError, AttributeError):  # of a style that cannot be written
        own.write_bytes(pickle.dumps(vars(fonts)["measured"]))
        own.replace(file)


def texts(fonts: Any) -> int:
    """How many texts are measured in these fonts."""
    return sum(len(texts) for texts in vars(fonts).get("measured", {}).values())


class _Whole(str):
    """A text that whoever asks for its letters gets as one."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        yield str(self)


def as_one(draw: Callable[..., None]) -> Callable[..., None]:
    """WeasyPrint's drawing of a text in a picture: in one piece, kerned, where no letter of it has a place of its own."""

    def drawn(picture: Any, node: Any, font_size: float) -> None:
        placed = any(len(node.get(name, "").replace(",", " ").split()) > 1 for name in ("x", "y", "dx", "dy"))
        if node.text and not (placed or PLACING & node.attrib.keys() or SEPARATORS.search(node.text)):
            node._etree_node.text = _Whole(node.text)  # noqa: SLF001
        draw(picture, node, font_size)

    return drawn


def install() -> None:
    """Let WeasyPrint ask here, as far as it measures text the way that it is known to, and does not ask here yet."""
    usual = getattr(line_break, "split_first_line", None)
    users = [module for module in USERS if getattr(module, "split_first_line", None) is usual]
    if usual and usual.__module__ != __name__ and len(users) == len(USERS):
        asked = once(usual)
        for module in (line_break, *users):
            module.split_first_line = asked
    breaks = getattr(line_break, "can_break_text", None)
    if breaks and not hasattr(breaks, "cache_info"):
        breaks_once = lru_cache(ENDINGS)(breaks)
        for module in (line_break, *USERS):
            if getattr(module, "can_break_text", None) is breaks:
                module.can_break_text = breaks_once
    letters = getattr(svg, "text", None)
    if callable(letters) and letters.__module__ != __name__:
        svg.text = as_one(letters)  # which elements of text are told by
        svg.TAGS.update({tag: svg.text for tag, draw in svg.TAGS.items() if draw is letters})
