"""Curves of a group with pointwise bands: ROC, precision-recall, reliability, decision; and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.metrics import calibration, confusion, intervals
from harness.metrics.blocks import Floats, RankCounts, sum_by
from harness.metrics.classes import ClassRows
from harness.metrics.operating_point import Threshold
from harness.metrics.resampling import chunk_size, multiplicities
from harness.metrics.scored import Scored

Curve = dict[str, list[float]]

MAX_POINTS = 500
# Probability thresholds of the decision curve: .01, .02 ... .50.
DECISION_GRID = tuple(percent / 100 for percent in range(1, 51))


def corners(scored: Scored) -> tuple[Floats, Floats, Floats]:
    """Return (scores, true positives, false positives) at every distinct score, highest first."""
    scores = np.unique(scored.score)[::-1]
    positive, negative = np.sort(scored.score[scored.y_true]), np.sort(scored.score[~scored.y_true])
    tp = len(positive) - np.searchsorted(positive, scores, side="left")
    fp = len(negative) - np.searchsorted(negative, scores, side="left")
    return scores, tp.astype(np.float64), fp.astype(np.float64)


def _kept(x: Floats, always: Sequence[int], limit: int) -> list[int]:
    """Return at most `limit` positions at equal steps of an ascending x axis, the ends and those asked for included."""
    if len(x) <= limit:
        return list(range(len(x)))
    steps = np.searchsorted(x, np.linspace(x[0], x[-1], limit - len(always) - 2))
    return sorted({0, len(x) - 1, *(int(step) for step in steps), *always})


def roc(scored: Scored, limit: int = MAX_POINTS) -> Curve:
    """Return the ROC curve: ``fpr`` and ``tpr`` at every distinct score, from (0, 0) to (1, 1)."""
    scores, tp, fp = corners(scored)
    fpr, tpr = np.append(0.0, fp / scored.n_neg), np.append(0.0, tp / scored.n_pos)
    kept = _kept(fpr, _operating(scores, scored), limit)
    return {"fpr": [float(fpr[i]) for i in kept], "tpr": [float(tpr[i]) for i in kept]}


def precision_recall(scored: Scored, limit: int = MAX_POINTS) -> Curve:
    """Return the precision-recall curve: ``recall``, ``precision`` at every distinct score, no interpolation."""
    scores, tp, fp = corners(scored)
    recall, precision = tp / scored.n_pos, tp / (tp + fp)
    kept = _kept(recall, [max(0, place - 1) for place in _operating(scores, scored)], limit)
    return {"recall": [float(recall[i]) for i in kept], "precision": [float(precision[i]) for i in kept]}


def _operating(scores: Floats, scored: Scored) -> list[int]:
    """Positions of the named thresholds on a curve that starts with one point for +inf."""
    return [int((scores >= value).sum()) for value in scored.thresholds.values() if np.isfinite(value)]


def reliability(scored: Scored, level: float) -> dict[str, list[float]]:
    """Return the reliability diagram: inner ``edges``; rows, mean score, share positive and its interval per bin."""
    grouped = calibration.bins(scored.y_true, scored.score)
    size = len(scored.members)
    ends = []
    for code in range(len(grouped.n)):
        rows = grouped.code == code
        hits = sum_by(scored.local[rows], size, scored.y_true[rows])
        found = intervals.korn_graubard(hits, sum_by(scored.local[rows], size), level=level)
        # Rows of one patient have no clustered interval; that of no information is the honest one.
        ends.append((found.lo, found.hi) if np.isfinite(found.lo) else (0.0, 1.0))
    return {
        "edges": [float(edge) for edge in grouped.edges],
        "n": [float(count) for count in grouped.n],
        "mean_score": [float(value) for value in grouped.mean_score],
        "share_positive": [float(value) for value in grouped.share_positive],
        "lo": [lo for lo, _ in ends],
        "hi": [hi for _, hi in ends],
    }


def confusion_matrices(scored: Scored, thresholds: Sequence[Threshold], labels: Sequence[str]) -> dict[str, object]:
    """Return the counts at every threshold that has a value: name -> ``labels`` and ``matrix``, rows = truth."""
    point = scored.point
    found: dict[str, object] = {}
    for threshold in thresholds:
        if threshold.missing is None:
            table = point.at(threshold.name)
            rows = ((table.tn, table.fp), (table.fn, table.tp))
            found[threshold.name] = {"labels": list(labels), "matrix": [[int(cell[0]) for cell in row] for row in rows]}
    return found


def class_matrix(labels: ClassRows) -> dict[str, object]:
    """Return the counts of several classes: ``labels`` and ``matrix``, rows = truth, columns = prediction."""
    size = len(labels.names)
    matrix = np.bincount(labels.y_true * size + labels.predicted, minlength=size * size).reshape(size, size)
    return {"labels": list(labels.names), "matrix": matrix.tolist()}


def with_bands(scored: Scored, *, n_clusters: int, n_resamples: int, seed: int, level: float) -> dict[str, Curve]:
    """Return ROC, precision-recall and decision curve of a group with both classes, with pointwise percentile bands.

    Parameters
    ----------
    scored : Scored
        Rows of the group.
    n_clusters : int
        Clusters of the whole evaluated set.
    n_resamples, seed, level
        As for the values; without resamples the curves have no bands.
    """
    curves = {"roc": roc(scored), "pr": precision_recall(scored)}
    decision_scored = Scored(
        scored.y_true, scored.score, scored.cluster, {f"{t:g}": t for t in DECISION_GRID}, scored.reference_prevalence
    )
    curves["decision"] = _decision(decision_scored)
    if not n_resamples:
        return curves
    fpr, recall = np.array(curves["roc"]["fpr"]), np.array(curves["pr"]["recall"])
    drawn: dict[str, list[Floats]] = {"roc": [], "pr": [], "decision": []}
    for weights in multiplicities(n_clusters, n_resamples, seed, chunk_size(n_clusters, n_resamples)):
        draws = decision_scored.draws(weights)
        if draws.ranks is not None:
            drawn["roc"].append(_tpr_at(draws.ranks, fpr))
            drawn["pr"].append(_precision_at(draws.ranks, recall))
        net = [confusion.net_benefit(draws.at(f"{t:g}"), t) for t in DECISION_GRID]
        drawn["decision"].append(np.stack(net))
    for name, (low, high) in {
        "roc": ("tpr_lo", "tpr_hi"),
        "pr": ("precision_lo", "precision_hi"),
        "decision": ("lo", "hi"),
    }.items():
        values = np.concatenate(drawn[name], axis=1)
        defined = values[:, np.isfinite(values).all(axis=0)]
        ends = np.quantile(defined, ((1 - level) / 2, (1 + level) / 2), axis=1)
        curves[name] |= {
            key: [intervals.rounded(float(end)) for end in side] for key, side in zip((low, high), ends, strict=True)
        }
    return curves


def _decision(scored: Scored) -> Curve:
    point = scored.point
    prevalence = scored.n_pos / scored.n
    net = [float(confusion.net_benefit(point.at(f"{t:g}"), t)[0]) for t in DECISION_GRID]
    return {
        "threshold": list(DECISION_GRID),
        "net_benefit": net,
        "standardized": [value / prevalence for value in net],
        "treat_all": [prevalence - (1 - prevalence) * t / (1 - t) for t in DECISION_GRID],
    }


def _tpr_at(ranks: RankCounts, fpr: Floats) -> Floats:
    """Return the sensitivity of every resample at given false positive rates, shape (points, c); NaN without a class.

    Between two scores the curve is a step: the best sensitivity that does not exceed the false positive rate.
    """
    found = np.full((len(fpr), len(ranks.n_pos)), np.nan)
    tp = np.concatenate([np.zeros((1, ranks.tp.shape[1])), ranks.tp])
    for column in np.flatnonzero((ranks.n_pos > 0) & (ranks.n_neg > 0)):
        place = np.searchsorted(ranks.fp[:, column], fpr * ranks.n_neg[column] + 1e-9, side="right")
        found[:, column] = tp[place, column] / ranks.n_pos[column]
    return found


def _precision_at(ranks: RankCounts, recall: Floats) -> Floats:
    """Return the precision of every resample at the highest score that reaches given recalls, shape (points, c)."""
    found = np.full((len(recall), len(ranks.n_pos)), np.nan)
    for column in np.flatnonzero((ranks.n_pos > 0) & (ranks.n_neg > 0)):
        tp, fp = ranks.tp[:, column], ranks.fp[:, column]
        place = np.searchsorted(tp, recall * ranks.n_pos[column] - 1e-9, side="left")
        # A recall of 0 is reached by the first score that a resample keeps.
        place = np.clip(np.maximum(place, np.argmax(tp > 0)), 0, len(tp) - 1)
        found[:, column] = tp[place] / (tp[place] + fp[place])
    return found
