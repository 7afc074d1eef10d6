"""Rulers against published results."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportkit.evidence import behaviour, rulers

BH1995 = [
    0.0001,
    0.0004,
    0.0019,
    0.0095,
    0.0201,
    0.0278,
    0.0298,
    0.0344,
    0.0459,
    0.324,
    0.4262,
    0.5719,
    0.6528,
    0.759,
    1.0,
]


@pytest.mark.parametrize(
    ("k1", "n1", "k0", "n0", "interval"),
    [
        (56, 70, 48, 80, (0.0524, 0.3339)),
        (9, 10, 3, 10, (0.1705, 0.8090)),
        (6, 7, 2, 7, (0.0582, 0.8062)),
        (5, 56, 0, 29, (-0.0381, 0.1926)),
    ],
)
def test_newcombe_1998_table_2_method_10(k1, n1, k0, n0, interval):
    found = rulers.newcombe(k0, n0, k1, n1)
    assert (found.low, found.high) == pytest.approx(interval, abs=1e-4)


def test_newcombe_flipped_to_failures_changes_the_sign():
    one, other = rulers.newcombe(30, 80, 50, 70), rulers.newcombe(50, 80, 20, 70)
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))


def test_exact_rate_ratio_of_r_poisson_test():
    found = rulers.exact_rate_ratio(21, 3011, 11, 800)
    assert np.exp(found.estimate) == pytest.approx(1.971488, abs=1e-4)
    assert (np.exp(found.low), np.exp(found.high)) == pytest.approx((0.8584, 4.2773), abs=1e-3)
    assert 0.079 < found.p < 0.12  # R adds both tails by likelihood (0.0797), this doubles the smaller


def test_exact_rate_ratio_scales_and_stays_finite_at_nothing():
    one, scaled = rulers.exact_rate_ratio(10, 100, 20, 100), rulers.exact_rate_ratio(10, 1, 20, 1)
    assert scaled == one
    nothing = rulers.exact_rate_ratio(12, 13, 0, 13)
    assert np.isfinite([nothing.estimate, nothing.low, nothing.high]).all()
    assert nothing.high < 0
    assert rulers.exact_rate_ratio(0, 13, 0, 13) is None


def test_benjamini_hochberg_1995_rejects_four_holm_three():
    ps = np.array(BH1995)
    assert (rulers.benjamini_hochberg(ps) < 0.05).sum() == 4
    assert (rulers.holm(ps) < 0.05).sum() == 3


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjusted_never_below_raw_nor_above_one_and_keep_order(ps):
    raw = np.array(ps)
    for adjusted in (rulers.holm(raw), rulers.benjamini_hochberg(raw)):
        assert (adjusted >= raw - 1e-12).all()
        assert (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(raw, kind="stable")]) >= -1e-12).all()


def test_weeks_ruler_covers_under_autocorrelation_and_welch_does_not():
    random = np.random.default_rng(11)
    hits, naive, worlds = 0, 0, 400
    for _ in range(worlds):
        y = np.empty(26)
        y[0] = random.normal()
        for i in range(1, 26):
            y[i] = 0.5 * y[i - 1] + np.sqrt(0.75) * random.normal()
        hits += rulers.weeks(y[:13], y[13:]).p < 0.05
        a, b = y[:13], y[13:]
        naive += abs(a.mean() - b.mean()) > 2.06 * np.sqrt(a.var(ddof=1) / 13 + b.var(ddof=1) / 13)
    assert hits / worlds <= 0.08
    assert naive / worlds > 0.15


def test_weeks_ruler_of_alternating_weeks_allows_negative_correlation():
    weeks = np.arange(26)
    y = np.where(weeks % 2, 1.0, -1.0) + np.random.default_rng(1).normal(0, 0.1, 26) + np.where(weeks >= 13, 0.5, 0)
    assert rulers.weeks(y[:13], y[13:]).p < 0.05


def test_weeks_ruler_is_symmetric_and_equivariant():
    random = np.random.default_rng(2)
    a, b = random.normal(size=12), random.normal(size=9)
    one, swapped = rulers.weeks(a, b), rulers.weeks(b[::-1], a[::-1])
    assert swapped.estimate == pytest.approx(-one.estimate)
    assert (swapped.low, swapped.high) == pytest.approx((-one.high, -one.low))
    scaled = rulers.weeks(a * 7 + 3, b * 7 + 3)
    assert (scaled.low, scaled.high) == pytest.approx((one.low * 7, one.high * 7))


def test_constant_weeks_have_no_width_and_few_weeks_no_ruler():
    flat = rulers.weeks(np.ones(10), np.ones(8))
    assert (flat.estimate, flat.width, flat.p) == (0, 0, 1)
    assert rulers.weeks(np.ones(2), np.ones(1)) is None


def test_permutation_of_one_in_seven():
    assert rulers.permutation_p(np.array([5.0]), np.zeros(6)) == pytest.approx(1 / 7)
    assert rulers.permutation_p(np.array([0.0]), np.zeros(6)) == 1


def test_behaviour_limits_are_those_of_the_nist_handbook():
    """NIST/SEMATECH e-Handbook 6.3.2.2, flow rate: mean 50.81, limits 45.8159 and 55.8041 (3 / 1.128 for 2.66)."""
    flow = np.array([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    found = behaviour.limits(flow)
    assert found.mean == pytest.approx(50.81)
    assert (found.low, found.high) == pytest.approx((45.8159, 55.8041), abs=0.002)
    assert found.outside(56)
    assert not found.outside(np.nan)
    assert behaviour.limits(flow[:7]) is None
    assert behaviour.limits(np.ones(9)).high == 1
