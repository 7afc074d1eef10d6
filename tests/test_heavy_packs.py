"""Packs under stress: killed kernels, killed servers, two builds at once, fifty reports at a time, a cluster whose workers die."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import dask
import psutil
import pytest
from distributed import Client, LocalCluster

from reportkit import forks
from reportkit.pack import Pack, Wanted, build, needed, plan, worker
from reportkit.workspace import Workspace
from tests.packs import GOOD, SHOW, notebook, tree, workspace
from tests.unit.test_fan_out import fanned

pytestmark = pytest.mark.heavy
QUARTER = "2026-Q2"
SELF = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


def go(root: Path, **how: object) -> Pack:
    return build(Workspace.find(root), QUARTER, Wanted(**how))  # type: ignore[arg-type]


def waiting(flag: Path) -> str:
    """A cell that says that it runs, and in which process, and waits until it may go on."""
    return (
        f"import os, pathlib, time\nflag = pathlib.Path({str(flag)!r})\n"
        "flag.with_suffix('.new').write_text(str(os.getpid()))\nflag.with_suffix('.new').rename(flag)\n"
        "while not pathlib.Path(f'{flag}-go').exists(): time.sleep(0.05)"
    )


def until(flag: Path) -> psutil.Process:
    """The kernel whose cell waits."""
    for _ in range(3600):
        if flag.exists():
            return psutil.Process(int(flag.read_text()))
        time.sleep(0.05)
    raise AssertionError(f"{flag.name} did not come")


def test_a_warm_pack_is_a_cold_pack(tmp_path: Path) -> None:
    warm, cold = workspace(tmp_path / "warm"), workspace(tmp_path / "cold")
    assert go(warm).ok
    assert go(cold, cold=True).ok
    assert tree(warm / "reports") == tree(cold / "reports")


def test_a_kernel_killed_mid_cell_is_one_error_and_the_server_lives(tmp_path: Path) -> None:
    root = workspace(tmp_path, {"security": (*GOOD, SELF)})
    forks.warm_up()
    forks.Family().call(os.getpid)
    before = forks.server_pid()
    executives, security = go(root).outcomes
    assert executives.ok
    assert "cell 4 (`import os, signal`) failed: its process ended all of a sudden" in str(security.error)
    assert forks.server_pid() == before
    notebook(root, "security", *GOOD)
    assert go(root).ok


@pytest.mark.parametrize("how", [{}, {"cluster": "local", "jobs": 1}], ids=["here", "cluster"])
def test_a_server_killed_mid_cell_is_started_again_and_every_report_is_made(
    tmp_path: Path, how: dict[str, object]
) -> None:
    root, flag = tmp_path / "w", tmp_path / "flag"
    workspace(root, {"security": (*GOOD, waiting(flag))})
    found: list[Pack] = []
    thread = threading.Thread(target=lambda: found.append(go(root, **how)))
    thread.start()
    kernel = until(flag)
    assert kernel.ppid() == forks.server_pid()  # which a worker of this machine borrows
    os.kill(int(forks.server_pid() or 0), signal.SIGKILL)
    Path(f"{flag}-go").touch()
    thread.join(120)
    assert found
    assert found[0].ok, found[0]


def test_a_second_build_is_told_who_builds_and_spoils_nothing(tmp_path: Path) -> None:
    root, flag = tmp_path / "w", tmp_path / "flag"
    workspace(root, {"security": (*GOOD, waiting(flag))})
    command = [sys.executable, "-c", "from reportkit.cli import main; main()", "build", QUARTER, "-w", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as first:
        until(flag)
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        Path(f"{flag}-go").touch()
        first.communicate(timeout=120)
    assert first.returncode == 0
    assert second.returncode == 2
    assert f"process {first.pid} is building {QUARTER} already" in second.stderr


def test_fifty_teams_at_once_each_with_its_own_numbers_and_nothing_left_behind(tmp_path: Path) -> None:
    teams = [f"team {i:02}" for i in range(50)]
    root, temporary = fanned(tmp_path / "w", *teams), tmp_path / "temporary"
    temporary.mkdir()
    script = (
        "import sys, psutil, gc\nfrom reportkit.cli import main\n"
        f"try: main(['build', '{QUARTER}', '-w', {str(root)!r}, '--jobs', '50'])\n"
        "finally:\n me = psutil.Process()\n"
        " print('left', [p.status() for p in me.children(recursive=True) if p.status() == 'zombie'],"
        " [c for c in me.net_connections('all') if c.laddr], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "left [] []" in done.stderr
    record = json.loads((root / "reports" / QUARTER / "record.json").read_text())["reports"]
    assert len(record) == 51
    for i, team in enumerate(teams):
        shown = {n["id"]: n for n in record[f"security-{team.replace(' ', '-')}"]["numbers"]}
        assert {id_.split(".")[0] for id_ in shown} == {f"team={team}"}
        assert shown[f"team={team}.deployment_frequency.2026-04-01/2026-07-01"]["n"] == 5 + i % 7
        page = (root / "reports" / QUARTER / f"security-{team.replace(' ', '-')}.html").read_text()
        assert re.search(rf"{5 + i % 7} \[.{{1,8}}{team}", page)
    time.sleep(1)
    assert list(temporary.iterdir()) == []


def test_a_cluster_makes_the_same_reports(tmp_path: Path) -> None:
    here, there = workspace(tmp_path / "here"), workspace(tmp_path / "there")
    assert go(here).ok
    notebook(there, "security", *GOOD)
    assert go(there, cluster="local", jobs=2).ok
    assert tree(here / "reports") == tree(there / "reports")
    notebook(there, "security", SHOW, "1 / 0")
    (_, failed) = go(there, cluster="local", jobs=2).outcomes
    assert "cell 3 (`1 / 0`) failed: ZeroDivisionError" in str(failed.error)
    assert (there / "reports" / QUARTER / "failed" / "security.ipynb").is_file()


ONCE = """\
import os
from reportkit import shared
def found():
    with open({!r}, "a") as file:
        params = shared.handed(("params", os.environ["REPORTKIT_WORKSPACE"]), lambda: "read again")
        file.write("found with params " + (params if isinstance(params, str) else "handed on") + ". ")
