"""Change requests, vulnerabilities, assets and tests at Northwind, with the proofs or without them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tests.northwind import truth
from tests.northwind.dice import Dice
from tests.northwind.hours import later, mondays
from tests.northwind.teams import JOURNEYS, SERVICES
from tests.northwind.world import Deployment

LATEST = truth.EXPORTED + timedelta(weeks=80)
PACKAGES = (
    "openssl",
    "zlib1g",
    "libxml2",
    "curl",
    "log4j-core",
    "jackson-databind",
    "requests",
    "glibc",
    "expat",
    "netty-codec",
    "lodash",
    "sqlite3",
)
SEVERITIES = (("CRITICAL", 0.08, 0.4), ("HIGH", 0.27, 0.7), ("MEDIUM", 0.45, 1.0), ("LOW", 0.20, 1.5))
MENDED = 44.0  # days: median for a medium one


@dataclass(frozen=True)
class Request:
    """A change request; `outcome` is ServiceNow's close code, `by_hand` None where nobody filled it in."""

    number: int
    service: str
    team: str
    kind: str
    risk: str
    requested: datetime
    approved: datetime | None
    implemented: datetime | None
    closed: datetime | None
    outcome: str
    by_hand: bool | None
    deployment: str


@dataclass(frozen=True)
class Vulnerability:
    """A vulnerability of an image: the scan that first saw it and the first one that did not any more."""

    service: str
    identifier: str
    package: str
    severity: str
    first: int  # number of the scan
    gone: int


def requests(deployments: Iterable[tuple[str, Deployment]], *, proof: bool = True) -> Iterator[Request]:
    """One request an attempt in production, which the board (or, on the shared path, a rule) let through."""
    for number, (build, made) in enumerate((b, d) for b, d in deployments if d.environment == "production"):
        dice = Dice(truth.SEED, "request", build)
        rule = made.gates < 2
        asked = made.at - timedelta(minutes=50 + int(90 * dice.uniform()))
        if made.waiting_since:
            asked = min(later(made.waiting_since, 0.1 if rule else 0.5 + 3 * dice.uniform()), asked)
        asked, held = asked.replace(second=0, microsecond=0), asked + (made.at - asked) * (0.4 + 0.5 * dice.uniform())
        machine = proof and truth.PROOFS["machine_evidence"].runs(made.team, asked.date())
        by_hand, unknown = dice.chance(truth.EVIDENCE_CHANCE[machine]), dice.chance(0.01)
        risk = dice.uniform()
        done = made.result != "cancelled"
        yield Request(
            30100 + number, made.service, made.team, "emergency" if made.urgent else "standard" if rule else "normal",
            "1 - High" if risk < 0.13 else "2 - Moderate" if risk < 0.5 else "3 - Low", asked,
            held.replace(second=0, microsecond=0) if done else None, made.at if done else None,
            made.at + timedelta(hours=1 + int(20 * dice.uniform())),
            {"success": "Successful", "failure": "Unsuccessful", "cancelled": "Cancelled"}[made.result],
            None if unknown else by_hand, build,
        )  # fmt: skip


def scans(service: str) -> list[datetime]:
    """When each weekly scan of a service's image was taken: on a weekday, when a runner was free."""
    dice = Dice(truth.SEED, "scans", service)
    return [
        datetime.combine(monday + timedelta(days=int(5 * dice.uniform())), time(int(24 * dice.uniform()), 17))
        for monday in mondays(LATEST)
    ]


def failed_scan(service: str, number: int) -> bool:
    """Whether a scan gave no results at all: it says nothing of what is there."""
    return Dice(truth.SEED, "failed scan", service, number).chance(0.012)


def vulnerabilities(*, proof: bool = True) -> list[Vulnerability]:
    """Every vulnerability of every image to its end: ever more of them come, and where patches come by themselves they go faster."""
    return [v for service in SERVICES for v in _of_image(service, proof=proof)]


