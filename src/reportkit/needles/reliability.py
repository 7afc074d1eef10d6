"""Reliability: whether what runs does what was promised, and what happens when it does not."""

from __future__ import annotations

from datetime import datetime

from ibis import _

from reportkit.model.kind import Duration, Rate, Ratio, Share
from reportkit.model.needle import Example, Needle
from reportkit.model.unit import HOURS, SHARE


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+00:00")


_WINDOWS = [  # 1,990 of 2,000 at an objective of 99 %, 900 of 1,000 at 95 %
    {"started_at": _at("02-02T00:00:00"), "good": 1990.0, "total": 2000.0, "objective": 0.99},
    {"started_at": _at("02-03T00:00:00"), "good": 900.0, "total": 1000.0, "objective": 0.95},
]

AVAILABILITY = Needle(
    key="availability",
    label="Availability",
    theme="reliability",
    question="What share of requests (or minutes) was served well?",
    entity="slo_windows",
    kind=Ratio(at=_.started_at, numerator=_.good, denominator=_.total, unit=SHARE, scale="difference"),
    better="higher",
    source="Google SRE (good events ÷ valid events)",
    facts=("window", "windows"),
    state="{now} of requests are served well",
    finding="{after} of requests are now served well instead of {before}",
    example=Example(given=_WINDOWS, expect=2890 / 3000),
)

SLO_ATTAINMENT = Needle(
    key="slo_attainment",
    label="SLO attainment",
    theme="reliability",
    question="In what share of the windows was the service-level objective met?",
    entity="slo_windows",
    where=_.total > 0,  # a window without a single event meets nothing and misses nothing
    kind=Share(at=_.started_at, yes=_.good >= _.objective * _.total),
    better="higher",
    source="Google SRE",
    facts=("window", "windows"),
    state="The service-level objectives are met in {now} of the windows",
    finding="The service-level objectives are now met in {after} of the windows instead of {before}",
    example=Example(
        given=[*_WINDOWS, {"started_at": _at("02-04T00:00:00"), "good": 0.0, "total": 0.0, "objective": 0.95}],
        expect=1 / 2,
    ),
)

ERROR_BUDGET_SPENT = Needle(
    key="error_budget_spent",
    label="Error budget spent",
    theme="reliability",
    question="How much of the errors that the objective allows were made?",
    entity="slo_windows",
    kind=Ratio(
        at=_.started_at, numerator=_.total - _.good, denominator=(1 - _.objective) * _.total, unit=SHARE, scale="ratio"
    ),
    better="lower",
    source="Google SRE",
    facts=("window", "windows"),
    state="{now} of the error budget is spent",
    finding="{after} of the error budget is now spent instead of {before}",
    example=Example(given=_WINDOWS, expect=(10 + 100) / (20 + 50)),
)

SLA_BREACHES = Needle(
    key="sla_breaches",
    label="SLA breaches",
    theme="reliability",
    question="How many incidents a week take longer to resolve than was promised? (Counted when they are resolved.)",
    entity="incidents",
    where=_.sla_breached & _.in_production,
    kind=Rate(at=_.resolved_at, per="week"),
    better="lower",
    source="reportkit",
    facts=("breach", "breaches"),
    state="There are {now} SLA breaches a week",
    finding="There are now {after} SLA breaches a week instead of {before}",
    example=Example(  # one of three, over 90 days; the third is not resolved yet
        given=[
            {"started_at": _at("02-02T00:00:00"), "resolved_at": _at("02-05T00:00:00"), "sla_breached": True},
            {"started_at": _at("02-02T00:00:00"), "resolved_at": _at("02-02T01:00:00"), "sla_breached": False},
            {"started_at": _at("02-02T00:00:00"), "resolved_at": None, "sla_breached": True},
        ],
        expect=7 / 90,
    ),
)

TIME_TO_RESOLVE = Needle(
    key="time_to_resolve",
    label="Time to resolve",
    theme="reliability",
    question="How long does an incident take from its start until it is resolved?",
    entity="incidents",
    kind=Duration(start=_.started_at, end=_.resolved_at, unit=HOURS),
    better="lower",
    source="reportkit",
    facts=("incident", "incidents"),
    state="An incident takes {now} to resolve",
    finding="Incidents are now resolved in {after} instead of {before}",
    example=Example(  # ends at 2, 5 and 9 hours with one still open: down to exactly a half at 5, so the middle of 5 and 9
        given=[
            {"started_at": _at("02-02T10:00:00"), "resolved_at": _at("02-02T12:00:00")},
            {"started_at": _at("02-02T10:00:00"), "resolved_at": _at("02-02T15:00:00")},
            {"started_at": _at("02-02T10:00:00"), "resolved_at": _at("02-02T19:00:00")},
            {"started_at": _at("02-02T10:00:00"), "resolved_at": None},
        ],
        expect=7.0,
    ),
)

