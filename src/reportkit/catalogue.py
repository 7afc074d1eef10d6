"""The catalogue in words: needles and entities as the command line tells them, and as pages of docs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from reportkit import entities, measure
from reportkit.english.definitions import summary_rule
from reportkit.entities import Entity, Field
from reportkit.model.kind import Duration, Rate, Share, Stock
from reportkit.model.needle import Needle
from reportkit.needles import library

State = Callable[[Needle], str | None]  # why a needle cannot be computed here; None where it can
MADE = "<!-- Made by `make docs` from the declarations; a test holds it to them. -->"


def unit(needle: Needle) -> str:
    """The unit of a needle in words: 'days', '%', 'a month', 'money a customer and month'."""
    if needle.unit.money:
        return f"money {needle.unit.many}".strip()
    return needle.unit.many or "number"


def needs(needle: Needle) -> str:
    """The columns that it is made of: 'changes.first_commit_at, changes.deployed_at'."""
    return ", ".join(measure.columns(needle))


def kind(needle: Needle) -> str:
    """The kind with what is particular: 'Rate of spells', 'Share of subjects', 'Stock'."""
    made = needle.kind
    match made:
        case Rate(counts=counts) if counts != "facts":
            return f"{made.name} of {counts}"
        case Duration(summary="spread"):
            return f"{made.name}, spread"
        case Share() | Stock() if made.each is not None:
            return f"{made.name} of subjects"
        case Share() if made.until is not None:
            return f"{made.name} of what stands"
    return made.name


def rows(state: State | None = None) -> Iterator[tuple[str, ...]]:
    """One row a needle, by theme: key, theme, kind, unit, question, what it needs; with `state` also what it lacks here."""
    for needle in library().values():
        row = (needle.key, needle.theme, kind(needle), unit(needle), needle.question, needs(needle))
        yield row if state is None else (*row, state(needle) or "can be computed")


def details(needle: Needle, state: State | None = None) -> Mapping[str, str]:
    """Everything about one needle, by what it is: question, kind, unit, definition, columns, source, example."""
    found = {
        "question": needle.question,
        "theme": needle.theme,
        "kind": kind(needle),
        "unit": unit(needle),
        "period": summary_rule(needle),
        "better": needle.better,
        "source": needle.source,
        "needs": needs(needle),
    }
    if needle.optional:
        found["if there"] = ", ".join(f"{needle.entity}.{name}" for name in needle.optional)
    found["example"] = f"{len(needle.example.given)} {needle.entity} give {needle.unit.text(needle.example.expect)}"
    if state is not None:
        found["here"] = state(needle) or "can be computed from the extract at hand"
    return found


def needles_page() -> str:
    """docs/needles.md."""
    parts = [MADE, "", "# The library of needles", "", "Each is one declaration in `src/reportkit/needles/`."]
    for theme, found in groupby(library().values(), key=lambda needle: needle.theme):
        parts += ["", f"## {theme.capitalize()}", ""]
        parts += _table(("needle", "question", "kind", "unit", "source", "needs"), map(_needle_row, found))
    return "\n".join(parts) + "\n"


def entities_page() -> str:
    """docs/entities.md."""
    parts = [
        MADE,
        "",
        "# The entities",
        "",
        "Each is one declaration in `src/reportkit/entities/`. Times are kept in UTC.",
    ]
    for entity in entities.library().values():
        parts += ["", f"## {entity.name}", "", f"{_sentence(entity.meaning)}", ""]
        parts += _table(("column", "type", "", "meaning"), (_field_row(entity, field) for field in entity.fields))
        if entity.rules:
            broken = "; ".join(rule.broken for rule in entity.rules)
            parts += ["", f"A row is rejected for: {broken}."]
    return "\n".join(parts) + "\n"


def field_note(entity: Entity, field: Field) -> str:
    """What must hold of a column: 'required', 'one of low, medium, high', 'success where not mapped'."""
    notes = []
    if field.required:
        numbered = entity.numbered and field.name == entity.key
        notes.append("numbered where not mapped" if numbered else "required")
    if field.default is not None:
        notes.append(f"{str(field.default).lower()} where not mapped")
    if field.allowed:
        notes.append(f"one of {', '.join(field.allowed)}")
    if field.alias:
        notes.append(f"FOCUS: {field.alias}")
    return "; ".join(notes)


def field_type(field: Field) -> str:
    """'text', 'time', 'flag', or a number with its unit."""
    return f"{field.type} ({field.unit})" if field.unit else field.type


def _needle_row(needle: Needle) -> tuple[str, ...]:
    return (f"`{needle.key}`", needle.question, kind(needle), unit(needle), needle.source, f"`{needs(needle)}`")


def _field_row(entity: Entity, field: Field) -> tuple[str, ...]:
    return (f"`{field.name}`", field_type(field), field_note(entity, field), field.meaning)


def _table(header: Iterable[str], body: Iterable[tuple[Any, ...]]) -> list[str]:
    lines = [header, *body]
    return ["| " + " | ".join(line) + " |" for line in (list(lines[0]), ["---"] * len(list(lines[0])), *lines[1:])]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
