"""What was changed after a read-out is marked: by git's history, by earlier records, in a notebook's cell; and restated numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from repositories import Repository

import reportkit
from reportkit import amended, workspace
from reportkit.check import whole as check
from reportkit.english.changes import WEIGHTY
from reportkit.errors import ParamsError
from reportkit.model.evidence import Verdict
from reportkit.narrative import amended as say
from reportkit.snapshot import take
from reportkit.workspace import Workspace
from tests import samples

Make = Callable[..., Path]
CUT = date(2026, 4, 1)
HARMLESS = (
    "    changed: {2026-01-12: {what: every third change was taken out, harmless: They were copies.}}\n    covers:"
)


def extracted(root: Path, quarter: str = "2026-Q1") -> Workspace:
    place = Workspace.find(root)
    take(place.sources, place.organisation, place.period(quarter), root)
    return place


def committed(root: Path, *versions: tuple[str, dict[str, str]]) -> None:
    """Commit proofs.yaml on each day as the sample has it after the replacements."""
    repository = Repository.make(root)
    for day, changes in versions:
        text = samples.PARAMS["proofs.yaml"]
        for old, new in changes.items():
            text = text.replace(old, new)
        (root / "params" / "proofs.yaml").write_text(text, encoding="utf-8")
        repository.git("add", "params")
        repository.commit("proofs", f"{day}T12:00:00+00:00")


def marks(root: Path) -> dict[str, str]:
    place = Workspace.find(root)
    return amended.amended(root, place.proofs, "2026-Q1", CUT)


def test_git_tells_the_day_on_which_a_window_was_changed(workspace: Make) -> None:
    root = workspace()
    shorter = {"before: 13": "before: 10"}
    committed(
        root,
        ("2025-12-01", {}),
        ("2026-03-25", {"picked": "also: [a hiring freeze]\n  picked"}),
        ("2026-04-02", shorter),
    )
    assert marks(root) == {
        "paved_road": "Window changed on 2 Apr 2026, after the read-out of 23 Mar 2026: the weeks before the start from 13 to 10."
    }


def test_a_change_before_the_read_out_or_of_words_alone_is_none(workspace: Make) -> None:
    root = workspace()
    committed(
        root,
        ("2025-12-01", {"before: 13": "before: 9"}),
        ("2026-03-01", {}),
        ("2026-04-02", {"one shared": "one single"}),
    )
    assert marks(root) == {}


def test_a_change_that_is_not_committed(workspace: Make) -> None:
    root = workspace()
    committed(root, ("2025-12-01", {}))
    text = samples.PARAMS["proofs.yaml"].replace("all others", "none")
    (root / "params" / "proofs.yaml").write_text(text, encoding="utf-8")
    expected = (
        "Design changed and not committed, after the read-out of 23 Mar 2026: the comparison from all others to none."
    )
    assert marks(root) == {"paved_road": expected}


def test_before_the_read_out_nothing_is_marked(workspace: Make) -> None:
    root = workspace()
    committed(root, ("2025-12-01", {}), ("2026-02-02", {"before: 13": "before: 10"}))
    place = Workspace.find(root)
    assert amended.amended(root, place.proofs, "2026-Q1", date(2026, 2, 10)) == {}


def test_a_workspace_below_its_repository_and_broken_versions(workspace: Make) -> None:
    root = workspace()
    repository = Repository.make(root.parent)
    for day, text in (("2025-12-01", samples.PARAMS["proofs.yaml"]), ("2025-12-02", "a: [")):
        (root / "params" / "proofs.yaml").write_text(text, encoding="utf-8")
        repository.git("add", ".")
        repository.commit("proofs", f"{day}T12:00:00+00:00")
    text = samples.PARAMS["proofs.yaml"].replace("after: 12", "after: 11")
    (root / "params" / "proofs.yaml").write_text(text, encoding="utf-8")
    assert "the weeks after the start from 12 to 11" in marks(root)["paved_road"]


def test_the_first_record_after_the_read_out_is_kept_and_believed(workspace: Make) -> None:
    root = workspace()
    place = Workspace.find(root)
    target = root / "reports" / "2026-Q1" / "record.json"
    target.parent.mkdir(parents=True)
    first = amended.declared(place.proofs, CUT, target)
    target.write_text(json.dumps({"proofs": first}), encoding="utf-8")
    assert marks(root) == {}
    text = samples.PARAMS["proofs.yaml"].replace("before: 13", "before: 10")
    (root / "params" / "proofs.yaml").write_text(text, encoding="utf-8")
    said = "Window changed since it was reported in 2026-Q1, after the read-out of 23 Mar 2026: the weeks before the start from 13 to 10."
    assert marks(root) == {"paved_road": said}
    assert amended.declared(Workspace.find(root).proofs, CUT, target) == first
    assert amended.declared(place.proofs, date(2026, 2, 1), target) == {}
    target.write_text("{", encoding="utf-8")
    assert marks(root) == {}


def test_a_field_that_an_old_record_does_not_know_is_as_it_was(workspace: Make) -> None:
    proof = Workspace.find(workspace()).proofs["paved_road"]
    then = say.weighty(proof)
    del then["strata"]
    assert say.changed(then, say.weighty(proof.model_copy(update={"strata": ("service",)}))) == ()


def test_every_weighty_field_can_be_told(workspace: Make) -> None:
    proof = Workspace.find(workspace()).proofs["paved_road"]
    assert set(WEIGHTY) <= set(type(proof).model_fields)
    words = {"name", "tried", "problem", "also", "source", "supporting"}
    assert set(type(proof).model_fields) - set(WEIGHTY) == words


# ---- in a notebook ---------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(workspace: Make, monkeypatch: pytest.MonkeyPatch):
    root = workspace()
    extracted(root)
    monkeypatch.chdir(root)
    return reportkit.open_report("executives", "2026-Q1")


def test_an_analyst_compares_in_a_cell(opened) -> None:
    found = reportkit.compare("lead_time_for_changes", "paved_road")
    assert found.weekly.columns.tolist() == ["week", "group", "phase", "value", "facts"]
    assert found.amended == ""
    assert found == opened.findings.of("lead_time_for_changes", "paved_road") or found.effect == found.effect
    proof = opened.proofs["paved_road"]
    shorter = reportkit.compare("lead_time_for_changes", proof.model_copy(update={"before": 10}))
    assert shorter.before.weeks == 10
    said = (
        "Window changed in this notebook, after the read-out of 23 Mar 2026: the weeks before the start from 13 to 10."
    )
    assert shorter.amended == said
    assert said in shorter.notes
    alone = reportkit.compare("lead_time_for_changes", proof.model_copy(update={"comparison": "none"}), report=opened)
    assert alone.amended.startswith("Design changed in this notebook")
    page = opened.show(shorter, proof.model_copy(update={"before": 10}))
    assert said in page.plain


def test_a_changed_proof_is_checked_like_a_declared_one(opened) -> None:
    with pytest.raises(ValueError, match="less than or equal to 520"):
        opened.compare("lead_time_for_changes", opened.proofs["paved_road"].model_copy(update={"before": 1000}))


def test_comparing_without_a_report_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "_opened", [])
    with pytest.raises(ParamsError, match="no report is open"):
        reportkit.compare("lead_time_for_changes", "paved_road")


def test_a_proof_in_full_shows_all_that_a_claim_had_to_survive(opened) -> None:
    plain = opened.proof("paved_road").plain
    for part in ("Behaviour chart", "not a verdict"):
        assert part in plain, part
    assert "What a claim had to survive" not in plain  # none of its intervals leaves out no change
    assert "Behaviour chart" not in opened.proof().plain


# ---- restated numbers, declared changes ------------------------------------------------------------------------------


def test_weeks_that_are_told_otherwise_now_carry_no_claim(workspace: Make) -> None:
    root = workspace({"2025-Q4.yaml": "audiences: [executives]\n"})
    extracted(root, "2025-Q4")
    place = extracted(root)
    calm = place.report("executives", "2026-Q1").compare("lead_time_for_changes", "paved_road")
    assert "definition" not in {g.name for g in calm.guards}
    raw = root / "extracts" / "raw" / "changes.csv"
    kept = [line for i, line in enumerate(raw.read_text().splitlines()) if i == 0 or i % 3]
    raw.write_text("\n".join(kept) + "\n", encoding="utf-8")
    found = extracted(root).report("executives", "2026-Q1").compare("lead_time_for_changes", "paved_road")
    guard = next(g for g in found.guards if g.name == "definition")
    assert guard.passed is False
    assert "when they were first extracted" in guard.text
    faults = [str(fault) for fault in check.faults(root)]
    assert len(faults) == 2
    assert faults[0].startswith(
        "params/proofs.yaml:6: paved_road: Lead time for changes of 29 Sep – 28 Dec 2025 gave 352 changes"
    )
    sources = root / "params" / "sources.yaml"
    text = sources.read_text(encoding="utf-8").replace("    covers:", HARMLESS)
    sources.write_text(text, encoding="utf-8")
    again = Workspace.find(root).report("executives", "2026-Q1").compare("lead_time_for_changes", "paved_road")
    assert "definition" not in {g.name for g in again.guards}
    assert found.verdict is not Verdict.MOVED


def test_a_declared_change_fails_the_guard_and_a_harmless_one_is_a_note(workspace: Make) -> None:
    change = "    changed: {{2026-01-12: {{what: the tracker was moved{}}}}}\n    covers:"
    root = workspace({"sources.yaml": {"    covers:": change.format("")}})
    found = extracted(root).report("executives", "2026-Q1").compare("lead_time_for_changes", "paved_road")
    guard = next(g for g in found.guards if g.name == "definition")
    assert guard.text == "what is counted changed inside the windows: the tracker was moved on 12 Jan 2026."
    root = workspace({"sources.yaml": {"    covers:": change.format(", harmless: Times were kept.")}})
    weighed = extracted(root).report("executives", "2026-Q1").findings.evidence["paved_road"]
    assert all("definition" not in {g.name for g in e.guards} for e in weighed)
    assert "On 12 Jan 2026, the tracker was moved. Times were kept." in weighed[0].notes


def test_a_type_that_a_needles_facts_do_not_tell_is_noted(workspace: Make) -> None:
    """Deployments tell their sort, changes do not: both are weighed, and the reader of the changes is told."""
    deployments = (
        "  deployments:\n    source: changes\n    columns: {deployment_id: id, team: team, deployed_at: released, x_sort: author}\n"
        "    covers: [2025-06-01, 2026-04-01]\n"
    )
    root = workspace(
        {
            "sources.yaml": {"entities:\n": f"entities:\n{deployments}"},
            "proofs.yaml": {"supporting: [release_wait]": "strata: [x_sort]\n  supporting: [deployment_frequency]"},
        }
    )
    lead, count = extracted(root).report("executives", "2026-Q1").findings.evidence["paved_road"]
    note = "Changes do not tell x_sort, so a changed mix of it may be a part of what lead time for changes shows."
    assert note in lead.notes
    assert not any("x_sort" in text for text in count.notes)


def test_a_type_that_the_contract_has_and_the_mapping_does_not_is_noted_too(workspace: Make) -> None:
    root = workspace({"proofs.yaml": {"supporting: [release_wait]": "strata: [kind]\n  supporting: [release_wait]"}})
    lead, *_ = extracted(root).report("executives", "2026-Q1").findings.evidence["paved_road"]
    assert any(note.startswith("Changes do not tell kind, so a changed mix of it") for note in lead.notes)
