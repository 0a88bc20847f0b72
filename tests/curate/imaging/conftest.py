"""Pictures drawn for tests: a blob on skin with a blue corner, which shows which way is up."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

Encode = Callable[..., bytes]


@pytest.fixture
def picture() -> Image.Image:
    """Return 64 x 48 px, RGB, with smooth skin and a blue top left corner."""
    y, x = np.mgrid[0:48, 0:64]
    blob = np.exp(-(((x - 32) / 12) ** 2 + ((y - 22) / 10) ** 2))
    rgb = np.stack([200 - 120 * blob, 160 - 110 * blob, 140 - 100 * blob], -1)
    rgb[:12, :16] = (30, 60, 200)
    return Image.fromarray(rgb.astype(np.uint8))


@pytest.fixture
def encode() -> Encode:
    """Return the function that writes a picture in a format."""

    def written(image: Image.Image, image_format: str, **options: object) -> bytes:
        out = io.BytesIO()
        image.save(out, image_format, **options)
        return out.getvalue()

    return written
