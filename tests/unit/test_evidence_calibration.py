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
    f"{w.kind}, {w.name}": w
    for w in (*calibration.NULLS, *calibration.RATE_NULLS, *calibration.OTHER_NULLS)
    if w.name in ("independent", "weeks alike, 0.5", "teams drift", "mix shifts", "trend", "overdispersed", "a holiday")
}


def test_nothing_is_found_where_nothing_is():
    found = {name: calibration.score(world, DRAWS) for name, world in NULLS.items()}
    claims = {name: one.claims for name, one in found.items()}
    assert max(claims.values()) <= 0.125, claims  # 8 % and the luck of 40 draws
    assert sum(claims.values()) / len(claims) <= 0.05, claims
    outside = [one.outside for one in found.values()]
    assert sum(outside) / len(outside) <= 0.05
    assert max(outside) <= 0.15


@pytest.mark.parametrize("which", ["median", "typical", "rate", "share", "ratio"])
def test_a_halved_number_is_found_in_six_teams(which):
    worlds = {
        "rate": calibration.RATE_FINDS,
        "share": calibration.OTHER_FINDS[:1],
        "ratio": calibration.OTHER_FINDS[1:],
    }
    world = worlds.get(which, calibration.FINDS)[0]
    found = calibration.score(world, DRAWS, "typical" if which == "typical" else "median")
    assert found.claims >= 0.75
    assert found.wrong == 0
    assert found.outside <= 0.1


def test_two_teams_alone_never_claim():
    alone = next(w for w in calibration.NULLS if w.name == "2 teams drift, alone")
    found = calibration.score(alone, DRAWS)
    assert (found.claims, found.graded_c) == (0, 1)


def test_the_usual_tests_cry_wolf_in_weeks_that_are_alike():
    found = calibration.score(NULLS["duration, weeks alike, 0.5"], DRAWS)
    assert min(found.usual.values()) > 0.2


def test_the_table_and_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(calibration, "NULLS", calibration.NULLS[:2])
    monkeypatch.setattr(calibration, "FINDS", calibration.FINDS[:1])
    for name in ("RATE_NULLS", "RATE_FINDS", "OTHER_NULLS", "OTHER_FINDS"):
        monkeypatch.setattr(calibration, name, getattr(calibration, name)[:1])
    said: list[str] = []
    calibration.main(3, None, tmp_path / "p.png", said.append)
    assert len([row for row in said if row.startswith(("median", "typical", "rate", "share"))]) == 10
    assert "Wrong direction 0.0% at most." in said[-2]
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
