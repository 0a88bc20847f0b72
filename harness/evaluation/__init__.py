"""Predictions judged: one model, two models on the same rows, and the files of a run folder."""

from __future__ import annotations

from harness.evaluation.folder import evaluate_folder, write_results
from harness.evaluation.judge import Evaluation, Facts, Settings, evaluate_predictions
from harness.evaluation.paired import paired_differences

__all__ = [
    "Evaluation",
    "Facts",
    "Settings",
    "evaluate_folder",
    "evaluate_predictions",
    "paired_differences",
    "write_results",
]
