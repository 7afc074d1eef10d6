"""dlt at work for one fetch: its session above our gate, its resources, its merge into the store, and nothing outside the state."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportkit.fetch.declared import DATASET, HEADERS, Api, Chosen, Given, Visit
from reportkit.fetch.records import Row, Table

if TYPE_CHECKING:
    from requests import Session

    from reportkit.fetch.gate import Told

ATTEMPTS = 8
BACKOFF = 0.5  # seconds before the first retry; each later one waits twice as long
TIMEOUT = (10, 90)  # seconds: to connect, between two bytes
CALM = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "EXTRACT__WORKERS": "8",
}


@contextmanager
def contained(folder: Path) -> Iterator[None]:
    """Dlt with all of its folders in `folder`, no telemetry, no configuration of anybody's, no log."""
    wanted = {
        **CALM,
        "DLT_DATA_DIR": str(folder / "dlt"),
        "DLT_PROJECT_DIR": str(folder / "dlt"),
        "DLT_LOCAL_DIR": str(folder / "dlt"),
    }
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def session_of(api: Api, told: Told) -> Session:
    """Dlt's session, which retries and waits, with the gate below it."""
    from dlt.sources.helpers.requests import Client

    from reportkit.fetch.gate import Budget, Gate

    client = Client(
        request_timeout=TIMEOUT,
        raise_for_status=False,
        status_codes=(202, 429, *range(500, 600)),
        retry_condition=lambda response, _: (
            response is not None and response.status_code == 403 and "Retry-After" in response.headers
        ),
        request_max_attempts=ATTEMPTS,
        request_backoff_factor=BACKOFF * (1 + random.random()),  # noqa: S311  (jitter, no secret)
        request_max_retry_delay=api.patience + 60,
    )
    made = client.session
    gate = Gate(api.address, api.authorise, told, Budget(api.patience))
    made.mount("https://", gate)
    made.mount("http://", gate)
    made.verify = True
    return made


def run(visit: Visit, folder: Path) -> None:
    """Let dlt fetch and store. Its own working files of a run that was killed are not needed: the store has the cursors."""
    import dlt

    shutil.rmtree(folder / "dlt", ignore_errors=True)
    resources = _resources(visit)
    if not resources:
        return  # nothing is new
    if visit.trial:
        resources = [resource.add_limit(1) for resource in resources]
    pipeline = dlt.pipeline(
        "fetch",
        pipelines_dir=str(folder / "dlt" / "pipelines"),
        destination=dlt.destinations.duckdb(str(visit.store)),
        dataset_name=DATASET,
    )
    pipeline.run(resources, loader_file_format="parquet")
    shutil.rmtree(folder / "dlt", ignore_errors=True)


def _resources(visit: Visit) -> list[Any]:
    """Dlt's resources of what the source declares, in its order: a parent stands before what is asked for it."""
    made: dict[str, Any] = {}
    waiting: list[Any] = []
    for one in visit.api.resources(visit):
        if isinstance(one, dict):
            waiting.append(_completed(one, visit.api))
            continue
        _declare(waiting, made, visit)
        made[one.name] = _chosen(one, made, visit) if isinstance(one, Chosen) else _given(one, visit.api)
    _declare(waiting, made, visit)
    return list(made.values())


def _declare(waiting: list[Any], made: dict[str, Any], visit: Visit) -> None:
    """Turn the declarations so far into resources."""
    from dlt.sources.rest_api import rest_api_resources

    if not waiting:
        return
    parents = [r for r in made.values() if any(f"{{resources.{r.name}." in str(one["endpoint"]) for one in waiting)]
    client: Any = {
        "base_url": visit.api.address,
        "session": visit.session,
        "paginator": visit.api.paginator,
        "headers": {**HEADERS, **visit.api.headers},
    }
    for resource in rest_api_resources({"client": client, "resources": [*parents, *waiting]}):
        made[resource.name] = resource
    waiting.clear()


def _chosen(one: Chosen, made: Mapping[str, Any], visit: Visit) -> Any:
    import dlt

    def choose(rows: list[Row]) -> list[Row]:
        return [row for row in rows if one.choose(row)][: 1 if visit.trial else None]

    return dlt.transformer(choose, data_from=made[one.parent], name=one.name, selected=False)


def _given(one: Given, api: Api) -> Any:
    import dlt

    if one.table is None:
        return dlt.resource([one.rows], name=one.name, selected=False)
    return dlt.resource([one.rows], name=one.name, table_name=one.table, **_stored_as(api.table(one.table)))


def _stored_as(table: Table) -> dict[str, Any]:
    return {
        "primary_key": list(table.key),
        "write_disposition": "merge",
        "columns": {column: {"data_type": "text"} for column in table.columns},
    }


def _completed(declared: dict[str, Any], api: Api) -> dict[str, Any]:
    """A resource as a source declares it, with all that follows from its table."""
    from reportkit.fetch.gate import MARK

    table = api.table(declared["table_name"])
    endpoint = dict(declared["endpoint"])
    endpoint["headers"] = {**endpoint.get("headers", {}), MARK: table.name}
    endpoint.setdefault("data_selector", table.records or "$")
    return {**_stored_as(table), **declared, "endpoint": endpoint}
