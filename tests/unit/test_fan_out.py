"""One report a team from one notebook: its own numbers, its own files, whatever the teams are called."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reportkit.errors import ParamsError, UnknownName
from reportkit.model.params import Each
from reportkit.pack import Pack, Wanted, build, plan
from reportkit.params import read
from reportkit.snapshot import take
from reportkit.workspace import Workspace
from tests.packs import PARAMETERS, notebook
from tests.packs import workspace as pack_workspace

QUARTER = "2026-Q2"
TEAMS = ("Ant & Bee", "Ant/Bee", "ant-bee", "../evil", "Zoë", "{x}")
CELLS = (
    "from reportkit import open_report\nreport = open_report(audience, quarter, team=team)",
    "report.needles()",
    "f\"{len(report.facts('deployment_frequency'))} {sorted(set(report.facts('deployment_frequency').team))}\"",
)


def fanned(root: Path, *teams: str, days: int = 5) -> Path:
    made = pack_workspace(root)
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


def small_and_large(root: Path) -> Path:
    """The ants have five deployments in one week and one in another, the bees four in all."""
    made = fanned(root, "ant", "bee")
    facts = [("ant", day) for day in range(5)] + [("bee", day) for day in range(4)] + [("ant", 35)]
    rows = [
        f"{i},{team},{datetime(2026, 4, 6, 10, tzinfo=UTC) + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}"
        for i, (team, day) in enumerate(facts)
    ]
    (made / "extracts" / "raw" / "deployments.csv").write_text("\n".join(["id,team,moment", *rows]) + "\n")
    return made


def test_a_team_too_small_to_be_shown_gets_no_report_and_the_pack_says_so(tmp_path: Path) -> None:
    root = small_and_large(tmp_path)
    pack = go(root)
    assert [o.report for o in pack.outcomes] == ["executives", "security-ant"]
    why = (
        "Security: bee gets no report of its own, for fewer than 5 people (facts, where nobody knows the people) stand "
        "behind Deployment frequency there."
    )
    assert why in pack.remarks
    folder = root / "reports" / QUARTER
    assert f"<p>{why}</p>" in (folder / "index.html").read_text()
    assert not list(folder.glob("*bee*"))
    assert "bee" not in json.dumps(json.loads((folder / "record.json").read_text())["reports"])
    with pytest.raises(ParamsError, match=r"^Security: bee gets no report of its own, for fewer than 5 people"):
        go(root, "security-bee")
    (root / "params" / f"{QUARTER}.yaml").write_text(
        "audiences: []\neach:\n  - {audience: security, only: [bee, ant]}\n"
    )
    assert [o.report for o in go(root, "security").outcomes] == ["security-ant"]


def test_a_report_of_a_team_that_has_become_too_small_is_withdrawn(tmp_path: Path) -> None:
    root = small_and_large(tmp_path)
    organisation = root / "params" / "organisation.yaml"
    given = organisation.read_text()
    organisation.write_text(f"{given}smallest_group: 4\n")
    assert [o.report for o in go(root).outcomes][2:] == ["security-bee"]
    organisation.write_text(given)
    assert go(root).ok
    assert not list((root / "reports" / QUARTER).glob("*bee*"))
    record = json.loads((root / "reports" / QUARTER / "record.json").read_text())["reports"]
    assert set(record) == {"executives", "security-ant"}


def bees_report(root: Path) -> tuple[Path, Callable[..., None]]:
    """A quarter with a report on the bees alone, and on the ants where they have facts; and how to write its params anew."""
    organisation = root / "params" / "organisation.yaml"
    given = organisation.read_text()

    def write(least: int, each: str) -> None:
        organisation.write_text(f"{given}smallest_group: {least}\n")
        (root / "params" / f"{QUARTER}.yaml").write_text(f"audiences: [executives]\neach: {each}\n")

    write(4, "[{audience: security, by: team}]")
    assert "security-bee" in [o.report for o in go(root, "security").outcomes]
    folder = root / "reports" / QUARTER
    (folder / "failed").mkdir()
    for name in ("security-bee.ipynb", "security-bee.txt", "security-ant.txt", "executives.txt"):
        (folder / "failed" / name).write_text("why")
    return folder, write


def told_of(folder: Path, team: str) -> list[str]:
    """The names of the files in the folder, however hidden, that a team's report has left something in."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [
        str(p.relative_to(folder))
        for p in files
        if f"security-{team}" in p.name or f"security-{team}" in p.read_text("latin-1")
    ]


@pytest.mark.parametrize(
    ("least", "each"),
    [(5, "[{audience: security, by: team}]"), (4, "[{audience: security, by: team, only: [ant]}]"), (4, "[]")],
)
def test_nothing_of_a_withdrawn_report_stays_though_no_other_is_made(tmp_path: Path, least: int, each: str) -> None:
    root = small_and_large(tmp_path)
    folder, write = bees_report(root)
    write(least, each)
    notebook(root, "executives", "1 / 0")
    notebook(root, "security", "1 / 0", parameters=f'{PARAMETERS}\nteam = ""')
    assert not any(outcome.ok for outcome in go(root).outcomes)
    assert not told_of(folder, "bee")
    assert bool(told_of(folder, "ant")) is (each != "[]")
    record = json.loads((folder / "record.json").read_text())["reports"]
    assert set(record) == ({"security-ant"} if each != "[]" else set())
    assert (folder / "failed" / "executives.ipynb").is_file()