_OUTAGES = [  # 10:00 to 10:40 and 10:30 to 11:00 are one outage of an hour; another of half an hour; a mere incident
    {"started_at": _at("02-02T10:00:00"), "resolved_at": _at("02-02T10:40:00"), "outage": True},
    {"started_at": _at("02-02T10:30:00"), "resolved_at": _at("02-02T11:00:00"), "outage": True},
    {"started_at": _at("03-02T10:00:00"), "resolved_at": _at("03-02T10:30:00"), "outage": True},
    {"started_at": _at("03-05T10:00:00"), "resolved_at": _at("03-05T22:00:00"), "outage": False},
]

OUTAGES = Needle(
    key="outages",
    label="Outages",
    theme="reliability",
    question="How many outages are there a month? (Overlapping ones are one.)",
    entity="incidents",
    where=_.outage & _.in_production,
    kind=Rate(at=_.started_at, until=_.resolved_at, per="month", counts="spells"),
    better="lower",
    source="reportkit",
    facts=("outage", "outages"),
    state="There are {now} outages a month",
    finding="There are now {after} outages a month instead of {before}",
    example=Example(given=_OUTAGES, expect=2 / 3),
)

OUTAGE_MINUTES = Needle(
    key="outage_minutes",
    label="Outage minutes",
    theme="reliability",
    question="For how many minutes a month could customers not use something? (Overlapping outages count once.)",
    entity="incidents",
    where=_.outage & _.in_production,
    kind=Rate(at=_.started_at, until=_.resolved_at, per="month", counts="minutes"),
    better="lower",
    source="reportkit",
    facts=("outage", "outages"),
    state="Outages last {now} a month",
    finding="Outages now last {after} a month instead of {before}",
    example=Example(given=_OUTAGES, expect=(60 + 30) / 3),
)

KEY_EVENT_OUTAGES = Needle(
    key="key_event_outages",
    label="Outages in key events",
    theme="reliability",
    question="How many outages fell into the key events of a quarter, such as a sale?",
    entity="incidents",
    where=_.outage & _.in_production,
    kind=Rate(at=_.key_event_at, until=_.resolved_at, per="quarter", counts="spells"),
    better="lower",
    source="reportkit",
    facts=("outage", "outages"),
    state="There were {now} outages in key events in the quarter",
    finding="There were {after} outages in key events in a quarter instead of {before}",
    example=Example(  # in examples 2 and 3 February are a key event: the first two rows are one outage in it, here is another
        given=[
            *_OUTAGES,
            {"started_at": _at("02-03T10:00:00"), "resolved_at": _at("02-03T10:10:00"), "outage": True},
            {"started_at": _at("02-03T12:00:00"), "resolved_at": _at("02-03T12:10:00"), "outage": False},
        ],
        expect=2.0,
    ),
)

_DEPLOYED = [
    {"deployment_id": "d1", "service": "shop", "deployed_at": _at("02-02T10:00:00"), "rework": False},
    {"deployment_id": "d2", "service": "shop", "deployed_at": _at("02-09T10:00:00"), "rework": False},
    {"deployment_id": "d3", "service": "shop", "deployed_at": _at("02-09T12:00:00"), "rework": True},
    {"deployment_id": "d4", "service": "till", "deployed_at": _at("02-09T10:20:00"), "rework": False},
]
_BROKE = [  # after d2 of the same service; after no deployment of its own service
    {
        "incident_id": "i1", "service": "shop", "started_at": _at("02-09T10:30:00"),
        "resolved_at": _at("02-09T12:30:00"), "deployment_id": None,
    },
    {
        "incident_id": "i2", "service": "dock", "started_at": _at("02-09T10:30:00"),
        "resolved_at": _at("02-09T11:00:00"), "deployment_id": None,
    },
]  # fmt: skip
_MORE = [  # d2 broke more than that: beside it, again within a day, and two weeks later; d4 broke something too
    _BROKE[0] | {"incident_id": "i3", "started_at": _at("02-09T10:45:00"), "resolved_at": _at("02-09T11:00:00")},
    _BROKE[0] | {"incident_id": "i4", "started_at": _at("02-09T13:00:00"), "resolved_at": _at("02-09T13:30:00"), "deployment_id": "d2"},
    _BROKE[0] | {"incident_id": "i5", "started_at": _at("02-23T10:00:00"), "resolved_at": _at("02-23T19:00:00"), "deployment_id": "d2"},
    _BROKE[0] | {"incident_id": "i6", "started_at": _at("02-09T10:50:00"), "resolved_at": _at("02-09T11:50:00"), "service": "till"},
]  # fmt: skip

