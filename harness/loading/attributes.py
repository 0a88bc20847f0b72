"""Attributes of evaluated rows: what subgroups of a report are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from curate.dataset import View, load_dataset
from harness.loading.rows import TaskRows, task_rows
from harness.metrics.subgroups import ATTRIBUTES, age_band
from schemas import vocabulary
from schemas.errors import DataFault
from schemas.tasks import Task, label_rows

# Attribute -> column of the view, where it is a column as it stands.
_COLUMNS = {
    "sex": "sex",
    "skin_tone": "skin_tone_group",
    "site": "site_group",
    "source": "source",
    "image_type": "image_type",
}
_NOT_KNOWN = ("unknown", "unmapped")


def evaluation_rows(
    root: str | Path,
    split: str,
    task: Task,
    *,
    by: Sequence[str] = (),
    curated: bool = True,
    at: int | None = None,
    pictures: bool = False,
) -> TaskRows:
    """Return the rows of a split that a task keeps, with every attribute that groups are made of.

    Parameters
    ----------
    root, split, task, curated, at, pictures
        As `harness.loading.rows.task_rows` takes them.
    by : sequence of str
        Columns of the view that make groups beside the seven usual attributes; ``a*b`` asks for both.

    Returns
    -------
    TaskRows
        Its frame holds the columns of `attribute_columns` in place of those of the view.
    """
    rows = task_rows(root, split, task, curated=curated, at=at, pictures=pictures)
    measures = load_dataset(root, at=rows.origin.dataset_version).measures()
    attributes = attribute_columns(rows.frame, measures, by)
    keys = rows.frame[["sample_id", "split", "y_true", "patient_id", "lesion_id"]]
    return replace(rows, frame=pd.concat([keys, attributes], axis=1))


def view_rows(view: View, task: Task, *, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return the rows of a view that a task keeps, as `evaluation_rows` does; without a split all are test rows."""
    labels = label_rows(view.frame, task)
    kept = view.frame[labels["y_true"].notna()].reset_index(drop=True)
    keys = pd.DataFrame(
        {
            "sample_id": kept["sample_id"],
            "split": kept.get("role", "test"),
            "y_true": labels["y_true"].dropna().astype("int64").to_numpy(),
            "patient_id": kept["patient_id"],
            "lesion_id": kept["lesion_id"],
        }
    )
    return keys.join(attribute_columns(kept, load_dataset(view.root).measures(), by))


def attribute_columns(frame: pd.DataFrame, measures: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return one text column per attribute; missing where the value is not known.

    Parameters
    ----------
    frame : DataFrame
        Rows of a view: ``sample_id`` and the columns of `samples`.
    measures : DataFrame
        Table `measures`; ``ita_degrees`` gives the measured skin tone.
    by : sequence of str
        Further columns of the view; ``a*b`` names two.

    Raises
    ------
    DataFault
        A name in `by` that is no attribute and no column that holds single values.
    """
    found = {name: _known(frame[column]) for name, column in _COLUMNS.items()}
    found["age_band"] = age_band(frame["age_years"], frame["age_low"], frame["age_high"])
    found["ita_class"] = _ita_class(frame["sample_id"], measures)
    for name in dict.fromkeys(part for each in by for part in each.split("*")):
        if name not in found:
            found[name] = _known(_column(frame, name))
    names = (*ATTRIBUTES, *(name for name in found if name not in ATTRIBUTES))
    return pd.DataFrame({name: found[name] for name in names}, index=frame.index)


def _column(frame: pd.DataFrame, name: str) -> pd.Series[str]:
    if name not in frame or name == "sample_id":
        raise DataFault(
            "is no column that rows can be grouped by",
            value=name,
            remedy=f"Name one of {', '.join(ATTRIBUTES)}, or a column of `curate table DATASET samples`.",
        )
    if frame[name].map(lambda value: isinstance(value, (list, dict))).any():
        raise DataFault("holds lists and makes no groups", value=name, remedy="Name a column with one value per row.")
    return frame[name]


def _known(values: pd.Series[str]) -> pd.Series[str]:
    text = values.astype("str").where(values.notna())
    # ";" and "*" part the levels and names of a pair
    return text.mask(text.isin(_NOT_KNOWN)).str.replace(";", ",", regex=False)


def _ita_class(sample_ids: pd.Series[str], measures: pd.DataFrame) -> pd.Series[str]:
    measured = measures[(measures["measure"] == "ita_degrees") & measures["value"].notna()]
    degrees = measured.drop_duplicates("sample_id", keep="last").set_index("sample_id")["value"]
    values = sample_ids.map(degrees).to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(
        [None if np.isnan(value) else vocabulary.ita_class(value) for value in values],
        index=sample_ids.index,
        dtype="str",
    )
