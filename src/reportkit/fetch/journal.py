"""Pages that were fetched and not yet stored: one line a page, so that no kill loses more than the page under way.

The journal holds what `records` kept of each answer. It belongs to one generation of the stored rows: once a fetch is
stored as a whole, the next one begins a new journal.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "pages.jsonl"


@dataclass(frozen=True)
class Page:
    """An answer as it was kept: the headers that paging needs, and the reduced body."""

    headers: Mapping[str, str]
    body: Any


class Journal:
    """The pages of a fetch under way. `replayed` counts those that an earlier, interrupted fetch had left."""

    def __init__(self, folder: Path, generation: str) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._left: dict[str, tuple[int, int]] = {}  # by an earlier fetch
        self.replayed = 0
        self.pages = 0  # kept so far
        folder.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+b")
        if not self._read(generation):
            self._file.truncate(0)
            self._append({"generation": generation})

    def get(self, address: str) -> Page | None:
        """The page that an earlier fetch kept for the address, None where there is none."""
        with self._lock:
            if address not in self._left:
                return None
            start, length = self._left[address]
            self._file.seek(start)
            line = json.loads(self._file.read(length))
            self.replayed += 1
        return Page(line["headers"], line["body"])

    def put(self, address: str, page: Page) -> None:
        """Keep a page."""
        with self._lock:
            self._append({"address": address, "headers": dict(page.headers), "body": page.body})
            self.pages += 1

    def forget(self) -> None:
        """Remove the journal: what it held is stored."""
        self.close()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file; its pages stay."""
        self._file.close()

    def _append(self, line: Mapping[str, Any]) -> None:
        self._file.seek(0, 2)
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._file.flush()

    def _read(self, generation: str) -> bool:
        """Whether the file is of this generation; a last line that was cut short is taken off."""
        self._file.seek(0)
        start, right = 0, False
        for line in self._file:
            try:
                entry = json.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                entry = None
            if entry is None:
                self._file.truncate(start)
                break
            if start == 0:
                right = entry.get("generation") == generation
            elif right:
                self._left[entry["address"]] = (start, len(line))
                self.pages += 1
            start += len(line)
        return right
