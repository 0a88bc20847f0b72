"""The cluster bootstrap: how often each patient stands in each resample.

Multiplicities depend only on the seed, the number of resamples and the number of clusters in sorted order, never on
chunks or threads; every group, metric and model sees the same ones, so every difference is paired.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from harness.metrics.blocks import Floats

# Cells of the largest matrix of one chunk: 16 MB in float64.
_CELLS = 2_000_000
_MIN_CHUNK = 50

Key = TypeVar("Key", bound=Hashable)
Progress = Callable[[int], None]


def generator(seed: int, stream: str) -> np.random.Generator:
    """Return the generator of a named stream of a run's seed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(stream.encode()),)))


def chunk_size(rows: int, n_resamples: int) -> int:
    """Return how many resamples are counted at once for matrices of so many rows."""
    return max(1, min(n_resamples, max(_MIN_CHUNK, _CELLS // max(1, rows))))


def multiplicities(n_clusters: int, n_resamples: int, seed: int, chunk: int) -> Iterator[Floats]:
    """Yield matrices of shape (n_clusters, at most `chunk`): clusters drawn with replacement, as many as there are."""
    rng = generator(seed, "bootstrap")
    for start in range(0, n_resamples, chunk):
        count = min(chunk, n_resamples - start)
        drawn = rng.integers(0, n_clusters, size=(count, n_clusters))
        drawn += np.arange(count)[:, np.newaxis] * n_clusters
        counted = np.bincount(drawn.ravel(), minlength=count * n_clusters).reshape(count, n_clusters)
        yield np.ascontiguousarray(counted.T, dtype=np.float64)


def resample(
    jobs: Sequence[Callable[[Floats], Mapping[Key, Floats]]],
    *,
    n_clusters: int,
    n_resamples: int,
    seed: int,
    progress: Progress | None = None,
) -> dict[Key, Floats]:
    """Return the values of every job in every resample.

    Parameters
    ----------
    jobs : sequence of callable
        Each takes multiplicities of shape (n_clusters, c) and returns values of shape (c,) by key; keys differ
        between jobs.
    n_clusters, n_resamples, seed : int
        See `multiplicities`.
    progress : callable, optional
        Called with the number of resamples done since the last call.

    Returns
    -------
    dict
        Key to array of shape (n_resamples,).
    """
    parts: dict[Key, list[Floats]] = {}
    chunk = chunk_size(n_clusters, n_resamples)
    for weights in multiplicities(n_clusters, n_resamples, seed, chunk):
        for job in jobs:
            for key, values in job(weights).items():
                parts.setdefault(key, []).append(values)
        if progress is not None:
            progress(weights.shape[1])
    return {key: np.concatenate(values) for key, values in parts.items()}
