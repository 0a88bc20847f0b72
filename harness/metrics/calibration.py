"""Calibration: do the probabilities mean what they say.

Bins are equal-mass everywhere: edges at the quantiles 1/15 ... 14/15 of the scores (numpy's linear rule), duplicates
removed; the bin of a score is the number of edges at or below it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.metrics.blocks import Floats, Ints, sum_by

N_BINS = 15
# Scores of 0 and 1 have no logit; the log loss clips less, as scikit-learn does.
LOGIT_CLIP = 1e-7
LOGLOSS_CLIP = float(np.finfo(np.float64).eps)
_MAX_STEPS = 100
_LABEL_DRAWS = 1000
_DRAW_CELLS = 4_000_000

Bools = npt.NDArray[np.bool_]


def logit(score: Floats) -> Floats:
    """Return ln(s / (1 - s)) of scores clipped to [1e-7, 1 - 1e-7]."""
    clipped = np.clip(score, LOGIT_CLIP, 1 - LOGIT_CLIP)
    return np.log(clipped) - np.log1p(-clipped)


def expit(value: Floats) -> Floats:
    """Return 1 / (1 + exp(-value))."""
    return np.asarray(0.5 * (1 + np.tanh(value / 2)), dtype=np.float64)


def squared_errors(y_true: Bools, score: Floats) -> Floats:
    """Return (s - y)^2 per row; their mean is the Brier score."""
    return np.asarray((score - y_true) ** 2, dtype=np.float64)


def log_losses(y_true: Bools, score: Floats) -> Floats:
    """Return -ln of the probability given to the truth per row, scores clipped to [eps, 1 - eps]."""
    clipped = np.clip(score, LOGLOSS_CLIP, 1 - LOGLOSS_CLIP)
    return np.asarray(-np.where(y_true, np.log(clipped), np.log1p(-clipped)), dtype=np.float64)


def n_clipped(y_true: Bools, score: Floats) -> int:
    """Count wrong rows whose log loss is infinite but for the clipping: truth given a probability of zero."""
    return int(((y_true & (score <= 0)) | (~y_true & (score >= 1))).sum())


# --- the logistic model of calibration -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fit:
    """Logistic regression of truth on logit score: a + b logit(s), and the intercept alone with offset logit(s).

    Parameters
    ----------
    intercept, slope : float
        a and b; NaN where they have no finite value.
    citl : float
        Calibration in the large: the intercept with slope 1.
    missing : str or None
        ``separation``, ``constant_scores`` or ``no_convergence`` where a and b have no value.
    """

    intercept: float
    slope: float
    citl: float
    missing: str | None = None


def fit(y_true: Bools, score: Floats) -> Fit:
    """Return the calibration model of a set of rows with both classes, by Newton steps to convergence.

    References
    ----------
    Cox, Biometrika 45:562, 1958; Van Calster et al., BMC Medicine 2019.
    """
    x = logit(score)
    citl = _intercept_with_offset(y_true, x)
    if x.min() == x.max():
        return Fit(math.nan, math.nan, citl, "constant_scores")
    low, high = x[y_true], x[~y_true]
    if low.min() >= high.max() or low.max() <= high.min():
        return Fit(math.nan, math.nan, citl, "separation")
    beta = np.zeros(2)
    for _ in range(_MAX_STEPS):
        gradient, information = _score_rows(y_true, x, beta), _information_rows(x, beta)
        step = newton_step(gradient.sum(axis=1), information.sum(axis=1))
        # Far from the maximum a full step may overshoot into probabilities of 0 and 1.
        beta = beta + step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-12 * (1 + np.abs(beta).max()):
            return Fit(float(beta[0]), float(beta[1]), citl)
    return Fit(math.nan, math.nan, citl, "no_convergence")


def _intercept_with_offset(y_true: Bools, x: Floats) -> float:
    value = 0.0
    for _ in range(_MAX_STEPS):
        p = expit(x + value)
        step = float((y_true - p).sum() / (p * (1 - p)).sum())
        value += max(-2.0, min(2.0, step))
        if abs(step) < 1e-13 * (1 + abs(value)):
            break
    return value


def _score_rows(y_true: Bools, x: Floats, beta: Floats) -> Floats:
    residual = y_true - expit(beta[0] + beta[1] * x)
    return np.stack([residual, residual * x])


def _information_rows(x: Floats, beta: Floats) -> Floats:
    p = expit(beta[0] + beta[1] * x)
    weight = p * (1 - p)
    return np.stack([weight, weight * x, weight * x * x])


def newton_step(gradient: Floats, information: Floats) -> Floats:
    """Return the step of a two-parameter model.

    Parameters
    ----------
    gradient : array, shape (2, ...)
        Score vector.
    information : array, shape (3, ...)
        Upper triangle of the information matrix, row by row.

    Returns
    -------
    array, shape (2, ...)
        NaN where the matrix is singular.
    """
    aa, ab, bb = information
    determinant = aa * bb - ab * ab
    safe = np.where(determinant > 0, determinant, np.nan)
    return np.stack([(bb * gradient[0] - ab * gradient[1]) / safe, (aa * gradient[1] - ab * gradient[0]) / safe])


def newton_rows(y_true: Bools, score: Floats, model: Fit) -> dict[str, Floats]:
    """Return per row what one Newton step from a fitted model needs; sums over rows are additive.

    Returns
    -------
    dict
        ``citl_gradient``, ``citl_information``, and where slope and intercept exist ``gradient_0``, ``gradient_1``,
        ``information_00``, ``information_01``, ``information_11``, each of shape (n,).
    """
    x = logit(score)
    p = expit(x + model.citl)
    rows = {"citl_gradient": y_true - p, "citl_information": p * (1 - p)}
    if model.missing is None:
        beta = np.array([model.intercept, model.slope])
        gradient, information = _score_rows(y_true, x, beta), _information_rows(x, beta)
        names = ("gradient_0", "gradient_1", "information_00", "information_01", "information_11")
        rows |= dict(zip(names, (*gradient, *information), strict=True))
    return rows


def sandwich_errors(y_true: Bools, score: Floats, cluster: Ints, model: Fit) -> dict[str, float]:
    """Return clustered standard errors of ``cal_intercept``, ``cal_slope`` and ``citl``.

    Sandwich variance with the small-sample factor g / (g - 1); NaN with fewer than two clusters.
    """
    rows = newton_rows(y_true, score, model)
    _, code = np.unique(cluster, return_inverse=True)
    g = int(code.max()) + 1
    factor = g / (g - 1) if g > 1 else math.nan
    meat = sum_by(code, g, rows["citl_gradient"])
    found = {"citl": math.sqrt(factor * float(meat @ meat)) / float(rows["citl_information"].sum())}
    if model.missing is not None:
        return found
    information = np.array([rows[f"information_{name}"].sum() for name in ("00", "01", "11")])
    by_cluster = np.stack([sum_by(code, g, rows[f"gradient_{i}"]) for i in (0, 1)])
    # Each cluster's influence on (a, b) is one Newton step of its own gradient.
    influence = newton_step(by_cluster, information)
    errors = np.sqrt(factor * (influence**2).sum(axis=1))
    return found | {"cal_intercept": float(errors[0]), "cal_slope": float(errors[1])}


# --- bins ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bins:
    """Rows in equal-mass bins of score; empty bins are left out.

    Parameters
    ----------
    edges : array
        Inner edges.
    code : array of int, shape (n,)
        Bin of each row, 0 to k - 1.
    n, mean_score, share_positive : array, shape (k,)
        Rows of each bin, and their means.
    """

    edges: Floats
    code: Ints
    n: Floats
    mean_score: Floats
    share_positive: Floats


def bins(y_true: Bools, score: Floats, count: int = N_BINS) -> Bins:
    """Return rows in at most `count` equal-mass bins."""
    edges = np.unique(np.quantile(score, np.arange(1, count) / count))
    used, code = np.unique(np.searchsorted(edges, score, side="right"), return_inverse=True)
    n = sum_by(code, len(used))
    inner = edges[used[1:] - 1]
    return Bins(inner, code, n, sum_by(code, len(used), score) / n, sum_by(code, len(used), y_true) / n)


def decomposition(y_true: Bools, score: Floats) -> dict[str, float]:
    """Return the parts of the Brier score: rel - res + unc + within, over equal-mass bins.

    The within-bin term makes the sum exact; without it the parts do not add up to the score.
    """
    grouped = bins(y_true, score)
    n, prevalence = len(score), float(y_true.mean())
    own_score = score - grouped.mean_score[grouped.code]
    own_truth = y_true - grouped.share_positive[grouped.code]
    return {
        "brier_rel": float((grouped.n * (grouped.mean_score - grouped.share_positive) ** 2).sum() / n),
        "brier_res": float((grouped.n * (grouped.share_positive - prevalence) ** 2).sum() / n),
        "brier_unc": prevalence * (1 - prevalence),
        "brier_within": float(((own_score**2).sum() - 2 * (own_score * own_truth).sum()) / n),
    }


def ece(y_true: Bools, score: Floats) -> float:
    """Plain expected calibration error: mean gap between score and share positive over bins; biased upward."""
    grouped = bins(y_true, score)
    return float((grouped.n * np.abs(grouped.mean_score - grouped.share_positive)).sum() / len(score))


def ece_db(y_true: Bools, score: Floats) -> float:
    """Debiased root-mean-square calibration error: binomial sampling variance taken off each bin, floored at 0.

    References
    ----------
    Kumar, Liang, Ma, Verified Uncertainty Calibration, NeurIPS 2019.
    """
    grouped = bins(y_true, score)
    n, mean, share = _merge_single(grouped.n, grouped.mean_score, grouped.share_positive)
    # One row in all has no sampling variance to take off.
    spare = np.divide(share * (1 - share), n - 1, out=np.zeros_like(n), where=n > 1)
    squared = float((n * ((share - mean) ** 2 - spare)).sum() / len(score))
    return math.sqrt(max(0.0, squared))


def _merge_single(n: Floats, mean: Floats, share: Floats) -> tuple[Floats, Floats, Floats]:
    """Merge bins of one row into the lower neighbor (the lowest into the next)."""
    target = np.cumsum(n >= 2) - 1
    target = np.maximum(target, 0)
    size = int(target[-1]) + 1
    merged = sum_by(target, size, n)
    return merged, sum_by(target, size, n * mean) / merged, sum_by(target, size, n * share) / merged


def ece_if_calibrated(score: Floats, seed: int) -> float:
    """Return the mean plain ECE of 1,000 draws of labels from the scores: what perfect calibration would show.

    Parameters
    ----------
    score : array, shape (n,)
        Probabilities of the positive class.
    seed : int
        Of the draws; rows are sorted by score first, so that their order changes nothing.
    """
    ordered = np.sort(score)
    grouped = bins(np.zeros(len(ordered), dtype=bool), ordered)
    starts = np.searchsorted(grouped.code, np.arange(len(grouped.n)))
    expected = grouped.n * grouped.mean_score
    rng = np.random.default_rng([seed, len(ordered)])
    total, done = 0.0, 0
    while done < _LABEL_DRAWS:
        draws = min(_LABEL_DRAWS - done, max(1, _DRAW_CELLS // len(ordered)))
        labels = rng.random((draws, len(ordered)), dtype=np.float32) < ordered
        positives = np.add.reduceat(labels, starts, axis=1, dtype=np.int64)
        total += float(np.abs(positives - expected).sum())
        done += draws
    return total / (_LABEL_DRAWS * len(ordered))
