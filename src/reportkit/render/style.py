"""The style sheet of a brand: colours as CSS variables for light and dark, fonts embedded or from their files."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from reportkit import files
from reportkit.figures.theme import faces, mixed, readable
from reportkit.model.brand import Brand

NAMES = ("primary", "ink", "muted", "before", "rule", "wash", "good", "bad", "wait", "paper")
NIGHT = "#12191f"  # the paper of the dark scheme
# What the fonts keep for a web page: Latin with accents, punctuation, currencies, arrows, mathematics, shapes.
RANGES = (
    (0x20, 0x17E),
    (0x218, 0x21B),
    (0x2C6, 0x2DD),
    (0x2000, 0x206F),
    (0x20A0, 0x20BF),
    (0x2122, 0x2122),
    (0x2190, 0x2193),
    (0x2200, 0x226F),
    (0x25A0, 0x25FF),
)

RESERVED = "Source Sans Pro"  # which the licence of the built-in fonts keeps for what is unchanged
NAMED = (1, 3, 4, 6, 16)  # entries of a font's table of names that say how it is called
OPTIONS: dict[str, list[Any]] = {
    "layout_features": ["kern"],
    "drop_tables": ["GSUB", "GDEF", "DSIG", "STAT"],
    "name_IDs": [*range(7), 13, 14],  # with the licence
}


def template(name: str) -> str:
    """The text of a file in templates/."""
    return (resources("reportkit.render") / "templates" / name).read_text(encoding="utf-8")


def light(brand: Brand) -> dict[str, str]:
    """Colour by name on paper."""
    return {name: getattr(brand, name) for name in NAMES}


def dark(brand: Brand) -> dict[str, str]:
    """Colour by name at night: the brand's hues, lightened until they can be read."""
    ink = "#e6ebee"
    return {
        "primary": readable(mixed(brand.primary, "#ffffff", 0.7), NIGHT, 6),
        "ink": ink,
        "muted": "#a5b1ba",
        "before": "#7d8a95",
        "rule": "#33404a",
        "wash": mixed(brand.primary, NIGHT, 0.22),
        "good": readable(brand.good, NIGHT, 6),
        "bad": readable(brand.bad, NIGHT, 6),
        "wait": brand.wait,
        "paper": NIGHT,
    }


def variables(colours: dict[str, str]) -> str:
    """'--rk-primary:#0a5c62;…'."""
    return "".join(f"--rk-{name}:{colour};" for name, colour in colours.items())


def screen(brand: Brand) -> str:
    """The style sheet of a web page, fonts and all."""
    night = f"@media screen and (prefers-color-scheme:dark){{:root{{color-scheme:dark;{variables(dark(brand))}}}}}"
    root = f":root{{color-scheme:light;{variables(light(brand))}--rk-family:{quoted(brand.family)}}}"
    return "\n".join((embedded(brand), root, night, template("report.css"), template("screen.css")))


def paper(brand: Brand) -> str:
    """The style sheet of the printed report, fonts by their files."""
    fonts = "".join(
        f"@font-face{{font-family:{quoted(brand.family)};font-weight:{weight};font-style:{style};src:url({file.resolve().as_uri()})}}"
        for weight, style, file in faces(brand)
    )
    values = {**light(brand), "family": quoted(brand.family)}
    rules = template("report.css") + template("paper.css")
    # WeasyPrint would look each variable up for each element anew.
    return fonts + re.sub(r"var\(--rk-(\w+)\)", lambda found: values[found[1]], rules)


def embedded(brand: Brand) -> str:
    """The fonts as @font-face rules that carry them."""
    return "".join(
        f"@font-face{{font-family:{quoted(brand.family)};font-weight:{weight};font-style:{style};font-display:block;"
        f"src:url(data:font/woff;base64,{woff(file)}) format('woff')}}"
        for weight, style, file in faces(brand)
    )


@lru_cache(maxsize=16)
def woff(file: Path) -> str:
    """A font file cut down to RANGES, as base64 of WOFF; the same bytes every time.

    WOFF2 would be a quarter smaller, of a page that plotly.js fills, and take twice as long. The built-in fonts were cut once for
    all (see fonts/); what else was cut is kept for this user.
    """
    known = shipped(file)
    if known.is_file():
        return base64.b64encode(known.read_bytes()).decode()
    return base64.b64encode(files.kept(f"fonts/{version('fonttools')}-{known.name}", lambda: cut(file))).decode()


def shipped(file: Path) -> Traversable:
    """Where a font file would be that is cut down already, as these ranges and options have it."""
    recipe = hashlib.sha256(file.read_bytes() + repr((RANGES, OPTIONS)).encode()).hexdigest()
    return resources("reportkit.render") / "fonts" / f"{recipe}.woff"


def cut(file: Path, called: str = "") -> bytes:
    """A font file cut down to RANGES, as WOFF; the built-in fonts `called` by another name, where they are passed on."""
    from fontTools.subset import Options, Subsetter, load_font, save_font  # not where a cut font is kept

    options = Options(flavor="woff", notdef_outline=True, **OPTIONS)
    font = load_font(str(file), options)
    font.recalcTimestamp = False
    cutter = Subsetter(options)
    cutter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    cutter.subset(font)
    for entry in font["name"].names if called else ():
        if entry.nameID in NAMED:
            plain = str(entry).replace(RESERVED.replace(" ", ""), called.replace(" ", ""))
            entry.string = plain.replace(RESERVED, called)
    target = io.BytesIO()
    save_font(font, target, options)
    font.close()
    return target.getvalue()


def quoted(text: str) -> str:
    """A CSS string: quotes, backslashes and line ends escaped."""
    escaped = "".join(f"\\{ord(c):x} " if c in '"\\<>\n\r\f' else c for c in text)
    return f'"{escaped}"'
