"""The command line: an answer or one line of complaint, the right exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from reportkit import cli, forks
from tests.packs import SHOW, notebook, workspace

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Say:
    """A function that runs a command in this process: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(arguments)
        out, err = capfd.readouterr()
        return int(left.value.code or 0), out, err

    return run


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, deep inside a workspace."""
    root = workspace(tmp_path / "workspace")
    (root / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(root / "deep" / "er")
    monkeypatch.delenv("REPORTKIT_WORKSPACE", raising=False)
    return root


def test_help_and_version_answer_at_once(say: Say) -> None:
    code, out, _ = say("--help")
    assert code == 0
    assert all(verb in out for verb in ("build", "extract", "check", "init", "needles", "entities", "schema"))
    assert say() == (0, out, "")
    assert say("--version") == (0, f"reportkit {version('reportkit')}\n", "")


def test_help_needs_nothing_heavy() -> None:
    heavy = {
        "duckdb",
        "ibis",
        "matplotlib",
        "nbformat",
        "numpy",
        "pandas",
        "papermill",
        "plotly",
        "pydantic",
        "rich",
        "weasyprint",
    }
    script = "import sys, reportkit.cli; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & heavy == set()
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from reportkit.cli import main; main()", "--help"], check=True, capture_output=True
    )
    assert time.perf_counter() - begun < 3  # a fifth of a second where nothing else runs


def test_build_ends_with_the_paths(inside: Path, say: Say) -> None:
    code, out, err = say("build")
    assert (code, err) == (0, "")
    paths = [Path(line) for line in out.splitlines()[2:]]
    folder = inside / "reports" / "2026-Q2"
    assert paths == [
        folder / name
        for name in ("executives.html", "executives.pdf", "security.html", "security.pdf", "index.html")
    ]  # fmt: skip
    assert all(path.is_file() for path in paths)
    os.chdir(inside)
    code, out, _ = say("build", "2026-Q1", "--jobs", "1")
    assert out.splitlines()[1:] == [
        f"reports/2026-Q1/{name}" for name in ("executives.html", "executives.pdf", "index.html")
    ]


@pytest.mark.parametrize(
    ("arguments", "started"),
    [
        (["build"], True),
        (["build", "2026-Q2", "--force"], True),
        (["build", "2026-Q1"], False),  # whose reports are there
        (["build", "2026-Q2", "--cold"], False),
        (["build", "--cluster=tcp://one:1", "2026-Q2"], False),
        (["build", "-h"], False),
        (["build", "-fh"], False),
        (["build", "--workspace=/elsewhere"], False),
        (["build", "-w/elsewhere"], False),
        (["build", "-fw", "/elsewhere"], False),
        (["check"], False),
        (["build", "2026-Q2", "-w", "/"], False),
        (["build", "2026-Q2", "-w"], True),  # of which the command itself complains
        ([], False),
    ],
)
def test_kernels_are_prepared_for_while_the_command_line_is_parsed(
    arguments: list[str], started: bool, inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(forks, "warm_up", lambda *servers: asked.extend(servers))
    (inside / "reports" / "2026-Q1").mkdir(parents=True)
    cli._sooner(arguments)
    assert asked == [forks.KERNELS] * started


def test_a_failed_report_is_one_line_and_exit_code_1(inside: Path, say: Say) -> None:
    notebook(inside, "security", SHOW, "1 / 0")
    code, out, err = say("build", "-a", "security", "-a", "executives")
    assert code == 1
    assert err == (
        "reportkit: security: security.ipynb: cell 3 (`1 / 0`) failed: ZeroDivisionError: division by zero. "
        "The executed notebook is in reports/2026-Q2/failed/security.ipynb.\n"
    )
    assert "executives.pdf" in out
    assert "security.pdf" not in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("build", "2026-Q5"), "'2026-Q5' is no quarter; write year and quarter like 2026-Q3"),
        (("build", "2026-Q4"), "there is no quarter '2026-Q4'"),
        (("build", "--audience", "securty"), "did you mean 'security'"),
        (("build", "--jobs", "0"), "--jobs"),
        (("build", "2026-Q2", "2026-Q1"), "unexpected extra argument"),
        (("extract", "2026"), "'2026' is no quarter"),
        (("extract",), "quarter"),
        (("needles", "deployment_frequencies"), "did you mean 'deployment_frequency'"),
        (("buld",), "Did you mean 'build'"),
        (("build", "--audiences", "x"), "No such option"),
        (("init",), "folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    inside: Path, say: Say, arguments: tuple[str, ...], complaint: str
) -> None:
    code, out, err = say(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("reportkit: ")
    assert err.count("\n") == 1
    assert complaint.lower() in err.lower()


def test_outside_a_workspace_one_is_told_so(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REPORTKIT_WORKSPACE", raising=False)
    code, _, err = say("build")
    assert code == 2
    assert "is in no workspace" in err
    assert "reportkit init" in err


def test_extract_says_what_it_took(inside: Path, say: Say) -> None:
    code, out, _ = say("extract", "2026-Q2")
    assert code == 0
    assert out.split() == [
        "deployments",
        "28",
        "0",
        "0",
        "2026-01-01",
        "–",
        "2026-07-01",
        str(inside / "extracts" / "2026-Q2"),
    ]


def test_check_lists_every_fault(inside: Path, say: Say) -> None:
    assert say("check")[0] == 0
    (inside / "params" / "2026-Q2.yaml").write_text("audiences: [securty]\nprofs: []\n")
    (inside / "notebooks" / "executives.ipynb").unlink()
    code, out, err = say("check")
    assert code == 2
    assert "params/2026-Q2.yaml:2" in out
    assert err.startswith("reportkit: ")


def test_needles_entities_and_schema(inside: Path, say: Say) -> None:
    assert "deployment_frequency " in say("needles")[1]
    assert "deployments" in say("needles", "deployment_frequency")[1]
    assert "deployed_at" in say("entities")[1]
    code, out, _ = say("schema")
    assert code == 0
    for line in out.splitlines():
        assert json.loads(Path(line).read_text())["type"] == "object"
    assert say("check")[0] == 0


def test_several_clones_may_follow_one_flag() -> None:
    spread = ["init", "mine", "--from-git", "a", "--from-git", "b", "--debug"]
    assert cli._spread(["init", "mine", "--from-git", "a", "b", "--debug"]) == spread
    assert cli._spread(["init", "mine", "--from-git", "a", "--from-git", "b", "--debug"]) == spread
    assert cli._spread(["init", "mine"]) == ["init", "mine"]


def test_init_without_a_folder_never_takes_a_clone_for_it(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = say("init", "--from-git", "a", "b")
    assert (code, list(tmp_path.iterdir())) == (2, [])
    assert "folder" in err.lower()


def test_a_fault_of_our_own_is_one_line_that_says_where_the_details_are(
    inside: Path, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr("reportkit.pack.build", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, out, err = say("build")
    assert (code, out) == (1, "")
    assert err.startswith("reportkit: this is a fault in reportkit (ZeroDivisionError: two lines); the details are in ")
    assert err.count("\n") == 1
    details = Path(err.rsplit(" in ", 1)[1].strip().rstrip("."))
    assert "Traceback" in details.read_text()
    code, _, err = say("build", "--debug")
    assert code == 1
    assert "Traceback" in err


def test_a_reader_that_goes_away_is_no_fault() -> None:
    command = f"{sys.executable} -c 'from reportkit.cli import main; main()' entities | true"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
