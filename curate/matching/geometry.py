"""One geometric map between two sets of keypoints, found without drawing: every match is tried as a hypothesis.

The map carries a point of picture A to picture B, both in units of their long sides. A mirrored pair is verified on the
features of the mirrored A (`features.mirrored`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.matching.features import Features

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

# curation.md 3.4, steps 1 to 4.
RATIO = 0.90
MATCHES_KEPT = 150
POSITION, LOG_SCALE, TURN = 0.06, 0.7, 0.5
REFINE = (0.05, 0.03, 0.02)
AFFINE_FROM = 6
CELLS = 8
MIN_INLIERS = 3


@dataclass(frozen=True, slots=True)
class Matches:
    """Mutual nearest neighbors: keypoint `left[i]` of A and `right[i]` of B, `ratio[i]` to the second best."""

    left: Indices
    right: Indices
    ratio: Doubles


@dataclass(frozen=True, slots=True)
class Alignment:
    """The best map between two pictures and the matches that agree with it.

    Parameters
    ----------
    matrix : array, shape (2, 3)
        A point of A to B, units of the long sides.
    inliers : array of int, shape (n,)
        Positions in the matches.
    residual : float
        Mean distance of the inliers from the map, units of B's long side.
    """

    matrix: Doubles
    inliers: Indices
    residual: float

    @property
    def singular_values(self) -> tuple[float, float]:
        """Larger and smaller magnification of the map."""
        large, small = np.linalg.svd(self.matrix[:, :2], compute_uv=False)
        return float(large), float(small)


def nearest(similarity: npt.NDArray[np.float32]) -> Matches:
    """Return the mutual nearest neighbors that beat the second best in both pictures, the clearest first.

    Parameters
    ----------
    similarity : array, shape (k_a, k_b), float32
        Cosine of the descriptors.
    """
    if min(similarity.shape) < 2:
        none = np.empty(0, np.intp)
        return Matches(none, none, np.empty(0))
    left = np.arange(len(similarity))
    right = similarity.argmax(axis=1)
    mutual = similarity.argmax(axis=0)[right] == left
    left, right = left[mutual], right[mutual]
    best = np.sqrt(np.maximum(2 - 2 * similarity[left, right].astype(float), 1e-9))
    ratio = np.maximum(
        best / _second_distance(similarity[left], right), best / _second_distance(similarity.T[right], left)
    )
    order = np.lexsort((right, left, ratio))
    order = order[ratio[order] <= RATIO][:MATCHES_KEPT]
    return Matches(left[order], right[order], ratio[order])


def _second_distance(rows: npt.NDArray[np.float32], best: Indices) -> Doubles:
    others = rows.copy()
    others[np.arange(len(rows)), best] = -1
    second: Doubles = np.sqrt(np.maximum(2 - 2 * others.max(axis=1, initial=-1).astype(float), 1e-9))
    return second


def align(a: Features, b: Features, matches: Matches) -> Alignment | None:
    """Return the map that most matches agree with, or None where fewer than three do.

    Parameters
    ----------
    a, b : Features
        A mirrored beforehand where the pair is tried as mirrored.
    matches : Matches
        From `nearest`.
    """
    if len(matches.left) < MIN_INLIERS:
        return None
    source, target = a.points[matches.left].astype(float), b.points[matches.right].astype(float)
    scale = np.log(b.sizes[matches.right] / a.sizes[matches.left]).astype(float)
    turn = (b.angles[matches.right] - a.angles[matches.left]).astype(float)
    kept = _best_hypothesis(source, target, scale, turn)
    for tolerance in REFINE:
        if len(kept) < MIN_INLIERS:
            return None
        matrix = _fit(source[kept], target[kept])
        distance = np.hypot(*(source @ matrix[:, :2].T + matrix[:, 2] - target).T)
        close = (distance < tolerance) & _consistent(matrix, scale, turn)
        kept = np.flatnonzero(close)
    kept = _one_to_one(source, target, kept, distance)
    if len(kept) < MIN_INLIERS:
        return None
    return Alignment(matrix, kept, float(distance[kept].mean()))


def _best_hypothesis(source: Doubles, target: Doubles, scale: Doubles, turn: Doubles) -> Indices:
    a, b = source @ [1, 1j], target @ [1, 1j]
    factor = np.exp(scale + 1j * turn)
    error = np.abs(factor[:, None] * (a[None] - a[:, None]) - (b[None] - b[:, None]))
    agree = (error < POSITION) & (np.abs(scale[None] - scale[:, None]) < LOG_SCALE)
    agree &= np.cos(turn[None] - turn[:, None]) > np.cos(TURN)
    return np.flatnonzero(agree[agree.sum(axis=1).argmax()])


def _consistent(matrix: Doubles, scale: Doubles, turn: Doubles) -> npt.NDArray[np.bool_]:
    determinant = np.linalg.det(matrix[:, :2])
    if determinant <= 0:  # a fold: no picture of skin is turned inside out
        return np.zeros(len(scale), bool)
    angle = np.arctan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1])
    agree = np.abs(scale - 0.5 * np.log(determinant)) < LOG_SCALE
    return np.asarray(agree & (np.cos(turn - angle) > np.cos(TURN)), np.bool_)


def _fit(source: Doubles, target: Doubles) -> Doubles:
    """Return the least squares map: a similarity up to five points, affine from six."""
    if len(source) >= AFFINE_FROM:
        design = np.column_stack([source, np.ones(len(source))])
        return np.asarray(np.linalg.lstsq(design, target, rcond=None)[0].T, np.float64)
    a, b = source @ [1, 1j], target @ [1, 1j]
    spread = a - a.mean()
    factor = np.vdot(spread, b - b.mean()) / max(np.vdot(spread, spread).real, 1e-12)
    shift = b.mean() - factor * a.mean()
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def _one_to_one(source: Doubles, target: Doubles, kept: Indices, distance: Doubles) -> Indices:
    """Count a place once: a keypoint with two orientations must not vote twice (quarter of a pixel)."""
    order = kept[np.lexsort((kept, distance[kept]))]
    for points in (source, target):
        place = np.rint(points[order] * 900).astype(int)
        _, first = np.unique(place, axis=0, return_index=True)
        order = order[np.sort(first)]
    return np.sort(order)


def occupied_cells(points: npt.NDArray[np.floating], frame: tuple[float, float]) -> int:
    """Return how many cells of an 8 x 8 grid over the picture hold a point."""
    cell = np.clip((points / np.array(frame) * CELLS).astype(int), 0, CELLS - 1)
    return len(np.unique(cell[:, 0] * CELLS + cell[:, 1]))
