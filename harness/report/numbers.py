"""What a run folder holds, read once: the numbers behind every table, figure and sentence of the report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import pandas as pd

from harness.report.rows import ComparisonRow, GapRow, GroupRow, Metrics, ValueRow
from schemas.errors import DataFault, Unavailable

SCHEMA_VERSION = 1
BASELINE = "baseline"
OVERALL = "overall"
MISSING = "(missing)"

# Shown first, in this order; attributes that the user added follow by name.
ATTRIBUTES = ("sex", "age_band", "skin_tone", "ita_class", "site", "source", "image_type")
# Levels that have an order of their own; others stand as metrics.json has them.
LEVELS = ("<30", "30-49", "50-69", ">=70", "very_light", "light", "intermediate", "medium", "tan", "brown", "dark")

Facts = Mapping[str, object]


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
        rows = self.metrics["values"]
        return {(row["group_id"], row["metric"], row["threshold"]): row for row in rows if row["class"] is None}

    @cached_property
    def groups(self) -> dict[str, GroupRow]:
        """Groups by id, in the order of the file."""
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

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Rows of predictions.parquet; empty where the file is not there."""
        return _frame(self.folder / "predictions.parquet")

    @cached_property
    def train_log(self) -> pd.DataFrame:
        """Rows of train_log.parquet; empty where the model keeps no log."""
        return _frame(self.folder / "train_log.parquet")


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
        return "auroc" if self.lead.value("auroc") is not None else "macro_auroc_ovr"

    @property
    def attributes(self) -> tuple[str, ...]:
        """Attributes with groups, single ones only, in the order of the report."""
        return _ordered({row["attribute"] for row in self.lead.groups.values() if _is_single(row)})

    @property
    def pairs(self) -> tuple[str, ...]:
        """Pairs of attributes with groups."""
        return tuple(sorted({row["attribute"] for row in self.lead.groups.values() if ";" in row["group_id"]}))

    def levels(self, attribute: str) -> tuple[GroupRow, ...]:
        """Return the groups of an attribute in their natural order; rows with a missing value stand last."""
        rows = [row for row in self.lead.groups.values() if row["attribute"] == attribute]
        return tuple(sorted(rows, key=lambda row: _rank(row["level"])))


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
    Unavailable
        Where metrics.json was written by a newer version.
    """
    file = path / "metrics.json"
    if not file.is_file():
        raise DataFault(f"{path} holds no metrics.json.", remedy="Name a folder that `harness run --out` has written.")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        version, runs = content["schema_version"], cast("dict[str, Metrics]", content["runs"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise DataFault(f"{file} is not the combined metrics of a run.", remedy="Run `harness run` again.") from error
    if version > SCHEMA_VERSION:
        raise Unavailable(
            f"{file} has schema version {version}; this version reads {SCHEMA_VERSION}.", remedy="Update dermacurate."
        )
    if not runs:
        raise DataFault(f"{file} holds no judged model.", remedy="See worker.log of each model for the reason.")
    names = sorted(runs, key=lambda name: (name != BASELINE, name))
    models = tuple(Judged(name, runs[name], _facts(path / name), path / name) for name in names)
    return RunFolder(path, models, _unjudged(path, set(runs)))


def _unjudged(path: Path, judged: set[str]) -> tuple[Unjudged, ...]:
    folders = sorted(file.parent for file in path.glob("*/run.json") if file.parent.name not in judged)
    found = [(folder.name, _facts(folder)) for folder in folders]
    return tuple(Unjudged(name, str(facts.get("status", "unknown")), _reason(facts)) for name, facts in found)


def _reason(facts: Facts) -> str:
    reason = str(facts.get("reason") or "no reason was recorded")
    return reason.strip().splitlines()[-1]


def _facts(folder: Path) -> Facts:
    file = folder / "run.json"
    return cast("Facts", json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def _frame(file: Path) -> pd.DataFrame:
    return pd.read_parquet(file) if file.is_file() else pd.DataFrame()


def _is_single(row: GroupRow) -> bool:
    return row["group_id"] != OVERALL and ";" not in row["group_id"]


def _rank(level: str) -> int:
    if level == MISSING:
        return len(LEVELS) + 1
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _ordered(names: set[str]) -> tuple[str, ...]:
    known = [name for name in ATTRIBUTES if name in names]
    return (*known, *sorted(names - set(known)))
