"""Executed notebooks as pages: one self-contained HTML file, one tagged PDF, and the index of a quarter."""

from reportkit.figures.theme import load_brand
from reportkit.render.contents import index
from reportkit.render.page import html
from reportkit.render.paper import pdf
from reportkit.render.sheet import Entry, Health, Sheet, Table

__all__ = ["Entry", "Health", "Sheet", "Table", "html", "index", "load_brand", "pdf"]
