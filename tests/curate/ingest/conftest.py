"""A folder of pictures with a table, as a user has it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Table = Sequence[Mapping[str, str]]
Folder = Callable[..., Path]


def jpeg(seed: int, size: tuple[int, int] = (160, 140)) -> bytes:
    """Return a picture that differs from that of every other seed."""
    rng = np.random.default_rng(seed)
    small = rng.integers(90, 220, (7, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue()


def write_table(path: Path, rows: Table) -> None:
    """Write rows as CSV; the header holds every column that any row has."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Return the maker of a folder: `count` pictures 0.jpg, 1.jpg ... and a metadata.csv with the given columns."""
    monkeypatch.chdir(tmp_path)

    def make(count: int = 4, name: str = "clinic", rows: Table | None = None, **columns: Sequence[str]) -> Path:
        root = tmp_path / name
        (root / "images").mkdir(parents=True)
        for number in range(count):
            (root / "images" / f"{number}.jpg").write_bytes(jpeg(number))
        said = [
            {"image": str(at), "file": f"images/{at}.jpg", **{column: cells[at] for column, cells in columns.items()}}
            for at in range(count)
        ]
        write_table(root / "metadata.csv", rows if rows is not None else said)
        return root

    return make
