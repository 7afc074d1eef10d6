"""A new audience in a workspace that there is: one notebook to start from, and one entry."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from reportkit import files
from reportkit.errors import ParamsError, ReportkitError
from reportkit.model.needle import Needle
from reportkit.model.params import RESERVED
from reportkit.needles import find, library
from reportkit.workspace import Workspace

KEY = re.compile(r"[a-z][a-z0-9_]*")
FILE = "audiences.yaml"
LIKE = "executives"  # whose notebook a reader gets who has none of their own
MOST = 5  # supporting needles to begin with
PROOFS = 2  # proofs that a reader is told of to begin with

Lacks = Callable[[Needle], str | None]


@dataclass(frozen=True)
class Draft:
    """What an audience may care for: their problem as they might put it, and needles, the likeliest first."""

    title: str
    problem: str
    needles: tuple[str, ...]
    guardrails: tuple[str, ...] = ()


@dataclass(frozen=True)
class Added:
    """A new audience: its notebook, the needle that it begins with, and what its owner should know."""

    notebook: Path
    primary: str
    notes: tuple[str, ...]


def add(place: Workspace, key: str, lacks: Lacks) -> Added:
    """Write the notebook of a new audience and its entry in audiences.yaml; `lacks` says what a needle cannot go without.

    Raises ReportkitError where the key is no name, the audience or its notebook is there already, or the workspace's
    extracts give no needle; then nothing is written.
    """
    if not KEY.fullmatch(key):
        raise ReportkitError(f"{key!r} is no key of an audience; write small letters, digits and _, such as finance.")
    if key in RESERVED:
        raise ReportkitError(f"{key!r} is the name of a file or folder beside the reports; choose another key.")
    if key in place.audiences:
        raise ParamsError(
            f"there is an audience {key} already; choose another key, or change this entry.",
            where=place.params.lines.where(FILE, key),
        )
    path = place.root / "notebooks" / f"{key}.ipynb"
    if path.exists():
        raise ReportkitError(f"notebooks/{path.name} is there already, and is not overwritten; move it first.")
    entry, primary = _entry(place, key, _draft(key, lacks), lacks)
    params = place.root / "params" / FILE
    text = _appended(params.read_text(encoding="utf-8"), key, entry)
    _put(path, notebook(key, max(place.quarters, default="")))
    try:
        _put(params, text)
    except BaseException:
        path.unlink()
        raise
    return Added(path, primary, tuple(_notes(place, key)))


def drafts() -> dict[str, Draft]:
    """The audiences that reportkit knows, by key."""
    text = (resources.files("reportkit") / "scaffold" / "templates" / "drafts.yaml").read_text(encoding="utf-8")
    return {
        key: Draft(e["title"], e["problem"], tuple(e["needles"]), tuple(e.get("guardrails", ())))
        for key, e in _read(text).items()
    }


def _draft(key: str, lacks: Lacks) -> Draft:
    """The draft of an audience; of one that nobody foresaw, the first needles that can be computed."""
    if known := drafts().get(key):
        return known
    title = key.replace("_", " ").capitalize()
    able = [name for name, needle in library().items() if lacks(needle) is None]
    return Draft(title, find(able[0]).question if able else "", tuple(able[: 1 + MOST]))


def _entry(place: Workspace, key: str, draft: Draft, lacks: Lacks) -> tuple[str, str]:
    """The entry as YAML, with the needles of the draft that can be computed here; and the primary one."""
    able = _able(draft.needles, lacks)
    if not able:
        why = next(filter(None, (lacks(find(name)) for name in draft.needles)), "map an entity in sources.yaml first.")
        raise ReportkitError(f"no needle for {key} can be computed here: {why}")
    lines = [
        f"{key}:",
        f"  title: {json.dumps(draft.title, ensure_ascii=False)}",
        f"  problem: {json.dumps(draft.problem, ensure_ascii=False)} # a draft: ask them, and write what they say",
        f"  quantified_by: {able[0]}",
        f"  primary: {able[0]}",
    ]
    lines += [f"  supporting: [{', '.join(able[1 : 1 + MOST])}]"] if able[1:] else []
    guards = [name for name in _able(draft.guardrails, lacks) if name not in able[: 1 + MOST]]
    lines += [f"  guardrails: [{', '.join(guards)}]"] if guards else []
    told = _told(place, {*able[: 1 + MOST], *guards})
    lines += [f"  proofs: [{', '.join(told)}]"] if told else []
    return "\n".join(lines) + "\n", able[0]


def _told(place: Workspace, needles: set[str]) -> list[str]:
    """The latest quarter's proofs that weigh most of the needles, where there are more than a report holds."""
    latest = max(place.quarters, default="")
    proofs = place.quarters[latest].proofs if latest else ()
    shared = {key: len(needles & {*place.proofs[key].headline, *place.proofs[key].supporting}) for key in proofs}
    best = sorted(shared, key=lambda key: -shared[key])[:PROOFS]
    return [key for key in best if shared[key]] or best[:1] if len(proofs) > PROOFS else []


def _able(names: Sequence[str], lacks: Lacks) -> list[str]:
    return [name for name in names if lacks(find(name)) is None]


def _appended(text: str, key: str, entry: str) -> str:
    """The file with the entry at its end, and all that was in it as it was."""
    before: Any = _read(text) or {}
    kept = "" if not before else text.rstrip("\n") + "\n"
    comments = "\n".join(line for line in text.splitlines() if line.startswith("#")) if not before else ""
    after = f"{comments}\n{entry}".lstrip("\n") if not kept else f"{kept}\n{entry}"
    try:
        read = _read(after)
    except YAMLError:
        read = None
    if not isinstance(read, dict) or {name: read[name] for name in read if name != key} != before:
        raise ReportkitError(
            f"params/{FILE} cannot be added to, for it does not end in plain entries one below the other; write this into it:\n{entry}"
        )
    return after


def _read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def notebook(key: str, quarter: str) -> str:
    """The notebook that reportkit has for an audience, or a general one under its name; `quarter` is its default, if given."""
    known = files.shipped_notebooks() / f"{key}.ipynb"
    origin = known if known.is_file() else files.shipped_notebooks() / f"{LIKE}.ipynb"
    text = re.sub(r'audience = \\"[^"\\]*\\"', rf'audience = \\"{key}\\"', origin.read_text(encoding="utf-8"), count=1)
    if not known.is_file():
        text = text.replace("report.how(brief=True)", "report.how()")
    return re.sub(r'quarter = \\"[^"\\]*\\"', rf'quarter = \\"{quarter}\\"', text, count=1) if quarter else text


def _notes(place: Workspace, key: str) -> list[str]:
    latest = max(place.quarters, default="")
    if latest and place.quarters[latest].audiences:
        return [f"params/{latest}.yaml names its audiences; add {key} there."]
    return []


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
