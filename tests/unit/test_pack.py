"""A pack is built whole or not at all, report by report; what is good stays, what is not is explained."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from reportkit import files, forks, render, run
from reportkit.errors import NotebookError, ParamsError, ReportkitError, SnapshotError, UnknownName
from reportkit.pack import Pack, Wanted, build, making, plan
from reportkit.workspace import Workspace
from tests.building import changed
from tests.packs import GOOD, SHOW, notebook, tree, workspace

QUARTER = "2026-Q2"
FILES = [f"{name}.{ending}" for name in ("executives", "security") for ending in ("html", "ipynb", "pdf")]


@pytest.fixture(autouse=True)
def plain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are laid out in a moment, but for the tests that are about them."""
    if "laid_out" not in request.fixturenames:
        monkeypatch.setattr(render, "html", lambda executed, _: nbformat.writes(executed))
        monkeypatch.setattr(render, "pdf", lambda executed, _, **__: nbformat.writes(executed).encode())


@pytest.fixture
def laid_out() -> None:
    """Asks for pages as users get them."""


def go(root: Path, *audiences: str, quarter: str = QUARTER, extract: bool = False, force: bool = False) -> Pack:
    """Everything in this process but the kernels, so that a test may put something else in a function's place."""
    return build(Workspace.find(root), quarter, Wanted(audiences, extract=extract, force=force, cold=True))


def recorded(root: Path) -> dict[str, dict[str, float]]:
    record = json.loads((root / "reports" / QUARTER / "record.json").read_text())
    return {name: {n["id"]: n["value"] for n in report["numbers"]} for name, report in record["reports"].items()}


@pytest.mark.parametrize(
    ("wanted", "forking"),
    [
        (Wanted(), True), (Wanted(cold=True), False), (Wanted(cluster="local"), True), (Wanted(cluster="local", cold=True), False),
        (Wanted(cluster=""), True), (Wanted(cluster="tcp://10.0.0.5:8786"), False),
    ],
)  # fmt: skip
def test_notebooks_are_forked_here_unless_they_run_elsewhere(wanted: Wanted, forking: bool) -> None:
    assert wanted.forking is forking


