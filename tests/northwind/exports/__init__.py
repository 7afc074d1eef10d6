"""The world as Northwind's systems export it: each kind of file with its own manners, and some dirt."""

from __future__ import annotations

from tests.northwind import operations, roadmap
from tests.northwind.exports import assurance, delivery, money, running
from tests.northwind.exports.dirt import DIRT
from tests.northwind.world import World, make

__all__ = ["DIRT", "everything", "files"]


def everything() -> dict[str, str]:
    """Each export's name and text."""
    return files(make())


def files(world: World) -> dict[str, str]:
    """The same of a given world of changes."""
    builds = delivery.builds(world.deployments)
    found = operations.incidents(world.deployments)
    return {
        "github-pulls-2024-25.jsonl": delivery.pulls(world.changes, old=True),
        "github-pulls-2025-26.jsonl": delivery.pulls(world.changes, old=False),
        "deployments.csv": delivery.deployments(builds),
        "jira.csv": delivery.jira(roadmap.items()),
        "onboardings.csv": delivery.onboardings(roadmap.onboardings()),
        "services.csv": delivery.services(),
        **{f"pagerduty-{year}.json": running.pagerduty(found, year) for year in (2024, 2025, 2026)},
        "prometheus-good.json": running.prometheus(operations.levels(found), "good"),
        "prometheus-total.json": running.prometheus(operations.levels(found), "total"),
        "drift.csv": running.drift(),
        "time-survey.csv": running.survey(),
        "servicenow.csv": assurance.servicenow(builds),
        "trivy.jsonl": assurance.trivy(),
        "endpoints.csv": assurance.endpoints(),
        "inventory.csv": assurance.inventory(),
        "coverage.csv": assurance.coverage(),
        "focus.csv": money.focus(),
        "finance.csv": money.finance(),
        "usage.csv": money.usage(),
    }
