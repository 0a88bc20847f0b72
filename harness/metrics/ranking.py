"""Metrics of the order of scores: area under the ROC curve, average precision, partial area above a sensitivity.

Every function takes the counts of many resamples and returns one value for each; NaN where a class is absent.
"""

from __future__ import annotations

import numpy as np

from harness.metrics.blocks import Floats, RankCounts

# ISIC 2024: area above a sensitivity of .8, at most .2.
PAUC_MIN_SENSITIVITY = 0.8


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return ``part / whole``, NaN where `whole` is zero."""
    undefined: Floats = np.full(np.broadcast(part, whole).shape, np.nan)
    return np.divide(part, whole, out=undefined, where=whole != 0)


def auroc(counts: RankCounts) -> Floats:
    """Area under the ROC curve: P(s+ > s-) + P(s+ = s-) / 2, shape (c,)."""
    misordered = np.einsum("kc,kc->c", counts.pos, counts.fp_above)
    misordered += np.einsum("tc,tc->c", counts.pos[counts.tied], counts.tie) / 2
    return 1 - ratio(misordered, counts.n_pos * counts.n_neg)


def ap(counts: RankCounts) -> Floats:
    """Average precision: sum of precision times the step in sensitivity, no interpolation, shape (c,)."""
    return _precision_sum(counts, np.ones_like(counts.n_pos))


def ap_adj(counts: RankCounts, prevalence: float) -> Floats:
    """Average precision with precision recomputed at one reference prevalence, shape (c,).

    References
    ----------
    Wu et al., Am J Hum Genet 2021, doi 10.1016/j.ajhg.2021.08.012 (balanced precision, prevalence .5).
    """
    odds_against = (1 - prevalence) / prevalence
    return _precision_sum(counts, odds_against * ratio(counts.n_pos, counts.n_neg))


def _precision_sum(counts: RankCounts, false_weight: Floats) -> Floats:
    called = counts.tp + counts.fp * false_weight
    # A block that a resample leaves empty adds nothing: its precision may be anything finite.
    precision = np.divide(counts.tp, called, out=np.zeros_like(called), where=called > 0)
    summed = ratio(np.einsum("kc,kc->c", counts.pos, precision), counts.n_pos)
    return np.where(np.isnan(false_weight), np.nan, summed)


def pauc(counts: RankCounts, min_sensitivity: float = PAUC_MIN_SENSITIVITY) -> Floats:
    """Area between the ROC curve and a sensitivity: integral of 1 - FPR over sensitivity, shape (c,), 0 to 1 - minimum.

    Ties are slanted segments of the curve, as in scikit-learn's ``roc_curve``.
    """
    floor = min_sensitivity * counts.n_pos
    reached = np.maximum(counts.tp, floor)
    step = np.diff(reached, axis=0, prepend=floor[np.newaxis])
    lost = np.einsum("kc,kc->c", step, counts.fp_above)
    # Of a slanted segment the last share step/pos counts: its mean height lies half of that share below the upper end.
    tied_step, tied_pos = step[counts.tied], counts.pos[counts.tied]
    share = np.divide(tied_step, tied_pos, out=np.zeros_like(tied_step), where=tied_pos > 0)
    lost += np.einsum("tc,tc->c", tied_step * (1 - share / 2), counts.tie)
    return (1 - min_sensitivity) - ratio(lost, counts.n_pos * counts.n_neg)
