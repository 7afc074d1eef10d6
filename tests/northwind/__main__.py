"""`python -m tests.northwind [FOLDER]` writes the exports, into extracts/raw/ where no folder is given."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.northwind.exports import everything

RAW = Path(__file__).resolve().parents[2] / "extracts" / "raw"


def write(folder: Path) -> list[Path]:
    """The paths of the exports, written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in everything().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        written.append(folder / name)
    return written


if __name__ == "__main__":
    for path in write(Path(sys.argv[1]) if len(sys.argv) > 1 else RAW):
        sys.stdout.write(f"{path}  {path.stat().st_size:,} bytes\n")
