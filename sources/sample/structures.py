"""What a dermatologist looks for in a lesion: outline, network, globules, streaks, vessels, nests, cysts, scale."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sources.sample.canvas import Amount, Canvas, Field, smooth_step
from sources.sample.skin import Layers

__all__ = [
    "Outline",
    "branching_vessels",
    "clods",
    "cysts",
    "dome",
    "globules",
    "leaves",
    "loops",
    "nests",
    "network",
    "outline",
    "pressed_out",
    "ridges",
    "scale",
    "streaks",
]

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a lesion is.

    Parameters
    ----------
    rho : array, shape (height, width)
        0 at the center, 1 on the border, larger outside.
    mask : array, shape (height, width)
        1 inside, 0 outside, soft at the border.
    smooth : array, shape (height, width)
        As `rho`, without the frays of the border: what the height of the lesion follows.
    radius_mm : float
        Half of the longest diameter.
    """

    rho: Field
    mask: Field
    smooth: Field
    radius_mm: float


def outline(
    canvas: Canvas, diameter_mm: float, *, lobes: int = 1, ragged: float = 0.1, soft: float = 0.1, slim: float = 0.85
) -> Outline:
    """Return an outline of one or several lobes.

    Parameters
    ----------
    canvas : Canvas
    diameter_mm : float
        Longest diameter.
    lobes : int
        Overlapping ellipses that it is made of; more make it asymmetric.
    ragged : float
        Notches of the border, relative to the radius.
    soft : float
        Width of the border, relative to the radius.
    slim : float
        Shorter over longer axis.
    """
    rng = canvas.stream("outline")
    radius = diameter_mm / 2
    wide = canvas.noise("border wide", 0.6 * radius) * np.float32(0.34 * ragged)
    narrow = canvas.noise("border narrow", 0.25 * radius) * np.float32(0.26 * ragged)
    frayed = canvas.noise("border frayed", 0.16) * np.float32(0.025 + 0.05 * ragged)
    near = np.zeros_like(wide)
    toward = rng.uniform(0, 2 * math.pi)
    for _ in range(lobes):
        turn = rng.uniform(0, math.pi)
        size = 1.0 if lobes == 1 else rng.uniform(0.55, 0.78)
        away = 0.0 if lobes == 1 else rng.uniform(0.2, 0.42)
        x = canvas.x / np.float32(radius) - np.float32(away * math.cos(toward))
        y = canvas.y / np.float32(radius) - np.float32(away * math.sin(toward))
        cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
        long, short = cos * x + sin * y, (cos * y - sin * x) / np.float32(slim * rng.uniform(0.9, 1.1))
        toward += 2 * math.pi / lobes + rng.normal(0, 0.5)
        near += np.exp(np.float32(-9.0) * (np.sqrt(long * long + short * short) - np.float32(size)))
    # A soft minimum over the lobes: 0 on the common border, negative inside.
    distance = np.clip(-np.log(np.maximum(near, 1e-30)) / 9, -1.2, 6)
    smooth = np.asarray(distance + wide + 1, np.float32)
    rho = np.asarray(smooth + narrow + frayed, np.float32)
    return Outline(rho, smooth_step(rho, 1 + soft, 1 - soft), smooth, radius)


def network(canvas: Canvas, name: str, spacing_mm: float, *, irregular: float = 0.2, width_mm: float = 0.05) -> Field:
    """Return a pigment network, about 1 on its lines and 0 in its holes.

    Parameters
    ----------
    spacing_mm : float
        Distance of its holes.
    irregular : float
        0..1; holes of unequal size, lines of unequal strength.
    """
    points = canvas.lattice(f"network {name}", spacing_mm, 0.17 + 0.12 * irregular, reach_mm=9.0)
    kept = points[canvas.stream(f"holes {name}").random(len(points)) > 0.45 * irregular]
    walls, _ = canvas.cells(kept)
    lines = canvas.blurred(walls, width_mm) * np.float32(canvas.px_per_mm * width_mm * 2.1)
    strength = 1 + (0.25 + 0.5 * irregular) * canvas.noise(f"lines {name}", 2.2 * spacing_mm)
    return np.asarray(np.clip(lines * np.clip(strength, 0.15, 2.0), 0, 1.6), np.float32)


