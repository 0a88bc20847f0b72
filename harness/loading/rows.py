"""Rows of one task and one split of a dataset: the only module of the harness that opens a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from curate.dataset import load_dataset
from harness.protocol import Pixels, stream
from schemas.errors import DataFault, Place
from schemas.tasks import Task, label_rows

ROLES = ("train", "val", "test")

# The columns that may be given to a model, and their names in `samples`. Nothing else may: what a source writes because
# it knows the diagnosis (biopsied, confirm_type, breslow_mm, attributes, raw) is an answer, not a question.
METADATA: dict[str, str] = {"age": "age_years", "sex": "sex", "site": "site_group"}
_SAID_UNKNOWN = ("unknown", "unmapped")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows come from, so that a run can say it and repeat it.

    Parameters
    ----------
    dataset, dataset_name : str
        Identity and name of the dataset.
    dataset_version : int
        Version that was read.
    view : {"curated", "raw"}
        With decisions applied or without.
    split, split_version, split_sha256 : str
        Name as given; ``name@version`` of the dataset that made it; hash of who is where.
    """

    dataset: str
    dataset_name: str
    dataset_version: int
    view: str
    split: str
    split_version: str
    split_sha256: str


@dataclass(frozen=True, slots=True)
class TaskRows:
    """Rows that a task keeps, and a count of those that it leaves out.

    Parameters
    ----------
    frame : DataFrame
        One row per image, in an order that depends on the sample id alone and says nothing about labels: ``sample_id``,
        ``split`` (train, val, test), ``y_true`` (int64), and the columns of the view.
    task : Task
        Classes and rule.
    origin : Origin
        Where the rows come from.
    left_out : dict of str to int
        Reason -> rows of the split that are not in `frame`.
    """

    frame: pd.DataFrame
    task: Task
    origin: Origin
    left_out: dict[str, int]

    def part(self, role: str) -> pd.DataFrame:
        """Return the rows of ``train``, ``val`` or ``test``."""
        return self.frame[self.frame["split"] == role].reset_index(drop=True)


def task_rows(
    root: str | Path, split: str, task: Task, *, curated: bool = True, at: int | None = None, pictures: bool = True
) -> TaskRows:
    """Return the rows of a split that a task keeps.

    Parameters
    ----------
    root : str or Path
        Folder of the dataset.
    split : str
        Name of a split; ``NAME/2`` takes fold 2 of a split into folds as test, the next as val, the rest as train.
    task : Task
        Gives each row its class or leaves it out.
    curated : bool
        With decisions applied.
    at : int, optional
        Version of the dataset; the newest by default.
    pictures : bool
        Leave out rows without a stored picture, as a model needs one; predictions made elsewhere do not.

    Raises
    ------
    UserError
        No such split or fold, or a split into folds without the number of one.
    """
    dataset = load_dataset(root, at=at)
    frame = dataset.view(curated=curated, split=split).frame.rename(columns={"role": "split"})
    if frame["split"].isna().all():
        folds = int(frame["fold"].max())
        raise DataFault(
            "is a split into folds", value=split, remedy=f"Name the one to test on: {split}/0 to {split}/{folds}."
        )
    labels = label_rows(frame, task)
    reason = labels["reason"].where(labels["y_true"].isna())
    if pictures:
        reason = reason.mask(reason.isna() & (frame["image_status"] != "stored"), "no stored picture")
    order = frame["sample_id"].map(lambda sample_id: hashlib.sha256(sample_id.encode()).hexdigest())
    kept = frame.assign(y_true=labels["y_true"], order=order)[reason.isna()].sort_values("order").drop(columns="order")
    return TaskRows(
        frame=kept.assign(y_true=kept["y_true"].astype("int64")).reset_index(drop=True),
        task=task,
        origin=Origin(
            dataset=dataset.uuid,
            dataset_name=dataset.name,
            dataset_version=dataset.version,
            view="curated" if curated else "raw",
            split=split,
            split_version=_version_of(dataset.splits(), split),
            split_sha256=_digest(frame),
        ),
        left_out={str(key): int(count) for key, count in reason.value_counts().sort_index().items()},
    )


