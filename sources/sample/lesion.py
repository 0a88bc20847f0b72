"""How each kind of lesion looks: pigment, blood, horn and relief laid over the skin, by the rules of the textbooks.

Malignancy shows in asymmetry, border, color and structures, and not always: `Lesion.atypia` says how much, and kinds overlap in it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sources.sample import structures as seen
from sources.sample.canvas import Canvas, Field, smooth_step
from sources.sample.population import Lesion
from sources.sample.skin import Layers, skin_layers
from sources.sample.structures import Outline

__all__ = ["draw_lesion"]

Painter = Callable[[Canvas, Lesion, Layers], Layers]


def _f(value: float) -> np.float32:
    return np.float32(value)


def _depth(rng: np.random.Generator, middle: float) -> float:
    """Draw how dark a nevus is: light tan to almost black."""
    return float(np.clip(middle * np.exp(rng.normal(0, 0.38)), 0.35, 2.6))


def _dome(border: Outline, height_mm: float, power: float = 2.0) -> Field:
    return np.asarray(np.clip(1 - np.clip(border.smooth, 0, 1) ** power, 0, 1) * height_mm, np.float32)


def _pressed_out(layers: Layers, border: Outline, share: float) -> Layers:
    """Smooth the skin's own furrows under a raised lesion."""
    keep = 1 - _f(share) * border.mask
    return layers.times(relief=keep)


