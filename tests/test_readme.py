"""Every block of the README does what it says, with reportkit as it is installed: from the wheel, in folders of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reportkit import sources
from reportkit.model.params import Organisation, QuarterParams, Sources
from reportkit.written import read
from tests import building
from tests.unit.repositories import Repository

REPOSITORY = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(
    r"^```(\w+)\n(.*?)^```$", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
SHELL = [text for language, text in BLOCKS if language == "sh"]
OWN_WORK = [text for text in SHELL if "--from-git" in text]
MAKE = [text for text in SHELL if text.startswith("make ")]
NORTHWIND = [text for text in SHELL if text not in OWN_WORK + MAKE]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of commands: reportkit as its wheel has it, and pip as if it had just installed it."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder / "site")
    commands = {
        "reportkit": f"exec env PYTHONPATH={folder}/site {sys.executable} -c 'from reportkit.cli import main; main()' \"$@\"",
        "python": f'exec env PYTHONPATH={folder}/site {sys.executable} "$@"',
        "pip": '[ "$*" = "install ." ]',
    }
    (folder / "bin").mkdir()
    for name, text in commands.items():
        path = folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return folder


def run(script: str, folder: Path, installed: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REPORTKIT_")}
    environment["PATH"] = f"{installed / 'bin'}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def history(path: Path) -> None:
    """Half a year of merges and tags of one service."""
    repository = Repository.make(path)
    first = datetime.fromisoformat("2026-01-05T09:00:00+00:00")
    for week in range(26):
        day = first + timedelta(weeks=week)
        repository.commit(f"feat: step {week}", day.isoformat())
        repository.commit(f"fix: step {week}", (day + timedelta(hours=5)).isoformat())
        repository.tag(f"v1.{week}.0", (day + timedelta(days=1)).isoformat())


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert {language for language, _ in BLOCKS} <= {"sh", "python", "yaml"}
    assert len(OWN_WORK) == 1
    assert NORTHWIND


def test_what_make_is_asked_for_it_knows() -> None:
    assert {"make report", "make test"} <= {line for text in MAKE for line in text.splitlines()}
    for line in [line for text in MAKE for line in text.splitlines()]:
        verb, target = line.split()
        subprocess.run([verb, "--dry-run", target], cwd=REPOSITORY, check=True, capture_output=True)


def test_the_wheel_brings_the_notebooks_and_templates_and_nothing_of_ours(installed: Path) -> None:
    site = installed / "site"
    assert {p.name for p in (site / "reportkit" / "_notebooks").iterdir()} >= {
        "executives.ipynb",
        "head_of_engineering.ipynb",
    }
    held = REPOSITORY / "src" / "reportkit"
    wanted = {p.relative_to(held) for p in held.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    brought = {p.relative_to(site / "reportkit") for p in (site / "reportkit").rglob("*") if p.is_file()}
    assert wanted - brought == set()
    assert {p.name for p in site.iterdir()} == {"reportkit", next(site.glob("*.dist-info")).name}


@pytest.mark.slow
def test_a_newcomers_first_report(installed: Path, tmp_path: Path) -> None:
    for name in ("service-a", "service-b"):
        history(tmp_path / name)
    shutil.copytree(tmp_path / "service-a", tmp_path / "here", ignore=shutil.ignore_patterns("*"))
    said = run(OWN_WORK[0], tmp_path / "here", installed)
    pages = [tmp_path / "here" / "my-reports" / line for line in said.splitlines() if line.endswith((".pdf", ".html"))]
    assert len(pages) == 5
    assert all(page.is_file() for page in pages)


@pytest.mark.slow
def test_the_commands_of_a_quarter_and_the_analysts_cells(installed: Path, tmp_path: Path) -> None:
    root = building.workspace(tmp_path / "northwind", REPOSITORY / "params", REPOSITORY / "extracts" / "raw")
    for text in NORTHWIND:
        run(text, root, installed)
    assert (root / "reports" / "2026-Q3" / "executives.pdf").is_file()
    for language, text in BLOCKS:
        if language == "python":
            (tmp_path / "cell.py").write_text(text)
            run(f"python {tmp_path / 'cell.py'}", root, installed)


def test_the_yaml_is_what_params_may_say() -> None:
    for language, text in BLOCKS:
        if language == "yaml" and text.startswith("each:"):
            QuarterParams.model_validate(read(text, "README.md")[0])
        elif language == "yaml" and "sources:" not in text:
            Organisation.model_validate({"name": "Northwind", **read(text, "README.md")[0]})
        elif language == "yaml":
            given = Sources.model_validate(read(text, "README.md")[0])
            for settings in given.sources.values():
                sources.find(settings["type"]).Spec.model_validate(settings)
            for name, mapping in given.entities.items():
                made = sources.ready(name, mapping, given.sources)
                assert made.columns or name == "costs"  # FOCUS's own names feed it


def test_there_is_an_example_of_every_source() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    shown = {
        match
        for language, text in BLOCKS
        if language == "yaml" and "sources:" in text
        for match in re.findall(r"type: (\w+)", text)
    }
    listed = set(re.findall(r"^\| `(\w+)` \| [^|]* \| [^|]* \|$", readme, re.MULTILINE))
    assert shown == listed == set(sources.types())


def test_the_pictures_and_files_that_it_names_are_there() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        assert (REPOSITORY / name).is_file(), name
    for name in re.findall(r"`((?:src|benchmarks|tests|notebooks)/[\w/.]*)`", text):
        assert (REPOSITORY / name).exists(), name
