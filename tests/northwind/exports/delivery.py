"""Pull requests as GitHub's GraphQL API gives them, deployments, the tracker, people's records, the catalogue of services."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from tests.northwind import truth
from tests.northwind.dice import Dice
from tests.northwind.exports.dirt import DIRT, Row, lines, table
from tests.northwind.hours import utc, zulu
from tests.northwind.operations import objective
from tests.northwind.roadmap import Item, Onboarding
from tests.northwind.teams import ADOPTED, ORPHAN, SERVICES, TEAMS
from tests.northwind.world import Change, Deployment

TURN = date(2025, 10, 1)  # where one file of pull requests ends and the next begins
OUTCOMES = {"success": "Succeeded", "failure": "Failed", "cancelled": "Cancelled"}
OFFSETS = {team.name: team.offset for team in TEAMS}
Pull = dict[str, Any]


def pulls(changes: Iterable[Change], *, old: bool) -> str:
    """One pull request a line, as `gh api graphql --paginate` prints them."""
    earlier = [c for c in changes if c.first_commit.date() < TURN]
    if old:
        return lines(_numbered(_pull(c) for c in earlier))
    last = [c for c in earlier if c.state == "merged"][-DIRT.twice :]  # a page that both exports hold
    spoiled = _spoiled([_pull(c) for c in changes if c.first_commit.date() >= TURN])
    return lines(_numbered([*(_pull(c) for c in last), *spoiled]))


def _pull(change: Change) -> Pull:
    bot = change.author.endswith("[bot]")
    state = {"merged": "MERGED", "closed": "CLOSED", "open": "OPEN"}[change.state]
    return {
        "number": change.number,
        "repository": {"name": change.service},
        "author": {"__typename": "Bot" if bot else "User", "login": change.author.removesuffix("[bot]")},
        "state": state,
        "createdAt": zulu(change.opened),
        "mergedAt": zulu(change.merged) if change.merged else None,
        "labels": {"nodes": [{"name": change.kind}]},
        "commits": {"nodes": [{"commit": {"authoredDate": _authored(change)}}]},
        "reviews": {"nodes": _reviews(change)},
    }


def _authored(change: Change) -> str:
    """ISO 8601 to the minute: in the offset of the author's machine, which is the team's own, or now London's, now UTC."""
    instant, offset = utc(change.first_commit), OFFSETS.get(change.team)
    if offset is not None:
        return instant.astimezone(timezone(timedelta(hours=offset))).isoformat(timespec="minutes")
    if change.number % 3 == 0:
        return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
    return instant.isoformat(timespec="minutes")


def _reviews(change: Change) -> list[dict[str, Any]]:
    """First a word of the author's own, now and then; then the first review and the approval by somebody else."""
    dice = Dice(truth.SEED, "reviewer", change.service, change.number)
    other, own = f"eng-{int(dice.uniform() * 16**6):06x}", dice.chance(0.15)
    told = [(change.author.removesuffix("[bot]"), "COMMENTED", change.opened)] if own else []
    told += [(other, "COMMENTED", change.reviewed)] if change.reviewed else []
    told += [(other, "APPROVED", change.approved)] if change.approved else []
    return [{"author": {"login": who}, "state": how, "submittedAt": zulu(when)} for who, how, when in told]


def _numbered(rows: Iterable[Pull]) -> list[Pull]:
    """The rows by repository and number, as a code host lists them."""
    return sorted(rows, key=lambda row: (row["repository"]["name"], row["number"]))


def _spoiled(rows: list[Pull]) -> list[Pull]:
    """The rows with some of them broken, always the same ones."""
    dice = Dice(truth.SEED, "dirt")
    merged = [
        i
        for i, row in enumerate(rows)
        if row["mergedAt"] and row["mergedAt"] < "2026-08" and row["author"]["__typename"] == "User"
    ]
    chosen = sorted(merged, key=lambda _: dice.uniform())
    for i in chosen[: DIRT.backwards]:  # a laptop whose clock was ahead
        ahead = datetime.fromisoformat(rows[i]["mergedAt"].replace("Z", "+00:00")) + timedelta(days=3)
        rows[i]["commits"]["nodes"][0]["commit"]["authoredDate"] = ahead.strftime("%Y-%m-%dT%H:%MZ")
    for i in chosen[DIRT.backwards : DIRT.backwards + DIRT.epoch]:  # one without a clock
        rows[i]["commits"]["nodes"][0]["commit"]["authoredDate"] = "1970-01-01T00:00Z"
    return rows


