"""What a plugin sees: tables of images, the context of one run, and the two forms of a model. Imports numpy only.

A **model** is a class (or a function without arguments) that gives an object with ``fit`` and ``predict_proba``::

    class Mean:
        def fit(self, train, valid, context):
            self.share = np.bincount(train.labels, minlength=len(context.classes)) / len(train)

        def predict_proba(self, images):
            return np.tile(self.share, (len(images), 1))

A **module factory** is a function ``build(context)`` that returns a ``torch.nn.Module`` from normalized float tensors
(B, 3, H, W) to logits (B, K); the harness trains it as it trains the baseline::

    def build(context):
        return torchvision.models.mobilenet_v3_small(num_classes=len(context.classes))
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd
    import torch

__all__ = ["Budget", "Context", "ImageTable", "LabelsHidden", "Model", "ModuleFactory", "Pixels", "stream"]

Pixels = npt.NDArray[np.uint8]


class LabelsHidden(RuntimeError):  # noqa: N818 - it is no fault of the program
    """A model asked for the labels of images that it has to predict."""


class ImageTable(Protocol):
    """Images of one part of a split, in an order that says nothing about labels."""

    def __len__(self) -> int:
        """Return the number of images."""

    def __getitem__(self, index: int) -> Pixels:
        """Return one image: uint8, shape (height, width, 3), sRGB, upright, C-contiguous, a copy of its own."""

    def batches(
        self, size: int, indices: Sequence[int] | None = None, *, size_px: int | None = None
    ) -> Iterator[list[Pixels]]:
        """Yield lists of at most `size` images in order; `size_px` is the shorter side to resize to."""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class numbers, shape (n,), in the order of ``context.classes``; `LabelsHidden` while predicting."""

    @property
    def metadata(self) -> pd.DataFrame:
        """The columns that the user allowed (none by default), one row per image; missing stays missing."""

    @property
    def groups(self) -> npt.NDArray[np.int64]:
        """Patient codes, shape (n,): equal for images of one patient, without any other meaning."""

    @property
    def ids(self) -> list[str]:
        """Names of the images for this run only: hashes, not the public ids from which labels could be looked up."""

    def torch_dataset(
        self, transform: Callable[[Pixels], torch.Tensor] | None = None
    ) -> torch.utils.data.Dataset[object]:
        """Return a map-style torch dataset of images, or of (image, label) where labels are known."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use; None is free.

    Parameters
    ----------
    max_seconds : float, optional
        Wall time of the whole run of one model.
    max_epochs : int, optional
        Passes over the training images.
    max_memory_bytes : int, optional
        Memory of the worker process.
    """

    max_seconds: float | None = None
    max_epochs: int | None = None
    max_memory_bytes: int | None = None


def stream(seed: int, *names: int | str) -> np.random.Generator:
    """Return the generator of one named stream.

    Parameters
    ----------
    seed : int
        Seed of the run.
    *names : int or str
        What is drawn, for example ``"order", epoch``. Equal names give equal numbers on every machine; other names
        give independent ones (``numpy.random.SeedSequence`` with a spawn key).
    """
    key = tuple(name if isinstance(name, int) else zlib.crc32(name.encode()) for name in names)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _ignore(step: int, **numbers: float) -> None:
    del step, numbers


def _no_weights(name: str) -> Path:
    raise FileNotFoundError(f"No weights were given for {name}. Name a file with --weights PATH.")


@dataclass(frozen=True, slots=True)
class Context:
    """What a model is told about its run.

    Parameters
    ----------
    seed : int
        The one seed of the run.
    classes : tuple of str
        Names of the classes; columns of ``predict_proba`` follow this order.
    cache_dir, work_dir : Path
        Folder kept between runs of this model, and folder of this run. A model writes nowhere else.
    positive : str, optional
        The class that counts as positive, None in a task of several classes.
    device : str
        ``cpu`` or ``cuda:0``.
    rank, world_size : int
        Number of this process and of all.
    num_workers : int
        Processor threads that the run may use.
    precision : {"fp32", "bf16"}
        Of the floating point work.
    budget : Budget
        Limits that the user set.
    metadata_columns : tuple of str
        Columns of ``ImageTable.metadata``.
    params : mapping
        What the user gave as ``--param name=value``.
    weights : callable
        ``weights(name)`` returns the file that the user gave with ``--weights``.
    report : callable
        ``report(step, loss=..., ...)`` writes a line of the training log, and is the sign of life.
    should_stop : callable
        True when the budget is used up: finish and return.
    """

    seed: int
    classes: tuple[str, ...]
    cache_dir: Path
    work_dir: Path
    positive: str | None = None
    device: str = "cpu"
    rank: int = 0
    world_size: int = 1
    num_workers: int = 2
    precision: Literal["fp32", "bf16"] = "fp32"
    budget: Budget = Budget()
    metadata_columns: tuple[str, ...] = ()
    params: Mapping[str, object] = field(default_factory=dict)
    weights: Callable[[str], Path] = _no_weights
    report: Callable[..., None] = _ignore
    should_stop: Callable[[], bool] = bool

    def rng(self, name: str) -> np.random.Generator:
        """Return the random numbers of one purpose: a function of the seed and the name alone."""
        return stream(self.seed, name)


@runtime_checkable
class Model(Protocol):
    """Anything that learns from a table of images and gives probabilities.

    Two more methods are used where they are there: ``info()`` returns facts for the model card as a dict of numbers and
    texts; ``save(folder)`` with the class method ``load(folder, context)`` keeps what was learned.
    """

    def fit(self, train: ImageTable, valid: ImageTable, context: Context) -> None:
        """Learn from `train`; choose settings on `valid`."""

    def predict_proba(self, images: ImageTable) -> npt.NDArray[np.floating]:
        """Return probabilities, shape (n, K), finite, rows summing to 1, one row per image in the table's order."""


class ModuleFactory(Protocol):
    """A function that builds a network for the harness to train.

    The network may carry ``input_size`` (pixels), ``mean`` and ``std`` (three numbers each) and ``head_parameters()``
    (what learns at the rate of the head); without them the recipe's own hold.
    """

    def __call__(self, context: Context) -> torch.nn.Module:
        """Return a network from (B, 3, H, W) to logits (B, K)."""
