"""Forked processes: clean, alone, ended with their build; a server that dies is started again, once."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest

from reportkit import forks, render, run
from reportkit.errors import RenderError, UnknownName
from reportkit.pack import making
from reportkit.render import layout
from tests.packs import PARAMETERS
from tests.sample_report import executive, sheet_fields

SHEET = render.Sheet(**sheet_fields())
pytestmark = pytest.mark.skipif(not forks.available(), reason="no fork server on this system")
#: What an analyst may show: each kind of picture and table, and what chance and the environment give away.
SHOWN = (
    "import os, sys\nsys.argv[0].rsplit('/', 1)[-1], sys.path[0], os.getcwd().rsplit('/', 1)[-1], __name__",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()",
    "import plotly.express as px\npx.bar(x=['a', 'b'], y=[1, 2])",
    "import pandas as pd\npd.DataFrame({'team': ['ant', 'bee'], 'days': [1.5, float('nan')]})",
    "import multiprocessing\nmultiprocessing.current_process().name, multiprocessing.current_process().daemon",
    "{'one', 'two', 'three', 'four'}",
    "import warnings\nwarnings.warn('careful')\n%who_ls",
    "import threading\nsorted(t.name.split('-')[0] for t in threading.enumerate() if t.name == 'MainThread')",
)


@pytest.fixture(autouse=True)
def server() -> None:
    forks.warm_up()


@pytest.fixture
def family() -> Iterator[forks.Family]:
    made = forks.Family()
    yield made
    made.stop()


def server_pid() -> int:
    pid = forks.server_pid()
    assert pid
    return int(pid)


def chance() -> tuple[float, float]:
    return random.random(), float(np.random.random())  # noqa: NPY002


def state() -> dict[str, object]:
    import matplotlib.pyplot as plt

    me = psutil.Process()
    return {
        "threads": me.num_threads(),
        "group": os.getpgid(0) == os.getpid(),
        "figures": plt.get_fignums(),
        "seed": os.environ.get("PYTHONHASHSEED"),
        "sockets": [c for c in me.net_connections("all") if c.status not in ("NONE", "ESTABLISHED")],
    }


def refuse() -> None:
    raise UnknownName("needle", "led", ["lead"], where="here")


def break_down() -> None:
    raise ZeroDivisionError("oops")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def rest() -> int:
    time.sleep(0.5)
    return os.getpid()


def note_and_die(file: Path) -> None:
    with file.open("a") as calls:
        calls.write(f"{os.getpid()} ")
    die()


HELD = []


def grow() -> int:
    HELD.append(b"x" * forks.LARGE)
    return os.getpid()


def test_a_fork_has_a_group_of_its_own_and_nothing_left_over(family: forks.Family) -> None:
    found = family.call(state)
    assert found == {
        "threads": 2,
        "group": True,
        "figures": [],
        "seed": "0",
        "sockets": [],
    }  # the second waits for our end


def test_no_two_forks_share_their_chance(family: forks.Family) -> None:
    drawn = [family.call(chance) for _ in range(3)]
    assert len({d[0] for d in drawn}) == len({d[1] for d in drawn}) == 3


def test_the_server_itself_runs_one_thread_and_has_no_database_open() -> None:
    forks.Family().call(os.getpid)
    process = psutil.Process(server_pid())
    assert process.num_threads() == 1
    assert [f.path for f in process.open_files() if "duckdb" in f.path] == []


def test_what_is_raised_arrives_as_it_was(family: forks.Family) -> None:
    with pytest.raises(UnknownName, match="here: there is no needle 'led'; did you mean 'lead'") as caught:
        family.call(refuse)
    assert caught.value.known == ("lead",)
    with pytest.raises(ZeroDivisionError) as fault:
        family.call(break_down)
    assert "in break_down" in "".join(fault.value.__notes__)


def test_a_worker_that_is_killed_is_one_sentence_and_the_server_lives(family: forks.Family) -> None:
    family.call(os.getpid)
    before = server_pid()
    with pytest.raises(RenderError, match="its process was ended all of a sudden"):
        family.call(die)
    assert family.call(os.getppid) == before == server_pid()


def test_a_worker_answers_as_many_calls_as_it_may_and_ends(family: forks.Family) -> None:
    pids = [family.call(os.getpid, most=3) for _ in range(7)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]
    assert not any(psutil.pid_exists(pid) for pid in pids[:6])
    assert psutil.pid_exists(pids[6])
    family.stop()
    assert not psutil.pid_exists(pids[6])


def test_a_worker_that_raised_is_called_again_and_one_that_died_waiting_is_not(family: forks.Family) -> None:
    first = family.call(os.getpid, most=9)
    with pytest.raises(ZeroDivisionError):
        family.call(break_down, most=9)
    assert family.call(os.getpid, most=9) == first
    os.kill(first, signal.SIGKILL)
    assert family.call(os.getpid, most=9) != first
    with pytest.raises(RenderError, match="its process was ended all of a sudden"):
        family.call(die, most=9)


def test_a_call_that_ends_its_process_is_made_once_more_in_a_new_one(family: forks.Family, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        waiting = set(pool.map(lambda _: family.call(rest, most=9), range(3)))
    assert len(waiting) == 3
    with pytest.raises(RenderError, match="its process was ended all of a sudden"):
        family.call(note_and_die, tmp_path / "calls", most=9)
    called = [int(pid) for pid in (tmp_path / "calls").read_text().split()]
    assert [pid in waiting for pid in called] == [True, False]


def test_a_worker_that_has_grown_large_is_not_called_again(family: forks.Family) -> None:
    first = family.call(os.getpid, most=9)
    assert family.call(grow, most=9) == first
    assert family.call(os.getpid, most=9) != first


def test_pages_that_wait_for_more_are_no_lost_kernels(family: forks.Family) -> None:
    first = family.call(os.getpid, server=forks.PAGES, most=9)
    pid = forks.server_pid(forks.PAGES)
    assert pid
    os.kill(pid, signal.SIGKILL)
    while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert family.call(os.getpid, server=forks.PAGES, most=9) != first
    assert family.lost == 0


def test_workers_of_one_server_are_not_called_for_another(family: forks.Family) -> None:
    kernels, pages = forks.KERNELS, forks.PAGES
    parents = [family.call(os.getppid, server=server, most=9) for server in (kernels, pages, kernels, pages)]
    assert parents == [forks.server_pid(server) for server in (kernels, pages)] * 2


def laid_out(source: Path) -> tuple[bool, int, bool]:
    from nbformat import validator

    from reportkit import preloaded  # there alone: it puts off the collection of garbage

    layout.lay_out(source, SHEET)
    return "soupsieve" in sys.modules, len(validator.validators), gc.get_threshold()[0] == preloaded.SELDOM


def test_pages_are_laid_out_without_css_selectors_and_schemas(family: forks.Family, tmp_path: Path) -> None:
    nbformat.write(executive(), tmp_path / "report.ipynb")
    assert family.call(laid_out, tmp_path / "report.ipynb", server=forks.PAGES) == (False, 0, True)
    # With all of WeasyPrint's own style sheet: counters of pages, marks of lists.
    assert (tmp_path / "report.pdf").read_bytes() == render.pdf(executive(), SHEET)
    assert (tmp_path / "report.html").read_text() == render.html(executive(), SHEET)


def test_a_dead_server_is_started_again(family: forks.Family) -> None:
    first = family.call(os.getppid)
    os.kill(first, signal.SIGKILL)
    while psutil.Process(first).status() != psutil.STATUS_ZOMBIE:  # multiprocessing itself has to find it dead
        time.sleep(0.01)
    assert family.call(os.getppid) != first


def test_a_process_whose_server_dies_is_ended_and_told_apart(family: forks.Family) -> None:
    forked = family.start(time.sleep, 600)
    os.kill(server_pid(), signal.SIGKILL)
    assert forked.wait(10) == forks.LOST
    assert forked.lost
    assert family.lost == 1
    if psutil.pid_exists(forked.pid):
        psutil.Process(forked.pid).wait(5)


def test_a_family_ends_as_a_whole_and_starts_nothing_more(family: forks.Family) -> None:
    members = [family.start(time.sleep, 600) for _ in range(3)]
    family.stop()
    assert [m.wait(5) for m in members] == [-signal.SIGKILL] * 3
    with pytest.raises(forks.Stopped):
        family.call(os.getpid)
    settings = run.Isolated(Path(), Path(), 0, family=family)
    with pytest.raises(forks.Stopped):  # nor is it done here
        making.apart(settings, forks.PAGES, os.getpid)


def executed(tmp_path: Path, family: forks.Family | None) -> str:
    scratch = tmp_path / ("warm" if family else "cold")
    scratch.mkdir()
    path = tmp_path / "notebooks" / "security.ipynb"
    path.parent.mkdir(exist_ok=True)
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}, id="parameters")]
    made.cells += [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(SHOWN)]
    nbformat.write(made, path)
    with run.isolated(run.Isolated(tmp_path, scratch, 1_782_864_000, family=family)) as settings:
        done = run.execute(path, {"audience": "security", "quarter": "2026-Q2"}, scratch / "executed.ipynb", settings)
    assert (done.notebook.cells[1].source, len(done.notebook.cells)) == (
        '# Parameters\naudience = "security"\nquarter = "2026-Q2"\n',
        len(SHOWN) + 2,
    )
    return nbformat.writes(done.notebook)


def test_a_warm_kernel_shows_what_a_cold_one_shows(tmp_path: Path, family: forks.Family) -> None:
    cold, warm = executed(tmp_path, None), executed(tmp_path, family)
    assert warm == cold
    kinds = [o.get("data", {}) for c in nbformat.reads(warm, 4).cells for o in c.get("outputs", [])]
    assert any("image/png" in data for data in kinds)
    assert any("application/vnd.plotly.v1+json" in data for data in kinds)


@pytest.mark.parametrize(
    ("server", "idle"),
    [
        (forks.FEW, {"pandas", "numpy", "ibis", "pyarrow", "matplotlib", "duckdb", "plotly", "nbformat", "debugpy"}),
        (forks.KERNELS, {"debugpy"}),
        (forks.PAGES, {"pydantic", "pandas", "ibis", "pyarrow", "matplotlib", "duckdb", "reportkit.model.params"}),
    ],
)
def test_servers_import_nothing_that_what_they_fork_does_without(server: str, idle: set[str]) -> None:
    code = f"import sys, {server}; found = {idle!r} & set(sys.modules); sys.exit(str(found) if found else 0)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **forks.SETTLED})


def test_the_server_for_kernels_imports_all_that_sections_stand_on() -> None:
    code = (
        f"import sys, {forks.KERNELS}; from reportkit import sections; "
        "wanted = {f'reportkit.sections.{name}' for name in sections.__all__} | {'pandas', 'matplotlib.pyplot'}; "
        "lacking = wanted - set(sys.modules); sys.exit(str(lacking) if lacking else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **forks.SETTLED})
