"""A fork server that one process starts and others of its machine use as well: they ask it for forks by its address.

What it forks for another process ends with that process (see forks), the server itself with the one that started it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker


@dataclass(frozen=True)
class Address:
    """Where a fork server is asked, and the key that newer Pythons want to see."""

    path: str
    key: bytes | None = None


class Server(forkserver.ForkServer):
    """The standard library's client of a fork server: of its own, or of one that another process started."""

    # The standard library's names: it knows no way to ask the server of another process.
    _forkserver_pid: int | None
    _forkserver_address: str | None
    _forkserver_alive_fd: int | None
    _forkserver_authkey: bytes | None = None
    _borrowed = False

    @property
    def pid(self) -> int | None:
        """The process of the server; None where it was not started, or is another's."""
        return self._forkserver_pid

    @property
    def address(self) -> Address | None:
        """Where others can ask it; None where it was not started."""
        return Address(self._forkserver_address, self._forkserver_authkey) if self._forkserver_address else None

    def borrow(self, address: Address) -> None:
        """Ask the server of another process from now on, unless one was borrowed before, or an own one runs."""
        if self._borrowed or self.pid is not None:
            return
        self._borrowed = True
        self._forkserver_address, self._forkserver_authkey = address.path, address.key
        # What is forked holds its server alive by this; a borrowed server ends when its owner does.
        self._forkserver_alive_fd = os.open(os.devnull, os.O_RDONLY)

    def give_back(self) -> None:
        """Start a server of its own when next asked: the borrowed one is gone."""
        if self.pid is None and self._forkserver_alive_fd is not None:
            os.close(self._forkserver_alive_fd)
            self._forkserver_address = self._forkserver_authkey = self._forkserver_alive_fd = None

    def ensure_running(self) -> None:
        """Start a server where none is borrowed and none runs."""
        if self.pid is None and self._forkserver_address is not None:
            resource_tracker.ensure_running()
        else:
            super().ensure_running()
