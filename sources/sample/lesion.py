"""How a lesion looks: pigment, blood, horn and relief laid over the skin, by the rules of the textbooks.

Malignancy shows in asymmetry, border, color and structures, and not always: `Lesion.atypia` says how much, and kinds
overlap in it.
"""

from __future__ import annotations

from collections.abc import Callable

from sources.sample import dermal, epithelial, melanocytic
from sources.sample.canvas import Canvas
from sources.sample.population import Lesion
from sources.sample.skin import Layers, skin_layers

__all__ = ["draw_lesion"]

Painter = Callable[[Canvas, Lesion, Layers], Layers]

_PAINTERS: dict[str, Painter] = {
    "nevus_junctional": melanocytic.junctional_nevus,
    "nevus_compound": melanocytic.compound_nevus,
    "nevus_dermal": melanocytic.dermal_nevus,
    "nevus": melanocytic.plain_nevus,
    "nevus_dysplastic": melanocytic.atypical,
    "nevus_blue": melanocytic.blue_nevus,
    "seborrheic_keratosis": epithelial.seborrheic_keratosis,
    "solar_lentigo": epithelial.solar_lentigo,
    "actinic_keratosis": epithelial.actinic_keratosis,
    "dermatofibroma": dermal.dermatofibroma,
    "hemangioma": dermal.hemangioma,
    "melanoma_superficial": melanocytic.atypical,
    "melanoma_nodular": melanocytic.nodular_melanoma,
    "melanoma_in_situ": melanocytic.atypical,
    "basal_cell_nodular": epithelial.nodular_basal_cell,
    "basal_cell_superficial": epithelial.superficial_basal_cell,
    "squamous_cell": epithelial.squamous_cell,
    "bowen": epithelial.bowen,
}


def draw_lesion(canvas: Canvas, lesion: Lesion) -> Layers:
    """Return skin and lesion on a canvas; the same at every scale and in every photo."""
    return _PAINTERS[lesion.kind](canvas, lesion, skin_layers(canvas, lesion))
