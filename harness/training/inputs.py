"""Images on their way into a network: augmented for training, centered for everything else, then normalized."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms.v2 import functional

from harness.protocol import ImageTable, Pixels, stream
from harness.training.augmentation import PRESETS, augment
from harness.training.recipe import IMAGENET_MEAN, IMAGENET_STD, RESIZE_RATIO, AugmentName

PREDICTION_BATCH = 64


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What a network wants to be given.

    Parameters
    ----------
    size_px : int
        Side of the square.
    mean, std : (float, float, float)
        Subtracted from and divided into pixels in 0..1.
    """

    size_px: int
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def normalize(self, batch: torch.Tensor) -> torch.Tensor:
        """Return float32 in channels-last order from a uint8 batch (B, 3, H, W)."""
        mean = torch.tensor(self.mean, device=batch.device)[:, None, None]
        std = torch.tensor(self.std, device=batch.device)[:, None, None]
        return ((batch.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)


def preprocessing_of(network: torch.nn.Module, size_px: int) -> Preprocessing:
    """Return what a network's own attributes ask for, with the recipe's size where they are silent."""
    mean, std = getattr(network, "mean", IMAGENET_MEAN), getattr(network, "std", IMAGENET_STD)
    return Preprocessing(size_px=int(getattr(network, "input_size", size_px)), mean=_three(mean), std=_three(std))


def _three(numbers: object) -> tuple[float, float, float]:
    red, green, blue = np.asarray(numbers, dtype=float).reshape(3).tolist()
    return red, green, blue


def as_tensor(image: Pixels) -> torch.Tensor:
    """Return (3, H, W) of the same bytes."""
    return torch.from_numpy(image).permute(2, 0, 1)


def centered(image: Pixels, size_px: int) -> torch.Tensor:
    """Return the middle square of an image: shorter side 256/224 of the size, then the crop.

    Parameters
    ----------
    image : uint8 array, shape (height, width, 3)
        A picture at any size.
    size_px : int
        Side of the square.
    """
    tensor, shorter = as_tensor(image), round(size_px * RESIZE_RATIO)
    if min(tensor.shape[1:]) != shorter:
        tensor = functional.resize(tensor, [shorter], antialias=True)
    square: torch.Tensor = functional.center_crop(tensor, [size_px, size_px])
    return square


class _Epoch(Dataset[tuple[torch.Tensor, int]]):
    """Training images of one epoch; the numbers of an image depend on seed, epoch and its row alone."""

    def __init__(self, table: ImageTable, size_px: int, preset: AugmentName, seed: int, epoch: int) -> None:
        self.table, self.size_px, self.preset = table, size_px, PRESETS[preset]
        self.seed, self.epoch = seed, epoch
        self.labels = table.labels

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        rng = stream(self.seed, "augment", self.epoch, row)
        return augment(as_tensor(self.table[row]), self.size_px, self.preset, rng), int(self.labels[row])


def training_batches(
    table: ImageTable,
    batches: list[list[int]],
    *,
    size_px: int,
    preset: AugmentName,
    seed: int,
    epoch: int,
    workers: int,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield (uint8 images (B, 3, size, size), int64 labels (B,)) for each list of rows.

    Parameters
    ----------
    table : ImageTable
        Training images.
    batches : list of list of int
        Rows of each batch, in order.
    size_px : int
        Side of the square.
    preset : str
        Augmentation.
    seed, epoch : int
        What the drawn numbers depend on, together with the row.
    workers : int
        Loader processes; 0 prepares the images in this process. Their number changes no bit.
    """
    # A DataLoader draws a base seed for its workers from the global generator unless it is given one of its own.
    loader: DataLoader[tuple[torch.Tensor, int]] = DataLoader(
        _Epoch(table, size_px, preset, seed, epoch),
        batch_sampler=batches,
        num_workers=workers,
        generator=torch.Generator().manual_seed(0),
        multiprocessing_context="spawn" if workers else None,
    )
    threads, prepared = torch.get_num_threads(), iter(loader)
    while True:
        # A small image is no work for two threads: waiting for each other they take ten times as long.
        torch.set_num_threads(1)
        batch = next(prepared, None)
        torch.set_num_threads(threads)
        if batch is None:
            return
        yield batch[0], batch[1]


@torch.inference_mode()
def logits(network: torch.nn.Module, table: ImageTable, wanted: Preprocessing, *, device: str) -> torch.Tensor:
    """Return float32 logits, shape (n, K), of a table in its order; no augmentation.

    Parameters
    ----------
    network : torch.nn.Module
        Put into evaluation mode here.
    table : ImageTable
        Images.
    wanted : Preprocessing
        Size and normalization.
    device : str
        Where the network is.
    """
    network.eval()
    found = []
    for images in table.batches(PREDICTION_BATCH):
        batch = torch.stack([centered(image, wanted.size_px) for image in images]).to(device)
        found.append(network(wanted.normalize(batch)).float().cpu())
    return torch.cat(found) if found else torch.empty((0, 0))
