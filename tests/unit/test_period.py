"""Days, weeks and quarters of the organisation's time zone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportkit.errors import ParamsError
from reportkit.model.period import Quarter, Window, day_text, midnight, monday, next_monday

DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))


def test_a_quarter_is_read_and_written():
    assert str(Quarter.parse("2026-Q3")) == "2026-Q3"
    assert Quarter.parse("2026-Q3").window == Window(date(2026, 7, 1), date(2026, 10, 1))
    assert Quarter(2026, 1).shift(-1) == Quarter(2025, 4)


@pytest.mark.parametrize("text", ["2022-Q5", "2022Q1", "", "22-Q1", "2022-Q1 ", None, "2022-Q1\n"])
def test_anything_else_is_refused_in_one_sentence(text):
    with pytest.raises(ParamsError, match="like 2026-Q3"):
        Quarter.parse(text)


def test_a_fiscal_year_is_called_after_the_calendar_year_it_ends_in():
    assert Quarter(2026, 1, first_month=4).window == Window(date(2025, 4, 1), date(2025, 7, 1))
    assert Quarter(2026, 4, first_month=4).window.end == date(2026, 4, 1)


@given(DAYS, st.integers(1, 12))
def test_a_day_lies_in_its_quarter(day, first_month):
    window = Quarter.of(day, first_month).window
    assert window.start <= day < window.end
    assert 89 <= window.days <= 92


@given(DAYS, st.integers(1, 12), st.integers(-20, 20))
def test_quarters_follow_each_other_without_a_gap(day, first_month, shift):
    quarter = Quarter.of(day, first_month).shift(shift)
    assert quarter.window.end == quarter.shift(1).window.start
    assert quarter.shift(3).shift(-3) == quarter


@given(DAYS, st.integers(0, 400))
def test_a_windows_weeks_are_complete_iso_weeks_inside_it(start, length):
    window = Window(start, start + timedelta(days=length))
    for week in window.weeks:
        assert week.weekday() == 0
        assert window.contains(Window(week, week + timedelta(days=7)))
    assert len(window.weeks) >= (length - 12) // 7


@given(DAYS)
def test_mondays_stand_around_the_day(day):
    assert monday(day) <= day <= next_monday(day)
    assert (next_monday(day) - monday(day)).days in (0, 7)


def test_a_day_of_the_clock_change_has_23_or_25_hours():
    def hours(day):
        span = midnight(day + timedelta(days=1), "Europe/London") - midnight(day, "Europe/London")
        return span.total_seconds() / 3600

    assert [hours(date(2026, 3, 29)), hours(date(2026, 10, 25)), hours(date(2026, 7, 1))] == [23, 25, 24]


def test_a_window_ends_after_it_starts():
    with pytest.raises(ParamsError, match="swap the two dates"):
        Window(date(2026, 2, 1), date(2026, 1, 1))


def test_labels_say_the_last_day_and_the_year_once():
    assert Window(date(2026, 7, 1), date(2026, 10, 1)).label == "1 Jul – 30 Sep 2026"
    assert Window(date(2025, 12, 1), date(2026, 2, 1)).label == "1 Dec 2025 – 31 Jan 2026"
    assert Window(date(2026, 7, 1), date(2026, 7, 2)).label == "1 Jul 2026"
    assert day_text(date(2026, 7, 1), year=False) == "1 Jul"


def test_whole_months_count_as_months():
    assert Quarter(2026, 1).window.months == 3
    assert Window(date(2026, 1, 5), date(2026, 4, 6)).months == pytest.approx(27 / 31 + 1 + 1 + 5 / 30)
