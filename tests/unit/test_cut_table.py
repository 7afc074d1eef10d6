"""A needle by group: what is drawn, what is folded, and what is recorded."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import pytest

from reportkit.errors import MeasureError
from reportkit.figures.cut_table import Slice, cut_table
from reportkit.measure import cut
from reportkit.model.period import Window
from reportkit.needles import find
from tests.sample_report import BRAND

LABELS = ("Q2 2026", "Q3 2026")


def test_a_row_a_group_with_a_bar_and_the_facts_behind_it():
    block = cut_table(
        [Slice("<b>ant</b>", 8.0, 4.0, 12, 3), Slice("bee", math.nan, 2.0, 1200)],
        find("remediation_time"),
        "Team",
        LABELS,
        BRAND,
    )
    html = str(block.html)
    assert "&lt;b&gt;ant&lt;/b&gt;" in html
    assert html.count("<rect") == 2
    assert "12 + 3 open" in html
    assert "<title>bee: 2 days</title>" in html
    assert block.plain.splitlines()[1] == "bee: no facts in Q2 2026, 2 days in Q3 2026"


def test_bars_that_would_all_look_the_same_are_left_out():
    shares = [Slice("ant", 0.999, 0.9991, 10), Slice("bee", 0.998, 0.9972, 10)]
    assert "<rect" not in str(cut_table(shares, find("availability"), "Journey", LABELS, BRAND).html)


def test_a_group_without_a_value_has_none_and_no_bar():
    html = str(
        cut_table(
            [Slice("ant", 1.0, math.nan, 0, 4), Slice("bee", 1.0, 5.0, 9)],
            find("remediation_time"),
            "Team",
            LABELS,
            BRAND,
        ).html
    )
    assert html.count("rk-none") == 1  # the value; the largest is the only one left, so there is no column of bars
    assert "<rect" not in html


def test_a_needle_cannot_be_cut_by_what_its_facts_do_not_have(freeze):
    covers = Window(date(2026, 1, 1), date(2026, 4, 1))
    found, mended = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 5, tzinfo=UTC)
    rows = [{"detected_at": found, "remediated_at": mended, "severity": "high"}]
    snapshot = freeze({"vulnerabilities": rows}, covers=covers)
    with pytest.raises(MeasureError, match="cannot be cut by 'colour'"):
        cut(snapshot, find("open_vulnerabilities"), covers, "colour")
