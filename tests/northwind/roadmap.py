"""Ideas, launches, joiners and new services at Northwind, with the shared intake or without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tests.northwind import truth
from tests.northwind.dice import Dice
from tests.northwind.hours import begins, later, mondays, next_day, works
from tests.northwind.teams import OBJECTS, PRODUCTS, TEAMS, VERBS, Team

LATEST = truth.EXPORTED + timedelta(
    weeks=60
)  # what is released by then may be open, and known, on the day of the exports


@dataclass(frozen=True)
class Item:
    """A feature or a launch, on its way from an idea to customers."""

    number: int
    team: str
    service: str
    kind: str
    title: str
    customer: bool
    requested: datetime
    started: datetime
    released: datetime


@dataclass(frozen=True)
class Onboarding:
    """An engineer who joined, or a service that was asked for."""

    subject: str
    kind: str
    team: str
    service: str
    began: date
    released: datetime | None


def items(*, proof: bool = True) -> list[Item]:
    """Every feature and launch to its release, whenever that is; ideas of the shared intake wait less before work begins."""
    made = [item for team in TEAMS for item in (*_features(team, proof=proof), *_launches(team))]
    numbers = Dice(truth.SEED, "tracker")
    return [
        Item(1000 + i, *item[1:])
        for i, item in enumerate(sorted(((numbers.uniform(), *_values(m)) for m in made), key=lambda m: (m[5], m[0])))
    ]


def _values(item: Item) -> tuple[str, str, str, str, bool, datetime, datetime, datetime]:
    return (
        item.team, item.service, item.kind, item.title, item.customer, item.requested, item.started, item.released,
    )  # fmt: skip


def _features(team: Team, *, proof: bool) -> Iterator[Item]:
    """Features a month by team."""
    dice, waits = Dice(truth.SEED, "roadmap", team.name), Dice(truth.SEED, "intake", team.name)
    for monday in mondays(LATEST):
        for _ in range(dice.count((team.features * 1.45) * 12 / 52.18)):
            customer, service = dice.chance(1 / 1.45), dice.pick(team.services)
            title = f"{dice.pick(VERBS)} {dice.pick(OBJECTS[team.name])}" if customer else "Groundwork"
            released = later(begins(monday, dice), 1)
            started = _morning(released.date() - timedelta(days=int(dice.around(38, 0.5))), 9.5)
            wait = waits.around(38, 0.55)
            requested = _morning(started.date() - timedelta(days=int(wait)), 9 + 8 * waits.uniform())
            if proof and truth.PROOFS["shared_intake"].runs(team.name, requested.date()):
                sooner = timedelta(days=int(wait * (1 - truth.INTAKE)))
                started, released = started - sooner, released - sooner
            if released.date() >= truth.FIRST_DAY and requested.date() < truth.EXPORTED:
                yield Item(
                    0,
                    team.name,
                    service,
                    "feature",
                    title,
                    customer,
                    requested,
                    max(started, requested),
                    max(released, requested),
                )


def _launches(team: Team) -> Iterator[Item]:
    """Launches of products, two or three a year and team."""
    dice = Dice(truth.SEED, "launches", team.name)
    for monday in mondays(LATEST):
        if dice.chance(0.052):
            released = later(begins(monday, dice), 1)
            started = _morning(released.date() - timedelta(days=int(dice.around(126, 0.35))), 9.5)
            requested = _morning(started.date() - timedelta(days=int(dice.around(45, 0.5))), 11)
            if released.date() >= truth.FIRST_DAY and requested.date() < truth.EXPORTED:
                title = f"Launch: {dice.pick(PRODUCTS)}"
                yield Item(0, team.name, dice.pick(team.services), "launch", title, True, requested, started, released)


def _morning(day: date, hour: float) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=int(hour * 60))


def onboardings() -> Iterator[Onboarding]:
    """Engineers who joined, about three a month, and the services that were asked for: the template changes nothing."""
    dice = Dice(truth.SEED, "onboardings")
    for week, monday in enumerate(mondays()):
        for i in range(dice.count(0.72)):
            team = dice.pick(TEAMS)
            began = monday if works(monday) else next_day(monday)
            released = later(datetime.combine(began, time(9)), dice.around(8.5 * 17, 0.45))
            yield _joined(f"joiner-{week:03}{i}", "engineer", team, began, released)
        if dice.chance(0.16):
            team = dice.pick(TEAMS)
            began = next_day(monday)
            released = later(datetime.combine(began, time(9)), dice.around(8.5 * 30, 0.5))
            yield _joined(f"request-{week:03}", "service", team, began, released)
    yield from _more_services()


def _more_services() -> Iterator[Onboarding]:
    dice = Dice(truth.SEED, "service requests")
    for week, monday in enumerate(mondays()):
        if dice.chance(0.42):
            began = next_day(monday)
            released = later(datetime.combine(began, time(9)), dice.around(8.5 * 24, 0.5))
            yield _joined(f"request-{week:03}b", "service", dice.pick(TEAMS), began, released)


def _joined(subject: str, kind: str, team: Team, began: date, released: datetime) -> Onboarding:
    known = released if released.date() < truth.EXPORTED else None
    return Onboarding(subject, kind, team.name, team.services[0], began, known)
