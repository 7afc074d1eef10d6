"""What one notebook of a build has worked out the others are given."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from reportkit.shared import FOLDER, once


def test_outside_of_a_build_everything_is_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    found = iter((1, 2))
    assert [once("key", lambda: next(found)) for _ in range(2)] == [1, 2]


def test_in_a_build_it_is_worked_out_once_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    found = iter((1, 2, 3))
    assert [once(key, lambda: next(found)) for key in ("a", "a", ("a", 1), "a")] == [1, 1, 2, 1]


def test_two_that_ask_at_once_wait_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    made: list[int] = []

    def slow() -> str:
        made.append(1)
        time.sleep(0.2)
        return "done"

    given: list[str] = []
    threads = [threading.Thread(target=lambda: given.append(once("key", slow))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (given, made) == (["done"] * 4, [1])


def test_what_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        once("key", lambda: 1 // 0)
    assert once("key", lambda: 4) == 4
