"""Numbers as they are written on a page."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportkit.model.unit import COUNT, DAYS, MINUS, PER_WEEK, SHARE, THIN, UNITS, currency, plural

GBP = currency("GBP")


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        (DAYS, 4.12, "4.1 days"),
        (DAYS, 1.0, "1 day"),
        (DAYS, 0.999, "1 day"),
        (DAYS, -1.0, f"{MINUS}1 day"),
        (DAYS, 0.0, "0 days"),
        (DAYS, -0.0, "0 days"),
        (DAYS, -1e-12, "0 days"),
        (DAYS, 0.0034, "0.0034 days"),
        (DAYS, 0.000001, "0 days"),
        (DAYS, 9.96, "10 days"),
        (DAYS, 99.96, "100 days"),
        (DAYS, 1234.5, f"1{THIN}234 days"),
        (DAYS, math.nan, "–"),
        (DAYS, math.inf, "–"),
        (SHARE, 0.087, "8.7%"),
        (SHARE, 0.9996, "99.96%"),
        (SHARE, 0.99999, "99.999%"),
        (SHARE, 1.0, "100%"),
        (SHARE, 0.0, "0%"),
        (PER_WEEK, 1.0, "1 a week"),
        (COUNT, 1804, f"1{THIN}804"),
        (GBP, 1.92, "£1.92"),
        (GBP, 2.5, "£2.50"),
        (GBP, -3, f"{MINUS}£3.00"),
        (GBP, 1234567, "£1.23m"),
        (GBP, 9999, f"£9{THIN}999"),
        (GBP, 12345, "£12.3k"),
        (GBP, -999499, "−£999k"),
        (GBP, 999500, "£1m"),
        (GBP, 999_499_999, "£999m"),
        (GBP, 2.5e9, "£2.5bn"),
        (DAYS, 1e15, f"1{THIN}×{THIN}10¹⁵ days"),
        (GBP, -1.23e300, f"{MINUS}£1.2{THIN}×{THIN}10³⁰⁰"),
        (currency("CHF"), 12.4, "12.40 CHF"),
    ],
)
def test_a_number_is_written_as_a_person_would(unit, value, text):
    assert unit.text(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(4.1, "4 days"), (14.2, "14 days"), (2.5, "2.5 days"), (0.4, "0.4 days"), (math.nan, "–")]
)
def test_said_aloud_a_number_is_at_most_a_tenth_off(value, text):
    assert DAYS.round(value) == text


def test_the_nines_of_a_share_are_said_aloud_too():
    assert SHARE.round(0.9996) == "99.96%"


@given(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(list(UNITS.values())))
def test_no_number_is_ever_nan_or_minus_zero(value, unit):
    for text in (unit.text(value), unit.brief(value), unit.round(value)):
        assert "nan" not in text
        assert "inf" not in text
        assert text not in (f"{MINUS}0", f"{MINUS}0 days")


@given(st.floats(0.001, 1e6))
def test_what_is_written_is_within_five_per_cent_of_the_value(value):
    written = float(DAYS.number(value).replace(THIN, ""))
    assert written == pytest.approx(value, rel=0.05)


def test_a_count_has_its_noun():
    assert (plural(1, "team"), plural(0, "team"), plural(2, "story", "stories")) == ("1 team", "0 teams", "2 stories")
