"""How changes reached production at Northwind, with the shared path or without it.

Every draw that a change needs is made before it is known which way it goes, so the world with the proof and the world
without it share all chance and differ by the proof alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache

from tests.northwind import truth
from tests.northwind.dice import Dice, walk
from tests.northwind.hours import begins, later, mondays, next_day, works
from tests.northwind.teams import ADOPTED, ORPHAN, TEAMS, WED, Team

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
    """One attempt to put a service's waiting changes, `pulls`, into an environment; `gates` are approvals given by hand."""

    team: str
    service: str
    at: datetime
    environment: str
    result: str
    pulls: tuple[int, ...] = ()
    standard: bool = False
    urgent: bool = False
    gates: int = 0
    waiting_since: datetime | None = (
        None  # when the first of its changes was merged; on the shared path, put up for review
    )


@dataclass(frozen=True)
class World:
    """Two years, as known on the day of the exports."""

    changes: tuple[Change, ...]
    deployments: tuple[Deployment, ...]


def make(*, proof: bool = True) -> World:
    """The invented world as exported; without the proof it is what would have been."""
    lives = changes(proof=proof)
    deployments = [
        d for team in TEAMS for d in _deployments(team, [c for c in lives if c.team == team.name], proof=proof)
    ]
    deployments += [_of_orphan(c) for c in lives if c.service == ORPHAN]
    return World(
        tuple(_known(change) for change in lives),
        tuple(sorted((d for d in deployments if d.at.date() < truth.EXPORTED), key=lambda d: (d.at, d.service))),
    )


def changes(*, proof: bool = True) -> list[Change]:
    """Every change to the end of its life, whenever that is: what nobody but the inventor can know."""
    climate = walk(Dice(truth.SEED, "climate"), 0.6, 0.07)
    made = [c for team in TEAMS for c in _changes(team, proof and team.name in truth.TREATED, climate)]
    return [*made, *_orphans()]


def _changes(team: Team, path: bool, climate: list[float]) -> Iterator[Change]:
    dice, number = Dice(truth.SEED, "changes", team.name), 100
    volume = walk(Dice(truth.SEED, "volume", team.name), 0.5, 0.16)
    pace = walk(Dice(truth.SEED, "pace", team.name), 0.6, 0.10)
    for week, monday in enumerate(mondays()):
        share = sum(works(monday + timedelta(days=i)) for i in range(5)) / 5
        begun = sorted(
            begins(monday, dice) for _ in range(dice.count(team.volume * volume[week] * share * _season(monday)))
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


def _deployments(team: Team, changes: Iterable[Change], *, proof: bool) -> Iterator[Deployment]:
    """One deployment for each service and moment at which changes went out, with the attempts that failed before."""
    dice, loads = Dice(truth.SEED, "deployments", team.name), defaultdict(list)
    for change in changes:
        if change.deployed:
            loads[change.deployed, change.service].append(change)
    for at, service in sorted(loads):
        fails, cancelled, rehearsed = dice.chance(0.05), dice.chance(0.01), dice.chance(0.10)
        made = _deployment(team, at, service, loads[at, service], proof=proof)
        if rehearsed:
            yield replace(made, at=at - 90 * MINUTE, environment="staging", pulls=())
        if fails or cancelled:
            yield replace(made, at=at - 40 * MINUTE, result="failure" if fails else "cancelled", pulls=())
        yield made


def _deployment(team: Team, at: datetime, service: str, load: Sequence[Change], *, proof: bool) -> Deployment:
    dice = Dice(truth.SEED, "gates", service, at)
    path = proof and truth.PROOFS["shared_path"].runs(team.name, at.date())
    adopted = ADOPTED.get(service)
    standard = path or (adopted is not None and at.date() >= adopted and dice.chance(0.9))
    gates = (1 if dice.chance(0.1) else 0) if path else 2 + (1 if dice.chance(0.35) else 0)
    return Deployment(
        team.name, service, at, "production", "success", tuple(sorted(c.number for c in load)), standard,
        any(c.urgent for c in load), gates, min(c.opened for c in load) if path else min(c.merged for c in load if c.merged),
    )  # fmt: skip


def _orphans() -> Iterator[Change]:
    """Changes of a service without a team, long ago."""
    dice = Dice(truth.SEED, "orphans")
    for number in range(101, 115):
        begun = begins(date(2024, 10, 7) + timedelta(weeks=number - 101), dice)
        opened = later(begun, dice.around(9, 0.8))
        reviewed, merged = later(opened, 4), later(opened, 12)
        yield Change("", ORPHAN, number, "eng-0c1d2e", "fix", "merged", begun, opened, reviewed, reviewed + 30 * MINUTE,
                     merged, later(merged, 60))  # fmt: skip


def _of_orphan(change: Change) -> Deployment:
    assert change.deployed
    made = Deployment("", change.service, change.deployed, "production", "success", (change.number,))
    return replace(made, gates=2, waiting_since=change.merged)


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
