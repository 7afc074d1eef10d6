"""The look that pages and pictures share: the brand file, colours that can be read, font files, the verdict's mark."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import font_source_sans_pro as source_sans
from markupsafe import Markup

from reportkit.english.sentences import VERDICTS
from reportkit.errors import ParamsError
from reportkit.lean import replaced
from reportkit.model.brand import Brand
from reportkit.model.evidence import Verdict
from reportkit.model.unit import Unit

BUILT_IN = ("Source Sans Pro", "Source Sans 3", "Source Sans")
SOURCE_SANS = ((400, "normal", "Regular"), (400, "italic", "It"), (600, "normal", "Semibold"))
FONT_FILES = (".ttf", ".otf")
LOGO_FILES = (".svg", ".png", ".jpg", ".jpeg")
DRAWN = {"◇": "diamond", "○": "ring", "◔": "quarter"}
TEXT_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
COLOURS = {  # _brand.yml's name: ours
    "primary": "primary",
    "foreground": "ink",
    "background": "paper",
    "secondary": "muted",
    "success": "good",
    "danger": "bad",
    "warning": "wait",
}


@dataclass(frozen=True)
class Mark:
    """A verdict to the eye: glyph, mood ('good', 'bad' or 'neutral': a CSS class and a colour) and word."""

    glyph: str
    mood: str
    word: str

    @property
    def html(self) -> Markup:
        """The glyph alone, hidden from screen readers, which have the word."""
        return glyph(self.glyph, self.mood)


def glyph(sign: str, mood: str) -> Markup:
    """A mark to the eye, hidden from screen readers."""
    # Source Sans has no ◇, ○ or ◔, and another font's would differ from machine to machine: the style sheet draws them.
    style = f"{mood} rk-{DRAWN[sign]}" if sign in DRAWN else mood
    inside = Markup("<span></span>") if sign in DRAWN else sign
    return Markup('<span class="rk-mark rk-{}" aria-hidden="true">{}</span>').format(style, inside)


MARKS: Mapping[Verdict, Mark] = {
    verdict: Mark(glyph, mood, VERDICTS[verdict])
    for verdict, glyph, mood in (
        (Verdict.MOVED, "▲", "good"),
        (Verdict.GOT_WORSE, "▼", "bad"),
        (Verdict.HELD, "■", "neutral"),
        (Verdict.NO_MATERIAL_CHANGE, "■", "neutral"),
        (Verdict.NOT_SHOWN, "◇", "neutral"),
        (Verdict.NOT_ENOUGH_DATA, "○", "neutral"),
        (Verdict.INTERIM, "◔", "neutral"),
    )
}


LONG = 5  # characters of a unit's short form that takes a line of its own


def quantity(unit: Unit, value: float) -> Markup:
    """A number with its unit as a table's cell says it; a long unit, such as '/ journey', stands below the number."""
    if len(unit.short) <= LONG or not math.isfinite(value):
        return Markup("{}").format(unit.brief(value))
    return Markup('<span>{}<span class="rk-owners">{}</span></span>').format(unit.number(value), unit.short)


def faces(brand: Brand) -> tuple[tuple[int, str, Path], ...]:
    """(weight, style, file) of each font file: the brand's own, else Source Sans."""
    if brand.fonts:
        return brand.fonts
    folder = Path(source_sans.font_directory)
    return tuple((weight, style, folder / f"SourceSansPro-{name}.ttf") for weight, style, name in SOURCE_SANS)


def load_brand(path: Path | None) -> Brand:
    """The brand in a `_brand.yml`; the built-in look where there is no file.

    Colours that could not be read on the paper are darkened until they can. Raises ParamsError.
    """
    if path is None:
        return Brand()
    if "brand_yml" not in sys.modules:
        # A tenth of a second that a workspace without a brand file need not spend; twice that with what it tells of its source.
        with replaced("pydantic._internal._fields", "extract_docstrings_from_cls", _untold):
            import brand_yml  # noqa: F401
    from brand_yml import Brand as BrandFile

    try:
        read = BrandFile.from_yaml(path)
    except OSError as error:
        raise ParamsError("the brand file cannot be opened; put it there or leave it out.", where=path.name) from error
    except (ValueError, TypeError) as error:
        raise ParamsError(_plainly(error), where=path.name) from error
    except Exception as error:  # ruamel's errors share no base class with the above
        raise ParamsError(f"the file is not valid YAML: {_first_line(error)}", where=path.name) from error
    return _brand(read, path)


def _untold(*_: object, **__: object) -> dict[str, str]:
    return {}


