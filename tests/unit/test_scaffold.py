"""`reportkit init`: what it writes can be read back without a fault, and nothing half-written stays behind."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest
from repositories import Repository, git

from reportkit import entities, scaffold, sources
from reportkit.errors import ReportkitError, SourceError
from reportkit.model.period import Quarter
from reportkit.params import schemas
from reportkit.scaffold import survey
from reportkit.snapshot import Snapshot, take
from reportkit.workspace import Workspace, faults

LAST_YEAR = date.today().year - 1  # noqa: DTZ011
Q2 = Quarter(LAST_YEAR, 2)


def day(month: int, number: int) -> str:
    return f"{LAST_YEAR}-{month:02}-{number:02}T12:00:00+00:00"


def service(path: Path, *, tag: str | None = "v1.0", message: str = "feat(search): by colour") -> Path:
    """A clone with one change a week in April and May of last year, released in June."""
    repo = Repository.make(path)
    for month in (4, 5):
        for number in (1, 8, 15, 22):
            repo.commit(message, day(month, number))
    if tag:
        repo.tag(tag, day(6, 1))
    return path


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("REPORTKIT_WORKSPACE", raising=False)


def test_a_workspace_from_clones_is_without_fault(tmp_path: Path) -> None:
    clones = [service(tmp_path / name) for name in ("service-a", "service-b")]
    made = scaffold.create(tmp_path / "my-reports", from_git=clones)
    params, found = faults(made.root)
    assert found == ()
    assert params is not None
    assert (made.quarter, made.services, made.notes) == (Q2, ("service-a", "service-b"), ())
    assert list(params.quarters) == [str(Q2)]
    assert params.proofs == {}
    assert params.organisation.name == "My reports"
    assert params.organisation.time_zone == "UTC"
    assert params.sources.sources["git"]["paths"] == ["../service-a", "../service-b"]
    assert params.audiences["executives"].primary == "lead_time_for_changes"
    assert params.audiences["head_of_engineering"].primary == "release_wait"


def test_its_extract_can_be_taken_at_once(tmp_path: Path) -> None:
    made = scaffold.create(tmp_path / "reports", from_git=[service(tmp_path / "shop")])
    workspace = Workspace.find(made.root)
    manifest = take(workspace.sources, workspace.organisation, made.quarter, made.root)
    accepted = {name: (entry.accepted, entry.rejected_rows) for name, entry in manifest.entities.items()}
    assert accepted == {"changes": (8, 0), "deployments": (1, 0), "features": (8, 0), "onboardings": (1, 0)}
    with Snapshot.open(made.root / "extracts" / str(Q2), "UTC") as snapshot:
        changes = snapshot.table("changes").to_pyarrow().to_pandas()
        assert set(changes["team"]) == {"search"}
        assert set(changes["deployed_at"].dt.strftime("%m-%d")) == {"06-01"}
        joined = snapshot.table("onboardings").to_pyarrow().to_pandas()
        assert (joined["finished_at"] - joined["started_at"]).dt.days.tolist() == [61]


def test_every_covered_day_counts_although_the_only_tag_was_early(tmp_path: Path) -> None:
    """Deployments are covered as long as the clone has commits, not only until the last tag."""
    path = service(tmp_path / "shop")
    Repository(path).commit("later", f"{LAST_YEAR}-08-20T12:00:00+00:00")
    made = scaffold.create(tmp_path / "reports", from_git=[path], quarter=Q2)
    workspace = Workspace.find(made.root)
    manifest = take(workspace.sources, workspace.organisation, made.quarter, made.root)
    assert manifest.entities["deployments"].covers == (f"{LAST_YEAR}-04-01", f"{LAST_YEAR}-07-01")


def test_without_tags_a_merge_is_a_release_and_the_page_says_so(tmp_path: Path) -> None:
    made = scaffold.create(tmp_path / "reports", from_git=[service(tmp_path / "shop", tag=None)])
    workspace = Workspace.find(made.root)
    choice = workspace.sources.choices["merge_is_release"]
    assert choice.value is True
    assert "no tags" in choice.because
    assert made.notes[0].startswith("No clone has a tag")
    manifest = take(workspace.sources, workspace.organisation, made.quarter, made.root)
    assert manifest.entities["deployments"].accepted == 8
    assert "release_wait" not in workspace.audiences["head_of_engineering"].needles


def test_only_prereleases_count_where_there_is_nothing_else(tmp_path: Path) -> None:
    made = scaffold.create(tmp_path / "reports", from_git=[service(tmp_path / "shop", tag="v0.1-rc1")])
    assert Workspace.find(made.root).sources.choices["prereleases_count"].value is True


def test_without_conventional_commits_features_are_left_out_not_zero(tmp_path: Path) -> None:
    made = scaffold.create(tmp_path / "reports", from_git=[service(tmp_path / "shop", message="more search")])
    workspace = Workspace.find(made.root)
    assert "features" not in workspace.sources.entities
    assert "features_released" not in workspace.audiences["executives"].needles
    assert any("feat:" in note for note in made.notes)


def test_squashes_leave_no_lead_time(tmp_path: Path) -> None:
    path = service(tmp_path / "shop", message="feat: squashed (#1)")
    made = scaffold.create(tmp_path / "reports", from_git=[path])
    assert Workspace.find(made.root).audiences["executives"].primary == "release_wait"
    assert any("squashed" in note for note in made.notes)


def test_a_service_without_tags_beside_one_with_tags_is_named(tmp_path: Path) -> None:
    clones = [service(tmp_path / "a"), service(tmp_path / "b", tag=None)]
    notes = scaffold.create(tmp_path / "reports", from_git=clones).notes
    assert notes == ("b has no tags, so none of its changes count as released; `git fetch --tags` may bring them.",)


def test_a_quarter_that_runs_is_taken_where_there_is_no_other(tmp_path: Path) -> None:
    Repository.make(tmp_path / "new").commit("feat: today", f"{date.today()}T00:00:00+00:00")  # noqa: DTZ011
    made = scaffold.create(tmp_path / "reports", from_git=[tmp_path / "new"])
    assert made.quarter == Quarter.of(date.today())  # noqa: DTZ011
    assert made.notes[-1] == f"{made.quarter} is not over yet; its report tells of the quarter so far."


def test_the_quarter_that_is_asked_for(tmp_path: Path) -> None:
    made = scaffold.create(tmp_path / "reports", from_git=[service(tmp_path / "a")], quarter=Quarter(LAST_YEAR, 1))
    assert (made.root / "params" / f"{LAST_YEAR}-Q1.yaml").is_file()


def test_a_workspace_without_clones_is_without_fault(tmp_path: Path) -> None:
    made = scaffold.create(tmp_path / "value-reports")
    params, found = faults(made.root)
    assert found == ()
    assert params is not None
    assert params.organisation.name == "Value reports"
    assert params.sources.sources == params.sources.entities == {}
    assert made.quarter.window.end <= date.today() < made.quarter.shift(1).window.end  # noqa: DTZ011


def test_the_commented_examples_are_right_too(tmp_path: Path) -> None:
    """With the # taken away, the examples of sources, proofs and asks have no fault either."""
    folder = scaffold.create(tmp_path / "reports").root / "params"
    quarter = next(folder.glob("2*.yaml"))
    for path in (
        folder / "sources.yaml",
        folder / "proofs.yaml",
        folder / "audiences.yaml",
        folder / "needles.yaml",
        quarter,
    ):
        head, *lines = path.read_text().splitlines()
        path.write_text("\n".join([head, *map(_awake, lines)]) + "\n")
    params, found = faults(folder.parent)
    assert [str(fault) for fault in found] == []
    assert params is not None
    assert set(params.sources.entities) == set(entities.library()) - {"usage", "test_coverage", "environments"}
    assert {settings["type"] for settings in params.sources.sources.values()} == set(sources.types())
    for name, mapping in params.sources.entities.items():
        made = sources.ready(name, mapping, params.sources.sources)
        assert made.columns or name == "costs"
    for settings in params.sources.sources.values():
        sources.find(settings["type"]).Spec.model_validate(settings)
    assert list(params.proofs) == ["paved_road"]
    assert params.audiences["executives"].ask is not None
    assert params.needles["lead_time_for_changes"].bet is not None


