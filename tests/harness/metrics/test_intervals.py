"""Interval recipes against scipy and statsmodels, and their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from harness.metrics import intervals


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 200), st.data())
def test_a_proportion_of_independent_rows_has_the_clopper_pearson_interval(n: int, data: st.DataObject):
    hits = data.draw(st.integers(0, n))
    rows = np.concatenate([np.ones(hits), np.zeros(n - hits)])
    found = intervals.korn_graubard(rows, np.ones(n), level=0.95)
    # One row per cluster: the design effect is n/(n-1) for any proportion but 0 and 1.
    effective = n if hits in {0, n} else n - 1
    if effective < 1:
        return
    expected = proportion_confint(hits / n * effective, effective, method="beta")
    assert (found.lo, found.hi) == pytest.approx(expected, abs=1e-8)


def test_equal_rows_within_patients_count_once():
    """Ten patients with five equal rows each say no more than ten rows."""
    hits = np.array([5.0] * 4 + [0.0] * 6)
    found = intervals.korn_graubard(hits, np.full(10, 5.0), level=0.95)
    assert (found.lo, found.hi) == pytest.approx(proportion_confint(0.4 * 9, 9, method="beta"), abs=1e-8)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=40))
def test_the_interval_of_a_proportion_holds_it(clusters: list[tuple[int, int]]):
    n = np.array([max(pair) for pair in clusters], dtype=float)
    hits = np.array([min(pair) for pair in clusters], dtype=float)
    found = intervals.korn_graubard(hits, n, level=0.95)
    if math.isfinite(found.lo):
        assert found.lo <= hits.sum() / n.sum() + 1e-9
        assert found.hi >= hits.sum() / n.sum() - 1e-9


def test_logit_t_is_symmetric_on_the_logit_scale_with_student_quantiles():
    lo, hi = intervals.logit_t(0.9, 0.03, 24, level=0.95)
    center = math.log(9)
    assert math.log(hi / (1 - hi)) - center == pytest.approx(center - math.log(lo / (1 - lo)))
    assert math.log(hi / (1 - hi)) - center == pytest.approx(stats.t.ppf(0.975, 24) * 0.03 / (0.9 * 0.1))


def test_a_partial_area_is_scaled_to_its_largest_value():
    assert intervals.logit_t(0.1, 0.01, 24, level=0.95, upper=0.2) == pytest.approx(
        tuple(0.2 * end for end in intervals.logit_t(0.5, 0.05, 24, level=0.95))
    )


def test_a_perfect_value_has_a_one_sided_interval():
    found = intervals.from_draws(1.0, np.ones(100), "logit_t", clusters=12, level=0.95)
    assert (found.lo, found.hi, found.method) == (pytest.approx(0.025 ** (1 / 12)), 1.0, "boundary")
    worst = intervals.from_draws(0.0, np.zeros(100), "logit_t", clusters=12, level=0.95)
    assert (worst.lo, worst.hi) == (0.0, pytest.approx(1 - 0.025 ** (1 / 12)))


def test_too_few_usable_resamples_give_no_interval():
    draws = np.where(np.arange(100) < 11, np.nan, 0.5 + np.arange(100) / 1000)
    found = intervals.from_draws(0.55, draws, "percentile", clusters=20, level=0.95)
    assert (found.reason, found.n_used, found.method) == ("unstable_resampling", 89, "none")
    draws[0] = draws[1] = 0.5
    assert intervals.from_draws(0.55, draws, "percentile", clusters=20, level=0.95).n_used == 91


def test_percentiles_are_numpy_s_and_hold_the_estimate():
    draws = np.random.default_rng(0).random(2000)
    found = intervals.from_draws(0.5, draws, "percentile", clusters=20, level=0.95)
    assert (found.lo, found.hi) == pytest.approx(tuple(np.quantile(draws, (0.025, 0.975))), rel=1e-9)
    assert intervals.from_draws(2.0, draws, "percentile", clusters=20, level=0.95).hi == 2.0


@pytest.mark.parametrize("seed", range(10))
def test_holm_equals_statsmodels(seed: int):
    rng = np.random.default_rng(seed)
    p_values = np.round(rng.random(1 + seed) ** 3, 2)
    assert intervals.holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-12)


def test_holm_counts_only_what_was_tested():
    assert intervals.holm(np.array([0.01, np.nan, 0.04]))[[0, 2]] == pytest.approx([0.02, 0.04])


def test_two_sided_p_equals_scipy():
    assert intervals.two_sided_p(-0.3, 0.1, 7) == pytest.approx(2 * stats.t.sf(3, 7), rel=1e-10)
    assert math.isnan(intervals.two_sided_p(0.3, 0.0, 7))


def test_numbers_are_kept_to_ten_digits():
    assert intervals.rounded(1 / 3) == 0.3333333333
    assert intervals.rounded(123456789.123456) == 123456789.1