def _plainly(error: Exception) -> str:
    faults = getattr(error, "errors", None)
    if not callable(faults):
        return f"{_first_line(error)}; see the _brand.yml format for what is allowed."
    first = faults()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {str(first['msg'])[:1].lower()}{str(first['msg'])[1:]}; see the _brand.yml format for what is allowed."


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _brand(read: Any, path: Path) -> Brand:
    name = read.meta.name if read.meta else None
    family, fonts = _typography(read, path)
    return _legible(
        replace(
            Brand(),
            name=getattr(name, "short", None) or getattr(name, "full", None) or "",
            family=family,
            fonts=fonts,
            logo=_logo(read, path),
            **_colours(read, path),
        ),
        own=read.color is not None,
    )


def _colours(read: Any, path: Path) -> dict[str, Any]:
    if read.color is None:
        return {}
    given = {ours: getattr(read.color, theirs) for theirs, ours in COLOURS.items()}
    return {
        ours: _hex(value, next(t for t, o in COLOURS.items() if o == ours), path)
        for ours, value in given.items()
        if value is not None
    }


def _hex(value: str, name: str, path: Path) -> str:
    text = str(value).strip().lower()
    if re.fullmatch(r"#[0-9a-f]{6}", text):
        return text
    if re.fullmatch(r"#[0-9a-f]{3}", text):
        return "#" + "".join(c * 2 for c in text[1:])
    raise ParamsError(
        f"color.{name} is {value!r}, which is no colour; write it as #rrggbb or as a name in color.palette.",
        where=path.name,
    )


def _legible(brand: Brand, *, own: bool) -> Brand:
    """The brand with every colour that text is set in dark enough for its paper, and quiet ones made to fit."""
    texts: dict[str, Any] = {
        name: readable(getattr(brand, name), brand.paper) for name in ("primary", "ink", "muted", "good", "bad")
    }
    quiet: dict[str, Any] = {}
    if own:
        quiet = {"wash": mixed(brand.primary, brand.paper, 0.06), "rule": mixed(texts["ink"], brand.paper, 0.18)}
    return replace(brand, **texts, **quiet)


def _typography(read: Any, path: Path) -> tuple[str, tuple[tuple[int, str, Path], ...]]:
    base = read.typography.base if read.typography else None
    family = getattr(base, "family", None) or Brand.family
    if family in BUILT_IN:
        return Brand.family, ()
    fonts = [font for font in read.typography.fonts or () if font.family == family and font.source == "file"]
    files = tuple(_face(file, family, path) for font in fonts for file in font.files)
    if not any(style == "normal" for _, style, _ in files):
        raise ParamsError(
            f"typography.base is {family!r}, and a report embeds its fonts; give its .ttf or .otf files under "
            "typography.fonts with source: file, or leave base out for Source Sans.",
            where=path.name,
        )
    return family, files


def _face(file: Any, family: str, path: Path) -> tuple[int, str, Path]:
    found = path.parent / str(file.path.root)
    if found.suffix.lower() not in FONT_FILES or not found.is_file():
        raise ParamsError(
            f"the font file {str(file.path.root)!r} of {family!r} is no .ttf or .otf file beside {path.name}; "
            "correct its path.",
            where=path.name,
        )
    weight = {"auto": 400, "normal": 400, "bold": 700}.get(str(file.weight), str(file.weight))
    return int(weight), str(file.style), found


def _logo(read: Any, path: Path) -> Path | None:
    logo = read.logo
    for size in ("small", "medium", "large"):
        found = getattr(logo, size, None)
        logo_file = getattr(found, "light", None) or found
        if logo_file is not None:
            return _logo_file(logo_file, path)
    return _logo_file(logo, path) if hasattr(logo, "path") else None


def _logo_file(resource: Any, path: Path) -> Path:
    given = str(getattr(resource.path, "root", resource.path))
    found = path.parent / given
    if found.suffix.lower() not in LOGO_FILES or not found.is_file():
        raise ParamsError(
            f"the logo {given!r} is no file beside {path.name}; give an .svg, .png or .jpg there.", where=path.name
        )
    return found


def readable(colour: str, paper: str, ratio: float = TEXT_CONTRAST) -> str:
    """The colour, moved towards black (or white on dark paper) until it contrasts with the paper by `ratio` to 1."""
    towards = "#000000" if luminance(paper) > 0.18 else "#ffffff"
    for step in range(101):
        shade = mixed(towards, colour, step / 100)
        if contrast(shade, paper) >= ratio:
            return shade
    return towards


def contrast(one: str, other: str) -> float:
    """How many times brighter the brighter of two colours is, 1 to 21 (WCAG 2.2)."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _rgb(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mixed(one: str, other: str, share: float) -> str:
    """`share` of one colour in the other, '#rrggbb'."""
    pairs = zip(_rgb(one), _rgb(other), strict=True)
    return _hexed(round(share * a + (1 - share) * b) for a, b in pairs)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hexed(values: Iterable[int]) -> str:
    return "#" + "".join(f"{v:02x}" for v in values)


def on(colour: str, paper: str = "#ffffff", ink: str = "#17212b") -> str:
    """Paper or ink, whichever can be read better on the colour."""
    return paper if contrast(paper, colour) >= contrast(ink, colour) else ink
