"""Speed: how fast work reaches those it is for."""

from __future__ import annotations

from datetime import datetime

from ibis import _

from reportkit.model.kind import Duration, Rate, Ratio
from reportkit.model.needle import Example, Needle
from reportkit.model.unit import DAYS, per


def _day(day: int, month: int = 1, hour: int = 0) -> datetime:
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{hour:02}:00:00+00:00")


LEAD_TIME_FOR_CHANGES = Needle(
    key="lead_time_for_changes",
    label="Lead time for changes",
    theme="speed",
    question="How long does a change take from first commit to production?",
    entity="changes",
    where=_.abandoned_at.isnull(),
    optional=("abandoned_at",),
    kind=Duration(start=_.first_commit_at, end=_.deployed_at, unit=DAYS, median="apart"),
    better="lower",
    source="DORA",
    facts=("change", "changes"),
    state="A change takes {now} to reach production",
    finding="Changes now reach production in {after} instead of {before}",
    example=Example(  # spans of 2, 4 and 9 days end in the quarter; the fourth is open, the fifth given up: DORA counts finished ones
        given=[
            {"first_commit_at": _day(1), "deployed_at": _day(3)},
            {"first_commit_at": _day(1), "deployed_at": _day(5)},
            {"first_commit_at": _day(2), "deployed_at": _day(11)},
            {"first_commit_at": _day(20), "deployed_at": None},
            {"first_commit_at": _day(20), "deployed_at": None, "abandoned_at": _day(21)},
        ],
        expect=4.0,
    ),
)

