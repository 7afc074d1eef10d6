"""What is true of Northwind: it is invented, so we know. Tests hold reportkit's findings against these constants."""

from __future__ import annotations

from datetime import date

SEED = 20261005

FIRST_DAY = date(2024, 10, 1)  # of the exports
CUT = date(2026, 10, 1)  # the end of 2026-Q3
EXPORTED = date(2026, 10, 6)  # the day after the last in the exports: some facts are later than the quarter

TREATED = ("basket", "checkout", "loyalty", "payments", "pricing")
COMPARISON = ("catalogue", "fulfilment", "returns", "search", "stores")
START = date(2026, 7, 6)
BEFORE = (date(2026, 4, 6), date(2026, 7, 6))
AFTER = (date(2026, 7, 6), date(2026, 9, 28))

# The same world without the proof (`generate(proof=False)`) is the counterfactual. These ratios, after ÷ what would have
# been, hold for the changes that the proof teams began, or the deployments they made, in the after window.
LEAD_TIME_RATIO = 0.300  # medians: 4.15 days where it would have been 13.85
RELEASE_WAIT_RATIO = 0.0248  # medians: 0.27 days where it would have been 10.70
DEPLOYMENT_RATIO = 2.75  # 341 deployments where there would have been 124
# These three are untouched: the two worlds agree to the last row.
MERGE_TIME_RATIO = 1.0
FEATURES_RATIO = 1.0
ONBOARDING_RATIO = 1.0
