"""A small dataset in which everything is right."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from curate import imaging
from curate.dataset import Dataset
from schemas.finding import finding_id
from schemas.tables import from_rows
from schemas.validation import raw_hash

SHEET = {
    "source": "clinic",
    "version": "1",
    "adapter": "test@1",
    "title": "Clinic",
    "language": "en",
    "licence": "CC0-1.0",
    "redistribute": "yes",
    "commercial": "yes",
    "share_alike": "no",
    "access": "open",
    "id_issuers": [("clinic", "the clinic")],
    "rows_read": 4,
    "rows_written": 4,
    "rows_unmapped": 0,
    "images_missing": 0,
    "files": [],
    "refused_columns": [],
    "label_leak_columns": [],
    "run_id": "run-0",
}


def picture(number: int) -> bytes:
    """A noisy JPEG of 48 x 32 pixels."""
    pixels = np.random.default_rng(number).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def stored_fields(received: imaging.Received) -> dict[str, object]:
    names = ("file_sha256", "stored_sha256", "pixel_sha256", "format", "width", "height", "color_mode", "file_bytes")
    return {name: getattr(received, name) for name in names} | {
        "image_status": "stored",
        "raw_hash": raw_hash("{}"),
        "licence": "CC0-1.0",
    }


@pytest.fixture
def sound(dataset_of: Callable[..., Dataset], row: Callable[..., dict[str, object]]) -> Dataset:
    """Return a dataset of four pictures of two patients, with a finding, a decision, measures and a split."""
    dataset = dataset_of([])
    received = [imaging.receive(picture(number)) for number in range(4)]
    patients = ["clinic:p1", "clinic:p1", "clinic:p2", "clinic:p2"]
    rows = [
        row(str(number), patient_id=patient, **stored_fields(each))
        for number, (each, patient) in enumerate(zip(received, patients, strict=True))
    ]
    pair = ["clinic:0", "clinic:1"]
    with dataset.writer("test", {}) as writer:
        for each in received:
            writer.put_image(each.stored, each.format)
        writer.append("samples", from_rows("samples", rows))
        writer.append("sources", from_rows("sources", [SHEET]))
        writer.append("measures", from_rows("measures", [measure(each) for each in rows]))
        writer.append("findings", from_rows("findings", [finding(pair)]))
        writer.append("decisions", from_rows("decisions", [decision(pair)]))
        writer.append(
            "splits", from_rows("splits", [member(each, role) for each, role in zip(rows, ROLES, strict=True)])
        )
        writer.commit("sound", rows_added=4)
    return dataset


ROLES = ("train", "train", "test", "test")


def measure(row: dict[str, object], **fields: object) -> dict[str, object]:
    return {
        "sample_id": row["sample_id"],
        "pixel_sha256": row["pixel_sha256"],
        "measure": "sharpness",
        "value": 1.5,
        "status": "ok",
        "method": "laplacian",
        "method_version": "1",
        "run_id": "run-0",
    } | fields


def finding(sample_ids: list[str], **fields: object) -> dict[str, object]:
    return {
        "finding_id": finding_id("same_photo", None, sample_ids),
        "kind": "same_photo",
        "severity": "review",
        "sample_ids": sample_ids,
        "score": 0.9,
        "marked": True,
        "evidence_sha256": "0" * 64,
        "status": "open",
        "message": "The two look alike.",
        "detector": "test",
        "detector_version": "1",
        "run_id": "run-0",
        "first_version": 1,
        "last_version": 1,
    } | fields


def decision(sample_ids: list[str], **fields: object) -> dict[str, object]:
    return {
        "decision_id": "01",
        "finding_id": finding_id("same_photo", None, sample_ids),
        "sample_ids": sample_ids,
        "action": "keep",
        "new_value": sample_ids[0],
        "reason": "",
        "reviewer": "anna",
        "decided_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "client": "api",
        "tool_version": "0",
    } | fields


def member(row: dict[str, object], role: str, **fields: object) -> dict[str, object]:
    return {
        "split_name": "default",
        "sample_id": row["sample_id"],
        "role": role,
        "group_id": row["patient_id"],
        "group_basis": "patient",
        "seed": 0,
        "method": "test",
        "params": "{}",
        "frozen": True,
        "created_version": 1,
    } | fields
