"""Files: what a system exports, or somebody keeps by hand. The columns are the file's own; sources.yaml maps them.

How files are found, unpacked and read stands in reportkit.fetch.tabular.
"""

from __future__ import annotations

from typing import Literal

from reportkit.fetch.tabular import FileSpec, local, look, read, replaced

__all__ = ["Spec", "local", "look", "read", "replaced"]


class Spec(FileSpec):
    """Settings of a file source."""

    type: Literal["file"] = "file"