RECOVERY_TIME = Needle(
    key="recovery_time",
    label="Failed deployment recovery time",
    theme="reliability",
    question="How long does it take to recover from a deployment that failed? (Each once, until all that it broke is restored.)",
    entity="deployments",
    kind=Duration(start=_.failed_at, end=_.recovered_at, unit=HOURS, median="apart"),
    better="lower",
    source="DORA",
    facts=("failed deployment", "failed deployments"),
    state="Recovering from a failed deployment takes {now}",
    finding="Recovering from a failed deployment now takes {after} instead of {before}",
    example=Example(  # d2 from 10:30 to 13:30, d4 from 10:50 to 11:50: the middle of 3 hours and 1
        given=_DEPLOYED, beside={"incidents": [*_BROKE, *_MORE]}, expect=2.0
    ),
)

CHANGE_FAILURE_RATE = Needle(
    key="change_failure_rate",
    label="Change failure rate",
    theme="reliability",
    question="What share of production deployments leads to an incident?",
    entity="deployments",
    where=_.counted,
    kind=Share(at=_.deployed_at, yes=_.failed),
    better="lower",
    source="DORA",
    facts=("deployment", "deployments"),
    state="{now} of deployments fail in production",
    finding="{after} of deployments now fail in production instead of {before}",
    example=Example(
        given=[*_DEPLOYED, {"deployment_id": "d5", "deployed_at": _at("02-10T10:00:00"), "environment": "staging"}],
        beside={"incidents": _BROKE},
        expect=1 / 4,
    ),
)

DEPLOYMENT_REWORK_RATE = Needle(
    key="deployment_rework_rate",
    label="Deployment rework rate",
    theme="reliability",
    question="What share of production deployments was unplanned, to mend what an earlier one broke?",
    entity="deployments",
    where=_.counted,
    kind=Share(at=_.deployed_at, yes=_.rework),
    better="lower",
    source="DORA",
    facts=("deployment", "deployments"),
    state="{now} of deployments are rework",
    finding="{after} of deployments are now rework instead of {before}",
    example=Example(
        given=[*_DEPLOYED, {"deployed_at": _at("02-10T10:00:00"), "environment": "staging", "rework": True}],
        expect=1 / 4,
    ),
)

_MEASURED = [  # checkout was covered and is no more; returns is; a use case that is not key, and another kind of test
    {"use_case": "checkout", "measured_at": _at("01-12T00:00:00"), "covered": True},
    {"use_case": "checkout", "measured_at": _at("03-02T00:00:00"), "covered": False},
    {"use_case": "returns", "measured_at": _at("02-02T00:00:00"), "covered": True},
    {"use_case": "wishes", "measured_at": _at("02-02T00:00:00"), "covered": True, "key_use_case": False},
]


def _coverage(kind: str, other: str) -> Needle:
    word = kind.replace("_", "-")
    rows = [{"kind": kind, "key_use_case": True} | row for row in _MEASURED]
    return Needle(
        key=f"{kind}_coverage",
        label=f"{word.capitalize()} coverage",
        theme="reliability",
        question=f"What share of the key business use cases is covered by {word} tests? (As last measured.)",
        entity="test_coverage",
        where=(_.kind == kind) & _.key_use_case,
        optional=("service",),
        kind=Share(at=_.measured_at, yes=_.covered, each=_.service.fill_null("") + "/" + _.use_case),
        better="higher",
        source="reportkit",
        facts=("use case", "use cases"),
        state=f"{{now}} of key use cases are covered by {word} tests",
        finding=f"{{after}} of key use cases are now covered by {word} tests instead of {{before}}",
        example=Example(given=[*rows, {**rows[2], "kind": other, "use_case": "parcels"}], expect=1 / 2),
    )


FUNCTIONAL_COVERAGE = _coverage("functional", "reliability")
NON_FUNCTIONAL_COVERAGE = _coverage("non_functional", "functional")
RELIABILITY_COVERAGE = _coverage("reliability", "functional")
