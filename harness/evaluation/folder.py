"""Results into the run folder, and a finished model judged again from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from harness import artifacts
from harness.evaluation.judge import Evaluation, Facts, Settings, evaluate_predictions
from harness.evaluation.paired import paired_differences
from harness.metrics.predictions import Unit
from harness.metrics.resampling import Progress
from harness.metrics.subgroups import ATTRIBUTES, OVERALL, PAIRS
from harness.metrics.tables import tables
from schemas.tasks import task

Section = Mapping[str, object]


def write_results(out: Path, evaluations: Mapping[str, Evaluation]) -> list[str]:
    """Write the numbers of judged models, each beside the baseline, and the combined files over them.

    Parameters
    ----------
    out : Path
        Folder named by ``--out``; ``out/<model>/predictions.parquet`` is there already.
    evaluations : dict
        Model to its evaluation. A baseline that lies in `out` is compared with though it is not named here.

    Returns
    -------
    list of str
        All models in `out`, the baseline first.

    Raises
    ------
    DataFault
        The baseline was judged on other rows, or otherwise.
    """
    for name, each in beside_baseline(out, evaluations).items():
        artifacts.write_metrics(out / name, each.metrics, tables(each.metrics))
    return artifacts.combine(out)


def beside_baseline(out: Path, evaluations: Mapping[str, Evaluation]) -> dict[str, Evaluation]:
    """Return evaluations with their differences to the baseline, if there is one among them or in a run folder.

    Raises
    ------
    DataFault
        The baseline was judged on other rows, or otherwise.
    """
    baseline = evaluations.get(artifacts.BASELINE)
    if baseline is None and (out / artifacts.BASELINE / artifacts.METRICS).exists():
        baseline = evaluate_folder(out / artifacts.BASELINE)
    return {
        name: each if baseline is None or name == artifacts.BASELINE else with_comparisons(each, baseline)
        for name, each in evaluations.items()
    }


def with_comparisons(model: Evaluation, reference: Evaluation) -> Evaluation:
    """Return an evaluation whose ``comparisons`` hold its differences to a reference."""
    return replace(model, metrics={**model.metrics, "comparisons": paired_differences(model, reference)})


def evaluate_folder(folder: Path, *, progress: Progress | None = None) -> Evaluation:
    """Judge the predictions of a finished model again, with the settings in its ``metrics.json``.

    Parameters
    ----------
    folder : Path
        ``OUT/<model>``.
    progress : callable, optional
        Called with the number of resamples done since the last call.

    Returns
    -------
    Evaluation
        The same numbers, with the resamples that the files do not keep.
    """
    metrics = artifacts.read_metrics(folder)
    run, data, settings = (cast("Section", metrics[name]) for name in ("run", "data", "settings"))
    facts = Facts(
        run_id=str(run["run_id"]),
        model=str(run["model"]),
        seed=cast("int", run["seed"]),
        created_utc=str(run["created_utc"]),
        predictions_sha256=artifacts.file_sha256(folder / artifacts.PREDICTIONS),
        dataset_version=cast("int", data["dataset_version"]),
        split=str(data["split"]),
        split_version=str(data["split_version"]),
    )
    return evaluate_predictions(
        artifacts.read_predictions(folder),
        task(str(cast("Section", metrics["task"])["name"])),
        facts,
        Settings(
            level=cast("float", settings["level"]),
            n_resamples=cast("int", settings["n_resamples"]),
            seed=cast("int", settings["bootstrap_seed"]),
            reference_prevalence=cast("float", settings["reference_prevalence"]),
            min_positives=cast("int", settings["min_positives"]),
            unit=cast("Unit", data["unit"]),
            thresholds=_user_thresholds(metrics),
            by=_asked_groups(metrics),
        ),
        progress=progress,
    )


def _user_thresholds(metrics: Section) -> tuple[float, ...]:
    rows = cast("list[dict[str, object]]", metrics["thresholds"])
    return tuple(cast("float", row["value"]) for row in rows if row["chosen_on"] == "user")


def _asked_groups(metrics: Section) -> tuple[str, ...]:
    rows = cast("list[dict[str, object]]", metrics["groups"])
    usual = {OVERALL, *ATTRIBUTES, *PAIRS}
    return tuple(dict.fromkeys(str(row["attribute"]) for row in rows if row["attribute"] not in usual))
