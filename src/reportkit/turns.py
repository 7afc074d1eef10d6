"""Work for several threads of which one at a time has the turn: Ibis is not made for threads, engines and sorts are.

A thread lets go of its turn for what takes long and touches nothing of Ibis: see `aside`.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")
THREADS = 2  # the engine has threads of its own, and what each job holds is in memory
PATIENCE = 0.02  # seconds
_TURN = threading.Lock()
_HERE = threading.local()  # has `turn`, true while the thread has it


@contextmanager
def aside() -> Iterator[None]:
    """In the block another thread may have the turn; nothing changes for a thread that takes no turns."""
    if not getattr(_HERE, "turn", False):
        yield
        return
    _HERE.turn = False
    _TURN.release()
    try:
        yield
    finally:
        _TURN.acquire()
        _HERE.turn = True


def until(ready: Callable[[], bool], wait: Callable[[], object]) -> None:
    """Wait, while another thread may have the turn, for what other processes do: `wait` where this thread takes no turns.

    Raises InterruptedError once the others that it takes turns with are ended, where to wait would hold them up.
    """
    if not getattr(_HERE, "turn", False):
        wait()
        return
    with aside():
        while not ready():
            if _HERE.over.wait(PATIENCE):
                raise InterruptedError


def at_once(
    jobs: Sequence[Callable[[], T]],
    begin: Sequence[int],
    place: Callable[[], AbstractContextManager[None]],
    interrupt: Callable[[], None],
) -> list[T]:
    """What the jobs give, in their order, begun in the order of `begin`; each is done in a `place` of its own.

    Raises what the first of them raises, as if one were done after the other. Then, and where whoever waits is interrupted, no
    other begins, and `interrupt` is called until none is at work any more.
    """
    if getattr(_HERE, "turn", False):  # whoever waited would have it
        return [job() for job in jobs]
    given: dict[int, Future[T]] = {}
    over = threading.Event()
    with _uncollected(), ThreadPoolExecutor(THREADS) as pool:
        try:
            for i in begin:
                given[i] = pool.submit(_in_turn, jobs[i], place, over)
            return [given[i].result() for i in range(len(jobs))]
        except BaseException:
            over.set()
            _end(list(given.values()), interrupt)
            raise


def _end(jobs: Sequence[Future[T]], interrupt: Callable[[], None]) -> None:
    for job in jobs:
        job.cancel()
    while True:
        with suppress(KeyboardInterrupt):  # one more: it is being ended already
            while not all(job.done() for job in jobs):
                interrupt()
                time.sleep(PATIENCE)
            return


def _in_turn(job: Callable[[], T], place: Callable[[], AbstractContextManager[None]], over: threading.Event) -> T:
    with _TURN:
        _HERE.turn, _HERE.over = True, over
        try:
            with place():
                return job()
        finally:
            _HERE.turn = False


@contextmanager
def _uncollected() -> Iterator[None]:
    """In the block Python collects no cycles: expressions of Ibis would end in a thread that has not the turn."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
