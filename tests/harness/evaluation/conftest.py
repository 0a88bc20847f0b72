"""A real dataset without pictures: what `harness evaluate` needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from curate.dataset import create_dataset
from schemas import vocabulary
from schemas.tables import from_rows

NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma)"
KERATOSIS = "Indeterminate:Indeterminate epidermal proliferations:Solar or actinic keratosis"


def sample(number: int, path: str, patient: int, sex: str) -> dict[str, object]:
    return {
        "sample_id": f"clinic:{number:04d}",
        "source": "clinic",
        "source_image_id": f"{number:04d}",
        "patient_id": f"clinic:{patient}",
        "image_status": "not_fetched",
        "image_type": "dermoscopic",
        "sex": sex,
        "age_years": 20 + 7 * (patient % 9),
        "site_group": ("trunk", "acral", "unknown")[number % 3],
        "device": ("A", "B")[patient % 2],
        "diagnosis_path": path,
        "diagnosis_kind": "exact",
        "malignancy": vocabulary.malignancy_of(path),
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


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset of 300 rows and 100 patients with split ``default``; every tenth row is indeterminate."""
    root = tmp_path_factory.mktemp("harness") / "dataset"
    rng = np.random.default_rng(0)
    drawn = np.where(rng.random(300) < 0.3, MELANOMA, NEVUS)
    paths = [KERATOSIS if number % 10 == 0 else str(path) for number, path in enumerate(drawn)]
    rows = [
        sample(number, paths[number], number // 3, ("female", "male", "unknown")[number // 3 % 3])
        for number in range(300)
    ]
    splits = [
        {
            "split_name": "default",
            "sample_id": row["sample_id"],
            "role": ("train", "val", "test", "test")[number // 3 % 4],
            "group_id": row["patient_id"],
            "group_basis": "patient",
            "seed": 0,
            "method": "test",
            "params": "{}",
            "frozen": False,
            "created_version": 1,
        }
        for number, row in enumerate(rows)
    ]
    measures = [
        {
            "sample_id": row["sample_id"],
            "measure": "ita_degrees",
            "value": 60.0 - number / 3 if number % 5 else None,
            "status": "ok" if number % 5 else "declined",
            "method": "test",
            "method_version": "1",
            "run_id": "run-0",
        }
        for number, row in enumerate(rows)
    ]
    with create_dataset(root).writer("test", {}) as writer:
        writer.append("samples", from_rows("samples", rows))
        writer.append("splits", from_rows("splits", splits))
        writer.append("measures", from_rows("measures", measures))
        writer.commit("rows of a test", rows_added=len(rows))
    return root


@pytest.fixture
def scores() -> pd.DataFrame:
    """Return probabilities for every row of the dataset."""
    score = np.round(np.random.default_rng(1).random(300), 2)
    return pd.DataFrame(
        {"sample_id": [f"clinic:{number:04d}" for number in range(300)], "benign": 1 - score, "malignant": score}
    )
