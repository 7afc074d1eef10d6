"""Executed notebooks as pages: one self-contained HTML file, one tagged PDF, and the index of a quarter."""

from reportkit.figures.theme import load_brand
from reportkit.render.contents import index
from reportkit.render.page import html
from reportkit.render.paper import pdf
from reportkit.render.restyle import can_be as can_be_restyled
from reportkit.render.restyle import restyled
from reportkit.render.sheet import Entry, Health, Sheet, Table

__all__ = ["Entry", "Health", "Sheet", "Table", "can_be_restyled", "html", "index", "load_brand", "pdf", "restyled"]
