"""Small pictures of a few samples, with what a reader has to know beside each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

from curate.dataset import load_dataset
from harness.artifacts import Thumbnail
from harness.protocol import Pixels

SIDE_PX = 160
_JPEG_QUALITY = 82


def thumbnails(
    root: str | Path, sample_ids: Sequence[str], *, at: int | None = None, side_px: int = SIDE_PX
) -> dict[str, Thumbnail]:
    """Return a picture and the facts of each sample that the dataset has.

    Parameters
    ----------
    root : str or Path
        Folder of the dataset.
    sample_ids : sequence of str
        Which samples; one that the dataset does not have is left out, one without a stored picture has facts only.
    at : int, optional
        Version of the dataset; the newest by default.
    side_px : int
        Longest side of a picture.
    """
    dataset = load_dataset(root, at=at)
    frame = dataset.view().frame
    rows = frame[frame["sample_id"].isin(list(sample_ids))]
    kinds = _open_kinds(dataset.findings())
    return {
        str(row["sample_id"]): Thumbnail(
            jpeg=_jpeg(dataset.image(str(row["sample_id"])), side_px) if row["image_status"] == "stored" else b"",
            diagnosis=_last_part(row["label_path"]),
            source=str(row["source"]),
            licence=str(row["licence"]),
            findings=kinds.get(str(row["sample_id"]), ()),
        )
        for row in rows.to_dict("records")
    }


def _open_kinds(findings: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the kinds of marked findings per sample that nobody has decided yet."""
    waiting = findings[(findings["status"] == "open") & findings["marked"].fillna(value=False)]
    found: dict[str, set[str]] = {}
    for kind, sample_ids in zip(waiting["kind"], waiting["sample_ids"], strict=True):
        for sample_id in sample_ids:
            found.setdefault(str(sample_id), set()).add(str(kind))
    return {sample_id: tuple(sorted(kinds)) for sample_id, kinds in found.items()}


def _last_part(path: object) -> str:
    """Return the narrowest name of a diagnosis path, empty where there is none."""
    return path.rsplit(":", 1)[-1] if isinstance(path, str) else ""


def _jpeg(pixels: Pixels, side_px: int) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
