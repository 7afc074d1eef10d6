"""`reportkit init --audience`: a notebook and an entry, nothing else touched, and a report of it at once."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from reportkit.check.needles import lacking
from reportkit.cli import main
from reportkit.errors import ParamsError, ReportkitError
from reportkit.needles import library
from reportkit.pack import Wanted, build
from reportkit.scaffold import audience
from reportkit.workspace import Workspace, faults
from tests.packs import workspace


def add(root: Path, key: str) -> audience.Added:
    place = Workspace.find(root)
    return audience.add(place, key, lacking(place))


def test_an_audience_that_reportkit_knows_comes_with_its_notebook_and_the_needles_to_be_had(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    params = root / "params" / "audiences.yaml"
    before = params.read_text()
    made = add(root, "head_of_engineering")
    assert made.primary == "deployment_frequency"  # of its draft, all that a list of deployments can give
    assert params.read_text() == (
        f"{before}\nhead_of_engineering:\n"
        '  title: "Head of engineering"\n'
        '  problem: "Engineers struggle to get things done." # a draft: ask them, and write what they say\n'
        "  quantified_by: deployment_frequency\n"
        "  primary: deployment_frequency\n"
    )
    first = nbformat.read(made.notebook, as_version=4).cells[0].source
    assert 'audience = "head_of_engineering"' in first
    assert 'quarter = "2026-Q2"' in first
    assert faults(root)[1] == ()


def test_one_that_nobody_foresaw_begins_with_what_can_be_computed_and_is_built(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    (root / "params" / "2026-Q2.yaml").write_text("audiences: [executives]\n")
    made = add(root, "works_council")
    assert made.notes == ("params/2026-Q2.yaml names its audiences; add works_council there.",)
    entry = Workspace.find(root).audience("works_council")
    assert entry.title == "Works council"
    assert entry.primary == made.primary
    assert made.primary in library()
    source = "\n".join(cell.source for cell in nbformat.read(made.notebook, as_version=4).cells)
    assert "report.how()" in source
    assert build(Workspace.find(root), "2026-Q2", Wanted(("works_council",))).ok
    record = json.loads((root / "reports" / "2026-Q2" / "record.json").read_text())["reports"]["works_council"]
    assert any(number["id"].startswith(f"{made.primary}.") for number in record["numbers"])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("Finance!", "'Finance!' is no key of an audience; write small letters, digits and _, such as finance"),
        ("finance", "no needle for finance can be computed here: .* costs, which no source in sources.yaml feeds"),
        ("index", "'index' is the name of a file or folder beside the reports; choose another key"),
        ("security", r"params/audiences\.yaml:\d+: there is an audience security already"),
    ],
)
def test_what_cannot_be_added_is_one_sentence_and_writes_nothing(tmp_path: Path, key: str, said: str) -> None:
    root = workspace(tmp_path)
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}
    with pytest.raises(ReportkitError, match=said):
        add(root, key)
    assert {p: p.read_bytes() for p in root.rglob("*") if p.is_file()} == before


def test_a_file_of_the_pack_is_no_audience(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    params = root / "params" / "audiences.yaml"
    params.write_text(params.read_text().replace("security:", "record:"))
    found = faults(root)[1]
    assert len(found) == 1
    assert "'record' is the name of a file or folder beside the reports" in str(found[0])


@pytest.mark.parametrize("key", ["infrastructure", "product_management", "head_of_engineering", "product_engineers"])
def test_the_notebook_of_an_audience_is_built_where_the_extract_gives_little(tmp_path: Path, key: str) -> None:
    root = workspace(tmp_path)
    exported = root / "params" / "sources.yaml"
    exported.write_text(
        exported.read_text().replace("deployed_at: moment}", "deployed_at: moment, standard_path: \"'yes'\"}")
    )
    params = root / "params" / "audiences.yaml"
    entry = "  title: T\n  problem: Slow.\n  quantified_by: standard_path\n  primary: standard_path\n"
    params.write_text(f"{params.read_text()}{key}:\n{entry}")
    made = build(Workspace.find(root), "2026-Q2", Wanted((key,)))
    assert made.ok, made.outcomes
    page = (root / "reports" / "2026-Q2" / f"{key}.html").read_text()
    assert "Not in this report for want of data." in page


def test_a_notebook_that_is_there_is_kept_and_a_file_in_another_style_is_left_alone(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    (root / "notebooks" / "board.ipynb").write_text("mine")
    with pytest.raises(ReportkitError, match=r"notebooks/board\.ipynb is there already"):
        add(root, "board")
    params = root / "params" / "audiences.yaml"
    params.write_text(
        "{executives: {title: Executives, problem: Slow., quantified_by: deployment_frequency, primary: deployment_frequency},\n"
        " security: {title: Security, problem: Slow., quantified_by: deployment_frequency, primary: deployment_frequency}}\n"
    )
    with pytest.raises(ReportkitError, match=r"cannot be added to, .* write this into it:\nengineers:\n  title"):
        add(root, "engineers")
    assert not (root / "notebooks" / "engineers.ipynb").exists()
    (root / "params" / "2026-Q1.yaml").unlink()
    params.write_text("# Nobody yet.\n{}\n")
    add(root, "engineers")
    assert params.read_text().startswith("# Nobody yet.\nengineers:\n")


def test_a_failed_write_takes_the_notebook_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, put = workspace(tmp_path), audience._put

    def full(path: Path, text: str) -> None:
        if path.suffix == ".yaml":
            raise OSError(28, "No space left on device")
        put(path, text)

    monkeypatch.setattr(audience, "_put", full)
    with pytest.raises(OSError, match="No space"):
        add(root, "engineers")
    assert sorted(p.name for p in (root / "notebooks").iterdir()) == ["executives.ipynb", "security.ipynb"]


def test_every_draft_names_needles_of_the_library() -> None:
    for draft in audience.drafts().values():
        assert set(draft.needles) | set(draft.guardrails) <= set(library())


def test_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace(tmp_path))
    with pytest.raises(SystemExit) as left:
        main(["init", "--audience", "engineers"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("Wrote notebooks/engineers.ipynb and an entry in params/audiences.yaml")
    with pytest.raises(SystemExit) as left:
        main(["init"])
    assert left.value.code == 2
    assert "needs a folder for the new workspace" in capsys.readouterr().err
    with pytest.raises(ParamsError, match="already"):
        add(tmp_path, "engineers")
