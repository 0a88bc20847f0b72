"""Bytes to pixels: a claim is checked before a pixel is decoded, and a damaged picture is refused, not guessed.

Everything goes through Pillow: one decoder gives one hash of pixels, and it refuses a truncated file where others fill
the rest with gray.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, UnidentifiedImageError

from schemas.errors import DataFault, Fault

# Constraint I07. DermaMNIST has 28 px a side; the largest pictures of the collections have 24 megapixels.
MIN_SIDE_PX = 16
LIMIT_MEGAPIXELS = 100

# Pillow's names of formats to ours. MPO is what Pillow calls a JPEG that carries a second, smaller copy of the same
# picture behind the first, as many telephones write it: the first is the picture.
_FORMATS = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "TIFF": "tiff", "BMP": "bmp", "WEBP": "webp", "GIF": "gif"}
_OPENED = [name for name in _FORMATS if name != "MPO"]
_COLOR_MODES = {"L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "P": "P", "PA": "P", "CMYK": "CMYK", "1": "1"}
_ORIENTATION = 0x0112
# EXIF 2.32, section 4.6.4: what turns a stored picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of its picture before a pixel is decoded.

    Parameters
    ----------
    format : str
        Code of list ``image_format``, by content.
    color_mode : str
        Code of list ``color_mode``.
    width, height : int
        Pixels, upright.
    orientation : int or None
        EXIF orientation 1..8 as found.
    """

    format: str
    color_mode: str
    width: int
    height: int
    orientation: int | None


def refusal(rule: Literal["I03", "I07"], what: str) -> DataFault:
    """Return the error that says why a picture cannot be taken."""
    return DataFault(what, faults=(Fault(rule=rule, what=what),))


def read_header(data: bytes) -> Header:
    """Return what a file claims; costs no decoding, however large the claim is.

    Parameters
    ----------
    data : bytes
        The whole file.

    Raises
    ------
    schemas.errors.DataFault
        I03 where it is no picture or has several frames, I07 where a side or the count of pixels is beyond the limits.
    """
    return opened(data)[1]


def decode(data: bytes, *, at_least: int | None = None) -> npt.NDArray[np.uint8]:
    """Return a picture as it is to be looked at.

    Parameters
    ----------
    data : bytes
        The whole file.
    at_least : int, optional
        Pixels that the long side must keep: a JPEG is then decoded at 1/2, 1/4 or 1/8, which is faster.

    Returns
    -------
    array, shape (height, width, 3)
        uint8, sRGB, upright, transparent parts on white.

    Raises
    ------
    schemas.errors.DataFault
        Where `read_header` refuses it, or it cannot be decoded to the last row.
    """
    image, header = opened(data)
    if at_least is not None and header.format == "jpeg":
        shrink = max(1, max(image.size) // at_least)
        image.draft(None, (image.width // shrink, image.height // shrink))
    profile = image.info.get("icc_profile")
    load(image)
    return as_array(turned(_to_srgb(image, profile), header))


def opened(data: bytes) -> tuple[Image.Image, Header]:
    """Return a picture whose header was read and found within the limits, not decoded yet."""
    if not data:
        raise refusal("I03", "holds no bytes")
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd but readable files, and of pictures above its own lower limit.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=_OPENED)
            header = _header(image)
            frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    except Image.DecompressionBombError as error:
        raise refusal("I07", f"claims {_megapixels(str(error))}; the limit is {LIMIT_MEGAPIXELS} megapixels") from error
    except UnidentifiedImageError as error:
        raise refusal("I03", f"is not a picture: it starts with {_start(data)}") from error
    except Exception as error:
        raise refusal("I03", f"has a damaged header ({error})") from error
    if frames > 1:
        raise refusal("I03", f"holds {frames} frames; a sample is one picture")
    _check_size(header)
    return image, header


def _header(image: Image.Image) -> Header:
    # Pillow decodes a whole PNG to look for EXIF behind the pixels; PNG 3 (11.3.4.4) asks for it before them.
    exif = _exif_of_png(image) if image.format == "PNG" else image.getexif()
    orientation = exif.get(_ORIENTATION)
    found = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else None
    width, height = image.size
    # Pillow gives the size of a TIFF upright, of every other format as stored.
    if found is not None and found >= 5 and image.format != "TIFF":
        width, height = height, width
    mode = "I16" if image.mode.startswith("I") else _COLOR_MODES.get(image.mode, "unmapped")
    return Header(_FORMATS[str(image.format)], mode, width, height, found)


def _exif_of_png(image: Image.Image) -> Image.Exif:
    exif = Image.Exif()
    block = image.info.get("exif")
    if block:
        exif.load(block)
    return exif


def _check_size(header: Header) -> None:
    size = f"{header.width}x{header.height} px"
    if min(header.width, header.height) < MIN_SIDE_PX:
        raise refusal("I07", f"is {size}; the least is {MIN_SIDE_PX} px a side")
    if header.width * header.height > LIMIT_MEGAPIXELS * 1_000_000:
        raise refusal("I07", f"is {size}; the limit is {LIMIT_MEGAPIXELS} megapixels")


def _megapixels(message: str) -> str:
    count = re.search(r"\d+", message)
    return f"{int(count.group()) / 1e6:,.0f} megapixels" if count else "more pixels than any camera has"


def _start(data: bytes) -> str:
    return ascii(data[:16].decode("latin-1"))


def load(image: Image.Image) -> None:
    """Decode a picture to its last row.

    Raises
    ------
    schemas.errors.DataFault
        I03 where the file ends early or its content is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
    except Exception as error:
        raise refusal("I03", f"cannot be decoded to its last row ({error})") from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a decoded picture with 8 bits in each of three channels, its color profile not applied."""
    if image.mode.startswith("I"):
        # 257 takes 65535 to 255 and keeps what was 8 bits before it was widened.
        narrow = np.rint(np.clip(np.asarray(image, np.float32), 0, 65535) / 257).astype(np.uint8)
        return Image.fromarray(narrow).convert("RGB")
    if image.mode == "F":
        raise refusal("I03", "holds floating-point numbers, not a picture of 8 or 16 bits")
    if "A" in image.getbands() or "transparency" in image.info:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or image.mode not in {"RGB", "RGBA", "L", "CMYK"}:
        return to_rgb(image)
    source = image if image.mode in {"L", "CMYK"} else to_rgb(image)
    try:
        found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(found).casefold():
            return to_rgb(image)
        converted = ImageCms.profileToProfile(
            source,
            found,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        # A profile that cannot be read, or is for another kind of picture, is as good as none.
        return to_rgb(image)
    return converted if converted is not None else to_rgb(image)


def turned(image: Image.Image, header: Header) -> Image.Image:
    """Return a decoded picture upright."""
    if header.format == "tiff" or header.orientation is None or header.orientation == 1:
        return image
    return image.transpose(_TURNS[header.orientation])


def as_array(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Return pixels as a writable array, shape (height, width, 3)."""
    return np.array(image, dtype=np.uint8)
