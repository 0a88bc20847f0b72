"""Small collections in the layout of the real download, with pictures that are drawn when a test asks for them."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

FAKES = Path(__file__).parent / "fakes"

Fake = Callable[[str], Path]


def picture(seed: str) -> bytes:
    """A small PNG that no other name gives."""
    image = Image.new("RGB", (40, 32), tuple(hash_byte(seed, salt) for salt in range(3)))
    image.putpixel((3, 5), tuple(hash_byte(seed, salt) for salt in range(3, 6)))
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def hash_byte(text: str, salt: int) -> int:
    return sum((at + salt + 1) * letter for at, letter in enumerate(text.encode())) % 256


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    def make(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(FAKES / name, folder, ignore=shutil.ignore_patterns("pictures.txt"))
        for file in (FAKES / name / "pictures.txt").read_text(encoding="utf-8").split("\n"):
            if file:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(picture(file))
        return folder

    return make
