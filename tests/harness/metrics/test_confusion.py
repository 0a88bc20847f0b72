"""Metrics at a threshold against scikit-learn, and their empty denominators."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from harness.metrics import METRICS
from harness.metrics.confusion import Confusion, is_degenerate, mcc, net_benefit

BY_NAME = {metric.name: metric for metric in METRICS}


@pytest.mark.parametrize("seed", range(5))
def test_metrics_at_a_threshold_equal_scikit_learn(seed: int):
    rng = np.random.default_rng(seed)
    y_true, score = rng.random(60) < 0.4, np.round(rng.random(60), 1)
    called = score >= 0.5
    expected = {
        "sens": sk.recall_score(y_true, called),
        "spec": sk.recall_score(~y_true, ~called),
        "ppv": sk.precision_score(y_true, called),
        "npv": sk.precision_score(~y_true, ~called),
        "bacc": sk.balanced_accuracy_score(y_true, called),
        "f1": sk.f1_score(y_true, called),
        "f2": sk.fbeta_score(y_true, called, beta=2),
        "mcc": sk.matthews_corrcoef(y_true, called),
        "nnb": 1 / sk.precision_score(y_true, called),
    }
    for name, value in expected.items():
        assert BY_NAME[name](y_true, score, threshold=0.5) == pytest.approx(value, abs=1e-12), name


def test_empty_denominators_are_undefined_and_never_zero():
    y_true, score = np.array([True, False]), np.array([0.1, 0.2])
    assert math.isnan(BY_NAME["ppv"](y_true, score, threshold=0.5))
    assert math.isnan(BY_NAME["nnb"](y_true, score, threshold=0.15))
    assert math.isnan(BY_NAME["npv"](y_true, score, threshold=0.0))
    assert math.isnan(BY_NAME["f1"](np.array([False, False]), score, threshold=0.15))
    assert BY_NAME["f1"](y_true, score, threshold=0.5) == 0.0


def test_a_correlation_over_an_empty_margin_is_zero_and_marked():
    table = Confusion(*(np.array([float(count)]) for count in (0, 0, 3, 7)))
    assert (mcc(table)[0], is_degenerate(table)[0]) == (0.0, 1.0)


def test_number_needed_to_biopsy_at_the_own_prevalence_is_the_plain_one():
    y_true, score = np.array([True] * 3 + [False] * 7), np.linspace(1, 0.1, 10)
    plain = BY_NAME["nnb"](y_true, score, threshold=0.5)
    assert BY_NAME["nnb_adj"](y_true, score, threshold=0.5) == pytest.approx(plain)
    assert BY_NAME["nnb_adj"](y_true, score, threshold=0.5, reference_prevalence=0.01) > plain


def test_treating_all_is_the_net_benefit_at_a_threshold_below_every_score():
    table = Confusion(*(np.array([float(count)]) for count in (20, 80, 0, 0)))
    assert net_benefit(table, 0.1)[0] == pytest.approx(0.2 - 0.8 * 0.1 / 0.9)
