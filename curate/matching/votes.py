"""Candidate pairs by votes of local descriptors: each keypoint votes for the pictures that hold its nearest neighbors.

The mirrored picture votes too, by the permuted descriptors, so a flip costs no second extraction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

from curate.matching.features import INDEXED, MIRROR

Descriptors = npt.NDArray[np.uint8]

# curation.md 3.5: the first 8 by votes; a neighbor counts 1 - D / D_k. On the 6,715 images the eleventh neighbor as D_k
# lists .948 of the same-lesion pairs, the eighth .945.
NEIGHBORS = 12  # one of them is the keypoint itself
FIRST, FIRST_MIRRORED = 8, 4
# Votes for the mirrored picture only tell that a copy was flipped: the strongest keypoints are enough for that.
INDEXED_MIRRORED = 50
PROBES = 3
EXACT_BELOW = 8_000  # descriptors; below, a flat index costs less than training lists
TRAINED_PER_LIST = 40
BATCH = 256
SEED = 0
PARAMETERS = f"votes-{INDEXED}-{INDEXED_MIRRORED}-{NEIGHBORS}-{FIRST}-{FIRST_MIRRORED}-{PROBES}-v1"


class Candidate(NamedTuple):
    """A pair to verify: positions of the pictures with left < right, and whether one is the mirror image."""

    left: int
    right: int
    mirror: bool


@dataclass(frozen=True, slots=True)
class _Index:
    index: faiss.Index
    owner: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


def vote(descriptors: Sequence[Descriptors], *, progress: Callable[[int], None] | None = None) -> list[Candidate]:
    """Return the pairs in which one picture lists the other among its first by votes, sorted.

    Parameters
    ----------
    descriptors : sequence of array, shape (k, 128), uint8
        The first `INDEXED` of each picture, in an order of pictures that depends on content only (pixel hash): ties
        and the training of the index follow it.
    progress : callable, optional
        Takes the count of pictures done since the last call.
    """
    if sum(len(item) for item in descriptors) == 0 or len(descriptors) < 2:
        return []
    index = _build(descriptors)
    found: set[Candidate] = set()
    for start in range(0, len(descriptors), BATCH):
        batch = range(start, min(start + BATCH, len(descriptors)))
        for mirror, first in ((False, FIRST), (True, FIRST_MIRRORED)):
            for image, other in _listed(index, descriptors, batch, mirror=mirror, first=first):
                found.add(Candidate(min(image, other), max(image, other), mirror))
        if progress is not None:
            progress(len(batch))
    return sorted(found)


def _build(descriptors: Sequence[Descriptors]) -> _Index:
    counts = np.array([min(len(item), INDEXED) for item in descriptors])
    stacked = np.concatenate([item[:INDEXED] for item in descriptors])
    return _Index(_train_and_add(stacked), np.repeat(np.arange(len(descriptors)), counts), counts)


def _train_and_add(descriptors: Descriptors) -> faiss.Index:
    size, width = descriptors.shape
    if size < EXACT_BELOW:
        exact = faiss.IndexScalarQuantizer(width, faiss.ScalarQuantizer.QT_8bit_direct)
        exact.train(descriptors[:1].astype(np.float32))
        exact.add(descriptors.astype(np.float32))
        return exact
    lists = int(2 * np.sqrt(size))
    coarse = faiss.IndexFlatL2(width)
    index = faiss.IndexIVFScalarQuantizer(coarse, width, lists, faiss.ScalarQuantizer.QT_8bit_direct)
    index.cp.seed, index.cp.min_points_per_centroid = SEED, 1
    sample = np.linspace(0, size - 1, min(size, TRAINED_PER_LIST * lists)).astype(int)
    index.train(descriptors[sample].astype(np.float32))
    for start in range(0, size, 1 << 18):  # float32 of the whole would take four times the memory
        index.add(descriptors[start : start + (1 << 18)].astype(np.float32))
    index.nprobe = PROBES
    return index


def _listed(
    index: _Index, descriptors: Sequence[Descriptors], batch: range, *, mirror: bool, first: int
) -> list[tuple[int, int]]:
    """Return (picture of the batch, other picture) for the first pictures by votes."""
    items = [descriptors[i][: INDEXED_MIRRORED if mirror else INDEXED] for i in batch]
    queries = np.concatenate(items)
    if len(queries) == 0:
        return []
    owner = np.repeat(np.array(batch), [len(item) for item in items])
    queries = queries[:, MIRROR] if mirror else queries
    distances, found = index.index.search(np.ascontiguousarray(queries, np.float32), NEIGHBORS)
    neighbor = np.where(found >= 0, index.owner[found], -1)
    weights = _weights(distances, (neighbor >= 0) & (neighbor != owner[:, None]))
    return _ranked(owner, neighbor, weights, index.counts, first)


def _weights(distances: npt.NDArray[np.float32], counted: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return max(0, 1 - D / D_k) per neighbor, D_k the farthest counted one; 0 for the picture itself."""
    farthest = np.where(counted, distances, 0).max(axis=1, keepdims=True)
    weights = 1 - distances / np.maximum(farthest, 1)
    return np.where(counted, np.maximum(weights, 0), 0).astype(np.float64)


def _ranked(
    owner: npt.NDArray[np.int64],
    neighbor: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    counts: npt.NDArray[np.int64],
    first: int,
) -> list[tuple[int, int]]:
    counted = weights > 0
    size = len(counts)
    keys = (np.broadcast_to(owner[:, None], neighbor.shape) * size + neighbor)[counted]
    pairs, inverse = np.unique(keys, return_inverse=True)
    image, other = pairs // size, pairs % size
    score = np.bincount(inverse, weights[counted]) / np.sqrt(counts[image] * counts[other])
    order = np.lexsort((other, -score.round(9), image))
    image, other = image[order], other[order]
    starts = np.flatnonzero(np.r_[True, image[1:] != image[:-1]])
    rank = np.arange(len(image)) - np.repeat(starts, np.diff(np.r_[starts, len(image)]))
    kept = rank < first
    return list(zip(image[kept].tolist(), other[kept].tolist(), strict=True))
