"""What a report is made of, part by part as digests: what has changed since it was built, and whether it must run again."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from reportkit import shared
from reportkit.model.background import Background
from reportkit.model.params import Params, Proof
from reportkit.pack.plan import Job
from reportkit.run import cells
from reportkit.snapshot import Manifest
from reportkit.snapshot.manifest import FILE as MANIFEST
from reportkit.workspace import Workspace

Parts = dict[str, dict[str, str]]  # file or thing: path inside: digest
BESIDE = "notebooks/"
LAYOUT = "the pages' layout"
BRAND = "_brand.yml"
ON_PAGES = {
    "organisation.yaml": ("language", "name", "notice", "page", "report"),
    "audiences.yaml": ("title",),
}  # labels alone
# In code: it may do what it does by the look, or by a label that else only pages show.
LOOKED_AT = re.compile(
    r"brand|\bsetting\b|\btheme\b|audience\.|\.audience\b|\borganisation\b|\bWorkspace\b|\bfindings\b"
)
MOST = 3  # changes that are told one by one
PACKAGE = Path(__file__).resolve().parents[1]
OUTSIDE = ("_notebooks", "check", "cli.py", "console.py", "preloaded", "preview", "scaffold", "unchanged.py")
PAGES = ("render", "pack")
DERIVED = ("bets of all quarters", "changes of proofs")  # told where nothing that they derive from is
DRIVERS = {
    "spark": "pyspark", "postgres": "psycopg", "trino": "trino",
    "snowflake": "snowflake-connector-python", "bigquery": "google-cloud-bigquery",
}  # fmt: skip
KEYED = ("audiences.yaml", "needles.yaml", "proofs.yaml", "sources.yaml")  # files of named entries


def parts(workspace: Workspace, quarter: str, jobs: Sequence[Job]) -> dict[str, Parts]:
    """By report the digests of all that it is made of."""
    known = workspace.background(quarter)
    everybodys = _shared(workspace, quarter, known)
    return {job.report: {**_own(workspace, job, known), **everybodys} for job in jobs}


def _own(workspace: Workspace, job: Job, known: Background) -> Parts:
    """What one report alone is made of."""
    bets = [promise for promise in known.promises if promise.needle in needles_of(workspace, job)]
    return {
        "bets of all quarters": {promise.needle: digest(repr(promise)) for promise in bets},
        job.notebook.name: dict(_cells(job.notebook)),
        BESIDE: dict(_beside(job.notebook)),
        **shared.planned(("params of", job.audience, job.quarter), lambda: _params(workspace, job)),
        "what it is made for": dict(_flat(job.parameters)),
        "the quarter's audiences": {"": digest(bool({*workspace.audiences_of(job.quarter)} - {job.audience}))},
    }


def _shared(workspace: Workspace, quarter: str, known: Background) -> Parts:
    """What all reports of a quarter are made of."""
    return {
        BRAND: dict(_brand(workspace)),
        **workspace.planned("what all are made of", quarter, lambda: _planned_by(workspace, quarter, known)),
    }


def _planned_by(workspace: Workspace, quarter: str, known: Background) -> Parts:
    """What all reports of a quarter are made of but the brand, which may have files anywhere."""
    manifest = Manifest.read(workspace.root / "extracts" / quarter)
    return {
        "the extract": {
            **{name: digest(asdict(entity)) for name, entity in manifest.entities.items()},
            "when and how it was taken": digest(
                [manifest.taken_at[:10], manifest.mapping_sha256, manifest.reportkit, manifest.drift]
            ),
        },
        **_background(known),
        "the records of earlier quarters": dict(_records(workspace.root / "reports", quarter)),
        "libraries": {**dict(_libraries()), **_driver(workspace)},
        **_code(),
    }


def results(workspace: Workspace, quarter: str) -> str:
    """A digest of all that sections are worked out from: every param, every extract, what git knows, and the code.

    Of what lies beside the notebooks, the Python that knows reportkit: imported by a cell, it may change what sections do.
    """
    found = workspace.planned("results", quarter, lambda: _results(workspace, quarter))
    beside = [path.read_bytes() for path in sorted((workspace.root / "notebooks").rglob("*.py"))]
    return digest([found, *(digest(content) for content in beside if b"reportkit" in content)])


def _results(workspace: Workspace, quarter: str) -> str:
    params = workspace.params
    read = [
        params.organisation,
        params.sources,
        *map(dict, (params.audiences, params.needles, params.proofs, params.quarters)),
    ]
    everybodys = _shared(workspace, quarter, workspace.background(quarter))
    apart = {thing: inside for thing, inside in everybodys.items() if thing not in (BRAND, LAYOUT)}
    return digest([[dict(_flat(tree)) for tree in read], apart])


def reason(before: Parts, now: Parts) -> str:
    """What differs, in one clause: 'needles.yaml changed: target of lead_time; executives.ipynb changed: cell 3'; '' for nothing."""
    told: dict[str, str] = {}
    for thing in dict.fromkeys((*now, *before)):
        if changed := _differing(before, now, thing):
            more = f" and {len(changed) - MOST} more" if len(changed) > MOST else ""
            listed = ", ".join(filter(None, (_named(path) if thing in KEYED else path for path in changed[:MOST])))
            told[thing] = f"{thing} changed: {listed}{more}" if listed else f"{thing} changed"
    first = [text for thing, text in told.items() if thing not in DERIVED]
    return "; ".join(first or told.values())


def _differing(before: Parts, now: Parts, thing: str) -> list[str]:
    """The paths inside a thing whose digests differ."""
    one, other = before.get(thing, {}), now.get(thing, {})
    return [path for path in dict.fromkeys((*other, *one)) if one.get(path) != other.get(path)]


def only_style(before: Parts, now: Parts) -> bool:
    """Whether nothing has changed but what pages are laid out by: templates, brand, and labels that only pages show."""
    return all(
        thing in (LAYOUT, BRAND)
        or all(path.rpartition(".")[2] in ON_PAGES.get(thing, ()) for path in _differing(before, now, thing))
        for thing in {*before, *now}
    )


def looked_at(notebook: Path) -> str:
    """What in the notebook, or beside it, makes something of the brand itself: 'cell 3', 'mine.py'; '' for nothing."""
    for number, cell in enumerate(cells(notebook), 1):
        if cell.cell_type == "code" and LOOKED_AT.search(cell.source):
            return f"cell {number}"
    beside = (
        path for path in sorted(notebook.parent.rglob("*.py")) if LOOKED_AT.search(path.read_text("utf-8", "replace"))
    )
    return next((path.name for path in beside), "")


def only_notebook(before: Parts, now: Parts, notebook: Path) -> bool:
    """Whether nothing has changed but the notebook and the look: what sections are worked out from is as it was."""
    changed = {thing for thing in {*before, *now} if before.get(thing) != now.get(thing)}
    return changed <= {notebook.name, LAYOUT, BRAND}


def _named(path: str) -> str:
    """'lead_time.bet.target' as 'target of lead_time'."""
    entry, _, rest = path.partition(".")
    return f"{rest.rsplit('.', 1)[-1]} of {entry}" if rest else path


def digest(content: object) -> str:
    """A short digest of bytes, or of anything that JSON can hold."""
    raw = content if isinstance(content, bytes) else json.dumps(content, sort_keys=True, default=str).encode()
    return hashlib.sha256(raw).hexdigest()[:16]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each entry below the value by its path: 'lead_time.bet.target'; a list is one entry."""
    if isinstance(value, Params):
        value = value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, digest(value)


