"""Facts that hypothesis makes up for any entity, as its contract allows them: nulls, ties, spans of no length, overlaps, clock changes."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from reportkit.entities import Entity, Field, find
from reportkit.model.period import Window
from reportkit.model.rules import DoraRules, KeyEvent, Rules
from tests.oracle.catalogue import World, midnight

ZONES = ("UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
MOST_ROWS = 14
# Days at whose midnights and noons much happens: quarters, months, weeks, and the clock changes of all the zones.
DAYS = (
    date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 2), date(2026, 3, 1), date(2026, 3, 8), date(2026, 3, 29),
    date(2026, 3, 30), date(2026, 4, 1), date(2026, 4, 5), date(2026, 6, 30), date(2026, 7, 1),
)  # fmt: skip
SHIFTS = (
    timedelta(),
    timedelta(microseconds=-1),
    timedelta(hours=1),
    timedelta(hours=2, minutes=30),
    timedelta(hours=13),
)
TEXTS: Mapping[str, tuple[str, ...]] = {
    "service": ("pay", "shop"), "team": ("red", "blue", "green"), "journey": ("buying", "returning"),
    "author": ("p1", "p2", "p3", "p4"), "subject": ("p1", "p2", "p3", "p4", "p5", "p6"), "person": ("p1", "p2", "p3", "p4", "p5"),
    "asset_kind": ("image", "endpoint"), "asset_id": ("till", "van", "lap"), "use_case": ("checkout", "returns"),
    "metric": ("customers", "journeys", "calls"), "service_category": ("Compute", "Storage", "Databases"),
    "environment": ("production", "production", "staging"), "currency": ("EUR", "GBP", "USD"),
    "deployment_id": ("deployments-000", "deployments-001", "deployments-002", "deployments-005", "gone"),
}  # fmt: skip
CHOICES: Mapping[str, tuple[float, ...]] = {
    "objective": (0.5, 0.9, 0.95, 0.99, 1.0), "total": (0.0, 1.0, 10.0, 20.0, 100.0), "good": (0.0, 1.0, 9.0, 10.0, 19.0, 99.0),
    **dict.fromkeys(("hours", "manual_approvals", "quantity"), tuple(map(float, range(13)))),
}  # fmt: skip
QUARTERS = st.integers(-40, 400).map(lambda n: n / 4)


def times(zone: str) -> st.SearchStrategy[datetime]:
    """Instants near the days' boundaries, often the same one, and now and then any instant."""
    near = [midnight(day, zone) + shift for day in DAYS for shift in SHIFTS]
    anywhere = st.datetimes(datetime(2025, 9, 1), datetime(2026, 9, 1)).map(lambda t: t.replace(tzinfo=UTC))  # noqa: DTZ001
    return st.one_of(st.sampled_from(near), st.sampled_from(near), anywhere)


def values(field: Field, zone: str) -> st.SearchStrategy[Any]:
    """What the contract allows the field to be; nothing, too, unless it is required or has a default."""
    if field.type == "time":
        found: st.SearchStrategy[Any] = times(zone)
    elif field.type == "flag":
        found = st.booleans()
    elif field.type == "number":
        found = st.sampled_from(CHOICES[field.name]) if field.name in CHOICES else QUARTERS
    else:
        found = st.sampled_from(field.allowed or TEXTS.get(field.name, ("a", "b")))
    return found if field.required or field.default is not None else st.one_of(st.none(), found, found)


def rows(entity: Entity, zone: str, most: int = MOST_ROWS) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows that keep the contract, each with an id of its own."""
    row = st.fixed_dictionaries({f.name: values(f, zone) for f in entity.fields if f.name != entity.key})
    return st.lists(row, max_size=most).map(
        lambda found: [
            {entity.key: f"{entity.name}-{i:03}", **kept}
            for i, kept in enumerate(lawful(entity, row) for row in found)
            if kept is not None
        ]
    )


def lawful(entity: Entity, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row with the values swapped that stand in the wrong order; None where it has nothing that it must have one of."""
    found = dict(row)
    ordered = [re.fullmatch(r"(\w+) (>=|<=) ([a-z]\w*)", rule.sql) for rule in entity.rules]
    later = [(m[1], m[3]) if m[2] == ">=" else (m[3], m[1]) for m in ordered if m]
    while any(_swapped(found, high, low) for high, low in later):
        pass
    some = [re.fullmatch(r"coalesce\((.*)\) IS NOT NULL", rule.sql) for rule in entity.rules]
    lacks = any(all(found[name.strip()] is None for name in one[1].split(",")) for one in some if one)
    return None if lacks else found


