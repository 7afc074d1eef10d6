"""Columns that follow from others by the organisation's rules: what counts as a deployment, what caused an incident.

One entry of DERIVED a column. A needle uses them like any column of its entity; `needs` says what they are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from reportkit.model.period import Window
from reportkit.model.rules import DoraRules
from reportkit.snapshot import Snapshot

Table = Any  # an Ibis table


@dataclass(frozen=True)
class Derived:
    """A column that is not extracted: the columns that it is made of, and how its entity's table gets it."""

    needs: Mapping[str, tuple[str, ...]]
    add: Callable[[Snapshot, Table], Table]


def table(snapshot: Snapshot, entity: str, columns: tuple[str, ...]) -> Table:
    """The entity's facts with those of `columns` that are derived. Raises SnapshotError where an entity was not extracted."""
    found = snapshot.table(entity)
    for name in columns:
        if (entity, name) in DERIVED:
            found = DERIVED[entity, name].add(snapshot, found)
    return found


def needs(entity: str, column: str) -> Mapping[str, tuple[str, ...]]:
    """The extracted columns, by entity, that a column is made of: itself, where it is extracted."""
    made = DERIVED.get((entity, column))
    return {entity: (column,)} if made is None else made.needs


def _counted(snapshot: Snapshot, deployments: Table) -> Table:
    rules = snapshot.rules.dora
    counted = deployments.environment.isin(rules.environments) & deployments.result.isin(rules.results)
    return deployments.mutate(counted=counted)


def _in_production(snapshot: Snapshot, facts: Table) -> Table:
    """Whether a fact lies in an environment that counts as production."""
    return facts.mutate(in_production=facts.environment.isin(snapshot.rules.dora.environments))


def _failed(snapshot: Snapshot, deployments: Table) -> Table:
    """Whether an incident is linked to the deployment."""
    causes = _links(snapshot, snapshot.rules.dora).select(cause="cause").distinct().drop_null("cause")
    joined = deployments.left_join(causes, deployments.deployment_id == causes.cause)
    return joined.mutate(failed=joined.cause.notnull()).drop("cause")


def _caused_by(snapshot: Snapshot, incidents: Table) -> Table:
    """The id of the deployment that the incident is linked to, or nothing."""
    links = _links(snapshot, snapshot.rules.dora).rename(linked="incident_id", caused_by="cause")
    return incidents.left_join(links, incidents.incident_id == links.linked).drop("linked")


def _links(snapshot: Snapshot, rules: DoraRules) -> Table:
    """The links of a whole extract by some rules, worked out once: a team's incident may have another team's cause."""
    whole = snapshot.whole
    return whole.kept(("links", rules), lambda: _linked(whole, rules))


def _linked(snapshot: Snapshot, rules: DoraRules) -> Table:
    """One row an incident in a counting environment: `incident_id` and `cause`, the deployment that it is put down to.

    The deployment that the incident names, and none if that one does not count or is not in the extract; where it names none,
    by rule 'latest' the last one that counts that finished before the incident began, of the same service and within the cap.
    """
    incidents = snapshot.table("incidents")
    incidents = incidents.filter(incidents.environment.isin(rules.environments))
    deployments = _counted(snapshot, snapshot.table("deployments"))
    ids = deployments.select(known="deployment_id", known_counts="counted")
    named = incidents.left_join(ids, incidents.deployment_id == ids.known)
    cause = ibis.ifelse(named.known_counts, named.known, ibis.null())
    stated = named.select("incident_id", names_one=named.deployment_id.notnull(), cause=cause)
    if rules.link == "stated":
        return stated.select("incident_id", "cause")
    latest = _latest(incidents, deployments.filter(deployments.counted), rules)
    both = stated.left_join(latest, stated.incident_id == latest.latest_of)
    return both.select("incident_id", cause=ibis.ifelse(both.names_one, both.cause, both.latest))


def _latest(incidents: Table, counted: Table, rules: DoraRules) -> Table:
    """`latest_of`, `latest`: the incident and the last deployment that finished before it began, if any."""
    began = incidents.select(place=_place(incidents, rules), at="started_at", incident="incident_id")
    finished = counted.group_by(place=_place(counted, rules), last="deployed_at").aggregate(
        latest=lambda t: t.deployment_id.max()
    )
    seen = _before(began, finished) if ibis.get_backend(counted).name == "duckdb" else _along(began, finished)
    if rules.cap_hours is not None:
        seen = seen.filter(seen["at"].delta(seen["last"], unit="microsecond") <= rules.cap_hours * 3600e6)
    return seen.select(latest_of="incident", latest="latest")


def _before(began: Table, finished: Table) -> Table:
    """Each incident with the last deployment before it, by the engine's own join for that."""
    joined = began.asof_join(finished, on=began["at"] > finished["last"], predicates="place")
    return joined.filter(joined.latest.notnull())


def _along(began: Table, finished: Table) -> Table:
    """The same for engines that have no such join: one sort of both along time.

    At one moment the incident comes first: a deployment that finishes just then cannot have caused it.
    """
    never, nothing = ibis.null().cast(finished["last"].type()), ibis.null().cast("string")
    both = finished.select(
        "place", at="last", after=ibis.literal(1), deployed="last", incident=nothing
    ).union(began.select("place", "at", after=ibis.literal(0), deployed=never, incident="incident"))  # fmt: skip
    window = ibis.window(group_by="place", order_by=["at", "after"], preceding=None, following=0)
    seen = both.mutate(last=both.deployed.max().over(window)).filter(lambda t: t.incident.notnull() & t.last.notnull())
    return seen.select("place", "at", "incident", "last").join(finished, ["place", "last"])


def _place(table: Table, rules: DoraRules) -> Any:
    """Within what an incident and its cause must lie: the service, or all of it."""
    return table.service.fill_null("") if rules.link_within == "service" else ibis.literal("")


def _key_event_at(snapshot: Snapshot, incidents: Table) -> Table:
    """When the incident's time first touches a key event, or nothing."""
    at = ibis.null().cast(incidents.started_at.type())
    for event in sorted(snapshot.rules.key_events, key=lambda e: e.start, reverse=True):
        first, last = Window(event.start, event.end).instants(snapshot.time_zone)
        begins = ibis.literal(first, incidents.started_at.type())
        inside = (incidents.started_at >= begins) & (incidents.started_at < last)
        before = (incidents.started_at < begins) & (incidents.resolved_at.isnull() | (incidents.resolved_at > begins))
        at = ibis.cases((inside, incidents.started_at), (before, begins), else_=at)
    return incidents.mutate(key_event_at=at)


_LINK = {
    "incidents": ("incident_id", "started_at"),
    "deployments": ("deployment_id", "deployed_at"),
}
DERIVED: Mapping[tuple[str, str], Derived] = {
    ("deployments", "counted"): Derived({"deployments": ("deployed_at",)}, _counted),
    ("deployments", "failed"): Derived(_LINK, _failed),
    ("incidents", "in_production"): Derived({"incidents": ("started_at",)}, _in_production),
    ("vulnerabilities", "in_production"): Derived({"vulnerabilities": ("detected_at",)}, _in_production),
    ("incidents", "caused_by"): Derived(_LINK, _caused_by),
    ("incidents", "key_event_at"): Derived({"incidents": ("started_at",)}, _key_event_at),
}
