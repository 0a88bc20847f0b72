"""Numbers that describe the lesion in one photograph: color, shape, border, texture. No weights, no training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.float64]

SECTORS = 24
# Luma of sRGB, ITU-R BT.601.
LUMA = np.array([0.299, 0.587, 0.114])


def describe(image: npt.NDArray[np.uint8]) -> Floats:
    """Return the features of one image.

    Parameters
    ----------
    image : uint8 array, shape (height, width, 3)
        sRGB.

    Returns
    -------
    float64 array, shape (61,)
        Finite for every image.
    """
    pixels = image.astype(np.float64) / 255
    gray = ndimage.gaussian_filter(pixels @ LUMA, 1.0)
    mask = lesion(gray)
    found = np.concatenate([_color(pixels, mask), _shape(mask), _sectors(pixels, mask), _texture(pixels @ LUMA, mask)])
    return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)


def lesion(gray: Floats) -> npt.NDArray[np.bool_]:
    """Return the mask of the dark region that lies nearest to the middle; a central disk where nothing stands out.

    Parameters
    ----------
    gray : float64 array, shape (height, width)
        Brightness in 0..1.

    References
    ----------
    Otsu, IEEE Trans Syst Man Cybern 9:62, 1979, for the threshold.
    """
    y, x = np.indices(gray.shape)
    radius = np.hypot((y + 0.5) / gray.shape[0] * 2 - 1, (x + 0.5) / gray.shape[1] * 2 - 1)
    inside = radius < 1
    dark = ndimage.binary_opening((gray < _otsu(gray[inside])) & inside, iterations=1)
    labels, count = ndimage.label(ndimage.binary_fill_holes(dark))
    if count == 0:
        middle = radius < 0.5
        return middle if middle.any() else np.ones(gray.shape, dtype=bool)
    nearness = ndimage.sum(np.exp(-4 * radius**2), labels, index=np.arange(1, count + 1))
    return np.asarray(labels == 1 + int(np.argmax(nearness)))


def _otsu(values: Floats) -> float:
    counts, edges = np.histogram(values, bins=64, range=(0, 1))
    middles = (edges[:-1] + edges[1:]) / 2
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
    mean_below = np.cumsum(counts * middles) / np.maximum(below, 1)
    mean_above = (np.cumsum((counts * middles)[::-1]) / np.maximum(np.cumsum(counts[::-1]), 1))[::-1]
    between = below[:-1] * above[1:] * (mean_below[:-1] - mean_above[1:]) ** 2
    return float(edges[1:-1][int(np.argmax(between))]) if between.size else 0.5


def _color(pixels: Floats, mask: npt.NDArray[np.bool_]) -> Floats:
    """Return color of the lesion, of the skin, their contrast, and spread inside (25)."""
    skin = ~ndimage.binary_dilation(mask, iterations=3)
    skin = skin if skin.any() else ~mask if not mask.all() else mask
    inner, outer = pixels[mask], pixels[skin]
    chroma = inner / np.maximum(inner.sum(axis=1, keepdims=True), 1e-3)
    return np.concatenate(
        [
            inner.mean(axis=0),
            inner.std(axis=0),
            outer.mean(axis=0),
            outer.std(axis=0),
            np.log((inner.mean(axis=0) + 0.01) / (outer.mean(axis=0) + 0.01)),
            np.percentile(inner @ LUMA, [5, 25, 75, 95]),
            chroma.mean(axis=0),
            chroma.std(axis=0),
        ]
    )


def _shape(mask: npt.NDArray[np.bool_]) -> Floats:
    """Return size, outline, elongation and asymmetry (8)."""
    area = mask.sum()
    outline = area - ndimage.binary_erosion(mask).sum()
    y, x = np.nonzero(mask)
    spread = np.cov(np.stack([y, x])) if area > 2 else np.eye(2)
    axes = np.sqrt(np.maximum(np.linalg.eigvalsh(spread), 1e-6))
    profile = _profile(mask)
    around = np.concatenate([profile, profile, profile])
    smooth = ndimage.uniform_filter1d(around, 5)[SECTORS : 2 * SECTORS]
    return np.array(
        [
            area / mask.size,
            outline**2 / (4 * np.pi * area),
            axes[0] / axes[1],
            profile.std(),
            np.abs(profile - np.roll(profile, SECTORS // 2)).mean(),
            np.abs(profile - profile[::-1]).mean(),
            np.abs(profile - smooth).mean(),
            _overlap(mask),
        ]
    )


def _profile(mask: npt.NDArray[np.bool_]) -> Floats:
    """Return the reach of the lesion in each direction from its center, in units of its mean reach."""
    y, x = np.nonzero(mask)
    dy, dx = y - y.mean(), x - x.mean()
    sector = ((np.arctan2(dy, dx) + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    reach = ndimage.maximum(np.hypot(dy, dx), sector, index=np.arange(SECTORS))
    reach = np.asarray(reach, dtype=np.float64)
    return reach / max(float(reach.mean()), 1e-6)


def _overlap(mask: npt.NDArray[np.bool_]) -> float:
    """Return the share of the lesion that falls on itself when it is turned by half."""
    y, x = np.nonzero(mask)
    turned_y, turned_x = np.rint(2 * y.mean() - y).astype(int), np.rint(2 * x.mean() - x).astype(int)
    inside = (turned_y >= 0) & (turned_y < mask.shape[0]) & (turned_x >= 0) & (turned_x < mask.shape[1])
    return float(mask[turned_y[inside], turned_x[inside]].sum() / len(y))


def _sectors(pixels: Floats, mask: npt.NDArray[np.bool_]) -> Floats:
    """Return how color differs between eight sectors and between rim and core (12)."""
    y, x = np.nonzero(mask)
    colors = pixels[mask]
    dy, dx = y - y.mean(), x - x.mean()
    eighth = ((np.arctan2(dy, dx) + np.pi) / (2 * np.pi) * 8).astype(int) % 8
    counts = np.maximum(np.bincount(eighth, minlength=8), 1)
    means = np.stack([np.bincount(eighth, colors[:, each], minlength=8) / counts for each in range(3)], axis=1)
    distance = np.hypot(dy, dx)
    core = distance <= np.median(distance)
    rim = ~core if (~core).any() else core
    return np.concatenate(
        [
            means.std(axis=0),
            np.ptp(means, axis=0),
            colors[rim].mean(axis=0) - colors[core].mean(axis=0),
            colors[rim].std(axis=0) - colors[core].std(axis=0),
        ]
    )


def _texture(gray: Floats, mask: npt.NDArray[np.bool_]) -> Floats:
    """Return strength of detail at three scales inside and on the border, and local binary patterns (16)."""
    border = ndimage.binary_dilation(mask, iterations=2) & ~ndimage.binary_erosion(mask, iterations=2)
    border = border if border.any() else mask
    found = []
    for sigma in (0.7, 1.5, 3.0):
        slope = ndimage.gaussian_gradient_magnitude(gray, sigma)
        found += [slope[mask].mean(), slope[border].mean()]
    return np.concatenate([found, _patterns(gray, mask)])


def _patterns(gray: Floats, mask: npt.NDArray[np.bool_]) -> Floats:
    """Return shares of ten uniform patterns of the eight neighbors (rotation invariant).

    References
    ----------
    Ojala, Pietikainen, Maenpaa, IEEE Trans Pattern Anal Mach Intell 24:971, 2002.
    """
    padded = np.pad(gray, 1, mode="edge")
    height, width = gray.shape
    steps = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    brighter = np.stack([padded[dy : dy + height, dx : dx + width] >= gray for dy, dx in steps])
    changes = (brighter != np.roll(brighter, 1, axis=0)).sum(axis=0)
    uniform = 2  # at most two changes around the circle
    code = np.where(changes <= uniform, brighter.sum(axis=0), 9)
    return np.bincount(code[mask], minlength=10)[:10] / mask.sum()
