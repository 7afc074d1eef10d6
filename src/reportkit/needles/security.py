"""Security: what is known to be vulnerable, and how long it stays so."""

from __future__ import annotations

from datetime import datetime

from ibis import _

from reportkit.model.kind import Duration, Share, Stock
from reportkit.model.needle import Example, Needle
from reportkit.model.unit import DAYS


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


_FOUND = [  # open since before the quarter; found and gone in it; found in it and open, on the same asset; on a laptop; in test
    {"asset_id": "shop", "asset_kind": "image", "detected_at": _at("2025-11-03"), "remediated_at": None},
    {"asset_id": "till", "asset_kind": "image", "detected_at": _at("2026-01-12"), "remediated_at": _at("2026-01-22")},
    {"asset_id": "shop", "asset_kind": "image", "detected_at": _at("2026-02-02"), "remediated_at": _at("2026-04-08")},
    {"asset_id": "lap7", "asset_kind": "endpoint", "detected_at": _at("2026-02-02"), "remediated_at": None},
]
_IN_TEST = {
    "asset_id": "demo", "asset_kind": "image", "environment": "test",
    "detected_at": _at("2026-02-02"), "remediated_at": None,
}  # fmt: skip

OPEN_VULNERABILITIES = Needle(
    key="open_vulnerabilities",
    label="Known vulnerabilities in production",
    theme="security",
    question="How many known vulnerabilities are open in production?",
    entity="vulnerabilities",
    where=_.in_production,
    kind=Stock(opened=_.detected_at, closed=_.remediated_at),
    better="lower",
    source="reportkit",
    facts=("vulnerability", "vulnerabilities"),
    state="{now} known vulnerabilities are open in production",
    finding="{after} known vulnerabilities are now open in production instead of {before}",
    example=Example(given=[*_FOUND, _IN_TEST], expect=3.0),
)

ENDPOINT_VULNERABILITIES = Needle(
    key="endpoint_vulnerabilities",
    label="Endpoint vulnerabilities",
    theme="security",
    question="How many known vulnerabilities are open on endpoints, such as laptops and phones?",
    entity="vulnerabilities",
    where=_.asset_kind == "endpoint",
    kind=Stock(opened=_.detected_at, closed=_.remediated_at),
    better="lower",
    source="reportkit",
    facts=("endpoint vulnerability", "endpoint vulnerabilities"),
    state="{now} known vulnerabilities are open on endpoints",
    finding="{after} known vulnerabilities are now open on endpoints instead of {before}",
    example=Example(given=_FOUND, expect=1.0),
)

VULNERABLE_ASSETS = Needle(
    key="vulnerable_assets",
    label="Vulnerable assets",
    theme="security",
    question="How many assets in production have at least one known vulnerability?",
    entity="vulnerabilities",
    where=_.in_production,
    kind=Stock(opened=_.detected_at, closed=_.remediated_at, each=_.asset_id),
    better="lower",
    source="reportkit",
    facts=("vulnerable asset", "vulnerable assets"),
    state="{now} assets have a known vulnerability",
    finding="{after} assets now have a known vulnerability instead of {before}",
    example=Example(given=[*_FOUND, _IN_TEST], expect=2.0),
)

REMEDIATION_TIME = Needle(
    key="remediation_time",
    label="Remediation time",
    theme="security",
    question="How long does a known vulnerability in production stay open?",
    entity="vulnerabilities",
    where=_.in_production,
    kind=Duration(start=_.detected_at, end=_.remediated_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("vulnerability", "vulnerabilities"),
    state="A known vulnerability stays open for {now}",
    finding="Known vulnerabilities now stay open for {after} instead of {before}",
    example=Example(  # ends at 10 and 20 days, one found on 2 March still open after 29: two thirds left, then one third
        given=[
            {"detected_at": _at("2026-01-12"), "remediated_at": _at("2026-01-22"), "severity": "high"},
            {"detected_at": _at("2026-01-12"), "remediated_at": _at("2026-02-01"), "severity": "low"},
            {"detected_at": _at("2026-03-02"), "remediated_at": None, "severity": "low"},
            {"detected_at": _at("2026-01-12"), "remediated_at": _at("2026-01-13"), "environment": "test"},
        ],
        expect=20.0,
    ),
)

SECURITY_COVERAGE = Needle(
    key="security_coverage",
    label="Security coverage",
    theme="security",
    question="What share of assets do security scans reach? (As last seen by an inventory.)",
    entity="assets",
    kind=Share(at=_.observed_at, yes=_.scanned, each=_.asset_id),
    better="higher",
    source="reportkit",
    facts=("asset", "assets"),
    state="Security scans reach {now} of assets",
    finding="Security scans now reach {after} of assets instead of {before}",
    example=Example(  # shop was not scanned at first and is now, till never, van always
        given=[
            {"asset_id": "shop", "observed_at": _at("2026-01-05"), "scanned": False},
            {"asset_id": "shop", "observed_at": _at("2026-03-02"), "scanned": True},
            {"asset_id": "till", "observed_at": _at("2026-03-02"), "scanned": False},
            {"asset_id": "van", "observed_at": _at("2026-01-05"), "scanned": True},
        ],
        expect=2 / 3,
    ),
)
