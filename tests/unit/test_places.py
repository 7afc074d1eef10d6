"""Places for pages: those with the most to do are let in first."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from reportkit.pack.places import Places


def test_who_waits_goes_in_by_what_there_is_to_do_and_then_in_order() -> None:
    places, went, free = Places(1), [], threading.Event()

    def work(name: str, much: float) -> None:
        with places.taken(much):
            went.append(name)
            free.wait(10)

    with ThreadPoolExecutor(5) as pool:
        pool.submit(work, "first", 1)
        while not went:
            time.sleep(0.001)
        for nth, (name, much) in enumerate((("small", 2), ("large", 9), ("small too", 2), ("middle", 5)), 1):
            pool.submit(work, name, much)
            until = time.monotonic() + 10
            while len(places._waiting) < nth and time.monotonic() < until:
                time.sleep(0.001)
        free.set()
    assert went == ["first", "large", "middle", "small", "small too"]


def test_no_more_are_in_than_there_are_places() -> None:
    places, inside, most = Places(2), [0], [0]
    lock = threading.Lock()

    def work(much: float) -> None:
        with places.taken(much):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            with lock:
                inside[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    assert most == [2]
    assert inside == [0]


def test_who_is_interrupted_while_waiting_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    places = Places(1)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with places.taken(1):
        with monkeypatch.context() as patch:
            patch.setattr(places._changed, "wait_for", interrupted)
            with pytest.raises(KeyboardInterrupt), places.taken(9):
                pass
        assert not places._waiting
    with places.taken(2):
        pass


def test_a_place_is_free_again_after_what_failed() -> None:
    places = Places(1)
    with pytest.raises(ValueError, match="no"), places.taken(1):
        raise ValueError("no")
    with places.taken(1):
        pass
