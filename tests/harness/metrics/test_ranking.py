"""Metrics of order against scikit-learn, and laws that hold for any scores."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from harness.metrics import METRICS
from harness.metrics.scored import Scored

BY_NAME = {metric.name: metric for metric in METRICS}
RANKS = (
    "auroc",
    "ap",
    "ap_adj",
    "pauc_tpr80",
    "sens_at_spec_95",
    "sens_at_spec_90",
    "spec_at_sens_80",
    "spec_at_sens_95",
)


@dataclass(frozen=True)
class Case:
    """Rows with both classes and many ties."""

    y_true: np.ndarray
    score: np.ndarray
    cluster: np.ndarray


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n = draw(st.integers(4, 60))
    y_true = draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda y: 0 < sum(y) < len(y)))
    score = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    cluster = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    return Case(np.array(y_true), np.array(score) / 12, np.array(cluster))


def value(name: str, y_true: np.ndarray, score: np.ndarray) -> float:
    return BY_NAME[name](y_true, score, reference_prevalence=0.1)


@settings(deadline=None, max_examples=25)
@given(cases())
def test_area_and_average_precision_equal_scikit_learn(case: Case):
    assert value("auroc", case.y_true, case.score) == pytest.approx(roc_auc_score(case.y_true, case.score), abs=1e-12)
    assert value("ap", case.y_true, case.score) == pytest.approx(
        average_precision_score(case.y_true, case.score), abs=1e-12
    )


@settings(deadline=None, max_examples=25)
@given(cases())
def test_adjusted_precision_equals_average_precision_of_reweighted_classes(case: Case):
    prevalence = case.y_true.mean()
    weight = np.where(case.y_true, 0.1 / prevalence, 0.9 / (1 - prevalence))
    expected = average_precision_score(case.y_true, case.score, sample_weight=weight)
    assert value("ap_adj", case.y_true, case.score) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(cases())
def test_partial_area_is_that_of_the_roc_polyline_above_four_fifths(case: Case):
    fpr, tpr, _ = roc_curve(case.y_true, case.score, drop_intermediate=False)
    grid = np.unique(np.concatenate([tpr[tpr > 0.8], [0.8, 1.0]]))
    area = 0.0
    for low, high in itertools.pairwise(grid):
        # Between two corners of the curve it is straight: the mean height is that of the middle.
        segment = np.flatnonzero((tpr[:-1] <= low + 1e-12) & (tpr[1:] >= high - 1e-12))[0]
        middle = (low + high) / 2
        share = (middle - tpr[segment]) / (tpr[segment + 1] - tpr[segment])
        area += (high - low) * (1 - (fpr[segment] + share * (fpr[segment + 1] - fpr[segment])))
    assert value("pauc_tpr80", case.y_true, case.score) == pytest.approx(area, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(cases(), st.integers(0, 2**32 - 1))
def test_a_resample_equals_its_rows_repeated(case: Case, seed: int):
    """The engine counts resamples without touching rows; scikit-learn gets the repeated rows."""
    times = np.random.default_rng(seed).integers(0, 4, 10)
    repeated = np.repeat(np.arange(len(case.score)), times[case.cluster])
    y_true, score = case.y_true[repeated], case.score[repeated]
    if not 0 < y_true.sum() < len(y_true):
        return
    scored = Scored(case.y_true, case.score, case.cluster, {"half": 0.5}, 0.1)
    draws = scored.draws(times[:, np.newaxis].astype(float))
    rows = Scored(y_true, score, np.arange(len(y_true)), {"half": 0.5}, 0.1).point
    assert BY_NAME["auroc"].of(draws, "")[0] == pytest.approx(roc_auc_score(y_true, score), abs=1e-12)
    for name in (
        *RANKS,
        "sens",
        "spec",
        "ppv",
        "npv",
        "bacc",
        "f1",
        "f2",
        "mcc",
        "nnb",
        "brier",
        "bss",
        "logloss",
        "oe",
    ):
        expected, found = BY_NAME[name].of(rows, "half")[0], BY_NAME[name].of(draws, "half")[0]
        assert found == pytest.approx(expected, abs=1e-9, nan_ok=True), name


@settings(deadline=None, max_examples=20)
@given(cases())
def test_a_monotone_transform_of_the_scores_changes_no_rank_metric(case: Case):
    bent = case.score**3 / 2 + 0.1
    for name in RANKS:
        assert value(name, case.y_true, bent) == value(name, case.y_true, case.score), name


@settings(deadline=None, max_examples=20)
@given(cases())
def test_swapping_classes_and_flipping_scores_keeps_the_area_and_swaps_the_operating_points(case: Case):
    y_true, score = ~case.y_true, 1 - np.round(case.score * 12) / 12
    assert value("auroc", y_true, score) == pytest.approx(value("auroc", case.y_true, case.score), abs=1e-12)
    for name, mirrored in (("sens_at_spec_95", "spec_at_sens_95"), ("sens_at_spec_90", "spec_at_sens_90")):
        assert value(name, y_true, score) == pytest.approx(value(mirrored, case.y_true, case.score), abs=1e-12)


@settings(deadline=None, max_examples=20)
@given(cases())
def test_doubling_every_row_changes_no_value(case: Case):
    y_true, score = np.tile(case.y_true, 2), np.tile(case.score, 2)
    for name in ("auroc", "ap", "ap_adj", "pauc_tpr80", "brier", "bss", "logloss", "oe"):
        assert value(name, y_true, score) == pytest.approx(
            value(name, case.y_true, case.score), abs=1e-12, nan_ok=True
        ), name


@settings(deadline=None, max_examples=20)
@given(cases())
def test_sensitivity_never_rises_when_more_specificity_is_asked(case: Case):
    assert value("sens_at_spec_95", case.y_true, case.score) <= value("sens_at_spec_90", case.y_true, case.score)
    assert value("spec_at_sens_95", case.y_true, case.score) <= value("spec_at_sens_80", case.y_true, case.score)


def test_one_class_has_no_area():
    ones, scores = np.ones(5, dtype=bool), np.linspace(0, 1, 5)
    assert np.isnan(value("auroc", ones, scores))
    assert np.isnan(value("ap", ~ones, scores))
