"""Costs in the FinOps FOCUS format 1.x, from any cloud: CSV or Parquet, here or in a cloud's store.

The view has the file's columns, with the word NULL as nothing. The entity costs is fed by FOCUS's own column names;
`tags` says which tag holds service, team or journey. Exports that are no FOCUS are told apart and refused with the way to
FOCUS, for their costs mean other things: unblended, before credits, in another currency.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from pydantic import Field

from reportkit.errors import SourceError
from reportkit.fetch import tabular
from reportkit.fetch.place import Origin, Place
from reportkit.fetch.tabular import FileSpec, local, look, replaced

__all__ = ["Spec", "local", "look", "mappings", "read", "replaced"]

NEEDED = ("BilledCost", "BillingCurrency", "ChargePeriodStart")
OTHERS: tuple[tuple[str, Collection[str], str], ...] = (
    ("an AWS Cost and Usage Report", ("lineItem/UsageStartDate",), "AWS"),
    ("an AWS Cost and Usage Report", ("line_item_usage_start_date",), "AWS"),
    ("an AWS Cost Explorer download", ("Total costs($)",), "AWS"),
    ("an AWS Cost Explorer download", ("Service total",), "AWS"),
    ("an Azure cost details export", ("CostInBillingCurrency",), "Azure"),
    ("an Azure cost details export", ("costInBillingCurrency",), "Azure"),
    ("an Azure usage export", ("PreTaxCost",), "Azure"),
    ("a Google Cloud billing export", ("billing_account_id", "usage_start_time"), "Google"),
)
WAYS = {
    "AWS": "in the Billing console create a Data Export of the type 'Standard: FOCUS 1.0 with AWS columns'",
    "Azure": "in Cost Management create an export of the type 'Cost and usage details (FOCUS)'",
    "Google": "query Google's FOCUS view of the detailed billing export in BigQuery and save the result",
}


class Spec(FileSpec):
    """Settings of a FOCUS export."""

    type: Literal["focus"] = "focus"
    tags: dict[Literal["service", "team", "journey"], str] = Field(
        default_factory=dict, description="Which tag says to whom a charge belongs: {team: cost-centre}."
    )


def read(spec: Spec, name: str, place: Place) -> tuple[Origin, ...]:
    """Make the charges queryable as the view `name`. Raises SourceError where the export is no FOCUS."""
    origins = tabular.read(spec, f"{name}_raw", place)
    columns = origins[0].columns
    if missing := [column for column in NEEDED if column not in columns]:
        raise SourceError(_other(columns, missing), where=f"source {name}")
    listed = ", ".join(f'nullif("{c}"::VARCHAR, \'NULL\') AS "{c}"' for c in columns)
    place.connection.execute(f'CREATE OR REPLACE VIEW "{name}" AS SELECT {listed} FROM "{name}_raw"')
    return tuple(Origin(name, o.what, o.sha256, o.bytes, o.covers, o.columns) for o in origins)


def _other(columns: Collection[str], missing: Collection[str]) -> str:
    for what, marks, cloud in OTHERS:
        if all(any(mark.lower() == column.strip().lower() for column in columns) for mark in marks):
            return f"this is {what}, not FOCUS; {WAYS[cloud]}, and name that file."
    return f"this is no FOCUS export: it has no {' and no '.join(missing)}; export FOCUS 1.x, or map it as a source of type file."


def mappings(spec: Spec, name: str) -> Mapping[str, Mapping[str, Any]]:
    """Costs, by FOCUS's own column names, cut by tags."""
    columns = {cut: _tag(tag) for cut, tag in spec.tags.items()}
    return {"costs": {"query": f"SELECT * FROM {name}", "columns": columns}}


def _tag(tag: str) -> str:
    path = tag.replace("'", "''").replace('"', '\\"')
    return f"""CASE WHEN json_valid("Tags") THEN "Tags" ->> '$."{path}"' END"""
