"""The patch of skin around one lesion, a plane in millimeters: noise, points and marks, the same at every scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from sources.sample.chance import stream

__all__ = ["Amount", "Canvas", "Field", "smooth_step"]

Field = npt.NDArray[np.float32]
# What arithmetic on fields gives before it is made a field again.
Amount = npt.NDArray[np.floating]

# Noise is a tile that repeats. Fine noise repeats after 31 mm at the earliest (cells of 0.12 mm), more than a
# dermoscopic picture shows; coarse noise needs fewer cells for the same length.
_FINE_TILE, _MIDDLE_TILE, _COARSE_TILE = 256, 128, 96
_MIDDLE_FROM_MM, _COARSE_FROM_MM = 0.3, 0.6
# Positions of marks are handed to OpenCV in sixteenths of a pixel.
_SHIFT = 4
# Lattices of points cover this half width, mm: the largest field of view, turned.
_REACH = 30.0


def smooth_step(field: Amount, low: float, high: float) -> Field:
    """Return 0 below `low`, 1 above `high`, a smooth step between; `low` may be the larger one."""
    part = np.clip((field - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


@lru_cache(maxsize=2)
def _grid(canvas: Canvas) -> tuple[Field, Field]:
    across = ((np.arange(canvas.width) - canvas.center[0]) / canvas.px_per_mm).astype(np.float32)
    down = ((np.arange(canvas.height) - canvas.center[1]) / canvas.px_per_mm).astype(np.float32)
    x, y = np.meshgrid(across, down)
    x.flags.writeable = y.flags.writeable = False
    return x, y


@dataclass(frozen=True, slots=True)
class Canvas:
    """A rectangle of skin around a lesion.

    Parameters
    ----------
    seed, lesion : int
        Name of all random streams: two canvases of one lesion show the same skin at whatever scale.
    px_per_mm : float
    width, height : int
        Size, px.
    center : tuple of float
        Where the center of the lesion lies, px; the origin of all positions in mm.
    """

    seed: int
    lesion: int
    px_per_mm: float
    width: int
    height: int
    center: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def x(self) -> Field:
        """Horizontal position of each pixel, mm from the center, shape (height, width)."""
        return _grid(self)[0]

    @property
    def y(self) -> Field:
        """Vertical position of each pixel, mm from the center, shape (height, width)."""
        return _grid(self)[1]

    def stream(self, name: str) -> np.random.Generator:
        """Return the random stream of one thing on this skin."""
        return stream(self.seed, "skin", self.lesion, name)

    def noise(self, name: str, cell_mm: float, *, stretch: tuple[float, float] | None = None) -> Field:
        """Return smooth noise of mean 0 and standard deviation about 1, shape (height, width).

        Parameters
        ----------
        name : str
        cell_mm : float
            Size of its details, mm.
        stretch : tuple of float, optional
            Angle (radians) and factor by which details are longer along it.
        """
        cells = _FINE_TILE if cell_mm < _MIDDLE_FROM_MM else _MIDDLE_TILE if cell_mm < _COARSE_FROM_MM else _COARSE_TILE
        tile = self.stream(f"noise {name}").standard_normal((cells, cells), dtype=np.float32)
        step = 1 / (self.px_per_mm * cell_mm)
        angle, longer = stretch if stretch is not None else (0.0, 1.0)
        cos, sin = math.cos(angle), math.sin(angle)
        turn = np.array([[cos * step / longer, sin * step / longer], [-sin * step, cos * step]])
        origin = np.array([cells / 2, cells / 2]) - turn @ np.array(self.center)
        matrix = np.column_stack([turn, origin])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        # Cubic interpolation between independent values loses about a quarter of the deviation.
        sampled = cv2.warpAffine(tile, matrix, (self.width, self.height), flags=flags, borderMode=cv2.BORDER_WRAP)
        return np.asarray(sampled * np.float32(1.3), np.float32)

    def lattice(
        self, name: str, spacing_mm: float, jitter: float, *, reach_mm: float = _REACH
    ) -> npt.NDArray[np.float64]:
        """Return points of a jittered hexagonal lattice, mm, shape (n, 2).

        Parameters
        ----------
        name : str
        spacing_mm : float
        jitter : float
            Standard deviation of the displacement, in units of the spacing.
        reach_mm : float
            Half width that the lattice covers.
        """
        count = math.ceil(reach_mm / spacing_mm)
        row, column = np.mgrid[-count : count + 1, -count : count + 1].astype(np.float64)
        points = np.column_stack([(column + 0.5 * (row % 2)).ravel(), (row * 0.866).ravel()])
        return (points + self.stream(f"lattice {name}").normal(0, jitter, points.shape)) * spacing_mm

    def to_px(self, points_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return positions in pixels, shape (n, 2)."""
        return np.asarray(points_mm * self.px_per_mm + np.array(self.center), np.float64)

    def inside(self, points_mm: npt.NDArray[np.float64], margin_mm: float = 0.5) -> npt.NDArray[np.bool_]:
        """Return which points lie on the canvas."""
        place = self.to_px(points_mm)
        margin = margin_mm * self.px_per_mm
        return np.asarray(((place > -margin) & (place < np.array([self.width, self.height]) - 1 + margin)).all(axis=1))

    def value_at(self, field: Amount, points_mm: npt.NDArray[np.float64]) -> Field:
        """Return a field's value at the nearest pixel of each point, shape (n,); 0 off the canvas."""
        place = np.rint(self.to_px(points_mm)).astype(np.int64)
        corner = np.array([self.width, self.height]) - 1
        known = ((place >= 0) & (place <= corner)).all(axis=1)
        place = np.clip(place, 0, corner)
        return np.where(known, field[place[:, 1], place[:, 0]], np.float32(0)).astype(np.float32)

    def dots(
        self,
        points_mm: npt.NDArray[np.float64],
        radii_mm: npt.NDArray[np.float64],
        strengths: Field,
        *,
        soft_mm: float = 0.0,
    ) -> Field:
        """Return round marks as a field 0..1.

        Parameters
        ----------
        points_mm : array, shape (n, 2)
        radii_mm, strengths : array, shape (n,)
            Strength 0..1; later marks lie over earlier ones.
        soft_mm : float
            Blur of the edge, mm.
        """
        marks = np.zeros(self.shape, np.uint8)
        scale = 1 << _SHIFT
        shown = self.inside(points_mm) & (strengths > 0)
        centers = np.rint(self.to_px(points_mm[shown]) * scale).astype(int)
        sizes = np.maximum(np.rint(radii_mm[shown] * self.px_per_mm * scale), scale // 2).astype(int)
        for center, size, strength in zip(centers.tolist(), sizes.tolist(), strengths[shown].tolist(), strict=True):
            cv2.circle(marks, center, size, int(255 * strength), -1, cv2.LINE_AA, _SHIFT)
        return self.softened(marks, soft_mm)

    def strokes(self, lines: Iterable[tuple[npt.NDArray[np.float64], float, float]], *, soft_mm: float = 0.0) -> Field:
        """Return drawn lines as a field 0..1.

        Parameters
        ----------
        lines : iterable of (points, width, strength)
            Points in mm, shape (n, 2); width in mm; strength 0..1.
        soft_mm : float
            Blur of the edge, mm.
        """
        marks = np.zeros(self.shape, np.uint8)
        for points, width_mm, strength in lines:
            place = np.rint(self.to_px(points) * (1 << _SHIFT)).astype(np.int32)
            width = width_mm * self.px_per_mm
            # A line thinner than a pixel is a paler line of one pixel.
            color = int(255 * strength * min(1.0, width))
            cv2.polylines(marks, [place], False, color, max(1, round(width)), cv2.LINE_AA, _SHIFT)
        return self.softened(marks, soft_mm)

    def softened(self, marks: npt.NDArray[np.uint8], soft_mm: float) -> Field:
        """Return drawn marks as a field 0..1, blurred by a width in mm."""
        field = marks.astype(np.float32) / np.float32(255)
        return self.blurred(field, soft_mm) if soft_mm > 0 else field

    def blurred(self, field: Amount, width_mm: float) -> Field:
        """Return a field under a Gaussian blur of a width (sigma) in mm."""
        sigma = max(0.3, width_mm * self.px_per_mm)
        return np.asarray(cv2.GaussianBlur(np.asarray(field, np.float32), (0, 0), sigma), np.float32)

    def cells(self, points_mm: npt.NDArray[np.float64]) -> tuple[Field, npt.NDArray[np.int64]]:
        """Return the walls of the Voronoi cells of points (0/1), and for each pixel the number of its point."""
        seeds = np.full(self.shape, 255, np.uint8)
        numbers = np.flatnonzero(self.inside(points_mm, 0.0))
        place = np.rint(self.to_px(points_mm[numbers])).astype(int)
        seeds[place[:, 1], place[:, 0]] = 0
        _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        walls = np.zeros(self.shape, np.float32)
        walls[:, 1:] = labels[:, 1:] != labels[:, :-1]
        walls[1:] = np.maximum(walls[1:], labels[1:] != labels[:-1])
        # OpenCV numbers the cells in the order of the pixels; the number of the point is the same on every canvas.
        point_of = np.zeros(int(labels.max()) + 1, np.int64)
        point_of[labels[place[:, 1], place[:, 0]]] = numbers
        return walls, point_of[labels]