def _awake(line: str) -> str:
    """The line of an example without its #; prose and other lines as they are. `sources: {}` opens for what follows."""
    bare = line.lstrip()
    if line in ("sources: {}", "entities: {}"):
        return line.removesuffix(" {}")
    body = bare.removeprefix("#")
    code = body.removeprefix(" ").lstrip()
    is_code = bare.startswith("#") and (code.startswith("- ") or code.split(" ")[0].rstrip().endswith(":"))
    if not is_code:
        return line
    indent = len(line) - len(bare)
    return " " * indent + (body if body.startswith("  ") and not indent else body.removeprefix(" "))


def test_editors_find_a_schema_for_every_file(tmp_path: Path) -> None:
    folder = scaffold.create(tmp_path / "reports").root / "params"
    for path in folder.glob("*.yaml"):
        reference = path.read_text().splitlines()[0].removeprefix("# yaml-language-server: $schema=")
        name = "quarter.yaml" if path.stem[0] == "2" else path.name
        assert json.loads((folder / reference).read_text()) == schemas()[name]


def test_notebooks_start_with_the_quarter_at_hand(tmp_path: Path) -> None:
    made = scaffold.create(tmp_path / "reports", quarter=Quarter(2031, 4))
    for audience in ("executives", "head_of_engineering"):
        notebook = json.loads((made.root / "notebooks" / f"{audience}.ipynb").read_text())
        parameters = next(c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", []))
        assert 'quarter = "2031-Q4"' in "".join(parameters["source"])
        assert f'audience = "{audience}"' in "".join(parameters["source"])


def test_secrets_and_products_stay_out_of_git(tmp_path: Path) -> None:
    root = scaffold.create(tmp_path / "reports").root
    git(root, "init", "--quiet")
    (root / "extracts" / ".salt").touch()
    (root / ".env").touch()
    (root / "reports" / "x.pdf").touch()
    git(root, "add", "--all")
    listed = git(root, "ls-files").splitlines()
    assert "extracts/raw/.gitkeep" in listed
    assert not {".env", "extracts/.salt", "reports/x.pdf"} & set(listed)


class TestWhere:
    def test_what_is_not_empty_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "reports").mkdir()
        (tmp_path / "reports" / "mine.txt").write_text("mine")
        with pytest.raises(ReportkitError, match="reports is not empty, and nothing in it may be overwritten"):
            scaffold.create(tmp_path / "reports")
        assert [p.name for p in tmp_path.rglob("*")] == ["reports", "mine.txt"]

    def test_a_file_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "reports").touch()
        with pytest.raises(ReportkitError, match="reports is a file"):
            scaffold.create(tmp_path / "reports")

    def test_an_empty_folder_and_one_that_is_not_there_yet(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        for place in ("empty", "far/away/reports"):
            assert faults(scaffold.create(tmp_path / place).root)[1] == ()
        assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "far"]

    def test_the_current_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        before = Path.cwd().stat().st_ino
        scaffold.create(Path())
        assert Path.cwd().stat().st_ino == before
        assert Path("params/organisation.yaml").is_file()
        assert [p.name for p in tmp_path.iterdir()] == ["here"]

    def test_inside_the_clone_that_it_is_about(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(service(tmp_path / "shop"))
        made = scaffold.create(Path("reports"), from_git=[Path()])
        assert made.services == ("shop",)
        assert Workspace.find(made.root).sources.sources["git"]["paths"] == [".."]

    def test_a_clone_that_cannot_be_read_leaves_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "plain").mkdir()
        with pytest.raises(SourceError, match="plain is no git repository"):
            scaffold.create(tmp_path / "far" / "reports", from_git=[tmp_path / "plain"])
        assert [p.name for p in tmp_path.iterdir()] == ["plain"]

    def test_a_failure_half_way_leaves_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(scaffold, "_notebooks", full)
        with pytest.raises(OSError, match="No space"):
            scaffold.create(tmp_path / "far" / "away" / "reports")
        assert list(tmp_path.iterdir()) == []

    def test_odd_names_survive_the_yaml(self, tmp_path: Path) -> None:
        clone = service(tmp_path / 'a: "b" #c {d} ünï')
        made = scaffold.create(tmp_path / "it's: #1 'reports'", from_git=[clone])
        workspace = Workspace.find(made.root)
        assert workspace.sources.sources["git"]["paths"] == ['../a: "b" #c {d} ünï']
        assert workspace.organisation.name == "It's: #1 'reports'"

    def test_a_name_that_params_would_fill_in(self, tmp_path: Path) -> None:
        with pytest.raises(ReportkitError, match="rename the folder"):
            scaffold.create(tmp_path / "reports", from_git=[service(tmp_path / "${HOME}")])


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("https://github.com/acme-corp/shop.git", "Acme corp"),
        ("git@github.com:acme/shop.git", "Acme"),
        ("https://user:secret@gitlab.example/acme/team/shop", "Acme"),
        ("ssh://git@host.example:22/acme/shop.git", "Acme"),
        ("../elsewhere", "Reports"),
        (None, "Reports"),
    ],
)
def test_the_organisation_is_named_by_the_remote(tmp_path: Path, remote: str | None, name: str) -> None:
    path = service(tmp_path / "shop")
    if remote:
        git(path, "remote", "add", "origin", remote)
    made = scaffold.create(tmp_path / "reports", from_git=[path])
    assert Workspace.find(made.root).organisation.name == name


@pytest.mark.parametrize(
    ("given", "zone"), [("Europe/Zurich", "Europe/Zurich"), (":Asia/Tokyo", "Asia/Tokyo"), ("Etc/UTC", "UTC")]
)
def test_the_machines_time_zone(monkeypatch: pytest.MonkeyPatch, given: str, zone: str) -> None:
    monkeypatch.setenv("TZ", given)
    assert survey.system_zone() == zone


def test_a_time_zone_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0")
    assert survey.system_zone() in survey.available_timezones()


def test_a_clone_reached_through_a_link(tmp_path: Path) -> None:
    service(tmp_path / "real" / "shop")
    os.symlink(tmp_path / "real", tmp_path / "link")  # noqa: PTH211
    made = scaffold.create(tmp_path / "reports", from_git=[tmp_path / "link" / "shop"])
    assert Workspace.find(made.root).sources.sources["git"]["paths"] == ["../real/shop"]


def test_without_clones_the_next_step_is_said(tmp_path: Path) -> None:
    assert scaffold.create(tmp_path / "reports").notes == (
        "params/sources.yaml names no source yet: put exports into extracts/raw/ and describe them there.",
    )
