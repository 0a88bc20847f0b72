"""Closed-form standard error of the ROC area for rows clustered by patient.

References
----------
Obuchowski, Biometrics 53:567, 1997; DeLong, DeLong, Clarke-Pearson, Biometrics 44:837, 1988 (the special case of one
row a patient).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.metrics.blocks import Floats, Ints, sum_by


@dataclass(frozen=True, slots=True)
class Placements:
    """Sums of placement values per cluster.

    Parameters
    ----------
    auroc : float
        Area under the ROC curve.
    positive, negative : array, shape (g,)
        Per cluster, the sum over its positives of (share of negatives placed below) - auroc, and over its negatives of
        (share of positives placed above) - auroc.
    n_pos, n_neg : array, shape (g,)
        Rows per cluster and class.
    """

    auroc: float
    positive: Floats
    negative: Floats
    n_pos: Floats
    n_neg: Floats


def placements(y_true: npt.NDArray[np.bool_], score: Floats, cluster: Ints) -> Placements:
    """Return the placement sums of rows that hold both classes; clusters in the order of their numbers."""
    _, code = np.unique(cluster, return_inverse=True)
    g = int(code.max()) + 1
    positive, negative = np.sort(score[y_true]), np.sort(score[~y_true])
    below = np.searchsorted(negative, score[y_true], side="left") + np.searchsorted(
        negative, score[y_true], side="right"
    )
    above = 2 * len(positive) - (
        np.searchsorted(positive, score[~y_true], side="left") + np.searchsorted(positive, score[~y_true], side="right")
    )
    placed_pos, placed_neg = below / (2 * len(negative)), above / (2 * len(positive))
    area = float(placed_pos.mean())
    return Placements(
        auroc=area,
        positive=sum_by(code[y_true], g, placed_pos - area),
        negative=sum_by(code[~y_true], g, placed_neg - area),
        n_pos=sum_by(code[y_true], g),
        n_neg=sum_by(code[~y_true], g),
    )


def standard_error(one: Placements) -> float:
    """Return the clustered standard error of an area; NaN with fewer than two clusters of either class."""
    return _error(one.positive, one.negative, one)


def difference_error(one: Placements, other: Placements) -> float:
    """Return the clustered standard error of the difference of two areas over the same rows.

    The variance of a difference is the variance formula applied to the difference of the placement sums.
    """
    return _error(one.positive - other.positive, one.negative - other.negative, one)


def _error(positive: Floats, negative: Floats, rows: Placements) -> float:
    g, g_pos, g_neg = len(rows.n_pos), int((rows.n_pos > 0).sum()), int((rows.n_neg > 0).sum())
    if min(g_pos, g_neg) < 2:
        return math.nan
    n_pos, n_neg = float(rows.n_pos.sum()), float(rows.n_neg.sum())
    s10 = g_pos / ((g_pos - 1) * n_pos) * float((positive**2).sum())
    s01 = g_neg / ((g_neg - 1) * n_neg) * float((negative**2).sum())
    s11 = g / (g - 1) * float((positive * negative).sum())
    return math.sqrt(max(0.0, s10 / n_pos + s01 / n_neg + 2 * s11 / (n_pos * n_neg)))
