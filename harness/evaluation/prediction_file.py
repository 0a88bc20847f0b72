"""Predictions made elsewhere: a CSV or Parquet file, or the folder of a model, matched to the rows of a split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harness import artifacts
from schemas.errors import DataFault, Place
from schemas.tasks import Task

_SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class Matched:
    """Predictions of the rows that a task keeps in validation and test.

    Parameters
    ----------
    predictions : DataFrame
        As in ``predictions.parquet``.
    ignored : int
        Rows of the file that are of train, left out by the task or not in the split.
    """

    predictions: pd.DataFrame
    ignored: int


def read(path: Path, task: Task) -> pd.DataFrame:
    """Return the probabilities in a file.

    Parameters
    ----------
    path : Path
        CSV or Parquet with ``sample_id`` and one column per class, named as the class or ``p_0``, ``p_1``, ...; other
        columns are ignored. Or a folder with ``predictions.parquet``.
    task : Task
        Its classes.

    Returns
    -------
    DataFrame
        ``sample_id`` (str) and ``p_0`` ... (float64), one row per row of the file.

    Raises
    ------
    DataFault
        The file is missing, of another kind, lacks a column, or holds a cell that is no number.
    """
    if path.is_dir():
        return class_columns(artifacts.read_predictions(path), task, str(path / artifacts.PREDICTIONS))
    if not path.exists():
        raise DataFault(
            "there is no such file", place=Place(str(path)), remedy="Name a CSV or Parquet file, or RUN/MODEL."
        )
    if path.suffix.lower() == ".parquet":
        return class_columns(_read_parquet(path), task, str(path))
    if path.suffix.lower() == ".csv":
        return class_columns(_read_csv(path), task, str(path))
    raise DataFault(
        "is neither .csv nor .parquet", place=Place(str(path)), value=path.suffix, remedy="Rename or convert the file."
    )


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise DataFault(
            f"is no Parquet file: {error}", place=Place(str(path)), remedy="Write it again, or give a CSV."
        ) from error
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        said = str(error).splitlines()[0]
        raise DataFault(
            f"cannot be read as CSV: {said}", place=Place(str(path)), remedy="Write UTF-8 with commas and a header."
        ) from error


def class_columns(frame: pd.DataFrame, task: Task, name: str) -> pd.DataFrame:
    """Return ``sample_id`` and ``p_0`` ... of a table whose columns are named so or after the classes.

    Parameters
    ----------
    frame : DataFrame
        As read.
    task : Task
        Its classes.
    name : str
        What to call the table in messages.

    Raises
    ------
    DataFault
        A column is missing or holds a cell that is no number.
    """
    if "sample_id" not in frame:
        raise DataFault(
            "there is no such column",
            place=Place(name, row=1, column="sample_id"),
            remedy=f"Give sample_id and one column per class: {', '.join(task.classes)}.",
        )
    found = pd.DataFrame({"sample_id": frame["sample_id"].astype("str")})
    for number, wanted in enumerate(task.classes):
        column = next((each for each in (wanted, f"p_{number}") if each in frame), None)
        if column is None:
            raise DataFault(
                "there is no such column",
                place=Place(name, row=1, column=wanted),
                remedy=f"Task {task.name} needs the columns {', '.join(task.classes)} (or p_0 ... in this order).",
            )
        found[f"p_{number}"] = _numbers(frame[column], name)
    return found


def _numbers(column: pd.Series[str], name: str) -> pd.Series[float]:
    values = pd.to_numeric(column, errors="coerce").astype(np.float64)
    text = column.astype("str").str.strip()
    wrong = values.isna() & ~text.str.lower().isin(["", "nan", "none", "<na>"])
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise DataFault(
            "is no number",
            place=Place(name, row=row + 2, column=str(column.name)),
            value=str(text.iloc[row]),
            remedy="Write probabilities with a decimal point.",
        )
    return values


def match(read_rows: pd.DataFrame, rows: pd.DataFrame, name: str) -> Matched:
    """Return predictions of the validation and test rows of a split.

    Parameters
    ----------
    read_rows : DataFrame
        Of `read`.
    rows : DataFrame
        Rows that the task keeps: ``sample_id``, ``split``, ``y_true``, ``patient_id``, ``lesion_id`` and attributes.
    name : str
        What to call the file in messages.

    Raises
    ------
    DataFault
        A validation or test row is missing or stands twice. A file with no validation row at all is complete.
    """
    judged = rows[rows["split"].isin(["val", "test"])]
    wanted = read_rows["sample_id"].isin(judged["sample_id"])
    given = read_rows[wanted]
    twice = given["sample_id"][given["sample_id"].duplicated()].unique()
    if len(twice):
        raise DataFault(
            f"{len(twice)} rows stand twice: {_some(twice)}",
            place=Place(name, column="sample_id"),
            remedy="Keep one row per sample.",
        )
    if not (judged["split"].eq("val") & judged["sample_id"].isin(given["sample_id"])).any():
        judged = judged[judged["split"] == "test"]
    absent = judged.loc[~judged["sample_id"].isin(given["sample_id"]), ["sample_id", "split"]]
    if len(absent):
        by_split = ", ".join(f"{count} of {split}" for split, count in absent["split"].value_counts().items())
        raise DataFault(
            f"{len(absent)} rows are missing ({by_split}): {_some(absent['sample_id'])}",
            place=Place(name, column="sample_id"),
            remedy="Predict every validation and test row that the task keeps (or no validation row).",
        )
    merged = judged.merge(given, on="sample_id", how="left", validate="one_to_one")
    return Matched(merged.reset_index(drop=True), int((~wanted).sum()))


def _some(ids: object) -> str:
    listed = [str(each) for each in np.asarray(ids)]
    more = f" and {len(listed) - _SHOWN_IDS} more" if len(listed) > _SHOWN_IDS else ""
    return ", ".join(listed[:_SHOWN_IDS]) + more
