"""What was changed in a proof after its read-out, in words: marked in the report, for a hostile reader will ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from reportkit.english import changes as say
from reportkit.english.words import listed
from reportkit.model.params import Proof, Rule
from reportkit.model.period import day_text
from reportkit.needles import library

WINDOW = ("start", "starts", "before", "after", "settling_in")
SHORT = 4  # a longer list is not written out


def weighty(proof: Proof) -> dict[str, Any]:
    """The fields that decide a proof's numbers, as JSON."""
    return proof.model_dump(mode="json", include=set(say.WEIGHTY))


def changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the weighty fields in which two declarations differ. A field that one of them does not know is as it was."""
    return tuple(name for name in say.WEIGHTY if name in then and name in now and then[name] != now[name])


def note(then: Proof, now: Proof, *, when: str) -> str:
    """'Window changed on 3 Oct 2026, after the read-out of 28 Sep 2026: …'; '' where nothing weighty differs."""
    names = changed(weighty(then), weighty(now))
    if not names:
        return ""
    told = [f"{say.WEIGHTY[name]} {_from_to(getattr(then, name), getattr(now, name))}".strip() for name in names]
    return say.changed(told, when, day_text(then.read_out), window=set(names) <= set(WINDOW))


def _from_to(old: Any, new: Any) -> str:
    """'from 13 to 10', 'from 6 Jul 2026 to 13 Jul 2026'; '' where the two are too long to tell."""
    texts = [_told(value) for value in (old, new)]
    if not all(texts):
        return ""
    return say.from_to(texts[0], texts[1])


def _told(value: Any) -> str:
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, tuple):
        return listed([_name(str(item)) for item in value]) if 0 < len(value) <= SHORT else say.names(len(value))
    if isinstance(value, Rule):
        return say.RULE
    return str(value) if isinstance(value, str | int | float) else ""


def _name(key: str) -> str:
    """A needle by its label; a team as it is called."""
    return library()[key].lower_label if key in library() else key
