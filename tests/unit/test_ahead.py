"""Tighter pages laid out ahead of time: the same file, whether they are needed or not, and nothing left behind."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reportkit import forks, render, run
from reportkit.pack import making
from reportkit.pack.places import Places
from reportkit.render import layout, paper
from reportkit.render.ahead import Ahead
from tests.sample_report import executive, sheet_fields

SHEET = render.Sheet(**sheet_fields())


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No process but those that other tests started before."""
    before = set(psutil.Process().children())
    yield
    assert set(psutil.Process().children()) <= before


def test_a_fork_answers_for_this_process_and_is_gone() -> None:
    with Ahead(os.getpid, fork=True) as ahead:
        assert ahead.result() != os.getpid()


def test_without_a_fork_it_is_called_when_it_is_asked_for() -> None:
    calls: list[int] = []
    with Ahead(lambda: calls.append(1), fork=False) as ahead:
        assert calls == []
        ahead.result()
    assert calls == [1]


def test_a_fork_that_is_killed_or_fails_is_made_good_here() -> None:
    here = os.getpid()

    def only_here() -> int:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return here

    with Ahead(only_here, fork=True) as ahead:
        assert ahead.result() == here
    with Ahead(lambda: 1 // (os.getpid() == here), fork=True) as ahead:
        assert ahead.result() == 1


def test_a_fork_that_nobody_asks_is_ended_with_the_block() -> None:
    with pytest.raises(KeyError), Ahead(signal.pause, fork=True):
        raise KeyError


@pytest.mark.parametrize("thin", [True, False])
def test_the_file_is_the_same(thin: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "_thin", lambda _: thin)
    monkeypatch.setattr(paper, "TIGHT", 0.5)
    usual = render.pdf(executive(), SHEET)
    assert render.pdf(executive(), SHEET, spare=True) == usual
    monkeypatch.setattr(paper, "_thin", lambda _: not thin)
    assert render.pdf(executive(), SHEET) != usual


def test_the_process_of_a_build_is_not_forked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(render, "pdf", lambda *_, spare, **__: asked.append(spare) or b"")
    monkeypatch.setattr(layout, "_read", lambda _: executive())
    layout.lay_out(tmp_path / "report.ipynb", SHEET, (layout.PDF,), True)
    monkeypatch.setattr(layout.multiprocessing, "parent_process", object)
    layout.lay_out(tmp_path / "report.ipynb", SHEET, (layout.PDF,), True)
    layout.lay_out(tmp_path / "report.ipynb", SHEET, (layout.PDF,))
    assert asked == [False, True, False]


@pytest.mark.parametrize("idle", [True, False])
def test_a_processor_is_to_spare_where_there_are_fewer_reports(idle: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(making, "apart", lambda *given, most: asked.append(given[3:]) or calls.append(most))
    calls: list[int] = []
    none = threading.Semaphore()
    settings = run.Isolated(Path(), Path(), 0, family=forks.Family())
    making._laid_out(making.Line(settings, 1, none, Places(1), lambda: idle), Path(), SHEET)
    assert [given[3:] for given in asked if given[2:3] != (("html",),)] == [(idle, Path())]
    assert set(calls) == {making.REPORTS}
