"""Every needle of the library by hand: slow, obvious, row by row in plain Python, from its question and its source.

Nothing here comes from reportkit.measure or reportkit.derived. Times are UTC instants, sums are exact fractions.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from reportkit.model.period import Window
from reportkit.model.rules import Rules

Row = Mapping[str, Any]
SECOND = timedelta(seconds=1)
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
NONE_GIVEN, OTHER = "none given", "other"
PEOPLE = {"changes": "author", "onboardings": "subject", "time_use": "person"}


@dataclass(frozen=True)
class World:
    """The facts of an organisation, what its extract covers of each entity, and its rules."""

    facts: Mapping[str, Sequence[Row]]
    covers: Mapping[str, Window]
    zone: str
    rules: Rules


@dataclass(frozen=True)
class Found:
    """A number, the facts that it rests on, the open ones, who they are about (None: nobody knows), and whether there is anything."""

    value: float
    facts: int = 0
    open: int = 0
    people: int | None = None
    seen: bool = False

    @property
    def size(self) -> int:
        return self.facts + self.open if self.people is None else self.people


@dataclass(frozen=True)
class Part:
    """What is covered of a window, for all facts or those of some groups."""

    world: World
    window: Window
    by: str = "team"
    groups: frozenset[str] | None = None
    asked: Window | None = None  # of which this is what is covered

    @property
    def begins(self) -> datetime:
        return midnight(self.window.start, self.world.zone)

    @property
    def ends(self) -> datetime:
        return midnight(self.window.end, self.world.zone)

    @property
    def months(self) -> Fraction:
        """Day by day: each is one of as many as its month has."""
        days = (self.window.start + timedelta(days=n) for n in range((self.window.end - self.window.start).days))
        return sum((Fraction(1, monthrange(day.year, day.month)[1]) for day in days), Fraction(0))

    @property
    def by_month(self) -> list[Part]:
        """The part cut into those of each calendar month."""
        days = [self.window.start + timedelta(days=n) for n in range((self.window.end - self.window.start).days)]
        months = sorted({(day.year, day.month) for day in days})
        found = [[day for day in days if (day.year, day.month) == month] for month in months]
        return [replace(self, window=Window(m[0], m[-1] + timedelta(days=1))) for m in found]

    def rows(self, entity: str, where: Callable[[Row], Any] = lambda r: True) -> list[Row]:
        mine = self.world.facts[entity]
        if self.groups is not None:
            mine = [r for r in mine if label(r, self.by) in self.groups]
        return [r for r in mine if where(r)]

    def holds(self, at: datetime | None) -> bool:
        return at is not None and self.begins <= at < self.ends


@dataclass(frozen=True)
class Oracle:
    """How a needle is worked out, and the entities that must be covered for it, its own first."""

    entities: tuple[str, ...]
    work_out: Callable[[Part], Found]
    at_the_end: bool = False  # of what stands at a window's end nothing is known before that
    personal: bool = False


ORACLES: dict[str, Oracle] = {}


def oracle(key: str, *entities: str, **more: bool) -> Callable[[Callable[[Part], Found]], Callable[[Part], Found]]:
    def register(work_out: Callable[[Part], Found]) -> Callable[[Part], Found]:
        ORACLES[key] = Oracle(entities, work_out, **more)
        return work_out

    return register


def answer(
    key: str, world: World, window: Window, by: str = "team", groups: frozenset[str] | None = None
) -> Found | None:
    """The needle in a window; None where the extract does not cover it."""
    how = ORACLES[key]
    start = max(window.start, *(world.covers[e].start for e in how.entities))
    end = min(window.end, *(world.covers[e].end for e in how.entities))
    if start >= end or (how.at_the_end and end < window.end):
        return None
    found = how.work_out(Part(world, Window(start, end), by, groups, window))
    people = found.facts if found.people is None else found.people
    if how.personal and found.facts and people < world.rules.smallest_group:
        return replace(found, value=math.nan)
    return found


def cut(key: str, world: World, window: Window, by: str) -> dict[str, Found]:
    """The needle by group, groups that are too small folded into 'other', and nothing where all together are."""
    least = world.rules.smallest_group
    labels = {label(r, by) for e in ORACLES[key].entities for r in world.facts[e]}
    alone = {g: answer(key, world, window, by, frozenset([g])) for g in labels}
    there = {g: f for g, f in alone.items() if f is not None and (f.seen or f.facts or f.open)}
    large = sorted((g for g in there if there[g].size >= least), key=lambda g: (-there[g].size, g))
    folded = sum(f.size for g, f in there.items() if g not in large)
    hidden = any(f.facts + f.open for g, f in there.items() if g not in large)
    while hidden and folded < least and large:
        folded += there[large.pop()].size
    rest = frozenset(there) - set(large)
    if not large and folded < least:
        return {}
    shown = {g: there[g] for g in large}
    if rest:
        together = answer(key, world, window, by, rest)
        assert together is not None
        shown[OTHER] = together
    return shown


def label(row: Row, by: str) -> str:
    return NONE_GIVEN if row[by] is None else str(row[by])


def midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def people(entity: str, rows: Iterable[Row]) -> int | None:
    name = PEOPLE.get(entity)
    return len({r[name] for r in rows if r[name] is not None}) or None if name else None


def divided(top: Fraction, bottom: Fraction | int) -> float:
    return float(Fraction(top) / bottom) if bottom else math.nan


def number(value: float) -> Fraction:
    """What is written, not its nearest double: 0.99 is 99 hundredths."""
    return Fraction(str(value))


def span(start: datetime, end: datetime, unit: timedelta) -> Fraction:
    micro = timedelta(microseconds=1)
    return Fraction((end - start) // micro, unit // micro)


# ---- durations


def duration(
    part: Part, entity: str, start: str, end: str, where: Callable[[Row], Any] = lambda r: True,
    unit: timedelta = DAY, *, dora: bool = False, spread: bool = False,
) -> Found:  # fmt: skip
    """The median of the life table, or for DORA's that of what is finished unless the rules say otherwise."""
    begun = [r for r in part.rows(entity, where) if r[start] is not None and not (r[end] and r[end] < r[start])]
    ended = [r for r in begun if part.holds(r[end])]
    still = [r for r in begun if r[start] < part.ends and (r[end] is None or r[end] >= part.ends)]
    if dora and part.world.rules.dora.median == "finished":
        spans = sorted(span(r[start], r[end], unit) for r in ended)
        middle = len(spans) // 2
        value = float((spans[middle] + spans[-middle - 1]) / 2) if spans else math.nan
    else:
        lives = [life(part, r[start], r[end]) for r in ended + still]
        value = age_by(lives, Fraction(1, 2))
        thin = thin_at(lives)
        if thin is not None and (math.isnan(value) or thin <= value):
            return Found(math.nan, len(ended), len(still), people(entity, ended + still))
        if spread:
            value = age_by(lives, Fraction(9, 10)) / value if value else math.nan
        else:
            value /= unit / timedelta(microseconds=1)
    return Found(value, len(ended), len(still), people(entity, ended + still))


