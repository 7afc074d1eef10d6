"""The lines of the params files that each entry stands in, for messages about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """The line, from 1, of an entry, and those of what it holds, by their keys or their places in the list."""

    number: int
    inside: Mapping[str, Line]


@dataclass(frozen=True)
class Lines:
    """Line numbers of the entries of the params files, for messages about them."""

    files: Mapping[str, Line] = field(default_factory=dict)

    def where(self, file: str, *path: object) -> str:
        """'params/needles.yaml:12': the line of the deepest part of `path` that the file has."""
        here, line = self.files.get(file), None
        for step in path:
            here = here.inside.get(str(step)) if here else None
            line = here.number if here else line
        return f"params/{file}" + (f":{line}" if line else "")
