"""Bare skin: its color from melanin and hemoglobin, its mottling, furrows, follicles and freckles.

Light is absorbed by pigments in layers (Beer-Lambert), so linear red, green and blue are
``BASE * exp(-(amount * absorption))``. The coefficients were fitted so that the six tones have the CIELAB colors of
human skin (L* 71 to 34, a* 9 to 13, b* 15 to 16, an individual typology angle of 56 to -46 degrees); they are not
measured spectra.

References
----------
Tsumura et al., J Opt Soc Am A 16:2169, 1999 (melanin and hemoglobin as the two axes of skin color in density space; not
re-read for this, the form of the model is the well-known one).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sources.sample.canvas import Amount, Canvas, Field
from sources.sample.population import Lesion, Patient

__all__ = ["Layers", "bare_color", "color", "individual_typology_angle", "lab_of", "skin_layers"]

Vector = npt.NDArray[np.float32]


def _rgb(red: float, green: float, blue: float) -> Vector:
    return np.array([red, green, blue], np.float32)


# Linear sRGB of skin without pigment and blood.
BASE = _rgb(0.641, 0.553, 0.383)
SKIN_MELANIN = _rgb(0.835, 1.0, 1.176)
HEMOGLOBIN = _rgb(0.10, 1.0, 0.60)
# Blood that pools in vessels and lacunae is darker than the same amount spread over the dermis.
BLOOD = _rgb(0.16, 1.15, 0.80)
# Pigment packed in a lesion is seen browner than the same amount spread over the skin.
PIGMENT = _rgb(0.66, 1.0, 1.40)
# Pigment deep in the dermis is seen blue: red light reaches it, blue light is scattered back before.
DEEP = _rgb(1.25, 1.0, 0.62)
# Horn and serum: yellow to brown.
KERATIN = _rgb(0.05, 0.32, 1.0)
# What scatters everything back: scale, fibrosis, milia.
WHITE = _rgb(0.72, 0.66, 0.60)

# Linear sRGB to XYZ, D65 (IEC 61966-2-1), and the white point.
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE_POINT = np.array([0.95047, 1.0, 1.08883])


@dataclass(frozen=True, slots=True)
class Layers:
    """Amounts of what colors a patch of skin, each of shape (height, width).

    Parameters
    ----------
    melanin, hemoglobin : array
        Of the skin itself.
    pigment, deep, blood, keratin : array
        Added by a lesion.
    white : array
        0..1, share of light scattered back.
    relief : array
        Height, mm.
    """

    melanin: Field
    hemoglobin: Field
    pigment: Field
    deep: Field
    blood: Field
    keratin: Field
    white: Field
    relief: Field

    def plus(self, **more: Amount) -> Layers:
        """Return these layers with some amounts added; `white` is laid over what is there."""
        changed = {}
        for name, amount in more.items():
            own = getattr(self, name)
            total = own + amount - own * amount if name == "white" else own + amount
            changed[name] = np.asarray(total, np.float32)
        return replace(self, **changed)

    def times(self, **factors: Amount) -> Layers:
        """Return these layers with some amounts multiplied."""
        return replace(
            self, **{name: np.asarray(getattr(self, name) * factor, np.float32) for name, factor in factors.items()}
        )


def color(layers: Layers) -> npt.NDArray[np.float32]:
    """Return linear sRGB under even white light, shape (height, width, 3)."""
    amounts = np.stack(
        [layers.melanin, layers.hemoglobin, layers.pigment, layers.deep, layers.blood, layers.keratin], axis=-1
    )
    absorption = np.stack([SKIN_MELANIN, HEMOGLOBIN, PIGMENT, DEEP, BLOOD, KERATIN])
    absorbed = amounts.reshape(-1, len(absorption)) @ absorption
    np.exp(np.negative(absorbed, out=absorbed), out=absorbed)
    light = absorbed.reshape(*layers.melanin.shape, 3) * BASE
    white = np.clip(layers.white, 0, 1)[..., None]
    return np.asarray(light + white * (WHITE - light), np.float32)


def bare_color(patient: Patient) -> npt.NDArray[np.float64]:
    """Return linear sRGB of a patient's bare skin under even white light, shape (3,)."""
    absorbed = patient.melanin * SKIN_MELANIN.astype(np.float64) + patient.hemoglobin * HEMOGLOBIN
    return np.asarray(BASE * np.exp(-absorbed), np.float64)


