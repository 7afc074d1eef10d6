"""Needles two at a time: the same numbers and errors as one after the other, and an interrupt ends them."""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from reportkit import entities, measure, shared
from reportkit.errors import MeasureError
from reportkit.model.needle import Needle
from reportkit.model.period import Quarter, Window
from reportkit.model.rules import DoraRules, KeyEvent, Rules
from reportkit.needles import find, library
from reportkit.snapshot import Snapshot, opened
from reportkit.snapshot.backends import Embedded
from reportkit.turns import aside
from tests.oracle.worlds import crowd

Freeze = Callable[..., Snapshot]
ZONE = "Europe/London"
COVERS = Window(date(2025, 9, 1), date(2026, 10, 1))
WINDOWS = (Quarter(2026, 1).window, Quarter(2026, 2).window, Window(date(2026, 3, 23), date(2026, 3, 30)))
RULES = Rules(smallest_group=2, key_events=(KeyEvent("sale", date(2026, 2, 2), date(2026, 2, 4)),))
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LINKED = ("change_failure_rate", "recovery_time")


@pytest.fixture(autouse=True)
def two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "MANY", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.fixture
def snapshot(freeze: Freeze) -> Snapshot:
    facts = {name: crowd(entity, 200, ZONE, seed=3) for name, entity in entities.library().items()}
    facts["deployments"].sort(key=lambda fact: fact["deployed_at"] or FIRST)  # as they are frozen
    return freeze(facts, COVERS, ZONE, rules=RULES)


def other_rules(whole: Snapshot) -> Snapshot:
    return whole.under(replace(RULES, dora=DoraRules(link_within="organisation", relapse_hours=2, median="censored")))


@pytest.mark.parametrize("of", [Snapshot.whole.fget, lambda s: s.cut({"team": "basket"}), other_rules])  # type: ignore[attr-defined]
def test_every_needle_is_what_it_is_alone(of: Callable[[Snapshot], Snapshot], snapshot: Snapshot) -> None:
    needles, other = list(library().values()), Snapshot.open(snapshot.folder, ZONE, RULES)
    found = measure.each(of(snapshot), needles, lambda n: measure.readings(of(snapshot), n, WINDOWS))
    for needle, readings in zip(needles, found, strict=True):
        for given, alone in zip(readings, measure.readings(of(other), needle, WINDOWS), strict=True):
            assert given.value == pytest.approx(alone.value, rel=1e-12, nan_ok=True)
            assert replace(given, value=0) == replace(alone, value=0)
    assert any(reading.known for readings in found for reading in readings)
    assert gc.isenabled()


def test_what_two_needles_rest_on_is_worked_out_once(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    keep = Embedded.keep

    def slowly(self: Embedded, made: Any) -> Any:
        kept.append(made)
        with aside():
            time.sleep(0.1)  # the other one asks for it meanwhile
        return keep(self, made)

    monkeypatch.setattr(Embedded, "keep", slowly)
    measure.each(snapshot, [find(key) for key in LINKED], lambda n: measure.reading(snapshot, n, WINDOWS[0]))
    assert len(kept) == 2  # links, and the failures that they make


def test_links_are_begun_first_and_who_rests_on_them_too_comes_last(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Snapshot, "at_once", lambda _, jobs, begin: [jobs[i]() for i in begin])
    keys = ["outages", "change_failure_rate", "lead_time", "recovery_time"]
    begun = measure.each(snapshot, [find(key) for key in keys], lambda needle: needle.key)
    assert begun == ["change_failure_rate", "outages", "lead_time", "recovery_time"]


def test_what_is_raised_is_what_the_first_of_them_raises(freeze: Freeze) -> None:
    few = freeze({"deployments": [{"deployed_at": None}]}, COVERS, ZONE)
    needles = [find(key) for key in ("deployment_frequency", "outages", "change_failure_rate")]
    with pytest.raises(MeasureError) as alone:
        measure.reading(few, needles[1], WINDOWS[0])
    with pytest.raises(MeasureError) as together:
        measure.each(few, needles, lambda n: measure.reading(few, n, WINDOWS[0]))
    assert str(together.value) == str(alone.value)
    assert measure.reading(few, needles[0], WINDOWS[0]).known  # and nothing is left behind


def test_one_thread_at_a_time_has_the_turn_and_each_asks_by_a_connection_of_its_own(snapshot: Snapshot) -> None:
    snapshot.table("changes")
    connection, main = snapshot._backend.connection, threading.get_ident()  # type: ignore[attr-defined]
    busy, seen, meeting = [0], dict[int, Any](), threading.Barrier(2)

    def ask(needle: Needle) -> float:
        busy[0] += 1
        assert busy == [1]
        time.sleep(0.02)
        busy[0] -= 1
        seen[threading.get_ident()] = connection.con
        with aside():
            meeting.wait(10)  # nobody comes alone
        return measure.reading(snapshot, needle, WINDOWS[0]).value

    measure.each(snapshot, list(library().values())[:6], ask)
    assert len(seen) == 2
    assert main not in seen
    assert len({id(con) for con in (*seen.values(), connection.con)}) == 3


def test_who_waits_for_what_another_works_out_for_all_lets_it_have_its_turn(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shared.FOLDER, str(tmp_path))
    begun = threading.Event()

    def slowly() -> str:
        begun.set()
        with aside():
            time.sleep(0.2)
        return "once"

    def ask(needle: Needle) -> str:
        with aside():
            assert needle.key == "outages" or begun.wait(10)
        return shared.once("key", slowly)

    assert measure.each(snapshot, [find("outages"), find("lead_time")], ask) == ["once", "once"]


@pytest.mark.parametrize("interrupted", [False, True])
def test_who_waits_for_another_process_is_ended_with_the_others(
    interrupted: bool, snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shared.FOLDER, str(tmp_path))
    lock, waits = shared._path(tmp_path, "key").with_suffix(".lock").open("ab"), threading.Event()
    fcntl.flock(lock, fcntl.LOCK_EX)

    def ask(needle: Needle) -> str:
        if needle.key == "outages":
            with aside():
                waits.wait(10)
                time.sleep(0.1)
            if interrupted:
                os.kill(os.getpid(), signal.SIGINT)
                with aside():
                    time.sleep(0.2)
            raise MeasureError("none")
        waits.set()
        return shared.once("key", str)

    heard = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever runs the tests may ignore it
    begun = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt if interrupted else MeasureError):
            measure.each(snapshot, [find("outages"), find("lead_time")], ask)
    finally:
        signal.signal(signal.SIGINT, heard)
    assert time.monotonic() - begun < 8  # it would wait for ever
    lock.close()


