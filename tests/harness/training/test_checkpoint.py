"""Checkpoints: two generations, and a cut-off one is passed over."""

from __future__ import annotations

from pathlib import Path

import torch

from harness.training import checkpoint
from harness.training.checkpoint import Progress


def written(folder: Path, epoch: int) -> None:
    checkpoint.save(folder, {"w": torch.full((4,), float(epoch))}, Progress("hash", epoch=epoch))


def test_the_newest_generation_is_read(tmp_path: Path) -> None:
    for epoch in (1, 2, 3):
        written(tmp_path, epoch)
    found = checkpoint.newest(tmp_path, "hash")
    assert found is not None
    assert found[1].epoch == 3
    assert found[0]["w"].tolist() == [3.0] * 4
    assert sorted(file.name for file in tmp_path.iterdir()) == ["last.safetensors", "previous.safetensors"]


def test_a_cut_off_file_is_passed_over_for_the_generation_before(tmp_path: Path) -> None:
    written(tmp_path, 1)
    written(tmp_path, 2)
    last = tmp_path / checkpoint.LAST
    for length in (0, 5, last.stat().st_size - 1):
        last.write_bytes(last.read_bytes()[:length])
        found = checkpoint.newest(tmp_path, "hash")
        assert found is not None
        assert found[1].epoch == 1


def test_a_checkpoint_of_other_options_is_not_taken_up(tmp_path: Path) -> None:
    written(tmp_path, 1)
    assert checkpoint.newest(tmp_path, "other") is None
    assert checkpoint.newest(tmp_path / "nothing", "hash") is None
