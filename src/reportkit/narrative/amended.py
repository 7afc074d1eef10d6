"""What was changed in a proof after its read-out, in words: marked in the report, for a hostile reader will ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from reportkit.model.params import Proof, Rule
from reportkit.model.period import day_text
from reportkit.model.unit import plural
from reportkit.narrative.words import listed
from reportkit.needles import library

#: What decides the numbers of a proof, each with its name; other fields are words.
WEIGHTY = {
    "start": "the start", "starts": "the teams' own starts", "before": "the weeks before the start",
    "after": "the weeks after the start", "settling_in": "the settling in", "by": "who takes part",
    "treated": "the teams", "comparison": "the comparison", "strata": "the types of facts", "statistic": "the statistic",
    "headline": "the headline needles", "guardrails": "the margins", "smallest_effect": "the smallest effect of interest",
    "read_out": "the read-out", "picked": "how the teams were picked",
}  # fmt: skip
WINDOW = ("start", "starts", "before", "after", "settling_in")
SHORT = 4  # a longer list is not written out


def weighty(proof: Proof) -> dict[str, Any]:
    """The fields that decide a proof's numbers, as JSON."""
    return proof.model_dump(mode="json", include=set(WEIGHTY))


def changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the weighty fields in which two declarations differ. A field that one of them does not know is as it was."""
    return tuple(name for name in WEIGHTY if name in then and name in now and then[name] != now[name])


def note(then: Proof, now: Proof, *, when: str) -> str:
    """'Window changed on 3 Oct 2026, after the read-out of 28 Sep 2026: …'; '' where nothing weighty differs."""
    names = changed(weighty(then), weighty(now))
    if not names:
        return ""
    what = "Window" if set(names) <= set(WINDOW) else "Design"
    told = listed([f"{WEIGHTY[name]} {_from_to(getattr(then, name), getattr(now, name))}".strip() for name in names])
    return f"{what} changed {when}, after the read-out of {day_text(then.read_out)}: {told}."


def on(day: date) -> str:
    """'on 3 Oct 2026'."""
    return f"on {day_text(day)}"


def _from_to(old: Any, new: Any) -> str:
    """'from 13 to 10', 'from 6 Jul 2026 to 13 Jul 2026'; '' where the two are too long to tell."""
    texts = [_told(value) for value in (old, new)]
    if not all(texts):
        return ""
    return f"from {texts[0]} to {texts[1]}"


def _told(value: Any) -> str:
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, tuple):
        return listed([_name(str(item)) for item in value]) if 0 < len(value) <= SHORT else plural(len(value), "name")
    if isinstance(value, Rule):
        return "a rule"
    return str(value) if isinstance(value, str | int | float) else ""


def _name(key: str) -> str:
    """A needle by its label; a team as it is called."""
    return library()[key].lower_label if key in library() else key


def reported(quarter: str) -> str:
    """'since it was reported in 2026-Q2'."""
    return f"since it was reported in {quarter}"