def _version_of(splits: pd.DataFrame, split: str) -> str:
    names = (split, split.rpartition("/")[0])
    return f"{split}@{int(splits.loc[splits['split_name'].isin(names), 'created_version'].max())}"


def _digest(frame: pd.DataFrame) -> str:
    lines = sorted(f"{sample_id}\t{role}\n" for sample_id, role in zip(frame["sample_id"], frame["split"], strict=True))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def picture_reader(root: str | Path, at: int) -> Callable[[str], Pixels]:
    """Return a function from a sample id to its picture: uint8, upright, sRGB."""
    return load_dataset(root, at=at).image


def patients_of(frame: pd.DataFrame) -> pd.Series[str]:
    """Return who each image is of: the patient, else the lesion, else the image itself."""
    return frame["patient_id"].fillna(frame["lesion_id"]).fillna(frame["sample_id"])


def draw_training(rows: TaskRows, limit: int | None, seed: int) -> TaskRows:
    """Return the same rows with at most `limit` of the training part: whole patients, classes in proportion.

    Parameters
    ----------
    rows : TaskRows
        Rows of all parts.
    limit : int or None
        Most training images; None keeps all.
    seed : int
        Decides which patients.
    """
    train = rows.part("train")
    if limit is None or len(train) <= limit:
        return rows
    patients = patients_of(train)
    # A patient with images of several classes counts for the rarest of them.
    counts = train["y_true"].value_counts()
    rarest = train["y_true"].sort_values(key=lambda number: number.map(counts), kind="stable").groupby(patients).first()
    sizes = patients.value_counts()
    chosen: list[str] = []
    for number in sorted(counts.index):
        members = rarest.index[rarest == number]
        room = limit * int(sizes.loc[members].sum()) // len(train)
        for place in stream(seed, "training rows", int(number)).permutation(len(members)):
            size = int(sizes[members[place]])
            if size <= room:
                chosen.append(members[place])
                room -= size
    drawn = train.loc[patients.isin(chosen), "sample_id"]
    kept = (rows.frame["split"] != "train") | rows.frame["sample_id"].isin(drawn)
    return replace(rows, frame=rows.frame[kept].reset_index(drop=True))


def check_rows(rows: TaskRows) -> None:
    """Raise where a run on these rows could not be trained or judged.

    Parameters
    ----------
    rows : TaskRows
        Rows of all parts.

    Raises
    ------
    DataFault
        A part without images; of a binary task a part without one of the classes; of several classes a training part
        without one of them.
    """
    task = rows.task
    for role in ROLES:
        present = set(rows.part(role)["y_true"])
        place = Place(f"split {rows.origin.split}, part {role}")
        if not present:
            left = ", ".join(f"{count} {reason}" for reason, count in rows.left_out.items()) or "none"
            raise DataFault(
                f"no image is left for the task {task.name}", place=place, remedy=f"Left out in all parts: {left}."
            )
        absent = [name for number, name in enumerate(task.classes) if number not in present]
        # Of many classes a rare one may be absent from validation; of two, both are needed to choose a threshold.
        if absent and task.kind == "binary":
            raise DataFault(
                f"has no image of class {absent[0]}",
                place=place,
                remedy="Make a split balanced by diagnosis (`curate split ... --balance diagnosis`), or add images.",
            )


def metadata_frame(part: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Return the columns that a model may see, under their short names; said to be unknown counts as missing.

    Parameters
    ----------
    part : DataFrame
        Rows of `TaskRows.frame`.
    columns : iterable of str
        Names of `METADATA`.

    Raises
    ------
    DataFault
        Any other name: it could tell the diagnosis.
    """
    wanted = list(columns)
    refused = [name for name in wanted if name not in METADATA]
    if refused:
        raise DataFault(
            "may not be given to a model",
            value=refused[0],
            remedy=f"Allowed are {', '.join(METADATA)}: other columns may be known only because the diagnosis is.",
        )
    return pd.DataFrame({name: part[METADATA[name]].mask(part[METADATA[name]].isin(_SAID_UNKNOWN)) for name in wanted})
