"""What the four groups of a DORA survey reported, year by year: context for a reader, never a goal.

Source: DORA, Accelerate State of DevOps reports of 2021, 2023 and 2024, tables of software delivery performance.
"""

from __future__ import annotations

from collections.abc import Mapping

GROUPS = ("elite", "high", "medium", "low")
BANDS: Mapping[int, Mapping[str, tuple[str, str, str, str]]] = {
    2021: {
        "lead_time_for_changes": ("under an hour", "a day to a week", "one to six months", "over six months"),
        "deployment_frequency": ("several a day", "one a week to one a month", "one a month to one in six months", "less"),
        "change_failure_rate": ("0–15%", "16–30%", "16–30%", "16–30%"),
        "recovery_time": ("under an hour", "under a day", "a day to a week", "over six months"),
    },
    2023: {
        "lead_time_for_changes": ("under a day", "a day to a week", "a week to a month", "a week to a month"),
        "deployment_frequency": (
            "several a day", "one a day to one a week", "one a week to one a month", "one a week to one a month",
        ),
        "change_failure_rate": ("5%", "10%", "15%", "64%"),
        "recovery_time": ("under an hour", "under a day", "a day to a week", "one to six months"),
    },
    2024: {
        "lead_time_for_changes": ("under a day", "a day to a week", "a week to a month", "one to six months"),
        "deployment_frequency": (
            "several a day", "one a day to one a week", "one a week to one a month", "one a month to one in six months",
        ),
        "change_failure_rate": ("5%", "20%", "10%", "40%"),
        "recovery_time": ("under an hour", "under a day", "under a day", "a week to a month"),
    },
}  # fmt: skip


def told(year: int, needle: str) -> str | None:
    """'DORA 2024: elite under a day, high a day to a week, …'; None for a needle that the survey does not ask about."""
    row = BANDS[year].get(needle)
    if row is None:
        return None
    return f"DORA {year}: " + ", ".join(f"{group} {text}" for group, text in zip(GROUPS, row, strict=True))
