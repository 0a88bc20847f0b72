"""Skin color around a lesion as an angle, where the picture allows one.

The individual typology angle (ITA) is ``atan2(L* - 50, b*)`` in degrees on CIELAB (D65); larger is lighter. The lesion,
hair, highlights and the frame of the dermatoscope are outliers of a smooth skin under smooth light: they are dropped
while the light is fitted, so no segmentation model is needed (`design/curation.md` 7.2).

References
----------
Chardon, Cretois, Hourseau, Int J Cosmet Sci 13:191, 1991. Measured error on drawn skin: `accept/skin_phantoms.py`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from curate.measures.measure import Image, Measure, Reading

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

WIDTH_PX = 200
_FRAME_BELOW, _FRAME_GROWN_PX = 35, 9
_HAIR_ABOVE, _HAIR_KERNELS_PX, _HAIR_GROWN_PX = 12, (5, 9), 3
_GLARE_ABOVE, _GLARE_GROWN_PX = 245, 5
_RING = 0.25  # outer share of each side where the fit starts
_ITERATIONS = 6
_STEP_PX = 2  # the light is smooth: every second pixel of every second row is enough to fit it
_KEEP_MAD, _KEEP_A, _KEEP_B = 2.5, 6.0, 7.0
_MAD_TO_SD = 1.4826
_GRID, _REPLICATES = 4, 80
# Quality: share of the picture kept, spread of the blocks in degrees, ranges of a* and b* of human skin, chroma of a
# gray picture.
_MIN_KEPT, _MAX_SPREAD = 0.15, 8.0
_A_RANGE, _B_RANGE = (3.0, 25.0), (3.0, 35.0)
_GRAY_CHROMA = 4.0
_MIN_BLOCK_PX = 30
# 90th percentile of the absolute error on drawn skin of known color (accept/skin_phantoms.py, 400 pictures), in
# degrees: what the spread between blocks cannot show, for the whole picture is off at once (rounding of dark levels,
# hair, a light misread).
METHOD_ERROR = 2.7

VALUE, LOW, HIGH, SPREAD = "ita_degrees", "ita_degrees_low", "ita_degrees_high", "ita_spread_degrees"

__all__ = ["HIGH", "LOW", "SKIN_TONE", "VALUE", "individual_typology_angle", "read_skin_tone"]


def individual_typology_angle(lightness: npt.ArrayLike, yellowness: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the angle of skin colors.

    Parameters
    ----------
    lightness, yellowness : array
        L* (0..100) and b* of CIELAB, D65 white.

    Returns
    -------
    array
        Degrees; beyond -90..90 where b* is negative, which no human skin under white light is.
    """
    return np.asarray(np.degrees(np.arctan2(np.asarray(lightness, float) - 50.0, np.asarray(yellowness, float))))


class _Skin(NamedTuple):
    """Skin pixels of one picture under even light: L*, a*, b*, and the block of a 4 x 4 grid that each lies in."""

    lab: Floats  # (n, 3)
    block: npt.NDArray[np.int64]  # (n,)
    share: float


def read_skin_tone(image: Image) -> Mapping[str, Reading]:
    """Return the angle of the skin on a picture with its 90 % interval, or why there is none.

    Parameters
    ----------
    image : array, shape (h, w, 3), uint8
        Upright sRGB.

    Returns
    -------
    mapping
        ``ita_degrees``, ``ita_degrees_low``, ``ita_degrees_high`` and ``ita_spread_degrees`` (standard deviation of the
        angle over blocks of the picture); all ``declined`` with one reason where the color cannot be trusted: ``gray``,
        ``little_skin``, ``color_cast`` or ``uneven``. The interval covers the picture only; light and camera add to it.
    """
    small = _reduced(image)
    skin = _even_skin(small)
    reason = _refusal(small, skin)
    if reason is not None or skin is None:
        return dict.fromkeys((VALUE, LOW, HIGH, SPREAD), Reading(None, "declined", reason))
    light, _, yellow = np.median(skin.lab, axis=0)
    angle = float(individual_typology_angle(light, yellow))
    low, high = _interval(skin, small)
    values = {VALUE: angle, LOW: min(low, angle), HIGH: max(high, angle), SPREAD: _spread(skin)}
    return {name: Reading(value) for name, value in values.items()}


