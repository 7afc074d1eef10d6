"""What the tests share: where the real data lies, and extracts made of a few rows."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reportkit.entities import Type, find
from reportkit.model.period import Window
from reportkit.model.rules import Rules
from reportkit.snapshot import EntityManifest, Manifest, Snapshot
from reportkit.snapshot.manifest import sha256_of
from tests import building, samples
from tests.servers import real

REPOSITORY = Path(__file__).resolve().parents[1]
ARROW: dict[Type, pa.DataType] = {
    "text": pa.string(), "time": pa.timestamp("us", tz="UTC"), "flag": pa.bool_(), "number": pa.float64(),
}  # fmt: skip
Rows = Sequence[Mapping[str, Any]]
Freeze = Callable[..., Snapshot]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REPORTKIT_NO_SKIPS a test that skips fails: there, data and browser are known to be at hand."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("REPORTKIT_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the public data that the project does not hold a copy of."""
    folder = Path(os.environ.get("REPORTKIT_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "git-devlake").is_dir():
        pytest.skip(f"no real data in {folder}; set REPORTKIT_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def northwind_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Northwind's workspace, its seven reports built: once for all tests that only read it, whichever process runs them."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent  # the workers' common folder
    root = shared / "northwind" / "first"
    with (shared / "northwind.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "reports" / "2026-Q3" / "index.html").is_file():
            shutil.rmtree(root, ignore_errors=True)
            building.workspace(root, REPOSITORY / "params", REPOSITORY / "extracts" / "raw")
            building.built(root, "2026-Q3")
    return root


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database of a PostgreSQL that this process has started."""
    with real.postgres(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture(scope="module")
def freeze(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Freeze]:
    """A function that freezes rows as an extract and opens it: freeze({"changes": rows}, covers=Window(…))."""
    opened: list[Snapshot] = []

    def make(
        facts: Mapping[str, Rows],
        covers: Window | Mapping[str, Window],
        time_zone: str = "UTC",
        quarter: str = "2026-Q1",
        rules: Rules | None = None,
    ) -> Snapshot:
        folder = tmp_path_factory.mktemp("extract") / quarter
        folder.mkdir()
        opened.append(frozen(folder, facts, covers, time_zone, rules))
        return opened[-1]

    yield make
    for snapshot in opened:
        snapshot.close()


def frozen(
    folder: Path,
    facts: Mapping[str, Rows],
    covers: Window | Mapping[str, Window],
    time_zone: str = "UTC",
    rules: Rules | None = None,
) -> Snapshot:
    """Rows written into `folder` as an extract without any check, and opened; `covers` is that of all entities or of each."""
    spans = dict.fromkeys(facts, covers) if isinstance(covers, Window) else covers
    entities = {name: _write(folder, name, rows, spans[name]) for name, rows in facts.items()}
    Manifest(folder.name, time_zone, "2026-01-01T00:00:00+00:00", "test", "", entities).write(folder)
    return Snapshot.open(folder, time_zone, rules)


def _write(folder: Path, name: str, rows: Rows, covers: Window) -> EntityManifest:
    entity = find(name)
    given = [{entity.key: f"{i:06}", **row} for i, row in enumerate(rows)]
    extra = sorted({key for row in given for key in row if key.startswith("x_")})
    fields = [*entity.fields, *(entity.field(key) for key in extra)]
    types = {f.name: pa.float64() if _numeric(given, f.name) else ARROW[f.type] for f in fields}
    table = pa.table({f.name: pa.array([row.get(f.name, f.default) for row in given], types[f.name]) for f in fields})
    path = folder / f"{name}.parquet"
    pq.write_table(table, path)
    used = {key for row in given for key in row}
    return EntityManifest(
        entity=name, origins=(), rows_in=len(given), set_aside={}, later=0, read=len(given), accepted=len(given),
        rejected_rows=0, rejected={}, covers=(str(covers.start), str(covers.end)), sha256=sha256_of(path),
        columns=tuple(types), missing=tuple(f.name for f in fields if given and f.name not in used and f.default is None),
    )  # fmt: skip


def _numeric(rows: Rows, name: str) -> bool:
    return any(isinstance(row.get(name), int | float) and not isinstance(row.get(name), bool) for row in rows)


@pytest.fixture
def workspace(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a small, faultless workspace with one proof, and gives its folder.

    Its argument changes the files in params/: a new text, replacements inside the old one, or None to leave a file out:
    workspace({"proofs.yaml": {"before: 13": "before: 5"}, "needles.yaml": "{}", "2026-Q1.yaml": None}).
    """

    def make(changes: Mapping[str, str | Mapping[str, str] | None] | None = None) -> Path:
        root, changes = tmp_path / "reports", changes or {}
        for folder in ("params", "notebooks", "extracts/raw"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "extracts" / "raw" / "changes.csv").write_text(samples.export(), encoding="utf-8")
        (root / "notebooks" / "board.ipynb").write_text(samples.NOTEBOOK, encoding="utf-8")
        for name, text in {**samples.PARAMS, **{k: "" for k in changes if k not in samples.PARAMS}}.items():
            change = changes.get(name, text)
            if isinstance(change, Mapping):
                for old, new in change.items():
                    assert old in text, f"{old!r} is not in {name}"
                    text = text.replace(old, new)  # noqa: PLW2901
                change = text
            if change is not None:
                (root / "params" / name).write_text(change, encoding="utf-8")
        return root

    return make
