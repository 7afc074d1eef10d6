"""What one report needs, packed up: params, its notebook and the extract, small enough to travel to another machine."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STAMP = (1980, 1, 1, 0, 0, 0)  # zip knows no earlier time; the same bytes for the same files


@dataclass(frozen=True)
class Parcel:
    """Files as one zip, and its digest: a worker that has unpacked it once needs it no more."""

    digest: str
    content: bytes


def packed(root: Path, paths: Iterable[Path], also: Mapping[str, bytes] | None = None) -> Parcel:
    """The files, by their paths below the root, and others by name, as one parcel."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:  # Parquet is packed already
        for path in sorted(set(paths)):
            archive.writestr(zipfile.ZipInfo(path.relative_to(root).as_posix(), STAMP), path.read_bytes())
        for name, inside in (also or {}).items():
            archive.writestr(zipfile.ZipInfo(name, STAMP), inside)
    content = target.getvalue()
    return Parcel(hashlib.sha256(content).hexdigest(), content)


def shared(root: Path, quarter: str) -> list[Path]:
    """What all reports of a quarter need but facts: params with brand and fonts, manifests up to this one, earlier records."""
    found = [path for path in (root / "params").rglob("*") if path.is_file() and ".schema" not in path.parts]
    found += [path for path in sorted((root / "extracts").glob("*/manifest.json")) if path.parent.name <= quarter]
    found += [path for path in (root / "reports").glob("*/record.json") if path.parent.name < quarter]
    return [path for path in found if path.is_file()]


def facts(root: Path, quarter: str) -> dict[tuple[str, str], Path]:
    """The frozen files of the extracts up to this quarter, by quarter and entity."""
    found: dict[tuple[str, str], Path] = {}
    for path in sorted((root / "extracts").glob("*/manifest.json")):
        if path.parent.name <= quarter:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            found |= {(path.parent.name, name): path.parent / f"{name}.parquet" for name in manifest["entities"]}
    return {key: path for key, path in found.items() if path.is_file()}


def beside(notebook: Path) -> list[Path]:
    """The notebook and what lies beside it, other notebooks left out."""
    hidden = (".", "__pycache__")
    return [notebook] + [
        path
        for path in notebook.parent.rglob("*")
        if path.is_file()
        and path.suffix != ".ipynb"
        and not any(part.startswith(hidden) for part in path.relative_to(notebook.parent).parts)
    ]


@contextmanager
def unpacked(parcels: Iterable[Parcel]) -> Iterator[Path]:
    """A folder with the files of the parcels, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="reportkit-") as folder:
        root = Path(folder).resolve()
        for parcel in parcels:
            with zipfile.ZipFile(io.BytesIO(parcel.content)) as archive:
                archive.extractall(root)
        yield root
