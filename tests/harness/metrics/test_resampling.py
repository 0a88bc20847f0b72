"""Resamples of clusters: the same whatever the chunk, whoever asks."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics.resampling import chunk_size, generator, multiplicities, resample


def drawn(chunk: int, seed: int = 0) -> np.ndarray:
    return np.concatenate(list(multiplicities(37, 100, seed, chunk)), axis=1)


@pytest.mark.parametrize("chunk", [1, 7, 64, 100, 999])
def test_the_chunk_changes_no_resample(chunk: int):
    assert np.array_equal(drawn(chunk), drawn(100))


def test_every_resample_draws_as_many_clusters_as_there_are():
    assert (drawn(100).sum(axis=0) == 37).all()
    assert drawn(100).mean(axis=1) == pytest.approx(np.ones(37), abs=0.4)


def test_seeds_and_streams_differ_and_repeat():
    assert not np.array_equal(drawn(100), drawn(100, seed=1))
    assert generator(3, "bootstrap").random() == generator(3, "bootstrap").random()
    assert generator(3, "bootstrap").random() != generator(3, "order").random()


def test_progress_counts_every_resample_once():
    done: list[int] = []
    found = resample(
        [lambda weights: {"n": weights.sum(axis=0)}], n_clusters=5, n_resamples=230, seed=0, progress=done.append
    )
    assert (sum(done), found["n"].tolist()) == (230, [5.0] * 230)


def test_chunks_are_bounded_by_memory_and_by_the_resamples():
    assert chunk_size(100, 2000) == 2000
    assert chunk_size(40_000, 2000) == 50
    assert chunk_size(10_000, 2000) == 200
