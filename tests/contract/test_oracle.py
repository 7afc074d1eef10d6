"""Every needle of the library against a slow, obvious oracle, on facts that hypothesis makes up."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reportkit import entities, measure
from reportkit.model.needle import Needle
from reportkit.model.period import Window
from reportkit.needles import library
from reportkit.snapshot import Snapshot
from tests.oracle import catalogue
from tests.oracle.catalogue import ORACLES, Found, World
from tests.oracle.worlds import crowd, windows, worlds

Freeze = Callable[..., Snapshot]
every_needle = pytest.mark.parametrize("needle", [pytest.param(n, id=key) for key, n in library().items()])
SHORT, LONG = 6, 60  # examples a needle
HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
# An example costs a tenth of a second: making a failing one smaller takes minutes, for which one asks.
PHASES = [Phase.explicit, Phase.generate, *([Phase.shrink] if os.environ.get("REPORTKIT_SHRINK") else [])]


def test_every_needle_has_an_oracle_and_every_oracle_a_needle() -> None:
    assert set(ORACLES) == set(library())


@every_needle
def test_it_agrees_with_the_oracle(needle: Needle, freeze: Freeze) -> None:
    _agree(needle, freeze, SHORT)


@pytest.mark.heavy
@every_needle
def test_it_agrees_with_the_oracle_on_many_more(needle: Needle, freeze: Freeze) -> None:
    _agree(needle, freeze, int(os.environ.get("REPORTKIT_EXAMPLES", LONG)))


def _agree(needle: Needle, freeze: Freeze, examples: int) -> None:
    how = ORACLES[needle.key]

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=PHASES,
        suppress_health_check=HEALTH,
    )
    @given(world=worlds(how.entities), asked=st.lists(windows(), min_size=1, max_size=3))
    def check(world: World, asked: list[Window]) -> None:
        with freeze(world.facts, world.covers, world.zone, rules=world.rules) as snapshot:
            for window, found in zip(asked, measure.readings(snapshot, needle, asked), strict=True):
                assert_same(found, catalogue.answer(needle.key, world, window))
            parts = {part.group: part.reading for part in measure.cut(snapshot, needle, asked[0], "team")}
            expected = catalogue.cut(needle.key, world, asked[0], "team")
            assert parts.keys() == expected.keys()
            for group, found in parts.items():
                assert_same(found, expected[group])

    check()


def assert_same(found: measure.Reading, expected: Found | None) -> None:
    """The same number to nine digits, on as many facts; a gap says why."""
    if expected is None:
        expected = Found(math.nan)
        assert found.reason == "the extract does not cover it"
    assert found.value == pytest.approx(expected.value, rel=1e-9, abs=1e-9, nan_ok=True)
    assert (found.facts, found.open) == (expected.facts, expected.open)
    assert found.reason or found.known


@pytest.mark.parametrize("name", entities.library())
def test_what_is_made_up_keeps_the_contract(name: str, freeze: Freeze) -> None:
    entity = entities.find(name)
    with freeze(
        {name: crowd(entity, 200, "Europe/London", seed=3)}, Window(date(2025, 7, 1), date(2026, 12, 1))
    ) as made:
        made.table(name)
        never = [f"{f.name} IS NOT NULL" for f in entity.fields if f.required or f.default is not None]
        for held in (*(rule.sql for rule in entity.rules), *never, f"(SELECT count(*) > 150 FROM {name})"):
            counted = made._backend.connection.raw_sql(f"SELECT count(*) FROM {name} WHERE NOT ({held})").fetchone()
            assert counted == (0,), held
