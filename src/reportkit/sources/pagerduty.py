"""PagerDuty by REST v2: incidents, and when somebody took them on.

A source called `pagerduty` yields pagerduty_incidents and pagerduty_log. An incident that was still open at the last
extract is asked for again, so that its end arrives however late. PagerDuty gives no more than 10,000 incidents and six
months at once, so they are asked for month by month.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from reportkit.fetch.api import read as fetch
from reportkit.fetch.declared import Api, Chosen, Declared, Given, Visit
from reportkit.fetch.paging import by_offset
from reportkit.fetch.place import Origin, Place
from reportkit.fetch.records import Row, Table
from reportkit.fetch.spec import ApiSpec, header
from reportkit.model.secret import Address

PAGE = 100
MONTH = timedelta(days=30)
TABLES = (
    Table("incidents", ("id",), {
        "id": "!id", "number": "incident_number", "title": "~title", "status": "!status", "urgency": "urgency",
        "priority": "priority.summary", "service": "service.summary", "teams": "teams[].summary",
        "created_at": "!created_at", "resolved_at": "resolved_at", "changed_at": "last_status_change_at",
    }, records="incidents", single="incident"),
    Table("log", ("id",), {"id": "!id", "type": "!type", "created_at": "!created_at"}, records="log_entries", parents=("incident",)),
    Table("spans", ("span",), {"span": "!span"}),
)  # fmt: skip


class Spec(ApiSpec):
    """Settings of a PagerDuty source."""

    type: Literal["pagerduty"] = "pagerduty"
    url: Address = Field(
        "https://api.pagerduty.com", description="https://api.eu.pagerduty.com for accounts in Europe."
    )
    services: tuple[str, ...] = Field((), description="Ids of services; all where not given.")
    acknowledgements: bool = Field(True, description="Ask each incident's log when it was taken on; a request each.")


def read(spec: Spec, name: str, place: Place) -> tuple[Origin, ...]:
    """Fetch what is new or was open and make it queryable as `name`_incidents and `name`_log. Raises SourceError."""
    api = Api(
        address=spec.url, tables=TABLES, resources=lambda visit: _declared(spec, visit),
        authorise=header("Authorization", spec.token, place.root, f"source {name}", prefix="Token token="),
        headers={"Accept": "application/vnd.pagerduty+json;version=2"}, since=spec.since, patience=spec.patience,
        people=spec.people_of(place.root), settings={"services": spec.services},
    )  # fmt: skip
    return fetch(api, name, place)


def _pages() -> Any:
    return by_offset(PAGE, "limit", "offset", more="more")


def _declared(spec: Spec, visit: Visit) -> Declared:
    until = [
        datetime.fromisoformat(str(row["span"]))
        for row in visit.stored("SELECT max(span) AS span FROM spans")
        if row["span"]
    ]
    begin = max(until[0] - timedelta(hours=1), visit.since) if until else visit.since
    open_ = visit.stored("SELECT id FROM incidents WHERE status <> 'resolved'")
    params: dict[str, Any] = {
        "since": "{resources.months.since}", "until": "{resources.months.until}", "time_zone": "UTC", "sort_by": "created_at:asc",
    }  # fmt: skip
    if spec.services:
        params["service_ids[]"] = list(spec.services)
    wanted: Declared = [
        Given("months", list(_months(begin, visit.until))),
        {
            "name": "incidents",
            "table_name": "incidents",
            "endpoint": {"path": "incidents", "params": params, "paginator": _pages()},
        },
        Given("span", [{"span": visit.until.isoformat()}], "spans"),
    ]
    if open_:
        wanted += [
            Given("were_open", open_),
            {
                "name": "again", "table_name": "incidents",
                "endpoint": {"path": "incidents/{resources.were_open.id}", "paginator": "single_page"},
            },
        ]  # fmt: skip
    if spec.acknowledgements:
        wanted += _logs("incidents") + (_logs("again") if open_ else [])
    return wanted


def _logs(parent: str) -> Declared:
    chosen = f"{parent}_seen"
    return [
        Chosen(chosen, parent, lambda row: row["status"] != "triggered"),
        {
            "name": f"log_{parent}", "table_name": "log", "parallelized": True, "include_from_parent": ["id"],
            "endpoint": {"path": f"incidents/{{resources.{chosen}.id}}/log_entries", "params": {"is_overview": "true"}, "paginator": _pages()},
            "processing_steps": [{"map": lambda row: row | {"incident": row.pop(f"_{chosen}_id")}}],
        },
    ]  # fmt: skip


def _months(begin: datetime, end: datetime) -> Iterator[Row]:
    while begin < end:
        until = min(begin + MONTH, end)
        yield {"since": begin.strftime("%Y-%m-%dT%H:%M:%SZ"), "until": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
        begin = until


def mappings(_: Spec, name: str) -> Mapping[str, Mapping[str, Any]]:
    """What becomes of the tables where sources.yaml maps no columns itself."""
    return {"incidents": {
        "query": f"""
            WITH taken AS (
                SELECT incident, min(created_at) AS acknowledged_at FROM {name}_log
                WHERE type LIKE 'acknowledge_log_entry%' GROUP BY incident
            )
            SELECT i.*, acknowledged_at FROM {name}_incidents i LEFT JOIN taken ON taken.incident = i.id""",
        "columns": {
            "incident_id": "id", "service": "service", "team": "teams ->> '$[0]'", "title": "title",
            "severity": "coalesce(priority, urgency)", "started_at": "created_at", "acknowledged_at": "acknowledged_at",
            "resolved_at": "CASE WHEN status = 'resolved' THEN coalesce(resolved_at, changed_at) END",
        },
    }}  # fmt: skip
