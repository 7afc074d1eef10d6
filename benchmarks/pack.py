"""How long a pack takes, beside the same notebooks by papermill and nbconvert in a loop; everything in one run, as ratios.

    python benchmarks/pack.py                 # the repository's workspace, filled up to seven reports
    python benchmarks/pack.py --teams 100     # one report a team as well
    python benchmarks/pack.py --without-loop  # the loop takes minutes

The loop is what one would write without reportkit: `papermill`, `jupyter nbconvert --to html`, and for the PDF `--to webpdf`
(headless Chromium by playwright), one after the other. Where playwright finds no browser of its own the same Chromium that the
tests use prints the page. Nothing is cached: reportkit starts its fork server, cuts its fonts and takes its aggregates anew.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parents[1]
QUARTER, SEVEN = "2026-Q3", 7
RUN = [sys.executable, "-c", "from reportkit.cli import main; main()"]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Peak(threading.Thread):
    """The most memory that this process's children hold together, shared pages counted once, in bytes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.over = 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.2):
            held = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    held += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.most = max(self.most, held)


@contextmanager
def workspace(reports: int, teams: int = 0) -> Iterator[Path]:
    """Northwind in a folder of its own, its first notebook copied for audiences until there are `reports`."""
    with tempfile.TemporaryDirectory(prefix="reportkit-benchmark-") as folder:
        root = Path(folder)
        for name in ("params", "notebooks"):
            shutil.copytree(REPOSITORY / name, root / name)
        shutil.copytree(REPOSITORY / "extracts" / "raw", root / "extracts" / "raw")
        _fill(root, reports)
        if teams:
            _fan_out(root, teams)
        subprocess.run([*RUN, "extract", QUARTER, "-w", str(root)], check=True, capture_output=True)
        yield root


def _fill(root: Path, reports: int) -> None:
    from ruamel.yaml import YAML

    yaml = YAML()
    audiences, quarter = (yaml.load(root / "params" / name) for name in ("audiences.yaml", f"{QUARTER}.yaml"))
    names = list(quarter.get("audiences") or audiences)
    for i in range(reports - len(names)):
        copy = f"copy_{i + 1}"
        source = names[i % len(names)]
        audiences[copy] = {**audiences[source], "notebook": audiences[source].get("notebook") or f"{source}.ipynb"}
        quarter["audiences"].append(copy)
    for name, tree in (("audiences.yaml", audiences), (f"{QUARTER}.yaml", quarter)):
        yaml.dump(tree, root / "params" / name)


def _fan_out(root: Path, teams: int) -> None:
    """One report a team of made-up teams, by the first notebook, which is given the parameter."""
    path = root / "notebooks" / "executives.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] += '\nteam = ""'
        cell["source"] = cell["source"].replace(
            "open_report(audience, quarter)", "open_report(audience, quarter, team=team)"
        )
    path.write_text(json.dumps(notebook), encoding="utf-8")
    only = ", ".join(f"team-{i:03}" for i in range(teams))
    (root / "params" / f"{QUARTER}.yaml").write_text(
        f"audiences: [head_of_engineering]\nproofs: [shared_path]\neach:\n  - {{audience: executives, by: team, only: [{only}]}}\n"
    )


