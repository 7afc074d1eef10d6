"""What Northwind pays, what came back, and how much is used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tests.northwind import truth
from tests.northwind.dice import Dice, walk
from tests.northwind.hours import mondays
from tests.northwind.teams import JOURNEYS, SERVICES

KINDS = (
    ("Compute", "Nordcloud Virtual Machines", 880),
    ("Storage", "Nordcloud Objects", 270),
    ("Databases", "Nordcloud Relational", 320),
)
STORED = ("Storage", "Databases")


def charges(*, proof: bool = True) -> Iterator[tuple[str, str, str, date, float, float]]:
    """Service, category, product, Monday, effective cost and list cost of each week; storage grows where nothing is moved away."""
    for service, team in SERVICES.items():
        size = 0.5 + Dice(truth.SEED, "size", service).uniform()
        for category, product, weekly in KINDS:
            waves = walk(Dice(truth.SEED, "charges", service, category), 0.6, 0.06)
            for week, monday in enumerate(mondays()):
                cold = proof and category in STORED and truth.PROOFS["cold_storage"].runs(team.name, monday)
                growth = 1 + (0.0026 if category in STORED else 0.0006) * week
                cost = weekly * size * growth * waves[week] * (truth.STORAGE_RATIO if cold else 1.0)
                if monday >= truth.FIRST_DAY:
                    yield service, category, product, monday, round(cost, 2), round(cost / 0.82, 2)


def finance() -> Iterator[tuple[date, str, str, float]]:
    """Month, cost or benefit, what for, pounds: what finance put down beside the cloud's bill."""
    dice = Dice(truth.SEED, "finance")
    for month in range(24):
        first = date(2024 + (9 + month) // 12, (9 + month) % 12 + 1, 1)
        yield first, "cost", "People", round(90_000 + 350 * month + 800 * dice.normal(), 2)
        yield first, "cost", "Licences", round(14_200 + 60 * month, 2)
        yield first, "benefit", "Old pipelines switched off", round(18_000 + 2_900 * month + 900 * dice.normal(), 2)
        yield (
            first,
            "benefit",
            "Hours that engineers got back",
            round(46_000 + 6_100 * month + 3_000 * dice.normal(), 2),
        )


def usage() -> Iterator[tuple[date, str, str, int]]:
    """Month, metric, journey and quantity: customers who bought something, and journeys completed."""
    dice = Dice(truth.SEED, "usage")
    for month in range(24):
        first = date(2024 + (9 + month) // 12, (9 + month) % 12 + 1, 1)
        season = {11: 1.25, 12: 1.4, 7: 1.1}.get(first.month, 1.0)
        yield first, "customers", "", int(410_000 * (1 + 0.006 * month) * season * dice.around(1, 0.02))
        for number, journey in enumerate(JOURNEYS):
            yield (
                first,
                "journeys",
                journey,
                int((92_000 - 9_000 * number) * (1 + 0.006 * month) * season * dice.around(1, 0.03)),
            )
