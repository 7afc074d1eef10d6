"""The pictures: what both faces draw, and that nothing is cut off or collides."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import evidence_worlds
import pandas as pd
import pytest

from reportkit.evidence import compare
from reportkit.figures import drawing
from reportkit.figures.before_after import before_after
from reportkit.figures.behaviour import behaviour
from reportkit.figures.distribution import Curve, done_within
from reportkit.figures.evidence_table import evidence_table
from reportkit.figures.guards_table import guards_table
from reportkit.figures.needle_table import Row, needle_table
from reportkit.figures.path import Steps, path_to_production
from reportkit.figures.strip import Cell, strip
from reportkit.figures.theme import MARKS
from reportkit.figures.trend import Week, trend
from reportkit.model import unit
from reportkit.model.evidence import Grade, Verdict
from reportkit.model.period import Window, day_text
from reportkit.needles import find
from tests.sample_report import BRAND, PROOF, WORLDS, invent, needles_block, pairs, path_figure

TEXT = re.compile(r"<text\b[^>]*>(.*?)</text>", re.DOTALL)


def texts(svg: str) -> list[str]:
    return TEXT.findall(svg)


def curves() -> tuple[Curve, Curve]:
    return Curve("before", (2.0, 9.0, 30.0), (0.2, 0.6, 0.9), 40), Curve("after", (1.0, 3.0, 9.0), (0.4, 0.8, 1.0), 38)


def weeks() -> list[Week]:
    values = (14.2, 13.0, math.nan, 9.0, 8.0, 7.5, 7.0, 6.0, 5.0, 4.1)
    start = date(2026, 6, 1)
    return [Week(start + timedelta(weeks=i), v, 0 if math.isnan(v) else 40) for i, v in enumerate(values)]


QUARTER = Window(date(2026, 7, 1), date(2026, 10, 1))


def all_figures():
    lead = find("lead_time_for_changes")
    yield from (before_after(*invent(world), PROOF, BRAND) for world in WORLDS.values())
    yield path_figure()
    yield trend(weeks(), lead, QUARTER, BRAND)
    yield done_within(*curves(), lead, BRAND)


@pytest.mark.parametrize("figure", list(all_figures()), ids=lambda f: f.name)
def test_every_figure_has_text_that_stays_text_a_live_face_and_words(figure):
    assert figure.svg.startswith("<svg")
    assert "font-family: 'Source Sans Pro'" in figure.svg
    assert "<metadata" not in figure.svg
    assert "Date" not in figure.svg
    assert figure.alt
    assert figure.caption.endswith(".")
    assert "nan" not in figure.caption + figure.alt
    assert "None" not in figure.caption + figure.alt
    json.dumps(figure.live, allow_nan=False)


def test_the_same_evidence_gives_the_same_bytes():
    evidence, needle = invent(WORLDS[Verdict.MOVED])
    assert before_after(evidence, needle, PROOF, BRAND).svg == before_after(evidence, needle, PROOF, BRAND).svg


def test_nothing_reaches_over_the_edge_of_the_page():
    for figure in all_figures():
        placed = _places(figure.svg)
        assert len(placed) > 5
        for x, anchor, size, text in placed:
            wide = drawing.extent(text, BRAND, size, 600)
            left = {"start": x, "middle": x - wide / 2, "end": x - wide}[anchor]
            assert left > -1.5, (figure.name, text)
            assert left + wide < drawing.WIDTH + 1.5, (figure.name, text)


def _places(svg: str) -> list[tuple[float, str, float, str]]:
    found = re.findall(r'font-size: ([\d.]+)px;[^"]*?text-anchor: (\w+)[^"]*" x="([-\d.]+)" [^>]*>([^<]*)<', svg)
    return [(float(x), anchor, float(size), text) for size, anchor, x, text in found]


def test_before_is_grey_after_is_the_brands_and_a_missing_week_is_a_gap():
    evidence, needle = invent(replace(WORLDS[Verdict.MOVED], gaps=(3,)))
    live = before_after(evidence, needle, PROOF, BRAND).live
    assert live is not None
    series = {(t["name"], t["line"]["color"]): t for t in live["data"] if "name" in t}
    assert series["proof teams", BRAND.before]["y"][3] is None
    assert series["proof teams", BRAND.primary]["connectgaps"] is False
    assert "4.1 days" not in series["proof teams", BRAND.primary]["customdata"][3]
    assert "(31 changes)" in series["proof teams", BRAND.primary]["customdata"][0]


def test_a_week_without_a_row_is_a_gap_too():
    evidence, needle = invent(WORLDS[Verdict.MOVED])
    short = evidence.weekly.drop(index=evidence.weekly.index[4])
    live = before_after(replace(evidence, weekly=short), needle, PROOF, BRAND).live
    assert live is not None
    treated = next(t for t in live["data"] if t.get("name") == "proof teams" and t["line"]["color"] == BRAND.before)
    assert treated["y"][4] is None
    assert len(treated["y"]) == 13


def test_a_week_far_above_the_others_is_cut_off_with_its_value_beside_it():
    evidence, needle = invent(WORLDS[Verdict.MOVED])
    wild = evidence.weekly.copy()
    wild.loc[2, "value"] = 412.0
    assert "↑ 412" in texts(before_after(replace(evidence, weekly=wild), needle, PROOF, BRAND).svg)


def test_line_ends_that_meet_are_named_apart():
    evidence, needle = invent(replace(WORLDS[Verdict.MOVED], levels=(14, 13.6), compared=(14, 13.6), noise=0.01))
    places = {
        text: y
        for _, y, text in re.findall(
            r'x="([-\d.]+)" y="([-\d.]+)"[^>]*>([^<]*)<', before_after(evidence, needle, PROOF, BRAND).svg
        )
    }
    assert abs(float(places["proof teams"]) - float(places["comparison teams"])) >= 10


def test_teams_with_markup_in_their_names_stay_text():
    evidence, needle = invent(WORLDS[Verdict.MOVED])
    proof = PROOF.model_copy(update={"name": "<script>alert(1)</script> $x^2$"})
    figure = before_after(evidence, needle, proof, BRAND)
    assert "<script" not in figure.svg
    assert "&lt;script&gt;" in figure.svg


def test_a_small_step_keeps_its_number_below_the_bar():
    rows = [Steps("Before", (("Coding", 14.0, False), ("Waiting for release", 0.1, True)), 9, 14.0, "w")]
    shown = texts(path_to_production(rows, unit.DAYS, BRAND).svg)
    assert {"14", "0.1", "14.1 days", "Coding", "Waiting for release"} <= set(shown)


def test_the_trend_leaves_a_gap_and_names_its_last_reading():
    figure = trend(weeks(), find("lead_time_for_changes"), QUARTER, BRAND)
    assert figure is not None
    assert "4.1 d" in texts(figure.svg)
    assert figure.live is not None
    assert None in [v for t in figure.live["data"] for v in t["y"]]


def test_the_trend_names_its_last_reading_beside_it_also_where_the_weeks_after_are_gaps():
    cut = [*weeks()[:6], *(Week(week.monday, math.nan, 0) for week in weeks()[6:])]
    figure = trend(cut, find("lead_time_for_changes"), QUARTER, BRAND)
    assert figure is not None
    label = re.search(r'<text\b[^>]* x="([\d.]+)"[^>]*>7\.5 d<', figure.svg)
    dots = re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', figure.svg)
    assert label
    assert 0 < float(label[1]) - max(float(x) for x, _ in dots) < 12


def test_the_trend_draws_what_is_usual_and_the_target_and_records_what_it_says():
    values = (10, 12, 11, 13, 10, 12, 11, 13, 12, 4, 5, 4)
    start = date(2026, 5, 4)  # nine weeks before the quarter, whose moving ranges have a mean of 1.625
    given = [Week(start + timedelta(weeks=i), float(v), 9) for i, v in enumerate(values)]
    figure = trend(given, find("lead_time_for_changes"), QUARTER, BRAND, 6.0)
    assert figure is not None
    shown = {s.id.removeprefix("trend.lead_time_for_changes."): s.value for s in figure.record}
    before = values[:8]  # the ninth week holds the quarter's first day
    mean = sum(before) / 8
    reach = 2.66 * sum(abs(a - b) for a, b in pairwise(before)) / 7
    assert shown["mean"] == pytest.approx(mean)
    assert (shown["low"], shown["high"]) == pytest.approx((mean - reach, mean + reach))
    assert shown["target"] == 6
    assert (shown["weeks"], shown["outside"], shown["facts"]) == (4, 3, 108)
    assert "3 of 4 weeks since are outside them. A picture, not a verdict." in figure.caption
    for words in ("usual high", "usual low", "mean before", "target 6 d"):
        assert words in figure.svg
        assert words in json.dumps(figure.live)


def test_live_pictures_name_the_last_value_and_what_starts():
    known = trend(weeks(), find("lead_time_for_changes"), QUARTER, BRAND)
    whole = [week for week in weeks() if not math.isnan(week.value)]
    last = find("lead_time_for_changes").unit.brief(whole[-1].value)
    assert known is not None
    assert f"<b>{last}</b>" in notes(known)
    reached = trend(whole, find("lead_time_for_changes"), QUARTER, BRAND)
    assert reached is not None
    assert {"name": "end", "text": f"<b>{last}</b>"}.items() <= reached.live["layout"]["annotations"][0].items()
    figure = before_after(*invent(WORLDS[Verdict.MOVED]), PROOF, BRAND)
    start = day_text(PROOF.start, year=False)
    shown = {
        note["name"]: (note["text"], note.get("visible", True))
        for note in figure.live["layout"]["annotations"]
        if "name" in note
    }
    assert shown["wide"] == (f"{PROOF.name} starts {start}", True)
    assert shown["narrow"] == (f"starts {start}", False)
    endless = PROOF.model_copy(update={"name": "A proof whose name no picture could hold " * 3})
    assert f"starts {start}" in notes(before_after(*invent(WORLDS[Verdict.MOVED]), endless, BRAND))


def test_each_step_of_the_way_has_a_colour_of_its_own():
    colours = [trace["marker"]["color"] for trace in path_figure().live["data"]]
    assert len(set(colours)) == len(colours) >= 4


def notes(figure):
    return [note["text"] for note in figure.live["layout"].get("annotations", ())]


def test_seven_weeks_give_no_limits():
    few = [Week(QUARTER.start - timedelta(weeks=8 - i), 5.0 + i, 3) for i in range(7)]
    figure = trend(few, find("lead_time_for_changes"), QUARTER, BRAND)
    assert figure is not None
    assert "usual" not in figure.svg
    assert "mean" not in figure.caption


def test_a_trend_within_one_month_names_its_weeks_and_its_money():
    charges = [Week(date(2026, 9, 7) + timedelta(weeks=i), v, 5) for i, v in enumerate((1200.0, 1300.0, 1250.0))]
    figure = trend(charges, find("hosting_cost").in_currency("USD"), QUARTER, BRAND)
    assert figure is not None
    assert {"7 Sep", "14 Sep", "21 Sep", "$ a month"} <= set(texts(figure.svg))
    assert trend(charges, find("outage_minutes"), QUARTER, BRAND).caption.startswith(
        "Outage minutes: minutes a month; 15 outages"
    )


def test_one_week_makes_no_trend():
    assert trend(weeks()[:1], find("lead_time_for_changes"), QUARTER, BRAND) is None


def test_done_within_says_both_shares():
    assert (
        "within 10 days 60% before and 100% after" in done_within(*curves(), find("lead_time_for_changes"), BRAND).alt
    )


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_strip_says_the_verdict_by_word_mark_and_mood(verdict):
    block = strip([Cell("Lead <time>", "4.1 days", verdict, True, "−71%, 95% CI −78 to −60%")])
    mark = MARKS[verdict]
    assert mark.word in block.html
    assert f"rk-{mark.mood}" in block.html
    assert "Lead &lt;time&gt;" in block.html
    assert 'aria-hidden="true"' in block.html


def test_good_and_bad_marks_say_nothing_of_direction():
    assert MARKS[Verdict.MOVED].glyph == "▲"
    assert MARKS[Verdict.GOT_WORSE].glyph == "▼"


def test_the_strip_stops_at_four():
    assert strip([Cell(str(i), "1", None, None, "") for i in range(6)]).html.count("<li>") == 4


def test_the_needle_table_leaves_out_columns_that_nobody_fills():
    needle = find("lead_time_for_changes")
    block = needle_table([Row(needle, (), math.nan, 4.1, None, (math.nan, 4.1), None)], ("Q2 2026", "Q3 2026"), BRAND)
    assert "Target" not in block.html
    assert "Verdict" not in block.html
    assert "Two quarters" in block.html
    assert "nan" not in block.html.lower()


def test_the_needle_table_draws_a_bar_for_each_interval_and_an_alternative_text():
    html = str(needles_block().html)
    assert html.count("Change in the proof:") == sum(1 for e, _ in pairs() if e.interval)
    assert "Lead time for changes by quarter: 15.2, 14.9, no facts" in html


def test_under_a_duration_stand_the_statistic_that_was_not_tested_and_its_p85():
    evidence, needle = invent(WORLDS[Verdict.MOVED])[:2]
    level = replace(evidence.before, p85=20.2, typical=11.5, median=14.2)
    for statistic, under in (("median", "typical 11.5"), ("typical", "median 14.2")):
        html = str(evidence_table([(replace(evidence, statistic=statistic, before=level), needle)]).html)
        assert f'<span class="rk-owners">{under}</span><span class="rk-owners">P85 20.2</span>' in html
    unknown = replace(level, p85=math.nan, typical=math.nan)
    assert "P85" not in str(evidence_table([(replace(evidence, before=unknown, after=unknown), needle)]).html)


def test_the_evidence_table_prints_no_interval_where_there_is_none():
    html = str(evidence_table([invent(WORLDS[Verdict.NOT_ENOUGH_DATA])]).html)
    assert "Not enough data" in html
    assert "not reached" in html
    assert "nan" not in html.lower()


@pytest.mark.parametrize("first", ["2026-01-05", "2024-03-04", "2019-12-30"])
def test_months_are_few_and_say_the_year_where_it_changes(first):
    start = pd.Timestamp(first).date()
    for weeks in (8, 26, 60, 200):
        marked = drawing.months(start, start + pd.Timedelta(weeks=weeks).to_pytimedelta())
        assert 1 <= len(marked) <= 17
        years = {day.year for day, _ in marked}
        assert sum(label[-4:].isdigit() for _, label in marked) == (len(years) if len(years) > 1 else 0)


def test_places_keep_their_distance_and_stay_inside():
    placed = drawing.spread([5.0, 5.0, 5.5], 10, 0, 24)
    assert sorted(placed) == placed
    assert all(b - a >= 9.99 for a, b in pairwise(placed))
    assert max(placed) <= 24


# ---- what evidence in full shows -------------------------------------------------------------------------------------


def weighed(before: int = 13, effect: float = 0.4):
    """Real evidence, so that guards, placebo and band are those of the engine."""
    start = WIDE_START
    plan = evidence_worlds.proof(before=before, comparison="all others")
    ground = replace(evidence_worlds.GROUND, covers=Window(start, evidence_worlds.END))
    early = evidence_worlds.durations(9, evidence_worlds.PROOF_TEAMS + evidence_worlds.OTHER_TEAMS)
    early = early.assign(start=early.start - timedelta(weeks=26), end=early.end - timedelta(weeks=26))
    facts = pd.concat(
        [early, evidence_worlds.durations(1, effect=effect), evidence_worlds.durations(2, evidence_worlds.OTHER_TEAMS)]
    )
    needle = replace(find("lead_time_for_changes"), key="lead_time")
    return compare(facts, evidence_worlds.LEAD_TIME, plan, ground, name="road"), needle, plan


WIDE_START = evidence_worlds.BEGIN - timedelta(weeks=26)


def test_a_placebo_date_is_a_row_of_the_table():
    evidence, needle, _ = weighed(before=20)
    block = evidence_table([(evidence, needle)])
    assert 'class="rk-placebo"' in block.html
    assert "Placebo date, mid-baseline" in block.html
    assert re.search(r"placebo date [+−]?[\d.]+%", block.plain)
    assert "rk-placebo" not in evidence_table([weighed()[:2]]).html


def test_guards_are_told_where_there_is_a_claim_and_not_elsewhere():
    evidence, needle, _ = weighed()
    block = guards_table([(evidence, needle)])
    assert block is not None
    assert "a trend under way: passed" in block.plain
    assert f'rowspan="{len(evidence.guards)}"' in block.html
    still, needle, _ = weighed(effect=1.0)
    assert guards_table([(still, needle)]) is None


def test_the_band_is_what_the_comparison_says():
    evidence, needle, plan = weighed()
    figure = before_after(evidence, needle, plan, BRAND)
    assert "without the proof" in figure.svg
    assert "Without the proof, by the comparison: " in figure.caption
    middle = evidence.after.value / evidence.effect
    assert needle.unit.text(middle) in figure.caption
    fills = [trace for trace in figure.live["data"] if trace.get("fill") == "tonexty"]
    assert len(fills) == 1
    alone = replace(evidence, grade=Grade.B, comparison_before=None, comparison_after=None)
    assert "without the proof" not in before_after(alone, needle, plan, BRAND).svg


def test_a_behaviour_chart_agrees_with_its_limits():
    evidence, needle, plan = weighed()
    figure = behaviour(evidence, needle, plan, BRAND)
    before = evidence.weekly.query("group == 'treated' and phase == 'before'").value.dropna().to_numpy()
    mean, reach = before.mean(), 2.66 * abs(before[1:] - before[:-1]).mean()
    assert f"a mean of {needle.unit.text(mean)}" in figure.caption
    assert f"{needle.unit.number(max(0, mean - reach))} to {needle.unit.text(mean + reach)}" in figure.caption
    assert "not a verdict" in figure.caption
    short = replace(evidence, weekly=evidence.weekly.head(5))
    assert behaviour(short, needle, plan, BRAND) is None
    assert behaviour(replace(evidence, weekly=evidence.weekly.head(0)), needle, plan, BRAND) is None