def test_what_lays_pages_out_starts_once_it_is_known_what_to_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take the processor from the planning, and from the first kernels, which all else waits for."""
    order: list[str] = []
    usual, planned = forks.warm_up, plan.planned
    monkeypatch.setattr(forks, "warm_up", lambda *named: order.extend(named) or usual(*named))  # type: ignore[func-returns-value]
    monkeypatch.setattr(plan, "planned", lambda *what: order.append("plan") or planned(*what))  # type: ignore[func-returns-value]
    assert build(Workspace.find(workspace(tmp_path)), QUARTER, Wanted(("executives",))).ok
    assert order == [forks.KERNELS, "plan", forks.PAGES]


def test_a_pack_is_files_index_and_record_and_nothing_else(tmp_path: Path) -> None:
    pack = go(workspace(tmp_path))
    assert pack.ok, pack
    assert sorted(tree(tmp_path / "reports")) == sorted(
        [f"{QUARTER}/{name}" for name in (*FILES, "index.html", "record.json")]
    )
    assert [o.report for o in pack.outcomes] == ["executives", "security"]
    assert all(path.is_file() for o in pack.outcomes for path in o.files)
    assert recorded(tmp_path) == {"executives": {"lead_time.now": 4.0}, "security": {"lead_time.now": 4.0}}
    assert "Answer for security" in pack.index.read_text()


@pytest.mark.usefixtures("laid_out")
def test_two_builds_are_the_same_byte_for_byte_and_name_no_place(tmp_path: Path) -> None:
    first = go(workspace(tmp_path / "one"))
    before = tree(tmp_path / "one" / "reports")
    go(tmp_path / "one")
    assert tree(tmp_path / "one" / "reports") == before
    go(workspace(tmp_path / "two"))
    assert tree(tmp_path / "two" / "reports") == before
    assert first.ok
    assert not [name for name, content in before.items() if str(tmp_path).encode() in content]


def test_one_quarter_builds_its_own_audiences_and_one_report_can_be_built_alone(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    assert [o.report for o in go(root, quarter="2026-Q1").outcomes] == ["executives"]
    assert [o.report for o in go(root, "security", "security").outcomes] == ["security"]
    assert set(recorded(root)) == {"security"}
    go(root, "executives")
    assert set(recorded(root)) == {"executives", "security"}


def test_a_failing_report_leaves_the_last_good_one_and_the_others_go_on(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    go(root)
    good = tree(root / "reports" / QUARTER)
    notebook(root, "security", SHOW, "x = 1\nx.absent")
    notebook(root, "executives", SHOW, 'show("answer", "A new answer", ("lead_time.now", 5.0))')
    pack = go(root)
    executives, security = pack.outcomes
    assert (executives.ok, security.ok, pack.ok) == (True, False, False)
    assert security.error == (
        "security.ipynb: cell 3 (`x = 1`) failed: AttributeError: 'int' object has no attribute 'absent'. "
        f"The executed notebook is in reports/{QUARTER}/failed/security.ipynb."
    )
    now = tree(root / "reports" / QUARTER)
    assert {name for name in good if name.startswith("security") and now[name] != good[name]} == set()
    assert b"A new answer" in now["executives.html"]
    assert b"AttributeError" in now["failed/security.ipynb"]
    notebook(root, "security", *GOOD)
    go(root, "security")
    assert not (root / "reports" / QUARTER / "failed").exists()


def test_a_report_that_cannot_be_laid_out_is_explained_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, whole = workspace(tmp_path), render.pdf

    def broken(executed: object, sheet: render.Sheet, **_: object) -> bytes:
        if sheet.audience == "Security":
            raise ZeroDivisionError("oops")
        return whole(executed, sheet)

    monkeypatch.setattr(render, "pdf", broken)
    pack = go(root)
    assert [o.ok for o in pack.outcomes] == [True, False]
    assert pack.outcomes[1].error == (
        "this is a fault in reportkit (ZeroDivisionError: oops). "
        f"The details are in reports/{QUARTER}/failed/security.txt."
    )
    assert not (root / "reports" / QUARTER / "security.html").exists()
    assert not [p for p in (root / "reports").iterdir() if p.name != QUARTER]


def test_reports_that_disagree_are_not_published(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    notebook(root, "security", SHOW, 'show("answer", "Mine", ("lead_time.now", 5.0))')
    pack = go(root)
    text = "executives and security disagree on lead_time.now: 4.0 days and 5.0 days; neither is published."
    assert [o.ok for o in pack.outcomes] == [False, False]
    assert all(str(o.error).startswith(text) for o in pack.outcomes)
    assert not (root / "reports" / QUARTER).exists()


def test_a_report_that_disagrees_with_itself_is_not_published(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    notebook(root, "security", *GOOD, 'show("note", "Again", ("lead_time.now", 5.0))')
    assert "two cells disagree on lead_time.now: 4.0 days and 5.0 days" in str(go(root).outcomes[1].error)


def test_a_number_that_is_none_agrees_with_itself_and_is_null_in_the_record(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    for name in ("executives", "security"):
        notebook(root, name, SHOW, 'show("answer", "None yet", ("lead_time.now", float("nan")))')
    assert go(root).ok
    assert recorded(root)["security"] == {"lead_time.now": None}


@pytest.mark.usefixtures("laid_out")
def test_an_analysts_own_cell_may_show_anything(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    frame = "import pandas as pd\npd.DataFrame({'team': ['<script>alert(1)</script>'], 'days': [4.5]})"
    notebook(root, "executives", *GOOD, frame, "print('hello')", "import warnings; warnings.warn('careful')", "None")
    assert go(root, "executives").ok
    page = (root / "reports" / QUARTER / "executives.html").read_text()
    assert "<script>alert(1)" not in page
    assert "careful" not in page


@pytest.mark.parametrize(
    ("quarter", "audiences", "error", "text"),
    [
        ("2026-Q5", (), ParamsError, "'2026-Q5' is no quarter"),
        ("2026-Q3", (), UnknownName, "there is no quarter '2026-Q3'; did you mean '2026-Q2'"),
        ("2026-Q2", ("securty",), UnknownName, "there is no audience 'securty'; did you mean 'security'"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_made(
    tmp_path: Path, quarter: str, audiences: tuple[str, ...], error: type[Exception], text: str
) -> None:
    root = workspace(tmp_path)
    before = tree(root)
    with pytest.raises(error, match=text):
        go(root, *audiences, quarter=quarter)
    assert tree(root) == before


def test_a_notebook_that_cannot_take_the_parameters_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    notebook(root, "security", *GOOD, parameters='quarter = ""')
    with pytest.raises(UnknownName, match="no parameter 'audience'"):
        go(root)
    (root / "notebooks" / "security.ipynb").write_text("{}")
    with pytest.raises(NotebookError, match=r"security\.ipynb: this is no Jupyter notebook"):
        go(root)
    changed(
        root, "audiences.yaml", ("title: Security\n", "title: Security\n  notebook: ours.ipynb\n")
    )  # none of those that come along
    with pytest.raises(ParamsError, match=r"notebooks/ours\.ipynb is missing"):
        go(root)
    assert not (root / "reports").exists()
    assert [p.name for p in (root / "extracts").iterdir()] == ["raw"]


def test_a_changed_mapping_is_said_and_the_frozen_extract_shown_until_it_is_taken_again(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    assert go(root, "executives").remarks == ()
    sources = root / "params" / "sources.yaml"
    sources.write_text(sources.read_text().replace("team: team", "team: upper(team)"))
    (remark,) = go(root, "executives").remarks
    assert remark.startswith("sources.yaml has changed since the extract of 2026-Q2 was frozen")
    (remark,) = go(root, "security", extract=True).remarks
    said, command = remark.split("; build it again: ")
    assert said == "executives was built from an earlier extract of 2026-Q2"
    assert command == "reportkit build 2026-Q2 --audience executives"
    assert go(root).remarks == ()


def test_a_broken_extract_is_refused(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    go(root, "executives")
    (root / "extracts" / QUARTER / "manifest.json").write_text("{")
    with pytest.raises(SnapshotError, match=r"run `reportkit extract 2026-Q2`"):
        go(root)


def test_a_second_build_of_the_quarter_is_told_who_builds(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    with (
        files.lock(root / "reports" / f".{QUARTER}.lock", f"building {QUARTER}"),
        pytest.raises(ReportkitError, match=f"process {os.getpid()} is building 2026-Q2 already; wait"),
    ):
        go(root)
    assert go(root, "executives").ok


def test_no_extract_is_taken_under_a_build_nor_a_build_made_under_an_extract(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    lock = root / "reports" / f".{QUARTER}.lock"
    command = [sys.executable, "-c", "from reportkit.cli import main; main()", "extract", QUARTER, "-w", str(root)]
    with files.lock(lock, f"building {QUARTER}"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"process {os.getpid()} is building {QUARTER} already; wait" in done.stderr
    assert not (root / "extracts" / QUARTER).exists()
    with (
        files.lock(lock, f"taking the extract of {QUARTER} anew"),
        pytest.raises(ReportkitError, match=f"is taking the extract of {QUARTER} anew already"),
    ):
        go(root)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


HOLDING = """
import os, signal, sys
from pathlib import Path
from reportkit import files
with files.lock(Path(sys.argv[1]), "building"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_lock_goes_with_the_process_that_is_killed(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    lock = root / "reports" / f".{QUARTER}.lock"
    command = [sys.executable, "-c", HOLDING, str(lock)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -9
    assert lock.read_text().endswith(" building")
    with files.lock(lock, "building again"):
        pass
    assert not lock.exists()


def test_a_lock_and_scratch_left_by_a_killed_build_are_no_hindrance(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    (root / "reports" / f".{QUARTER}-4242").mkdir(parents=True)
    (root / "reports" / f".{QUARTER}.lock").write_text("4242")
    assert go(root, "executives").ok
    assert [p.name for p in (root / "reports").iterdir()] == [QUARTER]


def test_a_cell_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTKIT_CELL_TIMEOUT", "2")
    root = workspace(tmp_path, {"security": ("import time", "time.sleep(600)")})
    assert "cell 3 (`time.sleep(600)`) failed: it ran longer than 2 seconds" in str(
        go(root, "security").outcomes[0].error
    )
    monkeypatch.setenv("REPORTKIT_CELL_TIMEOUT", "soon")
    with pytest.raises(ReportkitError, match="REPORTKIT_CELL_TIMEOUT is 'soon'; give the seconds"):
        go(root)


#: A process started in the background, as tests may be, ignores SIGINT until told otherwise.
HEEDING = """\
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from reportkit.cli import main
main()"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_no_process_and_nothing_half_made(tmp_path: Path, number: signal.Signals) -> None:
    started = tmp_path / "started"
    root = workspace(
        tmp_path / "w", {"security": (f"open({str(started)!r}, 'w').close()\nimport time\ntime.sleep(600)",)}
    )
    command = [sys.executable, "-c", HEEDING, "build", QUARTER]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            for _ in range(600):
                if started.exists() or process.poll() is not None:
                    break
                time.sleep(0.1)
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out) == (130, "")
    assert err == "reportkit: stopped; nothing half-made was left behind.\n"
    assert children
    assert psutil.wait_procs(children, timeout=5)[1] == []
    assert tree(root / "reports") == {}
    assert list((root / "reports").iterdir()) == []


def test_an_export_that_was_replaced_is_said_and_the_frozen_extract_shown(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    assert go(root, "executives").remarks == ()
    export = root / "extracts" / "raw" / "deployments.csv"
    export.write_text(export.read_text() + "99,ant,2026-05-01T10:00:00Z\n")
    os.utime(export, (time.time() + 5, time.time() + 5))
    (remark,) = go(root, "executives").remarks
    assert remark.startswith("deployments.csv is another file than when the extract of 2026-Q2 was frozen")
    assert go(root, "executives", extract=True).remarks == ()


def test_reports_of_one_quarter_that_were_built_from_different_params_are_told(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    assert go(root).remarks == ()
    notebook(root, "executives", SHOW, 'show("answer", f"Answer for {audience}", ("lead_time.now", 5.0))')
    (remark,) = go(root, "executives").remarks
    assert "executives and security print 5.0 days and 4.0 days as lead_time.now" in remark


@pytest.mark.parametrize(("left", "at_once"), [(False, [("html", "pdf")]), (True, [("html",), ("pdf",)])])
def test_the_last_report_has_both_faces_laid_out_at_once(
    left: bool, at_once: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(making, "apart", lambda *given, **_: asked.append((*given[5:], ("html", "pdf"))[0]))
    settings = run.Isolated(tmp_path, tmp_path, 0, family=forks.Family())
    line = making.Line(settings, 1.0, threading.Semaphore(), threading.Semaphore(), lambda: left)
    making._laid_out(line, tmp_path / "report.ipynb", None)  # type: ignore[arg-type]
    assert sorted(asked) == at_once
