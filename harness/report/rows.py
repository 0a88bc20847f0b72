"""The shape of metrics.json, schema version 1, for the type checker: what the report may ask for."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

Status = Literal["ok", "low_precision", "not_estimable"]
Verdict = Literal["better", "worse", "no_difference_shown", "not_estimable"]


# "class" is a keyword of Python: only the functional form can name it.
ValueRow = TypedDict(
    "ValueRow",
    {
        "group_id": str,
        "metric": str,
        "class": str | None,
        "threshold": str | None,
        "status": Status,
        "reason": str | None,
        "value": float | None,
        "lo": float | None,
        "hi": float | None,
        "method": str,
        "comparable_between_groups": bool,
    },
)


class GroupRow(TypedDict):
    """One entry of ``groups``: who was counted."""

    group_id: str
    attribute: str
    level: str
    n: int
    n_pos: int | None
    n_neg: int | None
    n_clusters: int
    n_clusters_pos: int | None
    n_clusters_neg: int | None
    prevalence: float | None


class DifferenceRow(TypedDict):
    """One group of an attribute against all other rows with that attribute known."""

    group_id: str
    estimate: float | None
    lo: float | None
    hi: float | None
    lo_simultaneous: float | None
    hi_simultaneous: float | None
    p: float | None
    p_holm: float | None
    p_holm_run: float | None
    detectable: float | None


class GapRow(TypedDict):
    """One entry of ``gaps``: an attribute and a metric."""

    attribute: str
    metric: str
    threshold: str | None
    max_min_gap: float | None
    gap_expected_by_chance: float | None
    gap_p: float | None
    worst_group: str | None
    n_groups: int
    differences: list[DifferenceRow]


class ComparisonRow(TypedDict):
    """One paired difference between this run and another."""

    other_run_id: str
    group_id: str
    metric: str
    threshold: str | None
    difference: float | None
    lo: float | None
    hi: float | None
    p: float | None
    verdict: Verdict


class ThresholdRow(TypedDict):
    """One named threshold and what it was chosen on."""

    name: str
    value: float | None
    chosen_on: str
    rule: str


class WarningRow(TypedDict):
    """One warning of the evaluation."""

    code: str
    message: str
    group_id: NotRequired[str]


class RunRow(TypedDict):
    """Which run the numbers belong to."""

    run_id: str
    model: str
    seed: int
    created_utc: str
    package_version: str
    predictions_sha256: str


class TaskRow(TypedDict):
    """What was asked of the model."""

    name: str
    kind: Literal["binary", "multiclass"]
    classes: list[str]
    malignant: list[str]


class ClusterCounts(TypedDict):
    """How many rows were resampled by patient, by lesion, by themselves."""

    patient: int
    lesion: int
    row: int


class DataRow(TypedDict):
    """Which rows were judged."""

    dataset_version: int
    split: str
    split_version: str
    unit: str
    n: int
    n_pos: int | None
    n_neg: int | None
    n_clusters: int
    prevalence: float | None
    cluster_counts: ClusterCounts


class SettingsRow(TypedDict):
    """How intervals and limits were set."""

    level: float
    n_resamples: int
    bootstrap_seed: int
    reference_prevalence: float
    ece_bins: int
    min_positives: int


class Metrics(TypedDict):
    """metrics.json of one model, schema version 1."""

    schema_version: int
    run: RunRow
    task: TaskRow
    data: DataRow
    settings: SettingsRow
    thresholds: list[ThresholdRow]
    groups: list[GroupRow]
    values: list[ValueRow]
    gaps: list[GapRow]
    comparisons: list[ComparisonRow]
    curves: dict[str, dict[str, list[float]]]
    warnings: list[WarningRow]
