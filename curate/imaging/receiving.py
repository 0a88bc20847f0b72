"""What a dataset keeps of a received file: its hashes, its facts, and the bytes without metadata."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.imaging.decoding import Header, as_array, load, opened, refusal, to_rgb, turned
from curate.imaging.metadata import strip


@dataclass(frozen=True, slots=True)
class Received:
    """A picture that was taken in; the names are those of table ``samples``.

    Parameters
    ----------
    stored : bytes
        The file without metadata: what lies in ``images/`` under ``stored_sha256``.
    file_sha256, stored_sha256, pixel_sha256 : str
        Hashes of the bytes as received, as stored, and of the pixels.
    metadata_removed : tuple of str
        Kinds of metadata that were cut off, sorted; never their values.
    """

    stored: bytes
    file_sha256: str
    stored_sha256: str
    pixel_sha256: str
    format: str
    width: int
    height: int
    color_mode: str
    file_bytes: int
    exif_orientation: int | None
    metadata_removed: tuple[str, ...]


def pixel_sha256(pixels: npt.NDArray[np.uint8]) -> str:
    r"""Return the hash of pixels, rule version 1.

    Parameters
    ----------
    pixels : array, shape (height, width, 3)
        Upright RGB, no color profile applied.

    References
    ----------
    schema.md, column 16: SHA-256 over ``"v1 RGB8 {width}x{height}\n"`` and the bytes of the rows.
    """
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(f"v1 RGB8 {width}x{height}\n".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def receive(data: bytes) -> Received:
    """Return what a dataset keeps of a file.

    Parameters
    ----------
    data : bytes
        The file as it came.

    Raises
    ------
    schemas.errors.DataFault
        I03 where it cannot be decoded to the last row, I07 where it is too small or too large.
    """
    pixels, header = _pixels(data)
    pixel_hash = pixel_sha256(pixels)
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd tags; what they hold is cut off here.
            warnings.simplefilter("ignore")
            stored, removed = strip(data, header.format, header.orientation)
    except Exception as error:
        raise refusal("I03", f"has a damaged structure ({error}): its metadata cannot be removed") from error
    if stored != data and pixel_sha256(_pixels(stored)[0]) != pixel_hash:
        raise refusal("I03", "loses pixels with its metadata")
    return Received(
        stored=stored,
        file_sha256=hashlib.sha256(data).hexdigest(),
        stored_sha256=hashlib.sha256(stored).hexdigest(),
        pixel_sha256=pixel_hash,
        format=header.format,
        width=header.width,
        height=header.height,
        color_mode=header.color_mode,
        file_bytes=len(data),
        exif_orientation=header.orientation,
        metadata_removed=removed,
    )


def _pixels(data: bytes) -> tuple[npt.NDArray[np.uint8], Header]:
    image, header = opened(data)
    load(image)
    return as_array(turned(to_rgb(image), header)), header
