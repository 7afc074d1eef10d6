"""The ledger: all bets with what became of them, and what earlier reports said.

Three know what was bet when: git's history of needles.yaml, the records of earlier quarters, and needles.yaml itself. A bet
counts as it stood when its window opened; whatever was done to it afterwards is marked. Git is asked only where it looked
after needles.yaml before that day: of what was declared earlier it knows nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from reportkit.english import promises as say
from reportkit.english.changes import reported
from reportkit.model.bets import Promise, Told, bet_target
from reportkit.model.needle import Needle
from reportkit.model.params import Bet, NeedleParams, Proof
from reportkit.model.period import Quarter, day_text
from reportkit.needles import library
from reportkit.versions import versions

FILE = "params/needles.yaml"
RECORD = "record.json"
LATEST = date.max  # the day of the params as they are


@dataclass(frozen=True)
class Times:
    """What decides when a bet's window opens and is over: the proofs, the day of reading, where the fiscal year begins."""

    proofs: Mapping[str, Proof]
    today: date
    first_month: int = 1

    def opens(self, needle: str, bet: Bet, written: date | None) -> date:
        """The first day on which the needle may move for the bet."""
        if bet.opens:
            return bet.opens
        if written is None:
            return Quarter.of(bet.deadline, self.first_month).window.start
        starts = [proof.start for proof in self.proofs.values() if needle in proof.needles]
        days = (Quarter.of(written, self.first_month).shift(1).window.start, *starts)
        return min((day for day in days if written <= day <= bet.deadline), default=written)


@dataclass(frozen=True)
class _Sighting:
    """What was declared on a day, and who says so."""

    day: date
    source: Literal["git", "record", "params"]
    declared: Mapping[str, NeedleParams]
    quarter: str = ""  # of a record


Thread = list[tuple[_Sighting, Bet]]


def promises(root: Path, now: Mapping[str, NeedleParams], times: Times, before: str = "") -> tuple[Promise, ...]:
    """Every bet that was ever declared, by needle and deadline; records of quarters from `before` on are left out."""
    seen = sorted(
        [*_committed(root), *_recorded(root, before, times.first_month), _Sighting(LATEST, "params", now)],
        key=lambda sighting: (sighting.day, sighting.source),
    )
    known = library()
    names = dict.fromkeys(name for sighting in seen for name in sighting.declared if name in known)
    found = [
        promise for name in names for thread in _threads(seen, name)
        if (promise := _promise(seen, known[name], thread, times))
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda promise: (promise.needle, promise.deadline, promise.opens)))


def _committed(root: Path) -> list[_Sighting]:
    return [_Sighting(day, "git", _parsed(tree)) for day, tree in versions(root, FILE)]


def _recorded(root: Path, before: str, first_month: int) -> Iterator[_Sighting]:
    for quarter, whole in _records(root, before):
        day = Quarter.parse(quarter, first_month).window.end
        yield _Sighting(day, "record", _parsed(whole.get("bets", {})), quarter)


def _parsed(tree: Any) -> dict[str, NeedleParams]:
    """The entries that are bets by today's rules."""
    found = {}
    for name, entry in tree.items() if isinstance(tree, Mapping) else ():
        try:
            found[str(name)] = NeedleParams.model_validate(entry)
        except ValidationError:
            continue
    return found


def _threads(seen: Sequence[_Sighting], needle: str) -> list[Thread]:
    """The sightings of each bet: the same deadline, or else the same day of writing, makes it the same bet."""
    threads: list[Thread] = []
    for sighting in seen:
        left = list(threads)
        entry = sighting.declared.get(needle, NeedleParams())
        for bet in entry.bets:
            thread = next((t for t in left if t[-1][1].deadline == bet.deadline), None) or next(
                (t for t in left if bet.written and t[-1][1].written == bet.written), None
            )
            if thread is None:
                threads.append([(sighting, bet)])
            else:
                left.remove(thread)
                thread.append((sighting, bet))
    return threads


def _promise(seen: Sequence[_Sighting], needle: Needle, thread: Thread, times: Times) -> Promise | None:
    """The bet as it stood when its window opened, with a mark for what was done afterwards; None where it was taken back in time."""
    stated = next((bet.written for _, bet in thread if bet.written), None)
    opens = times.opens(needle.key, thread[0][1], stated or _first_commit(thread))
    oldest = next((s.day for s in seen if s.source == "git"), LATEST)
    if oldest > opens:  # git began too late to know what was declared before
        seen = [s for s in seen if s.source != "git"]
        thread = [(s, bet) for s, bet in thread if s.source != "git"]
    if not thread:
        return None
    by_git = _first_commit(thread)
    sure = by_git is not None and by_git > oldest
    bases = [pair for pair in thread if pair[0].day <= opens]
    base, last = (bases or thread[:1])[-1], thread[-1]
    gone = _gone(seen, last[0])
    if gone and gone.day <= opens:
        return None
    as_written = _as_promise(needle, base, opens)
    written = by_git if sure else stated or by_git
    marks = [
        _late(opens, by_git if sure and thread[0][0].source == "git" else None),
        _moved(needle, thread, base, as_written, _as_promise(needle, last, opens)),
        _withdrawn(gone, base[1], opens, times.today),
    ]
    return replace(
        as_written, written=written, source="git" if by_git and written == by_git else "params",
        changed=" ".join(filter(None, marks)),
    )  # fmt: skip


