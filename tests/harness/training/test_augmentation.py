"""Changes of angle and light: drawn from the given generator alone, square, and without black corners."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.protocol import stream
from harness.training.augmentation import PRESETS, augment

IMAGE = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 40, 52), dtype=np.uint8))


@pytest.mark.parametrize("preset", list(PRESETS))
def test_equal_generators_give_equal_bits_whatever_torch_has_drawn(preset: str) -> None:
    before = torch.get_rng_state()
    one = [augment(IMAGE, 32, PRESETS[preset], stream(0, "a", row)) for row in range(20)]  # type: ignore[index]
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    again = [augment(IMAGE, 32, PRESETS[preset], stream(0, "a", row)) for row in range(20)]  # type: ignore[index]
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert {tuple(image.shape) for image in one} == {(3, 32, 32)}
    assert {image.dtype for image in one} == {torch.uint8}


def test_a_plain_picture_has_no_dark_corner_after_any_change_of_angle() -> None:
    plain = torch.full((3, 40, 40), 180, dtype=torch.uint8)
    angles = PRESETS["angle-light"]
    for row in range(60):
        changed = augment(plain, 32, angles, stream(0, "corners", row)).float()
        # Light may change by a quarter per channel and slope by a quarter; black would be 0.
        assert changed.min() > 60


def test_no_augmentation_takes_the_middle_square() -> None:
    image = torch.zeros((3, 40, 60), dtype=torch.uint8)
    image[:, :, 10:50] = 200
    assert (augment(image, 40, PRESETS["none"], stream(0, "none")) == 200).all()


def test_light_mirrors_half_of_the_images() -> None:
    ramp = torch.arange(64, dtype=torch.uint8).expand(3, 64, 64)
    mirrored = sum(
        bool(image[0, 0, 0] > image[0, 0, -1])
        for image in (augment(ramp, 32, PRESETS["light"], stream(0, "mirror", row)) for row in range(300))
    )
    assert 115 < mirrored < 185  # four standard deviations of a fair coin
