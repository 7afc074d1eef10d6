"""Columns that follow from others by the organisation's rules: what counts as a deployment, what caused an incident.

One entry of DERIVED a column. A needle uses them like any column of its entity; `needs` says what they are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from reportkit import spells
from reportkit.model.period import Window
from reportkit.model.rules import DoraRules
from reportkit.snapshot import ROW, Snapshot, fetched, held, streamed

Table = Any  # an Ibis table
HOUR = 3600 * 10**6  # µs
LASTING = ("started_at", "resolved_at")


@dataclass(frozen=True)
class Derived:
    """A column that is not extracted: the columns that it is made of, and how its entity's table gets it."""

    needs: Mapping[str, tuple[str, ...]]
    add: Callable[[Snapshot, Table], Table]


def table(snapshot: Snapshot, entity: str, columns: tuple[str, ...]) -> Table:
    """The entity's facts with those of `columns` that are derived. Raises SnapshotError where an entity was not extracted."""
    found = snapshot.table(entity, placed=links(columns))
    for name in columns:
        if (entity, name) in DERIVED and name not in found.columns:
            found = DERIVED[entity, name].add(snapshot, found)
    return found


def links(columns: Iterable[str]) -> bool:
    """Whether any of the columns rests on which deployment an incident is put down to."""
    return bool({"failed", "failed_at", "recovered_at"} & set(columns))


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
    blamed = causes(snapshot).select("cause").distinct().drop_null("cause")
    joined = deployments.left_join(blamed, deployments[_known_by(deployments)] == blamed.cause)
    return joined.mutate(failed=joined.cause.notnull()).drop("cause")


def _failing(snapshot: Snapshot, deployments: Table) -> Table:
    """From when until when a deployment failed in production; nothing of one that did not, no end while it still does."""
    whole, rules = snapshot.whole, snapshot.rules.dora
    failures = whole.kept(("failures", rules), lambda: _failures(whole, rules))
    return deployments.left_join(failures, deployments[_known_by(deployments)] == failures.cause).drop("cause")


def _failures(snapshot: Snapshot, rules: DoraRules) -> Table:
    """One row a failed deployment: `cause`, `failed_at`, `recovered_at`.

    DORA counts by deployment: "the time it takes to recover from a deployment that fails and requires immediate
    intervention" (dora.dev, DORA's software delivery performance metrics). So a deployment that caused three incidents fails
    once: from the start of the first until none of them is open. What begins within `relapse_hours` of that is a relapse; what
    begins later is no part of this failure, for a service that is deployed twice a year would else take months to recover.
    """
    caused = causes(snapshot).drop_null("cause")
    caused = caused.filter(caused.resolved_at.isnull() | (caused.resolved_at >= caused.started_at))
    lasting = caused.select("cause", start="started_at", end="resolved_at")
    failures = spells.first(lasting, ("cause",), round(rules.relapse_hours * HOUR))
    return failures.rename(failed_at="start", recovered_at="end")


def causes(snapshot: Snapshot) -> Table:
    """One row an incident in a counting environment: its times, and `cause`, the deployment that it is put down to, if any.

    Of the whole extract, worked out once: a team's incident may have another team's cause.
    """
    whole, rules = snapshot.whole, snapshot.rules.dora
    return whole.kept(("links", rules), lambda: _linked(whole, rules))


def _linked(snapshot: Snapshot, rules: DoraRules) -> Table:
    """One row an incident in a counting environment: its times, and `cause`, the deployment that it is put down to.

    The deployment that the incident names, and none if that one does not count or is not in the extract; where it names none,
    by rule 'latest' the last one that counts that finished before the incident began, of the same service and within the cap.
    """
    incidents = snapshot.table("incidents")
    incidents = incidents.filter(incidents.environment.isin(rules.environments))
    counted = _counted(snapshot, snapshot.table("deployments", placed=True)).filter(lambda t: t.counted)
    ids = counted.select(known="deployment_id", cause=_known_by(counted))
    naming = incidents.filter(incidents.deployment_id.notnull())
    stated = naming.left_join(ids, naming.deployment_id == ids.known).select(*LASTING, "cause")
    nameless = incidents.filter(incidents.deployment_id.isnull())
    if rules.link == "stated":
        return stated.union(nameless.select(*LASTING, cause=ibis.null(stated.cause.type())))
    return stated.union(_latest(nameless, counted, rules))


