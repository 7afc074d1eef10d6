"""Fork servers that one process starts and another borrows: who ends with whom, and what becomes of it when the server is gone."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from reportkit import forks
from reportkit.lent import Address, Server

pytestmark = pytest.mark.skipif(not forks.available(), reason="no fork server on this system")
#: Another process of this machine: it borrows what it is told, forks, says the fork's process and waits.
BORROWER = (
    "import pickle, sys, time\nfrom reportkit import forks\n"
    "forks.borrow(pickle.load(sys.stdin.buffer))\nforks.warm_up()\n"
    "family = forks.Family()\nprint(family.start(time.sleep, 600).pid, flush=True)\ntime.sleep(600)"
)
LENDER = (
    "import pickle, sys, time\nfrom reportkit import forks\nforks.warm_up()\n"
    "pickle.dump(forks.addresses(), sys.stdout.buffer)\nsys.stdout.flush()\ntime.sleep(600)"
)


@pytest.fixture
def lent() -> dict[str, Address]:
    forks.warm_up()
    return forks.addresses()


@pytest.fixture
def borrower(lent: dict[str, Address], monkeypatch: pytest.MonkeyPatch) -> Iterator[forks.Family]:
    """As another process that borrowed the servers of this one would be."""
    monkeypatch.setattr(forks, "_SERVERS", {name: Server() for name in lent})
    forks.borrow(lent)
    forks.warm_up()
    family = forks.Family()
    yield family
    family.stop()
    for server in forks._SERVERS.values():
        if server.pid:
            os.kill(server.pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def ends(pid: int) -> bool:
    if psutil.pid_exists(pid):
        psutil.wait_procs([psutil.Process(pid)], timeout=10)
    return not alive(pid)


def test_a_borrowed_server_forks_for_whoever_borrowed_it(lent: dict[str, Address], borrower: forks.Family) -> None:
    assert set(lent) == {forks.KERNELS, forks.PAGES}
    kernels, pages = (borrower.call(os.getppid, server=server) for server in (forks.KERNELS, forks.PAGES))
    assert [psutil.Process(pid).ppid() for pid in (kernels, pages)] == [os.getpid()] * 2
    assert kernels != pages
    assert [forks.server_pid(name) for name in lent] == [None, None]  # it started none


def test_a_borrowed_server_that_is_gone_is_no_matter_nor_borrowed_again(
    lent: dict[str, Address], borrower: forks.Family
) -> None:
    first = borrower.call(os.getppid)
    member = borrower.start(signal.pause)
    os.kill(first, signal.SIGKILL)
    assert member.wait(10) == forks.LOST
    assert borrower.lost == 1
    own = borrower.call(os.getppid)
    assert own == forks.server_pid() != first
    forks.borrow(lent)  # as its next task does
    assert borrower.call(os.getppid) == own


def test_what_is_forked_ends_with_whoever_asked_for_it_and_the_server_lives(lent: dict[str, Address]) -> None:
    server = forks.Family().call(os.getppid)
    with subprocess.Popen([sys.executable, "-c", BORROWER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdin
        assert worker.stdout
        worker.stdin.write(pickle.dumps(lent))
        worker.stdin.close()
        forked = int(worker.stdout.readline())
        assert psutil.Process(forked).ppid() == server
        worker.kill()
    assert ends(forked)
    assert alive(server)
    assert forks.Family().call(os.getppid) == server


def test_a_server_ends_with_the_process_that_started_it_whatever_it_forked_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    family = forks.Family()
    with subprocess.Popen([sys.executable, "-c", LENDER], stdout=subprocess.PIPE) as lender:
        assert lender.stdout
        lent = pickle.load(lender.stdout)
        monkeypatch.setattr(forks, "_SERVERS", {name: Server() for name in lent})
        forks.borrow(lent)
        server, member = family.call(os.getppid), family.start(signal.pause)
        assert psutil.Process(server).ppid() == lender.pid
        lender.kill()
    assert ends(server)
    assert member.wait(10) == forks.LOST
    assert ends(member.pid)
