"""The world as Northwind's systems export it: five kinds of file, each with its own manners, and some dirt."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from tests.northwind import truth
from tests.northwind.dice import Dice
from tests.northwind.hours import utc
from tests.northwind.teams import OLD_NAMES, RENAMED, TEAMS
from tests.northwind.world import Change, World

TURN = date(2025, 10, 1)  # where one file of changes ends and the next begins
CHANGES = (
    "repo",
    "pr",
    "team",
    "author",
    "type",
    "state",
    "first_commit",
    "opened",
    "first_review",
    "approved",
    "merged",
    "released",
)
OUTCOMES = {"success": "Succeeded", "failure": "Failed", "cancelled": "Cancelled"}
OFFSETS = {team.name: team.offset for team in TEAMS}
Row = list[str]


@dataclass(frozen=True)
class Dirt:
    """How many rows of each sort the exports spoil: what an extract has to find and count."""

    twice: int = 17
    backwards: int = 9
    unreadable: int = 6
    unnamed: int = 48  # rows without a team; the catalogue of services still knows it
    deployments_twice: int = 4
    deployments_unreadable: int = 3
    features_backwards: int = 2


DIRT = Dirt()


def files(world: World) -> dict[str, str]:
    """Each export's name and text."""
    old = [c for c in world.changes if c.first_commit.date() < TURN]
    new = [c for c in world.changes if c.first_commit.date() >= TURN]
    last = [c for c in old if c.state == "merged"][-DIRT.twice :]  # a page that both exports hold
    spoiled = _spoiled([_change(c) for c in new])
    return {
        "changes-2024-25.csv": _csv(CHANGES, _numbered(_change(c) for c in old)),
        "changes-2025-26.csv": _csv(CHANGES, _numbered([*(_change(c) for c in last), *spoiled])),
        "deployments.csv": _csv(("build", "service", "finished", "environment", "outcome"), _deployments(world)),
        "features.jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _features(world)),
        "onboardings.csv": _csv(("who", "kind", "team", "service", "began", "first_release"), _onboardings(world), ";"),
        "services.csv": _csv(("service", "team", "journey"), _services()),
    }


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _change(change: Change) -> Row:
    team = change.team
    if str(change.first_commit.date()) < RENAMED:
        team = OLD_NAMES.get(team, team)
    times = (change.first_commit, change.opened, change.reviewed, change.approved, change.merged, change.deployed)
    offset = OFFSETS.get(change.team)
    head = [change.service, str(change.number), team, change.author, change.kind, change.state]
    return [*head, *(_stamp(moment, offset, change.number) for moment in times)]


def _stamp(moment: datetime | None, offset: float | None, number: int) -> str:
    """ISO 8601 to the minute: in the team's own offset, or now in London's, now in UTC."""
    if moment is None:
        return ""
    instant = utc(moment)
    if offset is not None:
        return instant.astimezone(timezone(timedelta(hours=offset))).isoformat(timespec="minutes")
    if number % 3 == 0:
        return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
    return instant.isoformat(timespec="minutes")


def _numbered(rows: Iterable[Row]) -> list[Row]:
    """The rows by repository and number, as a code host lists them."""
    return sorted(rows, key=lambda row: (row[0], int(row[1])))


def _spoiled(rows: list[Row]) -> list[Row]:
    """The rows with some of them broken, always the same ones."""
    dice = Dice(truth.SEED, "dirt")
    merged = [i for i, row in enumerate(rows) if "" < row[11] < "2026-09" and "[bot]" not in row[3]]
    chosen = sorted(merged, key=lambda _: dice.uniform())
    backwards, rest = chosen[: DIRT.backwards], chosen[DIRT.backwards :]
    unreadable, rest = rest[: DIRT.unreadable], rest[DIRT.unreadable :]
    for i in backwards:  # a laptop whose clock was ahead
        rows[i][6] = f"{date.fromisoformat(rows[i][11][:10]) + timedelta(days=3)}{rows[i][11][10:]}"
    for n, i in enumerate(unreadable):
        rows[i][10] = ("2026-02-30T10:15Z", "n/a", "yesterday")[n % 3]
    for i in rest[: DIRT.unnamed]:
        rows[i][2] = ""
    return rows


def _deployments(world: World) -> list[Row]:
    rows, builds = [], {service: 500 for team in TEAMS for service in team.services}
    for d in world.deployments:
        builds[d.service] += 1
        rows.append(
            [f"{d.service}-{builds[d.service]}", d.service, f"{d.at:%d/%m/%Y %H:%M}", d.environment, OUTCOMES[d.result]]
        )
    rows += [list(row) for row in rows[-DIRT.deployments_twice - 40 : -40]]
    for row in rows[700 : 700 + 90 * DIRT.deployments_unreadable : 90]:
        row[2] = "31/02/2026 10:00"
    return rows


def _features(world: World) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {
            "key": f"NW-{f.number}",
            "service": f.service,
            "title": f.title,
            "audience": "customers" if f.customer else "internal",
            "started": str(f.started.date()),
            "released": f"{f.released:%Y-%m-%dT%H:%M}" if f.released else None,
        }
        for f in world.features
    ]
    for row in rows[40 : 40 + 200 * DIRT.features_backwards : 200]:
        row["started"] = "2026-09-21"
    return rows


def _onboardings(world: World) -> list[Row]:
    return [
        [
            o.subject,
            o.kind,
            o.team,
            o.service,
            f"{o.began:%d/%m/%Y}",
            f"{o.released:%Y-%m-%d %H:%M}" if o.released else "",
        ]
        for o in world.onboardings
    ]


def _services() -> list[Row]:
    return [[service, team.name, team.journey] for team in TEAMS for service in team.services]
