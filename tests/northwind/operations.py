"""What ran at Northwind, and what broke: incidents, service levels, drift of environments, and where people's time went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from tests.northwind import truth
from tests.northwind.dice import Dice, walk
from tests.northwind.hours import begins, mondays
from tests.northwind.teams import SERVICES, TEAMS, Team
from tests.northwind.world import Deployment

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PROMISED = {"P1": 4.0, "P2": 8.0, "P3": 24.0}  # hours to restore
WEEKLY = 3.6  # incidents a team and week that no deployment causes
BAD = 0.018  # share of changes that break something
SYMPTOMS = (
    "Error rate above 2%",
    "Latency above 1 s",
    "Queue is not drained",
    "Disk almost full",
    "Health check fails",
)
CATEGORIES = {"value": 0.46, "toil": 0.17, "maintenance": 0.15, "coordination": 0.15, "other": 0.07}
ENGINEERS = 7  # a team


@dataclass(frozen=True)
class Incident:
    """Something that broke; times are London's clock. `cause` is the deployment that did it, which no export tells."""

    team: str
    service: str
    started: datetime
    resolved: datetime
    priority: str
    title: str
    cause: datetime | None = None


@dataclass(frozen=True)
class Levels:
    """One service's good and all requests of one day (UTC); None where monitoring was down."""

    service: str
    day: date
    good: int
    total: int


def incidents(deployments: Iterable[Deployment], *, proof: bool = True) -> list[Incident]:
    """Incidents by time; where the central desk answers first, more of them last longer than promised."""
    found = [i for team in TEAMS for i in _background(team, proof=proof)]
    found += [i for d in deployments if (i := _broken_by(d, proof=proof))]
    return sorted(found, key=lambda i: (i.started, i.service))


def _background(team: Team, *, proof: bool) -> Iterator[Incident]:
    dice = Dice(truth.SEED, "incidents", team.name)
    climate = walk(Dice(truth.SEED, "incident climate", team.name), 0.5, 0.15)
    for week, monday in enumerate(mondays()):
        for _ in range(dice.count(WEEKLY * climate[week])):
            at = datetime.combine(monday, time()) + DAY * (7 * dice.uniform())
            if dice.chance(0.35):
                at = begins(monday, dice)
            yield _incident(team, dice.pick(team.services), _whole(at), dice, proof=proof)


def _broken_by(made: Deployment, *, proof: bool) -> Incident | None:
    """The incident that a deployment causes where one of its changes is bad."""
    if not made.team or made.environment != "production" or made.result != "success":
        return None
    if not any(Dice(truth.SEED, "bad", made.service, number).chance(BAD) for number in made.pulls):
        return None
    dice = Dice(truth.SEED, "breaks", made.service, made.pulls[0])
    at = _whole(made.at + HOUR * (0.1 + 1.7 * dice.uniform()))
    found = _incident(SERVICES[made.service], made.service, at, dice, proof=proof)
    return Incident(found.team, found.service, found.started, found.resolved, found.priority, found.title, made.at)


def _incident(team: Team, service: str, at: datetime, dice: Dice, *, proof: bool) -> Incident:
    roll, fate, length = dice.uniform(), dice.uniform(), dice.uniform()
    priority = "P1" if roll < 0.022 else "P2" if roll < 0.3 else "P3"
    desk = proof and truth.PROOFS["central_desk"].runs(team.name, at.date())
    late = fate < truth.BREACH_CHANCE[desk]
    hours = PROMISED[priority] * (1.05 + 1.5 * length if late else 0.08 + 0.85 * length**1.6)
    return Incident(team.name, service, at, _whole(at + HOUR * hours), priority, dice.pick(SYMPTOMS))


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def levels(found: Iterable[Incident]) -> Iterator[Levels]:
    """Good and all requests by service and day: a little is always lost, and more while there is an outage."""
    lost: dict[tuple[str, date], float] = {}
    for one in found:
        if one.priority == "P1":
            key = (one.service, one.started.date())
            lost[key] = lost.get(key, 0) + min(24.0, (one.resolved - one.started) / HOUR) / 24
    for service, team in SERVICES.items():
        dice, size = Dice(truth.SEED, "levels", service), 20_000 * (1 + 9 * Dice(truth.SEED, "size", service).uniform())
        day = truth.FIRST_DAY
        while day < truth.EXPORTED:
            total = int(size * (1.25 if day.weekday() >= 5 else 1.0) * dice.around(1, 0.08))
            bad = dice.around(0.0005 if objective(service) > 0.997 else 0.0018, 0.5) + 0.5 * lost.get((service, day), 0)
            if not _unwatched(team.name, day):
                yield Levels(service, day, int(total * (1 - min(bad, 0.95))), total)
            day += DAY


@cache
def objective(service: str) -> float:
    """The share of requests that was promised to be served well."""
    return 0.995 if service.endswith("web") or service in ("store-locator", "parcel-tracker") else 0.999


def _unwatched(team: str, day: date) -> bool:
    """Monitoring of one team was down for a week."""
    return team == "returns" and date(2025, 8, 11) <= day < date(2025, 8, 18)


def drift() -> Iterator[tuple[str, str, date, bool]]:
    """Service, environment, day and whether it differed from its declaration: checked each Monday, mended sooner or later."""
    for service in SERVICES:
        for name in ("production", "staging"):
            dice, drifted = Dice(truth.SEED, "drift", service, name), False
            for monday in mondays():
                drifted = dice.chance(0.9) if drifted else dice.chance(0.035)
                if monday >= truth.FIRST_DAY and not dice.chance(0.01):
                    yield service, f"{service}-{name}", monday, drifted


def time_use() -> Iterator[tuple[str, str, date, str, float]]:
    """Person, team, week, category and hours: each Friday a quarter of the engineers is asked about the week."""
    for t, team in enumerate(TEAMS):
        for n in range(ENGINEERS):
            dice, person = (
                Dice(truth.SEED, "time", team.name, n),
                f"p-{int(Dice(truth.SEED, 'p', team.name, n).uniform() * 16**6):06x}",
            )
            lean = {name: dice.around(1, 0.2) for name in CATEGORIES}
            for week, monday in enumerate(mondays()):
                weights = {name: share * lean[name] * dice.around(1, 0.25) for name, share in CATEGORIES.items()}
                hours, silent = 37 + 4 * dice.uniform(), dice.chance(0.12)
                if (t + n + week) % 4 == 0 and not silent and monday >= truth.FIRST_DAY:
                    whole = sum(weights.values())
                    yield from (
                        (person, team.name, monday, name, round(2 * hours * w / whole) / 2)
                        for name, w in weights.items()
                    )


def stamp(day: date) -> int:
    """Midnight of the day in UTC, in seconds since 1970."""
    return int(datetime.combine(day, time(), UTC).timestamp())