def _cells(notebook: Path) -> Iterator[tuple[str, str]]:
    """The notebook's cells as their reader counts them; outputs that were saved with them do not count."""
    for number, cell in enumerate(cells(notebook), 1):
        yield f"cell {number}", digest([cell.cell_type, cell.source, cell.metadata.get("tags", [])])


def _beside(notebook: Path) -> Iterator[tuple[str, str]]:
    """What else lies in the notebook's folder, for its cells may read or import it."""
    for path in sorted(notebook.parent.rglob("*")):
        inside = path.relative_to(notebook.parent)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        if path.is_file() and path.suffix != ".ipynb" and not hidden:
            yield inside.as_posix(), digest(path.read_bytes())


def _params(workspace: Workspace, job: Job) -> Parts:
    """The entries of params/ that the report reads."""
    audience, particular = workspace.audience(job.audience), workspace.quarter(job.quarter)
    ask = particular.asks.get(job.audience, audience.ask)
    earlier = {name: entry for name, entry in workspace.quarters.items() if name < job.quarter}
    proofs, needles = _proofs(workspace, job), needles_of(workspace, job)
    own = particular.model_dump(mode="json", exclude={"audiences", "each", "asks"})
    return {
        "organisation.yaml": dict(_flat(workspace.organisation)),
        "audiences.yaml": dict(_flat({job.audience: audience.model_dump(mode="json")})),
        "needles.yaml": dict(
            _flat({n: entry.model_dump(mode="json") for n, entry in workspace.needles.items() if n in needles})
        ),
        "proofs.yaml": dict(_flat({name: proof.model_dump(mode="json") for name, proof in proofs.items()})),
        "sources.yaml": dict(
            _flat({name: choice.model_dump(mode="json") for name, choice in workspace.sources.choices.items()})
        ),
        f"{job.quarter}.yaml": dict(_flat({**own, "ask": ask.model_dump(mode="json") if ask else None})),
        "the params of earlier quarters": dict(
            _flat({n: e.model_dump(mode="json", exclude={"audiences", "each"}) for n, e in earlier.items()})
        ),
    }


