"""Facts per picture: which measures there are, and the run that computes those that are missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from curate.dataset import Dataset, Writer
from curate.measures.embeddings import Embedder
from curate.measures.measure import Measure, Reading
from curate.measures.measuring import Measured, Plan, measure_dataset
from curate.measures.skin_tone import SKIN_TONE

__all__ = ["KEYPOINTS", "MEASURES", "Measure", "Measured", "Reading", "measure_missing"]

# What a check names in `needs` for local features; they lie in the user's cache, not in a table.
KEYPOINTS = "keypoints"

MEASURES: tuple[Measure, ...] = (SKIN_TONE,)


def measure_missing(
    dataset: Dataset,
    writer: Writer | None,
    names: Sequence[str],
    *,
    embedder: Embedder | None = None,
    workers: int = 1,
    backend: str = "loky",
    progress: Callable[[int], None] | None = None,
) -> Measured:
    """Return the facts of all stored pictures, computing those that are missing.

    Parameters
    ----------
    dataset : Dataset
        Its active rows with a stored picture are measured.
    writer : Writer, optional
        Takes the tables where they changed; the caller commits. None keeps them in memory.
    names : sequence of str
        Methods of `MEASURES` by name, and `KEYPOINTS`; other names are none of ours and are left to others.
    embedder : Embedder, optional
        Vectors of this embedder too.
    workers, backend, progress
        As in `curate.parallel.map_images`; progress counts pictures.
    """
    methods = tuple(each for each in MEASURES if each.name in names)
    plan = Plan(methods, embedder, KEYPOINTS in names)
    return measure_dataset(dataset, writer, plan, workers=workers, backend=backend, progress=progress)
