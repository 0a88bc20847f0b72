"""Metrics of a two-by-two table at a fixed threshold; every count may be an array, one entry per resample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.metrics.blocks import Floats
from harness.metrics.ranking import ratio


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by truth and call.

    Parameters
    ----------
    tp, fp, fn, tn : array, shape (c,)
        True positives, false positives, false negatives, true negatives.
    """

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats


def sens(table: Confusion) -> Floats:
    """Sensitivity TP / (TP + FN); NaN without positives."""
    return ratio(table.tp, table.tp + table.fn)


def spec(table: Confusion) -> Floats:
    """Specificity TN / (TN + FP); NaN without negatives."""
    return ratio(table.tn, table.tn + table.fp)


def ppv(table: Confusion) -> Floats:
    """Positive predictive value TP / (TP + FP); NaN where nothing is called positive."""
    return ratio(table.tp, table.tp + table.fp)


def npv(table: Confusion) -> Floats:
    """Negative predictive value TN / (TN + FN); NaN where nothing is called negative."""
    return ratio(table.tn, table.tn + table.fn)


def bacc(table: Confusion) -> Floats:
    """Balanced accuracy: mean of sensitivity and specificity."""
    return (sens(table) + spec(table)) / 2


def f_beta(table: Confusion, beta: float) -> Floats:
    """F score (1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP); 0 without positive calls, NaN without positives."""
    weight = beta**2
    score = ratio((1 + weight) * table.tp, (1 + weight) * table.tp + weight * table.fn + table.fp)
    return np.where(table.tp + table.fn > 0, score, np.nan)


def is_degenerate(table: Confusion) -> Floats:
    """1.0 where a margin of the table is empty, so that the correlation has no value, else 0.0."""
    return np.where(_margins(table) == 0, 1.0, 0.0)


def mcc(table: Confusion) -> Floats:
    """Matthews correlation; 0 by scikit-learn's convention where a margin of the table is empty."""
    margins = _margins(table)
    found: Floats = np.zeros_like(margins)
    np.divide(table.tp * table.tn - table.fp * table.fn, np.sqrt(margins), out=found, where=margins > 0)
    return found


def _margins(table: Confusion) -> Floats:
    return (table.tp + table.fp) * (table.tp + table.fn) * (table.tn + table.fp) * (table.tn + table.fn)


def nnb(table: Confusion) -> Floats:
    """Return the number needed to biopsy (TP + FP) / TP; NaN where no cancer is found."""
    return ratio(table.tp + table.fp, table.tp)


def nnb_adj(table: Confusion, prevalence: float) -> Floats:
    """Return the number needed to biopsy at a reference prevalence; NaN where no cancer is found."""
    found, alarms = prevalence * sens(table), (1 - prevalence) * (1 - spec(table))
    return ratio(found + alarms, found)


def net_benefit(table: Confusion, threshold: float) -> Floats:
    """Net benefit TP/n - FP/n * t/(1-t) of acting on scores at or above a probability threshold.

    References
    ----------
    Vickers, Elkin, Med Decis Making 2006.
    """
    n = table.tp + table.fp + table.fn + table.tn
    return ratio(table.tp, n) - ratio(table.fp, n) * (threshold / (1 - threshold))


# --- the same proportions cluster by cluster: (right rows, counted rows) from sums per cluster ------------------------

Sums = Mapping[str, Floats]


def positives_share(sums: Sums, threshold: str) -> tuple[Floats, Floats]:
    """Return positives that are called so, of all positives."""
    return sums[f"tp@{threshold}"], sums["pos"]


def negatives_share(sums: Sums, threshold: str) -> tuple[Floats, Floats]:
    """Return negatives that are called so, of all negatives."""
    return sums["neg"] - sums[f"fp@{threshold}"], sums["neg"]


def called_positive_share(sums: Sums, threshold: str) -> tuple[Floats, Floats]:
    """Return positives of all rows that are called positive."""
    return sums[f"tp@{threshold}"], sums[f"tp@{threshold}"] + sums[f"fp@{threshold}"]


def called_negative_share(sums: Sums, threshold: str) -> tuple[Floats, Floats]:
    """Return negatives of all rows that are called negative."""
    right = sums["neg"] - sums[f"fp@{threshold}"]
    return right, right + sums["pos"] - sums[f"tp@{threshold}"]
