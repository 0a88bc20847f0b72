"""Curves: their ends, their points against scikit-learn, their bands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_curve, roc_curve

from harness.metrics import METRICS, curves
from harness.metrics.operating_point import Threshold
from harness.metrics.scored import Scored

Make = Callable[..., pd.DataFrame]
BY_NAME = {metric.name: metric for metric in METRICS}


def scored(frame: pd.DataFrame, **thresholds: float) -> Scored:
    _, cluster = np.unique(frame["patient_id"], return_inverse=True)
    return Scored(frame["y_true"].to_numpy() == 1, frame["p_1"].to_numpy(), cluster, thresholds, 0.1)


def test_the_roc_curve_has_the_corners_of_scikit_learn(predictions: Make):
    frame = predictions(200, validation=0)
    found = curves.roc(scored(frame))
    fpr, tpr, _ = roc_curve(frame["y_true"], frame["p_1"], drop_intermediate=False)
    assert found["fpr"] == pytest.approx(fpr)
    assert found["tpr"] == pytest.approx(tpr)


def test_the_precision_recall_curve_has_the_points_of_scikit_learn(predictions: Make):
    frame = predictions(200, validation=0)
    found = curves.precision_recall(scored(frame))
    precision, recall, _ = precision_recall_curve(frame["y_true"], frame["p_1"])
    assert found["precision"] == pytest.approx(precision[:-1][::-1])
    assert found["recall"] == pytest.approx(recall[:-1][::-1])


def test_a_long_curve_keeps_500_points_with_its_ends_and_operating_points():
    rng = np.random.default_rng(0)
    y_true, score = rng.random(5000) < 0.3, rng.random(5000)
    rows = Scored(y_true, score, np.arange(5000), {"half": 0.5}, 0.1)
    found = curves.roc(rows)
    assert len(found["fpr"]) <= 500
    assert (found["fpr"][0], found["tpr"][-1]) == (0, 1)
    here = ((score >= 0.5) & ~y_true).sum() / (~y_true).sum(), ((score >= 0.5) & y_true).sum() / y_true.sum()
    assert here in zip(found["fpr"], found["tpr"], strict=True)


def test_bands_hold_the_curve_nearly_everywhere_and_narrow_at_its_ends(predictions: Make):
    frame = predictions(300, validation=0)
    found = curves.with_bands(
        scored(frame), n_clusters=frame["patient_id"].nunique(), n_resamples=200, seed=0, level=0.95
    )
    roc = {name: np.array(points) for name, points in found["roc"].items()}
    inside = (roc["tpr_lo"] <= roc["tpr"] + 1e-9) & (roc["tpr"] <= roc["tpr_hi"] + 1e-9)
    assert inside.mean() > 0.9
    assert (roc["tpr_lo"] <= roc["tpr_hi"]).all()
    assert roc["tpr_lo"][-1] == 1
    assert set(found) == {"roc", "pr", "decision"}


def test_the_decision_curve_is_the_net_benefit_beside_treating_all(predictions: Make):
    frame = predictions(300, validation=0)
    found = curves.with_bands(
        scored(frame), n_clusters=frame["patient_id"].nunique(), n_resamples=0, seed=0, level=0.95
    )
    place = found["decision"]["threshold"].index(0.2)
    called, positive = frame["p_1"] >= 0.2, frame["y_true"] == 1
    net = (called & positive).mean() - (called & ~positive).mean() * 0.25
    assert found["decision"]["net_benefit"][place] == pytest.approx(net)
    assert found["decision"]["treat_all"][place] == pytest.approx(positive.mean() - (~positive).mean() * 0.25)
    assert "lo" not in found["decision"]


def test_the_reliability_diagram_counts_every_row_and_holds_each_share(predictions: Make):
    frame = predictions(400, validation=0)
    found = curves.reliability(scored(frame), 0.95)
    assert sum(found["n"]) == 400
    assert len(found["edges"]) == len(found["n"]) - 1
    assert np.dot(found["n"], found["share_positive"]) == pytest.approx(frame["y_true"].sum())
    for lo, share, hi in zip(found["lo"], found["share_positive"], found["hi"], strict=True):
        assert lo <= share + 1e-9
        assert share <= hi + 1e-9


def test_matrices_have_truth_in_rows_and_leave_out_thresholds_without_a_value(predictions: Make):
    frame = predictions(200, validation=0)
    asked = [
        Threshold("half", 0.5, "fixed", "0.5"),
        Threshold("val_spec95", np.nan, "validation", "", "no_validation_split"),
    ]
    found = curves.confusion_matrices(scored(frame, half=0.5), asked, ("benign", "malignant"))
    assert list(found) == ["half"]
    expected = pd.crosstab(frame["y_true"], frame["p_1"] >= 0.5).to_numpy().tolist()
    assert found["half"] == {"labels": ["benign", "malignant"], "matrix": expected}
