"""How alike two pictures are once one is laid over the other by the map that their keypoints gave."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from curate.matching.features import THUMBNAIL_PX, Features

SIGMA = 12.0  # pixels at 160 px: local mean and deviation, curation.md 3.4 step 6
MIN_OVERLAP_PX = 200


def compare_aligned(a: Features, b: Features, matrix: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return correlation of gray, correlation of locally normalized gray, and overlap as a share of B.

    Parameters
    ----------
    a, b : Features
        A mirrored beforehand where the pair is tried as mirrored.
    matrix : array, shape (2, 3)
        A point of A to B, units of the long sides.
    """
    shift = matrix[:, 2] * THUMBNAIL_PX - 0.5 + 0.5 * matrix[:, :2].sum(axis=1)
    pixels = np.column_stack([matrix[:, :2], shift])
    height, width = b.thumbnail.shape
    warped = cv2.warpAffine(a.thumbnail, pixels, (width, height), flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(np.full_like(a.thumbnail, 255), pixels, (width, height), flags=cv2.INTER_LINEAR) > 250
    if inside.sum() < MIN_OVERLAP_PX:
        return 0.0, 0.0, float(inside.mean())
    left, right = warped.astype(np.float32), b.thumbnail.astype(np.float32)
    mask = inside.astype(np.float32)
    plain = correlation(left[inside], right[inside])
    local = correlation(normalize_locally(left, mask)[inside], normalize_locally(right, mask)[inside])
    return plain, local, float(inside.mean())


def normalize_locally(gray: npt.NDArray[np.float32], mask: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return gray minus its local mean over its local deviation, both inside a mask only."""
    weight = _smooth(mask) + 1e-6
    mean = _smooth(gray * mask) / weight
    deviation = np.sqrt(_smooth((gray - mean) ** 2 * mask) / weight + 1.0)
    return np.asarray((gray - mean) / deviation, np.float32)


def _smooth(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    # A quarter of the size first: a Gaussian of 12 px on 160 px costs ten times more than one of 3 px on 40 px.
    height, width = values.shape
    small = cv2.resize(values, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), SIGMA / 4, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def correlation(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> float:
    """Return Pearson's correlation of two vectors; 0 where one is flat."""
    left, right = left - left.mean(), right - right.mean()
    scale = float(np.sqrt((left @ left) * float(right @ right)))
    return float(left @ right) / scale if scale > 0 else 0.0
