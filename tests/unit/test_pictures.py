"""Stock, availability, heat and spread: what they draw is what the extract says, by hand."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reportkit.display import Figure
from reportkit.figures import drawing
from reportkit.figures.availability import Journey, availability, nines
from reportkit.figures.heat import Line, heat
from reportkit.figures.stock import Week, stock
from reportkit.figures.waterfall import Step, waterfall
from reportkit.findings import Findings
from reportkit.model.params import Audience, Organisation
from reportkit.model.period import Quarter, Window
from reportkit.model.unit import MONEY, currency
from reportkit.model.worth import Range
from reportkit.needles import find
from reportkit.render.style import light
from reportkit.sections import pictures
from reportkit.snapshot import take
from reportkit.workspace import Workspace
from tests.conftest import Freeze
from tests.sample_report import BRAND
from tests.unit.test_figures import _places, all_figures

QUARTER = Window(date(2026, 1, 1), date(2026, 4, 1))
COVERS = Window(date(2025, 7, 1), date(2026, 4, 1))


def weeks() -> list[Week]:
    start, found, level = date(2025, 12, 29), [], 40
    for i in range(12):
        came, went = 6 + i % 3, 5 + (i * 7) % 5
        level += came - went
        found.append(Week(start + timedelta(weeks=i), came, went, level))
    return found


def figures() -> list[Figure]:
    found = stock(weeks(), find("open_vulnerabilities"), QUARTER, BRAND)
    assert found is not None
    rows = [
        Journey("Checkout and paying by card", 0.99941, 0.59, 80),
        Journey("Search", 0.9871, 3.1, 90),
        Journey("Returns", 1.0, math.nan, 3),
    ]
    lines = [
        Line("payments", (14.2, 9.1, 4.1)),
        Line("a team with a very long name indeed", (2.0, math.nan, 120.0)),
        Line("other", (3.0, 3.1, 2.9)),
    ]
    steps = [Step("Lead time for changes", 412_000.0), Step("Cost of the proof", -80_000.0)]
    return [
        found,
        availability(rows, "Q1 2026", BRAND),
        heat(
            lines, ("Jan 2026", "Feb", "Mar 2026"), find("lead_time_for_changes"), BRAND, by="team", note="120 changes."
        ),
        waterfall(
            steps, Range(332_000, 120_000, 540_000), currency("GBP", MONEY), BRAND, name="waterfall-x", note="13 weeks."
        ),
        waterfall(
            steps[:1],
            Range(-332_000, -420_000, 50_000),
            currency("GBP", MONEY),
            BRAND,
            name="waterfall-y",
            note="13 weeks.",
        ),
    ]


ALWAYS = {"#fefefe", "#18222c"}  # what stands on the full amber, which is the same by day and at night


@pytest.mark.parametrize("figure", [*figures(), *all_figures()], ids=lambda f: f.name)
def test_every_colour_is_one_that_the_page_knows_how_to_turn_at_night(figure: Figure) -> None:
    known = set(light(BRAND).values()) | ALWAYS
    assert set(re.findall(r"#[0-9a-f]{6}\b", figure.svg)) <= known
    colours = set(re.findall(r'"(#[0-9a-f]{6})(?:[0-9a-f]{2})?"', json.dumps(figure.live)))
    assert colours
    assert colours <= known


@pytest.mark.parametrize("figure", figures(), ids=lambda f: f.name)
def test_every_figure_has_words_and_two_faces_and_stays_on_the_page(figure: Figure) -> None:
    assert figure.svg.startswith("<svg")
    assert figure.caption.endswith(".")
    assert figure.alt.endswith(".")
    assert "nan" not in figure.caption + figure.alt
    json.dumps(figure.live, allow_nan=False)
    placed = _places(figure.svg)
    assert len(placed) > 5
    for x, anchor, _, text in placed:
        wide = drawing.extent(text, BRAND, 8.0, 600)
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[anchor]
        assert left > -1.5, text
        assert left + wide < drawing.WIDTH + 1.5, text


def test_nines() -> None:
    assert [nines(a) for a in (0.9, 0.99, 0.9994, 0.995, 1.0)] == [
        "1.0 nine",
        "2.0 nines",
        "3.2 nines",
        "2.3 nines",
        "no failure",
    ]


def test_what_stands_open_is_what_stood_and_what_came_less_what_went() -> None:
    found = weeks()
    live = figures()[0].live
    assert live is not None
    assert live["data"][0]["y"] == [w.open for w in found]
    assert live["data"][2]["y"] == [-w.went for w in found]
    assert "40 " in figures()[0].alt


def test_a_budget_that_is_used_up_is_marked_and_one_that_nobody_set_is_said() -> None:
    figure = figures()[1]
    assert "310% of the error budget spent" in figure.alt
    assert "no objective" in figure.svg
    assert figure.live is not None
    assert figure.live["data"][0]["marker"]["color"][0] == BRAND.bad  # the least available first


def _at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def findings(snapshot, needle: str) -> Findings:
    audience = Audience(title="Security", problem="Slow.", quantified_by=needle, primary=needle)
    return Findings(audience, Quarter.parse("2026-Q1"), {}, Organisation(name="Sample"), snapshot)


def test_the_stock_of_an_extract_is_its_weekly_reading(freeze: Freeze) -> None:
    rows = [
        {"detected_at": _at(COVERS.start + timedelta(days=3 * i)), "remediated_at": _at(COVERS.start + timedelta(days=3 * i + 20 + i)) if i % 3 else None,
         "severity": "high", "environment": "production", "asset_id": "a", "service": "s", "kind": "software"}
        for i in range(80)
    ]  # fmt: skip
    needle = find("open_vulnerabilities")
    known = freeze({"vulnerabilities": _fitting("vulnerabilities", rows)}, COVERS)
    ours = findings(known, needle.key)
    picture = pictures.stocked(ours, needle, BRAND)
    assert picture is not None
    assert picture.live is not None
    assert picture.live["data"][0]["y"] == [round(r.value) for r in ours.weekly(needle)]


def _fitting(entity: str, rows: list[dict]) -> list[dict]:
    from reportkit.entities import find as entity_of

    names = {f.name for f in entity_of(entity).fields}
    return [{k: v for k, v in row.items() if k in names} for row in rows]


def test_availability_by_journey_by_hand(freeze: Freeze) -> None:
    rows = [
        {"started_at": _at(date(2026, 1, 5 + i)), "ended_at": _at(date(2026, 1, 5 + i), 13), "journey": journey, "service": "s", "objective": 0.99,
         "good": good, "total": 1000.0}
        for journey, good in (("buying", 995.0), ("searching", 970.0)) for i in range(10)
    ]  # fmt: skip
    known = freeze({"slo_windows": _fitting("slo_windows", rows)}, COVERS)
    page = pictures.journeys(findings(known, "availability"), BRAND)
    shown = {s.id: s.value for s in page.record}
    window = "2026-01-01/2026-04-01"
    assert shown[f"availability.{window}.journey=buying"] == pytest.approx(0.995)
    assert shown[f"error_budget_spent.{window}.journey=buying"] == pytest.approx(0.5)  # 5 errors of 10 allowed
    assert shown[f"error_budget_spent.{window}.journey=searching"] == pytest.approx(3.0)
    assert "2.3 nines" in page.plain


def test_heat_by_month_folds_small_groups(workspace: Callable[..., Path]) -> None:
    place = Workspace.find(workspace())
    take(place.sources, place.organisation, place.period("2026-Q1"), place.root)
    report = place.report("executives", "2026-Q1")
    page = report.heat("lead_time_for_changes")
    _, figure = page.parts
    assert isinstance(figure, Figure)
    assert figure.live is not None
    trace = figure.live["data"][0]
    assert trace["x"] == ["Oct 2025", "Nov", "Dec", "Jan", "Feb", "Mar 2026"]
    assert (
        sorted(trace["y"]) == sorted(["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen"]) or "other" in trace["y"]
    )
    assert len(page.record) == 1 + sum(v is not None for row in trace["z"] for v in row)  # and how many facts there are
    assert "is part of 'other'" in figure.caption


def test_the_spread_before_and_after_has_the_proofs_own_medians(workspace: Callable[..., Path]) -> None:
    place = Workspace.find(workspace())
    take(place.sources, place.organisation, place.period("2026-Q1"), place.root)
    report = place.report("executives", "2026-Q1")
    _, figure = report.spread("lead_time_for_changes").parts
    evidence = report.findings.of("lead_time_for_changes")
    assert isinstance(figure, Figure)
    assert figure.live is not None
    for trace, level in zip(figure.live["data"], (evidence.before, evidence.after), strict=True):
        reached = next(x for x, y in zip(trace["x"], trace["y"], strict=True) if y >= 0.5)
        assert reached == pytest.approx(level.value, rel=0.01)
    assert report.stock("lead_time_for_changes").parts == ()
    assert report.availability().parts == ()


def test_a_live_stock_says_what_is_open_at_the_end() -> None:
    figure = stock(weeks(), find("open_vulnerabilities"), QUARTER, BRAND)
    assert figure is not None
    assert figure.live is not None
    assert f"<b>{weeks()[-1].open} open</b>" in [note["text"] for note in figure.live["layout"]["annotations"]]
    hovers = [said for trace in figure.live["data"] for said in trace["customdata"]]
    assert f"{weeks()[-1].open} open" in hovers
    assert f"{weeks()[0].came} came in" in hovers