LEAD_TIME = Needle(
    key="lead_time",
    label="Lead time",
    theme="speed",
    question="How long does an idea take to reach customers, from the day that it was written down?",
    entity="features",
    where=(_.kind == "feature") & _.abandoned_at.isnull(),
    optional=("abandoned_at",),
    kind=Duration(start=_.requested_at, end=_.released_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("idea", "ideas"),
    state="An idea takes {now} to reach customers",
    finding="Ideas now reach customers in {after} instead of {before}",
    example=Example(  # ends at 10, 20 and 30 days with 3, 2, 1 at risk: down to a third at 20; a launch does not count
        given=[
            {"kind": "feature", "requested_at": _day(2), "released_at": _day(12)},
            {"kind": "feature", "requested_at": _day(2), "released_at": _day(22)},
            {"kind": "feature", "requested_at": _day(2), "released_at": _day(1, month=2)},
            {"kind": "launch", "requested_at": _day(2), "released_at": _day(3)},
        ],
        expect=20.0,
    ),
)

PRODUCT_LAUNCH_TIME = Needle(
    key="product_launch_time",
    label="Product launch time",
    theme="speed",
    question="How long does a product take from the start of work to its launch?",
    entity="features",
    where=(_.kind == "launch") & _.abandoned_at.isnull(),
    optional=("abandoned_at",),
    kind=Duration(start=_.started_at, end=_.released_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("launch", "launches"),
    state="A product takes {now} to launch",
    finding="Products now launch in {after} instead of {before}",
    example=Example(  # 40 days with 2 at risk leaves a half, 60 days none: the middle is 50; a feature does not count
        given=[
            {"kind": "launch", "started_at": _day(2), "released_at": _day(11, month=2)},
            {"kind": "launch", "started_at": _day(2), "released_at": _day(3, month=3)},
            {"kind": "feature", "started_at": _day(2), "released_at": _day(3)},
        ],
        expect=50.0,
    ),
)

CODING_TIME = Needle(
    key="coding_time",
    label="Coding time",
    theme="speed",
    question="How long is a change worked on before it is put up for review? (Not known where its first commit is dated later.)",
    entity="changes",
    where=_.opened_at.notnull(),  # what was never put up for review is not being coded for ever
    kind=Duration(start=_.first_commit_at, end=_.opened_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("change", "changes"),
    state="A change is worked on for {now} before its review",
    finding="Changes are now worked on for {after} before their review instead of {before}",
    example=Example(  # 1, 3 and 5 days; the fourth was rewritten after it was put up, the fifth never was
        given=[
            {"first_commit_at": _day(5), "opened_at": _day(6)},
            {"first_commit_at": _day(5), "opened_at": _day(8)},
            {"first_commit_at": _day(5), "opened_at": _day(10)},
            {"first_commit_at": _day(9), "opened_at": _day(8)},
            {"first_commit_at": _day(5), "opened_at": None},
        ],
        expect=3.0,
    ),
)

PULL_REQUEST_MERGE_TIME = Needle(
    key="pull_request_merge_time",
    label="Pull request merge time",
    theme="speed",
    question="How long is a pull request open before it is merged?",
    entity="changes",
    where=_.abandoned_at.isnull(),
    optional=("abandoned_at",),
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
            {"opened_at": _day(5), "merged_at": None, "abandoned_at": _day(6)},
        ],
        expect=1.5,
    ),
)

REVIEW_WAIT = Needle(
    key="review_wait",
    label="Review wait",
    theme="speed",
    question="How long does a pull request wait for its first review?",
    entity="changes",
    # Merged without a review it never waited for one; given up it waits no more.
    where=_.first_review_at.notnull() | (_.merged_at.isnull() & _.abandoned_at.isnull()),
    optional=("abandoned_at",),
    kind=Duration(start=_.opened_at, end=_.first_review_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("pull request", "pull requests"),
    state="A pull request waits {now} for its first review",
    finding="Pull requests now wait {after} for their first review instead of {before}",
    example=Example(  # half a day, a day and two days; the fourth was merged without a review
        given=[
            {"opened_at": _day(5), "first_review_at": _day(5, hour=12), "merged_at": _day(9)},
            {"opened_at": _day(5), "first_review_at": _day(6), "merged_at": _day(9)},
            {"opened_at": _day(5), "first_review_at": _day(7), "merged_at": _day(9)},
            {"opened_at": _day(5), "first_review_at": None, "merged_at": _day(6)},
        ],
        expect=1.0,
    ),
)

REVIEW_TIME = Needle(
    key="review_time",
    label="Review time",
    theme="speed",
    question="How long does a change take from its first review to the merge? (Not known where it was first reviewed later.)",
    entity="changes",
    kind=Duration(start=_.first_review_at, end=_.merged_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("reviewed change", "reviewed changes"),
    state="A change takes {now} from its first review to the merge",
    finding="Changes now take {after} from first review to merge instead of {before}",
    example=Example(  # ends at 1, 2 and 5 days with one still open: down to exactly a half at 2, so the middle of 2 and 5;
        given=[  # the fifth was reviewed after the merge, the sixth never
            {"first_review_at": _day(5), "merged_at": _day(6)},
            {"first_review_at": _day(5), "merged_at": _day(7)},
            {"first_review_at": _day(5), "merged_at": _day(10)},
            {"first_review_at": _day(5), "merged_at": None},
            {"first_review_at": _day(9), "merged_at": _day(8)},
            {"first_review_at": None, "merged_at": _day(8)},
        ],
        expect=3.5,
    ),
)

DEPLOYMENT_FREQUENCY = Needle(
    key="deployment_frequency",
    label="Deployment frequency",
    theme="speed",
    question="How many successful production deployments are there a week?",
    entity="deployments",
    where=_.counted,
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

DEPLOYMENT_DAYS = Needle(
    key="deployment_days",
    label="Deployment days",
    theme="speed",
    question="On how many days a week is there a successful production deployment?",
    entity="deployments",
    where=_.counted,
    kind=Rate(at=_.deployed_at, per="week", counts="days"),
    better="higher",
    source="DORA",
    facts=("deployment day", "deployment days"),
    state="There are {now} days a week with a deployment",
    finding="There are now {after} days a week with a deployment instead of {before}",
    example=Example(  # three deployments on two days, over 90 days; one failed on a day of its own
        given=[
            {"deployed_at": _day(5, hour=9), "result": "success"},
            {"deployed_at": _day(5, hour=15), "result": "success"},
            {"deployed_at": _day(9, hour=12), "result": "success"},
            {"deployed_at": _day(12, hour=12), "result": "failure"},
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
    where=_.user_facing & (_.kind == "feature"),
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
    personal=True,
    state="A new engineer's work takes {now} to reach production",
    finding="A new engineer's work now reaches production in {after} instead of {before}",
    example=Example(  # 10, 20, 30, 40 and 50 days: the middle one is 30; a service's onboarding does not count
        given=[
            *(
                {"kind": "engineer", "subject": f"e{n}", "started_at": _day(1), "finished_at": end}
                for n, end in enumerate((_day(11), _day(21), _day(31), _day(10, month=2), _day(20, month=2)))
            ),
            {"kind": "service", "subject": "s", "started_at": _day(1), "finished_at": _day(2)},
        ],
        expect=30.0,
    ),
)

SERVICE_ONBOARDING = Needle(
    key="service_onboarding",
    label="Service onboarding",
    theme="speed",
    question="How long does a new service take from request to first production?",
    entity="onboardings",
    where=_.kind == "service",
    kind=Duration(start=_.started_at, end=_.finished_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("new service", "new services"),
    state="A new service takes {now} from request to first production",
    finding="New services now take {after} from request to first production instead of {before}",
    example=Example(  # 10 and 20 days and one still waiting: 2/3, then 1/3 are left: 20 days; a joiner does not count
        given=[
            {"kind": "service", "subject": "a", "started_at": _day(1), "finished_at": _day(11)},
            {"kind": "service", "subject": "b", "started_at": _day(1), "finished_at": _day(21)},
            {"kind": "service", "subject": "c", "started_at": _day(1), "finished_at": None},
            {"kind": "engineer", "subject": "d", "started_at": _day(1), "finished_at": _day(2)},
        ],
        expect=20.0,
    ),
)

MANUAL_APPROVALS = Needle(
    key="manual_approvals",
    label="Manual approvals",
    theme="speed",
    question="How many approvals by hand does a change wait for on its way to production?",
    entity="changes",
    kind=Ratio(at=_.deployed_at, numerator=_.manual_approvals, denominator=1, unit=per("a change")),
    better="lower",
    source="reportkit",
    facts=("change", "changes"),
    state="A change waits for {now} approvals by hand",
    finding="A change now waits for {after} approvals by hand instead of {before}",
    example=Example(  # (3 + 0 + 1) ÷ 3 deployed changes; of the fourth nobody knows
        given=[
            {"deployed_at": _day(5), "manual_approvals": 3.0},
            {"deployed_at": _day(6), "manual_approvals": 0.0},
            {"deployed_at": _day(7), "manual_approvals": 1.0},
            {"deployed_at": _day(8), "manual_approvals": None},
        ],
        expect=4 / 3,
    ),
)
