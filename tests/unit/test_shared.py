"""What one notebook of a build has worked out the others are given."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from reportkit import shared
from reportkit.shared import FOLDER, KEPT, hand_on, handed, once, opened, planned, planning


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


def test_what_comes_of_something_that_is_not_here_is_kept_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setattr(shared, "_LACKING", [])
    found = iter((1, 2, 3))

    def without() -> int:
        shared.lacking("incidents")
        return next(found)

    assert once("before", lambda: 0) == 0
    assert once("key", without) == 1
    assert once("key", lambda: next(found)) == 2
    assert once("key", lambda: next(found)) == 3
    assert once("before", lambda: 4) == 0


@pytest.mark.parametrize("left", [b"", b"\x80\x04\x95", b"no pickle"])
def test_what_was_cut_short_as_the_machine_went_down_is_worked_out_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: bytes
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert once("key", lambda: "first") == "first"
    (kept,) = (path for path in tmp_path.iterdir() if not path.suffix)
    kept.write_bytes(left)
    assert handed("key", lambda: "again") == "again"
    assert [once("key", lambda: "again"), once("key", lambda: pytest.fail("it was kept"))] == ["again", "again"]


def test_what_the_build_hands_on_is_not_worked_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    hand_on(tmp_path, "key", "given")
    assert once("key", lambda: pytest.fail("it was worked out")) == "given"


def test_results_outlive_their_build_unless_it_is_to_be_done_afresh(tmp_path: Path) -> None:
    folder = opened(tmp_path, "a")
    assert folder
    hand_on(folder, "key", 1)
    assert opened(tmp_path, "a") == folder
    assert len(list(folder.iterdir())) == 1
    assert opened(tmp_path, "a", fresh=True) == folder
    assert not list(folder.iterdir())
    assert folder.stat().st_mode & 0o077 == 0


def test_results_that_nobody_has_asked_for_in_a_while_are_removed(tmp_path: Path) -> None:
    for i, name in enumerate("abcd"):
        folder = opened(tmp_path, name)
        assert folder
        os.utime(folder, (i, i))
    opened(tmp_path, "e")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "d", "e"]
    assert KEPT == 3


def test_where_nothing_can_be_written_the_build_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert opened(tmp_path / "file", "a") is None


def test_what_a_build_is_planned_by_is_kept_in_its_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    found = iter(range(9))
    with planning(tmp_path):
        assert [planned("a", lambda: next(found)), once("a", lambda: next(found))] == [0, 0]
    assert planned("a", lambda: next(found)) == 1
    with planning(None):
        assert planned("a", lambda: next(found)) == 2
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert planned("a", lambda: next(found)) == 3, "notebooks have no part in it"


def test_a_build_whose_folder_somebody_else_removes_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "planning"
    folder.mkdir()
    with planning(folder):
        assert planned("a", lambda: shutil.rmtree(folder) or 1) == 1
        assert planned("a", lambda: 2) == 2
