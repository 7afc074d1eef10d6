"""The ground rules of every number of an organisation: what counts, how things are linked, whose groups are too small to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal


@dataclass(frozen=True)
class DoraRules:
    """How DORA's five are counted.

    `environments`, `results`: which deployments count. `link`: an incident belongs to the deployment that its source names
    ('stated'), or where it names none to the 'latest' that counts before it, of the same service; at most `cap_hours` before it.
    `relapse_hours`: an incident that the same deployment caused, and that begins so soon after the others were resolved, is
    the same failure. `median`: of the changes and failures that are 'finished', or with open ones 'censored'.
    """

    environments: tuple[str, ...] = ("production",)
    results: tuple[str, ...] = ("success",)
    link: Literal["latest", "stated"] = "latest"
    link_within: Literal["service", "organisation"] = "service"
    cap_hours: float | None = None
    relapse_hours: float = 24.0
    median: Literal["finished", "censored"] = "finished"

    def other_links(self) -> tuple[DoraRules, ...]:
        """The same with the other ways to link an incident: as its source states, the latest, the latest within a day."""
        ways = (
            replace(self, link="stated", cap_hours=None),
            replace(self, link="latest", cap_hours=None),
            replace(self, link="latest", cap_hours=24.0),
        )
        stated = self.link == "stated"
        return tuple(way for way in ways if way != self and not (stated and way.link == "stated"))


@dataclass(frozen=True)
class KeyEvent:
    """A time in which the business cannot afford an outage: its first day and the day after its last."""

    name: str
    start: date
    end: date


@dataclass(frozen=True)
class Rules:
    """What a measurement has to know beside the facts. `rates` are units of `currency` for one unit of another."""

    currency: str = "EUR"
    rates: Mapping[str, float] = field(default_factory=dict)
    dora: DoraRules = DoraRules()
    smallest_group: int = 5  # people, or facts where nobody knows the people
    key_events: tuple[KeyEvent, ...] = ()