SKIN_TONE = Measure(
    name="skin_tone",
    version="1",
    units={VALUE: "degrees", LOW: "degrees", HIGH: "degrees", SPREAD: "degrees"},
    of=read_skin_tone,
)


def _reduced(image: Image) -> Image:
    height, width = image.shape[:2]
    if width <= WIDTH_PX:
        return image
    size = (WIDTH_PX, max(1, round(height * WIDTH_PX / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _even_skin(small: Image) -> _Skin | None:
    """Return the skin with the light divided out, or None where too little is left to fit."""
    usable = ~_hidden(small)
    rgb = small.astype(np.float32) / 255
    lab = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), np.float32)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4).astype(np.float32)
    luminance = np.log(np.maximum(linear @ np.array([0.2126, 0.7152, 0.0722], np.float32), 1e-4))
    terms = _light_terms(small.shape[0], small.shape[1])
    fitted = _fitted(luminance, lab, terms, usable)
    if fitted is None:
        return None
    kept, light = fitted
    if not kept.any():
        return None
    even = linear / np.exp(light - light[light.shape[0] // 2, light.shape[1] // 2])[..., None]
    even_lab = cv2.cvtColor(np.ascontiguousarray(even[kept])[None], cv2.COLOR_LRGB2LAB)[0]
    rows, columns = np.nonzero(kept)
    block = (rows * _GRID // small.shape[0]) * _GRID + columns * _GRID // small.shape[1]
    return _Skin(even_lab, block.astype(np.int64), float(kept.mean()))


def _hidden(small: Image) -> Bools:
    """Return the pixels of the frame, of hair and of highlights."""
    gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    hair = np.zeros(gray.shape, np.uint8)
    for size in _HAIR_KERNELS_PX:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        hair = np.maximum(hair, cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, kernel))
    hidden = _grown(hair > _HAIR_ABOVE, _HAIR_GROWN_PX)
    hidden |= _grown(gray > _GLARE_ABOVE, _GLARE_GROWN_PX)
    return hidden | _grown(_frame(gray), _FRAME_GROWN_PX)


def _frame(gray: npt.NDArray[np.uint8]) -> Bools:
    """Return the dark region that touches the border: corners and rim of a dermatoscope."""
    dark = (cv2.GaussianBlur(gray, (5, 5), 0) < _FRAME_BELOW).astype(np.uint8)
    _, labels = cv2.connectedComponents(dark)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return np.isin(labels, border[border > 0])


def _grown(mask: Bools, size_px: int) -> Bools:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((size_px, size_px), np.uint8)), bool)


