"""From what a user types behind ``--embedder`` to an embedder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from curate.measures.embeddings import backbones
from curate.measures.embeddings.classical import classical
from curate.measures.embeddings.embedder import Embedder
from curate.measures.embeddings.onnx import Preparation, input_side_px, onnx_embedder
from schemas.errors import Unavailable

DEFAULT = "mobilenet_v2"


def resolve(spec: str = DEFAULT) -> Embedder:
    """Return the embedder of a name.

    Parameters
    ----------
    spec : str
        ``classical``, a torchvision name, ``timm/NAME``, any of these with ``=FILE`` of weights, or an ONNX file.

    Raises
    ------
    UserError
        There is no such embedder, or the file holds other weights.
    Unavailable
        Weights or file are not to be had.
    """
    if spec == "classical":
        return classical()
    if spec.endswith(".onnx"):
        path = _existing(Path(spec))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        return onnx_embedder(f"onnx-{digest}", path, Preparation(side_px=input_side_px(path)))
    name, _, file = spec.partition("=")
    backbones.check_name(name)
    return onnx_embedder(*backbones.export(name, _existing(Path(file)) if file else None))


def _existing(path: Path) -> Path:
    if not path.is_file():
        remedy = "Check the path, or use --embedder classical, which needs no weights."
        raise Unavailable("the file of the weights does not exist", value=str(path), remedy=remedy)
    return path.resolve()
