"""Lesions of the dermis: dermatofibroma and hemangioma."""

from __future__ import annotations

import numpy as np

from sources.sample import structures as seen
from sources.sample.canvas import Canvas, smooth_step
from sources.sample.population import Lesion
from sources.sample.skin import Layers
from sources.sample.structures import dome, pressed_out

__all__ = ["dermatofibroma", "hemangioma"]


def dermatofibroma(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Dermatofibroma: a white scar-like center in a delicate brown ring."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, ragged=0.1, soft=0.45, slim=rng.uniform(0.85, 1.0))
    center = smooth_step(border.rho, 0.65, 0.15)
    threads = seen.network(canvas, "threads", 0.5, irregular=0.5, width_mm=0.06)
    net = seen.network(canvas, "ring", 0.34, irregular=0.1, width_mm=0.035)
    ring = border.mask * (1 - center)
    return pressed_out(skin, border, 0.5).plus(
        pigment=ring * rng.uniform(0.5, 0.95) * (0.65 + 0.5 * net) + 0.12 * border.mask,
        blood=border.mask * rng.uniform(0.15, 0.45),
        white=np.clip(center * (0.14 + 0.16 * threads), 0, 1),
        relief=dome(border, rng.uniform(0.2, 0.5)),
    )


def hemangioma(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Cherry angioma: sharp red to purple lacunae with pale walls between."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, ragged=0.14, soft=0.06, slim=rng.uniform(0.8, 1.0))
    shades, walls = seen.clods(canvas, "lacunae", rng.uniform(0.5, 0.95))
    filled = border.mask * (1.2 + 0.9 * shades) * (1 - 0.22 * walls)
    purple = rng.uniform(0, 0.8) * border.mask * shades
    return pressed_out(skin, border, 0.9).plus(
        blood=filled * rng.uniform(0.9, 1.5),
        deep=purple,
        white=0.03 * walls * border.mask,
        relief=dome(border, rng.uniform(0.6, 1.2)) + 0.04 * border.mask * (1 - walls),
    )
