"""Every needle gives the same on each engine: readings, cuts and facts, on its example and on a crowd of facts."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from reportkit import derived, entities, measure
from reportkit.measure import across, frames, life, sums
from reportkit.model.engine import Engine
from reportkit.model.needle import Needle
from reportkit.model.period import Quarter, Window
from reportkit.model.rules import DoraRules, KeyEvent, Rules
from reportkit.needles import library
from reportkit.snapshot import Snapshot
from tests import engines
from tests.oracle.worlds import crowd

Freeze = Callable[..., Snapshot]
ZONE = "Europe/London"
COVERS = Window(date(2025, 9, 1), date(2026, 10, 1))
Q1 = Quarter(2026, 1).window
WINDOWS = (
    Q1,
    Quarter(2026, 2).window,
    Window(date(2026, 3, 23), date(2026, 3, 30)),
    Window(date(2025, 8, 1), date(2025, 9, 1)),
)
RULES = Rules(
    dora=DoraRules(environments=("production", "staging"), cap_hours=2000, median="censored"),
    smallest_group=2,
    key_events=(
        KeyEvent("sale", date(2026, 2, 2), date(2026, 2, 4)),
        KeyEvent("fair", date(2026, 3, 29), date(2026, 4, 9)),
    ),
)
# How ibis takes pandas frames in, and Spark starts.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The .future.infer_string. option", "ignore:The copy keyword is deprecated", "ignore::ResourceWarning"
)
every_needle = pytest.mark.parametrize("needle", [pytest.param(n, id=key) for key, n in library().items()])


@pytest.fixture(scope="module")
def many(freeze: Freeze) -> Snapshot:
    """Three hundred facts of every entity."""
    facts = {name: crowd(entity, 300, ZONE, seed=1) for name, entity in entities.library().items()}
    return freeze(facts, COVERS, ZONE, rules=RULES)


@pytest.fixture(scope="module")
def many_in_pandas(many: Snapshot) -> Snapshot:
    return engines.on_pandas(many)


@pytest.fixture(scope="module")
def spark() -> Iterator[Engine]:
    with engines.spark() as engine:
        yield engine


@pytest.fixture(scope="module")
def many_in_spark(many: Snapshot, spark: Engine) -> Snapshot:
    return engines.on(many, spark)


@pytest.fixture(scope="module")
def many_in_postgres(many: Snapshot, postgres: str) -> Iterator[Snapshot]:
    with engines.on(many, Engine(type="postgres", url=postgres)) as moved:
        yield moved


def example(freeze: Freeze, needle: Needle) -> Snapshot:
    facts = {needle.entity: needle.example.given, **needle.example.beside}
    return freeze(facts, COVERS, rules=replace(RULES, dora=DoraRules(), smallest_group=1))


@every_needle
def test_pandas_gives_the_example(needle: Needle, freeze: Freeze) -> None:
    assert_same(needle, example(freeze, needle), engines.on_pandas)


@every_needle
def test_pandas_gives_the_same_on_many_facts(needle: Needle, many: Snapshot, many_in_pandas: Snapshot) -> None:
    assert_same(needle, many, lambda _: many_in_pandas)


@pytest.mark.heavy
@every_needle
def test_spark_gives_the_example(needle: Needle, freeze: Freeze, spark: Engine) -> None:
    assert_same(needle, example(freeze, needle), lambda snapshot: engines.on(snapshot, spark))


@pytest.mark.heavy
@every_needle
def test_spark_gives_the_same_on_many_facts(needle: Needle, many: Snapshot, many_in_spark: Snapshot) -> None:
    assert_same(needle, many, lambda _: many_in_spark)


@pytest.mark.heavy
@every_needle
def test_postgres_gives_the_example(needle: Needle, freeze: Freeze, postgres: str) -> None:
    engine = Engine(type="postgres", url=postgres, schema="examples")
    assert_same(needle, example(freeze, needle), lambda snapshot: engines.on(snapshot, engine))


@every_needle
def test_postgres_gives_the_same_on_many_facts(needle: Needle, many: Snapshot, many_in_postgres: Snapshot) -> None:
    assert_same(needle, many, lambda _: many_in_postgres)


@pytest.mark.heavy
def test_every_query_can_be_written_for_engines_that_nobody_runs_here(
    freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("trino", "snowflake", "bigquery")
    compilers = [importlib.import_module(f"ibis.backends.sql.compilers.{name}").compiler for name in names]
    written: list[str] = []

    def fetched(table: Any) -> Any:
        written.extend(c.to_sqlglot(table.unbind()).sql(c.dialect) for c in compilers)
        return table.to_pyarrow()

    for module in (frames, life):
        monkeypatch.setattr(module, "fetched", fetched)
    monkeypatch.setattr(life, "quantiles", life.asked)  # as on every engine but the embedded one
    for module in (across, sums):
        monkeypatch.setattr(module, "listed", lambda table: fetched(table).to_pylist())
    monkeypatch.setattr(derived, "found_here", derived.asked)
    monkeypatch.setattr(Snapshot, "kept", lambda _, __, make: make())
    facts = {name: crowd(entity, 30, ZONE, seed=2) for name, entity in entities.library().items()}
    few = freeze(facts, COVERS, ZONE, rules=RULES)
    for needle in library().values():
        asked(few, needle)
    assert len(written) > 3 * len(names) * len(library())


def assert_same(needle: Needle, snapshot: Snapshot, moved: Callable[[Snapshot], Snapshot]) -> None:
    here = asked(snapshot, needle)
    there = asked(moved(snapshot), needle)
    for given, expected in zip(there["readings"], here["readings"], strict=True):
        same_reading(given, expected)
    assert any(reading.known for reading in here["readings"])
    assert [(p.group, p.groups) for p in there["cut"]] == [(p.group, p.groups) for p in here["cut"]]
    for given, expected in zip(there["cut"], here["cut"], strict=True):
        same_reading(given.reading, expected.reading)
    pd.testing.assert_frame_equal(in_order(there["facts"]), in_order(here["facts"]), rtol=1e-9)


def asked(snapshot: Snapshot, needle: Needle) -> Mapping[str, Any]:
    return {
        "readings": measure.readings(snapshot, needle, WINDOWS),
        "cut": measure.cut(snapshot, needle, Q1, "team"),
        "facts": measure.facts(snapshot, needle),
    }


def same_reading(given: measure.Reading, expected: measure.Reading) -> None:
    assert given.value == pytest.approx(expected.value, rel=1e-9, nan_ok=True)
    assert replace(given, value=0) == replace(expected, value=0)


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(frame.columns), ignore_index=True)
