"""Numbers in a typed text: `{lead_time_for_changes.after}` is filled in from the numbers that the report shows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reportkit.errors import ParamsError, UnknownName
from reportkit.model.shown import Shown

REFERENCE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
ESCAPED = {"{{": "{", "}}": "}"}


def fill(text: str, shown: Iterable[Shown], *, where: str | None = None) -> str:
    """The text with each `{reference}` replaced by the number as printed; `{{` and `}}` stand for braces.

    A reference is a number's id or its end after a dot: `{after}` of `paved_road.lead_time.after` needs at least
    `{lead_time.after}` once another needle has an `after` too. Raises UnknownName with the near one, and ParamsError
    for a lone brace or a reference that two different numbers answer to.
    """
    numbers = {number.id: number for number in shown}

    def replaced(match: re.Match[str]) -> str:
        whole = match[0]
        if whole in ESCAPED:
            return ESCAPED[whole]
        if match[1] is None:
            raise ParamsError(f"a lone {whole!r} in {text!r}; write {whole * 2!r} for a brace.", where=where)
        return _find(match[1].strip(), numbers, where).text

    return REFERENCE.sub(replaced, text)


def found(text: str, shown: Iterable[Shown], *, where: str | None = None) -> tuple[Shown, ...]:
    """The numbers that a text refers to, each once. Raises as `fill` does."""
    numbers = {number.id: number for number in shown}
    return tuple(dict.fromkeys(_find(reference, numbers, where) for reference in references(text)))


def references(text: str) -> tuple[str, ...]:
    """The references in a text, in order, each once."""
    found = (match[1].strip() for match in REFERENCE.finditer(text) if match[1] is not None)
    return tuple(dict.fromkeys(found))


def _find(reference: str, numbers: dict[str, Shown], where: str | None) -> Shown:
    if reference in numbers:
        return numbers[reference]
    found = [number for id_, number in numbers.items() if reference and id_.endswith(f".{reference}")]
    if not found:
        raise UnknownName("number", reference, _names(reference, numbers), where=where)
    if len({number.text for number in found}) > 1:
        choices = " or ".join(f"{{{number.id}}}" for number in found)
        raise ParamsError(f"{{{reference}}} may mean several numbers; write {choices}.", where=where)
    return found[0]


def _names(reference: str, numbers: dict[str, Shown]) -> list[str]:
    """What a reference may be: ids cut to as many parts as were given, so that the near one is found."""
    parts = reference.count(".") + 1
    return sorted({".".join(id_.split(".")[-parts:]) for id_ in numbers})