def globules(
    canvas: Canvas,
    name: str,
    where: Amount,
    *,
    spacing_mm: float,
    radius_mm: float,
    share: float = 0.8,
    uneven: float = 0.3,
) -> Field:
    """Return round clods, 0..1, where a field is above one half."""
    points = canvas.lattice(f"globules {name}", spacing_mm, 0.2, reach_mm=9.0)
    rng = canvas.stream(f"globules {name}")
    sizes = radius_mm * np.exp(rng.normal(0, uneven, len(points)))
    shown = (rng.random(len(points)) < share) & (canvas.value_at(where, points) > 0.5)
    strengths = np.where(shown, np.clip(rng.normal(0.8, 0.15, len(points)), 0.2, 1), 0).astype(np.float32)
    return canvas.dots(points, sizes, strengths, soft_mm=0.035)


def clods(canvas: Canvas, name: str, spacing_mm: float) -> tuple[Field, Field]:
    """Return packed clods as darkness per clod (0..1) and the walls between them (0..1): lacunae, cobblestones."""
    points = canvas.lattice(f"clods {name}", spacing_mm, 0.25, reach_mm=7.0)
    walls, owner = canvas.cells(points)
    shades = canvas.stream(f"clods {name}").random(len(points)).astype(np.float32)
    filled = canvas.blurred(np.asarray(shades[owner], np.float32), 0.05)
    return filled, np.asarray(
        np.clip(canvas.blurred(walls, 0.05) * np.float32(canvas.px_per_mm * 0.14), 0, 1), np.float32
    )


def streaks(canvas: Canvas, border: Outline, *, count: int, sector: float, bulbs: bool) -> Field:
    """Return radial lines at the border, 0..1, some with a bulb at the end.

    Parameters
    ----------
    sector : float
        Share of the border that carries them; below 1 they are all on one side.
    """
    rng = canvas.stream("streaks")
    start = rng.uniform(0, 2 * math.pi)
    angles = start + rng.uniform(0, 2 * math.pi * sector, count)
    lines, ends = [], []
    for angle in angles:
        reach = np.linspace(0.2, 1.5, 40)
        ray = np.column_stack([np.cos(angle) * reach, np.sin(angle) * reach]) * border.radius_mm
        rho = canvas.value_at(border.rho, ray)
        edge = float(reach[int(np.argmin(np.abs(rho - 1)))])
        bend = angle + rng.normal(0, 0.12)
        along = np.linspace(edge - rng.uniform(0.2, 0.35), edge + rng.uniform(0.05, 0.2), 8)
        turn = np.linspace(angle, bend, 8)
        points = np.column_stack([np.cos(turn) * along, np.sin(turn) * along]) * border.radius_mm
        lines.append((points, float(rng.uniform(0.07, 0.14)), 0.9))
        ends.append(points[-1])
    marks = canvas.strokes(lines, soft_mm=0.03)
    if not bulbs or not ends:
        return marks
    sizes = rng.uniform(0.08, 0.15, len(ends))
    return np.maximum(marks, canvas.dots(np.array(ends), sizes, np.full(len(ends), 0.9, np.float32), soft_mm=0.03))


