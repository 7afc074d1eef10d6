"""All needles of one quarter over millions of facts: reportkit against plain pandas, small against large, and an extract from CSV.

    python benchmarks/needles.py            10 million changes, 5 million deployments, 1 million incidents
    python benchmarks/needles.py --scale 0.1 --csv 1000000

Each measurement is a process of its own, so that memory is its peak; ratios are of the same run. Nothing is asserted.
reportkit's needles are asked for together, by `measure.each`, as a report asks for those that it owns; with VERBOSE=1 one after
the other, each with the seconds of processors that it took.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COVERS = (date(2024, 7, 1), date(2026, 10, 1))
QUARTER = "2026-Q3"
SALE = (date(2026, 9, 7), date(2026, 9, 14))  # a key event in it
ROWS = {"changes": 10_000_000, "deployments": 5_000_000, "incidents": 1_000_000}

# Two years and a quarter of facts over 1,000 services of 200 teams; times spread evenly, a twentieth still open.
SPAN = "(random() * 71000000)::BIGINT"
WHERE = "'s' || (i % 1000) AS service, 't' || (i % 200) AS team, 'j' || (i % 12) AS journey"
START = "TIMESTAMPTZ '2024-07-01 00:00:00+00'"
SELECTS = {
    "changes": f"""
        SELECT 'c' || i AS change_id, {WHERE}, 'p' || (i % 3000) AS author, '' AS title, 'feat' AS kind, NULL::TIMESTAMPTZ AS abandoned_at,
            opened - to_seconds((random() * 90000)::BIGINT) AS first_commit_at, opened AS opened_at,
            opened + to_seconds((wait * 0.2)::BIGINT) AS first_review_at, opened + to_seconds((wait * 0.4)::BIGINT) AS approved_at,
            opened + to_seconds((wait * 0.5)::BIGINT) AS merged_at, opened + to_seconds((wait * 0.6)::BIGINT) AS built_at,
            CASE WHEN i % 20 > 0 THEN opened + to_seconds(wait::BIGINT) END AS deployed_at, (i % 4)::DOUBLE AS manual_approvals
        FROM (SELECT i, {START} + to_seconds({SPAN}) AS opened, -ln(1 - random()) * 600000 AS wait FROM range({{n}}) t(i))""",
    "deployments": f"""
        SELECT 'd' || i AS deployment_id, {WHERE}, {START} + to_seconds({SPAN}) AS deployed_at,
            CASE WHEN i % 10 = 0 THEN 'staging' ELSE 'production' END AS environment,
            CASE WHEN i % 17 = 0 THEN 'failure' ELSE 'success' END AS result, '' AS version, i % 3 = 0 AS standard_path, i % 29 = 0 AS rework
        FROM range({{n}}) t(i)""",
    "incidents": f"""
        SELECT 'i' || i AS incident_id, {WHERE}, '' AS title, 'sev' || (i % 4) AS severity, began AS started_at,
            began + INTERVAL 5 MINUTE AS acknowledged_at,
            CASE WHEN i % 50 <> 1 THEN began + to_seconds((-ln(1 - random()) * 9000 + 400)::BIGINT) END AS resolved_at,
            'production' AS environment, i % 40 = 0 AS outage, i % 9 = 0 AS sla_breached, NULL::VARCHAR AS deployment_id
        FROM (SELECT i, {START} + to_seconds({SPAN}) AS began FROM range({{n}}) t(i))""",
}


def generate(folder: Path, scale: float) -> None:
    """Write the facts as a frozen extract of a quarter, in the order in which one is frozen."""
    import duckdb

    from reportkit.entities import find
    from reportkit.snapshot import EntityManifest, Manifest
    from reportkit.snapshot.contract import along_time, freeze
    from reportkit.snapshot.manifest import sha256_of

    folder.mkdir(parents=True)
    entities = {}
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'; SELECT setseed(0.42)")
        for name, select in SELECTS.items():
            rows, path = int(ROWS[name] * scale), folder / f"{name}.parquet"
            engine.execute(f"CREATE OR REPLACE TEMP TABLE facts AS {select.format(n=rows)}")
            freeze(engine, f"FROM facts ORDER BY {along_time(find(name))}", path)
            entities[name] = EntityManifest(
                entity=name, origins=(), rows_in=rows, set_aside={}, later=0, read=rows, accepted=rows, rejected_rows=0,
                rejected={}, covers=(str(COVERS[0]), str(COVERS[1])), sha256=sha256_of(path), columns=find(name).names, missing=(),
            )  # fmt: skip
    Manifest(QUARTER, "Europe/London", "2026-10-01T00:00:00+00:00", "benchmark", "", entities).write(folder)


def ours(folder: Path) -> dict[str, float]:
    """Every needle that these three entities give, in one quarter, by reportkit."""
    from reportkit import measure
    from reportkit.model.needle import Needle
    from reportkit.model.period import Quarter
    from reportkit.model.rules import KeyEvent, Rules
    from reportkit.needles import library
    from reportkit.snapshot import Snapshot

    rules, window = Rules(key_events=(KeyEvent("sale", *SALE),)), Quarter.parse(QUARTER).window
    needles = [needle for needle in library().values() if set(measure.needs(needle)) <= set(ROWS)]
    with Snapshot.open(folder, "Europe/London", rules) as snapshot:

        def value(needle: Needle) -> float:
            began = time.process_time()
            found = measure.reading(snapshot, needle, window).value
            if verbose:
                sys.stderr.write(f"{needle.key:<24} {time.process_time() - began:6.2f} s of processor  {found:.4g}\n")
            return found

        verbose = os.environ.get("VERBOSE")
        found = [value(needle) for needle in needles] if verbose else measure.each(snapshot, needles, value)
    return {needle.key: number for needle, number in zip(needles, found, strict=True)}


def plain(folder: Path) -> dict[str, float]:
    """The same numbers by plain pandas, read included."""
    import pandas as pd

    zone = "Europe/London"
    begins, ends = pd.Timestamp("2026-07-01", tz=zone), pd.Timestamp("2026-10-01", tz=zone)
    changes, deployments, incidents = (pd.read_parquet(folder / f"{name}.parquet") for name in ROWS)

    def inside(times: pd.Series) -> pd.Series:
        return (times >= begins) & (times < ends)

    def days(a: pd.Series, b: pd.Series) -> pd.Series:
        return (b - a).dt.total_seconds() / 86400

    def life(start: pd.Series, end: pd.Series, unit: float) -> float:
        alive = (start < ends) & ~(end < begins) & ~(end < start)
        start, end = start[alive], end[alive]
        ended = end < ends
        entry = (begins - start).dt.total_seconds().clip(lower=0).to_numpy()
        exits = end.where(ended, ends).sub(start).dt.total_seconds()
        ages = exits[ended].value_counts().sort_index()
        import numpy as np

        at_risk = np.searchsorted(np.sort(entry), ages.index, "right") - np.searchsorted(
            np.sort(exits), ages.index, "left"
        )
        survival = (1 - ages.to_numpy() / at_risk).cumprod()
        by, past = ages.index[survival <= 0.5 + 1e-12], ages.index[survival < 0.5 - 1e-12]
        return float(by[0] + (past[0] if len(past) else by[0])) / 2 / unit

    counted = deployments[(deployments.environment == "production") & (deployments.result == "success")]
    recent = counted[inside(counted.deployed_at)]
    out, opened = changes[inside(changes.deployed_at)], changes[changes.opened_at.notna()]
    lead = days(out.first_commit_at, out.deployed_at)
    waited = days(out.opened_at, out.first_review_at) + days(out.built_at, out.deployed_at)
    weeks, months = (ends - begins).days / 7, 3
    merged = pd.merge_asof(
        incidents.sort_values("started_at"), counted[["deployed_at", "deployment_id", "service"]].sort_values("deployed_at"),
        left_on="started_at", right_on="deployed_at", by="service", allow_exact_matches=False, suffixes=("", "_of"),
    )  # fmt: skip
    broken = merged[merged.deployment_id_of.notna()]
    failed = broken.sort_values(["deployment_id_of", "started_at"])
    never = pd.Timestamp("2200-01-01", tz="UTC")
    reach = failed.resolved_at.fillna(never).groupby(failed.deployment_id_of).cummax()
    relapse = failed.started_at - reach.groupby(failed.deployment_id_of).shift() <= pd.Timedelta(hours=24)
    same = (~relapse).groupby(failed.deployment_id_of).cumsum() == 1  # the first failure of each deployment
    failure = (
        failed[same].assign(until=reach[same]).groupby("deployment_id_of").agg({"started_at": "min", "until": "max"})
    )
    healed = failure[inside(failure.until)]
    outage = incidents[incidents.outage]

    def joined(start: pd.Series, end: pd.Series) -> pd.DataFrame:
        start = start.sort_values()
        reach = end.fillna(pd.Timestamp.max.tz_localize("UTC")).loc[start.index].cummax()
        spell = (start > reach.shift()).cumsum()
        return pd.DataFrame({"start": start.groupby(spell).min(), "end": reach.groupby(spell).max()})

    spells = joined(outage.started_at, outage.resolved_at)
    sale = [pd.Timestamp(day, tz=zone) for day in SALE]
    touching = outage[(outage.started_at < sale[1]) & ~(outage.resolved_at <= sale[0])]
    in_sale = joined(touching.started_at.clip(lower=sale[0]), touching.resolved_at)
    minutes = (spells.end.clip(upper=ends) - spells.start.clip(lower=begins)).dt.total_seconds() / 60
    return {
        "lead_time_for_changes": float(lead.median()),
        "coding_time": life(opened.first_commit_at, opened.opened_at, 86400),
        "pull_request_merge_time": life(changes.opened_at, changes.merged_at, 86400),
        "review_wait": life(changes.opened_at, changes.first_review_at, 86400),
        "review_time": life(changes.first_review_at, changes.merged_at, 86400),
        "time_to_resolve": life(incidents.started_at, incidents.resolved_at, 3600),
        "deployment_frequency": len(recent) / weeks,
        "deployment_days": recent.deployed_at.dt.tz_convert(zone).dt.date.nunique() / weeks,
        "manual_approvals": float(out.manual_approvals.sum() / len(out)),
        "release_wait": life(changes.merged_at, changes.deployed_at, 86400),
        "coordination_tax": float(waited.mean()),
        "flow_efficiency": 1 - float(waited.sum() / lead.sum()),
        "sla_breaches": float(inside(incidents[incidents.sla_breached].resolved_at).sum()) / weeks,
        "outages": float(inside(spells.start).sum()) / months,
        "outage_minutes": float(minutes[(spells.start < ends) & (spells.end > begins)].sum()) / months,
        "key_event_outages": float(len(in_sale)),
        "recovery_time": float(days(healed.started_at, healed.until).median() * 24),
        "change_failure_rate": float(recent.deployment_id.isin(broken.deployment_id_of).mean()),
        "deployment_rework_rate": float(recent.rework.mean()),
        "standard_path": float(recent.standard_path.mean()),
    }


def extract(folder: Path) -> dict[str, float]:
    """Take the extract of all three from CSV, contract check and Parquet included."""
    from reportkit import snapshot
    from reportkit.workspace import Workspace

    place = Workspace.find(folder)
    manifest = snapshot.take(place.sources, place.organisation, place.period(QUARTER), place.root)
    return {"rows": float(sum(entity.accepted for entity in manifest.entities.values()))}


def workspace(folder: Path, extract_of: Path, rows: int) -> None:
    """A workspace whose exports are the first facts of a frozen extract, as CSV: so many of the three entities together."""
    import duckdb

    for name in ("params", "extracts/raw", "notebooks"):
        (folder / name).mkdir(parents=True)
    sources, entities = [], []
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        for name, n in ROWS.items():
            source, share = extract_of / f"{name}.parquet", rows * n // sum(ROWS.values())
            target = folder / "extracts" / "raw" / f"{name}.csv"
            engine.execute(f"COPY (SELECT * FROM '{source}' LIMIT {share}) TO '{target}' (HEADER)")
            columns = [row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM '{source}'").fetchall()]
            sources.append(f"  {name}: {{type: file, path: extracts/raw/{name}.csv}}\n")
            mapped = "\n".join(f"      {column}: {column}" for column in columns)
            entities.append(f"  {name}:\n    source: {name}\n    columns:\n{mapped}\n")
    texts = {
        "organisation.yaml": "name: Benchmark\ntime_zone: Europe/London\n",
        "sources.yaml": f"sources:\n{''.join(sources)}entities:\n{''.join(entities)}",
        "audiences.yaml": "{}\n", "needles.yaml": "{}\n", "proofs.yaml": "{}\n", f"{QUARTER}.yaml": "{}\n",
    }  # fmt: skip
    for name, text in texts.items():
        (folder / "params" / name).write_text(text, encoding="utf-8")


STEPS: dict[str, Callable[[Path], dict[str, float]]] = {"ours": ours, "plain": plain, "extract": extract}


def timed(step: str, folder: Path) -> tuple[float, float, dict[str, float]]:
    """Seconds, peak MiB and numbers of one step in a process of its own."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--step", step, str(folder)], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(done.stderr)
    sys.stderr.write(done.stderr)
    told = json.loads(done.stdout)
    return seconds, told["peak"], told["numbers"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the 10, 5 and 1 million rows")
    parser.add_argument("--csv", type=int, default=4_000_000, help="rows of CSV to extract")
    parser.add_argument("--step", nargs=2, metavar=("STEP", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        numbers = STEPS[given.step[0]](Path(given.step[1]))
        print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "numbers": numbers}))
        return
    scratch = Path(tempfile.mkdtemp(prefix="reportkit-benchmark-"))
    try:
        compare(scratch, given.scale, given.csv)
    finally:
        shutil.rmtree(scratch)


