"""What a run folder holds, read once: the numbers behind every table, figure and sentence of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import pandas as pd

from harness import artifacts
from harness.artifacts import BASELINE
from harness.metrics.classes import MALIGNANT
from harness.metrics.subgroups import ATTRIBUTES, OVERALL
from harness.report.rows import ComparisonRow, GapRow, GroupRow, Metrics, ValueRow
from schemas.errors import DataFault, Place

Facts = Mapping[str, object]
TRAIN_LOG = "train_log.parquet"


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts per class: `matrix` has a row for every true class, a column for every called one."""

    labels: list[str]
    matrix: list[list[int]]


@dataclass(frozen=True)
class Judged:
    """One model of the run: its numbers and the facts of its training.

    Parameters
    ----------
    name : str
        Key in ``runs`` of the combined metrics.json.
    metrics : Metrics
        metrics.json of the model.
    facts : mapping
        run.json of the model; empty where predictions were made elsewhere.
    folder : Path
        Run folder of the model.
    """

    name: str
    metrics: Metrics
    facts: Facts
    folder: Path

    @cached_property
    def _values(self) -> dict[tuple[str, str, str | None], ValueRow]:
        # A task of several classes has some metrics twice; the page speaks of the read-out malignant against the rest.
        rows = [row for row in self.metrics["values"] if row["class"] in {None, MALIGNANT}]
        rows.sort(key=lambda row: row["class"] is not None)
        return {(row["group_id"], row["metric"], row["threshold"]): row for row in rows}

    def of_class(self, metric: str, name: str) -> ValueRow | None:
        """Return a metric of one class against all others on the whole test set, None where it was not computed."""
        for row in self.metrics["values"]:
            if (row["group_id"], row["metric"], row["class"]) == (OVERALL, metric, name):
                return row
        return None

    @cached_property
    def groups(self) -> dict[str, GroupRow]:
        """Groups by id, in the order of metrics.json."""
        return {row["group_id"]: row for row in self.metrics["groups"]}

    def value(self, metric: str, group_id: str = OVERALL, *, threshold: str | None = None) -> ValueRow | None:
        """Return the entry of a metric, None where it was not computed."""
        return self._values.get((group_id, metric, threshold))

    def difference(self, metric: str, *, threshold: str | None = None) -> ComparisonRow | None:
        """Return the paired difference to the baseline on the whole test set, None where there is none."""
        for row in self.metrics["comparisons"]:
            if (row["group_id"], row["metric"], row["threshold"]) == (OVERALL, metric, threshold):
                return row
        return None

    def gap(self, attribute: str, metric: str) -> GapRow | None:
        """Return the gap of an attribute, None where it was not computed."""
        for row in self.metrics["gaps"]:
            if (row["attribute"], row["metric"], row["threshold"]) == (attribute, metric, None):
                return row
        return None

    def curve(self, kind: str, group_id: str = OVERALL) -> dict[str, list[float]] | None:
        """Return the points of a curve, None where it was not drawn."""
        return self.metrics["curves"].get(f"{kind}:{group_id}")

    def confusion(self, threshold: str) -> Confusion | None:
        """Return the counts at a threshold, None where they were not taken; several classes have no threshold."""
        found = self.metrics["curves"].get(":".join(filter(None, ("confusion", OVERALL, threshold))))
        if found is None:
            return None
        return Confusion(cast("list[str]", found["labels"]), cast("list[list[int]]", found["matrix"]))

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Rows of predictions.parquet; empty where the file is not there."""
        return _frame(self.folder / artifacts.PREDICTIONS)

    @cached_property
    def read_out(self) -> pd.DataFrame:
        """Test rows as ``sample_id``, ``score`` and ``positive``; of several classes, of malignant against the rest."""
        task, rows = self.metrics["task"], self.predictions
        malignant = [1] if task["kind"] == "binary" else [task["classes"].index(name) for name in task["malignant"]]
        if rows.empty:
            return pd.DataFrame({"sample_id": [], "score": [], "positive": []})
        test = rows[rows["split"] == "test"]
        score = test[[f"p_{number}" for number in malignant]].sum(axis=1)
        return pd.DataFrame(
            {"sample_id": test["sample_id"], "score": score, "positive": test["y_true"].isin(malignant)}
        )

    @cached_property
    def train_log(self) -> pd.DataFrame:
        """Rows of train_log.parquet; empty where the model keeps no log."""
        return _frame(self.folder / TRAIN_LOG)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A model that ended without numbers, and why."""

    name: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Everything that one report is about.

    Parameters
    ----------
    path : Path
        Folder named by ``--out``.
    models : tuple of Judged
        The baseline first, then the others in the order of their names.
    unjudged : tuple of Unjudged
        Models that failed, timed out or gave invalid output.
    """

    path: Path
    models: tuple[Judged, ...]
    unjudged: tuple[Unjudged, ...]

    @property
    def baseline(self) -> Judged | None:
        """The fixed reference, None where only other models were judged."""
        return next((model for model in self.models if model.name == BASELINE), None)

    @property
    def contenders(self) -> tuple[Judged, ...]:
        """Models other than the baseline."""
        return tuple(model for model in self.models if model.name != BASELINE)

    @property
    def lead(self) -> Judged:
        """The model whose counts stand for the run: all models saw the same rows."""
        return self.models[0]

    @property
    def headline(self) -> str:
        """The metric that the verdict is about."""
        return "auroc" if self.is_binary else "macro_auroc_ovr"

    @property
    def is_binary(self) -> bool:
        """Whether the task has two classes; of several, curves and thresholds are of malignant against the rest."""
        return self.lead.metrics["task"]["kind"] == "binary"

    @property
    def attributes(self) -> tuple[str, ...]:
        """Attributes with groups, single ones only, in the order of the report."""
        return _ordered({row["attribute"] for row in self.lead.groups.values() if _is_single(row)})

    @property
    def pairs(self) -> tuple[str, ...]:
        """Pairs of attributes with groups."""
        return tuple(sorted({row["attribute"] for row in self.lead.groups.values() if ";" in row["group_id"]}))

    def levels(self, attribute: str) -> tuple[GroupRow, ...]:
        """Return the groups of an attribute in the order of metrics.json: a missing value stands last."""
        return tuple(row for row in self.lead.groups.values() if row["attribute"] == attribute)


def read_run(path: Path) -> RunFolder:
    """Read a run folder.

    Parameters
    ----------
    path : Path
        Folder that holds ``metrics.json`` and one folder per model.

    Raises
    ------
    DataFault
        Where the folder holds no metrics.json, or one that is no JSON or names no model.
    DatasetConflict
        Where metrics.json was written by a newer version.
    """
    runs = artifacts.read_metrics(path).get("runs")
    if not isinstance(runs, dict) or not runs:
        raise DataFault(
            "holds no judged model",
            place=Place(str(path / artifacts.METRICS)),
            remedy="Name the folder over the models' folders; worker.log of each model says why it has no numbers.",
        )
    names = sorted(runs, key=lambda name: (name != BASELINE, name))
    models = tuple(
        Judged(name, cast("Metrics", runs[name]), artifacts.read_run(path / name), path / name) for name in names
    )
    return RunFolder(path, models, _unjudged(path, set(runs)))


def _unjudged(path: Path, judged: set[str]) -> tuple[Unjudged, ...]:
    folders = sorted(file.parent for file in path.glob(f"*/{artifacts.RUN}") if file.parent.name not in judged)
    found = [(folder.name, artifacts.read_run(folder)) for folder in folders]
    return tuple(Unjudged(name, str(facts.get("status", "unknown")), _reason(facts)) for name, facts in found)


def _reason(facts: Facts) -> str:
    reason = str(facts.get("reason") or "no reason was recorded")
    return reason.strip().splitlines()[-1]


def _frame(file: Path) -> pd.DataFrame:
    return pd.read_parquet(file) if file.is_file() else pd.DataFrame()


def _is_single(row: GroupRow) -> bool:
    return row["group_id"] != OVERALL and ";" not in row["group_id"]


def _ordered(names: set[str]) -> tuple[str, ...]:
    known = [name for name in ATTRIBUTES if name in names]
    return (*known, *sorted(names - set(known)))
