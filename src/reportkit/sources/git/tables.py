"""Stories as tables: Parquet in the scratch folder, seen by DuckDB as views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reportkit.sources import Place
from reportkit.sources.git.story import FEATURES, Change, Person, Story

TEXT, FLAG, TIME, COUNT = pa.string(), pa.bool_(), pa.timestamp("us", tz="UTC"), pa.int64()
SCHEMAS = {
    "changes": pa.schema([
        ("service", TEXT), ("change_id", TEXT), ("team", TEXT), ("kind", TEXT), ("title", TEXT), ("author", TEXT),
        ("is_bot", FLAG), ("is_merge", FLAG), ("first_commit_at", TIME), ("merged_at", TIME), ("deployed_at", TIME),
        ("first_release", TEXT), ("is_prerelease", FLAG), ("deployed_final_at", TIME),
    ]),
    "features": pa.schema([
        ("service", TEXT), ("feature_id", TEXT), ("team", TEXT), ("title", TEXT), ("is_bot", FLAG),
        ("started_at", TIME), ("merged_at", TIME), ("released_at", TIME), ("first_release", TEXT),
        ("is_prerelease", FLAG), ("released_final_at", TIME),
    ]),
    "releases": pa.schema([
        ("service", TEXT), ("tag", TEXT), ("tagged_at", TIME), ("sha", TEXT), ("is_prerelease", FLAG),
    ]),
    "contributors": pa.schema([
        ("service", TEXT), ("person", TEXT), ("is_bot", FLAG), ("first_commit_at", TIME),
        ("first_merged_at", TIME), ("first_released_at", TIME), ("first_released_final_at", TIME), ("commits", COUNT),
    ]),
}  # fmt: skip


def write(stories: Sequence[Story], name: str, place: Place) -> None:
    """Make the stories queryable as `name`_changes, `name`_features, `name`_releases and `name`_contributors."""
    rows = {
        "changes": (_change(s, c) for s in stories for c in s.changes),
        "features": (_feature(s, c) for s in stories for c in s.changes if c.kind in FEATURES),
        "releases": (
            (s.service, t.name, _us(t.at), t.sha, t.name in s.prereleases) for s in stories for t in s.releases
        ),
        "contributors": (_person(s, p) for s in stories for p in s.people),
    }
    for part, schema in SCHEMAS.items():
        _view(f"{name}_{part}", _table(rows[part], schema), place)


def _change(story: Story, change: Change) -> tuple[Any, ...]:
    return (
        story.service, change.sha, change.team, change.kind, change.title, change.author,
        change.is_bot, change.is_merge, _us(change.first_commit), _us(change.merged), *_release(story, change),
    )  # fmt: skip


def _feature(story: Story, change: Change) -> tuple[Any, ...]:
    started = change.first_commit if change.first_commit is not None else change.merged
    return (
        story.service, change.sha, change.team, change.what, change.is_bot, _us(started), _us(change.merged),
        *_release(story, change),
    )  # fmt: skip


def _person(story: Story, person: Person) -> tuple[Any, ...]:
    times = (person.first_commit, person.first_merged, person.first_released, person.first_final)
    return (story.service, person.person, person.is_bot, *map(_us, times), person.commits)


def _release(story: Story, change: Change) -> tuple[Any, ...]:
    first, final = change.release, change.final
    return (
        _us(first.at) if first else None,
        first.name if first else None,
        first.name in story.prereleases if first else None,
        _us(final.at) if final else None,
    )


def _us(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1_000_000


def _table(rows: Iterable[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _view(name: str, table: pa.Table, place: Place) -> None:
    path = place.scratch / f"{name}.parquet"
    pq.write_table(table, path)
    file = str(path).replace("'", "''")
    place.connection.execute(f"CREATE OR REPLACE VIEW \"{name}\" AS SELECT * FROM read_parquet('{file}')")
