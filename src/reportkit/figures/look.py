"""What decides how a picture looks, beside the code and its libraries."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from reportkit import files
from reportkit.model.brand import Brand


def look(brand: Brand) -> Iterator[str]:
    """The brand, its fonts, and what a cell told matplotlib."""
    yield repr(brand)
    yield from (files.sha256_of(file) for _, _, file in brand.fonts)
    if "matplotlib" in sys.modules:
        from matplotlib import rcParams, rcParamsDefault

        where = ("backend", "interactive")  # it draws, which every first picture of a cell's own settles
        usual = dict(dict.items(rcParamsDefault))  # as they lie there: matplotlib looks at each one that is asked for
        told = {key: value for key, value in dict.items(rcParams) if value != usual[key] and key not in where}
        yield from (f"{key}={value}" for key, value in told.items())