def _light_terms(height: int, width: int) -> Floats:
    """Return 1, x, y and x^2 + y^2 of each pixel, the center at 0: what the light may look like."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / max(width - 1, 1) - 0.5, y / max(height - 1, 1) - 0.5
    return np.stack([np.ones_like(x), x, y, x * x + y * y], axis=-1)


def _fitted(luminance: Floats, lab: Floats, terms: Floats, usable: Bools) -> tuple[Bools, Floats] | None:
    """Return the pixels of even skin and the log of the light on all pixels."""
    every = (slice(None, None, _STEP_PX), slice(None, None, _STEP_PX))
    coarse_luminance, coarse_lab, coarse_terms, coarse_usable = (
        luminance[every],
        lab[every],
        terms[every],
        usable[every],
    )
    kept = _ring_of(coarse_usable)
    weights = np.zeros(terms.shape[-1], np.float32)
    for step in range(_ITERATIONS):
        if kept.sum() < _MIN_BLOCK_PX:
            return None
        weights = _light_weights(coarse_luminance[kept], coarse_terms[kept], radial=step > 0)
        rest = coarse_luminance - coarse_terms @ weights
        center = np.median(rest[kept])
        wide = max(float(np.median(np.abs(rest[kept] - center))) * _MAD_TO_SD, 0.01)
        color = np.median(coarse_lab[kept], axis=0)
        kept = coarse_usable & _is_skin(rest - center, coarse_lab, wide, color)
    light = np.asarray(terms @ weights, np.float32)
    return usable & _is_skin(luminance - light - center, lab, wide, color), light


def _ring_of(usable: Bools) -> Bools:
    """Return the usable pixels of the outer ring, where the fit starts; all usable ones where the ring is hidden."""
    height, width = usable.shape
    top, left = int(height * _RING), int(width * _RING)
    ring = usable.copy()
    ring[top : height - top, left : width - left] = False
    return ring if ring.mean() >= _MIN_KEPT / 2 else usable


def _is_skin(rest: Floats, lab: Floats, wide: float, color: Floats) -> Bools:
    near = np.abs(rest) < _KEEP_MAD * wide
    near &= (np.abs(lab[..., 1] - color[1]) < _KEEP_A) & (np.abs(lab[..., 2] - color[2]) < _KEEP_B)
    return np.asarray(near, bool)


def _light_weights(luminance: Floats, terms: Floats, *, radial: bool) -> Floats:
    """Return the weights of a plane of light, with a fall-off towards the rim where there is one.

    A light that grows towards the rim is no light but a large dark lesion in the middle: then the plane alone is
    fitted.
    """
    count = 4 if radial else 3
    x, y = terms[:, :count].astype(np.float64), luminance.astype(np.float64)
    weights = np.linalg.solve(x.T @ x + 1e-6 * np.eye(count), x.T @ y)
    if radial and weights[-1] > 0:
        return _light_weights(luminance, terms, radial=False)
    return np.concatenate([weights, np.zeros(terms.shape[1] - count)]).astype(np.float32)


def _refusal(small: Image, skin: _Skin | None) -> str | None:
    """Return why a picture gives no angle, or None where it does."""
    if skin is None or skin.share < _MIN_KEPT or np.bincount(skin.block).max() < _MIN_BLOCK_PX:
        return "little_skin"
    chroma = np.hypot(skin.lab[:, 1], skin.lab[:, 2])
    if float(np.percentile(chroma, 95)) < _GRAY_CHROMA or (small == small[..., :1]).all():
        return "gray"
    _, red, yellow = np.median(skin.lab, axis=0)
    # With b* near or below 0 the angle says nothing: 41 % of real dermoscopic pictures are so (camera white balance).
    if not (_A_RANGE[0] <= red <= _A_RANGE[1] and _B_RANGE[0] < yellow <= _B_RANGE[1]):
        return "color_cast"
    return "uneven" if _spread(skin) >= _MAX_SPREAD else None


def _blocks(skin: _Skin) -> tuple[Floats, Floats]:
    """Return the median L*, a*, b* of each block with enough skin, and its pixels."""
    counts = np.bincount(skin.block, minlength=_GRID * _GRID)
    enough = np.flatnonzero(counts >= _MIN_BLOCK_PX)
    medians = np.stack([np.median(skin.lab[skin.block == block], axis=0) for block in enough])
    return medians.astype(np.float32), counts[enough].astype(np.float32)


def _spread(skin: _Skin) -> float:
    """Return the standard deviation of the angle over the blocks, in degrees, weighted by their skin."""
    medians, counts = _blocks(skin)
    angles = individual_typology_angle(medians[:, 0], medians[:, 2])
    mean = np.average(angles, weights=counts)
    return math.sqrt(float(np.average((angles - mean) ** 2, weights=counts)))


def _interval(skin: _Skin, small: Image) -> tuple[float, float]:
    """Return the 90 % interval of the angle by drawing blocks of the picture with replacement.

    The seed comes from the pixels: equal pixels give equal intervals. `METHOD_ERROR` is added in quadrature.
    """
    medians, counts = _blocks(skin)
    seed = int.from_bytes(hashlib.sha256(np.ascontiguousarray(small).tobytes()).digest()[:8], "big")
    drawn = np.random.default_rng(seed).integers(0, len(counts), (_REPLICATES, len(counts)))
    weights = counts[drawn][..., None]
    colors = (medians[drawn] * weights).sum(axis=1) / weights.sum(axis=1)
    angles = individual_typology_angle(colors[:, 0], colors[:, 2])
    angle, low, high = np.percentile(angles, [50, 5, 95])
    return float(angle - math.hypot(angle - low, METHOD_ERROR)), float(angle + math.hypot(high - angle, METHOD_ERROR))
