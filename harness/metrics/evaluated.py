"""The evaluated set: its units, clusters, groups and thresholds, and how it is to be judged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.metrics.blocks import Floats
from harness.metrics.classes import ClassRows
from harness.metrics.operating_point import Threshold, named_thresholds
from harness.metrics.predictions import Clusters, Unit, clusters, to_units
from harness.metrics.scored import Scored
from harness.metrics.subgroups import ATTRIBUTES, PAIRS, Group, make_groups
from schemas.errors import DataFault
from schemas.tasks import Task

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Settings:
    """How predictions are judged; everything here changes numbers and stands in ``metrics.json``.

    Parameters
    ----------
    level : float
        Of confidence.
    n_resamples : int
        Resamples of patients; 0 leaves only intervals in closed form.
    seed : int
        Of the resamples.
    reference_prevalence : float, optional
        Of the adjusted metrics; by default the prevalence of the evaluated set.
    min_positives : int
        Raises the limits below which numbers are withheld.
    unit : {"image", "lesion", "patient"}
        What is counted.
    thresholds : tuple of float
        Further thresholds of the user.
    by : tuple of str
        Attributes (``device``) and pairs (``sex*site``) beside the usual ones.
    """

    level: float = 0.95
    n_resamples: int = 2000
    seed: int = 0
    reference_prevalence: float | None = None
    min_positives: int = 10
    unit: Unit = "image"
    thresholds: tuple[float, ...] = ()
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class EvaluatedSet:
    """Units of the test rows, and what all metrics share.

    Parameters
    ----------
    frame : DataFrame
        One row per unit, in the order of the ids.
    clusters : Clusters
        Whose each row is.
    groups : tuple of Group
        The whole set first.
    thresholds : tuple of Threshold
        Named thresholds of the positive class.
    reference_prevalence : float
        Of the adjusted metrics.
    task, settings
        As given.
    absent : tuple of str
        Attributes without any known value.
    """

    frame: pd.DataFrame
    clusters: Clusters
    groups: tuple[Group, ...]
    thresholds: tuple[Threshold, ...]
    reference_prevalence: float
    task: Task
    settings: Settings
    absent: tuple[str, ...]

    @cached_property
    def y_true(self) -> npt.NDArray[np.int64]:
        """Class numbers, shape (n,)."""
        return self.frame["y_true"].to_numpy(dtype=np.int64)

    @cached_property
    def probabilities(self) -> Floats:
        """Probabilities, shape (n, k)."""
        return probabilities(self.frame, self.task)

    @cached_property
    def malignancy(self) -> tuple[Bools, Floats]:
        """Truth and score of two classes, each of shape (n,)."""
        return malignancy(self.frame, self.task)

    def scored(self, rows: Bools) -> Scored:
        """Return the rows of a group as scores of the positive (in a task of several classes: the malignant) class."""
        positive, score = self.malignancy
        labels = None
        if self.task.kind == "multiclass":
            labels = ClassRows(self.y_true[rows], self.probabilities[rows], self.task.classes)
        named = {each.name: each.value for each in self.thresholds if each.missing is None}
        return Scored(positive[rows], score[rows], self.clusters.code[rows], named, self.reference_prevalence, labels)


def probabilities(frame: pd.DataFrame, task: Task) -> Floats:
    """Return the columns ``p_0`` ... as an array, shape (n, k)."""
    return frame[[f"p_{number}" for number in range(len(task.classes))]].to_numpy(dtype=np.float64)


def malignancy(frame: pd.DataFrame, task: Task) -> tuple[Bools, Floats]:
    """Return truth and score of two classes; of several, the score adds up the malignant classes."""
    values, y_true = probabilities(frame, task), frame["y_true"].to_numpy(dtype=np.int64)
    if task.kind == "binary":
        return y_true == 1, values[:, 1]
    numbers = [task.classes.index(name) for name in task.malignant]
    # Rounding may carry a sum of probabilities beyond 1.
    return np.isin(y_true, numbers), np.minimum(values[:, numbers].sum(axis=1), 1.0)


def evaluated_set(predictions: pd.DataFrame, task: Task, settings: Settings) -> EvaluatedSet:
    """Return the test units of checked predictions.

    Raises
    ------
    DataFault
        There is no test row, an attribute that was asked for is no column, or there are too many groups.
    """
    test = predictions[predictions["split"] == "test"]
    if test.empty:
        raise DataFault("there is no test row to evaluate", remedy="Check the split and the task's exclusions.")
    frame = to_units(test, settings.unit, task)
    valid = to_units(predictions[predictions["split"] == "val"], settings.unit, task)
    attributes, pairs = _asked(frame, settings.by)
    positive, _ = malignancy(frame, task)
    prevalence = settings.reference_prevalence
    return EvaluatedSet(
        frame=frame,
        clusters=clusters(frame),
        groups=tuple(make_groups(frame, attributes, pairs)),
        thresholds=named_thresholds(*malignancy(valid, task), settings.thresholds),
        reference_prevalence=float(positive.mean()) if prevalence is None else prevalence,
        task=task,
        settings=settings,
        absent=tuple(name for name in attributes if frame[name].isna().all()),
    )


def _asked(frame: pd.DataFrame, by: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return attributes and pairs: the usual ones that are there, then those of the user."""
    for each in by:
        if each.count("*") > 1:
            raise DataFault("is more than a pair", value=each, remedy="Give two attributes at most: a*b.")
    for name in (part for each in by for part in each.split("*")):
        if name not in frame:
            raise DataFault("is no column of the predictions", value=name, remedy="Name an attribute that is there.")
    attributes = [name for name in ATTRIBUTES if name in frame] + [name for name in by if "*" not in name]
    pairs = [pair for pair in PAIRS if all(part in frame for part in pair.split("*"))]
    pairs += [name for name in by if "*" in name]
    return list(dict.fromkeys(attributes)), list(dict.fromkeys(pairs))
