"""Random streams by name, so that one more draw here changes nothing there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

__all__ = ["chance", "pick", "stream"]

T = TypeVar("T")


def stream(seed: int, *keys: str | int) -> np.random.Generator:
    """Return a generator that depends on a seed and a name only.

    Parameters
    ----------
    seed : int
        Seed of the whole sample.
    *keys : str or int
        Name of what is drawn, for example ``("lesion", 17, "network")``.
    """
    name = "/".join(str(key) for key in (seed, *keys))
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def pick(rng: np.random.Generator, choices: Sequence[T], weights: Sequence[float] | None = None) -> T:
    """Return one of several values.

    Parameters
    ----------
    rng : numpy.random.Generator
    choices : sequence
    weights : sequence of float, optional
        Relative frequencies; equal ones where absent.
    """
    if weights is None:
        return choices[int(rng.integers(len(choices)))]
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return choices[int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))]


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Return True with a probability."""
    return bool(rng.random() < probability)