def life(part: Part, start: datetime, end: datetime | None) -> tuple[int, int, bool]:
    """Age on coming under observation, age on leaving, whether it ended; in microseconds."""
    ended = end is not None and end < part.ends
    last = end if end is not None and ended else part.ends
    micro = timedelta(microseconds=1)
    return max(part.begins - start, timedelta()) // micro, (last - start) // micro, ended


def thin_at(lives: Sequence[tuple[int, int, bool]]) -> int | None:
    """The first age at which one ended while fewer than a tenth of all were under observation and others came later."""
    for age in sorted({last for _, last, ended in lives if ended}):
        at_risk = sum(entry <= age <= last for entry, last, _ in lives)
        if at_risk * 10 < len(lives) and any(entry > age for entry, _, _ in lives):
            return age
    return None


def age_by(lives: Sequence[tuple[int, int, bool]], share: Fraction) -> float:
    """The age by which a share of them has ended; where just that share has, the middle of this age and the next end."""
    survival, by = Fraction(1), None
    for age in sorted({last for _, last, ended in lives if ended}):
        at_risk = sum(entry <= age <= last for entry, last, _ in lives)
        ends = sum(ended and last == age for _, last, ended in lives)
        survival *= 1 - Fraction(ends, at_risk)
        if survival < 1 - share:
            return float(Fraction(age if by is None else by + age, 1 if by is None else 2))
        if survival == 1 - share and by is None:
            by = age
    return math.nan if by is None else float(by)


def _goes_on(r: Row) -> bool:
    return r["abandoned_at"] is None


@oracle("lead_time_for_changes", "changes")
def lead_time_for_changes(part: Part) -> Found:
    return duration(part, "changes", "first_commit_at", "deployed_at", _goes_on, dora=True)


