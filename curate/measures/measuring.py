"""Compute what is missing: each picture is decoded once for all measures, its vector and its local features.

A value belongs to pixels, not to rows: it is computed once for equal pixels, and again only where pixels, method or
version have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from curate import imaging
from curate.dataset import Dataset, Writer
from curate.measures.embeddings import Embedder
from curate.measures.keypoints import feature_folder, has_features, store_features
from curate.measures.measure import Measure, Reading
from curate.parallel import map_images
from schemas.errors import Fault
from schemas.tables import conform, from_rows, schema

# Method of values that came with the source: they are never measured and never dropped.
PUBLISHED = "source"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to know of every stored picture.

    Parameters
    ----------
    measures : tuple of Measure
        Rows of table `measures`.
    embedder : Embedder, optional
        Rows of table `embeddings`.
    keypoints : bool
        Local features, in the user's cache.
    """

    measures: tuple[Measure, ...] = ()
    embedder: Embedder | None = None
    keypoints: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of the pictures of a dataset after a run.

    Parameters
    ----------
    measures : pyarrow.Table
        All rows of table `measures`, old and new.
    embeddings : pyarrow.Table
        All rows of table `embeddings` of the plan's embedder; none without one.
    computed : int
        Pictures that were decoded in this run.
    skipped : int
        Active rows without a stored picture.
    faults : tuple of Fault
        Pictures that could not be read in this run, each with its sample ids.
    """

    measures: pa.Table
    embeddings: pa.Table
    computed: int
    skipped: int
    faults: tuple[Fault, ...]


class _Task(NamedTuple):
    path: Path
    pixel_sha256: str
    methods: tuple[Measure, ...]
    embedder: Embedder | None
    features: Path | None


class _Facts(NamedTuple):
    readings: Mapping[str, Mapping[str, Reading]]
    vector: npt.NDArray[np.float32] | None


def measure_dataset(
    dataset: Dataset,
    writer: Writer | None,
    plan: Plan,
    *,
    workers: int = 1,
    backend: str = "loky",
    progress: Callable[[int], None] | None = None,
) -> Measured:
    """Return the facts of all stored pictures, computing those that are missing.

    Parameters
    ----------
    dataset : Dataset
        Its active rows with a stored picture are measured.
    writer : Writer, optional
        Takes the tables where they changed; the caller commits. None keeps them in memory.
    plan : Plan
        What to measure.
    workers, backend, progress
        As in `curate.parallel.map_images`; progress counts pictures.
    """
    samples = dataset.samples()
    active = samples[samples["row_status"] == "active"]
    stored = active[active["image_status"] == "stored"][["sample_id", "pixel_sha256", "stored_sha256", "format"]]
    rows = _still_true(dataset.read("measures"), stored, plan.measures)
    vectors = _still_true_vectors(dataset, stored, plan.embedder)
    tasks = _tasks(dataset, stored, plan, rows, vectors)
    found: dict[str, _Facts | Fault] = {}
    items = [(task.pixel_sha256, task) for task in tasks]
    found.update(map_images(_measure, items, workers=workers, backend=backend, progress=progress))
    run_id = writer.run_id if writer is not None else ""
    measures = _with_readings(rows, stored, plan.measures, found, run_id)
    embeddings = _with_vectors(vectors, stored, plan.embedder, found, run_id)
    if writer is not None:
        _write(writer, dataset, measures, embeddings, plan.embedder)
    return Measured(measures, embeddings, len(tasks), len(active) - len(stored), _faults(found, stored))


def _measure(task: _Task) -> _Facts:
    """Decode one picture and compute what is asked; runs in a worker process."""
    import cv2

    cv2.setNumThreads(1)  # workers run side by side; OpenCV would take all cores in each
    image = imaging.decode(task.path.read_bytes())
    if task.features is not None:
        store_features(task.features, task.pixel_sha256, image)
    vector = task.embedder.of([image])[0] if task.embedder is not None else None
    return _Facts({method.name: method.of(image) for method in task.methods}, vector)


def _still_true(rows: pa.Table, stored: pd.DataFrame, measures: Sequence[Measure]) -> pd.DataFrame:
    """Return published values, and measured ones of the present pixels and versions."""
    frame = rows.to_pandas()
    version = {measure.name: measure.version for measure in measures}
    current = dict(zip(stored["sample_id"], stored["pixel_sha256"], strict=True))
    same_pixels = frame["pixel_sha256"] == frame["sample_id"].map(current)
    same_version = frame["method_version"] == frame["method"].map(version).fillna(frame["method_version"])
    kept = (frame["method"] == PUBLISHED) | (same_pixels & same_version)
    return pd.DataFrame(frame[kept.to_numpy(bool)])


def _still_true_vectors(dataset: Dataset, stored: pd.DataFrame, embedder: Embedder | None) -> pd.DataFrame:
    columns = schema("embeddings").names
    if embedder is None:
        return pd.DataFrame({name: [] for name in columns})
    frame = dataset.embeddings(embedder.name).to_pandas()
    current = dict(zip(stored["sample_id"], stored["pixel_sha256"], strict=True))
    same = (frame["pixel_sha256"] == frame["sample_id"].map(current)) & (frame["model_sha256"] == embedder.sha256)
    return pd.DataFrame(frame.loc[same.to_numpy(bool), columns])


def _tasks(
    dataset: Dataset, stored: pd.DataFrame, plan: Plan, rows: pd.DataFrame, vectors: pd.DataFrame
) -> list[_Task]:
    """Return one task for each picture of which something is missing, in the order of their hashes."""
    done = {method: set(group) for method, group in rows.groupby("method")["pixel_sha256"]}
    embedded = set(vectors["pixel_sha256"])
    folder = feature_folder() if plan.keypoints else None
    tasks = []
    for row in stored.drop_duplicates("pixel_sha256").sort_values("pixel_sha256").itertuples(index=False):
        pixel = str(row.pixel_sha256)
        methods = tuple(each for each in plan.measures if pixel not in done.get(each.name, ()))
        embedder = plan.embedder if pixel not in embedded else None
        features = folder if folder is not None and not has_features(folder, pixel) else None
        if methods or embedder is not None or features is not None:
            path = dataset.image_file(str(row.stored_sha256), str(row.format))
            tasks.append(_Task(path, pixel, methods, embedder, features))
    return tasks


def _with_readings(
    rows: pd.DataFrame,
    stored: pd.DataFrame,
    measures: Sequence[Measure],
    found: Mapping[str, _Facts | Fault],
    run_id: str,
) -> pa.Table:
    """Return old rows and a row for each sample, method and measure that has none yet."""
    have = set(zip(rows["sample_id"], rows["method"], strict=True))
    by_pixel = {(str(pixel), str(method)): group for (pixel, method), group in rows.groupby(["pixel_sha256", "method"])}
    new: list[dict[str, object]] = []
    for sample_id, pixel in zip(stored["sample_id"], stored["pixel_sha256"], strict=True):
        for method in measures:
            if (sample_id, method.name) in have:
                continue
            for name, reading in _readings(method, pixel, found, by_pixel).items():
                of_sample = {"sample_id": sample_id, "pixel_sha256": pixel, "run_id": run_id}
                new.append(of_sample | _value(method, name, reading))
    old = conform(pa.Table.from_pandas(rows, schema=schema("measures"), preserve_index=False), "measures")
    return pa.concat_tables([old, from_rows("measures", new)])


def _readings(
    method: Measure,
    pixel: str,
    found: Mapping[str, _Facts | Fault],
    by_pixel: Mapping[tuple[str, str], pd.DataFrame],
) -> Mapping[str, Reading]:
    twin = by_pixel.get((pixel, method.name))  # another row with the same pixels was measured before
    if twin is None:
        facts = found[pixel]
        if isinstance(facts, Fault):
            return {name: Reading(None, "failed", facts.what) for name in method.units}
        return facts.readings[method.name]
    first = twin[twin["sample_id"] == twin["sample_id"].iloc[0]]
    return {
        str(row.measure): Reading(
            None if pd.isna(row.value) else float(row.value), row.status, None if pd.isna(row.detail) else row.detail
        )
        for row in first.itertuples(index=False)
    }


def _value(method: Measure, name: str, reading: Reading) -> dict[str, object]:
    return {
        "measure": name,
        "value": reading.value,
        "status": reading.status,
        "detail": reading.detail,
        "method": method.name,
        "method_version": method.version,
    }


def _with_vectors(
    vectors: pd.DataFrame,
    stored: pd.DataFrame,
    embedder: Embedder | None,
    found: Mapping[str, _Facts | Fault],
    run_id: str,
) -> pa.Table:
    if embedder is None:
        return schema("embeddings").empty_table()
    known = dict(zip(vectors["pixel_sha256"], vectors["vector"], strict=True))
    for pixel, facts in found.items():
        if isinstance(facts, _Facts) and facts.vector is not None:
            known[pixel] = facts.vector
    have = set(vectors["sample_id"])
    new = [
        {
            "sample_id": sample_id,
            "pixel_sha256": pixel,
            "model": embedder.name,
            "model_sha256": embedder.sha256,
            "vector": known[pixel],
            "run_id": run_id,
        }
        for sample_id, pixel in zip(stored["sample_id"], stored["pixel_sha256"], strict=True)
        if sample_id not in have and pixel in known
    ]
    old = pa.Table.from_pandas(vectors, schema=schema("embeddings"), preserve_index=False)
    return pa.concat_tables([conform(old, "embeddings"), from_rows("embeddings", new)])


def _write(
    writer: Writer, dataset: Dataset, measures: pa.Table, embeddings: pa.Table, embedder: Embedder | None
) -> None:
    """Stage the tables; the writer makes no version of rows that are there already."""
    if measures.num_rows or dataset.read("measures", ["sample_id"]).num_rows:
        writer.replace("measures", measures)
    if embedder is not None:
        writer.replace_embeddings(embedder.name, embeddings)


def _faults(found: Mapping[str, _Facts | Fault], stored: pd.DataFrame) -> tuple[Fault, ...]:
    owners = {str(pixel): tuple(sorted(ids)) for pixel, ids in stored.groupby("pixel_sha256")["sample_id"]}
    return tuple(
        Fault(facts.rule, facts.what, place=facts.place, value=facts.value, sample_ids=owners[pixel])
        for pixel, facts in found.items()
        if isinstance(facts, Fault)
    )
