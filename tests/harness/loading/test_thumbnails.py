"""Small pictures for the report, from a real dataset."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from curate.dataset import create_dataset
from harness.artifacts import read_thumbnails, write_thumbnails
from harness.loading.thumbnails import thumbnails
from schemas import vocabulary
from schemas.tables import from_rows

MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma)"


def png(height: int, width: int) -> bytes:
    pixels = np.full((height, width, 3), (200, 150, 120), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def sample(name: str, **more: object) -> dict[str, object]:
    return {
        "sample_id": f"clinic:{name}",
        "source": "clinic",
        "source_image_id": name,
        "image_status": "not_fetched",
        "image_type": "dermoscopic",
        "diagnosis_path": MELANOMA,
        "diagnosis_kind": "exact",
        "malignancy": "malignant",
        "licence": "CC-0",
        "redistribute": "yes",
        "commercial": "yes",
        "raw": "{}",
        "raw_hash": "0" * 16,
        "row_status": "active",
        "ingest_id": "run-0",
        "adapter": "test@1",
        "vocab": vocabulary.version(),
    } | more


def finding(kind: str, sample_ids: list[str], *, status: str = "open", marked: bool = True) -> dict[str, object]:
    return {
        "finding_id": f"{kind}-{'-'.join(sample_ids)}-{status}-{marked}",
        "kind": kind,
        "severity": "conflict",
        "sample_ids": sample_ids,
        "marked": marked,
        "evidence_sha256": "0" * 64,
        "status": status,
        "message": "made for a test",
        "detector": "test",
        "detector_version": "1",
        "run_id": "run-0",
        "first_version": 1,
        "last_version": 1,
    }


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("thumbnails") / "dataset"
    with create_dataset(root).writer("test", {}) as writer:
        stored = writer.put_image(png(300, 400), "png")
        picture = {
            "image_status": "stored",
            "stored_sha256": stored,
            "format": "png",
            "width": 400,
            "height": 300,
        }
        writer.append("samples", from_rows("samples", [sample("with", **picture), sample("without")]))
        findings = [
            finding("label_error", ["clinic:with"]),
            finding("same_lesion", ["clinic:with", "clinic:without"]),
            finding("exact", ["clinic:with"], status="decided"),
            finding("blur", ["clinic:with"], marked=False),
        ]
        writer.append("findings", from_rows("findings", findings))
        writer.commit("rows of a test", rows_added=2)
    return root


def test_a_picture_keeps_its_shape_within_the_asked_side(dataset: Path) -> None:
    found = thumbnails(dataset, ["clinic:with"], side_px=160)["clinic:with"]
    image = Image.open(io.BytesIO(found.jpeg))
    assert (image.format, image.size) == ("JPEG", (160, 120))


def test_diagnosis_licence_and_open_findings_stand_beside_it(dataset: Path) -> None:
    found = thumbnails(dataset, ["clinic:with"])["clinic:with"]
    assert (found.diagnosis, found.source, found.licence) == (
        "Malignant melanocytic proliferations (Melanoma)",
        "clinic",
        "CC-0",
    )
    assert found.findings == ("label_error", "same_lesion")


def test_a_sample_without_a_picture_has_its_facts_and_an_unknown_one_nothing(dataset: Path) -> None:
    found = thumbnails(dataset, ["clinic:without", "clinic:unknown"])
    assert set(found) == {"clinic:without"}
    assert (found["clinic:without"].jpeg, found["clinic:without"].findings) == (b"", ("same_lesion",))


def test_what_a_run_folder_keeps_is_read_back_whole(dataset: Path, tmp_path: Path) -> None:
    found = thumbnails(dataset, ["clinic:with", "clinic:without"])
    write_thumbnails(tmp_path, found)
    assert read_thumbnails(tmp_path) == found
