"""DORA's rules as they were applied, in sentences for 'How we know'."""

from __future__ import annotations

from collections.abc import Sequence

from reportkit.english.words import listed
from reportkit.model.rules import DoraRules
from reportkit.model.unit import HOURS


def counting(rules: DoraRules) -> str:
    """Which deployments count."""
    results = {"success": "succeeded", "failure": "failed", "cancelled": "were cancelled"}
    ended = listed([results[result] for result in rules.results]).replace(" and ", " or ")
    return f"Deployments to {listed(rules.environments)} that {ended} count."


def linking(rules: DoraRules) -> str:
    """Which deployment an incident is put down to: 'An incident is put down to the deployment that its source names; …'."""
    return f"An incident is put down to {link(rules)}."


def link(rules: DoraRules) -> str:
    """The linking rule as a clause: 'the deployment that its source names, or …'."""
    named = "the deployment that its source names"
    if rules.link == "stated":
        return f"{named}, and to none where it names none"
    same = " of the same service" if rules.link_within == "service" else ""
    within = f" within {HOURS.text(rules.cap_hours)} before it began" if rules.cap_hours else " before it began"
    return f"{named}; where it names none, to the latest one{same} that counts and finished{within}"


def recovering(rules: DoraRules) -> str:
    """From when until when a deployment is taken to have failed."""
    told = "A failed deployment counts once: from the start of the first incident that it caused until none of them is open."
    if not rules.relapse_hours:
        return f"{told} What begins after that is no part of it."
    within = HOURS.text(rules.relapse_hours)
    return f"{told} What begins within {within} after that is a relapse and part of it; what begins later is not."


def median(rules: DoraRules) -> str:
    """Whether open facts have their part in DORA's two medians."""
    if rules.median == "censored":
        return "Changes and failures that are still open count as unfinished, where DORA counts finished ones only."
    return "As DORA has it, finished changes and failures are counted, and open ones are told beside them."


def others(numbers: Sequence[tuple[str, DoraRules]], ours: DoraRules) -> str:
    """What a number would be under other linking rules than ours; shorter where only the time limit is another."""
    if all(rules.link == ours.link for _, rules in numbers):
        return f"It would be {listed([f'{number} {_limit(rules)}' for number, rules in numbers])}."
    told = [f"{number} if each incident were put down to {link(rules)}" for number, rules in numbers]
    return f"It would be {'; '.join(told)}."


def _limit(rules: DoraRules) -> str:
    return f"with a time limit of {HOURS.text(rules.cap_hours)}" if rules.cap_hours else "with no time limit"
