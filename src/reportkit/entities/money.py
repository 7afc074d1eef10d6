"""Money: what things cost, and how much they are used."""

from __future__ import annotations

from reportkit.entities.contract import Doubt, Entity, Field, Rule, at_least, ordered

COSTS = Entity(
    name="costs",
    meaning="a charge, with the columns of FOCUS 1.x; an export with FOCUS's own column names needs no mapping",
    key="charge_id",
    moment="charged_at",
    systems=("focus",),
    numbered=True,  # FOCUS identifies no single charge
    own=(
        Field("charged_at", "time", "when the charge period began", required=True, alias="ChargePeriodStart"),
        Field("charge_ended_at", "time", "when it ended", alias="ChargePeriodEnd"),
        Field("currency", "text", "ISO 4217 code of all its costs", required=True, alias="BillingCurrency"),
        Field("effective_cost", "number", "its cost after discounts, prepayments spread", unit="money", alias="EffectiveCost"),
        Field("billed_cost", "number", "what was invoiced", unit="money", alias="BilledCost"),
        Field("list_cost", "number", "its cost at list prices", unit="money", alias="ListCost"),
        Field("contracted_cost", "number", "its cost at negotiated prices", unit="money", alias="ContractedCost"),
        Field("charge_category", "text", "Usage, Purchase, Tax, Credit, Adjustment", alias="ChargeCategory"),
        Field("service_category", "text", "what kind of service: Compute, Storage, Databases …", alias="ServiceCategory"),
        Field("service_name", "text", "the provider's name of the service", alias="ServiceName"),
        Field("provider", "text", "who provides it", alias="ProviderName"),
        Field("account", "text", "the account that uses it", alias="SubAccountId"),
        Field("resource", "text", "the resource that was charged for", alias="ResourceId"),
        Field("region", "text", "where it runs", alias="RegionId"),
        Field(
            "ledger", "text", "cost, or benefit: money saved or earned that finance has put down to the platform",
            allowed=("cost", "benefit"), default="cost",
        ),
    ),
    rules=(
        *ordered(("charged_at", "charge_ended_at")),
        Rule("coalesce(effective_cost, billed_cost) IS NOT NULL", "no effective and no billed cost"),
        Rule("regexp_full_match(currency, '[A-Z]{3}')", "the currency is no ISO 4217 code"),
    ),
    doubts=(
        Doubt(
            sql="count(*) FILTER (effective_cost = 0 AND billed_cost > 0) > count(*) FILTER (billed_cost > 0) / 2",
            text=(
                "EffectiveCost is 0 beside a BilledCost above 0 in {n} of {of} billed charges: the effective costs add up to "
                "{effective}, the billed ones to {billed}. Needles count effective costs."
            ),
            mend="Map `effective_cost: BilledCost` if the export does not spread prepayments.",
            values={
                "n": "count(*) FILTER (effective_cost = 0 AND billed_cost > 0)",
                "of": "count(*) FILTER (billed_cost > 0)",
                "effective": "round(sum(effective_cost), 2)",
                "billed": "round(sum(billed_cost), 2)",
            },
            columns=("effective_cost", "billed_cost"),
        ),
    ),
)  # fmt: skip

USAGE = Entity(
    name="usage",
    meaning="how much something was used in one period: customers served, journeys completed",
    key="usage_id",
    moment="measured_at",
    own=(
        Field("metric", "text", "what was counted: customers, journeys …", required=True),
        Field("measured_at", "time", "when the counted period began", required=True),
        Field("quantity", "number", "how many", required=True),
    ),
    rules=(at_least("quantity"),),
)
