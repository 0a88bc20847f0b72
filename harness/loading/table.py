"""The tables of images that a model is given, and the files in which they reach its process.

The file holds no sample id, no path of an image and, for images to be predicted, no label.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.loading.pixels import Place, resized
from harness.protocol import LabelsHidden, Pixels, stream

if TYPE_CHECKING:
    import torch


def salted(sample_ids: Sequence[str], salt: str) -> list[str]:
    """Return names of images that cannot be looked up: 16 hex digits of a hash with the salt of the run."""
    return [hashlib.sha256(f"{salt}\n{sample_id}".encode()).hexdigest()[:16] for sample_id in sample_ids]


def patient_codes(patients: pd.Series[str], salt: str) -> npt.NDArray[np.int64]:
    """Return a number per patient, in an order that the salt of the run decides.

    Parameters
    ----------
    patients : Series of str
        Who each image is of.
    salt : str
        Of the run: hex digits.
    """
    codes, known = pd.factorize(patients, sort=True)
    shuffled = stream(int(salt[:12], 16), "patients").permutation(len(known))
    return shuffled[codes].astype(np.int64)


def table_frame(
    frame: pd.DataFrame, places: Mapping[str, Place], metadata: pd.DataFrame, *, salt: str, labels: bool
) -> pd.DataFrame:
    """Return what a table file holds.

    Parameters
    ----------
    frame : DataFrame
        Rows of one part: ``sample_id``, ``stored_sha256``, ``group`` (patient code), ``y_true``.
    places : mapping of str to Place
        Decoded pictures by the hash of the stored file.
    metadata : DataFrame
        Allowed columns, same index as `frame`.
    salt : str
        Of the run.
    labels : bool
        Whether the model may see the labels of these images.
    """
    found = [places[key] for key in frame["stored_sha256"]]
    held = pd.DataFrame(
        {
            "id": salted(list(frame["sample_id"]), salt),
            "group": frame["group"].to_numpy(),
            "pack": [str(place.pack) for place in found],
            "offset": np.array([place.offset for place in found], dtype=np.int64),
            "height": np.array([place.height for place in found], dtype=np.int64),
            "width": np.array([place.width for place in found], dtype=np.int64),
        },
        index=frame.index,
    )
    if labels:
        held = held.assign(label=frame["y_true"].astype("int64"))
    return pd.concat([held, metadata.add_prefix("metadata.")], axis=1).reset_index(drop=True)


class PackedTable:
    """An `harness.protocol.ImageTable` over packs of decoded pictures.

    Parameters
    ----------
    frame : DataFrame
        As `table_frame` makes it.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._packs: dict[str, npt.NDArray[np.uint8]] = {}
        self._where = list(zip(frame["pack"], frame["offset"], frame["height"], frame["width"], strict=True))

    @classmethod
    def open(cls, file: Path) -> PackedTable:
        """Return the table of a file."""
        return cls(pd.read_parquet(file))

    def __len__(self) -> int:
        return len(self._frame)

    def __getitem__(self, index: int) -> Pixels:
        pack, offset, height, width = self._where[index]
        if pack not in self._packs:
            self._packs[pack] = np.memmap(pack, dtype=np.uint8, mode="r")
        flat = self._packs[pack][offset : offset + height * width * 3]
        return np.array(flat).reshape(height, width, 3)

    def __getstate__(self) -> pd.DataFrame:
        return self._frame

    def __setstate__(self, frame: pd.DataFrame) -> None:
        self.__init__(frame)  # type: ignore[misc]

    def batches(
        self, size: int, indices: Sequence[int] | None = None, *, size_px: int | None = None
    ) -> Iterator[list[Pixels]]:
        """Yield lists of at most `size` images in order, with the shorter side at `size_px` where it is given."""
        rows = range(len(self)) if indices is None else indices
        for start in range(0, len(rows), size):
            images = [self[row] for row in rows[start : start + size]]
            yield images if size_px is None else [resized(image, size_px) for image in images]

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class numbers; `LabelsHidden` where they are to be predicted."""
        if "label" not in self._frame:
            raise LabelsHidden("Labels of images to be predicted are not given to a model.")
        return self._frame["label"].to_numpy(dtype=np.int64, copy=True)

    @property
    def metadata(self) -> pd.DataFrame:
        """The columns that the user allowed."""
        columns = [name for name in self._frame if str(name).startswith("metadata.")]
        return self._frame[columns].rename(columns=lambda name: str(name).removeprefix("metadata."))

    @property
    def groups(self) -> npt.NDArray[np.int64]:
        """Patient codes."""
        return self._frame["group"].to_numpy(dtype=np.int64, copy=True)

    @property
    def ids(self) -> list[str]:
        """Names for this run only."""
        return self._frame["id"].tolist()

    def hidden(self) -> PackedTable:
        """Return the same images without their labels."""
        return PackedTable(self._frame.drop(columns="label", errors="ignore"))

    def torch_dataset(
        self, transform: Callable[[Pixels], torch.Tensor] | None = None
    ) -> torch.utils.data.Dataset[object]:
        """Return a map-style torch dataset of images, or of (image, label) where labels are known."""
        from harness.loading.torch_table import TorchTable

        return TorchTable(self, transform)
