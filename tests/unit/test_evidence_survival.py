"""Kaplan–Meier against published tables, and its influence values against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportkit.evidence import survival

# Freireich 1963, as in Cox & Oakes 1984
MP6 = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
MP6_ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def curve(spans, ended):
    return survival.curve(np.array(spans, dtype=float), np.array(ended, dtype=bool))


def test_freireich_survival_and_medians():
    found = curve(MP6, MP6_ENDED)
    at = [found.survival[np.searchsorted(found.times, t)] for t in (6, 7, 10, 13, 16, 22, 23)]
    assert at == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=0.001)
    assert found.quantile(0.5) == 23
    assert curve(PLACEBO, [1] * 21).quantile(0.5) == 8


def test_a_curve_that_ends_before_one_half_has_no_median():
    found = curve([1, 2, 3, 3], [1, 0, 0, 0])
    assert np.isnan(found.quantile(0.5))
    assert survival.log_median(found) is None


def test_longest_fact_left_open_does_not_move_the_median_and_never_lowers_the_typical():
    spans = np.exp(np.random.default_rng(3).normal(1, 1, 60))
    ended = np.ones(60, dtype=bool)
    opened = ended.copy()
    opened[np.argmax(spans)] = False
    closed_curve, open_curve = survival.curve(spans, ended), survival.curve(spans, opened)
    assert open_curve.quantile(0.5) == closed_curve.quantile(0.5)
    assert survival.log_typical(open_curve, 90).log >= survival.log_typical(closed_curve, 90).log


def test_typical_without_open_facts_is_the_geometric_mean():
    spans = np.exp(np.random.default_rng(4).normal(1, 1, 200)) + 0.1
    found = survival.log_typical(survival.curve(spans, np.ones(200, dtype=bool)), 1e9)
    assert found.log == pytest.approx(np.log(spans).mean())
    assert found.influence == pytest.approx(np.log(spans) - np.log(spans).mean(), abs=1e-9)


def test_typical_influence_is_that_of_leaving_a_fact_out():
    random = np.random.default_rng(5)
    spans, ended = np.exp(random.normal(1, 1, 300)), random.random(300) < 0.7
    whole = survival.log_typical(survival.curve(spans, ended), 20.0)
    for i in (0, 7, 100, 299):
        keep = np.arange(300) != i
        without = survival.log_typical(survival.curve(spans[keep], ended[keep]), 20.0)
        assert 299 * (whole.log - without.log) == pytest.approx(whole.influence[i], abs=0.02)


def test_median_error_from_influence_agrees_with_the_bootstrap():
    random = np.random.default_rng(6)
    spans, ended = np.exp(random.normal(1, 1, 400)), random.random(400) < 0.8
    found = survival.log_median(survival.curve(spans, ended))
    draws = [
        np.log(survival.curve(spans[pick], ended[pick]).quantile(0.5))
        for pick in (random.integers(0, 400, 400) for _ in range(300))
    ]
    assert found.influence.std() / 20 == pytest.approx(np.std(draws), rel=0.25)


def test_coarse_times_interpolate_the_median():
    random = np.random.default_rng(7)
    fine = np.exp(random.normal(0.8, 0.7, 4000))
    coarse = survival.log_median(survival.curve(np.ceil(fine), np.ones(4000, dtype=bool)))
    assert np.exp(coarse.log) == pytest.approx(np.median(fine) + 0.5, abs=0.1)
    draws = []
    for _ in range(200):
        fine = np.exp(random.normal(np.log(2), 0.7, 400))  # the median lies on a step
        draws.append(survival.log_median(survival.curve(np.ceil(fine), np.ones(400, dtype=bool))))
    error = np.mean([d.influence.std() / 20 for d in draws])
    assert np.std([d.log for d in draws]) == pytest.approx(error, rel=0.25)


def test_all_equal_is_a_median_without_spread():
    found = survival.log_median(curve([3] * 30, [1] * 30))
    assert np.exp(found.log) == pytest.approx(3)
    assert np.abs(found.influence).max() == 0


def test_whole_weights_are_copies_of_facts():
    random = np.random.default_rng(8)
    spans, ended, copies = np.exp(random.normal(1, 1, 80)), random.random(80) < 0.8, random.integers(1, 4, 80)
    weighted = survival.curve(spans, ended).weighted(copies.astype(float))
    copied = survival.curve(np.repeat(spans, copies), np.repeat(ended, copies))
    assert weighted.survival == pytest.approx(copied.survival)
    one, other = (survival.log_typical(c, 20.0) for c in (weighted, copied))
    assert one.log == pytest.approx(other.log)
    assert np.repeat(one.influence, copies) == pytest.approx(other.influence)
    assert (one.influence * copies).sum() == pytest.approx(0, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=2, max_size=60))
def test_influence_values_are_finite_and_sum_to_nothing(rows):
    found = curve([r[0] for r in rows], [r[1] for r in rows])
    for one in (survival.log_median(found), survival.log_typical(found, 25.0)):
        if one is not None:
            assert np.isfinite(one.log)
            assert np.isfinite(one.influence).all()
            assert one.influence.sum() == pytest.approx(0, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 50), st.booleans()), min_size=2, max_size=40), st.floats(0.1, 20))
def test_unit_of_time_moves_the_log_only(rows, factor):
    spans, ended = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    one, other = (survival.log_median(survival.curve(s, ended)) for s in (spans, spans * factor))
    if one is None or other is None:
        return
    assert other.log == pytest.approx(one.log + np.log(factor), abs=1e-9)
    assert other.influence == pytest.approx(one.influence, abs=1e-6)