def _known_by(deployments: Table) -> str:
    """The column that deployments are told apart by: of a file where in it they stand, which is sooner found than their ids."""
    return ROW if ROW in deployments.columns else "deployment_id"


def _latest(incidents: Table, counted: Table, rules: DoraRules) -> Table:
    """Each incident with the last deployment that finished before it began, if any, as `cause`."""
    began = incidents.select("resolved_at", place=_place(incidents, rules), at="started_at")
    known, place = _known_by(counted), _place(counted, rules)
    finished = counted.select(place=place, at="deployed_at", id=known, name="deployment_id")
    way = found_here if known == ROW else asked
    seen = way(began.drop_null("at"), finished.drop_null("at"))
    cause = seen.id
    if rules.cap_hours is not None:
        near = seen["at"].delta(seen["last"], unit="microsecond") <= rules.cap_hours * HOUR
        cause = ibis.ifelse(near, cause, ibis.null())
    return seen.select(started_at="at", resolved_at="resolved_at", cause=cause)


def found_here(began: Table, finished: Table) -> Table:
    """Each incident with the last deployment before it, found in this process.

    Of several at one moment it is that of the greatest name; in a frozen file they stand in that order.
    """
    from reportkit import preceding  # and NumPy, of which those who only ask for definitions have no need

    later = fetched(began)
    try:
        found = _walked(later, finished)
    except preceding.Unordered:  # an extract that an earlier release froze
        found = _walked(later, finished.order_by("at", "name"))
    return held(found, {**began.schema(), "last": finished.schema()["at"], "id": "int64"})


def _walked(later: Any, finished: Table) -> Any:
    from reportkit import preceding

    with streamed(finished.drop("name"), preceding.BLOCK) as blocks:
        return preceding.latest(later, blocks)


def asked(began: Table, finished: Table) -> Table:
    """The same by the engine that has the facts: one sort of both along time.

    At one moment the incident comes first: a deployment that finishes just then cannot have caused it.
    """
    moments = finished.group_by("place", last="at").aggregate(id=lambda t: t.id.max())
    never = ibis.null().cast(moments["last"].type())
    deployed = moments.select("place", at="last", after=ibis.literal(1), deployed="last", resolved_at=never)
    broke = began.select("place", "resolved_at", "at", after=ibis.literal(0), deployed=never)
    both = deployed.union(broke.select(*deployed.columns))
    window = ibis.window(group_by="place", order_by=["at", "after"], preceding=None, following=0)
    seen = both.mutate(last=both.deployed.max().over(window)).filter(lambda t: t.after == 0)
    return seen.select("place", "last", "resolved_at", "at").left_join(moments, ["place", "last"])


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
_FAILURE = {
    "deployments": ("deployed_at", "deployment_id"),
    "incidents": ("incident_id", "started_at", "resolved_at"),
}
DERIVED: Mapping[tuple[str, str], Derived] = {
    ("deployments", "counted"): Derived({"deployments": ("deployed_at",)}, _counted),
    ("deployments", "failed"): Derived(_LINK, _failed),
    ("deployments", "failed_at"): Derived(_FAILURE, _failing),
    ("deployments", "recovered_at"): Derived(_FAILURE, _failing),
    ("incidents", "in_production"): Derived({"incidents": ("started_at",)}, _in_production),
    ("vulnerabilities", "in_production"): Derived({"vulnerabilities": ("detected_at",)}, _in_production),
    ("incidents", "key_event_at"): Derived({"incidents": ("started_at",)}, _key_event_at),
}
