"""What every page is set in: the templates, and the logo."""

from __future__ import annotations

import base64
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from reportkit.english import pages

TEMPLATES = Path(str(files("reportkit.render"))) / "templates"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Jinja over templates/, everything escaped; what they say is in `words`."""
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.globals["words"] = pages
    return made


def logo(path: Path | None) -> str:
    """The logo as a data address, '' where there is none."""
    if path is None:
        return ""
    kind = {".svg": "svg+xml", ".png": "png"}.get(path.suffix.lower(), "jpeg")
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
