"""The recipe is fixed: its numbers, and an id that changes with any of them."""

from __future__ import annotations

import pytest

from harness.training.recipe import RECIPES, resolve
from schemas.errors import UserError


def test_resize_goes_with_the_crop_as_256_with_224() -> None:
    assert [RECIPES[name].resize_px for name in ("full", "small", "smoke")] == [256, 146, 73]


@pytest.mark.parametrize("change", [{"epochs": 3}, {"image_size_px": 96}, {"augment": "none"}])
def test_any_change_gives_another_id(change: dict[str, object]) -> None:
    assert resolve("small", **change).recipe_id != resolve("small").recipe_id  # type: ignore[arg-type]
    assert resolve("small").recipe_id == resolve("small").recipe_id


def test_a_processor_computes_in_float32() -> None:
    assert resolve("full", device="cpu").precision == "fp32"
    assert resolve("full", device="cuda:0").precision == "bf16"


@pytest.mark.parametrize("change", [{"epochs": 0}, {"image_size_px": 8}, {"augment": "strong"}])
def test_numbers_out_of_range_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(UserError):
        resolve("small", **change)  # type: ignore[arg-type]
