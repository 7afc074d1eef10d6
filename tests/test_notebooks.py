"""The notebooks run by hand, cell by cell, from where they lie, as an analyst runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted(path.name for path in (REPOSITORY / "notebooks").glob("*.ipynb"))
ORDER = (
    "answer",
    "problem",
    "proof",
    "cut",
    "needles",
    "returned",
    "who_else",
    "promised",
    "ask",
    "how",
)  # DESIGN §7
WHERE = dict.fromkeys(
    ("path", "trend", "spread", "stock", "heat", "availability"), "cut"
)  # pictures of where it comes from


@pytest.mark.slow
def test_every_cell_of_every_notebook_runs(northwind_root: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "REPORTKIT_WORKSPACE"}
    arguments = ["--nbval-lax", "--nbval-current-env", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *NOTEBOOKS]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=northwind_root / "notebooks", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebooks_are_alike_in_order(name: str) -> None:
    cells = json.loads((REPOSITORY / "notebooks" / name).read_text(encoding="utf-8"))["cells"]
    shown = ["".join(cell["source"]).split("(")[0].removeprefix("report.") for cell in cells[2:]]
    shown = [WHERE.get(section, section) for section in shown]
    assert [ORDER.index(section) for section in shown] == sorted(ORDER.index(section) for section in shown)
    assert {"answer", "problem", "proof", "needles", "who_else", "promised", "ask", "how"} <= set(shown)
