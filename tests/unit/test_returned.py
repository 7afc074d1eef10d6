"""Money from evidence, worked out by hand: effect × volume × worth, less cost, every range carried through."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportkit.english import returns as say
from reportkit.errors import ParamsError
from reportkit.evidence.worth import YEAR, returned
from reportkit.figures.waterfall import Step, waterfall
from reportkit.model.evidence import Evidence, Grade, Interval, Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import Money
from reportkit.model.unit import MONEY, THIN, currency
from reportkit.model.worth import Range
from reportkit.snapshot import take
from reportkit.workspace import Workspace
from tests.sample_report import BRAND, PROOF, WORLDS, invent

Make = Callable[..., Path]
LEAD, DEPLOYS = "lead_time_for_changes", "deployment_frequency"
POUNDS = currency("GBP", MONEY)


def sure(likely: float, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {"likely": likely, "low": low, "high": high, "because": "By hand."}


def money(cost: float | None = 1000.0, **more: Any) -> Money:
    entry = {
        "engineer_year": sure(52000), "hours_year": sure(1000), "worth": {LEAD: {"hours": sure(0.5)}},
        "proofs": {"paved_road": {"once": sure(cost)}} if cost is not None else {}, **more,
    }  # fmt: skip
    return Money.model_validate(entry)


def pair(**more: Any) -> tuple[Evidence, Needle]:
    """14 days without, 4 with it (a ratio of 2/7), 390 changes in 13 weeks; intervals 1/7 to 4/7."""
    evidence, needle = invent(
        replace(WORLDS[Verdict.MOVED], levels=(14.0, 4.0), interval=(1 / 7, 4 / 7), facts=(390, 390))
    )
    return replace(evidence, **more), needle


def test_a_duration_by_hand() -> None:
    found = returned([pair()], "paved_road", money())
    assert found is not None
    # without it 4 ÷ (2/7) = 14 days: 10 days less for each of 390 changes, half an hour a day at 52 an hour
    assert found.savings[0].units == pytest.approx(10 * 390)
    assert found.benefit.likely == pytest.approx(10 * 390 * 0.5 * 52)
    # at the ends of the interval 28 and 7 days without it: 24 and 3 days less
    assert found.benefit.high == pytest.approx(24 * 390 * 26)
    assert found.benefit.low == pytest.approx(3 * 390 * 26)
    assert found.net.likely == pytest.approx(found.benefit.likely - 1000)
    assert found.roi is not None
    assert found.roi.likely == pytest.approx((found.benefit.likely - 1000) / 1000)
    assert found.engineers.likely == pytest.approx(found.benefit.likely / (52000 * 13 / YEAR))
    assert found.paid


def test_without_a_comparison_the_level_before_stands() -> None:
    found = returned([pair(grade=Grade.B)], "paved_road", money())
    assert found is not None
    assert found.savings[0].units == pytest.approx(14 * (1 - 2 / 7) * 390)


def test_a_rate_counts_what_came_more_often_and_a_month_is_no_four_weeks() -> None:
    evidence, needle = invent(replace(WORLDS[Verdict.HELD], levels=(10.0, 20.0), interval=(1.5, 3.0)))
    evidence = replace(evidence, verdict=Verdict.MOVED)
    worth = {DEPLOYS: {"money": sure(7)}}
    found = returned([(evidence, needle)], "paved_road", money(worth=worth))
    assert found is not None
    assert found.benefit.likely == pytest.approx(10 * 13 * 7)  # 20 a week instead of 10
    features, monthly = invent(replace(WORLDS[Verdict.NOT_SHOWN], levels=(6.0, 12.0), interval=(1.5, 3.0)))
    features = replace(features, verdict=Verdict.MOVED)
    found = returned([(features, monthly)], "paved_road", money(worth={"features_released": {"money": sure(1)}}))
    assert found is not None
    assert found.benefit.likely == pytest.approx(6 * 13 / (YEAR / 12))


def test_harm_counts_and_grade_c_and_what_is_not_shown_do_not() -> None:
    worse = pair(verdict=Verdict.GOT_WORSE, effect=2.0, interval=Interval(1.5, 3.0))
    found = returned([worse], "paved_road", money())
    assert found is not None
    assert found.benefit.likely < 0
    assert say.sentence(found, PROOF, POUNDS).startswith("The paved road cost more than before")
    for excluded, why in (
        (pair(grade=Grade.C), "too few teams to tell"),
        (pair(verdict=Verdict.NOT_SHOWN), "not shown"),
    ):
        found = returned([excluded], "paved_road", money())
        assert found is not None
        assert found.savings == ()
        assert found.left_out == ((LEAD, why),)
        assert say.sentence(found, PROOF, POUNDS) == "The paved road is not shown to have saved anything."
    assert returned([pair()], "paved_road", money(worth={})) is None


def test_ranges_join_by_the_root_of_the_sum_of_squares() -> None:
    params = money(
        worth={LEAD: {"hours": sure(0.5, 0.25, 0.75)}}, proofs={"paved_road": {"once": sure(1000, 500, 3000)}}
    )
    found = returned([pair()], "paved_road", params)
    assert found is not None
    hour = 390 * 52
    worth, effect, cost = 10 * 0.25 * hour, 14 * 0.5 * hour, 500
    assert found.net.high - found.net.likely == pytest.approx(math.hypot(worth, effect, cost))
    assert found.net.likely - found.net.low == pytest.approx(math.hypot(worth, 7 * 0.5 * hour, 2000))
    assert [swing.name for swing in found.swings][:3] == [f"{LEAD}.effect", f"{LEAD}.worth", "once"]
    assert found.swings[0].net == pytest.approx((24 * 0.5 * hour - 1000, 3 * 0.5 * hour - 1000))


def test_a_return_whose_range_holds_zero_is_none() -> None:
    found = returned([pair()], "paved_road", money(cost=90_000.0))
    assert found is not None
    assert found.roi is not None
    assert found.roi.crosses_zero
    assert not found.paid
    assert say.sentence(found, PROOF, POUNDS).startswith(
        "No return is shown: the paved road saved £101k in 13 weeks (range £30.4k to £243k) for £90k"
    )


def test_what_would_not_employ_half_an_engineer_is_negligible_in_engineers_and_in_money() -> None:
    found = returned([pair()], "paved_road", money(worth={LEAD: {"hours": sure(0.01)}}))
    assert found is not None
    assert found.negligible
    told = say.sentence(found, PROOF, POUNDS)
    assert "is negligible: £2 028 in 13 weeks" in told.replace(THIN, " ")
    assert "the work of 0.2 engineers. Less than half an engineer, £6 478 in that time" in told.replace(THIN, " ")


def test_without_a_cost_nothing_is_said_of_a_return() -> None:
    found = returned([pair()], "paved_road", money(cost=None))
    assert found is not None
    assert found.roi is None
    assert "What it cost is not written down" in say.sentence(found, PROOF, POUNDS)


def test_a_volume_and_weeks_of_ones_own() -> None:
    params = money(worth={LEAD: {"hours": sure(1), "volume": sure(10)}}, weeks=sure(26, 13, 26))
    found = returned([pair()], "paved_road", params)
    assert found is not None
    assert found.savings[0].units == pytest.approx(10 * 10 * 26)
    assert {swing.name for swing in found.swings} == {
        "weeks",
        "engineer_year",
        "hours_year",
        "once",
        f"{LEAD}.effect",
        f"{LEAD}.worth",
        f"{LEAD}.volume",
    }


def test_the_waterfall_has_every_step_and_the_range() -> None:
    figure = waterfall(
        [Step("Lead time", 300.0), Step("Cost", -100.0)],
        Range(200.0, -50.0, 380.0),
        POUNDS,
        BRAND,
        name="w",
        note="13 weeks.",
    )
    assert figure.live is not None
    bars, span = figure.live["data"]
    assert bars["x"] == [300.0, -100.0, 200.0]
    assert bars["base"] == [0.0, 300.0, 0.0]
    assert span["x"] == [-50.0, 380.0]
    assert "range −£50.00 to £380" in figure.alt
    assert figure.caption.endswith("13 weeks.")
    json.dumps(figure.live, allow_nan=False)


MONEY_YAML = """\
name: Sample
time_zone: Europe/London
currency: GBP
money:
  engineer_year: {likely: 90000, because: Finance.}
  hours_year: {likely: 1600, because: Contracts.}
  worth: {lead_time_for_changes: {hours: {likely: 1, low: 0.5, high: 2, because: A diary.}}}
  proofs: {paved_road: {once: {likely: 5000, because: Time sheets.}}}
