"""Facts of one candidate pair: how many local matches one map explains, where they lie, how alike the pixels are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.matching.features import LONG_SIDE_PX, Features, mirrored
from curate.matching.geometry import Alignment, Matches, align, nearest, occupied_cells
from curate.matching.photometry import compare_aligned

INLIERS_SHOWN = 60
# Name of the rule in keys of caches: to be changed with any constant or step of geometry and photometry.
PARAMETERS = "pairs-v1"


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What was measured of two pictures, without judgement.

    Parameters
    ----------
    inliers, matches : int
        Matches that the map explains, and all mutual matches.
    cells : int
        Occupied cells of an 8 x 8 grid, the fewer of the two pictures.
    spread : float
        Deviation of the inliers across their main direction, units of the long side (a ruler has next to none).
    share_inside : float
        Inliers over the keypoints of A that fall inside B.
    scale, anisotropy : float
        Mean magnification A to B, and larger over smaller.
    ratio : float
        Mean distance ratio of the inliers.
    residual : float
        Mean distance of the inliers from the map, units of the long side.
    residual_px : float
        The same in pixels of the coarser picture, as far as it was looked at (at most 225 px).
    overlap : float
        Share of B that A covers.
    gray, local_gray : float
        Correlation of the gray pictures, plain and locally normalized.
    mirror : bool
        A was mirrored.
    matrix : tuple of float
        The map, row by row.
    points : tuple of (float, float, float, float)
        Up to 60 inliers: x, y in A (not mirrored), x, y in B; units of the long sides.
    """

    inliers: int
    matches: int
    cells: int
    spread: float
    share_inside: float
    scale: float
    anisotropy: float
    ratio: float
    residual: float
    residual_px: float
    overlap: float
    gray: float
    local_gray: float
    mirror: bool
    matrix: tuple[float, ...]
    points: tuple[tuple[float, float, float, float], ...]


def verify(a: Features, b: Features, *, mirror: bool) -> PairFacts | None:
    """Return the facts of a pair, or None where no map explains three matches.

    Parameters
    ----------
    a, b : Features
        As extracted; the order matters in the last digit, so callers sort a pair by pixel hash.
    mirror : bool
        Compare the mirrored A.
    """
    left = mirrored(a) if mirror else a
    similarity = left.descriptors.astype(np.float32) @ b.descriptors.T.astype(np.float32)
    matches = nearest(similarity * np.float32(1 / 512**2))
    alignment = align(left, b, matches)
    return None if alignment is None else _facts(left, b, matches, alignment, mirror=mirror)


def _facts(a: Features, b: Features, matches: Matches, found: Alignment, *, mirror: bool) -> PairFacts:
    source = a.points[matches.left[found.inliers]]
    target = b.points[matches.right[found.inliers]]
    large, small = found.singular_values
    gray, local_gray, overlap = compare_aligned(a, b, found.matrix)
    inside = _count_inside(a.points, found.matrix, b.frame)
    return PairFacts(
        inliers=len(found.inliers),
        matches=len(matches.left),
        cells=min(occupied_cells(source, a.frame), occupied_cells(target, b.frame)),
        spread=_spread(target),
        share_inside=len(found.inliers) / max(inside, 1),
        scale=float(np.sqrt(large * small)),
        anisotropy=large / max(small, 1e-6),
        ratio=float(matches.ratio[found.inliers].mean()),
        residual=found.residual,
        residual_px=found.residual * _seen_px(a, b) / max(1.0, float(np.sqrt(large * small))),
        overlap=overlap,
        gray=gray,
        local_gray=local_gray,
        mirror=mirror,
        matrix=tuple(float(x) for x in found.matrix.ravel()),
        points=_shown(source, target, a.frame[0] if mirror else None),
    )


def _seen_px(a: Features, b: Features) -> int:
    return min(LONG_SIDE_PX, max(a.width_px, a.height_px), max(b.width_px, b.height_px))


def _count_inside(points: npt.NDArray[np.float32], matrix: npt.NDArray[np.float64], frame: tuple[float, float]) -> int:
    carried = points @ matrix[:, :2].T + matrix[:, 2]
    return int(((carried > 0) & (carried < np.array(frame))).all(axis=1).sum())


def _spread(points: npt.NDArray[np.float32]) -> float:
    return float(np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[-1] / np.sqrt(len(points)))


def _shown(
    source: npt.NDArray[np.float32], target: npt.NDArray[np.float32], mirror_width: float | None
) -> tuple[tuple[float, float, float, float], ...]:
    x = source[:, 0] if mirror_width is None else mirror_width - source[:, 0]
    rows = np.column_stack([x, source[:, 1], target]).astype(float)[:INLIERS_SHOWN].round(4)
    return tuple((a, b, c, d) for a, b, c, d in rows.tolist())
