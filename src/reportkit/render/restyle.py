"""An executed notebook in another brand: its pictures are drawn again from their recipes, and no cell is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from reportkit.display import MIME, Figure, together
from reportkit.errors import RenderError
from reportkit.figures.recipe import drawn_again
from reportkit.model.brand import Brand

if TYPE_CHECKING:
    from nbformat import NotebookNode  # which a kernel has no need of


def restyled(notebook: NotebookNode, brand: Brand) -> NotebookNode:
    """The notebook as running it in this brand would have left it. Raises RenderError where a picture cannot be drawn again."""
    for page in _pages(notebook):
        blocks = page[MIME]["blocks"]
        for block in blocks:
            if recipe := block.get("recipe"):
                try:
                    block.update(drawn_again(recipe, brand))
                except (TypeError, ValueError, LookupError, AttributeError, ImportError) as error:
                    raise RenderError(
                        f"a picture cannot be drawn again from the executed notebook ({error}); build with --force."
                    ) from None
        page["text/html"] = together(_shown(block) for block in blocks)
    return notebook


def _pages(notebook: NotebookNode) -> Iterator[Any]:
    """The MIME bundles of our own outputs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if MIME in output.get("data", {}):
                yield output["data"]


def _shown(block: Any) -> Markup:
    if "svg" not in block:
        return Markup(block["html"])
    return Figure(block["name"], block["svg"], block["live"], block["alt"], block["caption"]).html
