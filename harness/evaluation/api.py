"""The public function `harness.evaluate`: predictions and a view in, a table of scores out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from harness.evaluation.judge import Facts, Settings, evaluate_predictions
from harness.evaluation.prediction_file import class_columns, match
from harness.loading.attributes import view_rows
from harness.metrics.predictions import Unit
from harness.metrics.tables import values_table
from schemas.tasks import task as task_of

if TYPE_CHECKING:
    from curate.dataset import View

_NOT_SHOWN = ("run_id", "model", "task", "split", "unit", "seed")


def evaluate(
    predictions: pd.DataFrame,
    view: View,
    *,
    task: str,
    by: Sequence[str] = (),
    unit: Unit = "image",
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Judge predictions on the rows of a view.

    Parameters
    ----------
    predictions : DataFrame
        ``sample_id`` and one column of probabilities per class, named as the class or ``p_0``, ``p_1``, ...
    view : View
        ``dataset.view(split="default")``: thresholds are chosen on its validation rows, numbers are of its test rows.
        Without a split every row is a test row.
    task : str
        Name of a task, for example ``malignant``.
    by : sequence of str
        Columns (``device``) and pairs (``sex*site``) that make groups beside the usual ones.
    unit : {"image", "lesion", "patient"}
        What is counted.
    n_resamples, seed : int
        Of the patient-clustered bootstrap.

    Returns
    -------
    DataFrame
        One row per group, metric, class and threshold: counts, ``status``, ``value``, ``lo``, ``hi`` and more, as in
        ``metrics.parquet``.

    Raises
    ------
    DataFault
        The predictions do not fit the rows that the task keeps.
    """
    chosen, name = task_of(task), "predictions"
    rows = view_rows(view, chosen, by=by)
    matched = match(class_columns(predictions, chosen, name), rows, name)
    settings = Settings(n_resamples=n_resamples, seed=seed, unit=unit, by=tuple(by))
    facts = Facts("", "", seed, "", "", 0, "", "")
    evaluation = evaluate_predictions(matched.predictions, chosen, facts, settings)
    table = values_table(evaluation.metrics).drop_columns(list(_NOT_SHOWN))
    frame: pd.DataFrame = table.to_pandas()
    return frame
