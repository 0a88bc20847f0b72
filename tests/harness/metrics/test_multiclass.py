"""Metrics of several classes against scikit-learn, ties and absent classes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from harness.metrics.classes import ClassRows
from harness.metrics.multiclass import MACRO_PRESENT, MULTICLASS, class_metrics
from harness.metrics.scored import Draws, Scored

BY_NAME = {metric.name: metric for metric in (*MULTICLASS, MACRO_PRESENT)}
NAMES = ("mel", "nv", "bcc", "df")


def rows(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y_true = rng.choice(len(NAMES), n, p=[0.1, 0.6, 0.2, 0.1])
    latent = np.exp(rng.normal(size=(n, len(NAMES))) + 2 * np.eye(len(NAMES))[y_true])
    return y_true, latent / latent.sum(axis=1, keepdims=True)


def draws(y_true: np.ndarray, p: np.ndarray, weights: np.ndarray | None = None) -> Draws:
    labels = ClassRows(y_true.astype(np.int64), p, NAMES)
    scored = Scored(y_true == 0, p[:, 0], np.arange(len(y_true)), {}, 0.1, labels)
    return scored.point if weights is None else scored.draws(weights)


def expected(y_true: np.ndarray, p: np.ndarray) -> dict[str, float]:
    called, truth = p.argmax(axis=1), np.eye(len(NAMES))[y_true]
    return {
        "macro_auroc_ovr": sk.roc_auc_score(y_true, p, multi_class="ovr"),
        "bma": sk.balanced_accuracy_score(y_true, called),
        "bma_isic": sk.balanced_accuracy_score(y_true, called),
        "accuracy": sk.accuracy_score(y_true, called),
        "top2_accuracy": sk.top_k_accuracy_score(y_true, p, k=2),
        "macro_ap_ovr": sk.average_precision_score(truth, p, average="macro"),
        "macro_f1": sk.f1_score(y_true, called, average="macro"),
        "weighted_f1": sk.f1_score(y_true, called, average="weighted"),
        "kappa": sk.cohen_kappa_score(y_true, called),
        "mcc": sk.matthews_corrcoef(y_true, called),
        "logloss": sk.log_loss(y_true, p),
        "brier": ((truth - p) ** 2).sum(axis=1).mean(),
    }


@pytest.mark.parametrize("seed", range(3))
def test_every_metric_equals_scikit_learn(seed: int):
    y_true, p = rows(seed)
    point = draws(y_true, p)
    for name, value in expected(y_true, p).items():
        assert BY_NAME[name].of(point, "")[0] == pytest.approx(value, abs=1e-12), name


def test_a_resample_equals_its_rows_repeated():
    y_true, p = rows(7)
    times = np.random.default_rng(7).integers(0, 3, len(y_true))
    repeated = np.repeat(np.arange(len(y_true)), times)
    resampled = draws(y_true, p, times[:, np.newaxis].astype(float))
    for name, value in expected(y_true[repeated], p[repeated]).items():
        assert BY_NAME[name].of(resampled, "")[0] == pytest.approx(value, abs=1e-12), name


def test_each_class_against_the_rest_equals_scikit_learn():
    y_true, p = rows(3)
    point, called = draws(y_true, p), p.argmax(axis=1)
    for number in range(len(NAMES)):
        found = {metric.name: metric.of(point, "")[0] for metric in class_metrics(number)}
        own = y_true == number
        assert found["auroc"] == pytest.approx(sk.roc_auc_score(own, p[:, number]), abs=1e-12)
        assert found["ap"] == pytest.approx(sk.average_precision_score(own, p[:, number]), abs=1e-12)
        assert found["sens"] == pytest.approx(sk.recall_score(own, called == number), abs=1e-12)
        assert found["ppv"] == pytest.approx(sk.precision_score(own, called == number), abs=1e-12)
        assert found["f1"] == pytest.approx(sk.f1_score(own, called == number), abs=1e-12)
        assert (found["support"], found["ap_baseline"]) == (own.sum(), own.mean())


def test_a_tie_goes_to_the_lower_class_and_is_wrong_for_isic():
    y_true = np.array([0, 1, 2, 3])
    p = np.array([[0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0]])
    point = draws(y_true, p)
    assert BY_NAME["bma"].of(point, "")[0] == 0.75
    assert BY_NAME["bma_isic"].of(point, "")[0] == 0.5
    assert BY_NAME["n_argmax_ties"].of(point, "")[0] == 2
    assert BY_NAME["top2_accuracy"].of(point, "")[0] == 1.0


def test_an_absent_class_leaves_the_macro_average_undefined_and_the_present_one_named():
    y_true, p = rows(4)
    y_true = np.where(y_true == 3, 1, y_true)
    point = draws(y_true, p)
    assert np.isnan(BY_NAME["macro_auroc_ovr"].of(point, "")[0])
    present = np.mean([sk.roc_auc_score(y_true == number, p[:, number]) for number in range(3)])
    assert BY_NAME["macro_auroc_ovr_present"].of(point, "")[0] == pytest.approx(present, abs=1e-12)
