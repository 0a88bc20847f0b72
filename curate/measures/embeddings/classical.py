"""An embedding of color, texture and shape that needs no weights and is the same on every machine.

Three concentric zones stand for lesion, border and skin; the lesion itself is the darker part that Otsu's threshold
gives. Good enough to rank suspicious labels of a synthetic or small set; a network sees more.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from curate.measures.embeddings.embedder import Embedder
from curate.measures.measure import Image

SIDE_PX = 128
ZONES = (0.35, 0.7)  # radii in half sides: lesion, border, skin
PERCENTILES = (5, 25, 50, 75, 95)
COLOR_BINS = 4
TEXTURE_SCALES = (1.0, 2.0, 4.0, 8.0)
MIN_AREA_PX = 16
VERSION = "1"

Floats = npt.NDArray[np.float32]


def classical() -> Embedder:
    """Return the embedder without weights."""
    return Embedder("classical", hashlib.sha256(f"classical {VERSION}".encode()).hexdigest(), embed)


def embed(images: Sequence[Image]) -> Floats:
    """Return one vector of color, texture and shape per picture, shape (n, d)."""
    return np.stack([_vector(image) for image in images])


def _vector(image: Image) -> Floats:
    small = cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    lab = np.asarray(cv2.cvtColor(small.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB), np.float32)
    lightness = np.ascontiguousarray(lab[..., 0])
    zones = _zones()
    parts = [
        *(_colors(lab[zone]) for zone in zones),
        _joint_histogram(lab[zones[0]]),
        *(_pattern_histogram(lightness, radius)[zone] for radius in (1, 3) for zone in (0, 1)),
        _energies(lightness, zones),
        _shape(lab),
    ]
    return np.concatenate(parts).astype(np.float32)


def _zones() -> list[npt.NDArray[np.bool_]]:
    axis = (np.arange(SIDE_PX) + 0.5) / SIDE_PX * 2 - 1
    radius = np.hypot(axis[:, None], axis[None])
    return [radius < ZONES[0], (radius >= ZONES[0]) & (radius < ZONES[1]), radius >= ZONES[1]]


def _colors(pixels: Floats) -> Floats:
    spread = np.percentile(pixels, PERCENTILES, axis=0).ravel()
    return np.asarray(np.concatenate([spread, pixels.std(axis=0)]) / 50, np.float32)


def _joint_histogram(pixels: Floats) -> Floats:
    low, high = np.array([0, -20, -20]), np.array([100, 60, 60])
    cell = np.clip((pixels - low) / (high - low) * COLOR_BINS, 0, COLOR_BINS - 1).astype(int)
    index = (cell[:, 0] * COLOR_BINS + cell[:, 1]) * COLOR_BINS + cell[:, 2]
    return np.sqrt(np.bincount(index, minlength=COLOR_BINS**3) / len(pixels)).astype(np.float32)


def _pattern_histogram(lightness: Floats, radius: int) -> tuple[Floats, Floats]:
    """Return rotation invariant local binary patterns: uniform ones by count of bright neighbors, others in one bin.

    References
    ----------
    Ojala, Pietikainen and Maenpaa, IEEE TPAMI 24:971, 2002.
    """
    angles = np.arange(8) * np.pi / 4
    padded = cv2.copyMakeBorder(lightness, radius, radius, radius, radius, cv2.BORDER_REFLECT)
    rows = np.rint(radius * np.sin(angles)).astype(int) + radius
    columns = np.rint(radius * np.cos(angles)).astype(int) + radius
    around = np.stack(
        [padded[r : r + SIDE_PX, c : c + SIDE_PX] for r, c in zip(rows.tolist(), columns.tolist(), strict=True)]
    )
    above = around > lightness + 0.5  # half a step of lightness: noise is no pattern
    changes = (above != np.roll(above, 1, axis=0)).sum(axis=0)
    code = np.where(changes <= 2, above.sum(axis=0), 9)
    inner, middle, _ = _zones()
    return _shares(code[inner]), _shares(code[middle])


def _shares(code: npt.NDArray[np.int64]) -> Floats:
    return np.sqrt(np.bincount(code, minlength=10) / code.size).astype(np.float32)


def _energies(lightness: Floats, zones: Sequence[npt.NDArray[np.bool_]]) -> Floats:
    """Return the log deviation of each band of detail in each zone."""
    levels = [lightness, *(cv2.GaussianBlur(lightness, (0, 0), sigma) for sigma in TEXTURE_SCALES)]
    bands = [fine - coarse for fine, coarse in itertools.pairwise(levels)]
    return np.array([np.log1p(band[zone].std()) for band in bands for zone in zones], np.float32)


def _shape(lab: Floats) -> Floats:
    """Return area, compactness, asymmetry, offset, axes, border contrast and color spread of the darker part."""
    smooth = cv2.GaussianBlur(lab[..., 0], (0, 0), 3)
    gray = np.clip(smooth * 2.55, 0, 255).astype(np.uint8)
    _, mask = cv2.threshold(gray, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    mask[_zones()[2]] = 0  # dark corners are no lesion
    area = int(mask.sum())
    if area < MIN_AREA_PX or area == mask.size:
        return np.zeros(12, np.float32)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    border = sum(cv2.arcLength(contour, closed=True) for contour in contours)
    inside, outside = lab[mask > 0], lab[mask == 0]
    flips = [np.abs(mask.astype(int) - mask[turn].astype(int)).sum() for turn in _flips()]
    difference = (inside.mean(axis=0) - np.median(outside, axis=0)) / 50
    form = [area / mask.size, border**2 / (4 * np.pi * area) / 10, *(flip / area for flip in flips)]
    return np.array([*form, *_moments(mask), *difference, *(inside.std(axis=0) / 25)], np.float32)


def _flips() -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    keep, turn = slice(None), slice(None, None, -1)
    return (turn, keep), (keep, turn)


def _moments(mask: npt.NDArray[np.uint8]) -> tuple[float, float]:
    """Return the distance of the center of mass from the middle, and the smaller over the larger axis."""
    rows, columns = np.nonzero(mask)
    points = np.stack([columns, rows]).astype(float)
    offset = float(np.hypot(*(points.mean(axis=1) - (SIDE_PX - 1) / 2)) / SIDE_PX)
    small, large = np.linalg.eigvalsh(np.cov(points) + 1e-6 * np.eye(2))
    return offset, float(np.sqrt(small / large))
