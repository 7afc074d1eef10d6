"""Flow: where the time of a change, and of those who make it, goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis
from ibis import _

from reportkit.model.kind import Duration, Ratio
from reportkit.model.needle import Example, Needle
from reportkit.model.unit import DAYS, SHARE


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def _days(end: Any, start: Any) -> Any:
    """Days between two times; nothing where they run backwards, which is not known to be any length."""
    # Engines that read 86400e6 as a decimal would round the quotient.
    days = end.delta(start, unit="microsecond").cast("float64") / 86_400e6
    return ibis.ifelse(end >= start, days, ibis.null())


# Waiting for a first review, then from the merge (or, where it is known, from passing build and tests) to production.
_REVIEWED = ibis.coalesce(_.first_review_at, _.opened_at)
_READY = ibis.coalesce(_.built_at, _.merged_at)
_WAITED = _days(_REVIEWED, _.opened_at) + _days(_.deployed_at, _READY)
# A commit that was rewritten after the opening, by a rebase, is no later beginning.
_BEGUN = ibis.least(ibis.coalesce(_.first_commit_at, _.opened_at), ibis.coalesce(_.opened_at, _.first_commit_at))
_TAKEN = _days(_.deployed_at, _BEGUN)

_WAYS = [  # opened after 1 day, reviewed 2 days later, merged 1 day later, released 4 days later: 6 of 8 days were waiting
    {
        "first_commit_at": _at("2026-02-02T00:00:00"), "opened_at": _at("2026-02-03T00:00:00"),
        "first_review_at": _at("2026-02-05T00:00:00"), "merged_at": _at("2026-02-06T00:00:00"),
        "built_at": None, "deployed_at": _at("2026-02-10T00:00:00"),
    },
    # 1 of 4 days: no review, built a day after the merge, released the next day
    {
        "first_commit_at": _at("2026-02-02T00:00:00"), "opened_at": _at("2026-02-03T00:00:00"),
        "first_review_at": None, "merged_at": _at("2026-02-04T00:00:00"),
        "built_at": _at("2026-02-05T00:00:00"), "deployed_at": _at("2026-02-06T00:00:00"),
    },
]  # fmt: skip

RELEASE_WAIT = Needle(
    key="release_wait",
    label="Release wait",
    theme="flow",
    question="How long does a merged change wait for its release? (The release part of the coordination tax.)",
    entity="changes",
    where=_.abandoned_at.isnull(),
    optional=("abandoned_at",),
    kind=Duration(start=_.merged_at, end=_.deployed_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("merged change", "merged changes"),
    state="A merged change waits {now} for its release",
    finding="Merged changes now wait {after} for their release instead of {before}",
    example=Example(  # 6 hours, 2 days and 5 days of waiting; the fourth still waits
        given=[
            {"merged_at": _at("2026-02-02T06:00:00"), "deployed_at": _at("2026-02-02T12:00:00")},
            {"merged_at": _at("2026-02-02T00:00:00"), "deployed_at": _at("2026-02-04T00:00:00")},
            {"merged_at": _at("2026-02-02T00:00:00"), "deployed_at": _at("2026-02-07T00:00:00")},
            {"merged_at": _at("2026-03-20T00:00:00"), "deployed_at": None},
            {"merged_at": _at("2026-02-03T00:00:00"), "deployed_at": None, "abandoned_at": _at("2026-02-04T00:00:00")},
        ],
        expect=3.5,  # survival ¾ at 6 hours and exactly ½ at 2 days; the next end is at 5 days: the middle of 2 and 5
    ),
)

COORDINATION_TAX = Needle(
    key="coordination_tax",
    label="Coordination tax",
    theme="flow",
    question="How many days does a change wait for others: for its first review, and once it is merged (or built) for approval and release?",
    entity="changes",
    optional=("built_at",),
    kind=Ratio(at=_.deployed_at, numerator=_WAITED, denominator=1, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("change", "changes"),
    state="A change waits {now} for others",
    finding="A change now waits {after} for others instead of {before}",
    example=Example(given=_WAYS, expect=(6 + 1) / 2),
)

FLOW_EFFICIENCY = Needle(
    key="flow_efficiency",
    label="Flow efficiency",
    theme="flow",
    question="In what share of its time on the way to production is a change being worked on?",
    entity="changes",
    optional=("built_at",),
    kind=Ratio(at=_.deployed_at, numerator=_TAKEN - _WAITED, denominator=_TAKEN, unit=SHARE, scale="difference"),
    better="higher",
    source="Kanban (time worked ÷ time taken)",
    facts=("change", "changes"),
    state="A change is worked on for {now} of its way",
    finding="A change is now worked on for {after} of its way instead of {before}",
    example=Example(given=_WAYS, expect=(2 + 3) / (8 + 4)),
)

VALUE_TIME = Needle(
    key="value_time",
    label="Time spent on value",
    theme="flow",
    question="What share of engineering time goes into work for end users?",
    entity="time_use",
    kind=Ratio(
        at=_.worked_at,
        numerator=ibis.ifelse(_.category == "value", _.hours, 0.0),
        denominator=_.hours,
        unit=SHARE,
        scale="difference",
    ),
    better="higher",
    source="reportkit",
    facts=("entry", "entries"),
    personal=True,
    state="{now} of engineering time goes into work for end users",
    finding="{after} of engineering time now goes into work for end users instead of {before}",
    example=Example(  # 60 of 200 hours, and not the mean of five shares
        given=[
            {"person": "a", "worked_at": _at("2026-02-02T00:00:00"), "hours": 40.0, "category": "value"},
            {"person": "b", "worked_at": _at("2026-02-02T00:00:00"), "hours": 20.0, "category": "value"},
            {"person": "c", "worked_at": _at("2026-02-02T00:00:00"), "hours": 40.0, "category": "coordination"},
            {"person": "d", "worked_at": _at("2026-02-02T00:00:00"), "hours": 90.0, "category": "toil"},
            {"person": "e", "worked_at": _at("2026-02-02T00:00:00"), "hours": 10.0, "category": "other"},
        ],
        expect=60 / 200,
    ),
)