@oracle("lead_time", "features")
def lead_time(part: Part) -> Found:
    return duration(part, "features", "requested_at", "released_at", lambda r: r["kind"] == "feature" and _goes_on(r))


@oracle("product_launch_time", "features")
def product_launch_time(part: Part) -> Found:
    return duration(part, "features", "started_at", "released_at", lambda r: r["kind"] == "launch" and _goes_on(r))


@oracle("coding_time", "changes")
def coding_time(part: Part) -> Found:
    """What was never put up for review is not being coded for ever."""
    return duration(part, "changes", "first_commit_at", "opened_at", lambda r: r["opened_at"] is not None)


@oracle("review_time", "changes")
def review_time(part: Part) -> Found:
    return duration(part, "changes", "first_review_at", "merged_at")


@oracle("pull_request_merge_time", "changes")
def pull_request_merge_time(part: Part) -> Found:
    return duration(part, "changes", "opened_at", "merged_at", _goes_on)


@oracle("review_wait", "changes")
def review_wait(part: Part) -> Found:
    """Merged without a review, it never waited for one."""

    def waits(r: Row) -> bool:
        return r["first_review_at"] is not None or (r["merged_at"] is None and _goes_on(r))

    return duration(part, "changes", "opened_at", "first_review_at", waits)


@oracle("release_wait", "changes")
def release_wait(part: Part) -> Found:
    return duration(part, "changes", "merged_at", "deployed_at", _goes_on)


@oracle("engineer_onboarding", "onboardings", personal=True)
def engineer_onboarding(part: Part) -> Found:
    return duration(part, "onboardings", "started_at", "finished_at", lambda r: r["kind"] == "engineer")


@oracle("service_onboarding", "onboardings")
def service_onboarding(part: Part) -> Found:
    return duration(part, "onboardings", "started_at", "finished_at", lambda r: r["kind"] == "service")


def _asked_for(r: Row) -> bool:
    return r["outcome"] != "cancelled" and (r["closed_at"] is None or r["implemented_at"] is not None)


@oracle("time_to_production", "change_requests")
def time_to_production(part: Part) -> Found:
    return duration(part, "change_requests", "requested_at", "implemented_at", _asked_for)


@oracle("predictability", "change_requests")
def predictability(part: Part) -> Found:
    return duration(part, "change_requests", "requested_at", "implemented_at", _asked_for, spread=True)


@oracle("remediation_time", "vulnerabilities")
def remediation_time(part: Part) -> Found:
    return duration(part, "vulnerabilities", "detected_at", "remediated_at", production(part))


@oracle("recovery_time", "deployments", "incidents")
def recovery_time(part: Part) -> Found:
    """Each deployment that failed is one fact: from its first incident until no incident of it is open, relapses with it."""
    caused: dict[str, list[Row]] = {}
    for incident in part.world.facts["incidents"]:
        backwards = incident["resolved_at"] is not None and incident["resolved_at"] < incident["started_at"]
        if (by := cause(part.world, incident)) is not None and not backwards:
            caused.setdefault(by, []).append(incident)
    spans = {by: failure(incidents, number(part.world.rules.dora.relapse_hours)) for by, incidents in caused.items()}
    none: tuple[None, None] = (None, None)
    rows = [
        {
            **r,
            "failed_at": spans.get(r["deployment_id"], none)[0],
            "recovered_at": spans.get(r["deployment_id"], none)[1],
        }
        for r in part.world.facts["deployments"]
    ]
    failing = replace(part, world=replace(part.world, facts={**part.world.facts, "deployments": rows}))
    return duration(failing, "deployments", "failed_at", "recovered_at", unit=HOUR, dora=True)


def failure(incidents: Sequence[Row], relapse: Fraction) -> tuple[datetime, datetime | None]:
    """When a deployment began to fail and when it was recovered, its incidents one after the other; None: not yet."""
    ordered = sorted(incidents, key=lambda r: r["started_at"])
    begins, ends = ordered[0]["started_at"], ordered[0]["resolved_at"]
    for incident in ordered[1:]:
        if ends is None:
            break
        if incident["started_at"] > ends and span(ends, incident["started_at"], HOUR) > relapse:
            break
        ends = None if incident["resolved_at"] is None else max(ends, incident["resolved_at"])
    return begins, ends


# ---- deployments and what they cause