def compare(scratch: Path, scale: float, rows: int) -> None:
    """Print the table."""
    large, small = scratch / "large" / QUARTER, scratch / "small" / QUARTER
    for folder, share in ((large, scale), (small, scale / 10)):
        apart = multiprocessing.get_context("spawn").Process(target=generate, args=(folder, share))
        apart.start()  # what memory this process has had would count as that of all that it starts
        apart.join()
    fast = timed("ours", large)
    tenth = timed("ours", small)
    slow = timed("plain", large)
    workspace(scratch / "place", large, rows)
    taken = timed("extract", scratch / "place")
    wrong = {
        k: (v, fast[2].get(k)) for k, v in slow[2].items() if abs(v - fast[2].get(k, float("nan"))) > 1e-6 * abs(v)
    }
    print(f"{scale * 16:.1f} million facts, {len(fast[2])} needles of one quarter, process start and imports included")
    print(f"reportkit      {fast[0]:7.1f} s  {fast[1]:6.0f} MiB")
    print(
        f"a tenth of it  {tenth[0]:7.1f} s  {tenth[1]:6.0f} MiB   10 times the facts take {fast[0] / tenth[0]:.1f} times as long"
    )
    print(
        f"plain pandas   {slow[0]:7.1f} s  {slow[1]:6.0f} MiB   {len(slow[2])} of the needles; reportkit is {slow[0] / fast[0]:.1f} times as fast"
    )
    print(f"different numbers: {wrong or 'none'}")
    print(f"extract of CSV {taken[0]:7.1f} s  {taken[1]:6.0f} MiB   {taken[2]['rows'] / taken[0]:,.0f} rows a second")


if __name__ == "__main__":
    main()
