"""Predictions as a table: what makes it usable, and the units and clusters of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.errors import DataFault, Place
from schemas.tasks import Task

# Probabilities of a row sum to 1 within this; they are never renormalized.
SUM_TOLERANCE = 1e-6
# Rows of unknown patients above this share make intervals doubtful.
_SHOWN_IDS = 5

Unit = Literal["image", "lesion", "patient"]


def check(predictions: pd.DataFrame, task: Task, *, name: str = "predictions") -> None:
    """Raise where predictions cannot be judged; a metric is never computed on the rows that happen to be usable.

    Parameters
    ----------
    predictions : DataFrame
        ``sample_id``, ``y_true``, ``p_0`` ... and more.
    task : Task
        Gives the number of classes.
    name : str
        What to call the table in messages.

    Raises
    ------
    DataFault
        A column is missing; a sample stands twice; a probability is missing, infinite, outside [0, 1], or a row's do
        not sum to 1. The message names sample ids.
    """
    columns = [f"p_{number}" for number in range(len(task.classes))]
    for column in ("sample_id", *columns):
        if column not in predictions:
            raise DataFault("there is no such column", place=Place(name, column=column))
    twice = predictions["sample_id"].duplicated()
    _refuse(predictions, twice, name, "sample stands twice", "Keep one row per sample.")
    values = predictions[columns].to_numpy(dtype=np.float64)
    bad = np.asarray(~np.isfinite(values).all(axis=1))
    _refuse(predictions, bad, name, "probability is missing or infinite", "Give every class a number in 0..1.")
    bad = np.asarray(((values < 0) | (values > 1)).any(axis=1))
    _refuse(predictions, bad, name, "probability lies outside 0..1", "Give probabilities, not logits.")
    bad = np.asarray(np.abs(values.sum(axis=1) - 1) > SUM_TOLERANCE)
    _refuse(
        predictions, bad, name, "probabilities do not sum to 1 within 1e-6", "Write them with at least eight digits."
    )


def _refuse(
    predictions: pd.DataFrame, bad: npt.NDArray[np.bool_] | pd.Series[bool], name: str, what: str, remedy: str
) -> None:
    if not np.any(bad):
        return
    ids = [str(each) for each in predictions.loc[np.asarray(bad), "sample_id"]]
    more = f" and {len(ids) - _SHOWN_IDS} more" if len(ids) > _SHOWN_IDS else ""
    raise DataFault(f"{what} in {len(ids)} rows: {', '.join(ids[:_SHOWN_IDS])}{more}", place=Place(name), remedy=remedy)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Who each row is of: the patient, else the lesion, else the row itself.

    Parameters
    ----------
    code : array of int, shape (n,)
        Number of each row's cluster in sorted order of the ids.
    count : int
        Clusters in all.
    rows_by : dict
        ``patient``, ``lesion``, ``row`` -> rows that used it.
    """

    code: npt.NDArray[np.intp]
    count: int
    rows_by: dict[str, int]


def clusters(frame: pd.DataFrame) -> Clusters:
    """Return the cluster of every row.

    Parameters
    ----------
    frame : DataFrame
        ``sample_id``, ``patient_id``, ``lesion_id``; missing where not known.
    """
    patient, lesion = frame["patient_id"].notna(), frame["lesion_id"].notna()
    ids = ("row " + frame["sample_id"].astype("str")).mask(lesion, "lesion " + frame["lesion_id"].astype("str"))
    ids = ids.mask(patient, "patient " + frame["patient_id"].astype("str"))
    found, code = np.unique(ids.to_numpy(dtype=str), return_inverse=True)
    by = {
        "patient": int(patient.sum()),
        "lesion": int((~patient & lesion).sum()),
        "row": int((~patient & ~lesion).sum()),
    }
    return Clusters(code, len(found), by)


def to_units(frame: pd.DataFrame, unit: Unit, task: Task) -> pd.DataFrame:
    """Return one row per evaluated unit, in the order of the ids.

    Parameters
    ----------
    frame : DataFrame
        Rows of predictions of one split.
    unit : {"image", "lesion", "patient"}
        ``lesion``: mean score over the lesion's images, whose label must be one. ``patient``: highest score over the
        images, positive if any is; only for two classes. A row without the id is a unit of its own.
    task : Task
        Two classes or more.

    Returns
    -------
    DataFrame
        Columns of `frame`; ``sample_id`` holds the unit's id. An attribute that differs within a unit is missing.

    Raises
    ------
    DataFault
        A lesion with images of different labels; patients with a task of several classes.
    """
    ordered = frame.sort_values("sample_id", kind="stable").reset_index(drop=True)
    if unit == "image":
        return ordered
    if unit == "patient" and task.kind != "binary":
        raise DataFault("patients have no one class in a task of several", value=unit, remedy="Use --unit lesion.")
    key = ordered[f"{unit}_id"].fillna(ordered["sample_id"])
    grouped = ordered.groupby(key, sort=True)
    scores = [f"p_{number}" for number in range(len(task.classes))]
    if unit == "lesion":
        conflict = grouped["y_true"].nunique()
        if (conflict > 1).any():
            named = [str(name) for name in conflict.index[conflict > 1][:_SHOWN_IDS]]
            raise DataFault(
                f"{int((conflict > 1).sum())} lesions have images of different labels: {', '.join(named)}",
                remedy="Correct the labels (`curate check --only labels`), or use --unit image.",
            )
        units = grouped[scores].mean().assign(y_true=grouped["y_true"].first())
    else:
        highest = grouped["p_1"].max()
        units = pd.DataFrame({"p_0": 1 - highest, "p_1": highest, "y_true": grouped["y_true"].max()})
    others = [str(name) for name in ordered if name not in {"sample_id", "y_true", *scores}]
    differing = grouped[others].nunique(dropna=False).gt(1)
    one = grouped[others].first().mask(differing)
    return units.join(one).rename_axis("sample_id").reset_index()[list(ordered.columns)]
