"""Pictures are decoded once, and what is kept of them equals what decoding gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from harness.loading.pixels import Place, decoded, resized


def picture(name: str) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(int(name))
    return rng.integers(0, 256, (40 + int(name), 60, 3), dtype=np.uint8)


def read(place: Place) -> npt.NDArray[np.uint8]:
    size = place.height * place.width * 3
    held = np.fromfile(place.pack, dtype=np.uint8, count=size, offset=place.offset)
    return held.reshape(place.height, place.width, 3)


WANTED = {f"key{number}": str(number) for number in range(5)}


def test_kept_pixels_equal_decoded_ones(tmp_path: Path) -> None:
    places = decoded(WANTED, picture, shorter_px=20, folder=tmp_path)
    for key, name in WANTED.items():
        np.testing.assert_array_equal(read(places[key]), resized(picture(name), 20))


def test_a_picture_is_decoded_once(tmp_path: Path) -> None:
    decoded(WANTED, picture, shorter_px=20, folder=tmp_path)
    asked: list[str] = []

    def counting(name: str) -> npt.NDArray[np.uint8]:
        asked.append(name)
        return picture(name)

    places = decoded({**WANTED, "new": "9"}, counting, shorter_px=20, folder=tmp_path)
    assert asked == ["9"]
    np.testing.assert_array_equal(read(places["new"]), resized(picture("9"), 20))


def test_a_pack_cut_off_by_a_kill_is_written_again(tmp_path: Path) -> None:
    places = decoded(WANTED, picture, shorter_px=20, folder=tmp_path)
    pack = places["key0"].pack
    pack.write_bytes(pack.read_bytes()[:-1])
    again = decoded(WANTED, picture, shorter_px=20, folder=tmp_path)
    np.testing.assert_array_equal(read(again["key4"]), resized(picture("4"), 20))


def test_progress_counts_every_picture_once(tmp_path: Path) -> None:
    for _ in range(2):
        done: list[int] = []
        decoded(WANTED, picture, shorter_px=20, folder=tmp_path, progress=done.append)
        assert sum(done) == len(WANTED)


@pytest.mark.parametrize(("size", "expected"), [((40, 60), (20, 30)), ((60, 40), (30, 20)), ((10, 10), (20, 20))])
def test_the_shorter_side_gets_the_length(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert resized(np.zeros((*size, 3), np.uint8), 20).shape[:2] == expected


def test_resizing_is_what_pillow_does_with_antialias() -> None:
    image = picture("3")
    theirs = np.asarray(Image.fromarray(image).resize((28, 20), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(resized(image, 20), theirs)
