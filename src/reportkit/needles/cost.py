"""Cost: what running things costs, and what it gives back."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis import _

from reportkit.model.kind import Per, Rate, Ratio
from reportkit.model.needle import Example, Needle
from reportkit.model.unit import SHARE, money_per


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


def _charge(day: str, cost: float, category: str = "Compute", **more: object) -> dict[str, object]:
    row = {"charged_at": _at(day), "currency": "EUR", "effective_cost": cost, "service_category": category}
    return {**row, "ledger": "cost", **more}


_COST = ibis.coalesce(_.effective_cost, _.billed_cost)  # an export that spreads no prepayments has billed ones only
_IS_COST = _.ledger == "cost"
_STORAGE = ("Storage", "Databases")
_OUR_OWN = ("People", "Licences")  # what finance puts down beside a provider's bill
_CHARGES = [  # 300 − 30 of hosting, 60 of storage, and 500 that was saved
    _charge("2026-01-05", 300.0),
    _charge("2026-02-05", -30.0),
    _charge("2026-03-05", 60.0, "Storage"),
    _charge("2026-03-05", 500.0, "Other", ledger="benefit"),
]


def _monthly(key: str, label: str, question: str, where: object, state: str, expect: float) -> Needle:
    return Needle(
        key=key,
        label=label,
        theme="cost",
        question=question,
        entity="costs",
        where=where,
        optional=("effective_cost", "billed_cost"),
        kind=Rate(at=_.charged_at, per="month", counts="amount", amount=_COST),
        better="lower",
        source="FOCUS (EffectiveCost)",
        facts=("charge", "charges"),
        state=f"{state} {{now}} a month",
        finding=f"{state} now {{after}} a month instead of {{before}}",
        example=Example(given=_CHARGES, expect=expect),
    )


HOSTING_COST = _monthly(
    "hosting_cost", "Hosting cost",
    "What does hosting cost a month? (All charges but storage and databases, and but 'People' and 'Licences' that finance puts down.)",
    _IS_COST & ~_.service_category.fill_null("").isin((*_STORAGE, *_OUR_OWN)), "Hosting costs", 270 / 3,
)  # fmt: skip
STORAGE_COST = _monthly(
    "storage_cost", "Storage cost", "What do storage and databases cost a month?",
    _IS_COST & _.service_category.isin(_STORAGE), "Storage and databases cost", 60 / 3,
)  # fmt: skip
TOTAL_COST_OF_OWNERSHIP = _monthly(
    "total_cost_of_ownership", "Total cost of ownership",
    "What does all of it cost a month: charges, licences and people's time, as far as they are put down as costs?",
    _IS_COST, "All of it costs", 330 / 3,
)  # fmt: skip

SERVICE_COST = Needle(
    key="service_cost",
    label="Service cost",
    theme="cost",
    question="What does it cost to run a service for a month?",
    entity="costs",
    where=_IS_COST,
    optional=("effective_cost", "billed_cost", "retired_at"),
    kind=Ratio(
        at=_.charged_at,
        numerator=_COST,
        denominator=Per("services", at=_.created_at, until=_.retired_at),
        unit=money_per("a service and month"),
    ),
    better="lower",
    source="FOCUS (EffectiveCost)",
    facts=("charge", "charges"),
    state="Running a service costs {now} a month",
    finding="Running a service now costs {after} a month instead of {before}",
    example=Example(  # 330 over two services that stood through all three months
        given=_CHARGES,
        beside={
            "services": [
                {"service_id": "a", "created_at": _at("2024-05-01"), "retired_at": None},
                {"service_id": "b", "created_at": _at("2024-05-01"), "retired_at": None},
            ]
        },
        expect=330 / 6,
    ),
)

COST_PER_CUSTOMER = Needle(
    key="cost_per_customer",
    label="Cost per customer",
    theme="cost",
    question="What does a customer cost us a month?",
    entity="costs",
    where=_IS_COST,
    optional=("effective_cost", "billed_cost"),
    kind=Ratio(
        at=_.charged_at,
        numerator=_COST,
        denominator=Per("usage", at=_.measured_at, amount=_.quantity, where=_.metric == "customers"),
        unit=money_per("a customer and month"),
    ),
    better="lower",
    source="FinOps (unit economics)",
    facts=("charge", "charges"),
    state="A customer costs {now} a month",
    finding="A customer now costs {after} a month instead of {before}",
    example=Example(  # 330 over 50 + 60 + 55 customers of the three months
        given=_CHARGES,
        beside={
            "usage": [
                {"metric": "customers", "measured_at": _at("2026-01-01"), "quantity": 50.0},
                {"metric": "customers", "measured_at": _at("2026-02-01"), "quantity": 60.0},
                {"metric": "customers", "measured_at": _at("2026-03-01"), "quantity": 55.0},
                {"metric": "journeys", "measured_at": _at("2026-03-01"), "quantity": 900.0},
            ]
        },
        expect=330 / 165,
    ),
)

COST_PER_JOURNEY = Needle(
    key="cost_per_journey",
    label="Cost per journey",
    theme="cost",
    question="What does it cost to take one customer through a journey? (Journeys of which both cost and number are known.)",
    entity="costs",
    where=_IS_COST,
    optional=("effective_cost", "billed_cost"),
    kind=Ratio(
        at=_.charged_at,
        numerator=_COST,
        denominator=Per("usage", at=_.measured_at, amount=_.quantity, where=_.metric == "journeys", by=("journey",)),
        unit=money_per("a journey"),
    ),
    better="lower",
    source="FinOps (unit economics)",
    facts=("charge", "charges"),
    state="A journey costs {now}",
    finding="A journey now costs {after} instead of {before}",
    example=Example(  # buying: 300 for 600; of returning nobody knows the cost, of searching nobody the number
        given=[
            _charge("2026-01-05", 300.0, journey="buying"),
            _charge("2026-01-05", 70.0, journey="searching"),
            _charge("2026-01-05", 9.0, journey=None),
            _charge("2026-01-05", 40.0, journey="buying", ledger="benefit"),
        ],
        beside={
            "usage": [
                {"metric": "journeys", "journey": "buying", "measured_at": _at("2026-01-01"), "quantity": 600.0},
                {"metric": "journeys", "journey": "returning", "measured_at": _at("2026-01-01"), "quantity": 80.0},
            ]
        },
        expect=300 / 600,
    ),
)

RETURN_ON_INVESTMENT = Needle(
    key="return_on_investment",
    label="Return on investment",
    theme="cost",
    question="How much more came back than was spent, as a share of what was spent? (Benefits are what finance put down.)",
    entity="costs",
    optional=("effective_cost", "billed_cost"),
    kind=Ratio(
        at=_.charged_at,
        numerator=ibis.ifelse(_.ledger == "benefit", _COST, -_COST),
        denominator=ibis.ifelse(_.ledger == "cost", _COST, 0.0),
        unit=SHARE,
        scale="difference",
    ),
    better="higher",
    source="(benefit − cost) ÷ cost",
    facts=("entry", "entries"),
    state="The return on what was spent is {now}",
    finding="The return on what is spent is now {after} instead of {before}",
    example=Example(given=_CHARGES, expect=(500 - 330) / 330),
)
