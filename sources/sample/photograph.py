"""Bytes of a picture: the photo of a lesion as JPEG, and its altered copies."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from sources.sample.exposure import Exposure, setup
from sources.sample.planted import Picture

__all__ = ["draw", "picture_bytes"]

Image = npt.NDArray[np.uint8]


def draw(exposure: Exposure) -> Image:
    """Return the photo, uint8 RGB of shape (height, width, 3)."""
    camera = exposure.camera
    rng = exposure.stream("quick")
    how = setup(exposure)
    image = np.empty((camera.height, camera.width, 3), np.float32)
    image[:] = 255 * np.exp(-exposure.lesion.patient.melanin * np.array([0.835, 1.0, 1.176])) * np.array([0.8, 0.66, 0.58])
    image += cv2.resize(rng.standard_normal((camera.height // 3, camera.width // 3, 1), dtype=np.float32), (camera.width, camera.height))[..., None] * 6
    radius = exposure.lesion.diameter_mm / 2 * camera.px_per_mm * how.zoom
    center = (camera.width // 2, camera.height // 2)
    cv2.circle(image, center, int(radius), (90, 50, 30) if not exposure.lesion.malignant else (50, 30, 40), -1)
    return np.clip(image, 0, 255).astype(np.uint8)


def _encode(image: Image, quality: int) -> bytes:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OSError("the picture could not be encoded as JPEG")
    return data.tobytes()


def _altered(data: bytes, edit: str, rng: np.random.Generator) -> bytes:
    """Return the bytes of an altered copy: decoded, changed and saved again, as people do it."""
    image = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    height, width = image.shape[:2]
    quality = int(rng.integers(78, 93))
    if edit == "resaved":
        quality = int(rng.integers(45, 76))
    elif edit == "resized":
        factor = rng.uniform(0.9, 1.6)
        image = cv2.resize(image, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    elif edit == "cropped":
        left, right, top, bottom = (rng.uniform(0.02, 0.09, 4) * (width, width, height, height)).astype(int)
        image = np.ascontiguousarray(image[top : height - bottom, left : width - right])
    elif edit == "mirrored":
        image = cv2.flip(image, 1)
    elif edit == "upended":
        image = cv2.flip(image, 0)
    return _encode(np.asarray(image, np.uint8), quality)


def picture_bytes(picture: Picture) -> bytes:
    """Return the JPEG of a picture, drawn on demand; the same bytes for the same picture.

    Parameters
    ----------
    picture : Picture
        Everything that is needed to draw it, so that a worker process can.
    """
    data = _encode(draw(picture.exposure), picture.exposure.camera.jpeg_quality)
    if picture.edit in {"", "same"}:
        return data
    return _altered(data, picture.edit, picture.exposure.stream(f"copy {picture.edit} {picture.image_id}"))
