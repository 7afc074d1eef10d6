"""Notebooks are run with their own parameters only, shielded from the user's settings, and fail in one sentence."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat import NotebookNode

from reportkit import run
from reportkit.errors import NotebookError, ReportkitError, UnknownName
from reportkit.run.parameters import read

PARAMETERS = 'audience = "executives"\nquarter = "2026-Q3"'
GIVEN = {"audience": "security", "quarter": "2026-Q2"}
Write = Callable[..., Path]
Go = Callable[..., run.Executed]


def notebook(cells: Sequence[str], parameters: str | None = PARAMETERS) -> NotebookNode:
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"name": "somebody-elses-kernel", "display_name": "?", "language": "python"}
    if parameters is not None:
        made.cells.append(nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    made.cells += [nbformat.v4.new_code_cell(source) for source in cells]
    return made


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(*cells: str, parameters: str | None = PARAMETERS, folder: str = "notebooks") -> Path:
        path = tmp_path / folder / "security.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook(cells, parameters), path)
        return path

    return make


@pytest.fixture
def go(tmp_path: Path) -> Iterator[Go]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def execute(path: Path, parameters: dict[str, object] | None = None, timeout: float | None = None) -> run.Executed:
        return run.execute(path, parameters or GIVEN, scratch / "executed.ipynb", settings, timeout=timeout)

    with run.isolated(run.Isolated(tmp_path, scratch, 1_782_864_000)) as settings:
        yield execute


def text(executed: run.Executed) -> str:
    return "".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for cell in executed.notebook.cells
        for output in cell.get("outputs", [])
    )


def kernels() -> list[psutil.Process]:
    time.sleep(0.2)
    return [p for p in psutil.Process().children(recursive=True) if "ipykernel" in " ".join(p.cmdline())]


def test_parameters_arrive(write: Write, go: Go) -> None:
    done = go(write("print(audience, quarter)"))
    assert text(done) == "security 2026-Q2\n"
    assert done.seconds > 0


def test_the_kernel_is_this_interpreter_in_the_notebooks_folder_and_told_of_the_workspace(write: Write, go: Go) -> None:
    path = write(
        "import json, os, sys",
        "names = ['REPORTKIT_WORKSPACE', 'SOURCE_DATE_EPOCH', 'PYTHONHASHSEED']",
        "said = [sys.executable, os.getcwd(), *map(os.environ.get, names)]",
        "open('said.json', 'w').write(json.dumps(said))",
    )
    go(path)
    executable, cwd, workspace, epoch, seed = json.loads((path.parent / "said.json").read_text())
    assert (executable, cwd, workspace) == (sys.executable, str(path.parent), str(path.parents[1]))
    assert (epoch, seed) == ("1782864000", "0")


def test_no_kernel_outlives_its_notebook(write: Write, go: Go) -> None:
    go(write("1 + 1"))
    assert kernels() == []


@pytest.mark.parametrize("cell", ["1 / 0", "import os; os._exit(3)", "import time; time.sleep(60)"])
def test_no_kernel_outlives_a_failure(write: Write, go: Go, cell: str) -> None:
    with pytest.raises(NotebookError):
        go(write(cell), timeout=2)
    assert kernels() == []


def test_no_kernel_outlives_an_error_before_its_notebook_begins(
    write: Write, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("gone")

    monkeypatch.setattr("reportkit.run.engine.execute_notebook", broken)
    with pytest.raises(OSError, match="gone"):
        go(write("1 + 1"))
    assert kernels() == []


def test_a_users_own_settings_do_not_interfere(
    write: Write, go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    startup = home / ".ipython" / "profile_default" / "startup" / "00-surprise.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("print('surprise'); audience = 'surprise'")
    spec = home / ".local" / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/bin/false"], "display_name": "broken", "language": "python"}))
    matplotlibrc = home / ".config" / "matplotlib" / "matplotlibrc"
    matplotlibrc.parent.mkdir(parents=True)
    matplotlibrc.write_text("font.size: 77")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JUPYTER_PATH", str(home / ".local" / "share" / "jupyter"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    done = go(write("import matplotlib", "print(audience, matplotlib.rcParams['font.size'])"))
    assert text(done) == "security 10.0\n"


def test_nothing_is_said_on_the_terminal(
    write: Write, go: Go, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        go(write("import warnings, sys", "warnings.warn('careful')", "print('out', file=sys.stderr)"))
        with pytest.raises(NotebookError):
            go(write("1 / 0"))
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_the_executed_notebook_carries_no_path_and_no_time(write: Write, go: Go, tmp_path: Path) -> None:
    first = nbformat.writes(go(write("audience", "print('x')")).notebook)
    assert str(tmp_path) not in first
    assert "papermill" not in first
    assert "start_time" not in first
    assert "shell.execute_reply" not in first
    assert nbformat.writes(go(tmp_path / "notebooks" / "security.ipynb").notebook) == first


def test_a_folder_with_odd_characters_is_no_matter(write: Write, go: Go) -> None:
    assert text(go(write("print(audience)", folder="note{books} & {0} é"))) == "security\n"


def test_an_unknown_parameter_is_refused_with_the_near_one(write: Write, go: Go) -> None:
    path = write("audience", parameters='audiense = ""\nquarter = ""')
    with pytest.raises(UnknownName, match="there is no parameter 'audience'; did you mean 'audiense'"):
        go(path)


def test_a_notebook_without_a_parameters_cell_is_refused(write: Write, go: Go) -> None:
    path = write("audience = 'executives'", parameters=None)
    with pytest.raises(NotebookError, match=r"^security\.ipynb: .*has no parameters cell; give the cell .* the tag"):
        go(path)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ('audience = input()\nquarter = "2026-Q3"', "audience"),
        ('audience = "a"\nquarter = f"{audience}-Q3"', "quarter"),
        ('import os\naudience = "a"\nquarter = "b"', "import os"),
        ('if True:\n    audience = "a"\nquarter = "b"', "if True:"),
        ('audience, quarter = "a", "b"', "audience, quarter"),
        ('audience = "a\nquarter = "b"', "not Python"),
    ],
)
def test_the_parameters_cell_may_only_assign_plain_values(write: Write, go: Go, parameters: str, why: str) -> None:
    with pytest.raises(NotebookError, match="parameters cell") as caught:
        go(write("audience", parameters=parameters))
    assert why in str(caught.value)


def test_a_parameters_cell_with_comments_annotations_and_all_plain_values_is_fine(write: Write, go: Go) -> None:
    path = write(
        "print(audience)",
        parameters='"""Set by the build."""\n# who\naudience: str = "a"\nquarter = "b"\nteams = ["x"]\nlimit = -1.5',
    )
    assert text(go(path)) == "security\n"


def test_two_parameters_cells_are_refused(write: Write, go: Go) -> None:
    path = write("audience")
    made = nbformat.read(path, as_version=4)
    made.cells.append(nbformat.v4.new_code_cell("limit = 3", metadata={"tags": ["parameters"]}))
    nbformat.write(made, path)
    with pytest.raises(NotebookError, match="2 parameters cells"):
        go(path)


def test_parameters_left_by_an_earlier_run_are_replaced(write: Write, go: Go) -> None:
    path = write("print(audience)")
    made = nbformat.read(path, as_version=4)
    made.cells.insert(1, nbformat.v4.new_code_cell("audience = 'old'", metadata={"tags": ["injected-parameters"]}))
    nbformat.write(made, path)
    assert text(go(path)) == "security\n"


def test_a_failing_cell_is_named_by_number_first_line_and_error(write: Write, go: Go, tmp_path: Path) -> None:
    path = write("x = 1", "y = {}\ny['absent']", "z = 2")
    with pytest.raises(NotebookError) as caught:
        go(path)
    assert str(caught.value) == "security.ipynb: cell 3 (`y = {}`) failed: KeyError: 'absent'."
    kept = nbformat.read(tmp_path / "scratch" / "executed.ipynb", as_version=4)
    assert [o.ename for c in kept.cells for o in c.get("outputs", []) if o.output_type == "error"] == ["KeyError"]


def test_an_error_of_reportkit_itself_is_said_without_its_class(write: Write, go: Go) -> None:
    with pytest.raises(NotebookError) as caught:
        go(write("from reportkit.errors import UnknownName", "raise UnknownName('needle', 'led', ['lead'])"))
    assert str(caught.value) == (
        "security.ipynb: cell 3 (`raise UnknownName('needle', 'led', ['lead'])`) failed: "
        "there is no needle 'led'; did you mean 'lead'? Known: lead."
    )


def test_a_long_error_stays_one_line(write: Write, go: Go) -> None:
    with pytest.raises(NotebookError) as caught:
        go(write("raise ValueError('\\n\\nfirst\\nsecond ' + 'x' * 5000)"))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_dead_kernel_is_one_sentence(write: Write, go: Go) -> None:
    with pytest.raises(NotebookError, match=r"cell 2 \(`import os; os\._exit\(3\)`\) failed: its process ended"):
        go(write("import os; os._exit(3)"))


def test_a_cell_that_never_ends_is_stopped(write: Write, go: Go) -> None:
    begun = time.monotonic()
    with pytest.raises(NotebookError, match=r"cell 3 \(`import time`\) failed: it ran longer than 2 seconds"):
        go(write("1", "import time\ntime.sleep(600)"), timeout=2)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"cells": 3}', "\x00"])
def test_a_file_that_is_no_notebook_is_refused(go: Go, tmp_path: Path, content: str) -> None:
    path = tmp_path / "security.ipynb"
    path.write_text(content)
    with pytest.raises(ReportkitError, match=r"^security\.ipynb: "):
        go(path)


def test_two_may_overlap_whichever_ends_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")  # put back afterwards
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    settings = run.Isolated(tmp_path, tmp_path, 0)
    first, second = contextlib.ExitStack(), contextlib.ExitStack()
    first.enter_context(run.isolated(settings))
    second.enter_context(run.isolated(settings))
    first.close()
    second.close()


def test_the_environment_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")
    before = dict(os.environ)
    with run.isolated(run.Isolated(tmp_path, tmp_path, 0)):
        assert os.environ["SOURCE_DATE_EPOCH"] == "0"
    assert dict(os.environ) == before


def test_a_notebook_that_leaves_early_is_no_success(write: Write, go: Go) -> None:
    with pytest.raises(NotebookError, match=r"cell 3 \(`import sys; sys.exit\(\)`\) failed: the notebook ended there"):
        go(write("1 + 1", "import sys; sys.exit()", "2 + 2"))


def test_a_notebook_that_is_looked_at_again_is_as_it_was_read(write: Write) -> None:
    path = write("1 + 1")
    first = read(path)
    first.cells[0].source = "changed"
    assert read(path).cells[0].source != "changed"
    path.write_text(path.read_text().replace("1 + 1", "1 + 2"))
    assert any(cell.source == "1 + 2" for cell in read(path).cells)


def test_papermill_is_there_without_what_it_reads_from_elsewhere_with() -> None:
    lacking = "{'pyarrow', 'requests.models', 'click.core'} & set(sys.modules)"
    code = f"import sys; import reportkit.run.engine; assert not {lacking}; from papermill.iorw import requests; requests.get"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_executed_notebook_that_is_to_be_written_nowhere_is_not_turned_into_text(
    write: Write, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole, texts = write("1 + 1"), nbformat.writes, []
    monkeypatch.setattr(nbformat, "writes", lambda *given, **how: texts.append(given) or whole(*given, **how))
    go(path)
    assert not [text for (text, *_) in texts if text.cells[-1].execution_count]
