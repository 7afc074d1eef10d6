"""The same extract on other engines: pandas in memory."""

from __future__ import annotations

from dataclasses import replace

import ibis
import pandas as pd

from reportkit.snapshot import Snapshot


def on_pandas(snapshot: Snapshot) -> Snapshot:
    """The extract as pandas frames, which Ibis hands to its embedded engine."""
    tables = {name: ibis.memtable(pd.read_parquet(_file(snapshot, name))) for name in snapshot.manifest.entities}
    return replace(snapshot, _tables=tables, _kept={})


def _file(snapshot: Snapshot, entity: str) -> str:
    return str(snapshot.folder / f"{entity}.parquet")
