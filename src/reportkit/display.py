"""What a notebook cell shows: blocks and figures with one MIME bundle of several faces.

Jupyter takes `text/html` (and plotly's own type for a figure); the renderer takes `MIME`, which carries every
face and the record of the numbers shown. Markup is built with markupsafe, so that text is always escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from reportkit.model.shown import Shown

MIME = "application/vnd.reportkit+json"
PLOTLY = "application/vnd.plotly.v1+json"


@dataclass(frozen=True)
class Block:
    """A piece of a page as escaped markup, with the same in plain text and the numbers that it prints.

    `kind` becomes the class `rk-<kind>`: answer, strip, section, table, ask, note, facts …
    """

    kind: str
    html: Markup
    plain: str
    record: tuple[Shown, ...] = ()
    recipe: str = ""  # what it is drawn from as JSON, where it has colours or fonts in it

    def face(self) -> dict[str, Any]:
        """The block as the renderer takes it, JSON-ready."""
        face = {"kind": self.kind, "html": str(self.html), "plain": self.plain}
        return face | ({"recipe": self.recipe} if self.recipe else {})


@dataclass(frozen=True)
class Figure:
    """A picture: `svg` for print and for pages without scripts, `live` as plotly JSON, and its words.

    `alt` tells a reader who cannot see it what it shows; `caption` gives n, unit, window and interval.
    """

    name: str  # unique in a report, such as 'before-after-lead_time'
    svg: str
    live: Mapping[str, Any] | None
    alt: str
    caption: str
    record: tuple[Shown, ...] = ()
    kind: str = "figure"
    recipe: str = ""  # what it is drawn from, as JSON

    @property
    def plain(self) -> str:
        """Alt text and caption."""
        return f"[{self.alt}]\n{self.caption}"

    @property
    def html(self) -> Markup:
        """The static face with its caption, for Jupyter."""
        return Markup('<figure class="rk-figure">{}<figcaption>{}</figcaption></figure>').format(
            Markup(self.svg), escape(self.caption)
        )

    def face(self) -> dict[str, Any]:
        """The figure as the renderer takes it, JSON-ready."""
        face = {
            "kind": self.kind,
            "name": self.name,
            "svg": self.svg,
            "live": dict(self.live) if self.live is not None else None,
            "alt": self.alt,
            "caption": self.caption,
            "plain": self.plain,
        }
        return face | ({"recipe": self.recipe} if self.recipe else {})

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return Page((self,))._repr_mimebundle_(include, exclude)


@dataclass(frozen=True)
class Page:
    """Blocks and figures shown by one cell, in order; an empty one shows nothing at all."""

    parts: tuple[Block | Figure, ...]

    @property
    def record(self) -> tuple[Shown, ...]:
        """Every number that the parts print."""
        return tuple(shown for part in self.parts for shown in part.record)

    @property
    def plain(self) -> str:
        """The whole as plain text."""
        return "\n\n".join(part.plain for part in self.parts)

    def __repr__(self) -> str:
        return self.plain

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002  (IPython passes them)
        if not self.parts:
            return {"text/plain": ""}
        return {
            "text/plain": self.plain,
            "text/html": together(part.html for part in self.parts),
            MIME: {
                "blocks": [part.face() for part in self.parts],
                "record": [shown.as_dict() for shown in self.record],
            },
        }


def together(parts: Iterable[Markup]) -> str:
    """The parts of a page as Jupyter shows them."""
    return str(Markup("\n").join(parts))


def joined(parts: Iterable[str | Markup], tag: str = "p") -> Markup:
    """Each part escaped and wrapped in `tag`."""
    return Markup("").join(Markup(f"<{tag}>{{}}</{tag}>").format(part) for part in parts)
