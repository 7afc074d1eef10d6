"""How long packs take, beside the same notebooks by papermill and nbconvert in a loop; each ratio from one run on one machine.

    python benchmarks/pack.py                            # everything; the loop and ten million facts take minutes
    python benchmarks/pack.py seven again preview        # these parts alone
    python benchmarks/pack.py seven --without-loop --reports 2
    python benchmarks/pack.py teams --teams 20
    python benchmarks/pack.py facts --millions 0.1 1

    seven     the reports of a quarter, nothing cached, fork servers included, against the loop; share of time by stage; memory
    again     nothing changed · one notebook changed · another brand · --force · --cold · --help
    preview   from a saved notebook to the page that a browser fetches anew
    teams     one report a team: seconds each, memory of the first ten and of the last ten
    dask      two workers of a Dask cluster against one
    facts     the same build over so many, and ten times as many, facts
    kernels   a kernel with the libraries that reports need, cold and warm

The loop is what one would write without reportkit: `papermill`, `jupyter nbconvert --to html`, and for the PDF `--to webpdf`
(headless Chromium by playwright), one after the other. Where playwright finds no browser of its own the same Chromium that the
tests use prints the page. Beside the seconds by the clock stand those of processors, of all processes together: on a machine
that does other things as well they tell more.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import http.client
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

REPOSITORY = Path(__file__).resolve().parents[1]
QUARTER = "2026-Q3"
RUN = [sys.executable, "-c", "from reportkit.cli import main; main()"]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ORPHANS_ARE_OURS = 36  # PR_SET_CHILD_SUBREAPER: what a fork server cost is known once it is waited for


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of processors."""

    clock: float
    work: float


class Memory(threading.Thread):
    """What this process's descendants hold together, shared pages counted once, by how many PDFs there are, in bytes."""

    def __init__(self, reports: Path) -> None:
        super().__init__(daemon=True)
        self.seen: list[tuple[int, int]] = []
        self._reports, self._over = reports, threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.2):
            held = sum(_held(process) for process in psutil.Process().children(recursive=True))
            self.seen.append((len(list(self._reports.glob(f".{QUARTER}-*/*/report.pdf"))), held))

    def most(self, first: int = 0, last: int = sys.maxsize) -> float:
        """The peak while that many reports were there, in MiB."""
        return max((held for made, held in self.seen if first <= made <= last), default=0) / 2**20

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def timed(work: Callable[[], object]) -> Took:
    """What the work took, with all processes that it started."""
    before, begun = _spent(), time.perf_counter()
    work()
    clock = time.perf_counter() - begun
    while True:  # a fork server ends a moment after its build
        try:
            os.wait()
        except ChildProcessError:
            break
    return Took(clock, _spent() - before)


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def median(work: Callable[[], object], times: int = 3) -> Took:
    """The middle one of several runs."""
    return middle([timed(work) for _ in range(times)])


def middle(runs: Sequence[Took]) -> Took:
    """The median of several runs, of each measure by itself."""
    return Took(statistics.median(run.clock for run in runs), statistics.median(run.work for run in runs))


def told(name: str, took: Took, against: Took | None = None, *, each: int = 0) -> None:
    """Print a line: seconds, seconds of processors, and how many times as fast as something else."""
    ratio = f"{against.clock / took.clock:7.1f} ×" if against else ""
    one = f"{took.clock / each:7.2f} s each" if each else ""
    print(f"{name:<52}{took.clock:8.2f} s  processors {took.work:8.2f} s{ratio}{one}", flush=True)


def said(name: str, value: str) -> None:
    """Print a line that is no time."""
    print(f"{name:<52}{value:>10}", flush=True)


# ---- workspaces ------------------------------------------------------------------------------------------------------


@contextmanager
def northwind(reports: int = 7) -> Iterator[Path]:
    """Northwind in a folder of its own with so many of its reports, its extract taken, and a cache of its own."""
    with tempfile.TemporaryDirectory(prefix="reportkit-benchmark-") as folder:
        root = Path(folder)
        for name in ("params", "notebooks"):
            shutil.copytree(REPOSITORY / name, root / name)
        shutil.copytree(REPOSITORY / "extracts" / "raw", root / "extracts" / "raw")
        _few(root, reports)
        os.environ["XDG_CACHE_HOME"] = str(root / "cache")  # nothing cached
        subprocess.run([*RUN, "extract", QUARTER, "-w", str(root)], check=True, capture_output=True)
        yield root


