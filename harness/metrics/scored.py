"""Scored rows of one group, and what all of its metrics need from them in many resamples at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from harness.metrics import calibration
from harness.metrics.blocks import Blocks, Floats, Ints, RankCounts, cut, sum_by
from harness.metrics.classes import ClassCounts, ClassRows
from harness.metrics.confusion import Confusion

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Draws:
    """Counts and sums of one group in c resamples; the whole sample once is the case c = 1.

    Parameters
    ----------
    sums : dict of array, shape (c,)
        Sums over rows: ``pos``, ``neg``, ``score``, ``brier``, ``logloss``, ``tp@T`` and ``fp@T`` per threshold, and
        the parts of the calibration model.
    ranks : RankCounts or None
        Counts per block; None where a class is absent from the group.
    model : calibration.Fit or None
        Calibration model of the whole sample; None where a class is absent.
    reference_prevalence : float
        Prevalence of ``ap_adj`` and ``nnb_adj``.
    y_true, score : array, shape (n,)
        The rows themselves, for metrics that are no sum; they know nothing of multiplicities.
    classes : ClassCounts or None
        Counts of several classes; None in a task of two.
    """

    sums: Mapping[str, Floats]
    ranks: RankCounts | None
    model: calibration.Fit | None
    reference_prevalence: float
    y_true: Bools
    score: Floats
    classes: ClassCounts | None = None

    @property
    def n(self) -> Floats:
        """Rows, shape (c,)."""
        return self.sums["pos"] + self.sums["neg"]

    @property
    def undefined(self) -> Floats:
        """NaN for every resample."""
        return np.full(len(self.sums["pos"]), np.nan)

    def at(self, threshold: str) -> Confusion:
        """Return the two-by-two tables at a named threshold."""
        tp, fp = self.sums[f"tp@{threshold}"], self.sums[f"fp@{threshold}"]
        return Confusion(tp=tp, fp=fp, fn=self.sums["pos"] - tp, tn=self.sums["neg"] - fp)


@dataclass(frozen=True)
class Scored:
    """Rows of one group with their scores; everything that resamples need is built once.

    Parameters
    ----------
    y_true : array of bool, shape (n,)
        True where positive.
    score : array, shape (n,)
        Probability of the positive class.
    cluster : array of int, shape (n,)
        Number of the row's cluster in the whole evaluated set.
    thresholds : dict
        Name to value of the thresholds that have one.
    reference_prevalence : float
        Prevalence of the adjusted metrics.
    labels : ClassRows or None
        Truth and probabilities of several classes; the score is then that of the malignant ones together.
    """

    y_true: Bools
    score: Floats
    cluster: Ints
    thresholds: Mapping[str, float]
    reference_prevalence: float
    labels: ClassRows | None = None

    @cached_property
    def members(self) -> Ints:
        """Numbers of the clusters with a row in the group, ascending."""
        return np.unique(self.cluster)

    @cached_property
    def local(self) -> Ints:
        """Position in `members` of every row's cluster."""
        return np.searchsorted(self.members, self.cluster)

    @cached_property
    def n_pos(self) -> int:
        """Positive rows."""
        return int(self.y_true.sum())

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.y_true)

    @property
    def n_neg(self) -> int:
        """Negative rows."""
        return self.n - self.n_pos

    @property
    def has_both(self) -> bool:
        """Whether both classes are there."""
        return 0 < self.n_pos < self.n

    def clusters(self, rows: Bools | None = None) -> int:
        """Count clusters with a row among some rows (all of them where none are named)."""
        return len(self.members) if rows is None else len(np.unique(self.cluster[rows]))

    @cached_property
    def clusters_pos(self) -> int:
        """Clusters with a positive row."""
        return self.clusters(self.y_true)

    @cached_property
    def clusters_neg(self) -> int:
        """Clusters with a negative row."""
        return self.clusters(~self.y_true)

    @cached_property
    def model(self) -> calibration.Fit | None:
        """Calibration model; None where a class is absent."""
        return calibration.fit(self.y_true, self.score) if self.has_both else None

    @cached_property
    def _blocks(self) -> Blocks | None:
        return cut(self.y_true, self.score, self.local, len(self.members)) if self.has_both else None

    def _rows(self) -> dict[str, Floats]:
        positive = self.y_true.astype(np.float64)
        rows = {
            "pos": positive,
            "neg": 1 - positive,
            "score": self.score,
            "brier": calibration.squared_errors(self.y_true, self.score),
            "logloss": calibration.log_losses(self.y_true, self.score),
        }
        for name, value in self.thresholds.items():
            called = self.score >= value
            rows[f"tp@{name}"] = (called & self.y_true).astype(np.float64)
            rows[f"fp@{name}"] = (called & ~self.y_true).astype(np.float64)
        if self.model is not None:
            rows |= calibration.newton_rows(self.y_true, self.score, self.model)
        return rows if self.labels is None else rows | self.labels.rows()

    @cached_property
    def by_cluster(self) -> Mapping[str, Floats]:
        """Sums over the rows of each cluster in `members`, each of shape (g,)."""
        size = len(self.members)
        return {name: sum_by(self.local, size, rows) for name, rows in self._rows().items()}

    @cached_property
    def _sums(self) -> sparse.csr_array:
        return sparse.csr_array(np.stack(list(self.by_cluster.values())))

    @cached_property
    def _class_blocks(self) -> tuple[Blocks | None, ...]:
        return () if self.labels is None else self.labels.blocks(self.local, len(self.members))

    def draws(self, weights: Floats) -> Draws:
        """Return counts and sums under multiplicities of all clusters of the evaluated set, shape (p, c)."""
        return self._count(
            weights if len(self.members) == len(weights) else np.ascontiguousarray(weights[self.members])
        )

    @cached_property
    def point(self) -> Draws:
        """Counts and sums of the sample as it is."""
        return self._count(np.ones((len(self.members), 1)))

    def _count(self, own: Floats) -> Draws:
        sums = dict(zip(self.by_cluster, self._sums @ own, strict=True))
        ranks = self._blocks.counts(own, sums["pos"], sums["neg"]) if self._blocks is not None else None
        classes = self.labels.counts(sums, self._class_blocks, own) if self.labels is not None else None
        return Draws(sums, ranks, self.model, self.reference_prevalence, self.y_true, self.score, classes)
