"""Rows of a task of several classes, and their counts in many resamples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from harness.metrics.blocks import Blocks, Floats, Ints, RankCounts, cut
from harness.metrics.calibration import LOGLOSS_CLIP

# Name of "any malignant class" where a class is named.
MALIGNANT = "(malignant)"


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """Counts of several classes in c resamples.

    Parameters
    ----------
    cells : array, shape (k, k, c)
        Rows by truth (first axis) and prediction (second).
    untied : array, shape (k, c)
        Right rows per class whose highest probability is no other class's.
    sums : dict of array, shape (c,)
        ``class_logloss``, ``class_brier``, ``top2``, ``tied``.
    ranks : tuple of RankCounts or None
        One class against the rest; None for a class that is absent.
    """

    cells: Floats
    untied: Floats
    sums: Mapping[str, Floats]
    ranks: tuple[RankCounts | None, ...]


@dataclass(frozen=True)
class ClassRows:
    """Truth and probabilities of several classes.

    Parameters
    ----------
    y_true : array of int, shape (n,)
        Class numbers.
    probabilities : array, shape (n, k)
        In the task's order.
    names : tuple of str
        Classes.
    """

    y_true: npt.NDArray[np.int64]
    probabilities: Floats
    names: tuple[str, ...]

    @cached_property
    def predicted(self) -> Ints:
        """Class of the highest probability; ties go to the lower number."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.intp)

    @cached_property
    def is_tied(self) -> npt.NDArray[np.bool_]:
        """Whether two classes share the highest probability."""
        highest = self.probabilities.max(axis=1, keepdims=True)
        return np.asarray((self.probabilities == highest).sum(axis=1) > 1)

    def rows(self) -> dict[str, Floats]:
        """Return what is summed over rows, each of shape (n,)."""
        n, k = self.probabilities.shape
        everyone = np.arange(n)
        own = self.probabilities[everyone, self.y_true]
        # Classes placed before the truth: more probable, or as probable with a lower number.
        ahead = (self.probabilities > own[:, np.newaxis]).sum(axis=1)
        ahead += ((self.probabilities == own[:, np.newaxis]) & (np.arange(k) < self.y_true[:, np.newaxis])).sum(axis=1)
        truth = np.zeros((n, k))
        truth[everyone, self.y_true] = 1
        right = (self.predicted == self.y_true) & ~self.is_tied
        found = {
            "class_logloss": -np.log(np.clip(own, LOGLOSS_CLIP, 1 - LOGLOSS_CLIP)),
            "class_brier": ((self.probabilities - truth) ** 2).sum(axis=1),
            "top2": (ahead < 2).astype(np.float64),
            "tied": self.is_tied.astype(np.float64),
        }
        for i in range(k):
            found[f"untied_{i}"] = (right & (self.y_true == i)).astype(np.float64)
            for j in range(k):
                found[f"cell_{i}_{j}"] = ((self.y_true == i) & (self.predicted == j)).astype(np.float64)
        return found

    def blocks(self, cluster: Ints, size: int) -> tuple[Blocks | None, ...]:
        """Return the score blocks of each class against the rest; None for a class that is absent."""
        found: list[Blocks | None] = []
        for number in range(len(self.names)):
            own = self.y_true == number
            has_both = 0 < int(own.sum()) < len(own)
            found.append(cut(own, self.probabilities[:, number], cluster, size) if has_both else None)
        return tuple(found)

    def counts(self, sums: Mapping[str, Floats], blocks: tuple[Blocks | None, ...], weights: Floats) -> ClassCounts:
        """Return the counts of every resample from the sums of `rows`."""
        k = len(self.names)
        cells = np.stack([np.stack([sums[f"cell_{i}_{j}"] for j in range(k)]) for i in range(k)])
        support = cells.sum(axis=1)
        ranks = tuple(
            None if block is None else block.counts(weights, own, support.sum(axis=0) - own)
            for block, own in zip(blocks, support, strict=True)
        )
        return ClassCounts(cells, np.stack([sums[f"untied_{i}"] for i in range(k)]), sums, ranks)
