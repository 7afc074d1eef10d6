"""What happened at Northwind: changes, deployments, features, onboardings, with the proof or without it.

Every draw that a change needs is made before it is known which way it goes, so the world with the proof and the world
without it share all chance and differ by the proof alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache

from tests.northwind import truth
from tests.northwind.dice import Dice
from tests.northwind.hours import later, next_day, works
from tests.northwind.teams import OBJECTS, ORPHAN, TEAMS, VERBS, WED, Team

MINUTE = timedelta(minutes=1)
KINDS = ("feat", "feat", "fix", "fix", "fix", "refactor", "chore", "test", "docs")
SLOTS = (time(16, 0),)  # of the shared path: once a day, where something waits
FREEZES = ((date(2024, 12, 16), date(2025, 1, 3)), (date(2025, 12, 15), date(2026, 1, 3)))


@dataclass(frozen=True)
class Change:
    """A pull request; times are London's clock without an offset, None where it has not happened by the export."""

    team: str
    service: str
    number: int
    author: str
    kind: str
    state: str
    first_commit: datetime
    opened: datetime
    reviewed: datetime | None
    approved: datetime | None
    merged: datetime | None
    deployed: datetime | None
    urgent: bool = False


@dataclass(frozen=True)
class Deployment:
    """One attempt to put a service's waiting changes into an environment."""

    team: str
    service: str
    at: datetime
    environment: str
    result: str


@dataclass(frozen=True)
class Feature:
    """An item of the tracker."""

    number: int
    team: str
    service: str
    title: str
    customer: bool
    started: datetime
    released: datetime | None


@dataclass(frozen=True)
class Onboarding:
    """An engineer who joined, or a service that was asked for."""

    subject: str
    kind: str
    team: str
    service: str
    began: date
    released: datetime | None


@dataclass(frozen=True)
class World:
    """Two years, as known on the day of the exports."""

    changes: tuple[Change, ...]
    deployments: tuple[Deployment, ...]
    features: tuple[Feature, ...]
    onboardings: tuple[Onboarding, ...]


def make(*, proof: bool = True) -> World:
    """The invented world as exported; without the proof it is what would have been."""
    lives = changes(proof=proof)
    deployments = [d for team in TEAMS for d in _deployments(team, [c for c in lives if c.team == team.name])]
    return World(
        tuple(_known(change) for change in lives),
        tuple(sorted((d for d in deployments if d.at.date() < truth.EXPORTED), key=lambda d: (d.at, d.service))),
        tuple(_features()),
        tuple(_onboardings()),
    )


def changes(*, proof: bool = True) -> list[Change]:
    """Every change to the end of its life, whenever that is: what nobody but the inventor can know."""
    climate = _walk(Dice(truth.SEED, "climate"), 0.6, 0.07)
    made = [c for team in TEAMS for c in _changes(team, proof and team.name in truth.TREATED, climate)]
    return [*made, *_orphans()]


