"""One report a team from one notebook: its own numbers, its own files, whatever the teams are called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportkit.errors import ParamsError, UnknownName
from reportkit.model.params import Each
from reportkit.pack import Pack, Wanted, build, plan
from reportkit.params import read
from reportkit.workspace import Workspace
from tests.packs import PARAMETERS, notebook, workspace

QUARTER = "2026-Q2"
TEAMS = ("Ant & Bee", "Ant/Bee", "ant-bee", "../evil", "Zoë", "{x}")
CELLS = (
    "from reportkit import open_report\nreport = open_report(audience, quarter, team=team)",
    "report.needles()",
    "f\"{len(report.facts('deployment_frequency'))} {sorted(set(report.facts('deployment_frequency').team))}\"",
)


def fanned(root: Path, *teams: str, days: int = 5) -> Path:
    made = workspace(root)
    rows = [f"{t}-{d},{team},2026-04-{1 + d:02}T10:00:00Z" for t, team in enumerate(teams) for d in range(days + t % 7)]
    (made / "extracts" / "raw" / "deployments.csv").write_text("\n".join(["id,team,moment", *rows]) + "\n")
    (made / "params" / f"{QUARTER}.yaml").write_text(
        "audiences: [executives]\neach:\n  - {audience: security, by: team}\n"
    )
    notebook(made, "security", *CELLS, parameters=f'{PARAMETERS}\nteam = ""')
    return made


def go(root: Path, *audiences: str) -> Pack:
    return build(Workspace.find(root), QUARTER, Wanted(audiences))


def test_no_two_teams_share_a_file(tmp_path: Path) -> None:
    root = fanned(tmp_path, *TEAMS)
    pack = go(root)
    assert pack.ok, pack
    names = [outcome.report for outcome in pack.outcomes]
    assert len({name.casefold() for name in names}) == len(TEAMS) + 1
    assert names[0] == "executives"
    folder = root / "reports" / QUARTER
    assert sorted(p.stem for p in folder.glob("*.pdf")) == sorted(names)
    record = json.loads((folder / "record.json").read_text())
    assert {record["reports"][name]["audience"] for name in names[1:]} == {"security"}
    index = (folder / "index.html").read_text()
    assert all(f"{name}.pdf" in index for name in names)
    assert "Security · Zoë" in index
    assert "Security · Ant &amp; Bee" in index


def test_each_teams_numbers_are_its_own(tmp_path: Path) -> None:
    root = fanned(tmp_path, "ant", "bee", "cat")
    assert go(root).ok
    record = json.loads((root / "reports" / QUARTER / "record.json").read_text())["reports"]
    for i, team in enumerate(("ant", "bee", "cat")):
        shown = {n["id"]: n for n in record[f"security-{team}"]["numbers"]}
        assert all(id_.startswith(f"team={team}.") for id_ in shown)
        assert shown[f"team={team}.deployment_frequency.2026-04-01/2026-07-01"]["n"] == 5 + i
        page = (root / "reports" / QUARTER / f"security-{team}.html").read_text()
        assert f"{5 + i} [" in page
        assert f"{team}&#x27;]" in page or f"{team}&#39;]" in page


def test_one_team_or_one_audience_can_be_built_alone(tmp_path: Path) -> None:
    root = fanned(tmp_path, "ant", "bee")
    assert [o.report for o in go(root, "security-bee").outcomes] == ["security-bee"]
    assert [o.report for o in go(root, "security").outcomes] == ["security-ant", "security-bee"]
    with pytest.raises(UnknownName, match="'security-bees'; did you mean 'security-bee'"):
        go(root, "security-bees")


def test_a_notebook_that_takes_no_team_is_refused(tmp_path: Path) -> None:
    root = fanned(tmp_path, "ant")
    notebook(root, "security", *CELLS)
    with pytest.raises(UnknownName, match="there is no parameter 'team'"):
        go(root)


def test_only_names_the_teams_and_file_the_reports(tmp_path: Path) -> None:
    root = fanned(tmp_path, "ant", "bee", "cat")
    (root / "params" / f"{QUARTER}.yaml").write_text(
        "audiences: []\neach:\n  - {audience: security, only: [cat], file: 'team-{team}-{quarter}'}\n"
    )
    build(Workspace.find(root), QUARTER, Wanted(("security",)))
    assert [p.name for p in (root / "reports" / QUARTER).glob("*.pdf")] == [f"team-cat-{QUARTER}.pdf"]


@pytest.mark.parametrize("file", ["{audience}", "{team}/{audience}", "{tean}", ".{team}", "{team}.pdf x"])
def test_a_template_that_does_not_tell_teams_apart_is_refused(tmp_path: Path, file: str) -> None:
    with pytest.raises(ValueError, match="file is"):
        Each(audience="security", by="team", file=file)


def test_an_unknown_audience_is_told_with_its_line(tmp_path: Path) -> None:
    root = fanned(tmp_path, "ant")
    (root / "params" / f"{QUARTER}.yaml").write_text("each:\n  - {audience: securty}\n")
    with pytest.raises(ParamsError, match=r"2026-Q2\.yaml:2: there is no audience 'securty'"):
        Workspace.find(root)
    assert read(root / "params")[1] == ()


@pytest.mark.parametrize(
    ("value", "name"), [("a b", "a-b"), ("../..", "unnamed"), ("Zoë", "Zoë"), ("a/b\\c", "a-b-c"), (" ", "unnamed")]
)
def test_a_value_becomes_a_part_of_a_files_name(value: str, name: str) -> None:
    assert plan.named(value) == name
