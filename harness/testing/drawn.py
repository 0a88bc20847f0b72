"""Images drawn for the conformance battery: small, of mixed sizes, with a class that is easy to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.loading.pixels import resized
from harness.protocol import LabelsHidden, Pixels, stream

if TYPE_CHECKING:
    import torch

_SIZES = ((48, 64), (64, 48))


@dataclass(frozen=True)
class DrawnTable:
    """A table of images in memory.

    Parameters
    ----------
    images : list of uint8 arrays
        Each (height, width, 3).
    classes : int64 array or None
        Labels, None where they are to be predicted.
    frame : DataFrame
        Metadata.
    """

    images: list[Pixels]
    classes: npt.NDArray[np.int64] | None
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Pixels:
        return self.images[index]

    def batches(
        self, size: int, indices: Sequence[int] | None = None, *, size_px: int | None = None
    ) -> Iterator[list[Pixels]]:
        """Yield lists of at most `size` images."""
        rows = range(len(self)) if indices is None else indices
        for start in range(0, len(rows), size):
            images = [self.images[row] for row in rows[start : start + size]]
            yield images if size_px is None else [resized(image, size_px) for image in images]

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class numbers."""
        if self.classes is None:
            raise LabelsHidden("Labels of images to be predicted are not given to a model.")
        return self.classes.copy()

    @property
    def metadata(self) -> pd.DataFrame:
        """Age and sex, with gaps."""
        return self.frame

    @property
    def groups(self) -> npt.NDArray[np.int64]:
        """One patient per image."""
        return np.arange(len(self))

    @property
    def ids(self) -> list[str]:
        """Numbers."""
        return [f"{number:016x}" for number in range(len(self))]

    def torch_dataset(
        self, transform: Callable[[Pixels], torch.Tensor] | None = None
    ) -> torch.utils.data.Dataset[object]:
        """Return a map-style torch dataset."""
        from harness.loading.torch_table import TorchTable

        return TorchTable(self, transform)

    def taken(self, rows: Sequence[int]) -> DrawnTable:
        """Return some rows, in the order given, without labels."""
        return DrawnTable([self.images[row] for row in rows], None, self.frame.iloc[list(rows)].reset_index(drop=True))


def drawn_table(
    n: int, *, n_classes: int, seed: int, sizes: Sequence[tuple[int, int]] = ((48, 64), (64, 48))
) -> DrawnTable:
    """Return images whose class is easy to see: a spot that is darker and redder the higher the class.

    Parameters
    ----------
    n, n_classes : int
        Images and classes; every class is there where n allows.
    seed : int
        Decides every image.
    sizes : sequence of (height, width)
        Taken in turn.
    """
    rng = stream(seed, "drawn images")
    classes = rng.permutation(np.arange(n) % n_classes).astype(np.int64)
    images = [_drawn(int(each), n_classes, sizes[row % len(sizes)], rng) for row, each in enumerate(classes)]
    ages = np.where(rng.random(n) < 0.2, np.nan, rng.integers(20, 90, n))
    sexes = rng.choice(np.array(["female", "male", None], dtype=object), n)
    return DrawnTable(images, classes, pd.DataFrame({"age": ages, "sex": sexes}))


def _drawn(number: int, n_classes: int, size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    y, x = np.indices(size)
    reach = np.hypot((y + 0.5) / size[0] - 0.5, (x + 0.5) / size[1] - 0.5)
    depth = 40 + 120 * number / max(1, n_classes - 1)
    spot = np.where((reach < rng.uniform(0.2, 0.3))[..., None], np.array([0.4, 1.0, 1.0]) * depth, 0.0)
    noisy = np.array([225.0, 185.0, 165.0]) - spot + rng.normal(0, 8, (*size, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)
