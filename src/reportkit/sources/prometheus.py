"""Prometheus by its HTTP API: good and all events of service-level indicators, a window at a time.

A source called `prometheus` yields one table, prometheus_series: a row for each series of each query and span of time,
with its values as Prometheus gave them. Its own mapping makes slo_windows of it:

- `good` and `total` are PromQL; `$window` in them stands for the length of a window: sum(increase(requests_total[$window])).
- The value at the end of a window is the window's. Windows begin at multiples of their length in UTC. A window without a
  value of `total` is a gap, never 0; so is one that is not over, or that Prometheus no longer keeps.
- Where a query yields several series, their labels `service`, `feature`, `team` and `journey` say what each is about.
- increase() estimates, so that good may come out above total by a hair; up to a thousandth above, it counts as equal.
- Ranges are split so that no query has more points than Prometheus allows (11,000 a series).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from reportkit.fetch.api import read as fetch
from reportkit.fetch.declared import Api, Declared, Given, Visit
from reportkit.fetch.place import Origin, Place
from reportkit.fetch.records import Row, Table
from reportkit.fetch.spec import ApiSpec, basic, header
from reportkit.model.params import Key, Params
from reportkit.model.secret import Secret

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MOST_POINTS = 11_000  # that Prometheus gives of one series at once
LATE = 60  # seconds after its end until which a window may still change: scrapes under way, rules not yet evaluated
SERIES = Table(
    "series", ("slo", "kind", "begins", "labels"), {"labels": "!metric", "points": "!values"},
    records="data.result", parents=("slo", "kind", "begins", "ends"),
)  # fmt: skip
LABELS = ("service", "feature", "team", "journey")


class Slo(Params):
    """One service-level indicator with its objective."""

    good: str = Field(
        description="PromQL of the good events in a window: sum(increase(requests_total{code!~'5..'}[$window]))."
    )
    total: str = Field(description="PromQL of all valid events in a window.")
    objective: float | None = Field(
        None, gt=0, le=1, description="The share that was promised to be good, such as 0.999."
    )
    service: str | None = None
    feature: str | None = None
    team: str | None = None
    journey: str | None = None


class Spec(ApiSpec):
    """Settings of a Prometheus source; Thanos, Mimir and VictoriaMetrics speak the same API."""

    type: Literal["prometheus"] = "prometheus"
    user: str | None = Field(
        None, description="For servers that want a user and a password; the token is the password."
    )
    tenant: Secret | None = Field(None, description="X-Scope-OrgID of Mimir and Cortex.")
    window: str = Field("1h", pattern=r"^[1-9][0-9]*[smhd]$", description="Length of a window: 30m, 1h, 1d.")
    points: int = Field(1000, ge=1, le=MOST_POINTS, description="Windows that one query asks for at most.")
    slos: dict[Key, Slo] = Field(
        min_length=1, description="Name: good and total as PromQL, objective, what it is about."
    )

    @field_validator("slos")
    @classmethod
    def _queries(cls, value: dict[str, Slo]) -> dict[str, Slo]:
        for name, slo in value.items():
            if not slo.good.strip() or not slo.total.strip():
                raise ValueError(f"{name} needs PromQL for `good` and for `total`")
        return value

    @property
    def seconds(self) -> int:
        """The length of a window in seconds."""
        return int(self.window[:-1]) * SECONDS[self.window[-1]]


def read(spec: Spec, name: str, place: Place) -> tuple[Origin, ...]:
    """Fetch the windows that are over and make them queryable as `name`_series. Raises SourceError."""
    where = f"source {name}"
    authorise, tenant = (
        basic(spec.user, spec.token, place.root, where),
        header("X-Scope-OrgID", spec.tenant, place.root, where),
    )

    def both(headers: Any) -> None:
        authorise(headers)
        tenant(headers)

    api = Api(
        address=spec.url, tables=(SERIES,), resources=lambda visit: _declared(spec, visit), authorise=both,
        paginator="single_page", since=spec.since, patience=spec.patience,
        settings={"window": spec.window, "slos": {key: (slo.good, slo.total) for key, slo in spec.slos.items()}},
    )  # fmt: skip
    return fetch(api, name, place)


def _declared(spec: Spec, visit: Visit) -> Declared:
    """One resource: every query over every span that is not stored yet."""
    known = {(row["slo"], row["kind"]): int(str(row["ends"])) for row in visit.stored(
        "SELECT slo, kind, max(ends::BIGINT)::VARCHAR AS ends FROM series GROUP BY ALL"
    )}  # fmt: skip
    spans = list(_spans(spec, visit, known))
    if not spans:
        return []
    parent = {key: f"{{resources.spans.{key}}}" for key in ("query", "start", "end", "step")}
    return [
        Given("spans", spans),
        {
            "name": "series", "table_name": "series", "parallelized": True,
            "endpoint": {"path": "api/v1/query_range", "params": parent},
            "include_from_parent": ["slo", "kind", "start", "end"],
            "processing_steps": [{"map": _of_span}],
        },
    ]  # fmt: skip


def _spans(spec: Spec, visit: Visit, known: Mapping[tuple[str | None, str | None], int]) -> Iterator[Row]:
    """What to ask for. `start` and `end` are the ends of the first and the last window."""
    step = spec.seconds
    last = int(visit.until.timestamp() - min(LATE, step)) // step * step
    for key, slo in spec.slos.items():
        for kind, query in (("good", slo.good), ("total", slo.total)):
            first = known.get((key, kind), -(-int(visit.since.timestamp()) // step) * step) + step
            for start in range(first, last + 1, step * spec.points):
                end = min(last, start + step * (spec.points - 1))
                yield {
                    "slo": key, "kind": kind, "query": query.replace("$window", spec.window),
                    "start": str(start), "end": str(end), "step": str(step),
                }  # fmt: skip


def _of_span(row: Row) -> Row:
    """A series with the span that it was asked for."""
    names = {"slo": "slo", "kind": "kind", "start": "begins", "end": "ends"}
    return row | {column: row.pop(f"_spans_{key}") for key, column in names.items()}


def mappings(spec: Spec, name: str) -> Mapping[str, Mapping[str, Any]]:
    """What becomes of the series where sources.yaml maps no columns itself."""
    rows = ", ".join(
        f"({', '.join(_text(v) for v in (key, slo.service, slo.feature, slo.team, slo.journey))}, {slo.objective or 'NULL'}::DOUBLE)"
        for key, slo in spec.slos.items()
    )
    return {"slo_windows": {
        "query": _WINDOWS.format(s=name, rows=rows, seconds=spec.seconds),
        "columns": {
            "slo_window_id": "slo || labels || '@' || began", "slo": "slo", "started_at": "to_timestamp(began)",
            "good": "CASE WHEN good > total AND good <= total * 1.001 THEN total ELSE good END", "total": "total",
            "objective": "objective", **{label: label for label in LABELS},
        },
    }}  # fmt: skip


def _text(value: str | None) -> str:
    return "NULL::VARCHAR" if value is None else "'" + value.replace("'", "''") + "'"


_WINDOWS = """
    WITH declared(slo, service, feature, team, journey, objective) AS (VALUES {rows}),
    points AS (
        SELECT slo, kind, labels, unnest(from_json(points, '["JSON"]')) AS point FROM {s}_series
    ),
    valued AS (
        SELECT slo, kind, labels, CAST(point ->> '$[0]' AS DOUBLE)::BIGINT - {seconds} AS began,
            CAST(point ->> '$[1]' AS DOUBLE) AS value FROM points
    ),
    windows AS (
        SELECT slo, labels, began, max(value) FILTER (kind = 'good') AS good, max(value) FILTER (kind = 'total') AS total
        FROM valued WHERE isfinite(value) GROUP BY ALL HAVING count(*) FILTER (kind = 'total') > 0
    )
    SELECT slo, labels, began, good, total, objective,
        coalesce(d.service, labels ->> 'service') AS service, coalesce(d.feature, labels ->> 'feature') AS feature,
        coalesce(d.team, labels ->> 'team') AS team, coalesce(d.journey, labels ->> 'journey') AS journey
    FROM windows JOIN declared d USING (slo)"""
