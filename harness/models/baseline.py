"""The fixed baseline and every other network by name: built, given its starting weights and a head for the task."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from harness.models.catalogue import Target
from harness.protocol import stream
from schemas.errors import UserError

HEAD_SD = 0.01


def network(target: Target, *, n_classes: int, weights: Path | None, seed: int) -> nn.Module:
    """Return an untrained network for the recipe.

    Parameters
    ----------
    target : Target
        Of torchvision or timm.
    n_classes : int
        Outputs.
    weights : Path, optional
        Starting weights of the body; random without.
    seed : int
        Decides every random number in it.

    Raises
    ------
    UserError
        The weights are not those of this architecture, or the network has no linear last layer.
    """
    with torch.random.fork_rng():
        torch.manual_seed(int(stream(seed, "init").integers(2**63)))
        body = _body(target)
        if weights is not None:
            _start_from(body, weights, target.place)
        _give_head(body, n_classes, target.place)
    return body


def _body(target: Target) -> nn.Module:
    if target.kind == "timm":
        import timm

        built: nn.Module = timm.create_model(target.place, pretrained=False)
        return built
    from torchvision import models

    plain: nn.Module = models.get_model(target.place, weights=None)
    return plain


def _start_from(body: nn.Module, file: Path, name: str) -> None:
    """Load weights; a head for other classes than ImageNet's may be absent or of another shape, nothing else."""
    found, wanted = read_weights(file), body.state_dict()
    head = {f"{_last_linear(body, name)[0]}.{part}" for part in ("weight", "bias")}
    faults = [key for key in wanted if key not in head and (key not in found or found[key].shape != wanted[key].shape)]
    if faults:
        raise UserError(
            f"holds no weights of {name}: {len(faults)} tensors are missing or misshapen, the first is {faults[0]}",
            value=str(file),
            remedy="Name the file of this architecture with --weights.",
        )
    body.load_state_dict({**wanted, **{key: found[key] for key in wanted if key not in head}})


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a ``.safetensors`` file or of one that torch has saved; no code in it is run."""
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    content = torch.load(file, map_location="cpu", weights_only=True)
    content = content.get("state_dict", content) if isinstance(content, dict) else None
    if not content or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise UserError("holds no state dict", value=str(file), remedy="Save model.state_dict() with torch.save.")
    return dict(content)


def _last_linear(body: nn.Module, name: str) -> tuple[str, nn.Linear]:
    linear = [(key, layer) for key, layer in body.named_modules() if isinstance(layer, nn.Linear)]
    if not linear:
        raise UserError("has no linear last layer and cannot be given a head", value=name)
    return linear[-1]


def _give_head(body: nn.Module, n_classes: int, name: str) -> None:
    key, last = _last_linear(body, name)
    head = nn.Linear(last.in_features, n_classes)
    nn.init.normal_(head.weight, std=HEAD_SD)
    nn.init.zeros_(head.bias)
    parent, _, attribute = key.rpartition(".")
    setattr(body.get_submodule(parent), attribute, head)


def without_head(body: nn.Module, name: str) -> nn.Module:
    """Return the network with its last linear layer taken off: it gives features."""
    key, _ = _last_linear(body, name)
    parent, _, attribute = key.rpartition(".")
    setattr(body.get_submodule(parent), attribute, nn.Identity())
    return body