shared.once("found", found)"""


@pytest.mark.parametrize("local", [True, False])
def test_what_one_report_reads_or_works_out_no_other_of_a_clusters_build_does(tmp_path: Path, local: bool) -> None:
    cell = ONCE.format(str(tmp_path / "found"))
    here, there = (workspace(tmp_path / name, {"security": (*GOOD, cell)}) for name in ("here", "there"))
    for root in (here, there):
        notebook(root, "executives", *GOOD, cell)
    assert go(here).ok
    (tmp_path / "found").unlink()
    if local:
        assert go(there, cluster="local", jobs=2).ok
    else:
        quiet = {"distributed.worker.daemon": False}
        with (
            dask.config.set(quiet),
            LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0") as cluster,
        ):
            assert go(there, cluster=cluster.scheduler_address).ok
            (tmp_path / "found").unlink()
            assert go(there, cluster=cluster.scheduler_address, force=True).ok  # nothing of another build is taken
            with Client(cluster) as client:
                assert list(client.run(shared_on_worker).values()) == [0]  # nor left there
    assert (tmp_path / "found").read_text() == "found with params handed on. "
    assert tree(here / "reports") == tree(there / "reports")


def shared_on_worker() -> int:
    """How many builds this worker keeps something for."""
    return len(worker._SHARED)


def test_two_builds_at_once_on_one_cluster_get_each_its_own_reports(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    one = workspace(tmp_path / "one", {"security": (*GOOD, waiting(flag), "'of the one'")})
    other = workspace(tmp_path / "other", {"security": (*GOOD, "'of the other'")})
    found: list[Pack] = []
    with (
        dask.config.set({"distributed.worker.daemon": False}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
    ):
        how = {"cluster": cluster.scheduler_address, "audiences": ("security",)}

        def start(root: Path) -> threading.Thread:
            thread = threading.Thread(target=lambda: found.append(go(root, **how)))
            thread.start()
            return thread

        first = start(one)
        until(flag)
        second = start(other)
        for _ in range(600):  # until both are known to the scheduler
            if sum(str(key).startswith("security-") for key in list(cluster.scheduler.tasks)) == 2:
                break
            time.sleep(0.05)
        Path(f"{flag}-go").touch()
        first.join(180)
        second.join(180)
    assert [pack.ok for pack in found] == [True, True]
    for root in (one, other):
        executed = (root / "reports" / QUARTER / "security.ipynb").read_text()
        assert re.findall(r"'of the \w+'", executed)[0] == f"'of the {root.name}'"


DYNAMIC = """\
from reportkit import open_report, shared
report = open_report(audience, quarter)
def look():
    try:
        return str(len(report.facts("out" + "ages"))) + " found"
    except Exception as error:
        return f"not told: {error}"
