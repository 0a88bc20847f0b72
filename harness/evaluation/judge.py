"""Predictions and labels in, every number of a model out: metric by group, with interval and counts.

No torch and no pixels: predictions made elsewhere, in any language, are judged by the same code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from harness import artifacts
from harness.metrics import calibration, curves, document
from harness.metrics.asking import ask, contrasts
from harness.metrics.blocks import Floats
from harness.metrics.evaluated import EvaluatedSet, Settings, evaluated_set
from harness.metrics.gaps import Contrast, adjust_over_run, attribute_gaps
from harness.metrics.predictions import check
from harness.metrics.resampling import Progress, resample
from harness.metrics.subgroups import OVERALL
from harness.metrics.values import Job, Judged, Key, job
from schemas import __version__
from schemas.tasks import Task

__all__ = ["Evaluation", "Facts", "Settings", "evaluate_predictions"]

# Points of the ROC curve of a group; the whole set has up to 500.
_GROUP_POINTS = 100


@dataclass(frozen=True, slots=True)
class Facts:
    """What the predictions are of; stands in ``metrics.json`` as it is.

    Parameters
    ----------
    run_id, model : str
        Names of the run and the model.
    seed : int
        Of the training.
    created_utc : str
        ISO time.
    predictions_sha256 : str
        Of predictions.parquet.
    dataset_version : int
        Version of the dataset.
    split, split_version : str
        Name, and ``name@version``.
    """

    run_id: str
    model: str
    seed: int
    created_utc: str
    predictions_sha256: str
    dataset_version: int
    split: str
    split_version: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A judged model.

    Parameters
    ----------
    metrics : dict
        Content of ``metrics.json``.
    judged : tuple of Judged
        Groups with their points.
    draws : dict
        Value of every key in every resample, for paired comparisons.
    sample_ids : tuple of str
        Evaluated units, sorted.
    task, facts, settings
        As given.
    """

    metrics: dict[str, object]
    judged: tuple[Judged, ...]
    draws: Mapping[Key, Floats]
    sample_ids: tuple[str, ...]
    task: Task
    facts: Facts
    settings: Settings


def evaluate_predictions(
    predictions: pd.DataFrame,
    task: Task,
    facts: Facts,
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
) -> Evaluation:
    """Judge the predictions of one model.

    Parameters
    ----------
    predictions : DataFrame
        As in ``predictions.parquet``: ``sample_id``, ``split`` (val, test), ``y_true``, ``p_0`` ..., ``patient_id``,
        ``lesion_id`` and one text column per attribute. The order of the rows changes nothing.
    task : Task
        Classes; of two classes the second is the positive one.
    facts : Facts
        Names for ``metrics.json``.
    settings : Settings, optional
        The defaults where not given.
    progress : callable, optional
        Called with the number of resamples done since the last call; `Settings.n_resamples` in all.

    Raises
    ------
    DataFault
        The predictions cannot be judged, or there are no test rows.
    """
    settings = settings or Settings()
    check(predictions, task)
    case = evaluated_set(predictions, task, settings)
    asked = {group.group_id: ask(case, group) for group in case.groups}
    compared = contrasts(case, asked)
    judged = [one for found in asked.values() for one in found]
    draws: dict[Key, Floats] = {}
    if settings.n_resamples:
        draws = resample(
            _jobs(asked, compared),
            n_clusters=case.clusters.count,
            n_resamples=settings.n_resamples,
            seed=settings.seed,
            progress=progress,
        )
    n_validation = int((predictions["split"] == "val").sum())
    metrics = {
        **_head(case, facts),
        **_results(case, judged, compared, draws),
        "curves": _curves(case, asked),
    }
    metrics["warnings"] = document.warnings(case, metrics["values"], n_validation)  # type: ignore[arg-type]
    return Evaluation(metrics, tuple(judged), draws, tuple(case.frame["sample_id"]), task, facts, settings)