def production(part: Part) -> Callable[[Row], bool]:
    return lambda r: r["environment"] in part.world.rules.dora.environments


def counts(world: World, deployment: Row) -> bool:
    dora = world.rules.dora
    return deployment["environment"] in dora.environments and deployment["result"] in dora.results


def cause(world: World, incident: Row) -> str | None:
    """The deployment that an incident belongs to: the one that it names, if it counts; where it names none, the latest before it."""
    dora = world.rules.dora
    if incident["environment"] not in dora.environments:
        return None
    latest: Row | None = None
    if incident["deployment_id"] is not None:
        known = {d["deployment_id"] for d in world.facts["deployments"] if counts(world, d)}
        return incident["deployment_id"] if incident["deployment_id"] in known else None
    for d in world.facts["deployments"]:
        before = counts(world, d) and d["deployed_at"] < incident["started_at"]
        near = dora.link_within == "organisation" or d["service"] == incident["service"]
        age = span(d["deployed_at"], incident["started_at"], HOUR)
        late = dora.cap_hours is not None and age > number(dora.cap_hours)
        if before and near and not late and (latest is None or _order(latest) < _order(d)):
            latest = d
    return None if latest is None or dora.link == "stated" else latest["deployment_id"]


def _order(deployment: Row) -> tuple[datetime, str]:
    return deployment["deployed_at"], deployment["deployment_id"]


def _counted(part: Part) -> list[Row]:
    return [r for r in part.rows("deployments") if counts(part.world, r) and part.holds(r["deployed_at"])]


@oracle("deployment_frequency", "deployments")
def deployment_frequency(part: Part) -> Found:
    return a_week(part, len(_counted(part)))


@oracle("deployment_days", "deployments")
def deployment_days(part: Part) -> Found:
    zone = ZoneInfo(part.world.zone)
    return a_week(part, len({r["deployed_at"].astimezone(zone).date() for r in _counted(part)}))


@oracle("standard_path", "deployments")
def standard_path(part: Part) -> Found:
    return share([r["standard_path"] for r in _counted(part)])


@oracle("deployment_rework_rate", "deployments")
def deployment_rework_rate(part: Part) -> Found:
    return share([r["rework"] for r in _counted(part)])


@oracle("change_failure_rate", "deployments", "incidents")
def change_failure_rate(part: Part) -> Found:
    causes = {cause(part.world, incident) for incident in part.world.facts["incidents"]}
    return share([r["deployment_id"] in causes for r in _counted(part)])


# ---- rates


def a_week(part: Part, count: int) -> Found:
    return Found(count * 7 / part.window.days, count)


def a_month(part: Part, count: int) -> Found:
    return Found(float(count / part.months), count)


@oracle("features_released", "features")
def features_released(part: Part) -> Found:
    def shown(r: Row) -> bool:
        return r["user_facing"] and r["kind"] == "feature" and part.holds(r["released_at"])

    return a_month(part, len(part.rows("features", shown)))


@oracle("time_to_resolve", "incidents")
def time_to_resolve(part: Part) -> Found:
    return duration(part, "incidents", "started_at", "resolved_at", unit=HOUR)


@oracle("sla_breaches", "incidents")
def sla_breaches(part: Part) -> Found:
    return a_week(
        part,
        len(
            part.rows("incidents", lambda r: r["sla_breached"] and production(part)(r) and part.holds(r["resolved_at"]))
        ),
    )


Spell = tuple[datetime, datetime | None]


def union(spells: Iterable[Spell]) -> list[Spell]:
    """Spells that overlap or touch are one; without an end they last."""
    never = datetime.max.replace(tzinfo=UTC)
    joined: list[list[datetime]] = []
    for start, end in sorted((start, end or never) for start, end in spells):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return [(start, None if end == never else end) for start, end in joined]


def outages(part: Part) -> list[Spell]:
    return [
        (r["started_at"], r["resolved_at"])
        for r in part.rows("incidents", lambda r: r["outage"] and production(part)(r))
    ]


@oracle("outages", "incidents")
def outages_a_month(part: Part) -> Found:
    return a_month(part, sum(part.holds(start) for start, _ in union(outages(part))))


@oracle("outage_minutes", "incidents")
def outage_minutes(part: Part) -> Found:
    minutes, touching = Fraction(0), 0
    for start, end in union(outages(part)):
        first, last = max(start, part.begins), min(end or part.ends, part.ends)
        if first < last or part.holds(start):
            minutes += span(first, last, MINUTE)
            touching += 1
    return Found(float(minutes / part.months), touching)


