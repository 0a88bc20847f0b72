"""The worked example: twenty rows of ten patients, computed by hand, scikit-learn, torchmetrics and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics import METRICS, calibration, confusion, delong, intervals
from harness.metrics.scored import Scored

Y = np.array([1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
S = np.array([0.95, 0.9, 0.9, 0.8, 0.7, 0.7, 0.7, 0.6, 0.55, 0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.0])
PATIENT = np.array([1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10])
BY_NAME = {metric.name: metric for metric in METRICS}

EXPECTED = {
    "auroc": 0.821429,
    "ap": 0.662037,
    "ap_baseline": 0.3,
    "ap_adj": 0.407232,
    "sens_at_spec_95": 0.166667,
    "sens_at_spec_90": 0.5,
    "spec_at_sens_80": 0.714286,
    "spec_at_sens_90": 0.428571,
    "spec_at_sens_95": 0.428571,
    "pauc_tpr80": 0.10119,
    "sens": 0.833333,
    "spec": 0.642857,
    "ppv": 0.5,
    "npv": 0.9,
    "bacc": 0.738095,
    "f1": 0.625,
    "f2": 0.735294,
    "mcc": 0.436436,
    "nnb": 2.0,
    "brier": 0.187375,
    "bss": 0.107738,
    "logloss": 0.547244,
    "oe": 0.641711,
    "cal_intercept": -1.035366,
    "cal_slope": 0.8971,
    "citl": -1.09034,
}


@pytest.mark.parametrize(("name", "value"), EXPECTED.items())
def test_metric_equals_the_worked_value_to_six_digits(name: str, value: float):
    assert BY_NAME[name](Y, S, threshold=0.5, reference_prevalence=0.1) == pytest.approx(value, abs=5.1e-7)


def scored() -> Scored:
    return Scored(Y, S, PATIENT - 1, {"half": 0.5, "fifth": 0.2}, 0.1)


def test_counts_at_one_half():
    table = scored().point.at("half")
    assert [int(count[0]) for count in (table.tp, table.fp, table.fn, table.tn)] == [5, 5, 1, 9]


def test_net_benefit_calls_a_score_equal_to_the_threshold_positive():
    assert confusion.net_benefit(scored().point.at("fifth"), 0.2)[0] == pytest.approx(0.175)


def test_clustered_and_independent_standard_errors_of_the_area():
    clustered = delong.placements(Y, S, PATIENT)
    assert delong.standard_error(clustered) == pytest.approx(0.079724, abs=5.1e-7)
    independent = delong.placements(Y, S, np.arange(20))
    assert delong.standard_error(independent) == pytest.approx(0.102249, abs=5.1e-7)
    ends = intervals.logit_t(clustered.auroc, delong.standard_error(clustered), 4, level=0.95)
    assert ends == pytest.approx((0.504259, 0.954134), abs=5.1e-7)


@pytest.mark.parametrize(
    ("hits", "counted", "ends"), [("tp@half", "pos", (0.28309, 0.998585)), ("tn@half", "neg", (0.3208, 0.890424))]
)
def test_korn_graubard_intervals(hits: str, counted: str, ends: tuple[float, float]):
    sums = dict(scored().by_cluster)
    sums["tn@half"] = sums["neg"] - sums["fp@half"]
    found = intervals.korn_graubard(sums[hits], sums[counted], level=0.95)
    assert (found.lo, found.hi) == pytest.approx(ends, abs=5.1e-7)


def test_parts_of_the_brier_score_add_up():
    parts = calibration.decomposition(Y, S)
    whole = parts["brier_rel"] - parts["brier_res"] + parts["brier_unc"] + parts["brier_within"]
    assert whole == pytest.approx(BY_NAME["brier"](Y, S), abs=1e-15)
