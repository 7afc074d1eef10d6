"""Processes forked from a server in which the libraries are imported already: the standard library's fork server.

Starting Python and importing pandas, matplotlib and the rest takes seconds; a fork of a process that has done so takes
hundredths. The server itself runs no thread, opens no database and draws nothing: what it forks starts clean.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import connection, forkserver, spawn
from typing import Any, TypeVar

import psutil

from reportkit.errors import RenderError
from reportkit.lent import Address, Server

T = TypeVar("T")
KERNELS, PAGES = "reportkit.preloaded.kernels", "reportkit.preloaded.pages"  # what each of the two servers imports
LOCAL = "local"  # the cluster whose workers are processes of this machine: they borrow the servers of the build
FEW = "reportkit.preloaded.few"  # what the first one imports where hardly anything has to be worked out or drawn
#: What libraries read as they are imported, and what must be the same wherever a notebook runs, forked or not.
SETTLED = {
    "PYTHONHASHSEED": "0",
    "MATPLOTLIBRC": os.devnull,  # nobody's settings
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OPENBLAS_NUM_THREADS": "1",  # no thread at a fork, and sums that add up in one order
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
PATH = [entry for entry in sys.path if entry]  # of the server, in all that it forks
LARGE = 2**28  # bytes of memory in a process that is not called again
LOST = 255  # what multiprocessing says of a process whose server died, and of one that left so itself
_ONE_AT_A_TIME = threading.Lock()  # multiprocessing looks after all its children whenever it starts one
_SERVERS = {KERNELS: Server(), PAGES: Server()}


class NoFork(Exception):  # noqa: N818  (not an error: a cold start serves as well)
    """There is no fork server here, or it dies whenever it is started."""


class Stopped(Exception):  # noqa: N818
    """The family was ended, as its build was: nothing of it is to be done in another way."""


class ServerDied(Exception):  # noqa: N818
    """The fork server died while a process that it had forked was at work; that process was ended too."""


def available() -> bool:
    """Whether processes can be forked here: on Linux, where no system library minds."""
    return sys.platform.startswith("linux") and "forkserver" in multiprocessing.get_all_start_methods()


def wanted(*, cold: bool, cluster: str | None) -> bool:
    """Whether a build's notebooks and pages run in processes that this machine's own servers fork."""
    return not cold and (not cluster or cluster == LOCAL)


def daemonic() -> bool:
    """Whether this process may have no children, as a worker of a Dask cluster may not unless it is told otherwise."""
    return multiprocessing.current_process().daemon


def warm_up(*wanted: str) -> None:
    """Start those of the fork servers that do not run yet, all where none is named: they import while we go on."""
    for preloaded in (wanted or _SERVERS) if available() else ():
        name = KERNELS if preloaded == FEW else preloaded
        if server_pid(name) is None:
            _SERVERS[name].set_forkserver_preload([preloaded])
        with _ONE_AT_A_TIME, _environment(SETTLED), contextlib.suppress(OSError):
            _SERVERS[name].ensure_running()


def server_pid(preloaded: str = KERNELS) -> int | None:
    """The process of a fork server, None where it was not started."""
    return _SERVERS[preloaded].pid


def addresses() -> dict[str, Address]:
    """Where other processes of this machine can borrow the fork servers that were started."""
    return {name: server.address for name, server in _SERVERS.items() if server.address}


def borrow(lent: Mapping[str, Address]) -> None:
    """Use the fork servers of another process, each until it is gone."""
    for name, address in lent.items():
        _SERVERS[name].borrow(address)


@contextlib.contextmanager
def _serving(preloaded: str) -> Iterator[None]:
    """Multiprocessing knows one fork server; for the block this one is it. To be used by one thread at a time.

    What it forks is not made to run the program of this process again: nothing of that is called there.
    """
    usual, told = forkserver.connect_to_new_process, spawn.get_preparation_data
    forkserver.connect_to_new_process = _SERVERS[preloaded].connect_to_new_process
    spawn.get_preparation_data = lambda name: {k: v for k, v in told(name).items() if not k.startswith("init_main")}
    try:
        yield
    finally:
        forkserver.connect_to_new_process, spawn.get_preparation_data = usual, told


@contextlib.contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """These variables of this process set for the block: a server inherits those that it is started with."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


class Forked:
    """A forked process, with as much of the face of a subprocess.Popen as jupyter_client looks at."""

    stdin = stdout = stderr = None

    def __init__(self, process: Any, server: str) -> None:
        self._process, self.server = process, server
        self.pid: int = process.pid
        self.returncode: int | None = None
        self.lost = False  # its server died, so that nothing more is known of it

    def poll(self) -> int | None:
        """The exit code, None while it runs. A process whose server died is ended."""
        with _ONE_AT_A_TIME:
            if self.returncode is None:
                self.returncode = self._process.exitcode
                if self.returncode == LOST and psutil.pid_exists(self.pid):
                    self.lost = True
                    _kill(self.pid)
                if self.returncode is not None:
                    self._process.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code once it has ended, None where it still runs after `timeout` seconds."""
        if self.poll() is None:
            with contextlib.suppress(ValueError, OSError):  # another thread saw its end and closed it
                connection.wait([self._process.sentinel], timeout)
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it and all of its group at once."""
        if self.poll() is None:
            _kill(self.pid)

    terminate = kill


class _Gone(Exception):  # noqa: N818
    """The process that was called ended before it answered; with its exit code."""

    def __init__(self, code: int | None) -> None:
        super().__init__()
        self.code = code


