"""A table of images as torch's map-style dataset; apart, so that plugins without torch never import it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.utils.data import Dataset

from harness.protocol import ImageTable, LabelsHidden, Pixels


class TorchTable(Dataset[object]):
    """Images of a table, or (image, label) where labels are known.

    Parameters
    ----------
    table : ImageTable
        Images.
    transform : callable, optional
        From the uint8 array (height, width, 3) to a tensor; by default the same bytes as (3, height, width).
    """

    def __init__(self, table: ImageTable, transform: Callable[[Pixels], torch.Tensor] | None = None) -> None:
        self.table, self.transform = table, transform
        try:
            self.labels: list[int] | None = table.labels.tolist()
        except LabelsHidden:
            self.labels = None

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index: int) -> object:
        image = self.table[index]
        tensor = torch.from_numpy(image).permute(2, 0, 1) if self.transform is None else self.transform(image)
        return tensor if self.labels is None else (tensor, self.labels[index])
