"""Bytes of a picture: the photo of a lesion as JPEG, and its altered copies."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from sources.sample.camera import develop, light_up, viewpoint
from sources.sample.exposure import Exposure, setup
from sources.sample.lesion import draw_lesion
from sources.sample.occlusions import behind_glass, on_skin
from sources.sample.planted import Picture
from sources.sample.skin import color

__all__ = ["draw", "picture_bytes"]

Image = npt.NDArray[np.uint8]


def draw(exposure: Exposure) -> Image:
    """Return a photo, uint8 sRGB of shape (height, width, 3).

    Parameters
    ----------
    exposure : Exposure
        Skin and lesion are a function of its lesion alone; viewpoint, light and what lies on the skin of the exposure.
    """
    how = setup(exposure)
    canvas, where_x, where_y = viewpoint(exposure, how)
    layers = draw_lesion(canvas, exposure.lesion)
    lit = light_up(color(layers), layers.relief, exposure, how, canvas)
    photo = cv2.remap(lit, where_x, where_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    photo = behind_glass(on_skin(np.asarray(photo, np.float32), exposure, how), exposure, how)
    return develop(photo, exposure, how)


def _encode(image: Image, quality: int) -> bytes:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OSError("the picture could not be encoded as JPEG")
    return data.tobytes()


def _altered(data: bytes, edit: str, rng: np.random.Generator) -> bytes:
    """Return the bytes of an altered copy: decoded, changed and saved again, as people do it."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None, "a picture that was just encoded"
    image = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
    height, width = image.shape[:2]
    quality = int(rng.integers(78, 93))
    if edit == "resaved":
        quality = int(rng.integers(45, 76))
    elif edit == "resized":
        factor = rng.uniform(0.9, 1.6)
        image = cv2.resize(
            image,
            (round(width * factor), round(height * factor)),
            interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC,
        )
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
