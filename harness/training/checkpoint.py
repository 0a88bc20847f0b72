"""Checkpoints that survive a kill at any moment: one file each, written beside and renamed, two generations kept.

A file is a safetensors file: tensors, and the state of training as JSON in the file's own header, so that both are of
one moment. No generator state is stored: every random stream is a function of seed, epoch and row.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialized

from harness.artifacts import write_bytes

LAST, PREVIOUS, BEST = "last.safetensors", "previous.safetensors", "best.safetensors"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far training has come.

    Parameters
    ----------
    config_hash : str
        Of the run; a checkpoint of another one is not taken up.
    epoch, step : int
        Epochs finished, and steps done of the one under way.
    loss_sum : float
        Sum of the training losses of the steps done of this epoch.
    best_epoch : int
        Epoch (from 1) whose weights are in ``best.safetensors``, 0 before the first.
    best_auroc, best_loss : float
        Its validation AUROC and log loss.
    seconds : float
        Time spent so far.
    """

    config_hash: str
    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    best_epoch: int = 0
    best_auroc: float = float("-inf")
    best_loss: float = float("inf")
    seconds: float = 0.0


def save(folder: Path, tensors: dict[str, torch.Tensor], progress: Progress) -> None:
    """Write the newest generation; the one before it stays as ``previous.safetensors``.

    Parameters
    ----------
    folder : Path
        Folder of checkpoints, made where it is missing.
    tensors : dict of str to tensor
        Weights, optimizer state and average.
    progress : Progress
        State of training at this moment.
    """
    if (folder / LAST).exists():
        (folder / LAST).replace(folder / PREVIOUS)
    _write(folder / LAST, tensors, {"progress": json.dumps(asdict(progress))})


def save_weights(file: Path, weights: dict[str, torch.Tensor]) -> None:
    """Write weights alone, atomically."""
    _write(file, weights, {})


def newest(folder: Path, config_hash: str) -> tuple[dict[str, torch.Tensor], Progress] | None:
    """Return tensors and state of the newest whole checkpoint of a run, None where there is none.

    Parameters
    ----------
    folder : Path
        Folder of checkpoints.
    config_hash : str
        Hash of the run.
    """
    for name in (LAST, PREVIOUS):
        if not (folder / name).exists():
            continue
        try:
            tensors, header = _read(folder / name)
        except SafetensorError:
            continue  # cut off by a kill: the older generation is whole
        progress = Progress(**json.loads(header["progress"]))
        if progress.config_hash == config_hash:
            return tensors, progress
    return None


def load_weights(file: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a safetensors file."""
    return _read(file)[0]


def _write(file: Path, tensors: dict[str, torch.Tensor], header: dict[str, str]) -> None:
    held = {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
    write_bytes(file, serialized(held, metadata=header))


def _read(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(file, framework="pt") as handle:
        return {name: handle.get_tensor(name) for name in handle.keys()}, dict(handle.metadata() or {})  # noqa: SIM118