def _flat_nevus(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Junctional nevus: a regular brown network that thins out toward the border."""
    rng = canvas.stream("painter")
    border = seen.outline(
        canvas, lesion.diameter_mm, ragged=0.12 + 0.25 * lesion.atypia, soft=0.24, slim=rng.uniform(0.72, 0.95)
    )
    net = seen.network(canvas, "main", rng.uniform(0.28, 0.4), irregular=0.15 + 0.6 * lesion.atypia)
    depth = _depth(rng, 1.0)
    fade = border.mask * (0.55 + 0.45 * smooth_step(border.rho, 0.95, 0.3))
    blotch = 0.85 + 0.18 * canvas.noise("blotch", 0.5 * border.radius_mm)
    return skin.plus(pigment=np.asarray(fade * blotch * (depth * 0.5 + depth * 0.6 * net), np.float32))


def _globular_nevus(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Compound nevus: darker in the middle, globules, a rim of network; slightly raised."""
    rng = canvas.stream("painter")
    border = seen.outline(
        canvas, lesion.diameter_mm, ragged=0.12 + 0.28 * lesion.atypia, soft=0.2, slim=rng.uniform(0.72, 0.98)
    )
    core = smooth_step(border.rho, 0.85, 0.25)
    net = seen.network(canvas, "rim", rng.uniform(0.32, 0.45), irregular=0.2 + 0.5 * lesion.atypia)
    spacing = rng.uniform(0.36, 0.55)
    where = border.mask if rng.random() < 0.6 else border.mask * smooth_step(border.rho, 0.35, 0.6)
    drops = seen.globules(
        canvas, "main", np.asarray(where, np.float32), spacing_mm=spacing, radius_mm=0.34 * spacing, share=0.85
    )
    depth = _depth(rng, 1.1)
    body = border.mask * (0.45 + 0.35 * core + 0.12 * canvas.noise("body", 0.4 * border.radius_mm))
    brown = depth * (body + 0.55 * drops * border.mask + 0.4 * net * border.mask * (1 - core))
    warm = border.mask * _f(rng.uniform(0.1, 0.35))
    raised = _pressed_out(skin, border, 0.6)
    return raised.plus(
        pigment=np.asarray(brown, np.float32),
        blood=np.asarray(warm, np.float32),
        relief=_dome(border, rng.uniform(0.2, 0.7)) + 0.015 * drops,
    )


def _dermal_nevus(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Dermal nevus: a skin-colored to tan dome, cobblestones, comma vessels."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, ragged=0.08, soft=0.18, slim=rng.uniform(0.85, 1.0))
    shades, walls = seen.clods(canvas, "stones", rng.uniform(0.45, 0.75))
    vessels = seen.branching_vessels(canvas, border, int(rng.integers(1, 4))) * border.mask * _f(0.5)
    tan = border.mask * (rng.uniform(0.1, 0.6) + 0.25 * (shades - 0.3) + 0.12 * walls)
    raised = _pressed_out(skin, border, 0.75)
    stones = 0.03 * (1 - walls) * border.mask
    return raised.plus(
        pigment=np.asarray(np.clip(tan, 0, None), np.float32),
        blood=np.asarray(border.mask * _f(rng.uniform(0.1, 0.35)) + vessels, np.float32),
        white=np.asarray(0.06 * border.mask, np.float32),
        relief=np.asarray(_dome(border, rng.uniform(0.9, 1.8)) + stones, np.float32),
    )


def _plain_nevus(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
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
    warm = border.mask * _f(rng.uniform(0.0, 0.45))
    return _pressed_out(skin, border, 0.4).plus(
        pigment=np.asarray(depth * (body * 0.8 + 0.35 * net * border.mask), np.float32),
        blood=np.asarray(warm, np.float32),
        relief=_dome(border, rng.uniform(0.1, 0.9)),
    )


def _blue_nevus(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Blue nevus: one structureless steel blue, sharp and round."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, ragged=0.08, soft=0.24, slim=rng.uniform(0.85, 1.0))
    depth = border.mask * (rng.uniform(1.0, 1.7) + 0.15 * canvas.noise("depth", 0.6 * border.radius_mm))
    return _pressed_out(skin, border, 0.5).plus(
        deep=np.asarray(depth, np.float32),
        pigment=np.asarray(0.25 * border.mask, np.float32),
        relief=_dome(border, 0.6),
    )


def _pigmented_atypical(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Dysplastic nevus and melanoma: one family whose signs grow with atypia.

    Asymmetric lobes, ragged border, irregular network, dark blotches, clods of unequal size, streaks on one side, blue-white
    veil, regression.
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
    layers = _pressed_out(skin, border, 0.35).plus(
        pigment=np.asarray(np.clip(more, 0, 4.2), np.float32),
        blood=np.asarray(
            border.mask * _f(rng.uniform(0, 0.3)) + 0.35 * bad * border.mask * smooth_step(-zone, 0.5, 1.3), np.float32
        ),
        relief=_dome(border, 0.15 + 0.5 * bad * melanoma),
    )
    return _veil_and_regression(canvas, lesion, layers, border, rng) if bad > 0.35 else layers


def _veil_and_regression(
    canvas: Canvas, lesion: Lesion, layers: Layers, border: Outline, rng: np.random.Generator
) -> Layers:
    strong = lesion.atypia * (1.0 if lesion.kind.startswith("melanoma") else 0.35)
    field = canvas.noise("veil", 0.6 * border.radius_mm)
    inner = smooth_step(border.rho, 0.95, 0.6)
    if rng.random() < strong:
        veil = np.asarray(smooth_step(field, 0.0, 1.6) * inner, np.float32)
        layers = layers.plus(deep=np.asarray(1.5 * veil, np.float32), white=np.asarray(0.10 * veil, np.float32))
    if rng.random() < 0.6 * strong:
        scar = np.asarray(smooth_step(-field, 0.3, 1.7) * inner, np.float32)
        pepper = seen.cysts(canvas, "pepper", scar, 9.0, 0.035)
        fade = 1 - 0.7 * scar
        layers = layers.times(pigment=np.asarray(fade, np.float32)).plus(
            white=np.asarray(0.18 * scar, np.float32), deep=np.asarray(0.7 * pepper * scar, np.float32)
        )
    return layers


def _nodular_melanoma(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
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
    return _pressed_out(skin, border, 0.9).plus(
        pigment=np.asarray(np.clip(dark, 0, 4), np.float32),
        deep=np.asarray(1.3 * veil, np.float32),
        blood=np.asarray(border.mask * (1.1 if pale else 0.3) + 0.9 * vessels + 1.2 * crust, np.float32),
        white=np.asarray(0.09 * veil, np.float32),
        keratin=np.asarray(0.8 * crust, np.float32),
        relief=np.asarray(
            _dome(border, rng.uniform(1.2, 2.2)) + 0.03 * canvas.noise("bumps", 0.5) * border.mask, np.float32
        ),
    )


def _seborrheic_keratosis(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
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
    inner = np.asarray(border.mask * smooth_step(border.rho, 0.97, 0.8), np.float32)
    white = seen.cysts(canvas, "milia", inner, rng.uniform(0.3, 1.1), 0.12)
    plugs = seen.cysts(canvas, "comedo", inner, rng.uniform(0.3, 1.2), 0.14)
    depth = rng.uniform(0.45, 1.9)
    zone = canvas.noise("zone", 0.6 * border.radius_mm)
    brown = border.mask * depth * (0.65 + 0.22 * zone + 0.45 * folds) + 0.9 * plugs
    gray = border.mask * smooth_step(zone, 0.3, 1.4) * _f(rng.uniform(0, 0.35) + 0.4 * lesion.atypia)
    surface = -0.10 * folds + 0.05 * canvas.noise("grain", 0.2) - 0.1 * plugs
    return _pressed_out(skin, border, 0.9).plus(
        pigment=np.asarray(np.clip(brown, 0, None), np.float32),
        keratin=np.asarray(border.mask * rng.uniform(0.15, 0.5) + 0.5 * plugs, np.float32),
        deep=np.asarray(gray, np.float32),
        white=np.asarray(0.5 * white + 0.05 * border.mask, np.float32),
        relief=np.asarray(
            smooth_step(border.smooth, 1.05, 0.75) * rng.uniform(0.5, 1.1) + 0.6 * surface * border.mask, np.float32
        ),
    )


def _solar_lentigo(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Solar lentigo: a flat tan patch with a moth-eaten border and fine parallel lines."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, lobes=2, ragged=0.5, soft=0.13, slim=rng.uniform(0.7, 0.9))
    angle = rng.uniform(0, 3.1)
    across = np.float32(np.cos(angle)) * canvas.x + np.float32(np.sin(angle)) * canvas.y
    prints = 0.5 + 0.5 * np.sin(across / _f(0.055) + 2.2 * canvas.noise("prints", 0.8))
    tan = border.mask * rng.uniform(0.35, 0.75) * (0.7 + 0.2 * canvas.noise("tan", 0.5) + 0.35 * prints)
    return skin.plus(pigment=np.asarray(np.clip(tan, 0, None), np.float32))


def _actinic_keratosis(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Actinic keratosis: red network between pale follicles, thin scale; on sun-damaged skin."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, lobes=2, ragged=0.45, soft=0.25, slim=rng.uniform(0.7, 0.95))
    follicles = seen.cysts(canvas, "follicles", border.mask, 2.4, 0.1)
    flakes = seen.scale(canvas, "thin", rng.uniform(0.15, 0.3)) * border.mask
    red = border.mask * (rng.uniform(0.45, 0.9) + 0.25 * canvas.noise("red", 0.35))
    return skin.plus(
        blood=np.asarray(np.clip(red * (1 - 0.55 * follicles), 0, None), np.float32),
        pigment=np.asarray(border.mask * _f(rng.uniform(0, 0.3)), np.float32),
        white=np.asarray(0.26 * flakes + 0.12 * follicles, np.float32),
        keratin=np.asarray(0.6 * flakes + 0.2 * follicles, np.float32),
        relief=np.asarray(0.06 * flakes + 0.02 * border.mask * canvas.noise("rough", 0.2), np.float32),
    )


def _dermatofibroma(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Dermatofibroma: a white scar-like center in a delicate brown ring."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, ragged=0.1, soft=0.45, slim=rng.uniform(0.85, 1.0))
    center = smooth_step(border.rho, 0.65, 0.15)
    threads = seen.network(canvas, "threads", 0.5, irregular=0.5, width_mm=0.06)
    net = seen.network(canvas, "ring", 0.34, irregular=0.1, width_mm=0.035)
    ring = border.mask * (1 - center)
    return _pressed_out(skin, border, 0.5).plus(
        pigment=np.asarray(ring * rng.uniform(0.5, 0.95) * (0.65 + 0.5 * net) + 0.12 * border.mask, np.float32),
        blood=np.asarray(border.mask * rng.uniform(0.15, 0.45), np.float32),
        white=np.asarray(np.clip(center * (0.14 + 0.16 * threads), 0, 1), np.float32),
        relief=_dome(border, rng.uniform(0.2, 0.5)),
    )


def _hemangioma(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Cherry angioma: sharp red to purple lacunae with pale walls between."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, ragged=0.14, soft=0.06, slim=rng.uniform(0.8, 1.0))
    shades, walls = seen.clods(canvas, "lacunae", rng.uniform(0.5, 0.95))
    filled = border.mask * (1.2 + 0.9 * shades) * (1 - 0.22 * walls)
    purple = rng.uniform(0, 0.8) * border.mask * shades
    return _pressed_out(skin, border, 0.9).plus(
        blood=np.asarray(filled * rng.uniform(0.9, 1.5), np.float32),
        deep=np.asarray(purple, np.float32),
        white=np.asarray(0.03 * walls * border.mask, np.float32),
        relief=np.asarray(_dome(border, rng.uniform(0.6, 1.2)) + 0.04 * border.mask * (1 - walls), np.float32),
    )


def _basal_cell_nodular(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Nodular basal cell carcinoma: a pearly pink nodule, tree-like vessels, blue-gray nests, at times an ulcer."""
    rng = canvas.stream("painter")
    border = seen.outline(
        canvas, lesion.diameter_mm, lobes=int(rng.integers(1, 3)), ragged=0.2, soft=0.12, slim=rng.uniform(0.8, 1.0)
    )
    vessels = seen.branching_vessels(canvas, border, int(rng.integers(3, 7))) * smooth_step(border.rho, 1.25, 0.95)
    pigmented = rng.random() < 0.5
    gray = seen.nests(canvas, border, int(rng.integers(2, 9)) if pigmented else 0, 0.42)
    ulcerated = _f(rng.random() < 0.4)
    hollow = np.asarray(
        border.smooth + 0.14 * canvas.noise("sore", 0.5) + 0.05 * canvas.noise("crumbs", 0.15), np.float32
    )
    sore = ulcerated * smooth_step(hollow, rng.uniform(0.3, 0.6), 0.1)
    pearl = border.mask * (0.16 + 0.06 * canvas.noise("pearl", 0.6))
    rim = np.exp(-np.square((border.smooth - _f(0.78)) / _f(0.26)))
    return _pressed_out(skin, border, 0.95).plus(
        blood=np.asarray(border.mask * rng.uniform(0.25, 0.6) + 2.4 * vessels + 1.1 * sore, np.float32),
        deep=np.asarray(1.3 * gray, np.float32),
        pigment=np.asarray(0.35 * gray + (0.6 + 0.25 * canvas.noise("crust", 0.3)) * sore, np.float32),
        white=np.asarray(np.clip(pearl * (1 - sore), 0, 1), np.float32),
        keratin=np.asarray(0.6 * sore, np.float32),
        relief=np.asarray(
            _dome(border, 0.5, 6.0) + 0.35 * rim - 0.2 * canvas.blurred(np.asarray(sore, np.float32), 0.15), np.float32
        ),
    )


def _basal_cell_superficial(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Superficial basal cell carcinoma: a flat pink patch, fine vessels, leaf-like areas at the edge, small erosions."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, lobes=2, ragged=0.3, soft=0.12, slim=rng.uniform(0.7, 0.95))
    vessels = seen.branching_vessels(canvas, border, int(rng.integers(2, 5))) * border.mask
    leaf = seen.leaves(canvas, border, int(rng.integers(0, 4)))
    sores = seen.cysts(canvas, "erosions", border.mask, 0.35, 0.16)
    shine = smooth_step(canvas.noise("shine", 0.35, stretch=(rng.uniform(0, 3), 4.0)), 0.9, 1.6) * border.mask
    red = border.mask * (rng.uniform(0.35, 0.7) + 0.15 * canvas.noise("red", 0.5))
    return _pressed_out(skin, border, 0.5).plus(
        blood=np.asarray(np.clip(red, 0, None) + 1.5 * vessels + 1.3 * sores, np.float32),
        deep=np.asarray(0.75 * leaf, np.float32),
        pigment=np.asarray(0.6 * leaf + 0.3 * sores, np.float32),
        white=np.asarray(0.08 * border.mask + 0.25 * shine, np.float32),
        keratin=np.asarray(0.4 * sores, np.float32),
        relief=_dome(border, 0.15, 5.0),
    )


def _squamous_cell(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Squamous cell carcinoma: a red firm nodule with a horny yellow center, blood spots and looped vessels around."""
    rng = canvas.stream("painter")
    border = seen.outline(
        canvas, lesion.diameter_mm, lobes=int(rng.integers(1, 3)), ragged=0.28, soft=0.1, slim=rng.uniform(0.8, 1.0)
    )
    core = smooth_step(np.asarray(border.rho + 0.2 * canvas.noise("core", 0.5), np.float32), 0.75, 0.35)
    flakes = seen.scale(canvas, "horn", 0.55) * border.mask
    spots = seen.cysts(canvas, "blood", core, 1.0, 0.14)
    coils = seen.loops(canvas, border.mask * (1 - core), 0.42, 0.08)
    pale = seen.cysts(canvas, "circles", np.asarray(border.mask * (1 - core), np.float32), 0.9, 0.2)
    return _pressed_out(skin, border, 0.95).plus(
        blood=np.asarray(border.mask * rng.uniform(0.6, 1.1) + 1.1 * coils + 1.8 * spots, np.float32),
        keratin=np.asarray(core * rng.uniform(0.5, 0.9) + 0.35 * flakes * core, np.float32),
        pigment=np.asarray(0.5 * spots + 0.2 * core, np.float32),
        white=np.asarray(np.clip(0.34 * core * flakes + 0.12 * core + 0.10 * pale, 0, 1), np.float32),
        relief=np.asarray(
            _dome(border, rng.uniform(0.8, 1.5))
            + 0.35 * core * flakes
            + 0.06 * canvas.noise("rough", 0.22) * border.mask,
            np.float32,
        ),
    )


def _bowen(canvas: Canvas, lesion: Lesion, skin: Layers) -> Layers:
    """Bowen's disease: a red scaly plaque with coiled vessels in groups."""
    rng = canvas.stream("painter")
    border = seen.outline(canvas, lesion.diameter_mm, lobes=2, ragged=0.35, soft=0.1, slim=rng.uniform(0.7, 0.95))
    groups = np.asarray(border.mask * smooth_step(canvas.noise("groups", 0.9), -0.3, 0.4), np.float32)
    coils = seen.loops(canvas, groups, 0.36, 0.085)
    flakes = seen.scale(canvas, "plaque", rng.uniform(0.25, 0.45)) * border.mask
    return _pressed_out(skin, border, 0.7).plus(
        blood=np.asarray(border.mask * rng.uniform(0.4, 0.75) + 1.1 * coils, np.float32),
        pigment=np.asarray(border.mask * _f(rng.uniform(0.05, 0.5)), np.float32),
        white=np.asarray(0.28 * flakes, np.float32),
        keratin=np.asarray(0.5 * flakes + 0.12 * border.mask, np.float32),
        relief=np.asarray(_dome(border, 0.3, 5.0) + 0.08 * flakes, np.float32),
    )


_PAINTERS: dict[str, Painter] = {
    "nevus_junctional": _flat_nevus,
    "nevus_compound": _globular_nevus,
    "nevus_dermal": _dermal_nevus,
    "nevus": _plain_nevus,
    "nevus_dysplastic": _pigmented_atypical,
    "nevus_blue": _blue_nevus,
    "seborrheic_keratosis": _seborrheic_keratosis,
    "solar_lentigo": _solar_lentigo,
    "actinic_keratosis": _actinic_keratosis,
    "dermatofibroma": _dermatofibroma,
    "hemangioma": _hemangioma,
    "melanoma_superficial": _pigmented_atypical,
    "melanoma_nodular": _nodular_melanoma,
    "melanoma_in_situ": _pigmented_atypical,
    "basal_cell_nodular": _basal_cell_nodular,
    "basal_cell_superficial": _basal_cell_superficial,
    "squamous_cell": _squamous_cell,
    "bowen": _bowen,
}


def draw_lesion(canvas: Canvas, lesion: Lesion) -> Layers:
    """Return skin and lesion on a canvas; the same at every scale and in every photo."""
    return _PAINTERS[lesion.kind](canvas, lesion, skin_layers(canvas, lesion))
