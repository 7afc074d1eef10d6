"""A build does what has changed and nothing else, and says why."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import font_source_sans_pro
import nbformat
import pytest

from reportkit import render, unchanged
from reportkit.amended import recorded
from reportkit.cli import _planned
from reportkit.errors import ParamsError
from reportkit.pack import Pack, Wanted, build
from reportkit.pack import fingerprint as fingerprints
from reportkit.workspace import Workspace
from tests.packs import GOOD, SHOW, notebook, tree, workspace

QUARTER = "2026-Q2"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are laid out in a moment."""
    monkeypatch.setattr(render, "html", lambda executed, sheet: f"{sheet.brand.primary}{nbformat.writes(executed)}")
    monkeypatch.setattr(render, "pdf", lambda executed, _, **__: nbformat.writes(executed).encode())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace whose two reports were built."""
    made = workspace(tmp_path)
    (made / "params" / "needles.yaml").write_text(
        "deployment_frequency:\n  owners: [Platform]\n  bet: {target: 4, deadline: 2026-12-31}\n"
        "features_released:\n  owners: [Platform]\n"
    )
    assert go(made).ok
    return made


def go(
    root: Path, *audiences: str, force: bool = False, extract: bool = False, progress: Callable[[str], None] = len
) -> Pack:
    """A build as the command line does it: planned by what an earlier one has kept, where that is of the same."""
    read = unchanged.written(root)
    with _planned(root, None if extract else QUARTER, fresh=force):
        wanted = Wanted(audiences, force=force, extract=extract, cold=True)
        return build(Workspace.find(root), QUARTER, wanted, progress, read=read)


def why(root: Path, *audiences: str, force: bool = False) -> dict[str, str]:
    return {outcome.report: outcome.why for outcome in go(root, *audiences, force=force).outcomes}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_first_build_says_that_nothing_was_there(tmp_path: Path) -> None:
    assert why(workspace(tmp_path)) == {"executives": "not built yet", "security": "not built yet"}


def test_nothing_changed_leaves_every_file_alone(root: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in root.rglob("reports/*/*.pdf")}
    assert why(root) == {"executives": "", "security": ""}
    assert {p: p.stat().st_mtime_ns for p in root.rglob("reports/*/*.pdf")} == before


def test_a_changed_cell_runs_its_own_report_alone(root: Path) -> None:
    notebook(root, "security", *GOOD, "1 + 1")
    assert why(root) == {"executives": "", "security": "security.ipynb changed: cell 4"}
    assert why(root) == {"executives": "", "security": ""}


def test_outputs_saved_in_a_notebook_are_no_change(root: Path) -> None:
    path = root / "notebooks" / "security.ipynb"
    made = nbformat.read(path, as_version=4)
    made.cells[1].outputs = [nbformat.v4.new_output("stream", text="seen by hand")]
    nbformat.write(made, path)
    assert why(root)["security"] == ""


def test_a_changed_bet_is_told_by_needle(root: Path) -> None:
    edit(root / "params" / "needles.yaml", "target: 4", "target: 5")
    assert why(root)["executives"] == "needles.yaml changed: target of deployment_frequency"


def test_a_needle_that_no_report_reads_changes_none(root: Path) -> None:
    edit(
        root / "params" / "needles.yaml",
        "features_released:\n  owners: [Platform]",
        "features_released:\n  owners: [People]",
    )
    assert why(root) == {"executives": "", "security": ""}


def test_each_audience_reads_its_own_entry(root: Path) -> None:
    edit(root / "params" / "audiences.yaml", "title: Security", "title: The security team")
    assert why(root) == {"executives": "", "security": "audiences.yaml changed: title of security"}


def test_the_rules_of_the_organisation_are_everybodys(root: Path) -> None:
    edit(root / "params" / "organisation.yaml", "name: Sample", "name: Sample\nsmallest_group: 7")
    assert set(why(root).values()) == {"organisation.yaml changed: smallest_group"}


def test_what_lies_beside_a_notebook_counts(root: Path) -> None:
    (root / "notebooks" / "mine.py").write_text("x = 1\n")
    assert set(why(root).values()) == {"notebooks/ changed: mine.py"}


def test_a_new_extract_counts_by_what_it_holds(root: Path) -> None:
    build(Workspace.find(root), QUARTER, Wanted(extract=True, cold=True))
    assert set(why(root).values()) == {""}
    export = root / "extracts" / "raw" / "deployments.csv"
    export.write_text(export.read_text() + "99,ant,2026-05-01T10:00:00Z\n")
    pack = build(Workspace.find(root), QUARTER, Wanted(extract=True, cold=True))
    assert {o.why for o in pack.outcomes} == {"the extract changed: deployments"}


def test_a_report_that_was_touched_or_lost_is_made_again(root: Path) -> None:
    (root / "reports" / QUARTER / "security.pdf").unlink()
    edit(root / "reports" / QUARTER / "executives.html", "Answer", "Lie")
    told = {"executives": "executives.html is not as it was made", "security": "security.pdf is not as it was made"}
    assert why(root) == told
    assert why(root) == {"executives": "", "security": ""}


def test_a_restyle_lays_out_again_without_running_a_cell(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executed = (root / "reports" / QUARTER / "security.ipynb").read_bytes()
    monkeypatch.setattr("reportkit.run.execute", lambda *_, **__: pytest.fail("a cell was run"))
    code = fingerprints._code()
    monkeypatch.setattr(fingerprints, "_code", lambda: {**code, "the pages' layout": {"": "another"}})
    monkeypatch.setattr(render, "html", lambda *_: "a new layout")
    assert set(why(root).values()) == {"the pages' layout changed"}
    assert (root / "reports" / QUARTER / "security.html").read_text() == "a new layout"
    assert (root / "reports" / QUARTER / "security.ipynb").read_bytes() == executed


@pytest.mark.parametrize(
    ("name", "old", "new", "because"),
    [
        ("_brand.yml", "", "color: {primary: '#7a1fa2'}", "_brand.yml changed: primary, rule, wash"),
        ("_brand.yml", "", "typography: {base: Own, fonts: [{family: Own, source: file, files: [{path: own.ttf}]}]}",
         "_brand.yml changed: family, fonts"),
        ("organisation.yaml", "name: Sample", "name: Example", "organisation.yaml changed: name"),
        ("organisation.yaml", "name: Sample", "name: Sample\npage: Letter", "organisation.yaml changed: page"),
        ("audiences.yaml", "title: Security", "title: The security team", "audiences.yaml changed: title of security"),
    ],
)  # fmt: skip
def test_colours_fonts_and_labels_run_no_cell(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str, because: str
) -> None:
    font = Path(font_source_sans_pro.font_directory) / "SourceSansPro-It.ttf"
    (root / "params" / "own.ttf").write_bytes(font.read_bytes())
    monkeypatch.setattr("reportkit.run.execute", lambda *_, **__: pytest.fail("a cell was run"))
    path = root / "params" / name
    path.write_text(path.read_text().replace(old, new) if old else new)
    pack = go(root)
    assert pack.ok
    assert {o.why for o in pack.outcomes if o.why} == {because}
    assert all(outcome.restyled == bool(outcome.why) for outcome in pack.outcomes)


def test_a_cell_that_looks_at_the_brand_runs_again_with_it(root: Path) -> None:
    notebook(root, "security", *GOOD, "# as the brand has it\n1")
    (root / "params" / "_brand.yml").write_text("color: {primary: '#7a1fa2'}")
    assert go(root).ok
    (root / "params" / "_brand.yml").write_text("color: {primary: '#1f7a4d'}")
    pack = go(root)
    changed = "_brand.yml changed: primary, wash"
    assert {o.report: (o.why, o.restyled) for o in pack.outcomes} == {
        "executives": (changed, True),
        "security": (f"{changed}; cell 4 of its notebook uses the look", False),
    }
    (root / "notebooks" / "mine.py").write_text("from reportkit.figures import theme\n")
    assert go(root).ok
    (root / "params" / "_brand.yml").write_text("color: {primary: '#7a1fa2'}")
    assert why(root)["executives"] == f"{changed}; mine.py uses the look"


@pytest.mark.parametrize(
    "cell",
    [
        "from reportkit import Workspace\nWorkspace.find().organisation.name",
        "mine = report.audience\nmine.title",
        "report.findings.organisation.name",
    ],
)
def test_a_cell_that_says_a_label_itself_runs_again_with_another(root: Path, cell: str) -> None:
    notebook(root, "security", SHOW, *GOOD[1:], f"if False:\n    {cell.replace(chr(10), chr(10) + '    ')}")
    assert go(root).ok
    edit(root / "params" / "organisation.yaml", "name: Sample", "name: Renamed")
    assert {o.report: o.restyled for o in go(root).outcomes} == {"executives": True, "security": False}


def test_the_only_report_of_a_quarter_is_made_anew_for_it_says_more(root: Path) -> None:
    (root / "params" / f"{QUARTER}.yaml").write_text("audiences: [executives]\n")
    assert why(root) == {"executives": "the quarter's audiences changed"}


def test_an_extract_taken_again_is_told_with_its_day(root: Path) -> None:
    manifest = root / "extracts" / QUARTER / "manifest.json"
    told = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**told, "taken_at": "2020-01-01T00:00:00+00:00"}))
    assert set(why(root).values()) == {"the extract changed: when and how it was taken"}


def test_a_logo_may_lie_anywhere_and_is_under_the_seal(root: Path) -> None:
    logo = root / "assets [ours]" / "logo.svg"
    logo.parent.mkdir()
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    (root / "params" / "_brand.yml").write_text("logo:\n  small: ../assets [ours]/logo.svg\n")
    assert go(root).ok
    assert sealed(root)
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>')
    assert not sealed(root)
    assert set(why(root).values()) == {"_brand.yml changed: logo"}


def test_a_picture_without_a_recipe_runs_again_for_another_look(root: Path) -> None:
    notebook(
        root,
        "security",
        *GOOD,
        "from reportkit.display import Figure\nFigure('own', '<svg></svg>', None, 'alt', 'Own.')",
    )
    assert go(root).ok
    (root / "params" / "_brand.yml").write_text("color: {primary: '#7a1fa2'}")
    assert why(root)["security"].endswith("; a picture in it can only be drawn by its notebook")


def test_force_makes_everything_again(root: Path) -> None:
    assert why(root, force=True) == dict.fromkeys(("executives", "security"), "asked for with --force")


def test_a_report_that_failed_is_tried_again(root: Path) -> None:
    notebook(root, "security", SHOW, "1 / 0")
    assert not go(root).ok
    assert not go(root).ok
    notebook(root, "security", *GOOD)
    assert go(root).ok
    assert not (root / "reports" / QUARTER / "failed").exists()


def test_several_changes_are_told_together() -> None:
    before = {"needles.yaml": {f"n{i}.owners": "1" for i in range(5)}, "x.ipynb": {"cell 1": "1"}}
    now = {"needles.yaml": {f"n{i}.owners": "2" for i in range(5)}, "x.ipynb": {"cell 1": "2", "cell 2": "1"}}
    assert fingerprints.reason(before, now) == (
        "needles.yaml changed: owners of n0, owners of n1, owners of n2 and 2 more; x.ipynb changed: cell 1, cell 2"
    )
    assert fingerprints.reason(now, now) == ""


def sealed(root: Path, *audiences: str) -> bool:
    return unchanged.last(root, QUARTER, audiences) is not None


def test_the_seal_breaks_with_anything_that_a_build_reads_or_wrote(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sealed(root)
    assert not sealed(root, "security")
    for name in ("params/audiences.yaml", "notebooks/security.ipynb"):
        path = root / name
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert not sealed(root), name
        path.write_bytes(before)
        assert sealed(root), name
    for name in (
        f"extracts/{QUARTER}/deployments.parquet",
        f"reports/{QUARTER}/security.pdf",
        "extracts/raw/deployments.csv",
    ):
        os.utime(root / name, (1, 1))
        assert not sealed(root), name
        assert go(root).ok
    (root / "notebooks" / "new.py").write_text("")
    assert not sealed(root)


def test_a_variable_in_params_is_under_the_seal(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER", "Board")
    edit(root / "params" / "audiences.yaml", "title: Security", "title: ${READER}")
    assert go(root).ok
    assert sealed(root)
    monkeypatch.setenv("READER", "Council")
    assert not sealed(root)
    assert why(root)["security"] == "audiences.yaml changed: title of security"


def test_nothing_changed_is_said_without_importing_anything_heavy(root: Path) -> None:
    script = (
        "import sys\nfrom reportkit.cli import main\n"
        f"try: main(['build', '{QUARTER}', '-w', {str(root)!r}])\n"
        "finally: print(sorted({n.split('.')[0] for n in sys.modules} & {'pandas', 'ibis', 'numpy', 'nbformat', 'ruamel'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["executives", "unchanged"]
    assert lines[-2].endswith("index.html")
    assert lines[-1] == "[]"


def test_the_records_of_reports_left_alone_stay(root: Path) -> None:
    before = tree(root / "reports")
    notebook(root, "security", *GOOD, "1 + 1")
    go(root)
    now = tree(root / "reports")
    assert {n for n in now if now[n] != before[n]} == {f"{QUARTER}/security.{e}" for e in ("html", "ipynb", "pdf")}


def kept(root: Path) -> set[str]:
    return {path.name for path in (root / "extracts" / QUARTER / ".results").iterdir()}


def test_what_was_worked_out_serves_another_build_of_the_same_numbers_only(root: Path) -> None:
    first = kept(root)
    assert len(first) == 1
    notebook(root, "security", *GOOD, "1 + 1")
    (root / "params" / "_brand.yml").write_text("color: {primary: '#7a1fa2'}")
    assert go(root).ok
    assert kept(root) == first
    for name, old, new in (
        ("needles.yaml", "target: 4", "target: 5"),
        ("organisation.yaml", "name: Sample", "name: Sample\nsmallest_group: 7"),
    ):
        before = kept(root)
        edit(root / "params" / name, old, new)
        assert go(root).ok
        assert kept(root) > before, name


def test_force_works_everything_out_again(root: Path) -> None:
    (folder,) = (root / "extracts" / QUARTER / ".results").iterdir()
    (folder / "left").write_text("by another build")
    assert go(root).ok
    assert (folder / "left").exists()
    assert go(root, force=True).ok
    assert not (folder / "left").exists()


def by_command(root: Path, *names: str) -> list[str]:
    """Which of the libraries a build by the command line has imported."""
    script = (
        "import sys\nfrom reportkit.cli import main\n"
        f"try: main(['build', '{QUARTER}', '--cold', '-w', {str(root)!r}])\n"
        f"finally: print(sorted({set(names)} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return ast.literal_eval(done.stdout.splitlines()[-1])


def test_where_notebooks_alone_changed_what_a_build_is_planned_by_is_kept(root: Path) -> None:
    heavy = ("ibis", "numpy", "pandas", "pyarrow", "duckdb", "reportkit.fetch.tabular")
    go(root)
    assert unchanged.edited(root, QUARTER, ())
    notebook(root, "security", *GOOD, "1 + 1")
    assert unchanged.edited(root, QUARTER, ())
    assert not unchanged.edited(root, QUARTER, ("security",)), "that was never asked for"
    assert by_command(root, *heavy) == []
    edit(root / "params" / "needles.yaml", "target: 4", "target: 5")
    assert not unchanged.edited(root, QUARTER, ())
    assert "ibis" in by_command(root, *heavy)


def test_what_is_kept_for_planning_tells_no_old_story(root: Path) -> None:
    """What no part of its folder's name covers: the quarter's own record, files elsewhere, exports that were replaced."""
    first = go(root).remarks
    raw = root / "extracts" / "raw" / "deployments.csv"
    raw.write_text(raw.read_text() + "99,ant,2026-04-29T10:00:00Z\n")
    assert first == ()
    assert any("deployments.csv is another file" in remark for remark in go(root).remarks)
    logo = root / "logo.svg"
    logo.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (root / "params" / "_brand.yml").write_text("logo: {medium: ../logo.svg}\n")
    assert go(root).ok
    logo.unlink()
    with pytest.raises(ParamsError, match=r"logo\.svg"):
        go(root)


def test_a_changed_proof_is_told_as_soon_as_a_record_knows_it(root: Path) -> None:
    with _planned(root, QUARTER, fresh=False):
        before = recorded(root, QUARTER)
    record = root / "reports" / QUARTER / "record.json"
    whole = json.loads(record.read_text()) | {"proofs": {"path": {"tried": "something else"}}}
    record.write_text(json.dumps(whole))
    calls: list[str] = []
    for _ in range(2):
        with _planned(root, QUARTER, fresh=False):
            Workspace.find(root).planned("told", QUARTER, lambda: calls.append(before) or len(calls))
    assert recorded(root, QUARTER) != before
    assert len(calls) == 1
    record.write_text(json.dumps(whole | {"proofs": {}}))
    with _planned(root, QUARTER, fresh=False):
        Workspace.find(root).planned("told", QUARTER, lambda: calls.append(before) or len(calls))
    assert len(calls) == 2


def test_a_commit_is_noticed_in_a_worktree_too(tmp_path: Path) -> None:
    def git(folder: Path, *words: str) -> None:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)

    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    git(first, "init")
    git(first, "commit", "--allow-empty", "-m", "one")
    git(first, "worktree", "add", str(second))
    for folder in (first, second):
        before = unchanged.ground(folder, QUARTER)
        assert unchanged.ground(folder, QUARTER) == before
        git(folder, "commit", "--allow-empty", "-m", "two")
        assert unchanged.ground(folder, QUARTER) != before


@pytest.mark.parametrize("name", ["notebooks/executives.ipynb", "params/needles.yaml"])
def test_what_is_saved_while_a_build_runs_is_of_the_next_one(root: Path, name: str) -> None:
    """Made from what was there before, the report must not pass for one of what is there now."""
    path, saved = root / name, []

    def save(_: str) -> None:
        if not saved:
            saved.append(path.write_text(path.read_text() + "\n"))

    assert go(root, force=True, progress=save).ok
    assert saved
    assert unchanged.last(root, QUARTER, ()) is None


def test_params_that_were_saved_and_taken_back_while_a_build_plans_are_not_kept(root: Path) -> None:
    path = root / "params" / "organisation.yaml"
    before = path.read_text()
    edit(path, "name: ", "name: Not ")
    after = path.read_text()
    path.write_text(before + "\n")  # so that nothing is kept of it yet
    with _planned(root, QUARTER, fresh=False):
        path.write_text(after)
        assert Workspace.find(root).organisation.name.startswith("Not ")
    path.write_text(before + "\n")
    with _planned(root, QUARTER, fresh=False):
        assert not Workspace.find(root).organisation.name.startswith("Not ")


def test_an_extract_is_taken_again_beneath_what_was_kept(root: Path) -> None:
    raw = root / "extracts" / "raw" / "deployments.csv"
    raw.write_text(raw.read_text() + "99,ant,2026-04-29T10:00:00Z\n")
    assert go(root, extract=True).ok
    assert go(root).remarks == ()


def test_nothing_is_kept_for_planning_before_there_is_an_extract(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    with _planned(made, QUARTER, fresh=False):
        pass
    assert not (made / "extracts" / QUARTER).exists()
