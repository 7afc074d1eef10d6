"""Flow: where the time of a change goes."""

from __future__ import annotations

from datetime import datetime

from ibis import _

from reportkit.model.kind import Duration
from reportkit.model.needle import Example, Needle
from reportkit.model.unit import DAYS


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


RELEASE_WAIT = Needle(
    key="release_wait",
    label="Release wait",
    theme="flow",
    question="How long does a merged change wait for its release? (The release part of the coordination tax.)",
    entity="changes",
    kind=Duration(start=_.merged_at, end=_.deployed_at, unit=DAYS),
    better="lower",
    source="reportkit",
    facts=("merged change", "merged changes"),
    state="A merged change waits {now} for its release",
    finding="Merged changes now wait {after} for their release instead of {before}",
    example=Example(  # 6 hours, 2 days and 5 days of waiting; the fourth was merged and still waits
        given=[
            {"merged_at": _at("2026-02-02T06:00:00"), "deployed_at": _at("2026-02-02T12:00:00")},
            {"merged_at": _at("2026-02-02T00:00:00"), "deployed_at": _at("2026-02-04T00:00:00")},
            {"merged_at": _at("2026-02-02T00:00:00"), "deployed_at": _at("2026-02-07T00:00:00")},
            {"merged_at": _at("2026-03-30T00:00:00"), "deployed_at": None},
        ],
        expect=2.0,
    ),
)
