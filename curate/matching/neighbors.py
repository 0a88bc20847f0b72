"""Nearest pictures by whitened embedding: a few more candidates, where local features are scarce."""

from __future__ import annotations

import faiss
import numpy as np
import numpy.typing as npt

from curate.matching.votes import Candidate

# curation.md 3.5: the first 3 by whitened embedding; whitening doubles what plain cosine finds.
FIRST = 3
WIDTH = 256
TRAINED_ON = 20_000
EXACT_BELOW = 20_000
PROBES = 8
SEED = 0


def whiten(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return vectors with uncorrelated columns of equal variance and unit length, shape (n, at most 256).

    Parameters
    ----------
    vectors : array, shape (n, d), float32
        In an order that depends on content only: the directions are learned from evenly spaced rows.
    """
    rows = np.linspace(0, len(vectors) - 1, min(len(vectors), TRAINED_ON)).astype(int)
    sample = vectors[rows].astype(np.float64)
    mean = sample.mean(axis=0)
    values, directions = np.linalg.eigh(np.cov(sample - mean, rowvar=False))
    kept = np.argsort(-values)[: min(WIDTH, len(sample) - 1)]
    kept = kept[values[kept] > 1e-6 * values.max()]
    white = (vectors - mean) @ (directions[:, kept] / np.sqrt(values[kept]))
    return np.asarray(white / np.maximum(np.linalg.norm(white, axis=1, keepdims=True), 1e-12), np.float32)


def nearest_pictures(vectors: npt.NDArray[np.float32], *, first: int = FIRST) -> list[Candidate]:
    """Return the pairs in which one picture lists the other among its first by embedding, sorted.

    Parameters
    ----------
    vectors : array, shape (n, d), float32
        One row per picture, in an order that depends on content only; rows with NaN list nobody.
    first : int
        Pictures listed per picture.
    """
    usable = np.flatnonzero(np.isfinite(vectors).all(axis=1))
    if len(usable) < 3:
        return []
    white = whiten(vectors[usable])
    _, found = _index(white).search(white, min(first + 1, len(white)))
    pairs = {
        (min(row, other), max(row, other))
        for row, others in enumerate(found.tolist())
        for other in [each for each in others if each not in (row, -1)][:first]
    }
    return sorted(Candidate(int(usable[left]), int(usable[right]), mirror=False) for left, right in pairs)


def _index(white: npt.NDArray[np.float32]) -> faiss.Index:
    size, width = white.shape
    flat = faiss.IndexFlatIP(width)
    if size < EXACT_BELOW:
        flat.add(white)
        return flat
    index = faiss.IndexIVFFlat(flat, width, int(2 * np.sqrt(size)), faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = SEED
    index.train(white[np.linspace(0, size - 1, TRAINED_ON).astype(int)])
    index.add(white)
    index.nprobe = PROBES
    return index