def test_work_that_fails_while_another_waits_for_it_is_told_to_both(snapshot: Snapshot) -> None:
    def fail() -> None:
        with aside():
            time.sleep(0.2)
        raise ZeroDivisionError

    def ask(needle: Needle) -> None:
        if needle.key == "lead_time":
            with aside():
                time.sleep(0.1)
        with pytest.raises(ZeroDivisionError):
            snapshot.kept("failing", fail)

    measure.each(snapshot, [find("outages"), find("lead_time")], ask)


def test_who_is_asked_in_a_turn_asks_one_after_the_other(snapshot: Snapshot) -> None:
    needles = [find("outages"), find("lead_time")]
    inner = lambda _: measure.each(snapshot, needles, lambda n: (n.key, threading.get_ident()))  # noqa: E731
    for found in measure.each(snapshot, needles, inner):
        assert [key for key, _ in found] == ["outages", "lead_time"]
        assert len({thread for _, thread in found}) == 1


@pytest.mark.parametrize(("many", "cores"), [(1_000_000, 2), (0, 1)])
def test_over_few_facts_and_on_one_core_no_thread_is_begun(
    many: int, cores: int, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "MANY", many)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    threads = measure.each(snapshot, [find(key) for key in LINKED], lambda _: threading.get_ident())
    assert threads == [threading.get_ident()] * 2


INTERRUPTED = """
import os, signal, sys, threading
from pathlib import Path
from reportkit import measure
from reportkit.model.period import Quarter
from reportkit.needles import find
from reportkit.snapshot import Snapshot, listed, opened

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever runs the tests may ignore it
opened.MANY, os.cpu_count = 0, lambda: 2
with Snapshot.open(Path(sys.argv[1]), "Europe/London") as snapshot:
    changes = snapshot.table("changes")
    every = changes.select("change_id")
    for i in range(5):
        every = every.join(changes.select(**{f"c{i}": "change_id"}), [], how="cross")
    begun = []

    def ask(needle):
        begun.append(needle.key)
        if len(begun) == 2:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        if needle.key == "outages":
            snapshot.kept("endless", lambda: every)
        while True:
            listed(every.aggregate(n=(every.change_id < every.c4).sum()) if needle.key == "lead_time" else changes.limit(1))

    try:
        measure.each(snapshot, [find(key) for key in sys.argv[2:]], ask)
    except KeyboardInterrupt:
        pass
    assert len(begun) == 2, begun
    assert threading.active_count() == 1, threading.enumerate()
    there = snapshot._backend.connection.raw_sql("SHOW TABLES").fetchall()
    assert there == [("changes",)], there
    assert measure.reading(snapshot, find("deployment_frequency"), Quarter(2026, 1).window).known
    assert snapshot.kept("endless", lambda: changes.limit(1)).count().execute() == 1
print("over")
"""


@pytest.mark.parametrize("keys", ["outages lead_time toil", "lead_time adoption toil", "toil adoption lead_time"])
def test_an_interrupt_ends_queries_and_what_lies_between_them(keys: str, snapshot: Snapshot) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(snapshot.folder), *keys.split()],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("over\n", "")