def build(root: Path, *arguments: str) -> float:
    """Seconds of one whole process that builds, with an empty cache of its own unless the environment has one."""
    begun = time.perf_counter()
    done = subprocess.run(
        [*RUN, "build", QUARTER, "-w", str(root), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - begun


def loop(root: Path) -> float:
    """Seconds of the same reports by papermill and nbconvert, one command after the other."""
    from reportkit.workspace import Workspace

    found = Workspace.find(root)
    target = root / "loop"
    target.mkdir(exist_ok=True)
    environment = {**os.environ, "REPORTKIT_WORKSPACE": str(root)}
    begun = time.perf_counter()
    for audience in found.audiences_of(QUARTER):
        executed = target / f"{audience}.ipynb"
        _run(["papermill", str(found.notebook(audience)), str(executed), "-p", "audience", audience, "-p", "quarter", QUARTER,
              "--cwd", str(root / "notebooks"), "-k", "python3", "--no-progress-bar"], environment)  # fmt: skip
        _run(["nbconvert", "--to", "html", "--no-input", str(executed)], environment)
        _web_pdf(executed, environment)
    return time.perf_counter() - begun


def _run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, env=environment)


def _web_pdf(executed: Path, environment: dict[str, str]) -> None:
    """nbconvert's webpdf: its own page, printed by Chromium through playwright, which is told where Debian keeps it."""
    script = (
        "import sys, playwright.async_api as api\n"
        "launch = api.BrowserType.launch\n"
        f"async def found(self, **how): return await launch(self, executable_path={CHROMIUM!r}, **{{**how, 'args': ['--no-sandbox']}})\n"
        "api.BrowserType.launch = found\n"
        "from nbconvert.nbconvertapp import main\nmain()"
    )
    command = [
        sys.executable,
        "-c",
        script,
        "--to",
        "webpdf",
        "--no-input",
        "--disable-chromium-sandbox",
        str(executed),
    ]
    subprocess.run(command, check=True, capture_output=True, env=environment)


def told(name: str, seconds: float, against: float | None = None) -> None:
    ratio = f"{against / seconds:8.1f} ×" if against else ""
    print(f"{name:<58}{seconds:8.2f} s{ratio}", flush=True)


def median(work: Callable[[], float], times: int = 3) -> float:
    return statistics.median(work() for _ in range(times))


def edit(root: Path) -> None:
    path = root / "notebooks" / "executives.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][-1]["source"] = [*notebook["cells"][-1]["source"], f"\n# {time.time()}"]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _edited(root: Path) -> float:
    edit(root)
    return build(root)


def _timed(*command: str) -> float:
    begun = time.perf_counter()
    subprocess.run([*RUN, *command], check=True, capture_output=True)
    return time.perf_counter() - begun


def seven(with_loop: bool) -> None:
    with workspace(SEVEN) as root:
        os.environ["XDG_CACHE_HOME"] = str(root / "cache")  # nothing cached
        slow = loop(root) if with_loop else None
        if slow:
            told("7 reports by papermill + nbconvert, in a loop", slow)
        peak = Peak()
        peak.start()
        told("7 reports by reportkit, nothing cached", build(root), slow)
        peak.over.set()
        print(f"{'  peak memory of all its processes':<58}{peak.most / 2**20:8.0f} MiB")
        told("7 reports again, --force", median(lambda: build(root, "--force")), slow)
        told("7 reports again, --force --cold", build(root, "--force", "--cold"), slow)
        told("nothing changed, whole process", median(lambda: build(root), 5))
        told("one notebook changed, whole process", median(lambda: _edited(root)))
        told("reportkit --help", median(lambda: _timed("--help"), 5))
        _workers(root)
        print(
            subprocess.run(
                [*RUN, "build", QUARTER, "-w", str(root), "--force", "--timings"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )


def workers() -> None:
    """Two Dask workers against one, and nothing else."""
    with workspace(7) as root:
        build(root)  # the extract is taken
        _workers(root)


def _workers(root: Path) -> None:
    one = median(lambda: build(root, "--force", "--cluster", "local", "--jobs", "1"))
    told("7 reports on a Dask cluster of one worker", one)
    two = median(lambda: build(root, "--force", "--cluster", "local", "--jobs", "2"))
    told("7 reports on a Dask cluster of two workers", two, one)


def fan_out(teams: int) -> None:
    with workspace(2, teams) as root:
        seconds = build(root)
        told(f"{teams} team reports and one more", seconds)
        print(f"{'  each':<58}{seconds / (teams + 1):8.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teams", type=int, default=0)
    parser.add_argument("--without-loop", action="store_true")
    parser.add_argument("--workers", action="store_true", help="two Dask workers against one alone")
    given = parser.parse_args()
    if given.workers:
        workers()
        sys.exit()
    seven(not given.without_loop)
    if given.teams:
        fan_out(given.teams)
