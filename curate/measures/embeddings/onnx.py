"""Run a network that was exported to ONNX: the same bits for any batch and any number of threads.

Batches of 8 are fastest on a CPU, three to four times as fast as torch (design/feasibility.md section 3).
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from curate.measures.embeddings.embedder import Embedder
from curate.measures.measure import Image
from schemas.errors import Unavailable

if TYPE_CHECKING:
    import onnxruntime

BATCH = 8
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
USUAL_SIDE_PX = 224


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a picture becomes the input of a network.

    Parameters
    ----------
    side_px : int
        The whole picture is squeezed to this square: a crop would cut off what lies at the border.
    mean, deviation : tuple of float
        Of red, green and blue in 0..1.
    """

    side_px: int = USUAL_SIDE_PX
    mean: tuple[float, ...] = IMAGENET_MEAN
    deviation: tuple[float, ...] = IMAGENET_DEVIATION


def onnx_embedder(name: str, path: Path, preparation: Preparation) -> Embedder:
    """Return the embedder that runs an ONNX file.

    Parameters
    ----------
    name : str
        Name of the embedder.
    path : Path
        A network with one input (n, 3, side, side), float32; the first output is flattened to (n, d).
    preparation : Preparation
        What the network expects.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Embedder(name, digest, functools.partial(embed, path, preparation))


def input_side_px(path: Path) -> int:
    """Return the side of the pictures that an ONNX file expects; 224 where it leaves it open."""
    side = _session(path).get_inputs()[0].shape[-1]
    return side if isinstance(side, int) else USUAL_SIDE_PX


def embed(path: Path, preparation: Preparation, images: Sequence[Image]) -> npt.NDArray[np.float32]:
    """Return one vector per picture, shape (n, d)."""
    session = _session(path)
    name = session.get_inputs()[0].name
    rows = []
    for start in range(0, len(images), BATCH):
        batch = np.stack([_prepare(image, preparation) for image in images[start : start + BATCH]])
        output = np.asarray(session.run(None, {name: batch})[0], np.float32)
        rows.append(output.reshape(len(batch), -1))
    return np.concatenate(rows)


def _prepare(image: Image, preparation: Preparation) -> npt.NDArray[np.float32]:
    side = preparation.side_px
    shrinks = max(image.shape[:2]) > side
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    mean, deviation = np.array(preparation.mean, np.float32), np.array(preparation.deviation, np.float32)
    scaled = (small.astype(np.float32) / np.float32(255) - mean) / deviation
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


@functools.lru_cache(maxsize=2)
def _session(path: Path) -> onnxruntime.InferenceSession:
    """Return the loaded network; one per process, with one thread, because workers run side by side."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime has a class per fault and no common one
        raise Unavailable(
            "is no network that onnxruntime can run", value=str(path), remedy=f"({str(error).splitlines()[0]})"
        ) from error
