"""Scores cut into blocks, so that thousands of resamples of patients are counted at once.

Only distinct scores that hold a positive matter to a rank metric; between two of them lies one run of pure negatives.
Sparse matrices of counts per block and patient are built once, and a matrix of patient multiplicities turns them into
counts of every resample. Sparse products and sums along the first axis give the same bits for any number of columns,
threads and BLAS libraries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


def sum_by(code: Ints, size: int, rows: npt.NDArray[np.generic] | None = None) -> Floats:
    """Return sums of row values by code, shape (size,); counts of rows where no values are given."""
    weights = None if rows is None else rows.astype(np.float64)
    return np.bincount(code, weights=weights, minlength=size).astype(np.float64)


@dataclass(frozen=True, slots=True)
class RankCounts:
    """Weighted counts at every block, one column per resample.

    Parameters
    ----------
    pos : array, shape (k, c)
        Positives in each block, highest score first.
    tp : array, shape (k, c)
        Positives with a score at or above the block's.
    fp_above : array, shape (k, c)
        Negatives with a score strictly above the block's.
    fp : array, shape (k, c)
        Negatives with a score at or above the block's.
    tie : array, shape (t, c)
        Negatives tied with the positives of block ``tied[i]``.
    tied : array of int, shape (t,)
        Blocks that hold both classes.
    n_pos, n_neg : array, shape (c,)
        Rows of each class.
    """

    pos: Floats
    tp: Floats
    fp_above: Floats
    fp: Floats
    tie: Floats
    tied: Ints
    n_pos: Floats
    n_neg: Floats


@dataclass(frozen=True, slots=True)
class Blocks:
    """Sparse counts per block and cluster; see the module's first lines.

    Parameters
    ----------
    scores : array, shape (k,)
        Distinct scores that hold a positive, descending.
    positives, negatives_above, negatives_tied : sparse array, shape (k, p), (k, p), (t, p)
        Rows per block and cluster: positives; negatives below the block before and above this one; negatives of its
        own score.
    tied : array of int, shape (t,)
        Blocks of the last matrix.
    """

    scores: Floats
    positives: sparse.csr_array
    negatives_above: sparse.csr_array
    negatives_tied: sparse.csr_array
    tied: Ints

    def counts(self, weights: Floats, n_pos: Floats, n_neg: Floats) -> RankCounts:
        """Return the counts of every resample.

        Parameters
        ----------
        weights : array, shape (p, c)
            How often each cluster stands in each resample.
        n_pos, n_neg : array, shape (c,)
            Rows of each class in each resample.
        """
        pos = self.positives @ weights
        above = np.cumsum(self.negatives_above @ weights, axis=0)
        tie = self.negatives_tied @ weights
        fp = above
        if len(self.tied):
            fp = above.copy()
            fp[self.tied] += tie
        return RankCounts(pos, np.cumsum(pos, axis=0), above, fp, tie, self.tied, n_pos, n_neg)


def _tally(block: Ints, cluster: Ints, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.coo_array((np.ones(len(block)), (block, cluster)), shape=shape).tocsr()


def cut(y_true: npt.NDArray[np.bool_], score: Floats, cluster: Ints, n_clusters: int) -> Blocks:
    """Return the blocks of a set of rows.

    Parameters
    ----------
    y_true : array of bool, shape (n,)
        True where positive.
    score : array, shape (n,)
        Larger means more likely positive.
    cluster : array of int, shape (n,)
        Number of the row's cluster, 0 to `n_clusters` - 1.
    n_clusters : int
        Columns of the matrices.
    """
    ascending, block = np.unique(score[y_true], return_inverse=True)
    k = len(ascending)
    positives = _tally(k - 1 - block, cluster[y_true], (k, n_clusters))
    negative, negative_cluster = score[~y_true], cluster[~y_true]
    # The first block below a negative; blocks at or above it have not passed it yet.
    first_below = k - np.searchsorted(ascending, negative, side="left")
    inside = first_below < k
    above = _tally(first_below[inside], negative_cluster[inside], (k, n_clusters))
    own = np.searchsorted(ascending, negative, side="right") - 1
    is_tied = (own >= 0) & (ascending[own] == negative) if k else np.zeros(len(negative), dtype=bool)
    tied, tie_row = np.unique(k - 1 - own[is_tied], return_inverse=True)
    ties = _tally(tie_row, negative_cluster[is_tied], (len(tied), n_clusters))
    return Blocks(ascending[::-1].copy(), positives, above, ties, tied)
