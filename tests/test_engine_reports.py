"""Whole reports computed by other engines: the same record as DuckDB's, and nothing of the engine left behind."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from reportkit import forks
from reportkit.errors import EngineError
from reportkit.pack import Pack, Wanted, build
from reportkit.workspace import Workspace
from tests import building, packs

QUARTER = "2026-Q3"
CELLS = (
    "from reportkit import open_report\nreport = open_report(audience, quarter)",
    "report.needles()",
    "report.how()",
)


def record(root: Path, quarter: str = QUARTER) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "reports" / quarter / "record.json").read_text(encoding="utf-8"))
    return found


def differences(one: Any, other: Any, at: str = "") -> list[str]:
    """Where two records differ; numbers may by the last digits of a sum, which depend on the order of its parts."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            d for key in one.keys() | other.keys() for d in differences(one.get(key), other.get(key), f"{at}/{key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [d for i, pair in enumerate(zip(one, other, strict=True)) for d in differences(*pair, f"{at}/{i}")]
    close = isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=1e-9)
    return [] if close or one == other else [f"{at}: {one} and {other}"]


def moved(northwind: Path, target: Path, engine: str) -> Path:
    """Northwind, as it was built, with another engine."""
    shutil.copytree(northwind, target)
    building.changed(target, "organisation.yaml", ("name: ", f"engine: {engine}\nname: "))
    return target


def assert_same_report(root: Path, northwind: Path, audience: str, engine: str, computed: str) -> None:
    here, there = record(northwind), record(root)
    assert there.pop("engine") == engine
    assert "engine" not in here
    assert len(here["reports"][audience]["numbers"]) > 50
    assert differences(here, there) == []
    pages = [w / "reports" / QUARTER / f"{audience}.html" for w in (northwind, root)]
    assert [computed in page.read_text(encoding="utf-8") for page in pages] == [False, True]


def test_northwinds_report_is_the_same_on_postgres(tmp_path: Path, northwind_root: Path, postgres: str) -> None:
    root = moved(northwind_root, tmp_path / "moved", f"{{type: postgres, url: '{postgres}', schema: northwind}}")
    said = building.built(root, QUARTER, audiences=("product_engineers",))
    assert "organisation.yaml changed: engine.type, engine.url, engine.schema" in said
    assert_same_report(
        root, northwind_root, "product_engineers", "postgres", "PostgreSQL, in tables loaded from the frozen"
    )
    with psycopg.connect(postgres) as connection:
        names = {row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'northwind'")}
    assert names == {f"{entity}_{sha256[:24]}" for entity, sha256 in record(root)["extract"].items()}


@pytest.mark.heavy
@pytest.mark.parametrize("audience", ["executives", "product_engineers"])
def test_northwinds_report_is_the_same_on_spark(tmp_path: Path, northwind_root: Path, audience: str) -> None:
    root = moved(northwind_root, tmp_path / "moved", "{type: spark, master: 'local[2]'}")
    building.built(root, QUARTER, audiences=(audience,))
    assert_same_report(root, northwind_root, audience, "spark", "Apache Spark, on the frozen extract")
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or ())]


@pytest.mark.heavy
def test_spark_reads_the_extract_where_its_workers_see_it(tmp_path: Path) -> None:
    root = small(tmp_path / "w", f"{{type: spark, master: 'local[2]', extracts: '{tmp_path}/bucket'}}")
    build(Workspace.find(small(tmp_path / "here")), "2026-Q2")
    shutil.copytree(tmp_path / "here" / "extracts", tmp_path / "bucket")
    (pack,) = go(root).outcomes
    assert pack.ok, pack
    frozen = tmp_path / "bucket" / "2026-Q2" / "deployments.parquet"
    frozen.write_bytes(frozen.read_bytes()[::-1])
    (pack,) = go(root, force=True).outcomes
    assert "is not the frozen extract's deployments.parquet; copy extracts/2026-Q2 there again" in str(pack.error)
    shutil.rmtree(tmp_path / "bucket")
    (pack,) = go(root, force=True).outcomes
    assert "Write under `extracts` where its workers see the folder extracts/" in str(pack.error)


def small(root: Path, engine: str = "duckdb") -> Path:
    made = packs.workspace(root, {"executives": CELLS})
    (made / "params" / "2026-Q2.yaml").write_text("audiences: [executives]\n")
    with (made / "params" / "organisation.yaml").open("a") as file:
        file.write(f"engine: {engine}\n")
    return made


def go(root: Path, **how: Any) -> Pack:
    return build(Workspace.find(root), "2026-Q2", Wanted(**how))


def test_a_small_pack_on_postgres_leaves_no_connection(tmp_path: Path, postgres: str) -> None:
    forks.warm_up()
    forks.Family().call(int)
    here, there = (
        small(tmp_path / "here"),
        small(tmp_path / "there", f"{{type: postgres, url: '{postgres}', schema: small}}"),
    )
    assert go(here).ok
    assert go(there).ok
    one, other = record(here, "2026-Q2"), record(there, "2026-Q2")
    assert other.pop("engine") == "postgres"
    assert one == other
    server = psutil.Process(forks.server_pid())
    assert server.net_connections() == []
    with psycopg.connect(postgres) as connection:
        mine = connection.info.backend_pid
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> %s", (mine,)
        )
        assert rows.fetchall() == []
    for outcome in go(there).outcomes:
        assert outcome.why == ""  # nothing has changed


def test_an_engine_that_is_not_there_stops_the_build_before_a_notebook_runs(tmp_path: Path) -> None:
    root = small(tmp_path, "{type: postgres, url: 'postgresql://reader@127.0.0.1:1/shop'}")
    with pytest.raises(
        EngineError, match=r"organisation\.yaml: engine: PostgreSQL at 127\.0\.0\.1/shop cannot be reached"
    ):
        go(root)
    assert not (root / "reports" / "2026-Q2").exists()


def test_reports_on_duckdb_do_not_name_an_engine(tmp_path: Path) -> None:
    root = small(tmp_path)
    assert go(root).ok
    assert "engine" not in record(root, "2026-Q2")
    assert "Computed by" not in (root / "reports" / "2026-Q2" / "executives.html").read_text()
