"""What travels to a cluster: what a report needs, and no more of the extract."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportkit import shared
from reportkit.errors import SnapshotError
from reportkit.pack import needed, parcel, plan
from reportkit.snapshot import Snapshot, away
from reportkit.workspace import Workspace
from tests import packs
from tests.test_heavy_packs import with_incidents


def place(root: Path, *cells: str) -> Workspace:
    made = packs.workspace(root, {"security": cells})
    with_incidents(made)
    return Workspace.find(made)


def of(workspace: Workspace) -> frozenset[str]:
    return needed.entities_of(workspace, plan.jobs(workspace, "2026-Q2", ("security",))[0])


def test_the_entities_of_a_reports_needles_travel(tmp_path: Path) -> None:
    assert of(place(tmp_path, "1 + 1")) == {"changes", "deployments"}


@pytest.mark.parametrize("cell", ["report.cut('outages', 'service')", "# incidents", "import mine"])
def test_so_does_what_the_notebook_names(tmp_path: Path, cell: str) -> None:
    workspace = place(tmp_path, cell)
    (tmp_path / "notebooks" / "mine.py").write_text("NEEDLE = 'outage_minutes'" if "mine" in cell else "")
    assert of(workspace) == {"changes", "deployments", "incidents"}


def test_code_that_reads_frozen_files_gets_all_of_them(tmp_path: Path) -> None:
    assert {"incidents", "costs"} < of(place(tmp_path, "list(root.glob('extracts/*'))"))


def test_facts_are_apart_from_what_everybody_needs(tmp_path: Path, northwind_root: Path) -> None:
    quarter = "2026-Q3"
    facts = parcel.facts(northwind_root, quarter)
    assert {path.suffix for path in facts.values()} == {".parquet"}
    assert {path.suffix for path in parcel.shared(northwind_root, quarter)} <= {
        ".json",
        ".yaml",
        ".yml",
        ".svg",
        ".png",
    }
    workspace = Workspace.find(northwind_root)
    sizes = {key[1]: path.stat().st_size for key, path in facts.items()}
    for job in plan.jobs(workspace, quarter):
        travelling = needed.entities_of(workspace, job) & set(sizes)
        assert travelling < set(sizes), job.report
        assert sum(sizes[entity] for entity in travelling) < sum(sizes.values())


def test_what_stayed_behind_is_never_taken_for_not_extracted(
    tmp_path: Path, northwind_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking: list[str] = []
    monkeypatch.setattr(shared, "_LACKING", lacking)
    folder = tmp_path / "2026-Q3"
    folder.mkdir()
    whole = Workspace.find(northwind_root).snapshot("2026-Q3")
    (folder / "manifest.json").write_bytes((whole.folder / "manifest.json").read_bytes())
    with pytest.raises(SnapshotError, match="is missing"):
        Snapshot.open(folder, whole.time_zone)
    (folder / away.BEHIND).write_bytes(away.listing(whole.manifest.entities))
    with Snapshot.open(folder, whole.time_zone) as snapshot:
        assert snapshot.has("costs")
        assert not away.anything_missed(tmp_path)
        with pytest.raises(SnapshotError, match=r"^costs of 2026-Q3 has not travelled to this machine\.$"):
            snapshot.table("costs")
        assert away.anything_missed(tmp_path)
        assert lacking == ["costs"]
