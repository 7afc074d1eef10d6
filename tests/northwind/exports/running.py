"""Incidents as PagerDuty's API gives them, service levels as Prometheus does, checks of environments, the survey of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.northwind import operations, truth
from tests.northwind.dice import Dice
from tests.northwind.exports.dirt import DIRT, compact, name_then, table
from tests.northwind.hours import zulu
from tests.northwind.operations import Incident, Levels, stamp
from tests.northwind.teams import SERVICES

URGENCY = {"P1": "high", "P2": "high", "P3": "low"}


def pagerduty(found: Sequence[Incident], year: int) -> str:
    """One year's incidents as one answer; what was not resolved on the day of the export has no end."""
    known = [i for i in found if truth.FIRST_DAY <= i.started.date() < truth.EXPORTED]
    numbered = list(enumerate(known, 41_200))
    chosen = [pair for pair in numbered if pair[1].started.year == year]
    if year == 2026:  # the last page of the year before once more
        chosen = [pair for pair in numbered if pair[1].started.year == year - 1][-DIRT.incidents_twice :] + chosen
    rows = [_incident(number, one) for number, one in chosen]
    drills = DIRT.incident_drills // 2
    for row in rows[60 :: max(1, len(rows) // drills)][:drills] if year > 2024 else ():
        row["title"] = f"[DRILL] {row['title']}"
    return compact({"incidents": rows, "limit": len(rows), "offset": 0, "more": False, "total": None}) + "\n"


def _incident(number: int, one: Incident) -> dict[str, Any]:
    dice, done = Dice(truth.SEED, "pager", number), one.resolved.date() < truth.EXPORTED
    seen = one.started + min(one.resolved - one.started, operations.HOUR * 0.4) * dice.uniform()
    return {
        "id": f"Q{number:05d}",
        "type": "incident",
        "incident_number": number,
        "title": one.title,
        "status": "resolved" if done else "acknowledged",
        "urgency": URGENCY[one.priority],
        "priority": {"summary": one.priority} if not dice.chance(0.03) or one.priority != "P3" else None,
        "created_at": zulu(one.started),
        "resolved_at": zulu(one.resolved) if done else None,
        "service": {"id": f"P{sorted(SERVICES).index(one.service):03d}", "summary": one.service},
        "teams": [{"summary": name_then(one.team, one.started.date())}],
        "acknowledgements": [{"at": zulu(seen.replace(microsecond=0))}],
    }


def prometheus(found: Iterable[Levels], which: str) -> str:
    """The answer to a range query of one step a day: requests of the day before each point, as text; NaN where a series was stale."""
    series: dict[str, list[list[object]]] = {service: [] for service in SERVICES}
    for one in found:
        dice = Dice(truth.SEED, "stale", one.service, one.day)
        value = "NaN" if dice.chance(0.002) else str(one.good if which == "good" else one.total)
        series[one.service].append([stamp(one.day) + 86400, value])
    for n, service in enumerate(
        list(series)[: DIRT.windows_odd] if which == "good" else ()
    ):  # a counter that was reset
        series[service][300 + n][1] = "9999999"
    name = f"slo:requests_{which}:increase1d"
    result = [
        {"metric": {"__name__": name, "job": "gateway", "service": service}, "values": values}
        for service, values in series.items()
    ]
    return compact({"status": "success", "data": {"resultType": "matrix", "result": result}}) + "\n"


def drift() -> str:
    """One check of one environment a row."""
    rows = [
        [service, environment, f"{day:%Y-%m-%d} 06:30", "drifted" if drifted else "as declared"]
        for service, environment, day, drifted in operations.drift()
        if day < truth.EXPORTED
    ]
    return table(("service", "environment", "checked", "finding"), rows)


def survey() -> str:
    """One answer a person, week and kind of work; teams are called what they were called then."""
    rows = [
        [person, name_then(team, day), f"{day:%d.%m.%Y}", name, f"{hours:g}"]
        for person, team, day, name, hours in sorted(operations.time_use(), key=lambda r: (r[2], r[0]))
        if day < truth.EXPORTED
    ]
    for row in rows[400 : 400 + 1100 * DIRT.hours_unreadable : 1100]:
        row[4] = "about half"
    return table(("person", "team", "week", "category", "hours"), rows)
