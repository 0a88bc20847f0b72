"""A finished run of three models on drawn predictions, judged by the real evaluation."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from harness import artifacts
from harness.evaluation import Facts, Settings, evaluate_predictions, write_results
from harness.report import cases
from harness.report.numbers import read_run
from schemas.tasks import task

ROWS, PATIENTS, RESAMPLES = 240, 130, 100
# How far the classes lie apart in each model's scores.
EFFECTS = {"baseline": 1.3, "linear_probe": 3.0, "weak_net": 1.1}
LEVELS = {
    "sex": (["female", "male", None], [0.5, 0.45, 0.05]),
    "age_band": (["<30", "30-49", "50-69", ">=70"], [0.1, 0.25, 0.4, 0.25]),
    "skin_tone": (["light", "medium", "dark", None], [0.6, 0.25, 0.08, 0.07]),
    "ita_class": (["very_light", "light", "intermediate", "tan", "brown"], [0.2] * 5),
    "site": (["head_neck", "trunk", "upper_limb", "lower_limb"], [0.25] * 4),
    "source": (["sample"], [1.0]),
    "image_type": (["dermoscopic", "clinical"], [0.7, 0.3]),
}


def predictions(effect: float, noise: int) -> pd.DataFrame:
    """Give the same rows for every model, and scores that know the class as well as `effect` says."""
    rng = np.random.default_rng(7)
    y = (rng.random(ROWS) < 0.3).astype(int)
    patient, shared = rng.integers(0, PATIENTS, ROWS), rng.normal(0, 1, ROWS)
    columns = {name: rng.choice(np.array(levels, dtype=object), ROWS, p=p) for name, (levels, p) in LEVELS.items()}
    logit = effect * y + 0.5 * shared + 0.8 * np.random.default_rng(noise).normal(0, 1, ROWS) - 1.6
    score = np.round(1 / (1 + np.exp(-logit)), 4)
    return pd.DataFrame(
        {
            "sample_id": [f"sample:{number:04d}" for number in range(ROWS)],
            "split": np.where(np.arange(ROWS) % 2 == 0, "test", "val"),
            "y_true": y,
            "p_0": 1 - score,
            "p_1": score,
            "patient_id": [f"patient-{number}" for number in patient],
            "lesion_id": [f"lesion-{number}" for number in range(ROWS)],
        }
        | columns
    )


def train_log() -> pd.DataFrame:
    epoch = np.arange(1, 9)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "step": epoch * 11,
            "seconds": epoch * 3.2,
            "lr": 1e-3 * np.cos(epoch / 8 * 1.5),
            "train_loss": 0.2 + 0.6 * np.exp(-epoch / 4),
            "validation_loss": 0.3 + 0.5 * np.exp(-epoch / 5),
            "validation_auroc": 0.9 - 0.4 * np.exp(-epoch / 2.5),
            "ema": 0.0,
        }
    )


def jpeg(seed: int) -> bytes:
    color = tuple(int(value) for value in np.random.default_rng(seed).integers(90, 230, 3))
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(buffer, "JPEG")
    return buffer.getvalue()


def make_run(out: Path, models: tuple[str, ...] = tuple(EFFECTS)) -> Path:
    """Write a run folder as `harness run` leaves it."""
    evaluations = {}
    for number, name in enumerate(models):
        folder = out / name
        digest = artifacts.write_predictions(folder, predictions(EFFECTS[name], 11 + number))
        facts = Facts(
            f"20261123T080000-{name}-s0-4f2a", name, 0, "2026-11-23T08:00:00Z", digest, 7, "default", "default@3"
        )
        rows = artifacts.read_predictions(folder)
        evaluations[name] = evaluate_predictions(rows, task("malignant"), facts, Settings(n_resamples=RESAMPLES))
        artifacts.write_run(folder, {"status": "ok", "model": name, "seed": 0, "budget": "smoke", "weights": "none"})
    write_results(out, evaluations)
    train_log().to_parquet(out / models[0] / "train_log.parquet")
    shown = cases.worst_sample_ids(read_run(out))
    pictures = {
        name: artifacts.Thumbnail(jpeg(number), "nevus", "sample", "CC0-1.0") for number, name in enumerate(shown)
    }
    artifacts.write_thumbnails(out, pictures)
    return out


def make_run_of_classes(out: Path) -> Path:
    """Write a run folder of one model on a task of seven classes."""
    asked = task("diagnosis7")
    count, rng = len(asked.classes), np.random.default_rng(5)
    rows = predictions(1.0, 3).drop(columns=["p_0", "p_1"])
    truth = rng.choice(count, ROWS, p=[0.15, 0.4, 0.1, 0.1, 0.15, 0.05, 0.05])
    logits = rng.normal(0, 1, (ROWS, count))
    logits[np.arange(ROWS), truth] += 1.5
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    columns = {f"p_{number}": shares[:, number] for number in range(count)}
    digest = artifacts.write_predictions(out / "baseline", rows.assign(y_true=truth, **columns))
    facts = Facts("run", "baseline", 0, "2026-11-23T08:00:00Z", digest, 7, "default", "default@3")
    judged = evaluate_predictions(
        artifacts.read_predictions(out / "baseline"), asked, facts, Settings(n_resamples=RESAMPLES)
    )
    write_results(out, {"baseline": judged})
    return out


@pytest.fixture(scope="session")
def run_of_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one model on seven classes; tests do not change it."""
    return make_run_of_classes(tmp_path_factory.mktemp("runs") / "classes")


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the baseline and two models; tests do not change it."""
    return make_run(tmp_path_factory.mktemp("runs") / "run")
