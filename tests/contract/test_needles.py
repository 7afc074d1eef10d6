"""What must hold of every needle in the library; a new one is tested the moment it exists."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from reportkit import measure
from reportkit.entities import find
from reportkit.model.kind import Duration, Rate, Ratio, Share, Stock
from reportkit.model.needle import Needle
from reportkit.model.period import Quarter, Window
from reportkit.model.rules import KeyEvent, Rules
from reportkit.needles import library
from reportkit.snapshot import Snapshot

Freeze = Callable[..., Snapshot]
Rows = Sequence[Mapping[str, Any]]
NEEDLES = [pytest.param(needle, id=key) for key, needle in library().items()]
COLUMNS = {
    "Duration": ["team", "start", "end"], "Stock": ["team", "start", "end"], "Rate": ["team", "at"],
    "Share": ["team", "at", "yes"], "Ratio": ["team", "at", "numerator", "denominator"],
}  # fmt: skip
# The key event of every example.
RULES = Rules(key_events=(KeyEvent("sale", date(2026, 2, 2), date(2026, 2, 4)),))
every_needle = pytest.mark.parametrize("needle", NEEDLES)


def quarter_of(needle: Needle) -> Quarter:
    return Quarter.parse(needle.example.period)


def whole_year(needle: Needle) -> Window:
    return Window(quarter_of(needle).shift(-2).window.start, quarter_of(needle).shift(2).window.end)


class Worked:
    """The examples, frozen and measured once each for all tests of this module."""

    def __init__(self, freeze: Freeze) -> None:
        self.freeze = freeze
        self.reading, self.doubled, self.snapshot = cache(self._reading), cache(self._doubled), cache(self._snapshot)

    def _snapshot(self, key: str) -> Snapshot:
        return example(self.freeze, library()[key])

    def _reading(self, key: str) -> measure.Reading:
        return measure.reading(self.snapshot(key), library()[key], quarter_of(library()[key]).window)

    def _doubled(self, key: str) -> measure.Reading:
        return measured(self.freeze, library()[key], twice(library()[key]))


@pytest.fixture(scope="module")
def worked(freeze: Freeze) -> Worked:
    return Worked(freeze)


def example(freeze: Freeze, needle: Needle, rows: list[Mapping[str, Any]] | None = None, time_zone: str = "UTC") -> Any:
    facts = {needle.entity: needle.example.given if rows is None else rows, **needle.example.beside}
    return freeze(facts, whole_year(needle), time_zone, rules=RULES)


def measured(freeze: Freeze, needle: Needle, facts: Mapping[str, Rows]) -> measure.Reading:
    """The needle in its quarter over other facts than its example's."""
    with freeze(facts, whole_year(needle), rules=RULES) as snapshot:
        return measure.reading(snapshot, needle, quarter_of(needle).window)


def twice(needle: Needle) -> dict[str, list[Mapping[str, Any]]]:
    """Each row of each entity again under other ids: facts of their own that look the same."""
    facts = {needle.entity: needle.example.given, **needle.example.beside}
    return {name: [*rows, *again(name, rows)] for name, rows in facts.items()}


