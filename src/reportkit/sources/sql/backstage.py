"""A Backstage catalogue's own database: its components become services.

The catalogue does not know since when a service has been there; the annotation `reportkit/created-at` on a component says so,
`reportkit/adopted-at` and `reportkit/retired-at` likewise, and `services_since` stands in for the first where it is lacking.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

QUERIES = {"entities": "SELECT entity_ref, final_entity FROM final_entities WHERE final_entity IS NOT NULL"}
OPTIONAL: frozenset[str] = frozenset()


def mappings(name: str, since: date | None) -> Mapping[str, Mapping[str, Any]]:
    """Entity → mapping, over the tables of a source called `name`."""
    first = f"'{since}'" if since else "NULL"
    note = "note ->> '$.\"reportkit/{}-at\"'".format
    return {"services": {
        "query": f"""
            SELECT e.entity_ref, e.final_entity::JSON AS entity, entity -> '$.metadata.annotations' AS note
            FROM {name}_entities e WHERE entity ->> '$.kind' = 'Component'""",
        "columns": {
            "service_id": "entity_ref", "service": "entity ->> '$.metadata.name'",
            "team": "regexp_replace(entity ->> '$.spec.owner', '^([a-z]+:)?([^/]+/)?', '')",
            "journey": "regexp_replace(entity ->> '$.spec.system', '^([a-z]+:)?([^/]+/)?', '')",
            "tier": "coalesce(entity ->> '$.metadata.labels.tier', entity ->> '$.spec.lifecycle')",
            "created_at": f"coalesce({note('created')}, {first})", "adopted_at": note("adopted"),
            "retired_at": note("retired"),
        },
    }}  # fmt: skip
