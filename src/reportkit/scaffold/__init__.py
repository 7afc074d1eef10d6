"""A new workspace that builds at once: `reportkit init`, with or without the git clones that it is about."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from reportkit.errors import ReportkitError
from reportkit.model.period import Quarter, monday
from reportkit.params import schemas
from reportkit.scaffold.audience import notebook
from reportkit.scaffold.survey import Survey, look, system_zone

AUDIENCES = ("executives", "head_of_engineering")
PARAMS = ("organisation.yaml", "audiences.yaml", "needles.yaml", "proofs.yaml", "_brand.yml")
PLACEHOLDER = re.compile(r"@([a-z_]+)@")


@dataclass(frozen=True)
class Created:
    """A new workspace: its folder, the quarter that it reports first, its services, and what its owner should know."""

    root: Path
    quarter: Quarter
    services: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def create(folder: Path, *, from_git: Sequence[Path] = (), quarter: Quarter | None = None) -> Created:
    """Write a workspace into `folder`, about the clones in `from_git` where given.

    Without `quarter` it reports the last complete quarter that has facts. Raises ReportkitError where the folder holds
    something already and SourceError where a clone cannot be read; then nothing is written.
    """
    target = Path(os.path.abspath(folder))  # noqa: PTH100  resolve() would follow a link that is to become the workspace
    _free(target, folder)
    zone = system_zone()
    survey = look(from_git, zone)
    chosen = quarter or survey.quarter or Quarter.of(datetime.now(ZoneInfo(zone)).date()).shift(-1)
    words = _words(survey, chosen, target, zone)
    with _whole(target) as scratch:
        _params(scratch / "params", words, chosen, survey)
        _notebooks(scratch / "notebooks", chosen)
        (scratch / "extracts" / "raw").mkdir(parents=True)
        (scratch / "extracts" / "raw" / ".gitkeep").touch()
        (scratch / "reports").mkdir()
        (scratch / ".gitignore").write_text(_template("gitignore"), encoding="utf-8")
    return Created(target, chosen, survey.services, survey.notes(chosen))


def _free(target: Path, given: Path) -> None:
    if target.is_symlink() and not target.exists():
        raise ReportkitError(f"{given} is a link to nowhere; name a new folder.")
    if target.exists() and not target.is_dir():
        raise ReportkitError(f"{given} is a file; name a new folder for the workspace.")
    if target.is_dir() and any(target.iterdir()):
        raise ReportkitError(f"{given} is not empty, and nothing in it may be overwritten; name a new folder.")


def _words(survey: Survey, quarter: Quarter, target: Path, zone: str) -> Mapping[str, str]:
    """What the templates' placeholders stand for."""
    window = quarter.window
    return {
        "name": json.dumps(survey.owner or _title(target.name), ensure_ascii=False),
        "time_zone": zone,
        "quarter": str(quarter),
        "start": str(monday(window.end - timedelta(weeks=16))),
        "read_out": str(window.end),
        "features": _template("features.yaml") if survey.has_features else "",
        **survey.words(target),
    }


def _title(name: str) -> str:
    """'My reports' for my-reports."""
    words = re.sub(r"[-_.\s]+", " ", name).strip() or "Our organisation"
    return words[:1].upper() + words[1:]


def _params(folder: Path, words: Mapping[str, str], quarter: Quarter, survey: Survey) -> None:
    folder.mkdir()
    sources = "sources.git.yaml" if survey.stories else "sources.file.yaml"
    files = {name: name for name in PARAMS} | {"sources.yaml": sources, f"{quarter}.yaml": "quarter.yaml"}
    for name, template in files.items():
        text = PLACEHOLDER.sub(lambda match: words[match[1]], _template(template))
        (folder / name).write_text(text, encoding="utf-8")
    (folder / ".schema").mkdir()
    for name, schema in schemas().items():
        path = folder / ".schema" / f"{Path(name).stem}.json"
        path.write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _notebooks(folder: Path, quarter: Quarter) -> None:
    """Copies of the audiences' notebooks, with the quarter as their default for those who run them by hand."""
    folder.mkdir()
    for key in AUDIENCES:
        (folder / f"{key}.ipynb").write_text(notebook(key, str(quarter)), encoding="utf-8")


def _template(name: str) -> str:
    return (resources.files("reportkit") / "scaffold" / "templates" / name).read_text(encoding="utf-8")


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A scratch folder beside `target` that becomes it, whole, at the end; on any failure nothing stays behind."""
    made = [parent for parent in (target.parent, *target.parent.parents) if not parent.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    scratch.chmod(0o755)
    try:
        yield scratch
        _put(scratch, target)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        for parent in made:
            parent.rmdir()
        raise


def _put(scratch: Path, target: Path) -> None:
    if not (target.is_dir() and target.samefile(Path.cwd())):
        scratch.rename(target)  # replaces an empty folder, refuses one that was filled meanwhile
        return
    moved: list[Path] = []  # the current folder cannot be replaced under the feet of whoever stands in it
    try:
        for entry in sorted(scratch.iterdir()):
            moved.append(entry.rename(target / entry.name))  # noqa: PERF401  the list is for the way back
    except BaseException:
        for path in moved:
            path.rename(scratch / path.name)
        raise
    scratch.rmdir()
