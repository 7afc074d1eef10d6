"""What may be asked for soon, worked out by a fork of this process on a processor that has nothing else to do."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """A function that changes nothing: called at once in a fork of this process, which ends with the block; without one, when asked."""

    def __init__(self, function: Callable[[], T], *, fork: bool) -> None:
        self._function, self._process = function, 0
        if fork:
            self._reader, writer = os.pipe()
            self._process = os.fork()
            if not self._process:
                _answer(function, writer)
            os.close(writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
            os.close(self._reader)

    def result(self) -> T:
        """What the function returns; called here where the fork came to nothing."""
        if self._process:
            with open(self._reader, "rb", closefd=False) as answer:
                found = answer.read()
            if found:
                value: T = pickle.loads(found)  # noqa: S301  (our own fork's)
                return value
        return self._function()


def _answer(function: Callable[[], object], writer: int) -> None:
    """Send what the function returns, or nothing, and end without tidying up what is the other process's too."""
    try:
        os.nice(10)  # where no processor is idle after all, what is sure to be needed goes first
        found = pickle.dumps(function())
        with open(writer, "wb") as answer:
            answer.write(found)
    finally:
        os._exit(0)
