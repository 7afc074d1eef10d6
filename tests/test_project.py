"""The rules of the house: linters, types, the import map, notebooks without outputs, locks without addresses."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import reportkit
from reportkit import catalogue

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
LOCKS = ("requirements.lock", "requirements-dev.lock")

DISTRIBUTIONS = {
    "bs4": "beautifulsoup4",
    "psycopg": "ibis_framework",
    "ibis": "ibis_framework",
    "dotenv": "python_dotenv",
    "ruamel": "ruamel.yaml",
}


def _imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (REPOSITORY / name).is_file()]


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "--output-format=concise"],
        ["ruff", "format", "--check"],
        ["mypy"],
        ["lint-imports", "--no-logo"],
    ],
    ids=" ".join,
)
def test_the_code_passes(command: list[str]) -> None:
    path = Path(sys.executable).with_name(command[0])
    done = subprocess.run([str(path), *command[1:]], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_map_in_the_package_is_the_import_contract() -> None:
    drawn = re.findall(r"^    (\w+)  +\S", reportkit.__doc__ or "", re.MULTILINE)
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    held = [name.strip().removeprefix("reportkit.") for layer in layers for name in re.split("[:|]", layer)]
    assert drawn == held


@pytest.mark.parametrize("page", ["needles", "entities"])
def test_the_pages_of_docs_say_what_the_declarations_say(page: str) -> None:
    written = (REPOSITORY / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert written == getattr(catalogue, f"{page}_page")(), "run `make docs`"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_kept_without_outputs_and_thin(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in code] == [[] for _ in code]
    assert {cell["execution_count"] for cell in code} == {None}
    assert len(notebook["cells"]) <= 20
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_versions_and_hashes_and_no_place_to_get_them_from(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert re.search(r"://|--(index|extra-index|find-links|trusted)", text) is None
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [
        e.splitlines()[0] for e in entries if not re.match(r"[\w.\-\[\]]+==\S+", e) or "--hash=sha256:" not in e
    ] == []


def test_every_dependency_is_locked() -> None:
    def named(requirements: list[str]) -> set[str]:
        return {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=;, ]", r)[0]).lower() for r in requirements}

    project = PROJECT["project"]
    runtime, dev = (
        {line.split("==")[0] for line in (REPOSITORY / n).read_text().splitlines() if "==" in line} for n in LOCKS
    )
    assert named(project["dependencies"]) - runtime == set()
    assert named(project["optional-dependencies"]["dev"]) - dev == set()
    assert runtime <= dev


def test_what_is_imported_is_declared() -> None:
    source = [path.read_text(encoding="utf-8") for path in (REPOSITORY / "src").rglob("*.py")]
    found = {name for text in source for name in _imported(text)} - set(sys.stdlib_module_names) - {"reportkit"}
    project = PROJECT["project"]
    optional = [r for name, extra in project["optional-dependencies"].items() if name != "dev" for r in extra]
    declared = {re.split(r"[\[<>=;, ]", r)[0].lower() for r in [*project["dependencies"], *optional]}
    assert {DISTRIBUTIONS.get(name, name).lower() for name in found} - {
        d.replace("-", "_") for d in declared
    } - declared == set()


def test_nothing_tracked_was_made_by_a_build_or_names_a_machine() -> None:
    names = tracked()
    assert [n for n in names if n.startswith(("reports/", "build/", "dist/")) and not n.endswith(".gitkeep")] == []
    assert [n for n in names if n.startswith("extracts/") and not n.startswith("extracts/raw/")] == []
    machine = re.compile(rb"/(home|root|Users)/[a-z]+/")
    texts = [
        n for n in names if n.endswith((".py", ".md", ".yaml", ".yml", ".toml", ".ipynb", ".lock", ".html", ".css"))
    ]
    assert [n for n in texts if machine.search((REPOSITORY / n).read_bytes())] == []
    assert sum((REPOSITORY / n).stat().st_size for n in names if n.startswith("extracts/raw/")) <= 12_000_000
