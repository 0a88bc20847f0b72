"""Predictions and labels in, every number of a model out: metric by group, with interval and counts.

No torch and no pixels: predictions made elsewhere, in any language, are judged by the same code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from harness import artifacts
from harness.metrics import calibration, curves, document
from harness.metrics.blocks import Floats
from harness.metrics.evaluated import EvaluatedSet, Settings, evaluated_set
from harness.metrics.gaps import Contrast, adjust_over_run, attribute_gaps
from harness.metrics.predictions import check
from harness.metrics.resampling import Progress, resample
from harness.metrics.subgroups import OVERALL, Group
from harness.metrics.values import Job, Judged, Key, judge, questions
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
    judged = [_judge(case, group) for group in case.groups]
    contrasts = _contrasts(case, judged)
    jobs: list[Job] = [each.job() for each in judged]
    jobs += [each.rest.job(only_gaps=True) for found in contrasts.values() for each in found]
    draws: dict[Key, Floats] = {}
    if settings.n_resamples:
        draws = resample(
            jobs,
            n_clusters=case.clusters.count,
            n_resamples=settings.n_resamples,
            seed=settings.seed,
            progress=progress,
        )
    n_validation = int((predictions["split"] == "val").sum())
    metrics = {
        **_head(case, facts),
        **_results(case, judged, contrasts, draws),
        "curves": _curves(case, judged),
    }
    metrics["warnings"] = document.warnings(case, metrics["values"], n_validation)  # type: ignore[arg-type]
    return Evaluation(metrics, tuple(judged), draws, tuple(case.frame["sample_id"]), task, facts, settings)


def _judge(case: EvaluatedSet, group: Group) -> Judged:
    return judge(
        group.group_id,
        case.scored(group.rows),
        questions(case.thresholds),
        min_positives=case.settings.min_positives,
        always=group.group_id == OVERALL,
    )


def _contrasts(case: EvaluatedSet, judged: Sequence[Judged]) -> dict[str, list[Contrast]]:
    """Return for every attribute each known group beside the rest of the rows with that attribute known."""
    found: dict[str, list[Contrast]] = {}
    compared = [each for each in questions(case.thresholds) if each.metric.gap is not None]
    for group, one in zip(case.groups, judged, strict=True):
        if group.group_id == OVERALL or group.is_pair or group.is_missing:
            continue
        rest = case.frame[group.attribute].notna().to_numpy() & ~group.rows
        other = judge(
            f"rest of {group.group_id}", case.scored(rest), compared, min_positives=case.settings.min_positives
        )
        found.setdefault(group.attribute, []).append(Contrast(one, other))
    return found


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
    contrasts: Mapping[str, Sequence[Contrast]],
    draws: Mapping[Key, Floats],
) -> dict[str, object]:
    level = case.settings.level
    gaps = [gap for name, found in contrasts.items() for gap in attribute_gaps(name, found, draws, level)]
    return {
        "values": [row for each in judged for row in each.rows(draws, level)],
        "gaps": [gap.row() for gap in adjust_over_run(gaps)],
        "comparisons": [],
    }


def _curves(case: EvaluatedSet, judged: Sequence[Judged]) -> dict[str, object]:
    """Return the curves: all of them with bands for the whole set, ROC and confusion matrices for single groups."""
    found: dict[str, object] = {}
    settings = case.settings
    for group, one in zip(case.groups, judged, strict=True):
        name, scored = group.group_id, one.scored
        if group.is_pair:
            continue
        matrices = curves.confusion_matrices(scored, case.thresholds, case.task.classes)
        found |= {f"confusion:{name}:{at}": matrix for at, matrix in matrices.items()}
        if not scored.has_both:
            continue
        if name == OVERALL:
            drawn = curves.with_bands(
                scored,
                n_clusters=case.clusters.count,
                n_resamples=settings.n_resamples,
                seed=settings.seed,
                level=settings.level,
            )
            found |= {f"{kind}:{name}": curve for kind, curve in drawn.items()}
            found[f"reliability:{name}"] = curves.reliability(scored, settings.level)
        elif one.verdicts[0].status != "not_estimable":
            found[f"roc:{name}"] = curves.roc(scored, _GROUP_POINTS)
    return found
