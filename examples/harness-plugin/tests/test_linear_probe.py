# ruff: noqa: D103
"""The plugin keeps the promises of the protocol, and its features say what they are meant to say."""

from __future__ import annotations

import numpy as np
import pytest
from harness_linear_probe import LinearProbe
from harness_linear_probe.features import describe, lesion

from harness.testing import check_model

REACH_SPREAD = 28  # after 25 numbers of color: size, outline, elongation, spread of the reach


def photo(*, bumps: float = 0.0, size: tuple[int, int] = (73, 97), seed: int = 0) -> np.ndarray:
    """Draw a dark spot on bright skin; with bumps its outline is uneven."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(size)
    angle, reach = np.arctan2(y - size[0] / 2, x - size[1] / 2), np.hypot(y - size[0] / 2, x - size[1] / 2)
    spot = reach < min(size) / 4 * (1 + bumps * np.sin(3 * angle + 1))
    image = np.where(spot[..., None], [110, 70, 50], [225, 185, 165]) + rng.normal(0, 3, (*size, 3))
    return np.clip(image, 0, 255).astype(np.uint8)


def test_the_spot_is_found() -> None:
    gray = photo().astype(np.float64) @ [0.299, 0.587, 0.114] / 255
    mask = lesion(gray)
    assert mask[36, 48]
    assert not mask[2, 2]
    assert mask.mean() == pytest.approx(np.pi * (73 / 4) ** 2 / (73 * 97), rel=0.05)


def test_an_uneven_outline_has_a_larger_reach_spread() -> None:
    round_one, uneven = describe(photo()), describe(photo(bumps=0.5))
    assert uneven[REACH_SPREAD] > 2 * round_one[REACH_SPREAD]


@pytest.mark.parametrize("size", [(8, 8), (1, 300), (300, 1), (64, 64)])
def test_every_size_gives_finite_features(size: tuple[int, int]) -> None:
    for image in (photo(size=size), np.zeros((*size, 3), np.uint8), np.full((*size, 3), 255, np.uint8)):
        found = describe(image)
        assert found.shape == (61,)
        assert np.isfinite(found).all()


def test_it_passes_the_conformance_battery() -> None:
    failed = [check for check in check_model(LinearProbe) if check.status == "fail"]
    assert failed == []
