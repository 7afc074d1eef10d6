"""The ledger as the command line lists it: every bet, with the number that a record gives it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reportkit import ledger
from reportkit.english import promises as say
from reportkit.model.bets import Outcome, Promise, Told
from reportkit.model.period import day_text
from reportkit.needles import find
from reportkit.workspace import Workspace

COLUMNS = ("needle", "promised", "by", "written", "was", "outcome", "owners")


@dataclass(frozen=True)
class Entry:
    """One bet, its needle's recorded number in the deadline's quarter (NaN for none), and what became of it."""

    promise: Promise
    value: float
    outcome: Outcome
    currency: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The bet as a row of COLUMNS."""
        promise, needle = self.promise, find(self.promise.needle).in_currency(self.currency)
        was = needle.unit.text(self.value) if math.isfinite(self.value) else ""
        mark = f"{self.outcome.value}{say.CHANGED if promise.changed else ''}"
        by, owners = day_text(promise.deadline), ", ".join(promise.owners)
        return (promise.needle, say.target(promise, needle), by, say.written(promise), was, mark, owners)


def entries(workspace: Workspace) -> tuple[tuple[Entry, ...], str]:
    """Every bet by needle and deadline, judged by the records that there are; and the share of targets hit in a sentence."""
    told = ledger.told(workspace.root)
    today = _read_out(workspace, told)
    last = told[-1].quarter if told else max(workspace.quarters, default=str(workspace.period("2000-Q1")))
    bets = ledger.promises(workspace.root, workspace.needles, workspace.times(last))
    found = tuple(_entry(workspace, promise, told, today) for promise in bets)
    return found, say.share([entry.outcome for entry in found])


def _read_out(workspace: Workspace, told: Sequence[Told]) -> date:
    """The day after the last quarter that has a record: what was due by then can be judged."""
    return workspace.period(told[-1].quarter).window.end if told else date.min


def _entry(workspace: Workspace, promise: Promise, told: Sequence[Told], today: date) -> Entry:
    value = _value(promise, told, workspace.organisation.first_month)
    return Entry(promise, value, promise.outcome(value, today), workspace.organisation.currency)


def _value(promise: Promise, told: Sequence[Told], first_month: int) -> float:
    """The needle in the deadline's quarter: as that quarter's own record has it, else the next one that does."""
    window = promise.quarter(first_month).window
    for one in told:
        number = one.numbers.get(f"{promise.needle}.{window.start}/{window.end}")
        if number and isinstance(number.get("value"), int | float):
            return float(number["value"])
    return math.nan
