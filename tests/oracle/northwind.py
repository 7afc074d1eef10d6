"""Northwind's facts from the raw exports, read in plain Python, as known at the end of 2026-Q3, without the rows that are broken."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
KNOWN = datetime(2026, 10, 1, tzinfo=LONDON).astimezone(UTC)  # what happens from here on is not known yet
PROMISED = {"P1": 4, "P2": 8}
BEGAN = datetime(1980, 1, 1, tzinfo=UTC)
Row = dict[str, str]


@dataclass(frozen=True)
class Span:
    """Something that lasts: a duration, or something that stands open."""

    team: str
    began: datetime
    ended: datetime | None
    what: str = ""
    cut: str = ""


@dataclass(frozen=True)
class Mark:
    """Something at one moment, with what a share or ratio makes of it."""

    team: str
    at: datetime
    top: float = 1.0
    bottom: float = 1.0
    what: str = ""
    fact: bool = True


@dataclass(frozen=True)
class Raw:
    """The exports in one folder."""

    folder: Path
    seen: dict[str, Any] = field(default_factory=dict)

    def rows(self, name: str, delimiter: str = ",") -> list[Row]:
        """The rows of a CSV, those that were exported twice once."""
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file, delimiter=delimiter))
        return list({tuple(row.items()): row for row in found}.values())

    @cached_property
    def owners(self) -> dict[str, Row]:
        """The catalogue, by service."""
        return {row["service"]: row for row in self.rows("services.csv")}

    def team(self, service: str) -> str:
        """The owner of a service."""
        return self.owners.get(service, {}).get("team") or "none given"

    @cached_property
    def deployments(self) -> list[dict[str, Any]]:
        """Deployments with a time that can be read."""
        found = []
        for row in self.rows("deployments.csv"):
            if (at := _local(row["finished"], "%d/%m/%Y %H:%M")) and at < KNOWN:
                counted = row["environment"] == "production" and row["outcome"] == "Succeeded"
                found.append({**row, "at": at, "team": self.team(row["service"]), "counted": counted})
        return found

    @cached_property
    def changes(self) -> list[dict[str, Any]]:
        """Pull requests by people, with when they were released."""
        released = {
            (d["service"], n): d for d in reversed(self.deployments) if d["counted"] for n in d["pull requests"].split()
        }
        lines = [
            line
            for name in ("2024-25", "2025-26")
            for line in (self.folder / f"github-pulls-{name}.jsonl").read_text().splitlines()
        ]
        found = []
        for pull in map(json.loads, dict.fromkeys(lines)):
            service, author = pull["repository"]["name"], pull["author"]
            authored, merged = _iso(pull["commits"]["nodes"][0]["commit"]["authoredDate"]), _iso(pull["mergedAt"])
            assert authored
            if (
                pull["state"] == "CLOSED"
                or author["__typename"] == "Bot"
                or authored < BEGAN
                or (merged and merged < authored)
            ):
                continue
            reviews = [(_iso(r["submittedAt"]), r["state"], r["author"]["login"]) for r in pull["reviews"]["nodes"]]
            others = [at for at, _, who in reviews if at and who != author["login"]]
            out = released.get((service, str(pull["number"])))
            found.append({
                "team": self.team(service), "authored": authored, "opened": _iso(pull["createdAt"]), "merged": _known(merged),
                "reviewed": _known(min(others, default=None)), "released": out["at"] if out else None,
                "gates": float(out["manual gates"]) if out else None,
            })  # fmt: skip
        return found

    @cached_property
    def incidents(self) -> list[dict[str, Any]]:
        """Incidents that were no drills."""
        answers = [json.loads((self.folder / f"pagerduty-{year}.json").read_text()) for year in (2024, 2025, 2026)]
        found = {}
        for one in (i for answer in answers for i in answer["incidents"]):
            started, resolved = _iso(one["created_at"]), _iso(one["resolved_at"])
            priority = (one["priority"] or {}).get("summary")
            assert started
            if one["title"].startswith("[DRILL]") or started >= KNOWN:
                continue
            end = resolved or datetime(2026, 10, 6, tzinfo=UTC)
            minutes = end.timestamp() // 60 - started.timestamp() // 60
            found[one["id"]] = {
                "service": one["service"]["summary"], "team": self.team(one["service"]["summary"]), "started": started,
                "resolved": _known(resolved), "outage": priority == "P1", "late": minutes > 60 * PROMISED.get(priority, 24),
            }  # fmt: skip
        return list(found.values())

    @cached_property
    def causes(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Each incident with the latest deployment of its service that finished within two hours before it."""
        by_service = defaultdict(list)
        for d in self.deployments:
            if d["counted"]:
                by_service[d["service"]].append(d)
        found = []
        for one in self.incidents:
            before = [
                d for d in by_service[one["service"]] if timedelta(0) < one["started"] - d["at"] <= timedelta(hours=2)
            ]
            if before:
                found.append((one, max(before, key=lambda d: d["at"])))
        return found

    @cached_property
    def failures(self) -> list[Span]:
        """Each failed deployment from its first incident until none is open for a day; relapses within that are part of it."""
        caused = defaultdict(list)
        for one, deployment in self.causes:
            caused[deployment["build"]].append((one["started"], one["resolved"], deployment["team"]))
        found = []
        for incidents in caused.values():
            ordered = sorted(incidents, key=lambda i: i[0])
            began, until, team = ordered[0]
            for start, end, _ in ordered[1:]:
                if until and start - until <= timedelta(days=1):
                    until = max(until, end) if end else None
            found.append(Span(team, began, until))
        return found

    @cached_property
    def requests(self) -> list[dict[str, Any]]:
        """Change requests of the full export that keep the contract."""
        found = []
        for row in self.rows("servicenow.csv"):
            times = {name: _local(row[name], "%d/%m/%Y %H:%M") for name in ("opened_at", "work_end", "closed_at")}
            opened, done, closed = times["opened_at"], times["work_end"], times["closed_at"]
            if row["u_export"] != "full" or not opened or opened >= KNOWN or (closed and closed < opened):
                continue
            by_hand = {"Attached manually": 1.0, "Attached by pipeline": 0.0}.get(row["u_evidence"])
            found.append({
                "team": self.team(row["cmdb_ci"]), "opened": opened, "done": _known(done), "closed": _known(closed), "hand": by_hand,
                "risk": row["risk"][0], "code": row["close_code"],
            })  # fmt: skip
        return found

    @cached_property
    def vulnerabilities(self) -> list[Span]:
        """From the first scan that saw one to the first later scan with results that did not; `what` is the image, `cut` the severity."""
        scans, seen = defaultdict(list), defaultdict(list)
        for report in map(json.loads, (self.folder / "trivy.jsonl").read_text().splitlines()):
            image, at = report["ArtifactName"].split("/")[-1], _iso(report["CreatedAt"])
            if report.get("Results"):
                scans[image].append(at)
                for result in report["Results"]:
                    for v in result.get("Vulnerabilities", []):
                        seen[image, v["VulnerabilityID"], v["PkgName"], v["Severity"].lower()].append(at)
        found = []
        for (image, _, _, severity), moments in seen.items():
            first, gone = min(moments), min((at for at in scans[image] if at > max(moments)), default=None)
            if first < KNOWN:
                found.append(Span(self.team(image), first, _known(gone), image, severity))
        return found

    # ---- needles -----------------------------------------------------------------------------------------------------

    def spans(self, needle: str) -> list[Span]:
        """What lasts, of a needle that is a duration or a stock."""
        if needle not in self.seen:
            self.seen[needle] = [s for s in self._spans(needle) if s.began < KNOWN]
        return list(self.seen[needle])

    def _spans(self, needle: str) -> Iterator[Span]:  # noqa: C901, PLR0912  (one case a needle)
        sides = {"lead_time_for_changes": ("authored", "released"), "pull_request_merge_time": ("opened", "merged")}
        match needle:
            case "lead_time_for_changes" | "pull_request_merge_time":
                first, last = sides[needle]
                yield from (Span(c["team"], c[first], c[last]) for c in self.changes)
            case "release_wait":
                yield from (Span(c["team"], c["merged"], c["released"]) for c in self.changes if c["merged"])
            case "review_wait":
                yield from (
                    Span(c["team"], c["opened"], c["reviewed"])
                    for c in self.changes
                    if c["reviewed"] or not c["merged"]
                )
            case "engineer_onboarding" | "service_onboarding":
                for row in self.rows("onboardings.csv", ";"):
                    if row["kind"] == needle.split("_", maxsplit=1)[0]:
                        began = _local(row["began"], "%d/%m/%Y")
                        assert began
                        yield Span(
                            row["team"], began, _known(_local(row["first_release"], "%Y-%m-%d %H:%M")), row["who"]
                        )
            case "lead_time" | "product_launch_time":
                for row in self.issues:
                    if row["epic"] == (needle == "product_launch_time") and (
                        began := row["started" if row["epic"] else "created"]
                    ):
                        yield Span(row["team"], began, row["done"])
            case "time_to_production" | "predictability":
                yield from (Span(r["team"], r["opened"], r["done"]) for r in self.requests if r["code"] != "Cancelled")
            case "recovery_time":
                yield from self.failures
            case "open_vulnerabilities" | "remediation_time" | "vulnerable_assets":
                yield from self.vulnerabilities
            case "endpoint_vulnerabilities":
                for row in self.rows("endpoints.csv"):
                    found = _local(row["found"], "%Y-%m-%d")
                    assert found
                    yield Span("none given", found, _known(_local(row["mended"], "%Y-%m-%d")))

    @cached_property
    def issues(self) -> list[dict[str, Any]]:
        """Stories and epics, in the order of their dates."""
        found = []
        for row in self.rows("jira.csv"):
            times = [_local(row[n], "%d/%b/%y %I:%M %p") for n in ("Created", "Custom field (Start date)", "Resolved")]
            created, started, done = times
            if created and created < KNOWN and not (started and done and done < started):
                found.append({
                    "epic": row["Issue Type"] == "Epic", "team": self.team(row["Component/s"]), "created": created,
                    "started": _known(started), "done": _known(done), "customers": row["Labels"] == "customer-facing",
                })  # fmt: skip
        return found

    def marks(self, needle: str) -> list[Mark]:
        """What happens at moments, of a needle that is a rate, a share or a ratio."""
        if needle not in self.seen:
            self.seen[needle] = [m for m in self._marks(needle) if m.at < KNOWN]
        return list(self.seen[needle])

    def _marks(self, needle: str) -> Iterator[Mark]:  # noqa: C901, PLR0912  (one case a needle)
        match needle:
            case "deployment_frequency":
                yield from (Mark(d["team"], d["at"]) for d in self.deployments if d["counted"])
            case "standard_path":
                yield from (
                    Mark(d["team"], d["at"], float(d["pipeline"] == "standard"))
                    for d in self.deployments
                    if d["counted"]
                )
            case "change_failure_rate":
                broke = {d["build"] for _, d in self.causes}
                yield from (
                    Mark(d["team"], d["at"], float(d["build"] in broke)) for d in self.deployments if d["counted"]
                )
            case "features_released":
                yield from (
                    Mark(i["team"], i["done"]) for i in self.issues if i["done"] and i["customers"] and not i["epic"]
                )
            case "sla_breaches":
                yield from (Mark(i["team"], i["resolved"]) for i in self.incidents if i["late"] and i["resolved"])
            case "incidents_per_service":
                yield from (Mark(i["team"], i["started"]) for i in self.incidents)
            case "manual_evidence":
                yield from (Mark(r["team"], r["opened"], r["hand"]) for r in self.requests if r["hand"] is not None)
            case "high_risk_changes":
                yield from (Mark(r["team"], r["opened"], float(r["risk"] == "1")) for r in self.requests)
            case "change_success":
                done = (r for r in self.requests if r["closed"] and r["code"] in ("Successful", "Unsuccessful"))
                yield from (Mark(r["team"], r["closed"], float(r["code"] == "Successful")) for r in done)
            case "coordination_tax" | "flow_efficiency" | "manual_approvals":
                yield from (_of_change(needle, c) for c in self.changes if c["released"] and c["merged"])
            case "toil" | "value_time":
                yield from self._time_use(needle.split("_", maxsplit=1)[0])
            case "availability":
                yield from self._levels()
            case "environment_drift":
                for row in self.rows("drift.csv"):
                    if at := _local(row["checked"], "%Y-%m-%d %H:%M"):
                        yield Mark(
                            self.team(row["service"]), at, float(row["finding"] == "drifted"), what=row["environment"]
                        )
            case "security_coverage":
                for row in self.rows("inventory.csv"):
                    if at := _local(row["seen"], "%Y-%m-%d"):
                        yield Mark(row["team"], at, float(row["scanned"] == "yes"), what=row["asset"])
            case "reliability_coverage":
                for row in self.rows("coverage.csv"):
                    if (
                        row["kind"] == "reliability"
                        and row["importance"] == "key"
                        and (at := _local(row["measured"], "%Y-%m-%d"))
                    ):
                        yield Mark("none given", at, float(row["tests"] == row["passing"]), what=row["use_case"])
            case _:
                yield from self._money(needle)

    def _time_use(self, category: str) -> Iterator[Mark]:
        for row in self.rows("time-survey.csv"):
            at = _local(row["week"], "%d.%m.%Y")
            if at and row["hours"].replace(".", "").isdigit():
                hours = float(row["hours"])
                team = "fulfilment" if row["team"] == "warehouse" else row["team"]
                yield Mark(team, at, hours if row["category"] == category else 0.0, hours, row["person"])

    def _levels(self) -> Iterator[Mark]:
        good, total = (self._series(name) for name in ("good", "total"))
        for (service, moment), all_of in total.items():
            served = good.get((service, moment), "NaN")
            if "NaN" not in (served, all_of) and float(served) <= float(all_of):
                at = datetime.fromtimestamp(moment - 86400, UTC)
                yield Mark(self.team(service), at, float(served), float(all_of), self.owners[service]["journey"])

    def _series(self, name: str) -> dict[tuple[str, int], str]:
        answer = json.loads((self.folder / f"prometheus-{name}.json").read_text())
        return {(s["metric"]["service"], at): value for s in answer["data"]["result"] for at, value in s["values"]}

    def _money(self, needle: str) -> Iterator[Mark]:
        for team, at, category, pounds, ledger, journey in self._entries():
            stored, own = category in ("Storage", "Databases"), category in ("People", "Licences")
            cost = ledger == "cost"
            if needle == "return_on_investment":
                yield Mark(team, at, -pounds if cost else pounds, pounds if cost else 0.0)
            elif needle == "cost_per_journey":
                if cost and journey:
                    yield Mark(team, at, pounds, 0.0, journey)
            elif cost and {"storage_cost": stored, "hosting_cost": not stored and not own}.get(needle, True):
                yield Mark(team, at, pounds)

    def _entries(self) -> Iterator[tuple[str, datetime, str, float, str, str]]:
        for row in self.rows("focus.csv"):
            if row["BillingCurrency"]:
                at, service = _iso(row["ChargePeriodStart"]), json.loads(row["Tags"])["service"]
                assert at
                yield (
                    self.team(service),
                    at,
                    row["ServiceCategory"],
                    float(row["EffectiveCost"]),
                    "cost",
                    self.owners[service]["journey"],
                )
        for row in self.rows("finance.csv"):
            at = datetime.fromisoformat(row["month"]).replace(tzinfo=UTC)
            yield "none given", at, row["what"], float(row["pounds"]), row["ledger"], ""

    def outages(self, events: Sequence[tuple[date, date]] = ()) -> list[datetime]:
        """When each outage began, overlapping ones being one; in key events only, where those are given."""
        times = [(midnight(first), midnight(last)) for first, last in events]
        spells: list[list[datetime]] = []
        for one in sorted((i for i in self.incidents if i["outage"]), key=lambda i: i["started"]):
            start, end = one["started"], one["resolved"] or datetime.max.replace(tzinfo=UTC)
            if times and not any(start < last and end > first for first, last in times):
                continue
            if spells and start <= spells[-1][1]:
                spells[-1][1] = max(spells[-1][1], end)
            else:
                spells.append([start, end])
        return [start for start, _ in spells]


def _of_change(needle: str, c: dict[str, Any]) -> Mark:
    day = timedelta(days=1)
    waited = ((c["reviewed"] or c["opened"]) - c["opened"] + c["released"] - c["merged"]) / day
    taken = (c["released"] - c["authored"]) / day
    top, bottom = {
        "coordination_tax": (waited, 1.0),
        "flow_efficiency": (taken - waited, taken),
        "manual_approvals": (c["gates"], 1.0),
    }[needle]
    return Mark(c["team"], c["released"], top, bottom)


def midnight(day: date) -> datetime:
    """When a day begins in London."""
    return datetime.combine(day, datetime.min.time(), LONDON).astimezone(UTC)


def _local(text: str, style: str) -> datetime | None:
    try:
        return datetime.strptime(text, style).replace(tzinfo=LONDON).astimezone(UTC)
    except ValueError:
        return None


def _iso(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC) if text else None


def _known(moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment < KNOWN else None