def _mondays() -> list[date]:
    first = truth.FIRST_DAY - timedelta(days=truth.FIRST_DAY.weekday())
    return [first + timedelta(weeks=i) for i in range((truth.EXPORTED - first).days // 7 + 1)]


def _walk(dice: Dice, memory: float, spread: float) -> list[float]:
    """A weekly factor around 1 that remembers the week before."""
    level, factors = 0.0, []
    for _ in _mondays():
        level = memory * level + math.sqrt(1 - memory**2) * spread * dice.normal()
        factors.append(math.exp(level))
    return factors


def _changes(team: Team, path: bool, climate: list[float]) -> Iterator[Change]:
    dice, number = Dice(truth.SEED, "changes", team.name), 100
    volume = _walk(Dice(truth.SEED, "volume", team.name), 0.5, 0.16)
    pace = _walk(Dice(truth.SEED, "pace", team.name), 0.6, 0.10)
    for week, monday in enumerate(_mondays()):
        share = sum(works(monday + timedelta(days=i)) for i in range(5)) / 5
        begun = sorted(
            _begins(monday, dice) for _ in range(dice.count(team.volume * volume[week] * share * _season(monday)))
        )
        for moment in begun:
            number += 1
            slow = team.pace * pace[week] * climate[week]
            if truth.FIRST_DAY <= moment.date() < truth.EXPORTED:
                yield _change(team, number, moment, slow, path, dice)


def _season(monday: date) -> float:
    if monday.month == 12 and monday.day >= 15:
        return 0.6
    return 0.85 if monday.month == 8 else 1.0


def _begins(monday: date, dice: Dice) -> datetime:
    """When a change is begun: on a working day of the week, now and then on a Saturday evening."""
    days = [d for i in range(5) if works(d := monday + timedelta(days=i))]
    day, hour, weekend = dice.pick(days), 9.1 + 8 * dice.uniform(), dice.chance(0.02)
    moment = datetime.combine(day, time()) + timedelta(hours=hour)
    return moment if not weekend else datetime.combine(monday + timedelta(days=5), time(20, 5)) + MINUTE * hour


@cache
def _person(team: str, number: int) -> str:
    """The hashed name of one of a team's engineers."""
    return f"eng-{int(Dice(truth.SEED, team, number).uniform() * 16**6):06x}"


def _change(team: Team, number: int, begun: datetime, slow: float, path: bool, dice: Dice) -> Change:
    bot = dice.chance(0.045)
    service, kind, author = dice.pick(team.services), dice.pick(KINDS), _person(team.name, dice.pick(range(7)))
    urgent = dice.chance(0.06) and kind == "fix"
    hours = [dice.around(median, spread) for median, spread in ((7.5, 0.9), (3.2, 0.8), (3.6, 0.7), (1.6, 0.7))]
    coding, wait, review, hold = (h * (slow if i != 1 else 1.0) * (0.3 if urgent else 1.0) for i, h in enumerate(hours))
    dropped = dice.chance(0.03)
    opened = later(begun, 0.05 if bot else coding)
    reviewed = later(opened, wait)
    approved = later(reviewed, review)
    merged = later(approved, hold)
    deployed = _release(team, merged, urgent, path, dice)
    change = Change(
        team.name, service, number, "dependabot[bot]" if bot else author, "chore" if bot else kind, "merged",
        begun, opened, reviewed, approved, merged, deployed, urgent,
    )  # fmt: skip
    if dropped:
        return replace(change, state="closed", merged=None, deployed=None, approved=None)
    return change


def _release(team: Team, merged: datetime, urgent: bool, path: bool, dice: Dice) -> datetime:
    """When a merged change reaches production: on the old way by board and train, in a proof team by the shared path."""
    hotfix = later(merged, dice.around(5.0, 0.6))
    sent_back, missed = dice.chance(0.13), dice.chance(team.patience)
    checked, held = later(merged, dice.around(1.5, 0.9)), later(merged, 8.5 + 17 * dice.uniform())
    kept = dice.chance(0.07)
    train = hotfix if urgent else _train(team, merged, sent_back, missed)
    start = datetime.combine(truth.START, time(9))
    if not path or train < start:
        return train
    ready = hotfix if urgent else held if kept else checked
    return min(train, _slot(max(ready, start)))


def _train(team: Team, merged: datetime, sent_back: bool, missed: bool) -> datetime:
    """The team's first weekly train after the change board, which sits on Wednesdays and wants a day's notice."""
    board = next_day(merged.date() + timedelta(days=1 if merged.hour >= 11 else 0), WED)
    if sent_back:
        board = next_day(board, WED)
    weekday, hour = team.train
    day = next_day(board, weekday)
    if missed:
        day = next_day(day, weekday)
    while any(first <= day < last for first, last in FREEZES):
        day = next_day(day, weekday)
    return datetime.combine(day, time(hour))


def _slot(ready: datetime) -> datetime:
    """The shared path's first slot after the change is ready."""
    day = ready.date()
    for slot in SLOTS:
        if works(day) and ready.time() <= slot:
            return datetime.combine(day, slot)
    return datetime.combine(next_day(day), SLOTS[0])


def _deployments(team: Team, changes: Iterable[Change]) -> Iterator[Deployment]:
    """One deployment for each service and moment at which changes went out, with the attempts that failed before."""
    dice = Dice(truth.SEED, "deployments", team.name)
    for at, service in sorted({(c.deployed, c.service) for c in changes if c.deployed}):
        fails, cancelled, rehearsed = dice.chance(0.05), dice.chance(0.01), dice.chance(0.10)
        if rehearsed:
            yield Deployment(team.name, service, at - 90 * MINUTE, "staging", "success")
        if fails or cancelled:
            yield Deployment(team.name, service, at - 40 * MINUTE, "production", "failure" if fails else "cancelled")
        yield Deployment(team.name, service, at, "production", "success")


def _orphans() -> Iterator[Change]:
    """Changes of a service without a team, long ago."""
    dice = Dice(truth.SEED, "orphans")
    for number in range(101, 115):
        begun = _begins(date(2024, 10, 7) + timedelta(weeks=number - 101), dice)
        opened = later(begun, dice.around(9, 0.8))
        reviewed, merged = later(opened, 4), later(opened, 12)
        yield Change("", ORPHAN, number, "eng-0c1d2e", "fix", "merged", begun, opened, reviewed, reviewed + 30 * MINUTE,
                     merged, later(merged, 60))  # fmt: skip


def _known(change: Change) -> Change:
    """The change as the exports know it: what had not happened by then is empty."""

    def seen(moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment.date() < truth.EXPORTED else None

    known = replace(
        change, reviewed=seen(change.reviewed), approved=seen(change.approved), merged=seen(change.merged),
        deployed=seen(change.deployed), opened=change.opened,
    )  # fmt: skip
    if known.state == "merged" and known.merged is None:
        return replace(known, state="open")
    return known


def _features() -> Iterator[Feature]:
    """Features a month by team: the proof changes nothing here."""
    number = 1000
    for team in TEAMS:
        dice = Dice(truth.SEED, "roadmap", team.name)
        for monday in _mondays():
            for _ in range(dice.count((team.features * 1.45) * 12 / 52.18)):
                number += 1
                customer, service = dice.chance(1 / 1.45), dice.pick(team.services)
                title = f"{dice.pick(VERBS)} {dice.pick(OBJECTS[team.name])}" if customer else "Groundwork"
                released = later(_begins(monday, dice), 1)
                started = datetime.combine(released.date() - timedelta(days=int(dice.around(38, 0.5))), time(9, 30))
                if released.date() >= truth.FIRST_DAY:
                    known = released if released.date() < truth.EXPORTED else None
                    yield Feature(number, team.name, service, title, customer, started, known)


def _onboardings() -> Iterator[Onboarding]:
    """Engineers who joined, about three a month, and the services that were asked for."""
    dice = Dice(truth.SEED, "onboardings")
    for week, monday in enumerate(_mondays()):
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


def _joined(subject: str, kind: str, team: Team, began: date, released: datetime) -> Onboarding:
    known = released if released.date() < truth.EXPORTED else None
    return Onboarding(subject, kind, team.name, team.services[0], began, known)
