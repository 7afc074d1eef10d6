"""Workspaces: found from any folder inside, read whole, faults told with file and line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reportkit.errors import ParamsError, SnapshotError, UnknownName
from reportkit.files import HOME, locate
from reportkit.snapshot import take
from reportkit.workspace import Workspace, faults

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME, raising=False)


def fault(root: Path) -> ParamsError:
    with pytest.raises(ParamsError) as error:
        Workspace.find(root)
    return error.value


def test_it_is_found_from_any_folder_inside(workspace: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    root = workspace()
    deep = root / "notebooks" / "drafts"
    deep.mkdir()
    assert Workspace.find(deep).root == root.resolve()
    monkeypatch.chdir(deep)
    assert Workspace.find().root == root.resolve()


def test_the_environment_names_it_where_no_folder_is_given(
    workspace: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = workspace()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(HOME, str(root))
    assert Workspace.find().root == root.resolve()
    with pytest.raises(ParamsError, match="is in no workspace"):
        Workspace.find(tmp_path)


def test_outside_of_any_the_way_in_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        ParamsError, match=r"params/organisation\.yaml; go into one, or make one with `reportkit init`\.$"
    ):
        locate(tmp_path)


def test_all_that_params_say(workspace: Make) -> None:
    place = Workspace.find(workspace())
    assert place.organisation.name == "Sample"
    assert place.period("2026-Q1").label == "Q1 2026"
    assert list(place.audiences) == ["executives"]
    assert list(place.proofs) == ["paved_road"]
    assert list(place.quarters) == ["2026-Q1"]
    assert place.audiences_of("2026-Q1") == ("executives",)
    assert place.notebook("executives").name == "board.ipynb"
    assert place.brand.primary.startswith("#")


def test_moved_elsewhere_nothing_of_it_is_read_there(workspace: Make, tmp_path: Path) -> None:
    root, elsewhere = workspace(), tmp_path / "elsewhere"
    earlier = root / "extracts" / "2025-Q4"
    earlier.mkdir(parents=True, exist_ok=True)
    (earlier / "manifest.json").write_text("{}")
    place = Workspace.find(root)
    moved = place.moved(elsewhere, "2026-Q1")
    assert (moved.root, moved.params) == (elsewhere, place.params)
    known = moved.background("2026-Q1")
    assert known.extracts == {"2025-Q4": elsewhere / "extracts" / "2025-Q4"}
    assert replace(known, extracts={}) == replace(place.background("2026-Q1"), extracts={})
    assert not elsewhere.exists()


def test_a_quarter_without_audiences_reports_to_all(workspace: Make) -> None:
    assert Workspace.find(workspace({"2026-Q1.yaml": "proofs: []\n"})).audiences_of("2026-Q1") == ("executives",)


@pytest.mark.parametrize("text", ["2026-Q5", "2026Q1", "Q1 2026", "", "2026-Q0", "26-Q1"])
def test_what_is_no_quarter(workspace: Make, text: str) -> None:
    with pytest.raises(ParamsError, match=r"is no quarter; write year and quarter like 2026-Q3"):
        Workspace.find(workspace()).quarter(text)


def test_a_quarter_that_has_no_file(workspace: Make) -> None:
    with pytest.raises(UnknownName, match=r"no quarter '2026-Q2'; did you mean '2026-Q1'\? Known: 2026-Q1"):
        Workspace.find(workspace()).quarter("2026-Q2")


def test_an_audience_with_a_typo(workspace: Make) -> None:
    with pytest.raises(UnknownName, match=r"did you mean 'executives'\?"):
        Workspace.find(workspace()).audience("executive")


def test_a_notebook_that_is_missing(workspace: Make) -> None:
    root = workspace()
    (root / "notebooks" / "board.ipynb").unlink()
    with pytest.raises(ParamsError) as error:
        Workspace.find(root).notebook("executives")
    assert error.value.where == "params/audiences.yaml:1"
    assert "notebooks/board.ipynb is missing" in error.value.message


def test_a_notebook_that_reportkit_brings_along(workspace: Make) -> None:
    root = workspace({"audiences.yaml": {"  notebook: board.ipynb\n": ""}})
    shipped = Workspace.find(root).notebook("executives")
    assert shipped.name == "executives.ipynb"
    assert not shipped.is_relative_to(root)
    (root / "notebooks" / "executives.ipynb").write_text("{}", encoding="utf-8")
    assert Workspace.find(root).notebook("executives") == root.resolve() / "notebooks" / "executives.ipynb"


def test_an_extract_that_was_not_taken(workspace: Make) -> None:
    with pytest.raises(SnapshotError, match=r"no extract of 2026-Q1; run `reportkit extract 2026-Q1`"):
        Workspace.find(workspace()).snapshot("2026-Q1")


def test_an_extract_that_was_taken(workspace: Make) -> None:
    place = Workspace.find(workspace())
    take(place.sources, place.organisation, place.period("2026-Q1"), place.root)
    with place.snapshot("2026-Q1") as snapshot:
        assert snapshot.has("changes")
        assert snapshot.time_zone == "Europe/London"
    report = place.report("executives", "2026-Q1")
    assert report.key == "executives"
    assert list(report.proofs) == ["paved_road"]


def test_an_audience_is_told_of_its_own_proofs_and_of_all_only_where_it_names_none(workspace: Make) -> None:
    root = workspace({"audiences.yaml": {"notebook: board.ipynb": "notebook: board.ipynb\n  proofs: [last_quarters]"}})
    proofs = root / "params" / "proofs.yaml"
    given = proofs.read_text(encoding="utf-8")
    proofs.write_text(given + given.replace("paved_road:", "last_quarters:"), encoding="utf-8")
    place = Workspace.find(root)
    take(place.sources, place.organisation, place.period("2026-Q1"), place.root)
    report = place.report("executives", "2026-Q1")
    assert not report.proofs
    assert "No proof of concept for this report was read out in Q1 2026" in str(report.answer())


def test_a_teams_own_report_says_whose_numbers_it_tells(workspace: Make) -> None:
    place = Workspace.find(workspace())
    take(place.sources, place.organisation, place.period("2026-Q1"), place.root)
    needle = place.audience("executives").primary
    for only, mine, other in (
        ({"team": "ant"}, "team ant", "whole organisation"),
        ({}, "whole organisation", "team ant"),
    ):
        report = place.report("executives", "2026-Q1", only)
        pages = [str(page).lower() for page in (report.problem(), report.needles(), report.cut(needle, "team"))]
        assert [(mine in page, other in page) for page in pages] == [(True, False)] * 3


UNKNOWN = [
    ("audiences.yaml", {"primary: lead_time_for_changes": "primary: led_time_for_changes"}, 5, "lead_time_for_changes"),
    ("audiences.yaml", {"[release_wait]": "[release_weight]"}, 6, "release_wait"),
    ("needles.yaml", {"lead_time_for_changes": "lead_time_for_change"}, 1, "lead_time_for_changes"),
    ("proofs.yaml", {"headline: [lead": "headline: [leed"}, 10, "lead_time_for_changes"),
    ("proofs.yaml", {"supporting: [release_wait]": "guardrails: {release_waits: {margin: 0.1}}"}, 11, "release_wait"),
    ("proofs.yaml", {"alphabet.}": "alphabet., needle: release_wat}"}, 12, "release_wait"),
    ("sources.yaml", {"source: changes": "source: change"}, 7, "changes"),
    ("2026-Q1.yaml", {"[paved_road]": "[paved_rode]"}, 2, "paved_road"),
    ("2026-Q1.yaml", {"[executives]": "[executive]"}, 1, "executives"),
]


@pytest.mark.parametrize(("file", "change", "line", "near"), UNKNOWN)
def test_a_name_that_nobody_declared(workspace: Make, file: str, change: dict[str, str], line: int, near: str) -> None:
    error = fault(workspace({file: change}))
    assert error.where == f"params/{file}:{line}"
    assert f"did you mean {near!r}?" in error.message


def test_an_unknown_key_is_told_with_its_line(workspace: Make) -> None:
    error = fault(workspace({"proofs.yaml": {"  before: 13": "  befor: 13"}}))
    assert error.where == "params/proofs.yaml:6"
    assert "did you mean 'before'?" in error.message


def test_the_first_of_several_faults_tells_how_many_more_there_are(workspace: Make) -> None:
    changes = {"audiences.yaml": {"[release_wait]": "[release_weight]"}, "needles.yaml": {"lead_": "leed_"}}
    root = workspace(changes)
    assert "(1 more: run `reportkit check`)" in fault(root).message
    params, found = faults(root)
    assert params is not None
    assert [f.where for f in found] == ["params/audiences.yaml:6", "params/needles.yaml:1"]


def test_a_file_of_no_known_name(workspace: Make) -> None:
    error = fault(workspace({"2026-Q5.yaml": "proofs: []\n"}))
    assert error.where == "params/2026-Q5.yaml"
    assert "A quarter's file is called like 2026-Q3.yaml." in error.message
