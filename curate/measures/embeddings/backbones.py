"""Backbones of torchvision and timm by name: their weights, and the export to ONNX that is done once.

The last linear layer is taken off, so the vector is what the classifier would see.
"""

from __future__ import annotations

import hashlib
import tempfile
import urllib.error
from pathlib import Path
from typing import TYPE_CHECKING

from curate.measures.embeddings.onnx import Preparation
from schemas import cache
from schemas.errors import Unavailable, UserError

if TYPE_CHECKING:
    import torch

EXPORT_VERSION = "1"
TIMM = "timm/"


def export(name: str, weights: Path | None) -> tuple[str, Path, Preparation]:
    """Return the name, the ONNX file and the input of a backbone; exported now where the cache has it not.

    Parameters
    ----------
    name : str
        torchvision's name, or ``timm/NAME``.
    weights : Path, optional
        State dict of the whole network; None takes the library's own ImageNet weights, fetched where they are missing.

    Raises
    ------
    UserError
        There is no such backbone, or the weights are not its own.
    Unavailable
        The weights can neither be found nor fetched.
    """
    file = weights if weights is not None else _own_weights(name)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    plain = name.replace("/", "-")
    target = cache.folder("backbones") / f"{plain}-{digest}-v{EXPORT_VERSION}.onnx"
    if not target.exists():
        _export(_network(name, file), _preparation(name).side_px, target)
    return (name if weights is None else f"{plain}-{digest}"), target, _preparation(name)


def _own_weights(name: str) -> Path:
    """Return the library's ImageNet weights, from the cache or the network."""
    import torch

    url, own_hash = _address(name)
    file_name = url.rsplit("/", 1)[-1]
    folder = cache.folder("weights")
    for place in (folder, Path(torch.hub.get_dir()) / "checkpoints"):
        if (place / file_name).exists():
            return place / file_name
    try:
        with tempfile.TemporaryDirectory(dir=folder) as part:
            fetched = Path(part) / file_name
            torch.hub.download_url_to_file(url, str(fetched), own_hash, progress=False)
            fetched.replace(folder / file_name)
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        raise Unavailable(
            f"the ImageNet weights of {name} can neither be found nor fetched ({error})",
            value=file_name,
            remedy=f"Put the file into {folder}, name it with --embedder {name}=FILE, or use --embedder classical.",
        ) from error
    return folder / file_name


def _address(name: str) -> tuple[str, str | None]:
    """Return where the weights lie and the start of their hash."""
    if name.startswith(TIMM):
        import timm

        config = timm.get_pretrained_cfg(name.removeprefix(TIMM))
        url = str(getattr(config, "url", "") or "")
        if not url:
            remedy = f"Download them yourself and pass --embedder {name}=FILE, or use --embedder classical."
            raise Unavailable("publishes no weights at a plain address", value=name, remedy=remedy)
        return url, None
    from torchvision import models

    url = str(models.get_model_weights(name).DEFAULT.url)
    return url, url.rsplit("-", 1)[-1].removesuffix(".pth")


def check_name(name: str) -> None:
    """Refuse a name that neither torchvision nor timm knows.

    Raises
    ------
    UserError
        With the nearest names.
    """
    known = _known(name)
    if name in known:
        return
    import difflib

    nearest = ", ".join(difflib.get_close_matches(name, known, n=3, cutoff=0.5))
    remedy = f"Did you mean {nearest}?" if nearest else "Use classical, a torchvision name, timm/NAME or a .onnx file."
    raise UserError("is no embedder", value=name, remedy=remedy)


def _known(name: str) -> list[str]:
    if name.startswith(TIMM):
        import timm

        return [f"{TIMM}{each}" for each in timm.list_models()]
    from torchvision import models

    return [str(each) for each in models.list_models(module=models)]


def _network(name: str, weights: Path) -> torch.nn.Module:
    import torch

    network = _untrained(name)
    try:
        state = _state(weights)
        network.load_state_dict(state, strict=True)
    except (RuntimeError, ValueError, KeyError, EOFError, OSError) as error:
        raise UserError(
            f"does not hold the weights of {name}", value=str(weights), remedy=str(error).splitlines()[0]
        ) from error
    head = [module for module, layer in network.named_modules() if isinstance(layer, torch.nn.Linear)][-1]
    network.set_submodule(head, torch.nn.Identity())
    return network.eval()


def _untrained(name: str) -> torch.nn.Module:
    if name.startswith(TIMM):
        import timm

        made: torch.nn.Module = timm.create_model(name.removeprefix(TIMM), pretrained=False)
        return made
    from torchvision import models

    kept = {"init_weights": False} if name in {"googlenet", "inception_v3"} else {}
    network: torch.nn.Module = models.get_model(name, weights=None, **kept)
    return network


def _state(weights: Path) -> dict[str, torch.Tensor]:
    import torch

    if weights.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(weights)
    loaded = torch.load(weights, map_location="cpu", weights_only=True)
    state: dict[str, torch.Tensor] = loaded.get("state_dict", loaded)
    return state


def _preparation(name: str) -> Preparation:
    if name.startswith(TIMM):
        import timm

        config = timm.get_pretrained_cfg(name.removeprefix(TIMM))
        if config is None:
            return Preparation()
        return Preparation(int(config.input_size[-1]), tuple(config.mean), tuple(config.std))
    from torchvision import models

    crop = models.get_model_weights(name).DEFAULT.transforms().crop_size[0]
    return Preparation(side_px=int(crop))


def _export(network: torch.nn.Module, side_px: int, target: Path) -> None:
    """Export with a free batch size; the file appears whole or not at all."""
    import logging

    import torch

    example = torch.zeros(2, 3, side_px, side_px)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        part = Path(folder) / target.name
        torch.onnx.export(
            network,
            (example,),
            str(part),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("n")},),
            external_data=False,
            verbose=False,
        )
        part.replace(target)
