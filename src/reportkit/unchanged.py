"""Whether anything at all is different from the last build, found out in hundredths of a second: nothing heavy is imported.

A seal covers the bytes of params, notebooks and manifest, and size and times of everything bigger. An unbroken seal means
that nothing has changed; a broken one only that a closer look is due.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = ".built.json"  # in reports/<quarter>/
FORMAT = 1
QUARTER = re.compile(r"\d{4}-Q[1-4]")
VARIABLE = re.compile(rb"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def latest(root: Path) -> str | None:
    """The latest quarter with a file in params/, by the files' names."""
    names = (path.stem for path in (root / "params").glob("*.y*ml") if QUARTER.fullmatch(path.stem))
    return max(names, default=None)


def last(root: Path, quarter: str, audiences: Sequence[str]) -> Mapping[str, Any] | None:
    """What the last build said, where nothing is different since and it was asked for the same reports; else None."""
    if not QUARTER.fullmatch(quarter):
        return None
    try:
        kept = json.loads((root / "reports" / quarter / FILE).read_text(encoding="utf-8"))
        said: Mapping[str, Any] = kept["said"][_asked(audiences)]
        return said if said["seal"] == seal(root, quarter, said["watched"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def saying(root: Path, quarter: str, audiences: Sequence[str], said: Mapping[str, Any]) -> dict[str, Any]:
    """What a build says, sealed, under what it was asked for. `said["watched"]` are patterns of further files."""
    return {_asked(audiences): {**said, "seal": seal(root, quarter, said["watched"])}}


def _asked(audiences: Sequence[str]) -> str:
    return " ".join(sorted(set(audiences)))


def seal(root: Path, quarter: str, watched: Sequence[str]) -> str:
    """A digest of all that a build of the quarter may read, and of what it wrote."""
    digest = hashlib.sha256()
    for part in _parts(root, quarter, watched):
        digest.update(part)
        digest.update(b"\0")
    return digest.hexdigest()


def _parts(root: Path, quarter: str, watched: Sequence[str]) -> Iterator[bytes]:
    yield f"{FORMAT} {sys.version} {sys.prefix}".encode()
    texts = [*_below(root / "params"), *_below(root / "notebooks"), root / "extracts" / quarter / "manifest.json"]
    for path in texts:
        content = path.read_bytes() if path.is_file() else b"-"
        yield str(path.relative_to(root)).encode() + b"=" + content
        for name in VARIABLE.findall(content):
            yield name + b"=" + os.environb.get(name, b"")
    package = Path(__file__).parent
    others = [*_below(package), *_below(package.parents[1] / "notebooks"), *_below(root / "extracts" / quarter)]
    others += [path for path in _below(root / "reports" / quarter) if path.name != FILE]
    others += sorted((root / "reports").glob("*/record.json"))
    others += [Path(name) for pattern in watched for name in sorted(glob.glob(pattern, root_dir=root, recursive=True))]  # noqa: PTH207
    others += [folder / ".git" / "logs" / "HEAD" for folder in (root, *root.parents)]  # proofs are looked up in git
    for path in others:
        yield _stat(root / path)
    for folder in sys.path:
        if folder.endswith("site-packages"):
            yield " ".join(sorted(name for name in os.listdir(folder) if name.endswith(".dist-info"))).encode()  # noqa: PTH208


def _stat(path: Path) -> bytes:
    try:
        found = path.stat()
    except OSError:
        return f"{path} -".encode()
    return f"{path} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}".encode()


def _below(folder: Path) -> list[Path]:
    """Every file below the folder, sorted; what hides or is derived left out."""
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
        found += [Path(here, name) for name in sorted(names) if not name.startswith(".")]
    return found
