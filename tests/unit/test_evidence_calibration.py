"""A short calibration with fixed seeds: `benchmarks/calibration.py` prints the whole of it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

DRAWS = 40


def load() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "calibration.py"
    spec = importlib.util.spec_from_file_location("calibration", path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["calibration"] = module
    spec.loader.exec_module(module)
    return module


calibration = load()
NULLS = {
    f"{'rate' if w.rate else 'duration'}, {w.name}": w
    for w in (*calibration.NULLS, *calibration.RATE_NULLS)
    if w.name
    in ("independent", "weeks alike, 0.5", "teams drift", "mix shifts", "whole days", "overdispersed", "a holiday")
}


def test_nothing_is_found_where_nothing_is():
    found = {name: calibration.score(world, DRAWS)[0] for name, world in NULLS.items()}
    claims = {name: one.claims for name, one in found.items()}
    assert max(claims.values()) <= 0.125, claims  # 8 % and the luck of 40 draws
    assert sum(claims.values()) / len(claims) <= 0.05, claims
    outside = [one.outside for one in found.values()]
    assert sum(outside) / len(outside) <= 0.07


@pytest.mark.parametrize("which", ["median", "typical", "rate"])
def test_a_halved_number_is_found_in_six_teams(which):
    worlds = calibration.RATE_FINDS if which == "rate" else calibration.FINDS
    found, _ = calibration.score(worlds[0], DRAWS, "typical" if which == "typical" else "median")
    assert found.claims >= 0.75
    assert found.wrong == 0
    assert found.outside <= 0.1


def test_two_teams_alone_never_claim():
    alone = next(w for w in calibration.NULLS if w.name == "2 teams drift, alone")
    assert calibration.score(alone, DRAWS)[0].claims == 0


def test_the_usual_tests_cry_wolf_in_weeks_that_are_alike():
    _, usual = calibration.score(NULLS["duration, weeks alike, 0.5"], DRAWS)
    assert min(usual.values()) > 0.2