shared.once("looked", look)"""


def test_what_a_notebook_asks_for_in_ways_that_nobody_can_foresee_is_there(tmp_path: Path) -> None:
    root = workspace(tmp_path, {"security": (DYNAMIC,)})
    with_incidents(root)
    place = Workspace.find(root)
    assert go(root, cluster="local", jobs=1).ok
    job = plan.jobs(place, QUARTER, ("security",))[0]
    assert "incidents" not in needed.entities_of(place, job)
    page = (root / "reports" / QUARTER / "security.html").read_text()
    assert re.findall(r"\d found|not told[^<]*", page) == ["2 found"]


def with_incidents(root: Path) -> None:
    """Give the workspace two incidents, that no report of it is about."""
    (root / "extracts" / "raw" / "incidents.csv").write_text(
        "id,began,over\n1,2026-04-02T10:00:00Z,2026-04-02T11:00:00Z\n2,2026-05-02T10:00:00Z,2026-05-02T11:00:00Z\n"
    )
    sources = root / "params" / "sources.yaml"
    text = sources.read_text().replace(
        "entities:", "  incidents: {type: file, path: extracts/raw/incidents.csv}\nentities:"
    )
    sources.write_text(
        f"{text}  incidents:\n    source: incidents\n    columns: {{incident_id: id, started_at: began, resolved_at: over, "
        "service: \"'shop'\", environment: \"'production'\", outage: 'true'}\n    covers: [2026-01-01, 2026-07-01]\n"
    )


def test_a_worker_that_dies_is_no_matter(tmp_path: Path) -> None:
    root, flag = tmp_path / "w", tmp_path / "flag"
    asked = tmp_path / "asked"  # by which process the server was asked for the kernel
    who = f"import multiprocessing, pathlib\npathlib.Path({str(asked)!r}).write_text(str(multiprocessing.parent_process().pid))"
    workspace(root, {"security": (*GOOD, who, waiting(flag))})
    found: list[Pack] = []
    thread = threading.Thread(target=lambda: found.append(go(root, cluster="local", jobs=2)))
    thread.start()
    kernel = until(flag)
    dying = psutil.Process(int(asked.read_text()))
    assert dying.pid in {child.pid for child in psutil.Process().children()}
    assert "spawn_main" in " ".join(dying.cmdline())
    dying.kill()
    psutil.wait_procs([kernel], timeout=10)
    assert not kernel.is_running()
    Path(f"{flag}-go").touch()
    thread.join(180)
    assert found
    assert found[0].ok, found[0]


def test_a_cluster_that_is_not_there_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reportkit.pack.cluster.CONNECT", "1s")
    root = workspace(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", "import reportkit.pack.cluster as c; c.CONNECT = '1s'\nfrom reportkit.cli import main; main()",
         "build", QUARTER, "-w", str(root), "--cluster", "tcp://127.0.0.1:1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == (
        "reportkit: no Dask scheduler answers at tcp://127.0.0.1:1; give its address, such as tcp://10.0.0.5:8786, or 'local'.\n"
    )