def _swapped(row: dict[str, Any], high: str, low: str) -> bool:
    if row[high] is None or row[low] is None or row[high] >= row[low]:
        return False
    row[high], row[low] = row[low], row[high]
    return True


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    """The organisation's rules, each of which now and then differs from what most have."""
    dora = DoraRules(
        environments=draw(st.sampled_from((("production",), ("production", "staging")))),
        results=draw(st.sampled_from((("success",), ("success", "failure")))),
        link=draw(st.sampled_from(("latest", "latest", "stated"))),
        link_within=draw(st.sampled_from(("service", "organisation"))),
        cap_hours=draw(st.sampled_from((None, None, 0.5, 1, 48, 2000))),
        relapse_hours=draw(st.sampled_from((0, 0.5, 24, 24, 720))),
        median=draw(st.sampled_from(("finished", "censored"))),
    )
    events = draw(st.lists(st.tuples(st.sampled_from(DAYS), st.integers(1, 40)), max_size=2))
    return Rules(
        rates=draw(st.sampled_from(({"GBP": 1.25, "USD": 0.5}, {}))),
        dora=dora,
        smallest_group=draw(st.sampled_from((1, 1, 2, 4))),
        key_events=tuple(KeyEvent(f"e{i}", day, day + timedelta(days=n)) for i, (day, n) in enumerate(events)),
    )


def windows(most: int = 250) -> st.SearchStrategy[Window]:
    """Windows that often begin and end on the days at which much happens."""
    day = st.one_of(st.sampled_from(DAYS), st.dates(date(2025, 10, 1), date(2026, 8, 1)))
    return st.tuples(day, st.one_of(day, st.integers(1, most))).map(_window)


def _window(ends: tuple[date, date | int]) -> Window:
    first, other = ends
    last = first + timedelta(days=other) if isinstance(other, int) else other
    return Window(min(first, last), max(first, last) + (timedelta(days=1) if first == last else timedelta()))


@st.composite
def worlds(draw: st.DrawFn, entities: Sequence[str], most: int = MOST_ROWS) -> World:
    """The facts of some entities, what is covered of each (mostly all of it), and rules."""
    zone, ground = draw(st.sampled_from(ZONES)), draw(rules())
    facts = {name: draw(rows(find(name), zone, most)) for name in entities}
    for row in facts.get("costs", ()):
        row["currency"] = row["currency"] if ground.rates else ground.currency
    everything = st.just(Window(date(2025, 7, 1), date(2026, 12, 1)))
    spans = {name: draw(st.one_of(everything, everything, windows(400))) for name in entities}
    return World(facts, spans, zone, ground)


def crowd(entity: Entity, count: int, zone: str, seed: int) -> list[dict[str, Any]]:
    """So many rows of the same sort, drawn by a seeded generator: for what hypothesis would take too long over."""
    dice = random.Random(f"{entity.name} {seed}")
    drawn = ({f.name: _drawn(f, zone, dice) for f in entity.fields if f.name != entity.key} for _ in range(count))
    kept = [row for row in (lawful(entity, row) for row in drawn) if row is not None]
    return [{entity.key: f"{entity.name}-{i:03}", **row} for i, row in enumerate(kept)]


def _drawn(field: Field, zone: str, dice: random.Random) -> Any:
    if not field.required and field.default is None and dice.random() < 0.2:
        return None
    if field.type == "time":
        near = midnight(dice.choice(DAYS), zone) + dice.choice(SHIFTS)
        return near if dice.random() < 0.2 else near + timedelta(microseconds=dice.randrange(40 * 86_400_000_000))
    if field.type == "flag":
        return dice.random() < 0.5
    if field.type == "number":
        return dice.choice(CHOICES.get(field.name, tuple(n / 4 for n in range(-40, 400))))
    return "EUR" if field.name == "currency" else dice.choice(field.allowed or TEXTS.get(field.name, ("a", "b")))
