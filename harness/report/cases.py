"""The worst errors: which images a reader should look at, and the small pictures of them that the run folder keeps."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from harness.report.numbers import Judged, RunFolder

FOLDER = "thumbnails"
SHOWN = 24


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture of one sample with what has to be said beside it.

    Parameters
    ----------
    jpeg : bytes
        Picture, longer side about 160 px; empty where it may not be copied.
    diagnosis, source, licence : str
        As the dataset has them, empty where unknown.
    findings : tuple of str
        Kinds of the open findings on the sample: a label error may hide there.
    """

    jpeg: bytes
    diagnosis: str = ""
    source: str = ""
    licence: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One error of one model."""

    sample_id: str
    score: float
    error: Literal["false alarm", "missed"]
    thumbnail: Thumbnail | None

    @property
    def source_text(self) -> str:
        """The picture as a data address, empty where there is none."""
        if self.thumbnail is None or not self.thumbnail.jpeg:
            return ""
        return f"data:image/jpeg;base64,{base64.b64encode(self.thumbnail.jpeg).decode('ascii')}"


def worst_sample_ids(run: RunFolder, *, shown: int = SHOWN) -> tuple[str, ...]:
    """Return the samples that the report shows, so that a caller with the dataset at hand can give their pictures.

    Parameters
    ----------
    run : RunFolder
        A run folder with predictions.
    shown : int
        How many of each error and model.
    """
    found = [case.sample_id for model in run.models for case in worst(model, {}, shown=shown)]
    return tuple(sorted(set(found)))


def worst(model: Judged, thumbnails: Mapping[str, Thumbnail], *, shown: int = SHOWN) -> tuple[Case, ...]:
    """Return the highest-scored negatives, then the lowest-scored positives, of the test set.

    Parameters
    ----------
    model : Judged
        Whose errors.
    thumbnails : mapping
        Picture by sample id.
    shown : int
        How many of each.
    """
    rows = model.read_out
    if rows.empty:
        return ()
    alarms = rows[~rows["positive"]].sort_values(["score", "sample_id"], ascending=[False, True]).head(shown)
    missed = rows[rows["positive"]].sort_values(["score", "sample_id"]).head(shown)
    kinds: tuple[Literal["false alarm", "missed"], ...] = ("false alarm", "missed")
    return tuple(
        Case(str(sample_id), float(score), kind, thumbnails.get(str(sample_id)))
        for kind, part in zip(kinds, (alarms, missed), strict=True)
        for sample_id, score in zip(part["sample_id"], part["score"], strict=True)
    )


def store_thumbnails(run: Path, thumbnails: Mapping[str, Thumbnail]) -> None:
    """Keep the pictures in the run folder, so that the report can be written again without the dataset.

    Parameters
    ----------
    run : Path
        Folder named by ``--out``.
    thumbnails : mapping
        Picture by sample id.
    """
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    index: dict[str, dict[str, object]] = {}
    for sample_id, thumbnail in sorted(thumbnails.items()):
        name = f"{hashlib.sha256(sample_id.encode()).hexdigest()[:16]}.jpg"
        if thumbnail.jpeg:
            (folder / name).write_bytes(thumbnail.jpeg)
        facts = {key: value for key, value in asdict(thumbnail).items() if key != "jpeg"}
        index[sample_id] = {**facts, "file": name if thumbnail.jpeg else ""}
    (folder / "index.json").write_text(
        json.dumps(index, indent=1, ensure_ascii=False, sort_keys=True), encoding="utf-8"
    )


def read_thumbnails(run: Path) -> dict[str, Thumbnail]:
    """Return the pictures that `store_thumbnails` kept, empty where none were."""
    file = run / FOLDER / "index.json"
    if not file.is_file():
        return {}
    index = json.loads(file.read_text(encoding="utf-8"))
    return {sample_id: _thumbnail(file.parent, facts) for sample_id, facts in index.items()}


def _thumbnail(folder: Path, facts: dict[str, object]) -> Thumbnail:
    name, findings = str(facts["file"]), facts["findings"]
    assert isinstance(findings, list)
    return Thumbnail(
        jpeg=(folder / name).read_bytes() if name else b"",
        diagnosis=str(facts["diagnosis"]),
        source=str(facts["source"]),
        licence=str(facts["licence"]),
        findings=tuple(str(kind) for kind in findings),
    )
