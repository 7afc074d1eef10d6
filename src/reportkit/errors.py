"""Every error that reportkit raises on purpose.

    ReportkitError                    one sentence: what was given, what is allowed, what to do
    ├── ParamsError                   a params file says something that cannot be meant
    │   └── UnknownName (LookupError) a name nobody declared, with the near one
    ├── ExtractError                  facts could not be taken
    │   ├── SourceError               a source could not be read
    │   └── ContractError             too many rows break their entity's contract
    ├── SnapshotError                 a frozen extract is missing, incomplete or altered
    ├── EngineError                   the engine that organisation.yaml names cannot be used
    ├── MeasureError                  a needle cannot be computed from the extract at hand
    ├── EvidenceError                 a proof cannot be weighed at all
    ├── NotebookError                 a notebook could not be run to its end
    └── RenderError                   a report could not be laid out

A message is written for a platform PM: no traceback, no class name, no internals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any


class ReportkitError(Exception):
    """One sentence a PM can act on. `where` is the file, line or notebook cell it is about."""

    def __init__(self, message: str, *, where: str | None = None) -> None:
        self.message = message
        self.where = where
        super().__init__(f"{where}: {message}" if where else message)

    def __reduce__(self) -> tuple[Callable[..., ReportkitError], tuple[Any, ...]]:
        """How it travels between processes: as it is, for its parts were put together already."""
        return _put_together, (type(self), self.args, self.__dict__)


class ParamsError(ReportkitError):
    """A params file says something that cannot be meant."""


class UnknownName(ParamsError, LookupError):  # noqa: N818  (it says what is wrong, as KeyError does not)
    """A name that nobody declared; the message lists the known ones and suggests the near one."""

    def __init__(self, kind: str, given: object, known: Iterable[str], *, where: str | None = None) -> None:
        self.given = str(given)
        self.known = tuple(sorted(known))
        super().__init__(unknown(kind, self.given, self.known), where=where)


class ExtractError(ReportkitError):
    """Facts could not be taken."""


class SourceError(ExtractError):
    """A source could not be read."""


class ContractError(ExtractError):
    """Too many rows break their entity's contract."""


class SnapshotError(ReportkitError):
    """A frozen extract is missing, incomplete or altered."""


class EngineError(ReportkitError):
    """The engine that organisation.yaml names cannot be reached, or cannot do what it is asked."""


class MeasureError(ReportkitError):
    """A needle cannot be computed from the extract at hand."""


class EvidenceError(ReportkitError):
    """A proof cannot be weighed at all."""


class NotebookError(ReportkitError):
    """A notebook could not be run to its end."""


class RenderError(ReportkitError):
    """A report could not be laid out."""


def _put_together(kind: type[ReportkitError], arguments: tuple[Any, ...], parts: Mapping[str, Any]) -> ReportkitError:
    error = kind.__new__(kind)
    error.args = arguments
    error.__dict__.update(parts)
    return error


def unknown(kind: str, given: str, known: Iterable[str]) -> str:
    """'There is no needle "led_time"; did you mean "lead_time"? Known: …' as one sentence."""
    names = sorted(known)
    near = get_close_matches(given, names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    listed = f" Known: {', '.join(names)}." if names else " None is declared."
    return f"there is no {kind} {given!r}{hint}{listed}"
