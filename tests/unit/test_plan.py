"""`reportkit plan`: what a proof could show before it starts, checked against what proofs of that size do show."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evidence_worlds import (
    BEGIN,
    DEPLOYMENTS,
    END,
    EVERY,
    GROUND,
    LEAD_TIME,
    OTHER_TEAMS,
    durations,
    events,
    facts_for,
    proof,
)
from typer.testing import CliRunner

from reportkit.check import whole as check
from reportkit.cli import app
from reportkit.errors import UnknownName
from reportkit.evidence import Case, compare
from reportkit.evidence.planning import Plan, plan
from reportkit.figures.detectable import detectable
from reportkit.model.brand import Brand
from reportkit.model.period import Window
from reportkit.narrative.planning import amount, proposal
from reportkit.plan import plans
from reportkit.snapshot import take
from reportkit.workspace import Workspace

Make = Callable[..., Path]
LATER = END + timedelta(weeks=4)
NEXT = proof(start=LATER, read_out=LATER + timedelta(weeks=13), comparison="all others")


def history(one, seed: int = 1) -> pd.DataFrame:
    frame = pd.concat([facts_for(one, seed), facts_for(one, seed + 1, OTHER_TEAMS)], ignore_index=True)
    times = [c for c in ("start", "end", "at") if c in frame]
    early = frame.assign(**{c: frame[c] - pd.Timedelta(weeks=26) for c in times})
    return pd.concat([early, frame], ignore_index=True)


@cache
def planned_by(key: str) -> Plan:
    """The plan of NEXT for one needle, reckoned once for all tests."""
    one = next(n for n in EVERY if n.key == key)
    declared, ground = NEXT, replace(GROUND, covers=Window(BEGIN - timedelta(weeks=26), END))
    return plan(Case(one, history(one), ground), declared, draws=6)


@pytest.mark.parametrize("one", EVERY, ids=lambda n: n.kind.name)
def test_every_kind_has_a_plan_in_which_more_shows_no_less(one):
    made = planned_by(one.key)
    assert (made.teams, made.others, made.weeks) == (6, 6, 13)
    sizes = {(c.weeks, c.teams, c.compared > 0): c.mde for c in made.cells}
    known = {key: value for key, value in sizes.items() if value is not None}
    assert len(known) > 10
    far = {key: abs(np.log(v)) if one.kind.scale == "ratio" else abs(v) for key, v in known.items()}
    for (weeks, teams, compared), value in far.items():
        for longer, more in ((20, teams), (weeks, 12)):
            other = far.get((longer, more, compared))
            if other is not None and longer >= weeks and more >= teams:
                assert other <= value + 1e-9
    better = all((v < 1 if one.kind.scale == "ratio" else v < 0) == (one.better == "lower") for v in known.values())
    assert better
    said = proposal(made, one, NEXT)
    assert "nan" not in said.lower()
    assert said.endswith(".")
    assert "six teams and six comparison teams" in said


def test_what_cannot_be_claimed_says_why():
    made = planned_by("deployments")
    assert made.of(13, 2, compared=False).why == "fewer than four teams alone"
    assert made.of(13, 2, compared=False).mde is None
    assert made.of(13, 2, compared=True).mde is not None
    short = replace(GROUND, covers=Window(BEGIN + timedelta(weeks=8), END))
    young = plan(Case(DEPLOYMENTS, history(DEPLOYMENTS), short), NEXT, draws=4)
    assert young.of(20, 6, compared=True).why == "needs 33 weeks of history"
    assert "could show nothing" in proposal(young, DEPLOYMENTS, NEXT)


def test_nothing_at_all_is_a_plan_of_nothing():
    empty = plan(Case(LEAD_TIME, durations(1).head(0), GROUND), NEXT, draws=2)
    assert all(c.mde is None for c in empty.cells)
    assert "could show nothing of lead time: no team has facts enough" in proposal(empty, LEAD_TIME, NEXT)
    assert "nothing could be claimed" in detectable(empty, LEAD_TIME, Brand()).svg


def test_facts_after_the_start_are_not_looked_at():
    begun = proof(start=END - timedelta(weeks=6), read_out=LATER, comparison="all others")
    frame = history(DEPLOYMENTS)
    ground = replace(GROUND, covers=Window(BEGIN - timedelta(weeks=26), END))
    late = frame[frame["at"] >= pd.Timestamp(begun.start, tz="UTC")]
    one = plan(Case(DEPLOYMENTS, frame, ground), begun, draws=3)
    other = plan(Case(DEPLOYMENTS, pd.concat([frame, late, late]), ground), begun, draws=3)
    assert one.cells == other.cells


def test_the_plan_keeps_its_word():
    """An effect of the size that the plan names is found in most proofs of that design."""
    cell = planned_by("deployments").of(13, 6, compared=True)
    found = []
    for seed in range(40):
        frame = pd.concat([events(seed, effect=cell.mde), events(seed + 500, OTHER_TEAMS)])
        found.append(compare(frame, DEPLOYMENTS, proof(comparison="all others"), GROUND).causal)
    assert np.mean(found) >= 0.7


def test_the_smallest_effect_of_interest_gets_its_weeks():
    made = planned_by("lead_time")
    wanted = NEXT.model_copy(update={"smallest_effect": {"lead_time": 0.6}})
    assert re.search(
        r"The 60% that was declared to matter takes \d+ weeks\.", proposal(planned_by("lead_time"), LEAD_TIME, wanted)
    )
    tiny = NEXT.model_copy(update={"smallest_effect": {"lead_time": 0.01}})
    assert "The 1% that was declared to matter cannot be shown" in proposal(made, LEAD_TIME, tiny)
    alone = NEXT.model_copy(update={"comparison": "none"})
    assert "With every other team as comparison it would be about" in proposal(made, LEAD_TIME, alone)


def test_the_picture_names_the_proofs_own_teams():
    made = planned_by("lead_time")
    figure = detectable(made, LEAD_TIME, Brand())
    assert "6 teams" in figure.svg
    assert "against comparison teams" in figure.svg
    assert amount(made.of(13, 6, compared=True), LEAD_TIME) in figure.alt


def test_the_command_prints_tables_sentences_and_pictures(workspace: Make):
    root = workspace(
        {
            "proofs.yaml": {"start: 2025-12-29": "start: 2026-04-06", "2026-03-23": "2026-06-29"},
            "2026-Q1.yaml": {"proofs: [paved_road]\n": ""},
        }
    )
    assert not check.faults(root)
    runner = CliRunner()
    missing = runner.invoke(app, ["plan", "paved_road", "-w", str(root)])
    assert "no extract was taken yet" in str(missing.exception)
    place = Workspace.find(root)
    take(place.sources, place.organisation, place.period("2026-Q1"), root)
    done = runner.invoke(app, ["plan", "paved_road", "-w", str(root)])
    assert done.exit_code == 0, done.output
    assert "Lead time for changes: the smallest change that would show" in done.output
    assert "4 (the proof's)" in done.output
    picture = root / "reports" / "plans" / "paved_road-lead_time_for_changes.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in picture.parent.iterdir()] == [picture.name]
    with pytest.raises(UnknownName, match="did you mean 'paved_road'"):
        plans(place, "paved_rod", "2026-Q1")