@oracle("key_event_outages", "incidents")
def key_event_outages(part: Part) -> Found:
    """An outage falls into a key event at the first moment at which both last."""
    zone = part.world.zone
    events = sorted((e.start, e.end) for e in part.world.rules.key_events)
    assert part.asked is not None
    of_it = [(max(start, part.asked.start), min(end, part.asked.end)) for start, end in events]
    of_it = [(start, end) for start, end in of_it if start < end]
    if not of_it or any(start < part.window.start or end > part.window.end for start, end in of_it):
        return Found(math.nan)
    hits: list[Spell] = []
    for start, end in outages(part):
        moments = []
        for first, after in events:
            at = max(start, midnight(first, zone))
            if at < midnight(after, zone) and (end is None or at < end or at == start):
                moments.append(at)
        if moments:
            hits.append((min(moments), end))
    count = sum(part.holds(at) for at, _ in union(hits))
    return Found(float(count), count)


# ---- shares


def share(answers: Iterable[bool | None]) -> Found:
    """Yes ÷ all of whom it is known."""
    known = [a for a in answers if a is not None]
    return Found(divided(Fraction(sum(known)), len(known)), len(known))


@oracle("manual_evidence", "change_requests")
def manual_evidence(part: Part) -> Found:
    raised = part.rows("change_requests", lambda r: part.holds(r["requested_at"]))
    return share(r["manual_evidence"] for r in raised)


@oracle("high_risk_changes", "change_requests")
def high_risk_changes(part: Part) -> Found:
    raised = part.rows("change_requests", lambda r: part.holds(r["requested_at"]))
    return share(None if r["risk"] is None else r["risk"] == "high" for r in raised)


@oracle("change_success", "change_requests")
def change_success(part: Part) -> Found:
    closed = part.rows("change_requests", lambda r: part.holds(r["closed_at"]))
    return share(r["outcome"] == "successful" for r in closed if r["outcome"] in ("successful", "unsuccessful"))


@oracle("slo_attainment", "slo_windows")
def slo_attainment(part: Part) -> Found:
    windows = part.rows("slo_windows", lambda r: part.holds(r["started_at"]) and r["total"] > 0)
    promised = [r for r in windows if r["objective"] is not None]
    return share(number(r["good"]) >= number(r["objective"]) * number(r["total"]) for r in promised)


def last_seen(part: Part, rows: Iterable[Row], subject: str, at: str, answer: str, *, good: bool = True) -> Found:
    """Of each subject what was last found; where one moment found both, the bad news."""
    last: dict[Any, tuple[datetime, bool]] = {}
    for r in rows:
        if not part.holds(r[at]):
            continue
        one = r[subject] if subject == "asset_id" else (r["service"], r[subject])
        known = last.get(one)
        if known is None or r[at] > known[0] or (r[at] == known[0] and r[answer] != good):
            last[one] = (r[at], r[answer])
    return share(yes for _, yes in last.values())


@oracle("security_coverage", "assets")
def security_coverage(part: Part) -> Found:
    return last_seen(part, part.rows("assets"), "asset_id", "observed_at", "scanned")


@oracle("environment_drift", "environments")
def environment_drift(part: Part) -> Found:
    return last_seen(part, part.rows("environments"), "environment", "checked_at", "drifted", good=False)


def _covered(part: Part, kind: str) -> Found:
    rows = part.rows("test_coverage", lambda r: r["kind"] == kind and r["key_use_case"])
    return last_seen(part, rows, "use_case", "measured_at", "covered")


@oracle("functional_coverage", "test_coverage")
def functional_coverage(part: Part) -> Found:
    return _covered(part, "functional")


@oracle("non_functional_coverage", "test_coverage")
def non_functional_coverage(part: Part) -> Found:
    return _covered(part, "non_functional")


@oracle("reliability_coverage", "test_coverage")
def reliability_coverage(part: Part) -> Found:
    return _covered(part, "reliability")


@oracle("adoption", "services", at_the_end=True)
def adoption(part: Part) -> Found:
    run = part.rows("services", lambda r: stands(part, r["created_at"], r["retired_at"]))
    return share(r["adopted_at"] is not None and r["adopted_at"] < part.ends for r in run)


# ---- stocks


