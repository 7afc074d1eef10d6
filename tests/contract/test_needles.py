"""What must hold of every needle in the library; a new one is tested the moment it exists."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from reportkit import measure
from reportkit.entities import find
from reportkit.model.kind import Duration, Rate, Ratio, Share, Stock
from reportkit.model.needle import Needle
from reportkit.model.period import Quarter, Window
from reportkit.needles import library
from reportkit.snapshot import Snapshot

Freeze = Callable[..., Snapshot]
NEEDLES = [pytest.param(needle, id=key) for key, needle in library().items()]
COLUMNS = {
    "Duration": ["team", "start", "end"], "Stock": ["team", "start", "end"], "Rate": ["team", "at"],
    "Share": ["team", "at", "yes"], "Ratio": ["team", "at", "numerator", "denominator"],
}  # fmt: skip
every_needle = pytest.mark.parametrize("needle", NEEDLES)


def quarter_of(needle: Needle) -> Quarter:
    return Quarter.parse(needle.example.period)


def whole_year(needle: Needle) -> Window:
    return Window(quarter_of(needle).shift(-2).window.start, quarter_of(needle).shift(2).window.end)


def example(freeze: Freeze, needle: Needle, rows: list[Mapping[str, Any]] | None = None, time_zone: str = "UTC") -> Any:
    return freeze({needle.entity: needle.example.given if rows is None else rows}, whole_year(needle), time_zone)


@every_needle
def test_the_example_worked_out_by_hand(needle: Needle, freeze: Freeze) -> None:
    found = measure.reading(example(freeze, needle), needle, quarter_of(needle).window)
    assert found.value == pytest.approx(needle.example.expect, rel=1e-12)
    assert found.facts > 0 or found.value == 0


@every_needle
def test_a_bad_example_would_be_noticed(needle: Needle, freeze: Freeze) -> None:
    """Leaving out a row that counts changes what comes out: the example does test something."""
    given = list(needle.example.given)
    values = [
        measure.reading(example(freeze, needle, given[:i] + given[i + 1 :]), needle, quarter_of(needle).window).value
        for i in range(len(given))
    ]
    assert any(v != pytest.approx(needle.example.expect) for v in values)


@every_needle
def test_the_order_of_rows_does_not_matter(needle: Needle, freeze: Freeze) -> None:
    rows = list(needle.example.given) * 3
    random.Random(7).shuffle(rows)
    one = measure.reading(example(freeze, needle, list(needle.example.given) * 3), needle, quarter_of(needle).window)
    assert measure.reading(example(freeze, needle, rows), needle, quarter_of(needle).window) == one


@every_needle
def test_each_row_twice_doubles_counts_and_nothing_else(needle: Needle, freeze: Freeze) -> None:
    window = quarter_of(needle).window
    one = measure.reading(example(freeze, needle), needle, window)
    two = measure.reading(example(freeze, needle, list(needle.example.given) * 2), needle, window)
    factor = 2 if isinstance(needle.kind, Rate | Stock) else 1
    assert two.value == pytest.approx(factor * one.value)
    assert (two.facts, two.open) == (2 * one.facts, 2 * one.open)


@every_needle
def test_a_zone_that_moves_no_fact_over_a_boundary_changes_nothing(needle: Needle, freeze: Freeze) -> None:
    window = quarter_of(needle).window
    here = measure.reading(example(freeze, needle), needle, window)
    # The examples' times lie hours inside the quarter, so that these zones' midnights move none of them out of it.
    there = measure.reading(example(freeze, needle, time_zone="Europe/London"), needle, window)
    assert (there.value, there.facts, there.open) == (here.value, here.facts, here.open)


@every_needle
def test_a_fact_moves_with_its_time(needle: Needle, freeze: Freeze) -> None:
    """The same facts a year earlier are the same number a year earlier, and none in the example's own quarter."""
    moved = [{k: _earlier(v) for k, v in row.items()} for row in needle.example.given]
    now, then = quarter_of(needle), quarter_of(needle).shift(-4)
    covers = Window(then.shift(-1).window.start, now.shift(1).window.end)
    snapshot = freeze({needle.entity: moved}, covers)
    past, present = measure.readings(snapshot, needle, [then.window, now.window])
    assert past.facts == measure.reading(example(freeze, needle), needle, now.window).facts
    if isinstance(needle.kind, Rate):
        assert present.value == 0
    elif not isinstance(needle.kind, Stock):
        assert math.isnan(present.value)


@every_needle
def test_no_facts_is_a_gap_except_where_zero_is_true(needle: Needle, freeze: Freeze) -> None:
    columns = {name: None for row in needle.example.given for name in row}
    found = measure.reading(example(freeze, needle, [columns]), needle, quarter_of(needle).window)
    assert found.facts == 0
    if isinstance(needle.kind, Rate | Stock):
        assert found.value == 0
    else:
        assert math.isnan(found.value)


@every_needle
def test_outside_what_is_covered_is_a_gap_for_all(needle: Needle, freeze: Freeze) -> None:
    snapshot = example(freeze, needle)
    for outside in (quarter_of(needle).shift(-3), quarter_of(needle).shift(3)):
        found = measure.reading(snapshot, needle, outside.window)
        assert math.isnan(found.value)
        assert (found.facts, found.open, found.known) == (0, 0, False)


@every_needle
def test_facts_have_the_columns_of_their_kind(needle: Needle, freeze: Freeze) -> None:
    frame = measure.facts(example(freeze, needle), needle)
    assert list(frame.columns) == COLUMNS[needle.kind.name]
    for column in {"start", "end", "at"} & set(frame.columns):
        assert str(frame[column].dtype).endswith("UTC]")
    assert frame["team"].tolist() == [measure.NO_TEAM] * len(frame)
    assert not frame.drop(columns="end", errors="ignore").isna().any().any()


@every_needle
def test_a_column_that_is_not_mapped_is_named(needle: Needle, freeze: Freeze) -> None:
    snapshot = example(freeze, needle)
    assert measure.lacking(snapshot, needle) is None
    needed = measure.columns(needle, snapshot.table(needle.entity))
    assert needed
    bare = [{k: v for k, v in row.items() if k != needed[0]} for row in needle.example.given]
    sentence = measure.lacking(example(freeze, needle, bare), needle)
    assert sentence is not None
    assert f"{needle.entity}.{needed[0]}" in sentence


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
    entity = find(needle.entity)
    for row in needle.example.given:
        for name, value in row.items():
            entity.field(name)
            assert not isinstance(value, datetime) or value.utcoffset() is not None


@every_needle
def test_its_example_has_something_that_must_not_count(needle: Needle, freeze: Freeze) -> None:
    """A needle with a filter shows in its example what the filter leaves out."""
    if needle.where is None:
        return
    window = quarter_of(needle).window
    unfiltered = replace(needle, where=None)
    snapshot = example(freeze, needle)
    assert measure.reading(snapshot, needle, window) != measure.reading(snapshot, unfiltered, window)


@every_needle
def test_its_better_and_its_unit_are_those_of_its_kind(needle: Needle) -> None:
    assert needle.better in ("lower", "higher")
    if isinstance(needle.kind, Duration):
        assert needle.unit.seconds
    assert isinstance(needle.kind, Duration | Rate | Share | Ratio | Stock)


def _earlier(value: Any) -> Any:
    return value - timedelta(days=365) if isinstance(value, datetime) else value
