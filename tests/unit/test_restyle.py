"""Pictures drawn again in another brand from what the executed notebook knows of them, and no cell run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from matplotlib import rc_context
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from test_figures import QUARTER, curves, weeks

from reportkit import render, shared
from reportkit.display import Block, Figure, Page
from reportkit.errors import RenderError
from reportkit.figures import values
from reportkit.figures.before_after import before_after
from reportkit.figures.distribution import done_within
from reportkit.figures.needle_table import Row, needle_table
from reportkit.figures.recipe import _DRAWERS, drawn_again, drawn_from
from reportkit.figures.theme import load_brand
from reportkit.figures.trend import trend
from reportkit.model.brand import Brand
from reportkit.model.evidence import Verdict
from reportkit.model.shown import Shown
from reportkit.needles import find
from reportkit.pack import record
from reportkit.sections.parts import heading
from tests.building import pages
from tests.sample_report import PROOF, WORLDS, invent

OLD, NEW = Brand(), Brand(primary="#7a1fa2", paper="#fffdf5", ink="#000000", before="#777777")
LEAD = find("lead_time_for_changes")
COST = find("hosting_cost").in_currency("GBP")


def drawn(brand: Brand) -> Iterator[Figure | Block]:
    yield from (before_after(*invent(world), PROOF, brand) for world in WORLDS.values())
    yield trend(weeks(), COST, QUARTER, brand)
    yield done_within(*curves(), LEAD, brand)
    evidence = invent(WORLDS[Verdict.MOVED])[0]
    yield needle_table([Row(LEAD, ("Ada",), 14.2, 4.1, 5.0, (14.2, float("nan"), 4.1), evidence)], ("Q2", "Q3"), brand)


@pytest.mark.parametrize(("old", "new"), list(zip(drawn(OLD), drawn(NEW), strict=True)))
def test_drawn_again_is_what_drawing_it_in_that_brand_gives(old: Figure | Block, new: Figure | Block) -> None:
    face = json.loads(json.dumps(old.face(), allow_nan=False))
    assert face | drawn_again(face["recipe"], NEW) == json.loads(json.dumps(new.face()))
    assert old.face() != new.face()


def executed(*parts: Figure | Block) -> NotebookNode:
    output = new_output("display_data", data=Page(parts)._repr_mimebundle_())
    return nbformat.reads(nbformat.writes(new_notebook(cells=[new_code_cell("x", id="x", outputs=[output])])), 4)


def test_a_restyled_notebook_is_the_one_that_running_it_would_leave() -> None:
    words = heading("What it showed")
    restyled = render.restyled(executed(words, *drawn(OLD)), NEW)
    assert nbformat.writes(restyled) == nbformat.writes(executed(words, *drawn(NEW)))


def test_a_picture_of_an_analysts_own_needle_needs_its_notebook() -> None:
    own = replace(LEAD, key="of_my_own")
    picture = done_within(*curves(), own, OLD)
    assert picture.recipe == ""
    assert not record.restyles(executed(heading("Own"), picture))
    assert record.restyles(executed(heading("Ours"), *drawn(OLD)))


def test_a_recipe_that_is_none_of_ours_is_one_clear_error() -> None:
    for recipe in (
        '["trend.trend", {}]',
        '["os.system", {}]',
        "[",
        '["trend.trend", {"weeks": {"value": ["files.put", {}]}}]',
    ):
        bad = executed(replace(done_within(*curves(), LEAD, OLD), recipe=recipe))
        with pytest.raises(RenderError, match="build with --force"):
            render.restyled(bad, NEW)


@pytest.mark.parametrize("name", ["pathlib.Path", "files.put", "cli.app", "forks.Family", "model.brand.nothing"])
def test_nothing_but_values_is_made_of_what_is_read(name: str) -> None:
    with pytest.raises((TypeError, ImportError, AttributeError)):
        values.read({"value": [name, {}]})


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 1.5, "text", float("inf"), date(2026, 7, 1), datetime(2026, 7, 1, tzinfo=UTC), (1, (2.5, "x")), [1, None],
     {"a": (1,), 2: "b"}, Verdict.MOVED, PROOF, LEAD, COST, QUARTER],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_written_is_read_as_it_was(value: object) -> None:
    again = values.read(json.loads(json.dumps(values.written(value), allow_nan=False)))
    assert type(again) is type(value)
    assert repr(again) == repr(value)


def test_a_frame_keeps_its_types_and_gaps() -> None:
    frame = pd.DataFrame(
        {
            "week": pd.to_datetime(["2026-06-29", None]),
            "day": [date(2026, 6, 29), None],
            "value": [1.25, float("nan")],
            "facts": [3, 4],
            "group": ["treated", "comparison"],
        }
    )
    pd.testing.assert_frame_equal(values.read(json.loads(json.dumps(values.written(frame)))), frame)


@pytest.mark.slow
def test_every_picture_of_northwind_can_be_drawn_again(northwind_root: Path) -> None:
    for path in pages(northwind_root, "2026-Q3", "ipynb"):
        kept = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(kept, 4)
        assert record.restyles(notebook), path.name
        brand = load_brand(northwind_root / "params" / "_brand.yml")
        assert nbformat.writes(render.restyled(notebook, brand)) == kept.rstrip("\n"), path.name


@pytest.fixture
def drawn_in_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """How many times calling it with each of some arguments draws, in one build."""
    monkeypatch.setenv(shared.FOLDER, str(tmp_path))
    calls: list[object] = []

    def row(cells: Sequence[Cell], brand: Brand) -> Figure | None:
        calls.append(cells)
        return Figure("row", "<svg/>", None, "", "", record=tuple(shown for cell in cells for shown in cell.record))

    draw = drawn_from(row)
    yield lambda *given: len([draw(*one) for one in given]) and len(calls)
    del _DRAWERS[f"{row.__module__}.{row.__name__}"]


@dataclass(frozen=True)
class Cell:
    value: float
    record: tuple[Shown, ...] = ()


def test_a_picture_is_drawn_once_a_build(drawn_in_a_build: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_name", lambda kind: kind.__name__)  # a test's own value
    one, other = (Cell(1.0, (Shown(id_, "1", 1.0),)) for id_ in ("one", "other"))
    assert drawn_in_a_build(([one], OLD), ([one], OLD)) == 1
    assert (
        drawn_in_a_build(
            ([other], OLD),
        )
        == 2
    ), "its recipe is the same, what it records is not"
    assert drawn_in_a_build(([one], NEW), ([Cell(2.0)], OLD), ([one], OLD)) == 4


def test_what_a_cell_tells_matplotlib_and_what_is_in_a_font_count_as_well(
    drawn_in_a_build: Callable[..., int], tmp_path: Path
) -> None:
    font = tmp_path / "own.ttf"
    font.write_bytes(b"one")
    brand = replace(OLD, fonts=((400, "normal", font),))
    assert drawn_in_a_build(([], brand), ([], brand)) == 1
    font.write_bytes(b"two")
    assert drawn_in_a_build(([], brand)) == 2
    with rc_context({"lines.linewidth": 9}):
        assert drawn_in_a_build(([], brand)) == 3
    assert drawn_in_a_build(([], brand)) == 3


def test_a_report_whose_pictures_are_kept_imports_neither_matplotlib_nor_scipys_functions() -> None:
    heavy = {"matplotlib", "scipy.special", "duckdb", "plotly"}
    code = f"import sys; import reportkit.report; sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    subprocess.run([sys.executable, "-c", code], check=True)