def again(entity: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        names = {find(entity).key, "deployment_id", "service"} & set(row)
        yield row | {name: f"{row[name]}-again" for name in names if row[name]}


def adds_up(needle: Needle) -> bool:
    """Whether a second fact like the first makes the needle larger."""
    kind = needle.kind
    match kind:
        case Rate():
            return kind.counts in ("facts", "amount")
        case Stock():
            return kind.each is None
    return False


def one_fact_each(needle: Needle) -> bool:
    """Whether each row is a fact, and not only what is left when overlapping or repeated ones are one."""
    kind = needle.kind
    if isinstance(kind, Rate):
        return kind.counts in ("facts", "amount")
    return not (isinstance(kind, Stock | Share) and kind.each is not None)


@every_needle
def test_the_example_worked_out_by_hand(needle: Needle, worked: Worked) -> None:
    found = worked.reading(needle.key)
    assert found.value == pytest.approx(needle.example.expect, rel=1e-12)
    assert found.facts > 0 or found.value == 0


@every_needle
def test_a_bad_example_would_be_noticed(needle: Needle, freeze: Freeze) -> None:
    """Leaving out a row that counts changes what comes out: the example does test something."""
    given = list(needle.example.given)
    fewer = ({needle.entity: given[:i] + given[i + 1 :], **needle.example.beside} for i in range(len(given)))
    values = (measured(freeze, needle, facts).value for facts in fewer)
    assert any(v != pytest.approx(needle.example.expect) for v in values)


@every_needle
def test_the_order_of_rows_does_not_matter(needle: Needle, freeze: Freeze, worked: Worked) -> None:
    facts = twice(needle)
    for rows in facts.values():
        random.Random(7).shuffle(rows)
    assert measured(freeze, needle, facts) == worked.doubled(needle.key)


@every_needle
def test_each_row_twice_doubles_counts_and_nothing_else(needle: Needle, worked: Worked) -> None:
    one, two = worked.reading(needle.key), worked.doubled(needle.key)
    assert two.value == pytest.approx((2 if adds_up(needle) else 1) * one.value)
    factor = 2 if one_fact_each(needle) else 1
    assert (two.facts, two.open) == (factor * one.facts, factor * one.open)


@every_needle
def test_a_zone_that_moves_no_fact_over_a_boundary_changes_nothing(
    needle: Needle, freeze: Freeze, worked: Worked
) -> None:
    here = worked.reading(needle.key)
    # The examples' times lie hours inside the quarter, so that these zones' midnights move none of them out of it.
    with example(freeze, needle, time_zone="Europe/London") as snapshot:
        there = measure.reading(snapshot, needle, quarter_of(needle).window)
    assert (there.value, there.facts, there.open) == (here.value, here.facts, here.open)


@every_needle
def test_a_fact_moves_with_its_time(needle: Needle, freeze: Freeze, worked: Worked) -> None:
    """The same facts a year earlier are the same number a year earlier, and none in the example's own quarter."""
    facts = {needle.entity: needle.example.given, **needle.example.beside}
    moved = {entity: [{k: _earlier(v) for k, v in row.items()} for row in rows] for entity, rows in facts.items()}
    now, then = quarter_of(needle), quarter_of(needle).shift(-4)
    covers = Window(then.shift(-1).window.start, now.shift(1).window.end)
    rules = Rules(key_events=tuple(KeyEvent(e.name, _earlier(e.start), _earlier(e.end)) for e in RULES.key_events))
    with freeze(moved, covers, rules=rules) as snapshot:
        past, present = measure.readings(snapshot, needle, [then.window, now.window])
    assert past.facts == worked.reading(needle.key).facts
    if present.facts or isinstance(needle.kind, Stock):
        assert stands(needle)
    elif has_true_zeros(needle) and "key_event_at" not in measure.uses(needle)[needle.entity]:
        assert present.value == 0
    else:
        assert math.isnan(present.value)
        assert present.reason


@every_needle
def test_no_facts_is_a_gap_except_where_zero_is_true(needle: Needle, freeze: Freeze) -> None:
    columns = {name: None for row in needle.example.given for name in row}
    found = measured(freeze, needle, {needle.entity: [columns], **needle.example.beside})
    assert found.facts == 0
    if has_true_zeros(needle):
        assert (found.value, found.reason) == (0, "")
    else:
        assert math.isnan(found.value)
        assert found.reason


@every_needle
def test_outside_what_is_covered_is_a_gap_for_all(needle: Needle, worked: Worked) -> None:
    snapshot = worked.snapshot(needle.key)
    for outside in (quarter_of(needle).shift(-3), quarter_of(needle).shift(3)):
        found = measure.reading(snapshot, needle, outside.window)
        assert math.isnan(found.value)
        assert (found.facts, found.open, found.known) == (0, 0, False)
        assert found.reason == "the extract does not cover it"


@every_needle
def test_facts_have_the_columns_of_their_kind(needle: Needle, worked: Worked) -> None:
    frame = measure.facts(worked.snapshot(needle.key), needle)
    amount = ["amount"] if isinstance(needle.kind, Rate) and needle.kind.counts in ("amount", "minutes") else []
    assert list(frame.columns) == COLUMNS[needle.kind.name] + amount
    assert len(frame) > 0
    for column in {"start", "end", "at"} & set(frame.columns):
        assert str(frame[column].dtype).endswith("UTC]")
    assert frame["team"].tolist() == [measure.NO_TEAM] * len(frame)
    assert not frame.drop(columns="end", errors="ignore").isna().any().any()


@every_needle
def test_a_column_that_is_not_mapped_is_named(needle: Needle, freeze: Freeze) -> None:
    assert measure.lacking(example(freeze, needle), needle) is None
    needed = [name for name in measure.columns(needle) if name.startswith(f"{needle.entity}.")]
    bare = [{k: v for k, v in row.items() if f"{needle.entity}.{k}" != needed[0]} for row in needle.example.given]
    sentence = measure.lacking(example(freeze, needle, bare), needle)
    assert sentence is not None
    assert needed[0] in sentence
    assert sentence.endswith(".")


@every_needle
def test_every_entity_that_it_meets_is_needed(needle: Needle, freeze: Freeze) -> None:
    for entity in needle.example.beside:
        assert entity in measure.needs(needle)
        rest = {name: rows for name, rows in needle.example.beside.items() if name != entity}
        sentence = measure.lacking(freeze({needle.entity: needle.example.given, **rest}, whole_year(needle)), needle)
        assert (sentence or "").startswith(
            f"{needle.need} the entity {entity}, which no source in sources.yaml feeds; a "
        )


@every_needle
def test_an_entity_that_is_not_there_is_named(needle: Needle, freeze: Freeze) -> None:
    sentence = measure.lacking(freeze({}, whole_year(needle)), needle)
    assert sentence is not None
    assert needle.entity in sentence
    assert sentence.endswith(".")


@every_needle
def test_its_words_can_be_printed(needle: Needle) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", needle.key)
    assert needle.question.endswith((")", "?"))
    assert "?" in needle.question
    assert needle.label[0].isupper()
    assert needle.source
    assert needle.facts[0] != needle.facts[1]
    for sentence, names in ((needle.state, {"now"}), (needle.finding, {"before", "after"})):
        assert set(re.findall(r"\{(\w+)\}", sentence)) == names
        assert not sentence.endswith(".")


@every_needle
def test_its_example_uses_the_entitys_columns_and_only_times_with_a_zone(needle: Needle) -> None:
    for name, rows in {needle.entity: needle.example.given, **needle.example.beside}.items():
        for row in rows:
            for column, value in row.items():
                find(name).field(column)
                assert not isinstance(value, datetime) or value.utcoffset() is not None


@every_needle
def test_its_example_has_something_that_must_not_count(needle: Needle, worked: Worked) -> None:
    """A needle with a filter shows in its example what the filter leaves out."""
    if needle.where is None:
        return
    unfiltered = replace(needle, where=None)
    everything = measure.reading(worked.snapshot(needle.key), unfiltered, quarter_of(needle).window)
    assert worked.reading(needle.key) != everything


@every_needle
def test_its_better_and_its_unit_are_those_of_its_kind(needle: Needle) -> None:
    assert needle.better in ("lower", "higher")
    if isinstance(needle.kind, Duration):
        assert bool(needle.unit.seconds) == (needle.kind.summary == "median")
    assert isinstance(needle.kind, Duration | Rate | Share | Ratio | Stock)


@every_needle
@pytest.mark.parametrize("cuts", [("team", "journey"), ("service",)], ids="-".join)
def test_it_can_be_cut_and_the_parts_hold_all_facts(needle: Needle, cuts: tuple[str, ...], freeze: Freeze) -> None:
    """Cut by groups of which none is too small, a needle's facts are those of its groups."""
    window = quarter_of(needle).window
    facts = {needle.entity: needle.example.given, **needle.example.beside}
    many = {name: [row for n in range(6) for row in copy(name, rows, n, cuts)] for name, rows in facts.items()}
    with freeze(many, whole_year(needle), rules=replace(RULES, smallest_group=1)) as snapshot:
        whole = measure.reading(snapshot, needle, window)
        for by in cuts:
            parts = measure.cut(snapshot, needle, window, by)
            assert {part.group for part in parts} == {"even", "odd"}
            assert all(part.reading.known for part in parts)
            if one_fact_each(needle):
                assert sum(part.reading.facts for part in parts) == whole.facts


def copy(entity: str, rows: Rows, n: int, cuts: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The rows as facts of their own, with ids and people that tell the copies apart, in one of two groups."""
    names = {find(entity).key, find(entity).person, "deployment_id"}
    for i, row in enumerate(rows):
        ids = {name: f"{n}-{row[name]}" for name in names & set(row) if row[name]}
        yield {find(entity).key: f"{n}-{i}", **row, **ids, **dict.fromkeys(cuts, "odd" if n % 2 else "even")}


def has_true_zeros(needle: Needle) -> bool:
    """Whether no fact at all is the number 0: counts of things, for a time that is covered."""
    kind = needle.kind
    return isinstance(kind, Rate | Stock) or (isinstance(kind, Ratio) and isinstance(kind.numerator, int))


def stands(needle: Needle) -> bool:
    """Whether a fact counts for as long as it lasts."""
    return isinstance(needle.kind, Stock) or (isinstance(needle.kind, Share) and needle.kind.until is not None)


def _earlier(value: Any) -> Any:
    return value - timedelta(days=365) if isinstance(value, date) else value
