"""The same extract on other engines: pandas in memory, Spark, and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import ibis
import pandas as pd

from reportkit.model.engine import Engine
from reportkit.snapshot import ROW, Snapshot

SPARK = {"type": "spark", "master": "local[2]"}


def on_pandas(snapshot: Snapshot) -> Snapshot:
    """The extract as pandas frames, which Ibis hands to its embedded engine."""
    tables = {name: ibis.memtable(pd.read_parquet(_file(snapshot, name))) for name in snapshot.manifest.entities}
    return replace(snapshot, _tables=tables | {(name, ROW): table for name, table in tables.items()}, _kept={})


def on(snapshot: Snapshot, engine: Engine) -> Snapshot:
    """The extract on an engine as organisation.yaml names it."""
    return replace(snapshot, engine=engine, _tables={}, _kept={})


def _file(snapshot: Snapshot, entity: str) -> str:
    return str(snapshot.folder / f"{entity}.parquet")


@contextmanager
def spark() -> Iterator[Engine]:
    """A Spark of this process, two cores, stopped at the end."""
    from pyspark.sql import SparkSession

    try:
        yield Engine.model_validate(SPARK)
    finally:
        if session := SparkSession.getActiveSession():
            session.stop()