def _jobs(asked: Mapping[str, Sequence[Judged]], compared: Mapping[str, Sequence[Contrast]]) -> list[Job]:
    """Return one job per set of rows: groups, and the rest that each is compared with."""
    rests: dict[str, list[Judged]] = {}
    for contrast in (each for found in compared.values() for each in found):
        rests.setdefault(contrast.rest.group_id, []).append(contrast.rest)
    return [job(found) for found in asked.values()] + [job(found, only_gaps=True) for found in rests.values()]


def _head(case: EvaluatedSet, facts: Facts) -> dict[str, object]:
    task, settings = case.task, case.settings
    overall = document.group_row(case, case.groups[0])
    counts = ("n", "n_pos", "n_neg", "n_clusters", "prevalence")
    return {
        "schema_version": artifacts.METRICS_VERSION,
        "run": {
            "run_id": facts.run_id,
            "model": facts.model,
            "seed": facts.seed,
            "created_utc": facts.created_utc,
            "package_version": __version__,
            "predictions_sha256": facts.predictions_sha256,
        },
        "task": {
            "name": task.name,
            "kind": task.kind,
            "classes": list(task.classes),
            "malignant": list(task.malignant),
        },
        "data": {
            "dataset_version": facts.dataset_version,
            "split": facts.split,
            "split_version": facts.split_version,
            "unit": settings.unit,
            "cluster_counts": case.clusters.rows_by,
            **{name: overall[name] for name in counts},
        },
        "settings": {
            "level": settings.level,
            "n_resamples": settings.n_resamples,
            "bootstrap_seed": settings.seed,
            "reference_prevalence": case.reference_prevalence,
            "ece_bins": calibration.N_BINS,
            "min_positives": settings.min_positives,
        },
        "thresholds": document.threshold_rows(case),
        "groups": [document.group_row(case, group) for group in case.groups],
    }


def _results(
    case: EvaluatedSet,
    judged: Sequence[Judged],
    compared: Mapping[str, Sequence[Contrast]],
    draws: Mapping[Key, Floats],
) -> dict[str, object]:
    level = case.settings.level
    gaps = [
        gap
        for name, found in compared.items()
        for class_name in dict.fromkeys(each.group.class_name for each in found)
        for gap in attribute_gaps(name, [each for each in found if each.group.class_name == class_name], draws, level)
    ]
    return {
        "values": [row for each in judged for row in each.rows(draws, level)],
        "gaps": [gap.row() for gap in adjust_over_run(gaps)],
        "comparisons": [],
    }


def _curves(case: EvaluatedSet, asked: Mapping[str, Sequence[Judged]]) -> dict[str, object]:
    """Return the curves: all of them with bands for the whole set, ROC and confusion matrices for single groups."""
    found: dict[str, object] = {}
    settings = case.settings
    labels = case.task.classes if case.task.kind == "binary" else ("not malignant", "malignant")
    for group in case.groups:
        name, judged = group.group_id, asked[group.group_id]
        # Of several classes the first is of all of them; curves are those of the malignant score.
        scored, area = judged[0].scored, judged[min(1, len(judged) - 1)].verdicts[0]
        if group.is_pair:
            continue
        matrices = curves.confusion_matrices(scored, case.thresholds, labels)
        found |= {f"confusion:{name}:{at}": matrix for at, matrix in matrices.items()}
        if scored.labels is not None:
            found[f"confusion:{name}:argmax"] = curves.class_matrix(scored.labels)
        if name == OVERALL and scored.has_both:
            drawn = curves.with_bands(
                scored,
                n_clusters=case.clusters.count,
                n_resamples=settings.n_resamples,
                seed=settings.seed,
                level=settings.level,
            )
            found |= {f"{kind}:{name}": curve for kind, curve in drawn.items()}
            found[f"reliability:{name}"] = curves.reliability(scored, settings.level)
        elif area.status != "not_estimable":
            found[f"roc:{name}"] = curves.roc(scored, _GROUP_POINTS)
    return found