def builds(made: Iterable[Deployment]) -> list[tuple[str, Deployment]]:
    """Every deployment with the number of its build."""
    numbers, found = dict.fromkeys((*SERVICES, ORPHAN), 500), []
    for one in made:
        numbers[one.service] += 1
        found.append((f"{one.service}-{numbers[one.service]}", one))
    return found


def deployments(made: Sequence[tuple[str, Deployment]]) -> str:
    """The deployment tool's log: day-first times of London, the pull requests that went out, the approvals clicked by hand."""
    header = (
        "build",
        "service",
        "finished",
        "environment",
        "outcome",
        "pipeline",
        "hotfix",
        "manual gates",
        "pull requests",
    )
    rows: list[Row] = [
        [
            build, d.service, f"{d.at:%d/%m/%Y %H:%M}", d.environment, OUTCOMES[d.result], "standard" if d.standard else "own",
            "yes" if d.urgent else "no", str(d.gates), " ".join(map(str, d.pulls)),
        ]
        for build, d in made
    ]  # fmt: skip
    rows += [list(row) for row in rows[-DIRT.deployments_twice - 40 : -40]]
    rehearsed = [row for row in rows[700:] if row[3] == "staging"]
    for row in rehearsed[: 20 * DIRT.deployments_unreadable : 20]:
        row[2] = "31/02/2026 10:00"
    return table(header, rows)


def jira(items: Iterable[Item]) -> str:
    """The tracker's CSV: an issue is a story or an epic, times are Jira's own."""
    header = (
        "Issue key",
        "Issue Type",
        "Summary",
        "Status",
        "Component/s",
        "Labels",
        "Created",
        "Custom field (Start date)",
        "Resolved",
    )
    rows: list[Row] = []
    for item in items:
        done, begun = item.released.date() < truth.EXPORTED, item.started.date() < truth.EXPORTED
        rows.append([
            f"NW-{item.number}", "Epic" if item.kind == "launch" else "Story", item.title,
            "Done" if done else "In Progress" if begun else "To Do", item.service, "customer-facing" if item.customer else "",
            _jira(item.requested), _jira(item.started) if begun else "", _jira(item.released) if done else "",
        ])  # fmt: skip
    for row in [row for row in rows[40:] if row[8]][: 200 * DIRT.features_backwards : 200]:
        row[7] = "21/Sep/26 9:30 AM"
    return table(header, rows)


def _jira(moment: datetime) -> str:
    return f"{moment:%d/%b/%y} {moment.hour % 12 or 12}:{moment:%M %p}"


def onboardings(found: Iterable[Onboarding]) -> str:
    """People's and platform's records, separated by semicolons, days first."""
    rows = [
        [
            o.subject,
            o.kind,
            o.team,
            o.service,
            f"{o.began:%d/%m/%Y}",
            f"{o.released:%Y-%m-%d %H:%M}" if o.released else "",
        ]
        for o in found
    ]
    return table(("who", "kind", "team", "service", "began", "first_release"), rows, ";")


def services() -> str:
    """The catalogue: who owns a service today, what it serves, since when it is on the platform, what was promised of it."""
    path = truth.PROOFS["shared_path"]
    adopted = {s: path.start for s, t in SERVICES.items() if t.name in path.treated} | dict(ADOPTED)
    rows = [
        [
            s,
            t.name,
            t.journey,
            f"20{18 + n % 6}-03-01",
            adopted.get(s, ""),
            "",
            "1" if t.journey in ("Paying", "Buying online") else "2",
            objective(s),
        ]
        for n, (s, t) in enumerate(SERVICES.items())
    ]
    rows.append([ORPHAN, "", "", "2019-03-01", "", "2025-03-31", "3", ""])
    return table(("service", "team", "journey", "created", "on_platform", "retired", "tier", "objective"), rows)
