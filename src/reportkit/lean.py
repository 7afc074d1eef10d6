"""Starting with little: importing a library without, or before, what it imports for uses that are not ours; garbage seldom sought."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock, get_ident
from types import ModuleType
from typing import Any

SELDOM = 50_000  # objects more than there were, before garbage is looked for: what is imported and planned is hardly ever any


@dataclass(frozen=True)
class _Hidden:
    """Tells one thread that a library is not installed."""

    library: str
    thread: int

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002
        """None, whereupon other finders are asked. Raises ModuleNotFoundError for the library."""
        if name == self.library and get_ident() == self.thread:
            raise ModuleNotFoundError(f"{name} is not needed here", name=name)


@contextmanager
def _asked_first(finder: _Hidden | _Late) -> Iterator[None]:
    """In the block, this is asked before all others where a library is."""
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@contextmanager
def without(library: str) -> Iterator[None]:
    """In the block, and in this thread, the library is as one that is not installed; unless it was imported before.

    For imports that make do without it.
    """
    with _asked_first(_Hidden(library, get_ident())):
        yield


_RUNNING = RLock()


class _LateModule(ModuleType):
    """A module whose code runs when something of it is first asked for that is not there yet, once, whichever threads ask.

    There are its name and where it is, and, of a package, what was imported from inside it while it was made late; what is
    imported from inside it thereafter runs it first. The standard library's late module may be seen half run by a second thread,
    before Python 3.13.
    """

    def __getattribute__(self, name: str) -> Any:
        known = ModuleType.__getattribute__(self, "__dict__")
        with _RUNNING:
            asked = name not in known or name == "__doc__" or (name == "__path__" and not _made_late(known["__name__"]))
            loader = known.pop("__late__", None) if asked else None
            if loader:
                try:
                    loader.exec_module(self)
                except BaseException:
                    known["__late__"] = loader
                    raise
                self.__class__ = ModuleType  # type: ignore[assignment]
        return ModuleType.__getattribute__(self, name)


class _LateLoader(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _LateModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave it to whoever asks for something of the module first."""
        ModuleType.__getattribute__(module, "__dict__")["__late__"] = self._loader


@dataclass(frozen=True)
class _Late:
    """Tells one thread where a library is, whose code runs when something of it is first asked for."""

    library: str
    thread: int

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """Where the library is; None for any other, whereupon other finders are asked."""
        spec = PathFinder.find_spec(name, path) if name == self.library and get_ident() == self.thread else None
        if spec and spec.loader:
            spec.loader = _LateLoader(spec.loader)
        return spec


@contextmanager
def later(library: str) -> Iterator[None]:
    """In the block, and in this thread, the library is imported without running it, which is done when something of it is used.

    Imports of it as a whole, and of what lies inside it; those of something that it makes itself run it at once.
    """
    with _asked_first(_Late(library, get_ident())):
        yield


def _made_late(library: str) -> bool:
    """Whether a block that imports it late is under way."""
    return any(isinstance(finder, _Late) and finder.library == library for finder in sys.meta_path)


@contextmanager
def on_call(library: str) -> Iterator[None]:
    """In the block `from library import name` gives a function that imports the library when it is called; unless it was before.

    For functions that hardly anybody calls, and classes of which nobody makes more than instances. Not for two threads at a time.
    """
    if library in sys.modules:
        yield
        return
    stand_in = sys.modules[library] = _Called(library)
    try:
        yield
    finally:
        if sys.modules.get(library) is stand_in:
            del sys.modules[library]


class _Called(ModuleType):
    """Stands in for a module: whatever of it is asked for is a function that calls what the module itself has by that name."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def called(*arguments: Any, **named: Any) -> Any:
            return getattr(import_module(self.__name__), name)(*arguments, **named)

        called.__name__ = called.__qualname__ = name
        return called


@contextmanager
def replaced(library: str, path: str, stand_in: object) -> Iterator[None]:
    """In the block something else stands in for a part of a library, such as `Artist.set`; nothing does where there is no such part.

    Not for two threads at a time.
    """
    *owners, name = path.split(".")
    owner, known = None, {}
    with suppress(Exception):  # of another version of a library, or broken
        owner = reduce(getattr, owners, import_module(library))
        known = vars(owner)
    there, before = name in known, known.get(name)
    if not there and "__getattr__" not in known:
        yield
        return
    setattr(owner, name, stand_in)
    try:
        yield
    finally:
        if there:
            setattr(owner, name, before)
        else:
            delattr(owner, name)