def _branch(
    rng: np.random.Generator, start: Points, angle: float, length: float, width: float
) -> Iterator[tuple[Points, float, float]]:
    steps = max(4, int(length / 0.12))
    turns = angle + np.cumsum(rng.normal(0, 0.2, steps))
    points = start + np.cumsum(np.column_stack([np.cos(turns), np.sin(turns)]) * (length / steps), axis=0)
    line = np.vstack([start, points])
    yield line, width, float(np.clip(0.5 + width * 5, 0, 1))
    if width < 0.03:
        return
    for side in (-1, 1):
        at = int(rng.integers(steps // 3, steps))
        yield from _branch(
            rng,
            points[at],
            float(turns[at]) + side * rng.uniform(0.4, 0.9),
            length * rng.uniform(0.45, 0.75),
            width * 0.62,
        )


def branching_vessels(canvas: Canvas, border: Outline, count: int) -> Field:
    """Return sharp vessels that branch like a tree, 0..1, as over a basal cell carcinoma."""
    rng = canvas.stream("vessels")
    lines: list[tuple[Points, float, float]] = []
    for _ in range(count):
        angle = rng.uniform(0, 2 * math.pi)
        start = np.array([math.cos(angle), math.sin(angle)]) * border.radius_mm * rng.uniform(0.55, 1.0)
        inward = angle + math.pi + rng.normal(0, 0.6)
        lines += _branch(rng, start, inward, border.radius_mm * rng.uniform(0.7, 1.2), rng.uniform(0.07, 0.12))
    return canvas.strokes(lines, soft_mm=0.015)


def loops(canvas: Canvas, where: Amount, spacing_mm: float, radius_mm: float) -> Field:
    """Return coiled or dotted vessels, 0..1, where a field is above one half."""
    return globules(canvas, "vessels", where, spacing_mm=spacing_mm, radius_mm=radius_mm, share=0.65, uneven=0.25)


def nests(canvas: Canvas, border: Outline, count: int, size_mm: float) -> Field:
    """Return large ovoid patches inside, 0..1."""
    rng = canvas.stream("nests")
    marks = np.zeros_like(border.rho)
    wave = canvas.noise("nest wave", 0.5) * np.float32(0.25)
    for _ in range(count):
        angle, away = rng.uniform(0, 2 * math.pi), border.radius_mm * math.sqrt(rng.uniform(0.02, 0.65))
        x, y = canvas.x - np.float32(away * math.cos(angle)), canvas.y - np.float32(away * math.sin(angle))
        turn, size = rng.uniform(0, math.pi), size_mm * math.exp(rng.normal(0, 0.35))
        cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
        far = np.hypot(cos * x + sin * y, (cos * y - sin * x) * np.float32(1.6)) / np.float32(size) + wave
        marks = np.maximum(
            marks, smooth_step(np.asarray(far, np.float32), 1.2, 0.7) * np.float32(rng.uniform(0.6, 1.0))
        )
    return marks * border.mask


def leaves(canvas: Canvas, border: Outline, count: int) -> Field:
    """Return leaf-like patches at the border, 0..1: blunt fingers that spread from a common base."""
    rng = canvas.stream("leaves")
    lines = []
    for _ in range(count):
        angle = rng.uniform(0, 2 * math.pi)
        base = np.array([math.cos(angle), math.sin(angle)]) * border.radius_mm * rng.uniform(0.7, 0.9)
        for finger in np.linspace(-0.8, 0.8, int(rng.integers(3, 6))):
            reach = np.linspace(0.05, rng.uniform(0.5, 0.8), 5)[:, None]
            toward = angle + finger + rng.normal(0, 0.1)
            lines.append(
                (base + reach * np.array([math.cos(toward), math.sin(toward)]), float(rng.uniform(0.16, 0.26)), 0.9)
            )
    return canvas.strokes(lines, soft_mm=0.06)


def cysts(canvas: Canvas, name: str, where: Amount, count_per_mm2: float, radius_mm: float) -> Field:
    """Return scattered round marks, 0..1: milia-like cysts, follicle plugs."""
    spacing = 1 / math.sqrt(count_per_mm2)
    points = canvas.lattice(f"cysts {name}", spacing, 0.35, reach_mm=8.0)
    rng = canvas.stream(f"cysts {name}")
    sizes = radius_mm * np.exp(rng.normal(0, 0.4, len(points)))
    shown = canvas.value_at(where, points) > 0.5
    strengths = np.where(shown, np.clip(rng.normal(0.75, 0.2, len(points)), 0.2, 1), 0).astype(np.float32)
    return canvas.dots(points, sizes, strengths, soft_mm=0.05)


def ridges(canvas: Canvas, name: str, width_mm: float) -> Field:
    """Return winding fissures, 1 in the fissure: the brain-like surface of a seborrheic keratosis."""
    field = canvas.noise(f"ridges {name}", width_mm) + np.float32(0.35) * canvas.noise(
        f"ridges fine {name}", 0.45 * width_mm
    )
    return np.asarray(np.exp(-np.square(field / np.float32(0.28))), np.float32)


def scale(canvas: Canvas, name: str, cover: float) -> Field:
    """Return flakes of horn, 0..1.

    Parameters
    ----------
    cover : float
        Share of the area that they cover, about.
    """
    patch = canvas.noise(f"scale patch {name}", 1.3)
    flake = canvas.noise(f"scale flake {name}", 0.22, stretch=(0.7, 1.8))
    crumb = canvas.noise(f"scale crumb {name}", 0.12)
    edge = 1.3 - 2.4 * cover
    covered = smooth_step(np.asarray(0.8 * patch + 0.5 * flake + 0.25 * crumb, np.float32), edge - 0.5, edge + 1.0)
    return np.asarray(np.clip(covered * (0.75 + 0.3 * crumb), 0, 1), np.float32)


def dome(border: Outline, height_mm: float, power: float = 2.0) -> Field:
    """Return the height of a rounded lesion, mm; a larger power makes it flatter on top and steeper at the border."""
    return np.asarray(np.clip(1 - np.clip(border.smooth, 0, 1) ** power, 0, 1) * height_mm, np.float32)


def pressed_out(layers: Layers, border: Outline, share: float) -> Layers:
    """Smooth the skin's own furrows under a raised lesion."""
    keep = 1 - np.float32(share) * border.mask
    return layers.times(relief=keep)
