"""Calibration against statsmodels, scikit-learn and sums written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, d2_brier_score, log_loss

from harness.metrics import METRICS, calibration
from harness.metrics.scored import Scored

BY_NAME = {metric.name: metric for metric in METRICS}


def rows(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    patient = rng.integers(0, n // 4, n)
    latent = rng.normal(0, 1, n // 4)[patient] + rng.normal(0, 1, n)
    y_true = rng.random(n) < 1 / (1 + np.exp(-latent + 1))
    return y_true, np.round(1 / (1 + np.exp(-1.5 * latent)), 3), patient


@pytest.mark.parametrize("seed", range(3))
def test_slope_and_intercept_with_clustered_errors_equal_statsmodels(seed: int):
    y_true, score, patient = rows(seed)
    x = sm.add_constant(calibration.logit(score))
    fitted = sm.GLM(y_true.astype(float), x, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": patient}, tol=1e-12, maxiter=200
    )
    model = calibration.fit(y_true, score)
    assert (model.intercept, model.slope) == pytest.approx(tuple(fitted.params), abs=1e-6)
    errors = calibration.sandwich_errors(y_true, score, patient, model)
    assert (errors["cal_intercept"], errors["cal_slope"]) == pytest.approx(tuple(fitted.bse), rel=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_calibration_in_the_large_equals_statsmodels(seed: int):
    y_true, score, patient = rows(seed)
    fitted = sm.GLM(
        y_true.astype(float), np.ones(len(score)), family=sm.families.Binomial(), offset=calibration.logit(score)
    ).fit(cov_type="cluster", cov_kwds={"groups": patient}, tol=1e-12, maxiter=200)
    model = calibration.fit(y_true, score)
    assert model.citl == pytest.approx(fitted.params[0], abs=1e-6)
    assert calibration.sandwich_errors(y_true, score, patient, model)["citl"] == pytest.approx(fitted.bse[0], rel=0.01)


def test_separated_and_constant_scores_have_no_slope():
    y_true = np.array([True, True, False, False])
    assert calibration.fit(y_true, np.array([0.9, 0.5, 0.5, 0.1])).missing == "separation"
    constant = calibration.fit(y_true, np.full(4, 0.2))
    assert (constant.missing, math.isnan(constant.slope)) == ("constant_scores", True)
    assert constant.citl == pytest.approx(math.log(4))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=4, max_size=60))
def test_a_fit_is_a_stationary_point_or_says_why_there_is_none(case: list[tuple[bool, int]]):
    y_true, score = np.array([y for y, _ in case]), np.array([s for _, s in case]) / 20
    if y_true.all() or not y_true.any():
        return
    model = calibration.fit(y_true, score)
    x = calibration.logit(score)
    assert abs((y_true - calibration.expit(x + model.citl)).sum()) < 1e-6
    if model.missing is None:
        residual = y_true - calibration.expit(model.intercept + model.slope * x)
        assert max(abs(residual.sum()), abs((residual * x).sum())) < 1e-6
    else:
        assert model.missing in {"separation", "constant_scores"}


def test_one_newton_step_follows_a_resample():
    """In a resample the slope moves as a refit on the repeated rows does: 3 % of its standard error were measured."""
    y_true, score, patient = rows(5)
    scored = Scored(y_true, score, patient, {}, 0.1)
    rng = np.random.default_rng(0)
    errors, refits = [], []
    for _ in range(40):
        times = np.bincount(rng.integers(0, 100, 100), minlength=100)
        step = BY_NAME["cal_slope"].of(scored.draws(times[:, np.newaxis].astype(float)), "")[0]
        repeated = np.repeat(np.arange(len(score)), times[patient])
        refit = calibration.fit(y_true[repeated], score[repeated]).slope
        errors.append(step - refit)
        refits.append(refit)
    assert np.std(errors) < 0.15 * np.std(refits)


@pytest.mark.parametrize("seed", range(3))
def test_scores_of_probability_equal_scikit_learn(seed: int):
    y_true, score, _ = rows(seed)
    assert BY_NAME["brier"](y_true, score) == pytest.approx(brier_score_loss(y_true, score), abs=1e-14)
    assert BY_NAME["bss"](y_true, score) == pytest.approx(d2_brier_score(y_true, score), abs=1e-12)
    assert BY_NAME["logloss"](y_true, score) == pytest.approx(log_loss(y_true, score), abs=1e-12)


def test_a_zero_for_the_truth_costs_the_logarithm_of_the_clipping_and_is_counted():
    y_true, score = np.array([True, False, True]), np.array([0.0, 0.5, 1.0])
    assert BY_NAME["logloss"](y_true, score) == pytest.approx((36.0436533891 + math.log(2)) / 3, abs=1e-9)
    assert BY_NAME["n_clipped"](y_true, score) == 1


@pytest.mark.parametrize("seed", range(3))
def test_the_parts_of_the_brier_score_add_up_exactly(seed: int):
    y_true, score, _ = rows(seed)
    parts = calibration.decomposition(y_true, score)
    whole = parts["brier_rel"] - parts["brier_res"] + parts["brier_unc"] + parts["brier_within"]
    assert whole == pytest.approx(brier_score_loss(y_true, score), abs=1e-15)


def test_bins_follow_the_quantiles_and_ties_stay_together():
    y_true, score, _ = rows(1)
    grouped = calibration.bins(y_true, score)
    edges = np.unique(np.quantile(score, np.arange(1, 15) / 15))
    expected = np.digitize(score, edges)
    assert grouped.n.sum() == len(score)
    for code in range(len(grouped.n)):
        assert len(np.unique(expected[grouped.code == code])) == 1
    few = calibration.bins(np.array([True, False, False]), np.array([0.2, 0.2, 0.2]))
    assert few.n.tolist() == [3]


def test_debiasing_takes_the_sampling_variance_off_each_bin():
    y_true, score, _ = rows(2)
    code = np.digitize(score, np.unique(np.quantile(score, np.arange(1, 15) / 15)))
    squared = 0.0
    for each in np.unique(code):
        inside = code == each
        n, share = inside.sum(), y_true[inside].mean()
        squared += n / len(score) * ((share - score[inside].mean()) ** 2 - share * (1 - share) / (n - 1))
    assert calibration.ece_db(y_true, score) == pytest.approx(math.sqrt(max(0, squared)), abs=1e-12)


def test_a_calibrated_model_shows_about_the_expected_plain_error():
    rng = np.random.default_rng(3)
    score = rng.beta(1, 4, 480)
    seen = [calibration.ece(rng.random(480) < score, score) for _ in range(200)]
    assert calibration.ece_if_calibrated(score, 15) == pytest.approx(
        np.mean(seen), abs=4 * np.std(seen) / math.sqrt(200)
    )


def test_the_expected_error_does_not_depend_on_the_order_of_rows():
    score = np.random.default_rng(4).beta(1, 4, 100)
    assert calibration.ece_if_calibrated(score, 15) == calibration.ece_if_calibrated(score[::-1].copy(), 15)
