"""Runs side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness import artifacts
from harness.comparison import compare, find_models, load_entries
from harness.evaluation import Facts, Settings, evaluate_predictions
from schemas.errors import DataFault
from schemas.tasks import task

Make = Callable[..., pd.DataFrame]


def judged(
    out: Path, model: str, frame: pd.DataFrame, *, noise: float = 0.0, draw: int = 9, name: str = "malignant"
) -> None:
    score = np.round((1 - noise) * frame["p_1"] + noise * np.random.default_rng(draw).random(len(frame)), 3)
    frame = frame.assign(p_1=score, p_0=1 - score)
    sha256 = artifacts.write_predictions(out / model, frame)
    facts = Facts(f"run-{model}", model, 0, "2026-01-01T00:00:00Z", sha256, 7, "default", "default@3")
    evaluation = evaluate_predictions(frame, task(name), facts, Settings(n_resamples=100))
    artifacts.write_metrics(out / model, evaluation.metrics, {})


def rows(*runs: Path, **options: object) -> list[dict]:
    return compare(load_entries(find_models(runs)), **options).to_pylist()


def test_models_stand_best_first_against_the_baseline(predictions: Make, tmp_path: Path):
    frame = predictions(600)
    judged(tmp_path / "run", "baseline", frame, noise=0.5)
    judged(tmp_path / "run", "good", frame)
    judged(tmp_path / "other", "bad", frame, noise=0.95)
    found = rows(tmp_path / "run", tmp_path / "other" / "bad")
    assert [row["run"] for row in found] == ["run/good", "run/baseline", "other/bad"]
    assert [row["verdict"] for row in found] == ["better", "reference", "worse"]
    assert [row["rank"] for row in found] == [1, 2, 3]
    assert all(row["rank_lo"] <= row["rank"] <= row["rank_hi"] for row in found)
    assert found[0]["p_holm"] >= found[0]["p"]


def test_ranks_overlap_where_models_are_alike(predictions: Make, tmp_path: Path):
    frame = predictions(300)
    judged(tmp_path, "a", frame, noise=0.3, draw=1)
    judged(tmp_path, "b", frame, noise=0.3, draw=2)
    found = rows(tmp_path)
    assert {(row["rank_lo"], row["rank_hi"]) for row in found} == {(1, 2)}


def test_a_margin_says_who_is_not_inferior(predictions: Make, tmp_path: Path):
    frame = predictions(600)
    judged(tmp_path, "baseline", frame)
    judged(tmp_path, "near", frame, noise=0.05)
    found = {row["run"].split("/")[1]: row for row in rows(tmp_path, margin=0.1)}
    assert found["near"]["non_inferior"] is True
    assert found["baseline"]["non_inferior"] is None


def test_other_rows_are_refused_or_cut_to_those_in_common(predictions: Make, tmp_path: Path):
    frame = predictions(400)
    judged(tmp_path, "a", frame)
    judged(tmp_path, "b", frame.drop(index=[0, 1]))
    with pytest.raises(DataFault, match="same test rows; 2 differ"):
        rows(tmp_path)
    entries = load_entries(find_models([tmp_path]), intersect=True)
    assert {len(entry.evaluation.sample_ids) for entry in entries} == {398}


def test_another_task_is_refused_by_name(predictions: Make, tmp_path: Path):
    frame = predictions(300)
    judged(tmp_path, "a", frame)
    judged(tmp_path, "b", frame, name="melanoma")
    with pytest.raises(DataFault, match="same task"):
        rows(tmp_path)


def test_an_unknown_metric_lists_those_that_there_are(predictions: Make, tmp_path: Path):
    judged(tmp_path, "a", predictions(300))
    judged(tmp_path, "b", predictions(300))
    with pytest.raises(DataFault, match=r"'accuracy' is no metric to compare models by.*auroc, ap"):
        rows(tmp_path, metric="accuracy")


def test_one_model_or_none_is_nothing_to_compare(predictions: Make, tmp_path: Path):
    with pytest.raises(DataFault, match="no judged model"):
        find_models([tmp_path])
    judged(tmp_path, "a", predictions(300))
    with pytest.raises(DataFault, match="one model is nothing to compare"):
        find_models([tmp_path, tmp_path / "a"])
