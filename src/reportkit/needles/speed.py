"""Speed: how fast work reaches those it is for."""

from __future__ import annotations

from datetime import datetime

from ibis import _

from reportkit.model.kind import Duration, Rate
from reportkit.model.needle import Example, Needle
from reportkit.model.unit import DAYS


def _day(day: int, month: int = 1, hour: int = 0) -> datetime:
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{hour:02}:00:00+00:00")


LEAD_TIME_FOR_CHANGES = Needle(
    key="lead_time_for_changes",
    label="Lead time for changes",
    theme="speed",
    question="How long does a change take from first commit to production?",
    entity="changes",
    kind=Duration(start=_.first_commit_at, end=_.deployed_at, unit=DAYS),
    better="lower",
    source="DORA",
    facts=("change", "changes"),
    state="A change takes {now} to reach production",
    finding="Changes now reach production in {after} instead of {before}",
    example=Example(  # spans of 2, 4 and 9 days end in the quarter; the fourth is still open
        given=[
            {"first_commit_at": _day(1), "deployed_at": _day(3)},
            {"first_commit_at": _day(1), "deployed_at": _day(5)},
            {"first_commit_at": _day(2), "deployed_at": _day(11)},
            {"first_commit_at": _day(20), "deployed_at": None},
        ],
        expect=4.0,
    ),
)

PULL_REQUEST_MERGE_TIME = Needle(
    key="pull_request_merge_time",
    label="Pull request merge time",
    theme="speed",
    question="How long is a pull request open before it is merged?",
    entity="changes",
    kind=Duration(start=_.opened_at, end=_.merged_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("pull request", "pull requests"),
    state="A pull request takes {now} to merge",
    finding="Pull requests are now merged in {after} instead of {before}",
    example=Example(  # 12 hours, 36 hours and 3 days: the middle one is 1.5 days
        given=[
            {"opened_at": _day(5), "merged_at": _day(5, hour=12)},
            {"opened_at": _day(5), "merged_at": _day(6, hour=12)},
            {"opened_at": _day(5), "merged_at": _day(8)},
        ],
        expect=1.5,
    ),
)

DEPLOYMENT_FREQUENCY = Needle(
    key="deployment_frequency",
    label="Deployment frequency",
    theme="speed",
    question="How many successful production deployments are there a week?",
    entity="deployments",
    where=(_.result == "success") & (_.environment == "production"),
    kind=Rate(at=_.deployed_at, per="week"),
    better="higher",
    source="DORA",
    facts=("deployment", "deployments"),
    state="There are {now} deployments a week",
    finding="There are now {after} deployments a week instead of {before}",
    example=Example(  # two of the four count, over the 90 days of the quarter: 2 ÷ (90 ÷ 7)
        given=[
            {"deployed_at": _day(5), "result": "success", "environment": "production"},
            {"deployed_at": _day(9), "result": "success", "environment": "production"},
            {"deployed_at": _day(9), "result": "failure", "environment": "production"},
            {"deployed_at": _day(9), "result": "success", "environment": "staging"},
        ],
        expect=2 * 7 / 90,
    ),
)

FEATURES_RELEASED = Needle(
    key="features_released",
    label="User-facing features released",
    theme="speed",
    question="How many features reach users a month?",
    entity="features",
    where=_.user_facing,
    kind=Rate(at=_.released_at, per="month"),
    better="higher",
    source="reportkit",
    facts=("feature", "features"),
    state="{now} features reach users a month",
    finding="{after} features now reach users a month instead of {before}",
    example=Example(  # two user-facing ones in the three months of the quarter; one is not released yet
        given=[
            {"released_at": _day(5), "user_facing": True},
            {"released_at": _day(5, month=3), "user_facing": True},
            {"released_at": _day(5), "user_facing": False},
            {"released_at": None, "user_facing": True},
        ],
        expect=2 / 3,
    ),
)

ENGINEER_ONBOARDING = Needle(
    key="engineer_onboarding",
    label="Engineer onboarding",
    theme="speed",
    question="How long after joining does an engineer's work first reach production?",
    entity="onboardings",
    where=_.kind == "engineer",
    kind=Duration(start=_.started_at, end=_.finished_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("joiner", "joiners"),
    state="A new engineer's work takes {now} to reach production",
    finding="A new engineer's work now reaches production in {after} instead of {before}",
    example=Example(  # 10 and 30 days: the median is 20; a service's onboarding does not count
        given=[
            {"kind": "engineer", "started_at": _day(1), "finished_at": _day(11)},
            {"kind": "engineer", "started_at": _day(1), "finished_at": _day(31)},
            {"kind": "service", "started_at": _day(1), "finished_at": _day(2)},
        ],
        expect=20.0,
    ),
)
