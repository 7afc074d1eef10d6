"""ServiceNow: incidents and change requests, from its Table API or from its CSV export.

A source called `servicenow` yields servicenow_incidents and servicenow_change_requests, with the columns of ServiceNow's own
tables. Of the API both values are kept: `state` is the one of the database, `state_shown` the one that people see, and
times are in UTC. A CSV export has what people see and times in the zone of whoever exported it: set `time_zone`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from reportkit.errors import SourceError
from reportkit.fetch import tabular
from reportkit.fetch.api import read as fetch
from reportkit.fetch.declared import Api, Declared, Visit
from reportkit.fetch.paging import by_offset
from reportkit.fetch.place import Origin, Place
from reportkit.fetch.records import Table
from reportkit.fetch.spec import ApiSpec, basic
from reportkit.fetch.tabular import FileSpec, cloud
from reportkit.model.secret import Address

PAGE = 1000
COMMON = ("number", "state", "opened_at", "closed_at", "sys_created_on", "sys_updated_on", "short_description", "cmdb_ci",
          "business_service", "assignment_group")  # fmt: skip
OWN = {
    "incidents": ("resolved_at", "severity", "priority", "made_sla", "work_start"),
    "change_requests": (
        "type",
        "risk",
        "approval",
        "approval_set",
        "work_start",
        "work_end",
        "close_code",
        "u_manual_evidence",
    ),
}
API_TABLES = {"incidents": "incident", "change_requests": "change_request"}
LABELS = {  # of the columns of a CSV export that is made from a list, besides the names themselves
    "opened": "opened_at", "closed": "closed_at", "created": "sys_created_on", "updated": "sys_updated_on",
    "configuration item": "cmdb_ci", "service": "business_service", "assignment group": "assignment_group",
    "short description": "short_description", "resolved": "resolved_at", "made sla": "made_sla", "actual start": "work_start",
    "actual start date": "work_start", "actual end": "work_end", "actual end date": "work_end", "close code": "close_code",
    "approval set": "approval_set", "actual start time": "work_start", "manual evidence": "u_manual_evidence",
}  # fmt: skip


def _table(name: str) -> Table:
    fields = {"sys_id": "!sys_id.value"}
    for column in (*COMMON, *OWN[name]):
        fields[column] = f"{'~' if column == 'short_description' else ''}{column}.value"
        fields[f"{column}_shown"] = f"{'~' if column == 'short_description' else ''}{column}.display_value"
    return Table(name, ("sys_id",), fields, records="result")


TABLES = tuple(_table(name) for name in OWN)


class Spec(ApiSpec):
    """Settings of a ServiceNow source: `url` for its API, or `files` for its CSV exports."""

    type: Literal["servicenow"] = "servicenow"
    url: Address = Field("https://example.service-now.com", description="https://INSTANCE.service-now.com")
    user: str | None = Field(None, description="User of the API; without one the token is an OAuth token.")
    files: dict[Literal["incidents", "change_requests"], str] = Field(
        default_factory=dict, description="CSV exports instead of the API: {incidents: extracts/raw/incident*.csv}"
    )
    query: str | None = Field(
        None, description="A further encoded query for every table: assignment_group.name=Platform"
    )
    time_zone: str | None = Field(None, description="CSV: the zone of its times; the organisation's where not given.")
    format: str | None = Field(None, description="CSV: how its times are written, such as '%d-%m-%Y %H:%M:%S'.")

    @model_validator(mode="after")
    def _either(self) -> Spec:
        if not self.files and "url" not in self.model_fields_set:
            raise ValueError("name the `url` of the instance, or `files`")
        return self


def read(spec: Spec, name: str, place: Place) -> tuple[Origin, ...]:
    """Make `name`_incidents and `name`_change_requests queryable. Raises SourceError."""
    if spec.files:
        return tuple(origin for table in OWN for origin in _exported(spec, table, name, place))
    where = f"source {name}"
    api = Api(
        address=spec.url, tables=TABLES, resources=lambda visit: _declared(spec, place, visit),
        authorise=basic(spec.user, spec.token, place.root, where), since=spec.since, patience=spec.patience,
        people=spec.people_of(place.root), settings={"query": spec.query},
    )  # fmt: skip
    return fetch(api, name, place)


def local(spec: Spec) -> bool:
    """Whether its exports lie here, so that their columns can be looked at."""
    return bool(spec.files) and not any(cloud.is_one(path) for path in spec.files.values())


def _declared(spec: Spec, place: Place, visit: Visit) -> Declared:
    return [_resource(spec, table, visit) for table in OWN if place.feeds(table)]


def _resource(spec: Spec, table: str, visit: Visit) -> dict[str, Any]:
    more = f"^{spec.query}" if spec.query else ""
    return {
        "name": table, "table_name": table,
        "endpoint": {
            "path": f"api/now/table/{API_TABLES[table]}",
            "paginator": by_offset(PAGE, "sysparm_limit", "sysparm_offset"),
            "params": {
                "sysparm_query": f"sys_updated_on>={{incremental.start_value}}{more}^ORDERBYsys_updated_on^ORDERBYsys_id",
                "sysparm_fields": ",".join(("sys_id", *COMMON, *OWN[table])), "sysparm_display_value": "all",
                "sysparm_exclude_reference_link": "true",
            },
            "incremental": {
                "cursor_path": "sys_updated_on", "initial_value": visit.since.strftime("%Y-%m-%d %H:%M:%S"),
            },
        },
    }  # fmt: skip


def _exported(spec: Spec, table: str, name: str, place: Place) -> tuple[Origin, ...]:
    """A CSV export as a view with ServiceNow's own column names; an empty one where no export of the table is named."""
    view, wanted = f"{name}_{table}", ("sys_id", *COMMON, *OWN[table])
    if table not in spec.files:
        blank = ", ".join(f'NULL::VARCHAR AS "{c}", NULL::VARCHAR AS "{c}_shown"' for c in wanted)
        place.connection.execute(f'CREATE OR REPLACE VIEW "{view}" AS SELECT {blank} WHERE false')
        return ()
    origins = tabular.read(FileSpec(type="file", path=spec.files[table]), f"{view}_raw", place)
    known = {_named(column): column for column in origins[0].columns}
    if "number" not in known:
        raise SourceError(
            f"{origins[0].what} has no column number; is it an export of {table}?", where=f"source {name}"
        )
    listed = [
        f'{_quoted(known.get(c))} AS "{c}", {_quoted(known.get(c))} AS "{c}_shown"' for c in wanted if c != "sys_id"
    ]
    own = f"coalesce({_quoted(known.get('sys_id'))}, {_quoted(known['number'])}) AS sys_id"
    place.connection.execute(f'CREATE OR REPLACE VIEW "{view}" AS SELECT {own}, {", ".join(listed)} FROM "{view}_raw"')
    return tuple(Origin(name, o.what, o.sha256, o.bytes, o.covers, o.columns) for o in origins)


