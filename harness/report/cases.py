"""The worst errors: which images a reader should look at, and what a small picture of each is shown with."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.artifacts import Thumbnail
from harness.report.numbers import Judged, RunFolder

SHOWN = 24
_FEWEST_SCORES = 2


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
    # A model that gives all images one score has no worst errors.
    if rows["score"].nunique() < _FEWEST_SCORES:
        return ()
    alarms = rows[~rows["positive"]].sort_values(["score", "sample_id"], ascending=[False, True]).head(shown)
    missed = rows[rows["positive"]].sort_values(["score", "sample_id"]).head(shown)
    kinds: tuple[Literal["false alarm", "missed"], ...] = ("false alarm", "missed")
    return tuple(
        Case(str(sample_id), float(score), kind, thumbnails.get(str(sample_id)))
        for kind, part in zip(kinds, (alarms, missed), strict=True)
        for sample_id, score in zip(part["sample_id"], part["score"], strict=True)
    )
