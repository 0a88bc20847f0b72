"""Small real datasets for tests of curate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from curate import imaging
from curate.dataset import Dataset, Writer, create_dataset
from schemas import vocabulary
from schemas.tables import from_rows

RowFactory = Callable[..., dict[str, object]]


def sample_row(name: str, *, source: str = "clinic", **fields: object) -> dict[str, object]:
    """One row of table samples with what every row must have; fields override."""
    path = fields.get("diagnosis_path")
    row: dict[str, object] = {
        "sample_id": f"{source}:{name}",
        "source": source,
        "source_image_id": name,
        "image_status": "not_fetched",
        "diagnosis_kind": "exact" if path else "none",
        "malignancy": vocabulary.malignancy_of(str(path)) if path else "unknown",
        "licence": "CC-0",
        "redistribute": "yes",
        "commercial": "yes",
        "raw": "{}",
        "raw_hash": "0" * 16,
        "row_status": "active",
        "ingest_id": "run-0",
        "adapter": "test@1",
        "vocab": vocabulary.version(),
    }
    return row | fields


@pytest.fixture
def row() -> RowFactory:
    """Return the maker of sample rows."""
    return sample_row


@pytest.fixture
def dataset_of(tmp_path: Path) -> Callable[[Sequence[Mapping[str, object]]], Dataset]:
    """Return a function that writes rows of samples as a real dataset, or adds them to it."""

    def make(rows: Sequence[Mapping[str, object]], name: str = "dataset") -> Dataset:
        dataset = create_dataset(tmp_path / name)
        with dataset.writer("test", {}) as writer:
            writer.append("samples", from_rows("samples", [dict(row) for row in rows]))
            writer.commit("rows of a test", rows_added=len(rows))
        return dataset

    return make


@pytest.fixture
def dataset_of_files(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Dataset]:
    """Return a function that stores picture files as a real dataset: name -> bytes, and name -> fields of its row."""

    def make(
        files: Mapping[str, bytes], fields: Mapping[str, Mapping[str, object]] | None = None, name: str = "dataset"
    ) -> Dataset:
        dataset = create_dataset(tmp_path / name)
        with dataset.writer("test", {}) as writer:
            rows = [stored_row(writer, each, data, (fields or {}).get(each, {})) for each, data in files.items()]
            writer.append("samples", from_rows("samples", rows))
            writer.commit("pictures of a test", rows_added=len(rows))
        return dataset

    return make


def stored_row(writer: Writer, name: str, data: bytes, fields: Mapping[str, object]) -> dict[str, object]:
    """Store a file and return its row."""
    received = imaging.receive(data)
    stored = writer.put_image(received.stored, received.format)
    assert stored == received.stored_sha256
    facts = ("file_sha256", "stored_sha256", "pixel_sha256", "format", "width", "height", "file_bytes", "color_mode")
    columns = {column: getattr(received, column) for column in facts}
    return sample_row(name, image_status="stored", **columns) | dict(fields)
