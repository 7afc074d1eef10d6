"""How exports are written, and how many of their rows are spoiled: what an extract has to find and count."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.northwind.teams import OLD_NAMES, RENAMED

Row = list[str]


@dataclass(frozen=True)
class Dirt:
    """How many rows of each sort the exports spoil."""

    twice: int = 17
    backwards: int = 9
    epoch: int = 6
    deployments_twice: int = 4
    deployments_unreadable: int = 3
    features_backwards: int = 2
    incidents_twice: int = 12
    incident_drills: int = 14
    windows_odd: int = 5
    requests_broken: int = 96  # an export with month and day the wrong way round; done again the day after
    requests_backwards: int = 4
    hours_unreadable: int = 7
    charges_without_currency: int = 3


DIRT = Dirt()


def table(header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    """Delimited text."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """One JSON object a line."""
    return "".join(compact(row) + "\n" for row in rows)


def compact(value: object) -> str:
    """JSON without a space too many."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def name_then(team: str, day: date) -> str:
    """What the team was called on that day."""
    return OLD_NAMES.get(team, team) if str(day) < RENAMED else team
