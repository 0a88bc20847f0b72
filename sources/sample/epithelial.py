"""Keratoses and carcinomas: cysts, fissures, scale, horn, tree-like vessels, blue-gray nests."""

from __future__ import annotations

import numpy as np

from sources.sample import structures as seen
from sources.sample.canvas import Canvas, smooth_step
from sources.sample.population import Lesion
from sources.sample.skin import Layers
from sources.sample.structures import dome, pressed_out

__all__ = [
    "actinic_keratosis",
    "bowen",
    "nodular_basal_cell",
    "seborrheic_keratosis",
    "solar_lentigo",
    "squamous_cell",
    "superficial_basal_cell",
]


def seborrheic_keratosis(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Seborrheic keratosis: sharp, stuck on, waxy; fissures, milia-like cysts, comedo-like openings."""
    rng = canvas.stream("painter")
    border = seen.outline(
        canvas,
        lesion.diameter_mm,
        lobes=int(rng.integers(1, 3)),
        ragged=0.22 + 0.3 * lesion.atypia,
        soft=0.1,
        slim=rng.uniform(0.7, 0.95),
    )
    folds = seen.ridges(canvas, "brain", rng.uniform(0.4, 0.75))
    inner = border.mask * smooth_step(border.rho, 0.97, 0.8)
    white = seen.cysts(canvas, "milia", inner, rng.uniform(0.3, 1.1), 0.12)
    plugs = seen.cysts(canvas, "comedo", inner, rng.uniform(0.3, 1.2), 0.14)
    depth = rng.uniform(0.45, 1.9)
    zone = canvas.noise("zone", 0.6 * border.radius_mm)
    brown = border.mask * depth * (0.65 + 0.22 * zone + 0.45 * folds) + 0.9 * plugs
    gray = border.mask * smooth_step(zone, 0.3, 1.4) * np.float32(rng.uniform(0, 0.35) + 0.4 * lesion.atypia)
    surface = -0.10 * folds + 0.05 * canvas.noise("grain", 0.2) - 0.1 * plugs
    return pressed_out(skin, border, 0.9).plus(
        pigment=np.clip(brown, 0, None),
        keratin=border.mask * rng.uniform(0.15, 0.5) + 0.5 * plugs,
        deep=gray,
        white=0.5 * white + 0.05 * border.mask,
        relief=smooth_step(border.smooth, 1.05, 0.75) * rng.uniform(0.5, 1.1) + 0.6 * surface * border.mask,
    )


def solar_lentigo(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Solar lentigo: a flat tan patch with a moth-eaten border and fine parallel lines."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, lobes=2, ragged=0.5, soft=0.13, slim=rng.uniform(0.7, 0.9))
    angle = rng.uniform(0, 3.1)
    across = np.float32(np.cos(angle)) * canvas.x + np.float32(np.sin(angle)) * canvas.y
    prints = 0.5 + 0.5 * np.sin(across / np.float32(0.055) + 2.2 * canvas.noise("prints", 0.8))
    tan = border.mask * rng.uniform(0.35, 0.75) * (0.7 + 0.2 * canvas.noise("tan", 0.5) + 0.35 * prints)
    return skin.plus(pigment=np.clip(tan, 0, None))


def actinic_keratosis(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Actinic keratosis: red network between pale follicles, thin scale; on sun-damaged skin."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, lobes=2, ragged=0.45, soft=0.25, slim=rng.uniform(0.7, 0.95))
    follicles = seen.cysts(canvas, "follicles", border.mask, 2.4, 0.1)
    flakes = seen.scale(canvas, "thin", rng.uniform(0.15, 0.3)) * border.mask
    red = border.mask * (rng.uniform(0.45, 0.9) + 0.25 * canvas.noise("red", 0.35))
    return skin.plus(
        blood=np.clip(red * (1 - 0.55 * follicles), 0, None),
        pigment=border.mask * np.float32(rng.uniform(0, 0.3)),
        white=0.26 * flakes + 0.12 * follicles,
        keratin=0.6 * flakes + 0.2 * follicles,
        relief=0.06 * flakes + 0.02 * border.mask * canvas.noise("rough", 0.2),
    )


def nodular_basal_cell(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Nodular basal cell carcinoma: a pearly pink nodule, tree-like vessels, blue-gray nests, at times an ulcer."""
    rng = canvas.stream("painter")
    border = seen.outline(
        canvas, lesion.diameter_mm, lobes=int(rng.integers(1, 3)), ragged=0.2, soft=0.12, slim=rng.uniform(0.8, 1.0)
    )
    vessels = seen.branching_vessels(canvas, border, int(rng.integers(3, 7))) * smooth_step(border.rho, 1.25, 0.95)
    pigmented = rng.random() < 0.5
    gray = seen.nests(canvas, border, int(rng.integers(2, 9)) if pigmented else 0, 0.42)
    ulcerated = np.float32(rng.random() < 0.4)
    hollow = border.smooth + 0.14 * canvas.noise("sore", 0.5) + 0.05 * canvas.noise("crumbs", 0.15)
    sore = ulcerated * smooth_step(hollow, rng.uniform(0.3, 0.6), 0.1)
    pearl = border.mask * (0.16 + 0.06 * canvas.noise("pearl", 0.6))
    rim = np.exp(-np.square((border.smooth - np.float32(0.78)) / np.float32(0.26)))
    return pressed_out(skin, border, 0.95).plus(
        blood=border.mask * rng.uniform(0.25, 0.6) + 2.4 * vessels + 1.1 * sore,
        deep=1.3 * gray,
        pigment=0.35 * gray + (0.6 + 0.25 * canvas.noise("crust", 0.3)) * sore,
        white=np.clip(pearl * (1 - sore), 0, 1),
        keratin=0.6 * sore,
        relief=dome(border, 0.5, 6.0) + 0.35 * rim - 0.2 * canvas.blurred(sore, 0.15),
    )


def superficial_basal_cell(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Superficial basal cell carcinoma: a flat pink patch, fine vessels, leaves at the edge, small erosions."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, lobes=2, ragged=0.3, soft=0.12, slim=rng.uniform(0.7, 0.95))
    vessels = seen.branching_vessels(canvas, border, int(rng.integers(2, 5))) * border.mask
    leaf = seen.leaves(canvas, border, int(rng.integers(0, 4)))
    sores = seen.cysts(canvas, "erosions", border.mask, 0.35, 0.16)
    shine = smooth_step(canvas.noise("shine", 0.35, stretch=(rng.uniform(0, 3), 4.0)), 0.9, 1.6) * border.mask
    red = border.mask * (rng.uniform(0.35, 0.7) + 0.15 * canvas.noise("red", 0.5))
    return pressed_out(skin, border, 0.5).plus(
        blood=np.clip(red, 0, None) + 1.5 * vessels + 1.3 * sores,
        deep=0.75 * leaf,
        pigment=0.6 * leaf + 0.3 * sores,
        white=0.08 * border.mask + 0.25 * shine,
        keratin=0.4 * sores,
        relief=dome(border, 0.15, 5.0),
    )


def squamous_cell(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Squamous cell carcinoma: a red firm nodule with a horny yellow center, blood spots and looped vessels around."""
    rng = canvas.stream("painter")
    border = seen.outline(
        canvas, lesion.diameter_mm, lobes=int(rng.integers(1, 3)), ragged=0.28, soft=0.1, slim=rng.uniform(0.8, 1.0)
    )
    core = smooth_step(border.rho + 0.2 * canvas.noise("core", 0.5), 0.75, 0.35)
    flakes = seen.scale(canvas, "horn", 0.55) * border.mask
    spots = seen.cysts(canvas, "blood", core, 1.0, 0.14)
    coils = seen.loops(canvas, border.mask * (1 - core), 0.42, 0.08)
    pale = seen.cysts(canvas, "circles", border.mask * (1 - core), 0.9, 0.2)
    return pressed_out(skin, border, 0.95).plus(
        blood=border.mask * rng.uniform(0.6, 1.1) + 1.1 * coils + 1.8 * spots,
        keratin=core * rng.uniform(0.5, 0.9) + 0.35 * flakes * core,
        pigment=0.5 * spots + 0.2 * core,
        white=np.clip(0.34 * core * flakes + 0.12 * core + 0.10 * pale, 0, 1),
        relief=dome(border, rng.uniform(0.8, 1.5))
        + 0.35 * core * flakes
        + 0.06 * canvas.noise("rough", 0.22) * border.mask,
    )


def bowen(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Bowen's disease: a red scaly plaque with coiled vessels in groups."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, lobes=2, ragged=0.35, soft=0.1, slim=rng.uniform(0.7, 0.95))
    groups = border.mask * smooth_step(canvas.noise("groups", 0.9), -0.3, 0.4)
    coils = seen.loops(canvas, groups, 0.36, 0.085)
    flakes = seen.scale(canvas, "plaque", rng.uniform(0.25, 0.45)) * border.mask
    return pressed_out(skin, border, 0.7).plus(
        blood=border.mask * rng.uniform(0.4, 0.75) + 1.1 * coils,
        pigment=border.mask * np.float32(rng.uniform(0.05, 0.5)),
        white=0.28 * flakes,
        keratin=0.5 * flakes + 0.12 * border.mask,
        relief=dome(border, 0.3, 5.0) + 0.08 * flakes,
    )