def _named(column: str) -> str:
    """ServiceNow's name of a column that is exported by name or by label."""
    low = column.strip().lower()
    return LABELS.get(low, low.replace(" ", "_"))


def _quoted(column: str | None) -> str:
    return "NULL::VARCHAR" if column is None else f"nullif(\"{column}\", '')"


def mappings(spec: Spec, name: str) -> Mapping[str, Mapping[str, Any]]:
    """What becomes of the tables where sources.yaml maps no columns itself."""
    how = {"format": spec.format, "time_zone": spec.time_zone} if spec.files else {"time_zone": "UTC"}
    owner = {"service": "coalesce(business_service_shown, cmdb_ci_shown)", "team": "assignment_group_shown"}

    def time(sql: str) -> dict[str, Any]:
        return {"sql": sql, **how}

    return {
        "incidents": {
            "query": f"SELECT * FROM {name}_incidents",
            "set_aside": {"cancelled": "lower(coalesce(state_shown, '')) LIKE 'cancel%' OR state = '8'"},
            "columns": {
                "incident_id": "number", **owner, "title": "short_description", "severity": "coalesce(priority_shown, severity_shown)",
                "started_at": time("opened_at"), "resolved_at": time("coalesce(resolved_at, closed_at)"),
                "sla_breached": "CASE WHEN made_sla IN ('true', 'false') THEN NOT made_sla::BOOLEAN END",
            },
        },
        "change_requests": {
            "query": f"SELECT *, {_OUTCOME} AS outcome, {_RISK} AS risk_band FROM {name}_change_requests",
            "columns": {
                "change_request_id": "number", **owner, "kind": "lower(type_shown)", "risk": "risk_band",
                "requested_at": time("coalesce(opened_at, sys_created_on)"),
                "approved_at": time("CASE WHEN lower(coalesce(approval, '')) = 'approved' THEN approval_set END"),
                "implemented_at": time("CASE WHEN outcome IS DISTINCT FROM 'cancelled' THEN work_end END"),
                "closed_at": time("closed_at"), "outcome": "outcome", "manual_evidence": "u_manual_evidence",
            },
        },
    }  # fmt: skip


_OUTCOME = """CASE
    WHEN lower(coalesce(state_shown, '')) LIKE 'cancel%' OR state = '4' THEN 'cancelled'
    WHEN lower(coalesce(close_code, '')) LIKE 'unsuccessful%' THEN 'unsuccessful'
    WHEN lower(coalesce(close_code, '')) LIKE 'successful%' THEN 'successful' END"""
_RISK = """CASE WHEN regexp_matches(lower(coalesce(risk_shown, '')), 'very high|high') THEN 'high'
    WHEN regexp_matches(lower(coalesce(risk_shown, '')), 'moderate|medium') THEN 'medium'
    WHEN regexp_matches(lower(coalesce(risk_shown, '')), 'low|none') THEN 'low' END"""
