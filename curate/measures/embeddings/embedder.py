"""The one interface of everything that turns pictures into vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.measures.measure import Image


@dataclass(frozen=True, slots=True)
class Embedder:
    """A named function from pictures to vectors. Picklable: worker processes call it.

    Parameters
    ----------
    name : str
        Column ``model`` of table `embeddings`; two weights of one backbone have two names.
    sha256 : str
        Hash of the weights, or of the rule where there are none.
    of : callable
        Upright sRGB pictures of any size -> float32 array, shape (n, d). The same bits for any batch.
    """

    name: str
    sha256: str
    of: Callable[[Sequence[Image]], npt.NDArray[np.float32]]
