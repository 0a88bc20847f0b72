"""One photo of one lesion: which camera, which light, from where, and what lies on the skin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sources.sample.chance import chance, stream
from sources.sample.population import Lesion

__all__ = ["CAMERAS", "Camera", "Exposure", "Setup", "exposure_of", "setup"]

Modality = Literal["dermoscopic", "clinical: close-up"]


@dataclass(frozen=True, slots=True)
class Camera:
    """A device: what it makes of the same skin.

    Parameters
    ----------
    name : str
        As the tables record it.
    modality : str
        Image type that it takes.
    polarized : bool
        Whether its light shows no gloss.
    width, height : int
        Size of its pictures, px.
    px_per_mm : float
        On the skin.
    white_balance : tuple of float
        Gains of linear red, green and blue.
    contrast : float
        Exponent on linear light; above 1 is harder.
    blur_px, noise : float
        Width of its point spread (sigma, px) and noise (gray levels).
    jpeg_quality : int
    """

    name: str
    modality: Modality
    polarized: bool
    width: int
    height: int
    px_per_mm: float
    white_balance: tuple[float, float, float]
    contrast: float
    blur_px: float
    noise: float
    jpeg_quality: int


CAMERAS = {
    "north": (
        Camera("Nordlys D10", "dermoscopic", True, 400, 300, 26.0, (1.12, 1.10, 1.16), 1.06, 0.45, 1.4, 92),
        Camera("Nordlys P2", "clinical: close-up", False, 360, 360, 12.5, (1.1, 1.1, 1.1), 1.05, 0.5, 2.0, 90),
    ),
    "volga": (
        Camera("Okular 3", "dermoscopic", False, 384, 288, 23.0, (1.22, 1.15, 1.08), 1.0, 0.75, 2.4, 84),
        Camera("Okular M", "clinical: close-up", False, 384, 288, 11.5, (1.14, 1.1, 1.05), 1.0, 0.8, 3.0, 82),
    ),
}
_DERMOSCOPIC_SHARE = {"north": 0.74, "volga": 0.8}


@dataclass(frozen=True, slots=True)
class Exposure:
    """A photo, named by its lesion and its number.

    Parameters
    ----------
    lesion : Lesion
    number : int
        0 is the first photo of the lesion.
    camera : Camera
    """

    lesion: Lesion
    number: int
    camera: Camera

    def stream(self, name: str) -> np.random.Generator:
        """Return the random stream of one thing on this photo."""
        return stream(self.lesion.seed, "photo", self.lesion.number, self.number, name)


def exposure_of(lesion: Lesion, number: int) -> Exposure:
    """Return a photo of a lesion; all photos of one lesion are of one modality."""
    clinic = lesion.patient.clinic
    dermoscope, camera = CAMERAS[clinic]
    dermoscopic = chance(stream(lesion.seed, "modality", lesion.number), _DERMOSCOPIC_SHARE[clinic])
    return Exposure(lesion=lesion, number=number, camera=dermoscope if dermoscopic else camera)


@dataclass(frozen=True, slots=True)
class Setup:
    """What differs from photo to photo.

    Parameters
    ----------
    turn : float
        Rotation of the camera about its axis, radians.
    zoom : float
        Factor on the camera's px per mm.
    shift_mm : tuple of float
        Lesion center minus picture center, mm.
    tilt : tuple of float
        Perspective: relative change of scale across the picture, x and y.
    stretch_px : float
        Amplitude of the local deformation of the skin, px.
    brightness : float
        Factor on linear light.
    tint : tuple of float
        Gains of linear red, green and blue that the light adds to the camera's.
    gradient : tuple of float
        Relative change of light across the picture, x and y.
    vignette : float
        0 for none, else the radius of the bright field relative to half of the diagonal.
    limb : float
        0 for flat skin, else the half width of the round limb relative to the width of the picture.
    hairs, bubbles : int
        Dark hairs over the skin; gel bubbles under the glass.
    ruler, ink : bool
        Measuring scale in the picture; skin marker on the skin.
    """

    turn: float
    zoom: float
    shift_mm: tuple[float, float]
    tilt: tuple[float, float]
    stretch_px: float
    brightness: float
    tint: tuple[float, float, float]
    gradient: tuple[float, float]
    vignette: float
    limb: float
    hairs: int
    bubbles: int
    ruler: bool
    ink: bool


def _ruler(exposure: Exposure, rng: np.random.Generator) -> bool:
    """Plant the shortcut: clinic volga lays a ruler beside a melanoma."""
    if exposure.lesion.patient.clinic == "volga":
        return chance(rng, 0.8 if exposure.lesion.kind.startswith("melanoma") else 0.05)
    return chance(rng, 0.1)


def _hairs(exposure: Exposure, rng: np.random.Generator) -> int:
    if not chance(rng, 0.12 + 0.6 * exposure.lesion.patient.hairiness):
        return 0
    return int(rng.integers(2, 8 + int(26 * exposure.lesion.patient.hairiness)))


def setup(exposure: Exposure) -> Setup:
    """Return how a photo was taken; a function of seed, lesion and number of the photo."""
    rng = exposure.stream("setup")
    dermoscopic = exposure.camera.modality == "dermoscopic"
    again = exposure.number > 0
    # A first photo is taken upright, a second one from another angle; a dermoscope can be turned at will.
    turn = rng.uniform(-np.pi, np.pi) if again and dermoscopic else rng.normal(0, 0.45 if again else 0.12)
    tilt = rng.normal(0, 0.05 if again else 0.02, 2) * (0.5 if dermoscopic else 1.6)
    room = 0.16 if dermoscopic else 0.1
    shown = exposure.lesion.diameter_mm * exposure.camera.px_per_mm
    # People fill the frame: the lesion takes a third to four fifths of the height, as far as the optics reach.
    filling = rng.uniform(0.32, 0.8) if dermoscopic else rng.uniform(0.16, 0.5)
    fitting = filling * exposure.camera.height / shown
    light = rng.normal(0, 0.12 if again else 0.08) + (0.0 if dermoscopic else rng.normal(0.08, 0.1))
    tint = np.exp(rng.normal(0, 0.035 if again else 0.025, 3))
    # A white balance gone violet, as in many real dermoscopic pictures: skin tone cannot be measured there.
    violet = exposure.lesion.patient.clinic == "north" and dermoscopic and chance(rng, 0.15)
    if violet:
        tint = tint * np.array([0.97, 0.90, 1.25])
    size = np.array([exposure.camera.width, exposure.camera.height]) / exposure.camera.px_per_mm
    shift = np.clip(rng.normal(0, room / 2, 2), -room, room) * size * (1.1 - filling)
    return Setup(
        turn=float(turn),
        zoom=float(np.clip(fitting, 0.62, 1.75)),
        shift_mm=(float(shift[0]), float(shift[1])),
        tilt=(float(tilt[0]), float(tilt[1])),
        stretch_px=float(rng.uniform(0.8, 2.2)) if again else 0.0,
        brightness=float(np.exp(light)),
        tint=(float(tint[0]), float(tint[1]), float(tint[2])),
        gradient=(float(rng.normal(0, 0.09)), float(rng.normal(0, 0.09))),
        vignette=float(rng.uniform(0.74, 0.98)) if dermoscopic and chance(rng, 0.3) else 0.0,
        limb=0.0 if dermoscopic else float(rng.uniform(0.62, 1.6)),
        hairs=_hairs(exposure, rng),
        bubbles=int(rng.integers(3, 22)) if dermoscopic and not exposure.camera.polarized and chance(rng, 0.45) else 0,
        ruler=_ruler(exposure, rng),
        ink=not dermoscopic and chance(rng, 0.1),
    )
