"""Change management: how safely, and how predictably, changes are let into production."""

from __future__ import annotations

from datetime import datetime

from ibis import _

from reportkit.model.kind import Duration, Share
from reportkit.model.needle import Example, Needle
from reportkit.model.unit import DAYS, TIMES


def _day(day: int, month: int = 2) -> datetime:
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T12:00:00+00:00")


# Neither cancelled nor closed without ever being in production: such a request will not be.
_CARRIED_OUT = (_.outcome != "cancelled").fill_null(True) & (_.closed_at.isnull() | _.implemented_at.notnull())

MANUAL_EVIDENCE = Needle(
    key="manual_evidence",
    label="Manual evidence",
    theme="change",
    question="What share of change requests carries evidence that somebody attached by hand?",
    entity="change_requests",
    kind=Share(at=_.requested_at, yes=_.manual_evidence),
    better="lower",
    source="reportkit",
    facts=("change request", "change requests"),
    state="{now} of change requests carry evidence attached by hand",
    finding="{after} of change requests now carry evidence attached by hand instead of {before}",
    example=Example(  # two of three; of the fourth nobody knows
        given=[
            {"requested_at": _day(2), "manual_evidence": True},
            {"requested_at": _day(3), "manual_evidence": True},
            {"requested_at": _day(4), "manual_evidence": False},
            {"requested_at": _day(5), "manual_evidence": None},
        ],
        expect=2 / 3,
    ),
)

HIGH_RISK_CHANGES = Needle(
    key="high_risk_changes",
    label="High-risk changes",
    theme="change",
    question="What share of change requests is rated as high risk?",
    entity="change_requests",
    kind=Share(at=_.requested_at, yes=_.risk == "high"),
    better="lower",
    source="reportkit",
    facts=("change request", "change requests"),
    state="{now} of change requests are rated as high risk",
    finding="{after} of change requests are now rated as high risk instead of {before}",
    example=Example(  # one of three; the fourth was not rated
        given=[
            {"requested_at": _day(2), "risk": "high"},
            {"requested_at": _day(3), "risk": "medium"},
            {"requested_at": _day(4), "risk": "low"},
            {"requested_at": _day(5), "risk": None},
        ],
        expect=1 / 3,
    ),
)

TIME_TO_PRODUCTION = Needle(
    key="time_to_production",
    label="Time to production",
    theme="change",
    question="How long does a change request take from being raised to being in production?",
    entity="change_requests",
    where=_CARRIED_OUT,
    kind=Duration(start=_.requested_at, end=_.implemented_at, unit=DAYS),
    better="lower",
    source="reportkit",
    optional=("outcome", "closed_at"),
    facts=("change request", "change requests"),
    state="A change request takes {now} to reach production",
    finding="Change requests now reach production in {after} instead of {before}",
    example=Example(  # 2, 4 and 9 days; a cancelled one would have waited for ever
        given=[
            {"requested_at": _day(2), "implemented_at": _day(4), "outcome": "successful"},
            {"requested_at": _day(2), "implemented_at": _day(6), "outcome": "unsuccessful"},
            {"requested_at": _day(2), "implemented_at": _day(11), "outcome": None},
            {"requested_at": _day(2), "implemented_at": None, "outcome": "cancelled"},
            {"requested_at": _day(2), "implemented_at": None, "closed_at": _day(20), "outcome": "unsuccessful"},
        ],
        expect=4.0,
    ),
)

PREDICTABILITY = Needle(
    key="predictability",
    label="Predictability",
    theme="change",
    question="How many times as long as usual do the slowest tenth of change requests take? (90th percentile ÷ median.)",
    entity="change_requests",
    where=_CARRIED_OUT,
    kind=Duration(start=_.requested_at, end=_.implemented_at, unit=TIMES, summary="spread"),
    better="lower",
    source="reportkit",
    optional=("outcome", "closed_at"),
    facts=("change request", "change requests"),
    state="The slowest tenth of change requests take {now} as long as usual",
    finding="The slowest tenth of change requests now take {after} as long as usual instead of {before}",
    example=Example(  # 1 to 10 days: half are left after 5 (5.5 with the next), a tenth after 9 (9.5 with the next)
        given=[
            *({"requested_at": _day(2), "implemented_at": _day(2 + n), "outcome": "successful"} for n in range(1, 11)),
            {"requested_at": _day(2), "implemented_at": None, "outcome": "cancelled"},
        ],
        expect=9.5 / 5.5,
    ),
)

CHANGE_SUCCESS = Needle(
    key="change_success",
    label="Change success",
    theme="change",
    question="What share of the change requests that were carried out succeeded? (Cancelled ones count on neither side.)",
    entity="change_requests",
    where=_.outcome != "cancelled",
    kind=Share(at=_.closed_at, yes=_.outcome == "successful"),
    better="higher",
    source="reportkit",
    facts=("change request", "change requests"),
    state="{now} of change requests succeed",
    finding="{after} of change requests now succeed instead of {before}",
    example=Example(  # two of three; one was cancelled, one is not closed yet
        given=[
            {"closed_at": _day(4), "outcome": "successful"},
            {"closed_at": _day(5), "outcome": "successful"},
            {"closed_at": _day(6), "outcome": "unsuccessful"},
            {"closed_at": _day(7), "outcome": "cancelled"},
            {"closed_at": None, "outcome": None},
        ],
        expect=2 / 3,
    ),
)
