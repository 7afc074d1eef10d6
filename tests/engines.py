"""The same extract on other engines: pandas in memory, and Spark."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import ibis
import pandas as pd

from reportkit.snapshot import Snapshot


def on_pandas(snapshot: Snapshot) -> Snapshot:
    """The extract as pandas frames, which Ibis hands to its embedded engine."""
    tables = {name: ibis.memtable(pd.read_parquet(_file(snapshot, name))) for name in snapshot.manifest.entities}
    return replace(snapshot, _tables=tables, _kept={})


def on_spark(snapshot: Snapshot, spark: Any) -> Snapshot:
    """The extract's files read by Spark."""
    tables = {
        name: spark.read_parquet(_file(snapshot, name), table_name=f"{name}_{snapshot.hash(name)[:12]}")
        for name in snapshot.manifest.entities
    }
    return replace(snapshot, _tables=tables, _kept={})


def _file(snapshot: Snapshot, entity: str) -> str:
    return str(snapshot.folder / f"{entity}.parquet")


@contextmanager
def spark() -> Iterator[Any]:
    """Ibis on a Spark of this process, two cores, heard by this machine alone, silent; stopped at the end."""
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF", "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",  # the tables are small: a task for each of 200 parts takes minutes
    }  # fmt: skip
    builder = SparkSession.builder.master("local[2]").appName("reportkit tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        yield ibis.pyspark.connect(session)
    finally:
        session.stop()