def stands(part: Part, start: datetime, end: datetime | None) -> bool:
    """Whether it is there at the end of the part: what goes in the very moment after it still is."""
    return start < part.ends and (end is None or end >= part.ends)


def _vulnerable(part: Part, where: Callable[[Row], bool]) -> list[Row]:
    rows = part.rows("vulnerabilities", where)
    return [r for r in rows if stands(part, r["detected_at"], r["remediated_at"])]


def stock(count: int) -> Found:
    return Found(count, count, count, people=count)  # each is open, and is one


@oracle("open_vulnerabilities", "vulnerabilities", at_the_end=True)
def open_vulnerabilities(part: Part) -> Found:
    return stock(len(_vulnerable(part, production(part))))


@oracle("endpoint_vulnerabilities", "vulnerabilities", at_the_end=True)
def endpoint_vulnerabilities(part: Part) -> Found:
    return stock(len(_vulnerable(part, lambda r: r["asset_kind"] == "endpoint")))


@oracle("vulnerable_assets", "vulnerabilities", at_the_end=True)
def vulnerable_assets(part: Part) -> Found:
    rows = _vulnerable(part, production(part))
    return stock(len({r["asset_id"] for r in rows} - {None}))


# ---- ratios


def ratio(entity: str, rows: Iterable[Row], sides: Callable[[Row], tuple[Any, Any]]) -> Found:
    """Σ numerator ÷ Σ denominator over the rows of which both are known."""
    both = [(r, *sides(r)) for r in rows]
    both = [(r, top, bottom) for r, top, bottom in both if top is not None and bottom is not None]
    value = divided(Fraction(sum(top for _, top, _ in both)), sum(bottom for _, _, bottom in both))
    return Found(value, len(both), people=people(entity, [r for r, _, _ in both]))


@oracle("manual_approvals", "changes")
def manual_approvals(part: Part) -> Found:
    known = part.rows("changes", lambda r: part.holds(r["deployed_at"]) and r["manual_approvals"] is not None)
    return ratio("changes", known, lambda r: (number(r["manual_approvals"]), 1))


def _waited(r: Row) -> Fraction | None:
    """Days until the first review, and from being ready to production."""
    ready = r["built_at"] or r["merged_at"]
    if r["opened_at"] is None or ready is None:
        return None
    review = r["first_review_at"] or r["opened_at"]
    return span(r["opened_at"], review, DAY) + span(ready, r["deployed_at"], DAY)


def _taken(r: Row) -> Fraction | None:
    """Days from the first sign of it to production: a commit that was rewritten later is no later beginning."""
    begun = [t for t in (r["first_commit_at"], r["opened_at"]) if t is not None]
    return span(min(begun), r["deployed_at"], DAY) if begun else None


@oracle("coordination_tax", "changes")
def coordination_tax(part: Part) -> Found:
    deployed = part.rows("changes", lambda r: part.holds(r["deployed_at"]))
    return ratio("changes", deployed, lambda r: (_waited(r), 1))


@oracle("flow_efficiency", "changes")
def flow_efficiency(part: Part) -> Found:
    def worked(r: Row) -> tuple[Any, Any]:
        waited, taken = _waited(r), _taken(r)
        return (None if waited is None or taken is None else taken - waited), taken

    return ratio("changes", part.rows("changes", lambda r: part.holds(r["deployed_at"])), worked)


def _hours(part: Part, category: str) -> Found:
    rows = part.rows("time_use", lambda r: part.holds(r["worked_at"]))

    def sides(r: Row) -> tuple[Fraction, Fraction]:
        hours = number(r["hours"])
        return (hours if r["category"] == category else Fraction(0)), hours

    return ratio("time_use", rows, sides)


@oracle("value_time", "time_use", personal=True)
def value_time(part: Part) -> Found:
    return _hours(part, "value")


@oracle("toil", "time_use", personal=True)
def toil(part: Part) -> Found:
    return _hours(part, "toil")


@oracle("availability", "slo_windows")
def availability(part: Part) -> Found:
    rows = part.rows("slo_windows", lambda r: part.holds(r["started_at"]))
    return ratio("slo_windows", rows, lambda r: (number(r["good"]), number(r["total"])))


@oracle("error_budget_spent", "slo_windows")
def error_budget_spent(part: Part) -> Found:
    rows = part.rows("slo_windows", lambda r: part.holds(r["started_at"]) and r["objective"] is not None)
    return ratio(
        "slo_windows", rows,
        lambda r: (number(r["total"]) - number(r["good"]), (1 - number(r["objective"])) * number(r["total"])),
    )  # fmt: skip