def _of_image(service: str, *, proof: bool) -> Iterator[Vulnerability]:
    dice, moments, team = Dice(truth.SEED, "vulnerabilities", service), scans(service), SERVICES[service].name
    prone = Dice(truth.SEED, "prone", service).around(0.9, 0.7)
    for number, moment in enumerate(moments):
        if moment.date() >= truth.EXPORTED:
            return
        old = round(6 * prone) if number == 0 else 0  # what had gathered before the first scan
        for _ in range(old + dice.count(prone * (0.45 + 0.6 * number / 105))):
            roll, effort = dice.uniform(), dice.exponential()
            severity, pace = _severity(roll)
            identifier = f"CVE-{moment.year}-{20000 + int(29999 * dice.uniform())}"
            name, gone = dice.pick(PACKAGES), number + 1
            while gone < len(moments) - 1:
                days = (moments[gone] - moments[gone - 1]).total_seconds() / 86400
                patched = proof and moments[gone].date() >= _enrolled(service, team)
                effort -= days / (MENDED * pace) * 0.6931 * (truth.PATCHED if patched else 1.0)
                if effort <= 0:
                    break
                gone += 1
            yield Vulnerability(service, identifier, name, severity, number, gone)


def _enrolled(service: str, team: str) -> date:
    """The day from which an image is patched by itself: the proof teams' images come one after another, one a week."""
    tried = truth.PROOFS["auto_patch"]
    if team not in tried.treated:
        return LATEST
    return tried.start + timedelta(weeks=[s for s, t in SERVICES.items() if t.name in tried.treated].index(service))


def _severity(roll: float) -> tuple[str, float]:
    for name, share, pace in SEVERITIES:
        if roll < share:
            return name, pace
        roll -= share
    return "UNKNOWN", 1.0


def endpoints() -> Iterator[tuple[str, str, str, date, date | None]]:
    """Device, CVE, severity, day found and day mended, of laptops and phones."""
    dice = Dice(truth.SEED, "endpoints")
    for monday in mondays():
        for _ in range(dice.count(5)):
            found = max(monday, truth.FIRST_DAY) + timedelta(days=int(5 * dice.uniform()))
            mended = found + timedelta(days=2 + int(dice.around(24, 0.7)))
            severity = _severity(dice.uniform())[0]
            device = f"device-{1 + int(64 * dice.uniform()):02}"
            identifier = f"CVE-{found.year}-{20000 + int(29999 * dice.uniform())}"
            yield device, identifier, severity, found, mended if mended < truth.EXPORTED else None


def assets() -> Iterator[tuple[str, str, str, date, bool]]:
    """Asset, kind, owner, day of the monthly inventory and whether scans reach it: more of them with every month."""
    names = [(s, "image", t.name) for s, t in SERVICES.items()] + [
        (f"device-{n:02}", "endpoint", "") for n in range(1, 65)
    ]
    for name, kind, team in names:
        since = Dice(truth.SEED, "scanned", name).uniform() * (20 if kind == "image" else 34)
        for month in range(24):
            yield name, kind, team, _first_of(month), month >= since


def coverage() -> Iterator[tuple[str, bool, str, str, date, int, int]]:
    """Use case, whether it is key, journey, kind of test, day, tests and how many pass; measured once a month."""
    kinds = {"functional": 0.9, "non_functional": 0.55, "reliability": 0.42}
    for number, journey in enumerate((*JOURNEYS, *JOURNEYS, *JOURNEYS, *JOURNEYS[:4])):
        name, key = f"UC-{number + 1:02} {journey.lower()}", number < 3 * len(JOURNEYS)
        for kind, share in kinds.items():
            dice = Dice(truth.SEED, "tests", name, kind)
            target = dice.uniform()
            for month in range(24):
                count = 4 + int(12 * dice.uniform())
                covered = target < share * (0.75 + 0.25 * month / 23)
                yield (
                    name,
                    key,
                    journey,
                    kind,
                    _first_of(month),
                    count,
                    count if covered else count - 1 - int(3 * dice.uniform()),
                )


def _first_of(month: int) -> date:
    return date(2024 + (9 + month) // 12, (9 + month) % 12 + 1, 1)