def _few(root: Path, reports: int) -> None:
    from ruamel.yaml import YAML

    yaml, path = YAML(), root / "params" / f"{QUARTER}.yaml"
    quarter, audiences = yaml.load(path), yaml.load(root / "params" / "audiences.yaml")
    quarter["audiences"] = list(quarter.get("audiences") or audiences)[:reports]
    yaml.dump(quarter, path)


def fanned_out(root: Path, teams: int) -> None:
    """One report a team of made-up teams, by the executives' notebook, which is given the parameter."""
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
    multiplied(root / "extracts" / QUARTER, teams)
    only = ", ".join(f"team-{i:03}" for i in range(teams))
    (root / "params" / f"{QUARTER}.yaml").write_text(
        f"audiences: [head_of_engineering]\nproofs: [shared_path]\neach:\n  - {{audience: executives, by: team, only: [{only}]}}\n"
    )


def multiplied(extract: Path, teams: int) -> None:
    """So many more teams in a frozen extract: each has the facts of one that took no part in a proof, with ids of their own."""
    import duckdb

    manifest = json.loads((extract / "manifest.json").read_text(encoding="utf-8"))
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, entity in manifest["entities"].items():
            path = extract / f"{name}.parquet"
            columns = dict(row[:2] for row in connection.execute(f"DESCRIBE FROM '{path}'").fetchall())
            if "team" not in columns:
                continue
            own = [
                f"k || ':' || {c} AS {c}"
                for c in columns
                if columns[c] == "VARCHAR" and (c.endswith("_id") or c == "service")
            ]
            fresh = ", ".join(["printf('team-%03d', k) AS team", *own])
            more = f"FROM facts JOIN range({teams}) made(k) ON team = {OTHERS}[k % {len(OTHERS)} + 1]"
            connection.execute(f"CREATE OR REPLACE TABLE facts AS FROM '{path}'")
            connection.execute(f"COPY (FROM facts UNION ALL SELECT facts.* REPLACE ({fresh}) {more}) TO '{path}'")
            rows = connection.execute(f"SELECT count(*) FROM '{path}'").fetchall()[0][0]
            entity |= {count: entity[count] + rows - entity["accepted"] for count in ("rows_in", "read", "accepted")}
            entity["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (extract / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


OTHERS = ["catalogue", "fulfilment", "returns", "search", "stores"]  # Northwind's teams that were in no proof
PARAMS = {
    "organisation.yaml": "name: Many\ntime_zone: Europe/London\n",
    "sources.yaml": "sources:\n  none: {type: file, path: none.csv}\nentities: {}\n",
    "audiences.yaml": "executives:\n  title: Executives\n  problem: Changes take too long to reach customers.\n"
    "  quantified_by: lead_time_for_changes\n  primary: lead_time_for_changes\n"
    "  supporting: [deployment_frequency, review_wait, coordination_tax]\n  guardrails: [change_failure_rate, outages]\n",
    "needles.yaml": "{}\n",
    "proofs.yaml": "path:\n  name: One path to production\n  tried: one shared path to production\n"
    "  treated: [t0, t1, t2, t3, t4, t5, t6, t7]\n  comparison: all others\n  start: 2026-06-29\n  read_out: 2026-10-01\n"
    "  headline: [lead_time_for_changes]\n  supporting: [deployment_frequency]\n  guardrails: {change_failure_rate: {margin: 0.05}}\n",
    f"{QUARTER}.yaml": "audiences: [executives]\nproofs: [path]\n",
}


def many(root: Path, millions: float) -> None:
    """A workspace of one report over so many million facts, five eighths of them changes."""
    sys.path.insert(0, str(REPOSITORY / "benchmarks"))
    import needles

    for folder in ("params", "notebooks", "extracts"):
        (root / folder).mkdir(parents=True)
    for name, text in PARAMS.items():
        (root / "params" / name).write_text(text, encoding="utf-8")
    shutil.copy(REPOSITORY / "notebooks" / "executives.ipynb", root / "notebooks")
    needles.generate(root / "extracts" / QUARTER, millions / 16)


# ---- what is timed ---------------------------------------------------------------------------------------------------


def build(root: Path, *arguments: str) -> str:
    """What a whole process says that builds."""
    command = [*RUN, "build", QUARTER, "-w", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout


def loop(root: Path) -> None:
    """The same reports by papermill and nbconvert, one command after the other."""
    from reportkit.workspace import Workspace

    found = Workspace.find(root)
    target = root / "loop"
    target.mkdir(exist_ok=True)
    environment = {**os.environ, "REPORTKIT_WORKSPACE": str(root)}
    for audience in found.audiences_of(QUARTER):
        executed = target / f"{audience}.ipynb"
        _run(["papermill", str(found.notebook(audience)), str(executed), "-p", "audience", audience, "-p", "quarter", QUARTER,
              "--cwd", str(root / "notebooks"), "-k", "python3", "--no-progress-bar"], environment)  # fmt: skip
        _run(["nbconvert", "--to", "html", "--no-input", str(executed)], environment)
        _web_pdf(executed, environment)


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
    print_it = ["--to", "webpdf", "--no-input", "--disable-chromium-sandbox", str(executed)]
    subprocess.run([sys.executable, "-c", script, *print_it], check=True, capture_output=True, env=environment)


def edit(root: Path) -> None:
    """Save the executives' notebook with another last cell."""
    path = root / "notebooks" / "executives.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][-1]["source"] = f"report.how(brief=True)\n# {time.time()}"
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _edited(root: Path) -> None:
    edit(root)
    build(root)


def _restyled(root: Path) -> None:
    colour = f"#{int(time.time() * 1000) % 0x600000:06x}"
    (root / "params" / "_brand.yml").write_text(f"color:\n  primary: '{colour}'\n", encoding="utf-8")
    build(root)


def _fresh(root: Path) -> None:
    """Nothing that an earlier build left."""
    extract = root / "extracts" / QUARTER
    for path in (root / "reports" / QUARTER, root / "cache", extract / ".results", extract / ".planning"):
        shutil.rmtree(path, ignore_errors=True)


# ---- parts -----------------------------------------------------------------------------------------------------------


def seven(given: argparse.Namespace) -> None:
    """Before the loop and twice after it, as a machine's speed changes within minutes; memory in a run of its own, as to ask
    how much is shared takes time of the processors."""
    with northwind(given.reports) as root:
        name = f"{given.reports} reports"

        def fresh() -> None:
            _fresh(root)
            build(root)

        runs = [timed(fresh)]
        _fresh(root)
        slow = None if given.without_loop else timed(lambda: loop(root))
        if slow:
            told(f"{name} by papermill + nbconvert, in a loop", slow)
        runs += [timed(fresh), timed(fresh)]
        told(f"{name} by reportkit, nothing cached", middle(runs), slow)
        said("  from", f"{min(run.clock for run in runs):.2f} to {max(run.clock for run in runs):.2f} s")
        _fresh(root)
        with Memory(root / "reports") as memory:
            lines = build(root, "--timings").splitlines(keepends=True)
        said("  peak memory of all its processes", f"{memory.most():.0f} MiB")
        print("".join(line for line in lines if line.startswith("  ")))


def again(given: argparse.Namespace) -> None:
    with northwind(given.reports) as root:
        build(root)
        told("nothing changed, whole process", median(lambda: build(root), 5))
        told("one notebook changed, whole process", median(lambda: _edited(root), 5))
        told("another brand, whole process", median(lambda: _restyled(root)))
        told(f"{given.reports} reports again, --force", median(lambda: build(root, "--force")))
        told(f"{given.reports} reports again, --force --cold", timed(lambda: build(root, "--force", "--cold")))
        told("reportkit --help", median(lambda: subprocess.run([*RUN, "--help"], check=True, capture_output=True), 5))


def preview(given: argparse.Namespace) -> None:
    del given
    with northwind(1) as root:
        command = [*RUN, "preview", "executives", QUARTER, "--port", "0", "-w", str(root)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
            try:
                assert server.stdout is not None
                found = re.search(r"http://([\d.]+):(\d+)/", server.stdout.readline())
                assert found
                times = list(_refreshes(found[1], int(found[2]), root))
            finally:
                server.terminate()
        print(f"{'preview: saved notebook to refreshed page':<52}{statistics.median(times):8.2f} s  of {len(times)}")


def _refreshes(host: str, port: int, root: Path) -> Iterator[float]:
    """Seconds from saving the notebook until its page was fetched, five times."""
    events = http.client.HTTPConnection(host, port, timeout=120)
    events.request("GET", "/events")
    answer = events.getresponse()
    for turn in range(6):
        begun = time.perf_counter()
        if turn:
            edit(root)
        _until_shown(answer)
        page = http.client.HTTPConnection(host, port, timeout=30)
        page.request("GET", "/report")
        assert len(page.getresponse().read()) > 100_000
        if turn:
            yield time.perf_counter() - begun
        time.sleep(1.5)  # the analyst looks; the next kernel starts
    events.close()


def _until_shown(answer: http.client.HTTPResponse) -> None:
    while line := answer.readline():
        if line.startswith(b"data: ") and (news := json.loads(line[6:]))["version"]:
            if news["error"]:
                raise SystemExit(news["error"])
            return


def teams(given: argparse.Namespace) -> None:
    with northwind(1) as root:
        fanned_out(root, given.teams)
        with Memory(root / "reports") as memory:
            told(f"{given.teams} team reports and one more", timed(lambda: build(root)), each=given.teams + 1)
        said("  memory until the 10th report", f"{memory.most(1, 10):.0f} MiB")
        said(f"  memory after the {given.teams - 10}th", f"{memory.most(given.teams - 10):.0f} MiB")


def dask(given: argparse.Namespace) -> None:
    """Seven reports leave the second worker idle while the first one makes the last; many do not."""
    with northwind(given.reports) as root:
        build(root)
        _workers(root, f"{given.reports} reports", median)
    with northwind(1) as root:
        fanned_out(root, given.teams)
        _workers(root, f"{given.teams + 1} reports, a team each", timed)


def _workers(root: Path, what: str, taken: Callable[[Callable[[], object]], Took]) -> None:
    alone = taken(lambda: build(root, "--force", "--cluster", "local", "--jobs", "1"))
    told(f"{what} on a Dask cluster of one worker", alone)
    both = taken(lambda: build(root, "--force", "--cluster", "local", "--jobs", "2"))
    told(f"{what} on a Dask cluster of two workers", both, alone)


def facts(given: argparse.Namespace) -> None:
    """Memory in a run of its own: to ask how much of gigabytes is shared takes the longer the more there is."""
    few: Took | None = None
    for millions in given.millions:
        with tempfile.TemporaryDirectory(prefix="reportkit-benchmark-") as folder:
            root = Path(folder)
            os.environ["XDG_CACHE_HOME"] = str(root / "cache")
            many(root, millions)

            def fresh(root: Path = root) -> None:
                _fresh(root)
                build(root)

            took = median(fresh)
            told(f"a report over {millions:g} million facts", took)
            _fresh(root)
            with Memory(root / "reports") as memory:
                build(root)
            said("  peak memory of all its processes", f"{memory.most():.0f} MiB")
            if few:
                grown = f"{took.clock / few.clock:.1f} ×"
                said(f"  {millions / given.millions[0]:g} times the facts take", grown)
            few = few or took


def kernels(given: argparse.Namespace) -> None:
    del given
    with tempfile.TemporaryDirectory(prefix="reportkit-benchmark-") as folder:
        for name, arguments in (("cold", ["--cold"]), ("warm", [])):
            found = [_started(folder, arguments) for _ in range(5)]
            line = f"{f'a kernel with its libraries, {name}':<52}{statistics.median(found):8.2f} s  of {len(found)}"
            print(line, flush=True)


STARTED = """
import os, sys, tempfile
from pathlib import Path
import nbformat
import nbformat.v4 as make
from papermill import execute_notebook
from reportkit import forks, run
from reportkit.run import engine
if __name__ == "__main__":
    root, family = Path(sys.argv[1]), None
    parameters = make.new_code_cell("given = 0", metadata={"tags": ["parameters"]})
    libraries = make.new_code_cell("import pandas, ibis.backends.duckdb, matplotlib.pyplot, reportkit.report")
    nbformat.write(make.new_notebook(cells=[parameters, libraries]), root / "start.ipynb")
    if "--cold" not in sys.argv:
        forks.warm_up()
        family = forks.Family()
        family.call(os.getpid)
    with tempfile.TemporaryDirectory() as scratch, run.isolated(run.Isolated(root, Path(scratch), 0, family=family)) as settings:
        print(run.execute(root / "start.ipynb", {"given": 1}, Path(scratch) / "executed.ipynb", settings).seconds)
"""


def _started(folder: str, arguments: Sequence[str]) -> float:
    """Seconds from asking for a kernel to the end of a cell that imports what reports need, the fork servers being ready."""
    command = [sys.executable, "-c", STARTED, folder, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "seven": seven, "again": again, "preview": preview, "teams": teams, "dask": dask, "facts": facts, "kernels": kernels,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; all where none is given")
    parser.add_argument("--without-loop", action="store_true", help="the loop takes minutes")
    parser.add_argument("--reports", type=int, default=7, help="of Northwind's, at most 7")
    parser.add_argument("--teams", type=int, default=100)
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 10], metavar="FACTS")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {min(unknown)!r}; there are {', '.join(PARTS)}")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # who works with reportkit has its code compiled
    ctypes.CDLL(None).prctl(ORPHANS_ARE_OURS, 1, 0, 0, 0)
    for name in given.parts or PARTS:
        PARTS[name](given)


if __name__ == "__main__":
    main()
