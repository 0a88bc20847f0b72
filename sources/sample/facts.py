"""What is true of each picture: what it shows, the color of its skin, what lies over it; for calibration only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sources.sample.camera import stored_levels
from sources.sample.planted import Picture, pictures
from sources.sample.skin import bare_color, individual_typology_angle, lab_of

__all__ = ["PictureFacts", "facts"]


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """The truth about one picture.

    Parameters
    ----------
    image_id : str
        Source image id.
    person, lesion : int
        True identity, whatever the tables say.
    exposure : int
        Photo of that lesion, 0 for the first.
    edit : str
        How the copy was altered; empty for a photo as it came from the camera.
    kind, path : str
        What the lesion is.
    malignant : bool
    tone : str
        Fitzpatrick type.
    skin_lab : tuple of float
        CIELAB (D65) of the bare skin under even white light.
    ita_degrees : float
        Individual typology angle of `skin_lab`.
    shown_lab : tuple of float
        CIELAB of the bare skin as this camera and light show it at the center of the picture.
    shown_ita_degrees : float
        Individual typology angle of `shown_lab`: what a measure on the picture can find at best.
    dermoscopic, ruler, ink, vignette : bool
    hairs, bubbles : int
    """

    image_id: str
    person: int
    lesion: int
    exposure: int
    edit: str
    kind: str
    path: str
    malignant: bool
    tone: str
    skin_lab: tuple[float, float, float]
    ita_degrees: float
    shown_lab: tuple[float, float, float]
    shown_ita_degrees: float
    dermoscopic: bool
    ruler: bool
    ink: bool
    vignette: bool
    hairs: int
    bubbles: int


def _of(picture: Picture) -> PictureFacts:
    lesion, how = picture.lesion, picture.setup
    bare = bare_color(lesion.patient)
    levels = stored_levels(bare.astype(np.float32)[None], picture.exposure, how)[0] / 255.0
    shown = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    skin_lab, shown_lab = lab_of(bare), lab_of(shown)
    return PictureFacts(
        image_id=picture.image_id,
        person=lesion.patient.number,
        lesion=lesion.number,
        exposure=picture.exposure.number,
        edit=picture.edit,
        kind=lesion.kind,
        path=lesion.path,
        malignant=lesion.malignant,
        tone=lesion.patient.tone,
        skin_lab=skin_lab,
        ita_degrees=individual_typology_angle(skin_lab),
        shown_lab=shown_lab,
        shown_ita_degrees=individual_typology_angle(shown_lab),
        dermoscopic=picture.exposure.camera.modality == "dermoscopic",
        ruler=how.ruler,
        ink=how.ink,
        vignette=how.vignette > 0,
        hairs=how.hairs,
        bubbles=how.bubbles,
    )


def facts(seed: int) -> tuple[PictureFacts, ...]:
    """Return the truth about every picture of a seed, in the order of their ids."""
    return tuple(_of(picture) for picture in pictures(seed))
