"""Made-up predictions with known properties, shared by the tests of the harness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

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
