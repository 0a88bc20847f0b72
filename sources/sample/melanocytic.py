"""Nevi and melanomas: network, globules, blotches, streaks, blue-white veil, regression."""

from __future__ import annotations

import numpy as np

from sources.sample import structures as seen
from sources.sample.canvas import Canvas, smooth_step
from sources.sample.population import Lesion
from sources.sample.skin import Layers
from sources.sample.structures import Outline, dome, pressed_out

__all__ = [
    "atypical",
    "blue_nevus",
    "compound_nevus",
    "dermal_nevus",
    "junctional_nevus",
    "nodular_melanoma",
    "plain_nevus",
]


def _depth(rng: np.random.Generator, middle: float) -> float:
    """Draw how dark a nevus is: light tan to almost black."""
    return float(np.clip(middle * np.exp(rng.normal(0, 0.38)), 0.35, 2.6))


def junctional_nevus(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Junctional nevus: a regular brown network that thins out toward the border."""
    rng = canvas.stream("painter")
    border = seen.outline(
        canvas, lesion.diameter_mm, ragged=0.12 + 0.25 * lesion.atypia, soft=0.24, slim=rng.uniform(0.72, 0.95)
    )
    net = seen.network(canvas, "main", rng.uniform(0.28, 0.4), irregular=0.15 + 0.6 * lesion.atypia)
    depth = _depth(rng, 1.0)
    fade = border.mask * (0.55 + 0.45 * smooth_step(border.rho, 0.95, 0.3))
    blotch = 0.85 + 0.18 * canvas.noise("blotch", 0.5 * border.radius_mm)
    return skin.plus(pigment=fade * blotch * (depth * 0.5 + depth * 0.6 * net))


def compound_nevus(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Compound nevus: darker in the middle, globules, a rim of network; slightly raised."""
    rng = canvas.stream("painter")
    border = seen.outline(
        canvas, lesion.diameter_mm, ragged=0.12 + 0.28 * lesion.atypia, soft=0.2, slim=rng.uniform(0.72, 0.98)
    )
    core = smooth_step(border.rho, 0.85, 0.25)
    net = seen.network(canvas, "rim", rng.uniform(0.32, 0.45), irregular=0.2 + 0.5 * lesion.atypia)
    spacing = rng.uniform(0.36, 0.55)
    where = border.mask if rng.random() < 0.6 else border.mask * smooth_step(border.rho, 0.35, 0.6)
    drops = seen.globules(canvas, "main", where, spacing_mm=spacing, radius_mm=0.34 * spacing, share=0.85)
    depth = _depth(rng, 1.1)
    body = border.mask * (0.45 + 0.35 * core + 0.12 * canvas.noise("body", 0.4 * border.radius_mm))
    brown = depth * (body + 0.55 * drops * border.mask + 0.4 * net * border.mask * (1 - core))
    warm = border.mask * np.float32(rng.uniform(0.1, 0.35))
    raised = pressed_out(skin, border, 0.6)
    return raised.plus(
        pigment=brown,
        blood=warm,
        relief=dome(border, rng.uniform(0.2, 0.7)) + 0.015 * drops,
    )


def dermal_nevus(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Dermal nevus: a skin-colored to tan dome, cobblestones, comma vessels."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, ragged=0.08, soft=0.18, slim=rng.uniform(0.85, 1.0))
    shades, walls = seen.clods(canvas, "stones", rng.uniform(0.45, 0.75))
    vessels = seen.branching_vessels(canvas, border, int(rng.integers(1, 4))) * border.mask * np.float32(0.5)
    tan = border.mask * (rng.uniform(0.1, 0.6) + 0.25 * (shades - 0.3) + 0.12 * walls)
    raised = pressed_out(skin, border, 0.75)
    stones = 0.03 * (1 - walls) * border.mask
    return raised.plus(
        pigment=np.clip(tan, 0, None),
        blood=border.mask * np.float32(rng.uniform(0.1, 0.35)) + vessels,
        white=0.06 * border.mask,
        relief=dome(border, rng.uniform(0.9, 1.8)) + stones,
    )


def plain_nevus(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Nevus without further name: an even brown, with a trace of network or globules."""
    rng = canvas.stream("painter")
    border = seen.outline(
        canvas, lesion.diameter_mm, ragged=0.12 + 0.3 * lesion.atypia, soft=0.24, slim=rng.uniform(0.65, 0.95)
    )
    net = seen.network(canvas, "trace", rng.uniform(0.3, 0.42), irregular=0.4)
    depth = _depth(rng, 0.95)
    body = border.mask * (
        0.75 + 0.2 * smooth_step(border.rho, 0.9, 0.1) + 0.14 * canvas.noise("body", 0.45 * border.radius_mm)
    )
    warm = border.mask * np.float32(rng.uniform(0.0, 0.45))
    return pressed_out(skin, border, 0.4).plus(
        pigment=depth * (body * 0.8 + 0.35 * net * border.mask),
        blood=warm,
        relief=dome(border, rng.uniform(0.1, 0.9)),
    )


def blue_nevus(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Blue nevus: one structureless steel blue, sharp and round."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, ragged=0.08, soft=0.24, slim=rng.uniform(0.85, 1.0))
    depth = border.mask * (rng.uniform(1.0, 1.7) + 0.15 * canvas.noise("depth", 0.6 * border.radius_mm))
    return pressed_out(skin, border, 0.5).plus(
        deep=depth,
        pigment=0.25 * border.mask,
        relief=dome(border, 0.6),
    )


def atypical(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Dysplastic nevus and melanoma: one family whose signs grow with atypia.

    Asymmetric lobes, ragged border, irregular network, dark blotches, clods of unequal size, streaks on one side,
    blue-white veil, regression.
    """
    rng = canvas.stream("painter")
    melanoma = lesion.kind.startswith("melanoma")
    bad = lesion.atypia
    lobes = 1 if bad < 0.3 else (2 if bad < 0.55 else 3)
    border = seen.outline(
        canvas,
        lesion.diameter_mm,
        lobes=lobes,
        ragged=0.15 + 0.5 * bad,
        soft=0.2 - 0.1 * bad,
        slim=rng.uniform(0.65, 0.9),
    )
    zone = canvas.noise("zone", 0.55 * border.radius_mm) + 0.5 * canvas.noise("zone fine", 0.25 * border.radius_mm)
    net = seen.network(
        canvas, "irregular", rng.uniform(0.32, 0.46), irregular=0.25 + 0.6 * bad, width_mm=0.045 + 0.03 * bad
    )
    depth = rng.uniform(0.8, 1.4) + (0.35 * bad if melanoma else 0)
    brown = border.mask * depth * (0.5 + 0.32 * bad * zone + 0.5 * net * smooth_step(zone, 0.9, -0.2))
    dark = smooth_step(zone, 0.7 - 0.6 * bad, 1.9 - 0.6 * bad) * border.mask
    drops = seen.globules(
        canvas, "unequal", border.mask, spacing_mm=0.6, radius_mm=0.11, share=0.15 + 0.3 * bad, uneven=0.55
    )
    more = brown + bad * 1.9 * dark + 0.8 * drops * border.mask
    if rng.random() < 0.2 + 0.5 * bad * melanoma:
        more = more + 1.2 * seen.streaks(canvas, border, count=int(10 + 22 * bad), sector=0.35, bulbs=bad > 0.5)
    layers = pressed_out(skin, border, 0.35).plus(
        pigment=np.clip(more, 0, 4.2),
        blood=border.mask * np.float32(rng.uniform(0, 0.3)) + 0.35 * bad * border.mask * smooth_step(-zone, 0.5, 1.3),
        relief=dome(border, 0.15 + 0.5 * bad * melanoma),
    )
    return _veil_and_regression(canvas, lesion, layers, border, rng) if bad > 0.35 else layers


def _veil_and_regression(
    canvas: Canvas, lesion: Lesion, layers: Layers, border: Outline, rng: np.random.Generator
) -> Layers:
    strong = lesion.atypia * (1.0 if lesion.kind.startswith("melanoma") else 0.35)
    field = canvas.noise("veil", 0.6 * border.radius_mm)
    inner = smooth_step(border.rho, 0.95, 0.6)
    if rng.random() < strong:
        veil = smooth_step(field, 0.0, 1.6) * inner
        layers = layers.plus(deep=1.5 * veil, white=0.10 * veil)
    if rng.random() < 0.6 * strong:
        scar = smooth_step(-field, 0.3, 1.7) * inner
        pepper = seen.cysts(canvas, "pepper", scar, 9.0, 0.035)
        fade = 1 - 0.7 * scar
        layers = layers.times(pigment=fade).plus(white=0.18 * scar, deep=0.7 * pepper * scar)
    return layers


def nodular_melanoma(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Nodular melanoma: a thick blue-black to pink nodule, often without network, vessels and crust."""
    rng = canvas.stream("painter")
    bad = lesion.atypia
    border = seen.outline(
        canvas,
        lesion.diameter_mm,
        lobes=1 if bad < 0.5 else 2,
        ragged=0.12 + 0.2 * bad,
        soft=0.13,
        slim=rng.uniform(0.8, 1.0),
    )
    zone = canvas.noise("zone", 0.5 * border.radius_mm)
    pale = rng.random() < 0.3
    veil = smooth_step(zone, -0.5, 1.2) * border.mask
    dark = border.mask * (rng.uniform(0.3, 0.7) if pale else rng.uniform(1.5, 2.6)) * (1 + 0.3 * zone)
    vessels = seen.branching_vessels(canvas, border, 4 if pale else 1) * border.mask
    crust = seen.scale(canvas, "crust", 0.12) * smooth_step(border.rho, 0.7, 0.2)
    return pressed_out(skin, border, 0.9).plus(
        pigment=np.clip(dark, 0, 4),
        deep=1.3 * veil,
        blood=border.mask * (1.1 if pale else 0.3) + 0.9 * vessels + 1.2 * crust,
        white=0.09 * veil,
        keratin=0.8 * crust,
        relief=dome(border, rng.uniform(1.2, 2.2)) + 0.03 * canvas.noise("bumps", 0.5) * border.mask,
    )
