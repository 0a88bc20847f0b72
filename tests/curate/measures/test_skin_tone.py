"""Skin color as an angle: right where the color is known, declined where it cannot be."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from curate.measures.skin_tone import HIGH, LOW, SKIN_TONE, SPREAD, VALUE, individual_typology_angle, read_skin_tone


def skin(light: float, red: float, yellow: float, *, seed: int = 0, gradient: float = 0.0) -> np.ndarray:
    """Even skin of one color with fine texture, 450 x 600, under light that falls off from left to right."""
    rng = np.random.default_rng(seed)
    lab = np.empty((450, 600, 3), np.float32)
    lab[:] = light, red, yellow
    lab[..., 0] += rng.normal(0, 1.0, lab.shape[:2])
    linear = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2LRGB), 0, 1) * (
        1 - gradient * np.linspace(-1, 1, 600)[None, :, None]
    )
    shown = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.clip(linear, 1e-9, None) ** (1 / 2.4) - 0.055)
    return np.round(np.clip(shown, 0, 1) * 255).astype(np.uint8)


def with_lesion(image: np.ndarray, radius: int = 110) -> np.ndarray:
    return cv2.circle(image.copy(), (300, 225), radius, (70, 40, 30), -1)


@pytest.mark.parametrize(("light", "yellow"), [(72, 16), (60, 18), (50, 15), (40, 16), (30, 12)])
def test_the_angle_of_even_skin_is_the_one_of_its_color(light: float, yellow: float) -> None:
    reading = read_skin_tone(skin(light, 12, yellow))[VALUE]

    assert reading.status == "ok"
    assert reading.value == pytest.approx(math.degrees(math.atan2(light - 50, yellow)), abs=1.5)


def test_a_lesion_hair_and_uneven_light_change_little() -> None:
    plain = read_skin_tone(skin(62, 12, 17))[VALUE].value
    hard = with_lesion(skin(62, 12, 17, gradient=0.2))
    for y in range(40, 440, 40):
        cv2.line(hard, (0, y), (600, y + 25), (40, 30, 25), 2)

    assert read_skin_tone(hard)[VALUE].value == pytest.approx(plain, abs=2.0)


def test_dark_corners_are_not_skin() -> None:
    image = skin(62, 12, 17)
    lens = np.zeros(image.shape[:2], np.uint8)
    cv2.circle(lens, (300, 225), 260, 1, -1)

    assert read_skin_tone(image * lens[..., None])[VALUE].value == pytest.approx(
        read_skin_tone(image)[VALUE].value, abs=2.0
    )


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.repeat(skin(60, 12, 17)[..., :1], 3, axis=2), "gray"),
        (skin(60, 12, 17)[..., ::-1], "color_cast"),
        (skin(60, 12, -4), "color_cast"),
        (np.zeros((100, 100, 3), np.uint8), "little_skin"),
    ],
    ids=["gray", "red and blue swapped", "blue cast", "black"],
)
def test_a_picture_whose_color_means_nothing_is_declined_with_the_reason(image: np.ndarray, reason: str) -> None:
    readings = read_skin_tone(np.ascontiguousarray(image))

    assert set(readings) == {VALUE, LOW, HIGH, SPREAD} == set(SKIN_TONE.units)
    assert all((r.status, r.value, r.detail) == ("declined", None, reason) for r in readings.values())


def test_two_halves_of_different_skin_are_declined_as_uneven_or_bounded_widely() -> None:
    image = skin(60, 12, 17)
    image[:, 300:] = skin(45, 12, 17)[:, 300:]

    readings = read_skin_tone(image)

    assert readings[VALUE].status == "declined" or readings[HIGH].value - readings[LOW].value > 10


def test_the_interval_holds_the_angle_and_is_the_same_every_time() -> None:
    image = with_lesion(skin(55, 12, 15, seed=3))

    first, second = read_skin_tone(image), read_skin_tone(image.copy())

    assert first == second
    assert first[LOW].value < first[VALUE].value < first[HIGH].value


@pytest.mark.parametrize("shape", [(16, 16), (20, 900), (900, 20), (33, 47)])
def test_pictures_of_any_shape_give_a_reading(shape: tuple[int, int]) -> None:
    image = cv2.resize(skin(60, 12, 17), shape[::-1])

    assert read_skin_tone(image)[VALUE].status in {"ok", "declined"}


def test_the_angle_is_the_published_formula() -> None:
    # By hand: L* 64, b* 14 is 45 degrees; L* 50 is 0 whatever b*.
    assert individual_typology_angle([64.0, 50.0], [14.0, 9.0]).tolist() == pytest.approx([45.0, 0.0])


@pytest.mark.real
@pytest.mark.slow
def test_drawn_skin_of_known_color_is_measured_within_the_bar(shared: Path) -> None:
    spec = importlib.util.spec_from_file_location("skin_phantoms", shared / "accept" / "skin_phantoms.py")
    phantoms = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(phantoms)
    rng = np.random.default_rng(7)
    drawn = [phantoms.draw_one(rng, "dermoscopic" if i % 3 else "clinical") for i in range(120)]

    readings = [(read_skin_tone(np.ascontiguousarray(image[..., ::-1])), truth["ita_deg"]) for image, truth in drawn]

    measured = [
        (r[VALUE].value, r[LOW].value, r[HIGH].value, wanted) for r, wanted in readings if r[VALUE].status == "ok"
    ]
    errors = np.array([abs(value - wanted) for value, _, _, wanted in measured])
    covered = np.mean([low <= wanted <= high for _, low, high, wanted in measured])
    assert len(measured) >= 0.95 * len(drawn)
    assert np.median(errors) <= 2.0
    assert (errors <= 3).mean() >= 0.85
    assert covered >= 0.85