def _first_commit(thread: Thread) -> date | None:
    return next((s.day for s, _ in thread if s.source == "git"), None)


def _gone(seen: Sequence[_Sighting], last: _Sighting) -> _Sighting | None:
    """The first sighting without the bet; None where it stands."""
    later = (s for s in seen if (s.day, s.source) > (last.day, last.source))
    return next(later, None)


def _as_promise(needle: Needle, pair: tuple[_Sighting, Bet], opens: date) -> Promise:
    sighting, bet = pair
    return Promise(
        needle=needle.key, direction=bet.direction or needle.better, target=bet_target(bet, needle), deadline=bet.deadline,
        opens=opens, owners=sighting.declared[needle.key].owners,
    )  # fmt: skip


def _moved(needle: Needle, thread: Thread, base: tuple[_Sighting, Bet], then: Promise, now: Promise) -> str:
    if (then.target, then.deadline, then.direction) == (now.target, now.deadline, now.direction):
        return ""
    after = thread[thread.index(base) + 1 :]
    changed = next(s for s, bet in after if (bet.target, bet.deadline, bet.direction) != (base[1].target, base[1].deadline, base[1].direction))  # fmt: skip
    when = _when(changed, base[0])
    return say.moved(then, now, when, needle.unit.text(then.target), needle.unit.text(now.target))


def _when(changed: _Sighting, base: _Sighting) -> str:
    if changed.source == "git":
        return f"on {day_text(changed.day)}"
    if base.source == "record":
        return reported(base.quarter)
    return "and not committed" if base.source == "git" else reported(changed.quarter)


def _late(opens: date, first: date | None) -> str:
    return say.late(opens, first) if first and first > opens else ""


def _withdrawn(gone: _Sighting | None, bet: Bet, opens: date, today: date) -> str:
    if gone is None or min(gone.day, today) > bet.deadline:
        return ""
    return say.withdrawn(None if gone.day == LATEST else gone.day, bet.deadline, opens)


# ---- records of earlier quarters -------------------------------------------------------------------------------------


def told(root: Path, before: str = "") -> tuple[Told, ...]:
    """What the records of the quarters before `before` (of all, where it is '') say, oldest first."""
    return tuple(
        Told(quarter, _numbers(whole), whole.get("definitions", {})) for quarter, whole in _records(root, before)
    )


def _numbers(whole: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The numbers of all reports that are of the whole organisation, by id."""
    reports = whole.get("reports", {})
    return {number["id"]: number for report in reports.values() for number in report.get("numbers", ())}


def _records(root: Path, before: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Quarter and record of each reports/<quarter>/record.json that can be read, oldest first."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for path in sorted((root / "reports").glob(f"[0-9]*-Q[1-4]/{RECORD}")):
        if before and path.parent.name >= before:
            continue
        try:
            whole = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(whole, dict):
            found.append((path.parent.name, whole))
    return found


def declared(now: Mapping[str, NeedleParams], times: Times, record: Path) -> dict[str, Any]:
    """What a record keeps of the bets: as they are, but those that were binding when it was first written as they were then."""
    kept = _parsed(_read(record).get("bets", {}))
    return {
        name: _dumped(name, entry, kept.get(name, NeedleParams()), times)
        for name, entry in now.items()
        if entry.bets or kept.get(name, NeedleParams()).bets
    }


def _dumped(name: str, entry: NeedleParams, kept: NeedleParams, times: Times) -> dict[str, Any]:
    binding = [bet for bet in kept.bets if times.opens(name, bet, bet.written) < times.today]
    fresh = [bet for bet in entry.bets if bet.deadline not in {old.deadline for old in binding}]
    bets = sorted((*binding, *fresh), key=lambda bet: bet.deadline)
    return {
        "owners": list(entry.owners),
        "bet": [bet.model_dump(mode="json", exclude_none=True) for bet in bets],
    }


def _read(path: Path) -> Mapping[str, Any]:
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return whole if isinstance(whole, dict) else {}