"""


def test_a_report_prints_every_assumption_or_says_why_nothing_counts(workspace: Make) -> None:
    root = workspace({"organisation.yaml": MONEY_YAML})
    place = Workspace.find(root)
    take(place.sources, place.organisation, place.period("2026-Q1"), root)
    report = place.report("executives", "2026-Q1")
    (evidence, *_) = report.findings.evidence["paved_road"]
    plain = report.returned().plain
    assert evidence.verdict is Verdict.NOT_SHOWN  # nothing was done in this world
    assert (
        "The paved road is not shown to have saved anything. Not counted: lead time for changes (no change is shown)."
        in plain
    )
    moved, _ = pair(needle=LEAD, proof="paved_road")
    report.findings.evidence["paved_road"] = (moved,)
    page = report.returned()
    assert all(why in page.plain for why in ("Finance.", "Contracts.", "A diary.", "Time sheets."))
    recorded = {s.id.removeprefix("paved_road.returned.") for s in page.record}
    assert {"benefit", "cost", "net", "roi", "engineers", "saved.lead_time_for_changes"} <= recorded
    assert {"assumption.hours_year", "assumption.weeks", "assumption.once", "assumption.once.left"} <= recorded


def test_nothing_is_told_of_money_without_assumptions(workspace: Make) -> None:
    root = workspace()
    place = Workspace.find(root)
    take(place.sources, place.organisation, place.period("2026-Q1"), root)
    assert place.report("executives", "2026-Q1").returned().parts == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"likely: 1, low: 0.5": "likely: 1, low: 1.5"}, "1 does not lie between low and high"),
        ({"{hours: {": "{hour: {"}, "there is no key 'hour'; did you mean 'hours'"),
        ({"lead_time_for_changes": "led_time_for_changes"}, "there is no needle 'led_time_for_changes'"),
        ({"paved_road": "paved_rood"}, "there is no proof 'paved_rood'"),
        ({"{hours: {likely: 1, low: 0.5, high: 2, because: A diary.}}": "{}"}, "in hours or in money, one of the two"),
    ],
)
def test_assumptions_that_cannot_be_meant_are_refused_with_their_line(
    workspace: Make, change: dict[str, str], message: str
) -> None:
    text = MONEY_YAML
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(ParamsError, match=rf"organisation\.yaml:\d+: .*{message}"):
        Workspace.find(workspace({"organisation.yaml": text}))
