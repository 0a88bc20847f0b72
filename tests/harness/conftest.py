"""Made-up predictions with known properties, and a small clinic with pictures, shared by the tests of the harness."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from curate.dataset import create_dataset
from schemas import vocabulary
from schemas.tables import from_rows

Make = Callable[..., pd.DataFrame]


def made_predictions(
    n: int = 480,
    *,
    patients: int = 120,
    prevalence: float = 0.2,
    effect: float = 1.8,
    seed: int = 0,
    validation: int = 300,
) -> pd.DataFrame:
    """Return predictions of two classes: tied scores, patients with a score level of their own, three attributes."""
    rng = np.random.default_rng(seed)
    rows = n + validation
    patient = rng.integers(0, patients, rows)
    level = rng.normal(0, 0.55, patients)
    y_true = (rng.random(rows) < prevalence).astype(int)
    latent = effect * y_true + level[patient] + rng.normal(0, 0.84, rows) - 2
    score = np.round(1 / (1 + np.exp(-latent)), 3)
    sex = np.where(rng.random(patients) < 0.5, "female", "male")[patient]
    tone = rng.choice(["light", "medium", "dark"], patients, p=[0.6, 0.3, 0.1])[patient]
    site = np.where(rng.random(rows) < 0.1, None, rng.choice(["trunk", "head_neck", "acral"], rows, p=[0.6, 0.3, 0.1]))
    return pd.DataFrame(
        {
            "sample_id": [f"made:{number:05d}" for number in range(rows)],
            "split": np.where(np.arange(rows) < n, "test", "val"),
            "y_true": y_true,
            "p_0": 1 - score,
            "p_1": score,
            "patient_id": [f"made:{number}" for number in patient],
            "lesion_id": pd.array([None] * rows, dtype="str"),
            "sex": sex,
            "skin_tone": tone,
            "site": pd.array(site, dtype="str"),
        }
    )


@pytest.fixture
def predictions() -> Make:
    """Return the maker of predictions."""
    return made_predictions


NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma)"
KERATOSIS = "Indeterminate:Indeterminate epidermal proliferations:Solar or actinic keratosis"
CLINIC_PATIENTS = 60


def drawn_lesion(number: int, *, malignant: bool) -> bytes:
    """Draw skin with a spot, dark where it is malignant, as PNG."""
    rng = np.random.default_rng(number)
    y, x = np.indices((48, 60))
    spot = np.hypot(y - 24, x - 30) < rng.uniform(8, 14)
    color = (70, 40, 40) if malignant else (150, 100, 80)
    image = np.where(spot[..., None], color, (225, 185, 165)) + rng.normal(0, 10, (48, 60, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def clinic_row(number: int, *, stored: str) -> dict[str, object]:
    """Give one image: every fourth is a melanoma, with all that a source writes because it knows the diagnosis."""
    patient, malignant = number // 2, number % 4 == 0
    path = KERATOSIS if number % 15 == 14 else MELANOMA if malignant else NEVUS
    return {
        "sample_id": f"clinic:{'mel' if malignant else 'nv'}_{number:03d}",
        "source": "clinic",
        "source_image_id": f"{'mel' if malignant else 'nv'}_{number:03d}",
        "patient_id": f"clinic:{patient}",
        "image_status": "stored",
        "stored_sha256": stored,
        "format": "png",
        "image_type": "dermoscopic",
        "sex": ("female", "male", "unknown")[patient % 3],
        "age_years": None if patient % 10 == 9 else 20 + patient,
        "site_group": ("trunk", "acral")[patient % 2],
        "biopsied": malignant,
        "breslow_mm": 1.5 if malignant else None,
        "confirm_type": "histopathology" if malignant else "single_image_expert_consensus",
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
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return 120 pictures of 60 patients; splits default, folds (four), benign (no melanoma in validation)."""
    root = tmp_path_factory.mktemp("clinic") / "dataset"
    with create_dataset(root).writer("test", {}) as writer:
        rows = [
            clinic_row(number, stored=writer.put_image(drawn_lesion(number, malignant=number % 4 == 0), "png"))
            for number in range(2 * CLINIC_PATIENTS)
        ]
        splits = []
        for number, row in enumerate(rows):
            part = ("train", "train", "train", "val", "val", "test", "test")[number // 4 % 7]
            kept = {"sample_id": row["sample_id"], "group_id": row["patient_id"], "group_basis": "patient", "seed": 0}
            kept |= {"method": "test", "params": "{}", "frozen": False, "created_version": 1}
            splits += [
                kept | {"split_name": "default", "role": part},
                kept | {"split_name": "folds", "fold": number // 4 % 4},
            ]
            if part != "val" or number % 4:
                splits.append(kept | {"split_name": "benign", "role": part})
        writer.append("samples", from_rows("samples", rows))
        writer.append("splits", from_rows("splits", splits))
        writer.commit("rows of a test", rows_added=len(rows))
    return root


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the user's cache out of the tests."""
    folder = tmp_path_factory.getbasetemp() / "harness-cache"
    monkeypatch.setenv("DERMACURATE_CACHE", str(folder))
    return folder
