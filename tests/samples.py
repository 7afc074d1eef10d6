"""A small, faultless workspace as texts: one export, one audience, one proof."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

PARAMS = {
    "organisation.yaml": "name: Sample\ntime_zone: Europe/London\n",
    "sources.yaml": """\
choices:
  bots_count: {value: false, because: "Bots are no teams."}
sources:
  changes: {type: file, path: extracts/raw/changes.csv}
entities:
  changes:
    source: changes
    where: $bots_count OR author <> 'bot'
    columns:
      change_id: id
      team: team
      first_commit_at: begun
      merged_at: merged
      deployed_at: released
    covers: [2025-06-01, 2026-04-01]
""",
    "audiences.yaml": """\
executives:
  title: Executives
  problem: Delivery is too slow.
  quantified_by: lead_time_for_changes
  primary: lead_time_for_changes
  supporting: [release_wait]
  notebook: board.ipynb
""",
    "needles.yaml": "lead_time_for_changes:\n  owners: [Platform]\n",
    "proofs.yaml": """\
paved_road:
  name: The paved road
  tried: one shared path to production
  treated: [ant, bee, cat, dog]
  start: 2025-12-29
  before: 13
  after: 12
  read_out: 2026-03-23
  comparison: all others
  headline: [lead_time_for_changes]
  supporting: [release_wait]
  picked: {how: The first four in the alphabet.}
""",
    "2026-Q1.yaml": "audiences: [executives]\nproofs: [paved_road]\n",
}

NOTEBOOK = json.dumps(
    {
        "cells": [
            {
                "cell_type": "code", "execution_count": None, "id": "parameters", "metadata": {"tags": ["parameters"]},
                "outputs": [], "source": ['audience = "executives"\n', 'quarter = "2026-Q1"'],
            }
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)  # fmt: skip
TEAMS = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen")


def export() -> str:
    """A CSV of changes: one a day and team from June 2025 to March 2026, a day or more from merge to release."""
    rows, first = [], datetime.fromisoformat("2025-06-01T09:00:00+00:00")
    for day in range(300):
        for i, team in enumerate(TEAMS):
            begun = first + timedelta(days=day, hours=i)
            merged, released = begun + timedelta(days=1), begun + timedelta(days=2 + (day + i) % 3)
            rows.append(f"{day}-{team},{team},dev,{begun.isoformat()},{merged.isoformat()},{released.isoformat()}")
    return "\n".join(["id,team,author,begun,merged,released", *rows]) + "\n"
