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
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    sealed = {"seal": seal(root, quarter, said["watched"]), "ground": ground(root, quarter)}
    return {_asked(audiences): {**said, **sealed}}


def edited(root: Path, quarter: str, audiences: Sequence[str]) -> bool:
    """Whether the last build that was asked for the same reports had the same ground: it is notebooks alone that may have changed."""
    try:
        kept = json.loads((root / "reports" / quarter / FILE).read_text(encoding="utf-8"))
        return bool(kept["said"][_asked(audiences)]["ground"] == ground(root, quarter))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _asked(audiences: Sequence[str]) -> str:
    return " ".join(sorted(set(audiences)))


def seal(root: Path, quarter: str, watched: Sequence[str]) -> str:
    """A digest of all that a build of the quarter may read, and of what it wrote."""
    return _digest(_parts(root, quarter, watched))


def ground(root: Path, quarter: str) -> str:
    """A digest of all that a build of the quarter is planned by but its notebooks, what it wrote, and files elsewhere."""
    return _digest(_ground(root, quarter))


def written(root: Path) -> str:
    """A digest of what people write and a build reads: params and notebooks."""
    return _digest(_texts(root, [*_below(root / "params"), *_below(root / "notebooks")]))


def elsewhere(root: Path, watched: Sequence[str]) -> Iterator[bytes]:
    """The sizes and times of the files that the patterns match."""
    for pattern in watched:
        yield from (_stat(root / name) for name in sorted(glob.glob(pattern, root_dir=root, recursive=True)))  # noqa: PTH207


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
        digest.update(b"\0")
    return digest.hexdigest()


def _parts(root: Path, quarter: str, watched: Sequence[str]) -> Iterator[bytes]:
    yield from _ground(root, quarter)
    yield from _texts(root, _below(root / "notebooks"))
    others = _below(Path(__file__).parents[2] / "notebooks")
    others += [path for path in _below(root / "reports" / quarter) if path.name != FILE]
    yield from map(_stat, others)
    yield from elsewhere(root, watched)


def _texts(root: Path, paths: Iterable[Path]) -> Iterator[bytes]:
    """Each file as it is, with the variables that it names."""
    for path in paths:
        content = path.read_bytes() if path.is_file() else b"-"
        yield str(path.relative_to(root)).encode() + b"=" + content
        for name in VARIABLE.findall(content):
            yield name + b"=" + os.environb.get(name, b"")


def _ground(root: Path, quarter: str) -> Iterator[bytes]:
    yield f"{FORMAT} {sys.version} {sys.prefix}".encode()
    yield from _texts(root, [*_below(root / "params"), root / "extracts" / quarter / "manifest.json"])
    others = [*_below(Path(__file__).parent), *_below(root / "extracts" / quarter)]
    others += sorted((root / "extracts").glob("*/manifest.json"))
    others += [path for path in sorted((root / "reports").glob("*/record.json")) if path.parent.name != quarter]
    others += [path for folder in (root, *root.parents) for path in _git(folder)]  # proofs are looked up in git
    yield from map(_stat, others)
    for folder in sys.path:
        if folder.endswith("site-packages"):
            yield " ".join(sorted(name for name in os.listdir(folder) if name.endswith(".dist-info"))).encode()  # noqa: PTH208


def _git(folder: Path) -> list[Path]:
    """What a commit changes of what git keeps of the folder, if it looks after it: elsewhere, where that is one of several worktrees."""
    try:
        kept = folder / ".git"
        if kept.is_file():
            kept = folder / kept.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        if not kept.is_dir():
            return []
        common = kept / "commondir"
        shared = kept / common.read_text(encoding="utf-8").strip() if common.is_file() else kept
        ref = (kept / "HEAD").read_text(encoding="utf-8").removeprefix("ref:").strip()
    except (OSError, ValueError):  # git itself will say what is the matter
        return []
    return [kept / "HEAD", kept / "logs" / "HEAD", shared / ref, shared / "packed-refs"]


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
