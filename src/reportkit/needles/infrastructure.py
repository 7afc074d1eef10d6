"""Infrastructure: how much runs on the common ground, and how much work it makes."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis import _

from reportkit.model.kind import Per, Ratio, Share
from reportkit.model.needle import Example, Needle
from reportkit.model.unit import SHARE, per


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


_RUN = [  # on the platform since before the quarter; since February; not at all; switched off in January; not yet there
    {"service_id": "a", "created_at": _at("2024-05-01"), "adopted_at": _at("2025-05-01"), "retired_at": None},
    {"service_id": "b", "created_at": _at("2024-05-01"), "adopted_at": _at("2026-02-02"), "retired_at": None},
    {"service_id": "c", "created_at": _at("2024-05-01"), "adopted_at": None, "retired_at": None},
    {
        "service_id": "d",
        "created_at": _at("2024-05-01"),
        "adopted_at": _at("2025-05-01"),
        "retired_at": _at("2025-12-12"),
    },
]

ADOPTION = Needle(
    key="adoption",
    label="Adoption",
    theme="infrastructure",
    question="What share of the services that are run is on the platform?",
    entity="services",
    optional=("retired_at",),
    kind=Share(at=_.created_at, until=_.retired_at, yes=_.adopted_at),
    better="higher",
    source="reportkit",
    facts=("service", "services"),
    state="{now} of services are on the platform",
    finding="{after} of services are now on the platform instead of {before}",
    example=Example(given=_RUN, expect=2 / 3),
)

STANDARD_PATH = Needle(
    key="standard_path",
    label="Standard path",
    theme="infrastructure",
    question="What share of production deployments takes the standard path?",
    entity="deployments",
    where=_.counted,
    kind=Share(at=_.deployed_at, yes=_.standard_path),
    better="higher",
    source="reportkit",
    facts=("deployment", "deployments"),
    state="{now} of deployments take the standard path",
    finding="{after} of deployments now take the standard path instead of {before}",
    example=Example(  # one of two; the third went to test, of the fourth nobody knows
        given=[
            {"deployed_at": _at("2026-02-02"), "standard_path": True},
            {"deployed_at": _at("2026-02-03"), "standard_path": False},
            {"deployed_at": _at("2026-02-03"), "standard_path": True, "environment": "test"},
            {"deployed_at": _at("2026-02-03"), "standard_path": None},
        ],
        expect=1 / 2,
    ),
)

ENVIRONMENT_DRIFT = Needle(
    key="environment_drift",
    label="Environment drift",
    theme="infrastructure",
    question="What share of environments differs from what is declared in code? (As last checked.)",
    entity="environments",
    optional=("service",),
    kind=Share(at=_.checked_at, yes=_.drifted, each=_.service.fill_null("") + "/" + _.environment),
    better="lower",
    source="reportkit",
    facts=("environment", "environments"),
    state="{now} of environments differ from what is declared",
    finding="{after} of environments now differ from what is declared instead of {before}",
    example=Example(  # shop had drifted and was mended, till drifted, van never did; of bay two checks at once disagree: it did
        given=[
            {"environment": "bay", "checked_at": _at("2026-03-02"), "drifted": True},
            {"environment": "bay", "checked_at": _at("2026-03-02"), "drifted": False},
            {"environment": "shop", "checked_at": _at("2026-01-05"), "drifted": True},
            {"environment": "shop", "checked_at": _at("2026-03-02"), "drifted": False},
            {"environment": "till", "checked_at": _at("2026-03-02"), "drifted": True},
            {"environment": "van", "checked_at": _at("2026-03-02"), "drifted": False},
        ],
        expect=2 / 4,
    ),
)

TOIL = Needle(
    key="toil",
    label="Toil",
    theme="infrastructure",
    question="What share of engineering time goes into manual work that a machine could do?",
    entity="time_use",
    kind=Ratio(
        at=_.worked_at,
        numerator=ibis.ifelse(_.category == "toil", _.hours, 0.0),
        denominator=_.hours,
        unit=SHARE,
        scale="difference",
    ),
    better="lower",
    source="Google SRE",
    facts=("entry", "entries"),
    personal=True,
    state="{now} of engineering time is toil",
    finding="{after} of engineering time is now toil instead of {before}",
    example=Example(  # 30 of 150 hours
        given=[
            {"person": p, "worked_at": _at("2026-02-02"), "hours": hours, "category": category}
            for p, hours, category in [
                ("a", 30.0, "toil"), ("b", 10.0, "value"), ("c", 40.0, "value"), ("d", 40.0, "other"), ("e", 30.0, "value"),
            ]
        ],
        expect=30 / 150,
    ),
)  # fmt: skip

INCIDENTS_PER_SERVICE = Needle(
    key="incidents_per_service",
    label="Incidents per service",
    theme="infrastructure",
    question="How many incidents does a service have a month?",
    entity="incidents",
    where=_.in_production,
    optional=("retired_at",),
    kind=Ratio(
        at=_.started_at,
        numerator=1,
        denominator=Per("services", at=_.created_at, until=_.retired_at),
        unit=per("a service and month"),
    ),
    better="lower",
    source="reportkit",
    facts=("incident", "incidents"),
    state="There are {now} incidents a service and month",
    finding="There are now {after} incidents a service and month instead of {before}",
    example=Example(  # two incidents over three services that stood through all three months; one happened in test
        given=[
            {"started_at": _at("2026-02-02")},
            {"started_at": _at("2026-02-03")},
            {"started_at": _at("2026-02-03"), "environment": "test"},
        ],
        beside={"services": _RUN},
        expect=2 / 9,
    ),
)
