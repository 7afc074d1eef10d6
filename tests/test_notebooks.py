"""The notebooks run by hand, cell by cell, from where they lie, as an analyst runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reportkit.snapshot import take
from reportkit.workspace import Workspace
from tests import building

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted(path.name for path in (REPOSITORY / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = building.workspace(
        tmp_path_factory.mktemp("northwind") / "w", REPOSITORY / "params", REPOSITORY / "extracts" / "raw"
    )
    workspace = Workspace.find(root)
    take(workspace.sources, workspace.organisation, workspace.period(max(workspace.quarters)), root)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_cell_of_the_notebook_runs(northwind: Path, name: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "REPORTKIT_WORKSPACE"}
    arguments = ["--nbval-lax", "--nbval-current-env", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", name]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=northwind / "notebooks", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