def lab_of(linear: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return CIELAB (D65) of one color in linear sRGB, shape (3,)."""
    scaled = _TO_XYZ @ linear / _WHITE_POINT
    bent = np.where(scaled > 216 / 24389, np.cbrt(scaled), (24389 / 27 * scaled + 16) / 116)
    return float(116 * bent[1] - 16), float(500 * (bent[0] - bent[1])), float(200 * (bent[1] - bent[2]))


def individual_typology_angle(lab: tuple[float, float, float]) -> float:
    """Return the skin tone angle, degrees; larger is lighter.

    References
    ----------
    Chardon et al., Int J Cosmet Sci 13:191, 1991.
    """
    return math.degrees(math.atan2(lab[0] - 50, lab[2]))


def furrows(canvas: Canvas, period_mm: float) -> Field:
    """Return the net of fine skin lines, 1 in the furrow: two families of wavy lines that cross."""
    angle = float(canvas.stream("furrows").uniform(0, math.pi))
    wave = canvas.noise("furrow wave", 2.2) * np.float32(0.16) + canvas.noise("furrow ripple", 0.6) * np.float32(0.07)
    net = np.zeros_like(wave)
    for turn, phase, ratio in ((0.0, 0.0, 1.0), (1.05, 0.3, 1.15)):
        along = np.float32(math.cos(angle + turn)) * canvas.x + np.float32(math.sin(angle + turn)) * canvas.y
        place = along / np.float32(period_mm * ratio) + wave + np.float32(phase)
        off = np.abs(place - np.rint(place))
        net = np.maximum(net, np.exp(-np.square(off / np.float32(0.085))))
    return np.asarray(net * (0.6 + 0.4 * np.tanh(canvas.noise("furrow depth", 0.5))), np.float32)


def _freckles(canvas: Canvas, patient: Patient) -> Field:
    spots = canvas.lattice("freckles", 2.1, 0.45)
    rng = canvas.stream("freckles")
    strength = np.clip(rng.normal(-0.25 + 1.1 * max(patient.freckles, 0.8 * patient.sun_damage), 0.4, len(spots)), 0, 1)
    sizes = np.exp(rng.normal(math.log(0.3), 0.45, len(spots)))
    marks = canvas.dots(spots, sizes, strength.astype(np.float32), soft_mm=0.16)
    return np.asarray(np.clip(marks * (0.42 + 0.12 * canvas.noise("freckle grain", 0.3)), 0, None), np.float32)


def skin_layers(canvas: Canvas, lesion: Lesion) -> Layers:
    """Return the bare skin around a lesion."""
    patient = lesion.patient
    rng = canvas.stream("skin")
    hairless = lesion.site.endswith("Sole of foot")
    net = furrows(canvas, 0.34 if hairless else float(rng.uniform(0.5, 0.75)))
    pores = canvas.lattice("pores", float(rng.uniform(0.8, 1.25)), 0.22)
    open_ = np.clip(rng.normal(0.5, 0.25, len(pores)), 0, 1).astype(np.float32) * np.float32(0.0 if hairless else 1.0)
    holes = canvas.dots(pores, np.full(len(pores), 0.05), open_, soft_mm=0.03)
    halos = canvas.dots(pores, np.full(len(pores), 0.17), open_, soft_mm=0.09)
    uneven = (
        0.08 * canvas.noise("melanin large", 4.0)
        + 0.05 * canvas.noise("melanin middle", 1.0)
        + 0.07 * canvas.noise("melanin fine", 0.3)
    )
    damage = patient.sun_damage * np.clip(canvas.noise("sun damage", 1.8), 0, 2)
    grain = canvas.noise("grain", 0.13)
    melanin = (
        patient.melanin * np.clip(1 + uneven + 0.10 * net - 0.20 * halos + 0.07 * grain, 0.3, None)
        + 0.05 * damage
        + 0.03 * grain
    )
    flush = (
        0.10 * canvas.noise("flush large", 3.5)
        + 0.09 * canvas.noise("flush", 0.9)
        + 0.13 * canvas.noise("flush fine", 0.26)
    )
    hemoglobin = patient.hemoglobin * np.clip(1 + flush - 0.22 * net + 0.25 * damage, 0.15, None)
    zero = np.zeros_like(net)
    return Layers(
        melanin=np.asarray(melanin + 0.34 * holes, np.float32),
        hemoglobin=np.asarray(hemoglobin, np.float32),
        pigment=_freckles(canvas, patient),
        deep=zero,
        blood=zero,
        keratin=np.asarray(0.06 * halos, np.float32),
        white=np.asarray(np.clip(0.07 * halos + 0.05 * net, 0, 1), np.float32),
        relief=np.asarray(-0.035 * net - 0.05 * holes + 0.015 * halos + 0.008 * grain, np.float32),
    )
