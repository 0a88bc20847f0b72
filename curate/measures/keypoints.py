"""Local features of stored pictures, kept in the user's cache by pixel hash and parameters; it may be deleted."""

from __future__ import annotations

import os
import struct
import tempfile
from pathlib import Path

import numpy as np

from curate.matching.features import PARAMETERS, Features, extract
from curate.measures.measure import Image
from schemas import cache

_HEAD = struct.Struct("<5i")  # keypoints, width and height of the picture, width and height of the thumbnail


def feature_folder() -> Path:
    """Return where features of the present parameters lie."""
    return cache.folder(f"keypoints/{PARAMETERS}")


def feature_file(folder: Path, pixel_sha256: str) -> Path:
    """Return the file of one picture's features."""
    return folder / pixel_sha256[:2] / f"{pixel_sha256}.bin"


def has_features(folder: Path, pixel_sha256: str) -> bool:
    """Return whether the features of a picture are in the cache."""
    return feature_file(folder, pixel_sha256).exists()


def store_features(folder: Path, pixel_sha256: str, image: Image) -> None:
    """Extract the features of a picture and put them into the cache; a file is there whole or not at all."""
    target = feature_file(folder, pixel_sha256)
    target.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(pack(extract(image)))
    Path(name).replace(target)


def load_features(folder: Path, pixel_sha256: str) -> Features:
    """Return the features of a picture from the cache.

    Raises
    ------
    FileNotFoundError
        They were never stored, or the cache was deleted.
    """
    return unpack(feature_file(folder, pixel_sha256).read_bytes())


def pack(features: Features) -> bytes:
    """Return features as bytes: a head of five integers, then the arrays."""
    height, width = features.thumbnail.shape
    head = _HEAD.pack(len(features.points), features.width_px, features.height_px, width, height)
    arrays = (features.points, features.sizes, features.angles, features.descriptors, features.thumbnail)
    types = (np.float32, np.float32, np.float32, np.uint8, np.uint8)
    return head + b"".join(np.ascontiguousarray(a, t).tobytes() for a, t in zip(arrays, types, strict=True))


def unpack(data: bytes) -> Features:
    """Return the features that `pack` wrote."""
    count, width_px, height_px, thumb_width, thumb_height = _HEAD.unpack_from(data)
    numbers = np.frombuffer(data, np.float32, 4 * count, _HEAD.size)
    pixels = np.frombuffer(data, np.uint8, offset=_HEAD.size + 16 * count)
    return Features(
        points=numbers[: 2 * count].reshape(count, 2),
        sizes=numbers[2 * count : 3 * count],
        angles=numbers[3 * count :],
        descriptors=pixels[: 128 * count].reshape(count, 128),
        thumbnail=pixels[128 * count :].reshape(thumb_height, thumb_width),
        width_px=width_px,
        height_px=height_px,
    )
