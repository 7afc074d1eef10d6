"""What is true of Northwind: it is invented, so we know. Tests hold reportkit's findings against these constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

SEED = 20261005

FIRST_DAY = date(2024, 10, 1)  # of the exports
CUT = date(2026, 10, 1)  # the end of 2026-Q3
EXPORTED = date(2026, 10, 6)  # the day after the last in the exports: some facts are later than the quarter


@dataclass(frozen=True)
class Tried:
    """One proof of concept: its teams, its first day, and the weeks on either side. All other teams carried on as before."""

    treated: tuple[str, ...]
    start: date
    before: int = 13
    after: int = 13
    settling_in: int = 0

    @property
    def windows(self) -> tuple[tuple[date, date], tuple[date, date]]:
        """First day, and the day after the last, before and after the start."""
        first = self.start + timedelta(weeks=self.settling_in)
        return (self.start - timedelta(weeks=self.before), self.start), (first, first + timedelta(weeks=self.after))

    def runs(self, team: str, day: date) -> bool:
        """Whether the team works in the new way on that day."""
        return team in self.treated and day >= self.start


PROOFS: Mapping[str, Tried] = {
    "shared_path": Tried(
        ("basket", "checkout", "loyalty", "payments", "pricing"), date(2026, 7, 6), 13, 11, settling_in=1
    ),
    "review_rota": Tried(("basket", "catalogue", "payments", "returns", "stores"), date(2026, 6, 29)),
    "central_desk": Tried(("catalogue", "checkout", "fulfilment", "loyalty", "search"), date(2026, 6, 29)),
    "service_template": Tried(("basket", "checkout", "returns", "search", "stores"), date(2026, 6, 29)),
    "shared_intake": Tried(("basket", "catalogue", "payments", "search", "stores"), date(2026, 3, 30), 26, 26),
    "machine_evidence": Tried(("basket", "checkout", "loyalty", "payments", "pricing"), date(2026, 4, 6)),
    "auto_patch": Tried(("checkout", "fulfilment", "loyalty", "search", "stores"), date(2026, 6, 29)),
    "cold_storage": Tried(("basket", "catalogue", "fulfilment", "payments", "returns"), date(2026, 6, 29)),
}
_PATH = PROOFS["shared_path"]
TREATED, START = _PATH.treated, _PATH.start
BEFORE, AFTER = _PATH.windows
COMPARISON = ("catalogue", "fulfilment", "returns", "search", "stores")

# The same world without the proof is the counterfactual. These ratios, after ÷ what would have been, hold for the changes
# that the proof teams began, or the deployments they made, in the after window.
LEAD_TIME_RATIO = 0.2994  # medians: 4.15 days where it would have been 13.86
RELEASE_WAIT_RATIO = 0.0241  # medians: 0.26 days where it would have been 10.82
DEPLOYMENT_RATIO = 2.70  # 308 deployments where there would have been 114
TAX_RATIO = 0.1407  # means: 1.61 days of waiting where it would have been 11.44
# These are untouched: the two worlds agree to the last row.
MERGE_TIME_RATIO = 1.0
FEATURES_RATIO = 1.0
ONBOARDING_RATIO = 1.0
REVIEW_WAIT_RATIO = 1.0  # the rota changed nothing
TOIL_DIFFERENCE = 0.0  # nor did the central desk, or cold storage, change how people spend their time

# By construction: what the generator multiplies, or the chance that it draws with.
BREACH_CHANCE = (0.20, 0.66)  # share of incidents that last longer than promised; with the central desk
BREACH_RATIO = BREACH_CHANCE[1] / BREACH_CHANCE[0]
EVIDENCE_CHANCE = (0.95, 0.36)  # share of change requests with evidence attached by hand; where pipelines attach it
EVIDENCE_DIFFERENCE = EVIDENCE_CHANCE[1] - EVIDENCE_CHANCE[0]
STORAGE_RATIO = 0.72  # charges for storage and databases, with what is old moved to cold storage
INTAKE = 0.30  # of its waiting time an idea of the shared intake still waits
PATCHED = 4.0  # how many times as fast a vulnerability is mended where patches come by themselves

# Ratios of medians with the proof and without it, for what began in the after window, followed to its end.
IDEA_RATIO = 0.6257  # 46.0 days where it would have been 73.5
REMEDIATION_RATIO = 0.3627  # 16.3 days where it would have been 44.9