@dataclass
class _Worker:
    """A process that is called through a pipe, again and again until that is closed."""

    process: Forked
    pipe: Any
    answered: int = 0


class Family:
    """The processes that one build forked, so that they can be ended with it."""

    def __init__(self) -> None:
        self._members: list[Forked] = []
        self._waiting: dict[str, list[_Worker]] = {}  # by server
        self._closed = False
        self._lock = threading.Lock()

    @property
    def lost(self) -> int:
        """How many kernels were lost as their server died."""
        return sum(member.lost and member.server == KERNELS for member in self._members)

    def start(
        self, function: Callable[..., object], *arguments: Any, server: str = KERNELS, fresh: bool = False
    ) -> Forked:
        """A new process of a server that calls the function; a dead server is started again, once. Raises NoFork, Stopped."""
        if self._closed:
            raise Stopped
        if not available() or daemonic():
            raise NoFork
        process: Any = multiprocessing.get_context("forkserver").Process(target=_begin, args=(function, *arguments))
        try:
            with _ONE_AT_A_TIME, _environment(SETTLED), _serving(server):
                process.start()
        except (OSError, EOFError):
            if fresh:
                raise NoFork from None
            _SERVERS[server].give_back()
            return self.start(function, *arguments, server=server, fresh=True)
        member = Forked(process, server)
        with self._lock:
            self._members = [m for m in self._members if m.returncode is None or m.lost] + [member]
        if self._closed:
            member.kill()
        return member

    def call(self, function: Callable[..., T], *arguments: Any, server: str = KERNELS, most: int = 1) -> T:
        """What the function returns, called in a process forked from a server: one that answers so many calls in its life.

        Where a process that answered before has ended, a new one is asked. Raises what the function raises, NoFork, Stopped,
        ServerDied, and RenderError where the process was ended from outside.
        """
        worker = self._idle(server)
        if worker:
            with contextlib.suppress(_Gone):
                found: T = self._asked(worker, most, function, arguments)
                return found
        try:
            return self._asked(self._worker(server), most, function, arguments)
        except _Gone as gone:
            why = "was ended" if gone.code and gone.code < 0 else "ended"
            raise RenderError(f"its process {why} all of a sudden (out of memory?).") from None

    def _asked(self, worker: _Worker, most: int, function: Callable[..., T], arguments: Sequence[Any]) -> T:
        """What the function returns, called in this process. Raises what it raises, ServerDied, and _Gone."""
        try:
            worker.pipe.send((function, arguments))
            value, error, large = worker.pipe.recv()
        except (EOFError, OSError):
            code = worker.process.wait()
            raise (ServerDied if worker.process.lost else _Gone(code)) from None
        worker.answered += 1
        if worker.answered < most and not large:
            with self._lock:
                self._waiting.setdefault(worker.process.server, []).append(worker)
        else:
            worker.pipe.close()
            worker.process.wait()
        if error is not None:
            raise error
        result: T = value
        return result

    def _worker(self, server: str) -> _Worker:
        ours, theirs = multiprocessing.get_context("forkserver").Pipe()
        with theirs:
            return _Worker(self.start(_answer, theirs, server=server), ours)

    def _idle(self, server: str) -> _Worker | None:
        """A process that waits to be called again, None where none does."""
        while True:
            with self._lock:
                waiting = self._waiting.get(server)
                worker = waiting.pop() if waiting else None
            if worker is None or worker.process.poll() is None:
                return worker

    def stop(self) -> None:
        """End all that still run, with what they started, and start no more."""
        self._closed = True
        with self._lock:
            members = list(self._members)
        for member in members:
            member.kill()
        for member in members:
            member.wait(10)


def _kill(pid: int) -> None:
    for end in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            end(pid, signal.SIGKILL)


def _begin(function: Callable[..., object], *arguments: Any) -> None:
    """Runs in the forked process: a session of its own, an end when the build ends, and chance of its own."""
    os.setsid()
    parent = multiprocessing.parent_process()
    multiprocessing.current_process().name = "MainProcess"  # which libraries look at
    if "numpy" in sys.modules:  # Python's own random reseeds itself
        sys.modules["numpy"].random.seed()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    function(*arguments)


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os.killpg(os.getpgrp(), signal.SIGKILL)


def become(command: Sequence[str], environment: Mapping[str, str], folder: str, log: str) -> None:
    """Make this forked process what the command `python -m module arguments` would start."""
    os.environ.clear()
    os.environ.update({name: value for name, value in environment.items() if name != "JPY_PARENT_PID"})
    os.chdir(folder)
    sys.path[:] = PATH  # not that of the build
    with open(log, "ab") as file, open(os.devnull, "rb") as nothing:  # noqa: PTH123
        for target, source in ((0, nothing), (1, file), (2, file)):
            os.dup2(source.fileno(), target)
    module = command[command.index("-m") + 1]
    sys.argv = [module, *command[command.index("-m") + 2 :]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _answer(pipe: Any) -> None:
    """Call each function that is asked for and send back what it returns or raises; the traceback goes along as a note.

    Beside it whether so much memory was taken that this process had better end.
    """
    with contextlib.suppress(EOFError):
        while True:
            function, arguments = pipe.recv()
            try:
                answer: tuple[object, BaseException | None] = (function(*arguments), None)
            except Exception as error:  # noqa: BLE001  # it is raised again on the other side
                error.add_note("".join(traceback.format_exception(error)))
                answer = (None, error)
            pipe.send((*answer, psutil.Process().memory_info().rss > LARGE))
