"""What Northwind's shared path returned, worked out again from the raw exports and the assumptions as they are written."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.building import REPOSITORY, numbers
from tests.oracle import readings
from tests.oracle.northwind import Raw

QUARTER, WEEKS = "2026-Q3", 11
pytestmark = pytest.mark.slow


def test_the_return_is_what_a_pocket_calculator_says(northwind_root: Path) -> None:
    shown = {id_: n for id_, n in numbers(northwind_root, QUARTER).items() if id_.startswith("shared_path.")}
    money = YAML(typ="safe").load((REPOSITORY / "params" / "organisation.yaml").read_text())["money"]
    of = {name: money[name] for name in ("engineer_year", "hours_year", "weeks")}
    of |= money["proofs"]["shared_path"] | {"hours": money["worth"]["lead_time_for_changes"]["hours"]}
    effect = shown["shared_path.lead_time_for_changes.effect"]
    of["effect"] = {"likely": effect["value"], "low": effect["interval"][0], "high": effect["interval"][1]}
    after = readings.levels(Raw(REPOSITORY / "extracts" / "raw"), "shared_path", "lead_time_for_changes")["after"]

    def saved(with_: dict[str, float]) -> float:
        """Days that a change would have taken longer × changes a week × weeks × what a day of it is worth."""
        days = after.value / with_["effect"] - after.value
        hour = with_["engineer_year"] / with_["hours_year"]
        return days * after.facts / WEEKS * with_["weeks"] * with_["hours"] * hour

    def cost(with_: dict[str, float]) -> float:
        return with_["once"] + with_["a_week"] * with_["weeks"]

    likely = {name: amount["likely"] for name, amount in of.items()}
    net = saved(likely) - cost(likely)
    assert shown["shared_path.returned.benefit"]["value"] == pytest.approx(saved(likely), rel=1e-9)
    assert shown["shared_path.returned.cost"]["value"] == pytest.approx(cost(likely))
    assert shown["shared_path.returned.net"]["value"] == pytest.approx(net, rel=1e-9)
    assert shown["shared_path.returned.roi"]["value"] == pytest.approx(net / cost(likely), rel=1e-9)
    down = up = 0.0
    for name, amount in of.items():
        ends = [{**likely, name: amount[end]} for end in ("low", "high")]
        moved = [saved(at) - cost(at) - net for at in ends]
        down, up = down + min(0.0, *moved) ** 2, up + max(0.0, *moved) ** 2
    interval = (net - math.sqrt(down), net + math.sqrt(up))
    assert shown["shared_path.returned.net"]["interval"] == pytest.approx(interval, rel=1e-9)