def test_a_report_of_a_team_that_has_no_facts_any_more_is_withdrawn(tmp_path: Path) -> None:
    root = small_and_large(tmp_path)
    folder, _ = bees_report(root)
    export = root / "extracts" / "raw" / "deployments.csv"
    export.write_text("".join(line for line in export.read_text().splitlines(keepends=True) if "bee" not in line))
    said: list[str] = []
    build(Workspace.find(root), QUARTER, Wanted(("security",), extract=True), said.append)
    assert not told_of(folder, "bee")
    assert told_of(folder, "ant")
    assert "security-bee: withdrawn, for there is no such report in the quarter any more" in said


def only(root: Path, *teams: str) -> Workspace:
    (root / "params" / f"{QUARTER}.yaml").write_text(
        f"audiences: [executives]\neach:\n  - audience: security\n    only: [{', '.join(teams)}]\n"
    )
    return Workspace.find(root)


def test_a_team_that_is_named_needs_facts_of_this_quarter(tmp_path: Path) -> None:
    root = small_and_large(tmp_path)
    export = root / "extracts" / "raw" / "deployments.csv"
    export.write_text(export.read_text() + "".join(f"c{i},cat,2026-02-0{1 + i}T10:00:00Z\n" for i in range(7)))
    place = only(root, "cat", "ant")
    take(place.sources, place.organisation, place.period(QUARTER), root)
    planned = plan.planned(place, QUARTER)
    assert [job.report for job in planned.jobs] == ["executives", "security-ant"]
    assert list(planned.withheld) == ["security-cat"]
    assert "cat gets no report of its own, for fewer than 5 people" in planned.notes[0]


@pytest.mark.parametrize(("team", "then"), [("amt", "did you mean 'ant'?"), ("zebra", "take it out of `only`.")])
def test_a_team_that_no_fact_has_is_refused(tmp_path: Path, team: str, then: str) -> None:
    root = small_and_large(tmp_path)
    with pytest.raises(ParamsError) as error:
        build(only(root, "ant", team), QUARTER)
    assert error.value.message == f"no fact in the extract of 2026-Q2 has the team {team!r}; {then}"
    assert error.value.where == "params/2026-Q2.yaml:4"


def test_a_team_that_is_named_gets_no_report_where_nobody_can_tell_its_size(tmp_path: Path) -> None:
    root = small_and_large(tmp_path)
    audiences = root / "params" / "audiences.yaml"
    head, _, tail = audiences.read_text().rpartition("primary: deployment_frequency")
    audiences.write_text(f"{head}primary: lead_time_for_changes{tail}")
    place = only(root, "ant")
    take(place.sources, place.organisation, place.period(QUARTER), root)
    planned = plan.planned(place, QUARTER)
    assert [job.report for job in planned.jobs] == ["executives"]
    assert planned.notes[0].startswith(
        "Security: ant gets no report of its own, for nobody can tell how many people stand behind it. Lead time"
    )
    assert list(planned.withheld) == ["security-ant"]


def test_what_few_facts_of_a_team_would_tell_is_withheld(tmp_path: Path) -> None:
    root = small_and_large(tmp_path)
    assert go(root).ok
    place = Workspace.find(root)
    report = place.report("security", QUARTER, {"team": "ant"})
    needle = report.needle("deployment_frequency")
    weeks = {r.window.start.isoformat(): (r.value, r.facts, r.reason) for r in report.findings.weekly(needle)}
    assert weeks["2026-04-06"] == (5.0, 5, "")
    assert weeks["2026-04-13"][:2] == (0.0, 0)  # that there was nothing tells of nobody
    value, facts, reason = weeks["2026-05-11"]
    assert math.isnan(value)
    assert (facts, reason) == (0, "fewer than 5 people or facts stand behind it")
    whole = {r.window.start.isoformat(): r.value for r in place.report("security", QUARTER).findings.weekly(needle)}
    assert whole["2026-05-11"] == 1.0  # of the whole organisation it may be told


def test_the_way_of_few_peoples_changes_is_withheld(workspace: Callable[..., Path]) -> None:
    columns = {"team: team": "team: team\n      opened_at: begun", "$bots_count OR author <> 'bot'": "author <> ''"}
    for people, told in (("dev", True), ("one", False)):
        author = "" if people == "dev" else "\n      author: author"
        root = workspace({"sources.yaml": {**columns, "change_id: id": f"change_id: id{author}"}})
        place = Workspace.find(root)
        take(place.sources, place.organisation, place.period("2026-Q1"), root)
        findings = place.report("executives", "2026-Q1", {"team": "ant"}).findings
        assert bool(findings.quarter_paths()) is told  # thirty changes, or those of one author
        needle = findings.needle("lead_time_for_changes")
        assert findings.now(needle).known is told
