"""Sections that a build has worked out: shown again as they were, for as long as all that they hang on is the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from markupsafe import Markup

from reportkit import sections, shared
from reportkit.display import Block, Page
from reportkit.model.brand import Brand
from reportkit.model.params import NeedleParams
from reportkit.pack import fingerprint
from reportkit.report import Report
from reportkit.snapshot import take
from reportkit.workspace import Workspace
from tests.packs import workspace

QUARTER = "2026-Q2"
HEAVY = {"pandas", "numpy", "ibis", "sqlglot", "pyarrow", "duckdb", "scipy", "matplotlib", "plotly"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = workspace(tmp_path / "made")
    found = Workspace.find(made)
    take(found.sources, found.organisation, found.period(QUARTER), made)
    return made


@pytest.fixture
def in_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a build's notebooks hand on what they work out."""
    folder = tmp_path / "shared"
    folder.mkdir()
    monkeypatch.setenv(shared.FOLDER, str(folder))
    return folder


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the sections that were worked out, in order; each says its number."""
    names: list[str] = []

    def drawn(name: str) -> Callable[..., Page]:
        return lambda *_, **__: names.append(name) or Page((Block(name, Markup(), f"{name} {len(names)}"),))

    for module, name in ((sections.problem, "problem"), (sections.pictures, "moved"), (sections.owned, "needles")):
        monkeypatch.setattr(module, name, drawn(name))
    return names


def report(root: Path, audience: str = "executives") -> Report:
    return Workspace.find(root).report(audience, QUARTER)


@pytest.mark.usefixtures("in_build")
def test_a_section_is_worked_out_once_in_a_build(root: Path, worked_out: list[str]) -> None:
    first = report(root).problem()
    assert report(root).problem() == first
    assert worked_out == ["problem"]


def test_by_hand_it_is_worked_out_whenever_it_is_asked_for(root: Path, worked_out: list[str]) -> None:
    assert report(root).problem() != report(root).problem()
    assert worked_out == ["problem", "problem"]


@pytest.mark.usefixtures("in_build")
def test_sections_and_what_they_are_asked_for_are_kept_apart(root: Path, worked_out: list[str]) -> None:
    one = report(root)
    for _ in range(2):
        one.problem()
        one.needles()
        one.trend("deployment_frequency")
        one.trend("features_released")
    assert worked_out == ["problem", "needles", "moved", "moved"]


@pytest.mark.usefixtures("in_build")
def test_what_a_cell_changes_in_its_report_counts(root: Path, worked_out: list[str], tmp_path: Path) -> None:
    font = tmp_path / "own.ttf"
    font.write_bytes(b"one")
    brand = replace(Brand(), fonts=((400, "normal", font),))
    one, other = report(root), report(root, "security")
    with_font = replace(one, setting=replace(one.setting, brand=brand))
    audience = one.audience.model_copy(update={"problem": "A change waits for weeks."})
    several = (one, other, with_font, replace(one, audience=audience))
    for _ in range(2):
        assert [each.problem().plain for each in several] == ["problem 1", "problem 2", "problem 3", "problem 4"]
    font.write_bytes(b"two")
    assert with_font.problem().plain == "problem 5"


@pytest.mark.usefixtures("in_build")
def test_what_a_cell_changes_in_place_counts_from_there_on(root: Path, worked_out: list[str]) -> None:
    one = report(root)
    as_it_was, found = (one.problem(), one.needles()), one.findings
    before = dict(one.setting.needles)
    one.setting.needles["features_released"] = NeedleParams(owners=("Product",))
    assert one.needles() != as_it_was[1]
    assert one.findings is not found
    one.setting.needles.clear()
    one.setting.needles.update(before)
    assert (one.problem(), one.needles()) == as_it_was
    assert one.findings is found
    assert worked_out == ["problem", "needles", "needles"]


@pytest.mark.usefixtures("in_build")
def test_cells_that_reach_into_reportkit_count_and_all_after_them(
    root: Path, worked_out: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = "from reportkit import open_report\nreport = open_report('executives', '2026-Q2')"
    told = "from reportkit.english import headings"
    one = report(root)
    for cells, expected in (
        ([opened, "report.problem()"], 1),
        ([opened, "import pandas as pd", "report.problem()"], 1),  # an analyst's own cells change no section
        ([opened, told, "report.problem()"], 2),
        ([opened, told, "headings.by_week = str", "report.problem()"], 3),
        ([opened, told, "headings.by_week = repr", "report.problem()"], 4),
        (["import reportkit", "report.problem()"], 5),
        ([opened, "report.problem()"], 5),
    ):
        monkeypatch.setattr("reportkit.report._cells", lambda cells=cells: cells)
        one.problem()
        assert len(worked_out) == expected, cells


def test_python_beside_the_notebooks_counts_where_it_knows_reportkit(root: Path) -> None:
    def now() -> str:
        return fingerprint.results(Workspace.find(root), QUARTER)

    plain, mine = now(), root / "notebooks" / "mine.py"
    mine.write_text("x = 1\n", encoding="utf-8")
    assert now() == plain
    mine.write_text("import reportkit.findings\nreportkit.findings.WEEKS = 8\n", encoding="utf-8")
    changed = now()
    mine.write_text("import reportkit.findings\nreportkit.findings.WEEKS = 9\n", encoding="utf-8")
    assert len({plain, changed, now()}) == 3


def test_what_is_kept_is_shown_without_importing_anything_heavy(root: Path, in_build: Path) -> None:
    Workspace.find(root).hand_on(in_build, QUARTER)  # as a build does
    script = (
        "import sys\nfrom reportkit import open_report\n"
        f"report = open_report('executives', '{QUARTER}')\n"
        "for page in (report.answer(), report.problem(), report.needles(), report.how(brief=True)): page._repr_mimebundle_()\n"
        f"print(sorted({HEAVY} & set(sys.modules)))"
    )

    def imported() -> str:
        done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[-1]

    assert "pandas" in imported()
    assert any(in_build.iterdir())
    assert imported() == "[]"