def _proofs(workspace: Workspace, job: Job) -> Mapping[str, Proof]:
    """The proofs of this quarter and of those before it."""
    told = {name for quarter, entry in workspace.quarters.items() if quarter <= job.quarter for name in entry.proofs}
    return {name: proof for name, proof in workspace.proofs.items() if name in told}


def needles_of(workspace: Workspace, job: Job) -> set[str]:
    """The needles that a report may tell of: its reader's, its proofs', and that of what it asks for."""
    audience = workspace.audience(job.audience)
    ask = workspace.quarter(job.quarter).asks.get(job.audience, audience.ask)
    asked = {ask.needle} if ask and ask.needle else set()
    proved = {name for proof in _proofs(workspace, job).values() for name in proof.needles}
    return {audience.quantified_by, *audience.needles} | asked | proved


def _brand(workspace: Workspace) -> Iterator[tuple[str, str]]:
    brand = workspace.brand
    for name, value in asdict(brand).items():
        if name == "fonts":
            yield name, digest([(weight, style, digest(file.read_bytes())) for weight, style, file in brand.fonts])
        elif name == "logo":
            yield name, digest(brand.logo.read_bytes() if brand.logo else None)
        else:
            yield name, digest(value)


def _background(known: Background) -> Parts:
    """What is known beside the quarter's extract: earlier extracts, and proofs that were changed after their read-out."""
    extracts = {name: digest((folder / MANIFEST).read_bytes()) for name, folder in known.extracts.items()}
    return {
        "the extracts of earlier quarters": extracts,
        "changes of sources": {name: digest(str(sorted(changes.items()))) for name, changes in known.changed.items()},
        "changes of proofs": dict(_flat(known.amended)),
    }


def _records(reports: Path, quarter: str) -> Iterator[tuple[str, str]]:
    for path in sorted(reports.glob("*/record.json")):
        if path.parent.name < quarter:
            yield path.parent.name, digest(path.read_bytes())


@lru_cache(maxsize=1)
def _libraries() -> tuple[tuple[str, str], ...]:
    """Python and the libraries that reportkit asks for, with their versions."""
    needed = (requires("reportkit") or ()) if _installed("reportkit") else ()
    names = sorted(
        {line.split(";")[0].split("[")[0].rstrip("0123456789.<>=!~, ") for line in needed if "extra ==" not in line}
    )
    return (("Python", platform.python_version()), *((name, _installed(name)) for name in names))


def _driver(workspace: Workspace) -> dict[str, str]:
    """The library through which another engine is asked, with its version."""
    name = DRIVERS.get(workspace.organisation.engine.type)
    return {name: _installed(name)} if name else {}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


@lru_cache(maxsize=1)
def _code() -> Mapping[str, dict[str, str]]:
    """Reportkit's own code: what makes the numbers and pictures, and what lays them out."""
    numbers: dict[str, str] = {}
    pages: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*")):
        inside = path.relative_to(PACKAGE)
        if path.is_file() and "__pycache__" not in inside.parts and inside.parts[0] not in OUTSIDE:
            where = pages if inside.parts[0] in PAGES else numbers
            where[inside.as_posix()] = digest(path.read_bytes())
    return {
        "reportkit": {"version": digest(_installed("reportkit")), "its code": digest(numbers)},
        LAYOUT: {"": digest(pages)},
    }
