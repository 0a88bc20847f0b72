"""Bytes of a picture to upright 8-bit sRGB, and what a dataset keeps of a received file.

Light on purpose: worker processes import it, so it needs numpy and Pillow only.
"""

from __future__ import annotations

from curate.imaging.decoding import LIMIT_MEGAPIXELS, MIN_SIDE_PX, Header, decode, read_header
from curate.imaging.receiving import Received, pixel_sha256, receive

__all__ = [
    "LIMIT_MEGAPIXELS",
    "MIN_SIDE_PX",
    "Header",
    "Received",
    "decode",
    "pixel_sha256",
    "read_header",
    "receive",
]