# ---- money


def spent(part: Part, where: Callable[[Row], Any] = lambda r: True) -> list[tuple[Row, Fraction]]:
    """The charges of the part and what each is worth in the organisation's currency."""
    rules = part.world.rules
    worth = {rules.currency: 1.0, **rules.rates}
    rows = part.rows("costs", lambda r: part.holds(r["charged_at"]) and where(r))
    costs = [(r, r["billed_cost"] if r["effective_cost"] is None else r["effective_cost"]) for r in rows]
    return [(r, number(cost) * number(worth[r["currency"]])) for r, cost in costs if cost is not None]


def _costs(part: Part) -> list[tuple[Row, Fraction]]:
    return spent(part, lambda r: r["ledger"] == "cost")


def _cost_a_month(part: Part, where: Callable[[Row], bool]) -> Found:
    sums = [amount for r, amount in _costs(part) if where(r)]
    return Found(float(sum(sums) / part.months), len(sums))


@oracle("hosting_cost", "costs")
def hosting_cost(part: Part) -> Found:
    return _cost_a_month(part, lambda r: r["service_category"] not in ("Storage", "Databases", "People", "Licences"))


@oracle("storage_cost", "costs")
def storage_cost(part: Part) -> Found:
    return _cost_a_month(part, lambda r: r["service_category"] in ("Storage", "Databases"))


@oracle("total_cost_of_ownership", "costs")
def total_cost_of_ownership(part: Part) -> Found:
    return _cost_a_month(part, lambda r: True)


@oracle("return_on_investment", "costs")
def return_on_investment(part: Part) -> Found:
    entries = spent(part)
    cost = sum(amount for r, amount in entries if r["ledger"] == "cost")
    benefit = sum(amount for r, amount in entries if r["ledger"] == "benefit")
    return Found(divided(Fraction(benefit - cost), cost), len(entries))


def _service_months(part: Part) -> Fraction:
    """A service that stood through a quarter is three months."""
    total, length = Fraction(0), span(part.begins, part.ends, SECOND)
    for r in part.rows("services"):
        first, last = max(r["created_at"], part.begins), min(r["retired_at"] or part.ends, part.ends)
        if first < last:
            total += span(first, last, SECOND) / length * part.months
    return total


@oracle("service_cost", "costs", "services")
def service_cost(part: Part) -> Found:
    costs, months = _costs(part), _service_months(part)
    value = divided(sum((a for _, a in costs), Fraction(0)), months) if costs else math.nan
    return Found(value, len(costs) if months else 0, seen=bool(costs or months))


@oracle("incidents_per_service", "incidents", "services")
def incidents_per_service(part: Part) -> Found:
    """No incident is a true zero."""
    rows = part.rows("incidents", lambda r: production(part)(r) and part.holds(r["started_at"]))
    months = _service_months(part)
    return Found(divided(Fraction(len(rows)), months), len(rows) if months else 0, seen=bool(rows or months))


def _used(part: Part, metric: str) -> list[Row]:
    return part.rows("usage", lambda r: r["metric"] == metric and part.holds(r["measured_at"]))


def _met(part: Part, metric: str, by: str | None) -> Found:
    """Money over use, month by month (and journey by journey), where both are known."""
    money, number_of, met, seen = Fraction(0), Fraction(0), 0, False
    for month in part.by_month:
        costs, used = _costs(month), _used(month, metric)
        if by is not None:
            costs, used = [(r, a) for r, a in costs if r[by] is not None], [r for r in used if r[by] is not None]
        seen = seen or bool(costs or used)
        for one in {r[by] if by else None for r, _ in costs}:
            mine = [a for r, a in costs if by is None or r[by] == one]
            taken = sum((number(r["quantity"]) for r in used if by is None or r[by] == one), Fraction(0))
            if taken:
                money, number_of, met = money + sum(mine, Fraction(0)), number_of + taken, met + len(mine)
    return Found(divided(money, number_of), met, seen=seen)


@oracle("cost_per_customer", "costs", "usage")
def cost_per_customer(part: Part) -> Found:
    return _met(part, "customers", None)


@oracle("cost_per_journey", "costs", "usage")
def cost_per_journey(part: Part) -> Found:
    return _met(part, "journeys", "journey")
