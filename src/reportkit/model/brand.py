"""A brand as the pages need it: colours, one type family, a logo, a name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Brand:
    """Colours are '#rrggbb'. `fonts` are font files by weight; empty: the built-in Source Sans."""

    name: str = ""
    primary: str = "#0a5c62"  # after, proof teams, rules
    ink: str = "#17212b"
    muted: str = "#5f6b76"  # captions, axis labels: 4.5:1 on white at least
    before: str = "#98a2ae"  # the before line, comparison teams
    rule: str = "#d5dadf"
    wash: str = "#f0f4f4"  # the after window behind a series
    good: str = "#1f7a4d"
    bad: str = "#b23a2a"
    wait: str = "#d08b3c"  # waiting, as against working
    paper: str = "#ffffff"
    family: str = "Source Sans Pro"
    fonts: tuple[tuple[int, str, Path], ...] = ()  # (weight, style, file)
    logo: Path | None = None
