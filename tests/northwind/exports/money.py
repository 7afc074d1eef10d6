"""The cloud's bill in FOCUS 1.0, what finance puts down beside it, and how much is used."""

from __future__ import annotations

from datetime import timedelta

from tests.northwind import money as made
from tests.northwind import truth
from tests.northwind.exports.dirt import DIRT, Row, compact, table
from tests.northwind.teams import SERVICES

FOCUS = (
    "BilledCost", "BillingCurrency", "BillingPeriodStart", "ChargeCategory", "ChargePeriodEnd", "ChargePeriodStart", "EffectiveCost",
    "ListCost", "ProviderName", "RegionId", "ResourceId", "ServiceCategory", "ServiceName", "SubAccountId", "Tags",
)  # fmt: skip


def focus() -> str:
    """One charge of one resource and week a row, FOCUS's own column names; who runs it stands in the tags."""
    rows: list[Row] = []
    for service, category, product, monday, cost, listed in made.charges():
        if monday < truth.EXPORTED:
            rows.append([
                f"{cost:.2f}", "GBP", f"{monday:%Y-%m}-01T00:00:00Z", "Usage", f"{monday + timedelta(days=7)}T00:00:00Z",
                f"{monday}T00:00:00Z", f"{cost:.2f}", f"{listed:.2f}", "Nordcloud", "eu-north-2", f"{service}-{category.lower()}",
                category, product, SERVICES[service].name, compact({"service": service}),
            ])  # fmt: skip
    for row in rows[500 : 500 + 1500 * DIRT.charges_without_currency : 1500]:
        row[1] = ""
    return table(FOCUS, sorted(rows, key=lambda row: (row[5], row[10])))


def finance() -> str:
    """One entry a month and kind."""
    return table(
        ("month", "ledger", "what", "pounds"),
        [[day, ledger, what, f"{pounds:.2f}"] for day, ledger, what, pounds in made.finance()],
    )


def usage() -> str:
    """One count a month."""
    return table(("month", "metric", "journey", "quantity"), made.usage())
