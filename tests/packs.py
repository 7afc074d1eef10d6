"""A workspace whose notebooks show what a test wants shown, so that building it takes a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat

from reportkit import unchanged

PARAMETERS = 'audience = ""\nquarter = ""'
SHOW = """\
from markupsafe import Markup
from reportkit.display import Block, Page
from reportkit.model.shown import Shown
def show(kind, text, *numbers):
    record = tuple(Shown(id, f"{value} days", value, extract=extract) for id, value in numbers)
    return Page((Block(kind, Markup("<h1>{}</h1>").format(text), text, record),))
import json, os, pathlib
manifest = pathlib.Path(os.environ["REPORTKIT_WORKSPACE"], "extracts", quarter, "manifest.json")
extract = json.loads(manifest.read_text())["entities"]["deployments"]["sha256"]"""
GOOD = (SHOW, 'show("answer", f"Answer for {audience}", ("lead_time.now", 4.0))')
PARAMS = {
    "organisation.yaml": "name: Sample\nnotice: Sample is invented.\n",
    "sources.yaml": """\
sources:
  deployments: {type: file, path: extracts/raw/deployments.csv}
entities:
  deployments:
    source: deployments
    columns: {deployment_id: id, team: team, deployed_at: moment}
    covers: [2026-01-01, 2026-07-01]
""",
    "audiences.yaml": "".join(
        f"{name}:\n  title: {title}\n  problem: Slow.\n  quantified_by: deployment_frequency\n  primary: deployment_frequency\n"
        for name, title in (("executives", "Executives"), ("security", "Security"))
    ),
    "2026-Q1.yaml": "audiences: [executives]\n",
    "2026-Q2.yaml": "{}\n",
}
EXPORT = "id,team,moment\n" + "".join(f"{day},ant,2026-04-{day:02}T10:00:00Z\n" for day in range(1, 29))


def workspace(root: Path, cells: Mapping[str, Sequence[str]] | None = None) -> Path:
    """A workspace in `root` for executives and security, whose notebooks have these cells."""
    for folder in ("params", "notebooks", "extracts/raw"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, text in PARAMS.items():
        (root / "params" / name).write_text(text)
    (root / "extracts" / "raw" / "deployments.csv").write_text(EXPORT)
    for audience in ("executives", "security"):
        notebook(root, audience, *(cells or {}).get(audience, GOOD))
    return root


def notebook(root: Path, audience: str, *cells: str, parameters: str = PARAMETERS) -> Path:
    """Write the audience's notebook with these cells below its parameters."""
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}, id="parameters")]
    made.cells += [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(cells)]
    path = root / "notebooks" / f"{audience}.ipynb"
    nbformat.write(made, path)
    return path


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below the folder with its bytes, but what a build remembers of itself."""
    found = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != unchanged.FILE)
    return {str(p.relative_to(folder)): p.read_bytes() for p in found}
