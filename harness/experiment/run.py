"""A run from options to numbers: rows, pictures, one worker per model, predictions judged, the run folder."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import pandas as pd
from filelock import FileLock, Timeout

from harness import artifacts
from harness.artifacts import BASELINE
from harness.evaluation.folder import write_results
from harness.evaluation.judge import Evaluation, Facts, evaluate_predictions
from harness.experiment.fit import Material, fit
from harness.experiment.options import (
    Options,
    Plan,
    device_of,
    differences,
    lies_finished,
    plans_of,
    recipe_of,
    targets_of,
)
from harness.loading import pixels
from harness.loading.attributes import evaluation_rows
from harness.loading.rows import TaskRows, check_rows, draw_training, metadata_frame, picture_reader, task_rows
from harness.workers import Status
from schemas import __version__
from schemas.errors import DataFault, DatasetConflict, Place
from schemas.tasks import task as task_of

Bar = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class ModelResult:
    """How one model ended.

    Parameters
    ----------
    name : str
        Of its folder.
    status : str
        ``ok``, or why there are no numbers.
    reason : str
        One line.
    seconds : float
        That its worker took, in whatever run that was.
    reused : bool
        It was done already.
    """

    name: str
    status: Status
    reason: str
    seconds: float
    reused: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a run.

    Parameters
    ----------
    out : Path
        The run folder.
    models : tuple of ModelResult
        In the order in which they were named, the baseline first.
    rows : TaskRows
        What was trained and judged on.
    changed : bool
        Whether any number is new.
    """

    out: Path
    models: tuple[ModelResult, ...]
    rows: TaskRows
    changed: bool

    @property
    def failures(self) -> tuple[ModelResult, ...]:
        """Models without numbers."""
        return tuple(model for model in self.models if model.status != "ok")


@contextlib.contextmanager
def _no_bar(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    del title, total

    def done(count: int) -> None:
        del count

    yield done


def run(options: Options, *, bar: Bar = _no_bar) -> Finished:
    """Train and judge the baseline and every model of a run; what is done already is skipped.

    Parameters
    ----------
    options : Options
        What to do.
    bar : callable
        ``bar(title, total)`` is a context manager that gives a function to call with counts done.

    Raises
    ------
    UserError
        Before anything is trained: a name that does not exist, rows that cannot be judged, weights that are not to be
        had, another run in the folder.
    """
    task = task_of(options.task)
    targets = targets_of(options)
    recipe = recipe_of(options, device_of(options.device))
    whole = task_rows(options.data, options.split, task, curated=options.curated)
    metadata_frame(whole.frame, options.metadata)
    check_rows(whole)
    rows = draw_training(whole, recipe.max_train_images, options.seed)
    plans = plans_of(options, targets, recipe, rows)
    options.out.mkdir(parents=True, exist_ok=True)
    with _locked(options.out):
        _take_over_baseline(options, plans)
        finished = {plan.name: lies_finished(plan, force=options.force) for plan in plans}
        judged = _judged_rows(options, rows)
        results = _fit_missing(options, plans, finished, rows, judged, bar=bar)
        changed = _judge(options, plans, results, rows, judged, bar=bar)
    return Finished(options.out, tuple(results), rows, changed)


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold the run folder; the system lets go of it when this process ends, however it ends."""
    try:
        with FileLock(out / LOCK, timeout=0):
            yield
    except Timeout as error:
        raise DatasetConflict(
            "another `harness run` is at work here", place=Place(str(out)), remedy="Wait for it, or name another --out."
        ) from error


def _take_over_baseline(options: Options, plans: list[Plan]) -> None:
    """Copy the finished baseline that the user named, where it is the one that would be trained."""
    if options.baseline in {"auto", "none"} or (options.out / BASELINE).exists():
        return
    theirs, plan = Path(options.baseline), plans[0]
    facts = artifacts.read_run(theirs)
    if facts.get("status") != "ok":
        raise DataFault("holds no finished baseline", place=Place(str(theirs)), remedy="Name RUN/baseline.")
    if facts.get("config_hash") != plan.config_hash:
        raise DataFault(
            f"is another baseline than these options ask for: {', '.join(differences(facts, plan))} differ",
            place=Place(str(theirs)),
            remedy="Leave out --baseline to train one.",
        )
    shutil.copytree(theirs, plan.folder, ignore=shutil.ignore_patterns("checkpoints", "work"))


def _judged_rows(options: Options, rows: TaskRows) -> pd.DataFrame:
    """Return keys and attributes of validation and test, as ``predictions.parquet`` has them."""
    found = evaluation_rows(
        options.data,
        options.split,
        rows.task,
        by=options.settings.by,
        curated=options.curated,
        at=rows.origin.dataset_version,
        pictures=True,
    )
    return found.frame[found.frame["split"] != "train"].reset_index(drop=True)


def _fit_missing(
    options: Options, plans: list[Plan], finished: Mapping[str, bool], rows: TaskRows, judged: pd.DataFrame, *, bar: Bar
) -> list[ModelResult]:
    missing = [plan for plan in plans if not finished[plan.name]]
    material = Material(rows, judged, _pictures(options, missing[0], rows, bar)) if missing else None
    results = []
    for plan in plans:
        if finished[plan.name] or material is None:
            facts = artifacts.read_run(plan.folder)
            results.append(ModelResult(plan.name, "ok", "", float(cast("float", facts["seconds"])), reused=True))
            continue
        with bar(plan.name, plan.recipe.epochs if plan.target.architecture else None) as done:
            outcome = fit(plan, material, options, on_event=_epochs(done))
        results.append(ModelResult(plan.name, outcome.status, outcome.reason, outcome.seconds, reused=False))
    return results


def _epochs(done: Callable[[int], None]) -> Callable[[Mapping[str, object]], None]:
    def pass_on(event: Mapping[str, object]) -> None:
        if "epoch" in event:
            done(1)

    return pass_on


def _pictures(options: Options, plan: Plan, rows: TaskRows, bar: Bar) -> dict[str, pixels.Place]:
    wanted = dict(zip(rows.frame["stored_sha256"], rows.frame["sample_id"], strict=True))
    with bar("pictures", len(wanted)) as done:
        return pixels.decoded(
            wanted,
            picture_reader(options.data, rows.origin.dataset_version),
            shorter_px=plan.recipe.resize_px,
            threads=options.threads,
            progress=done,
        )


# --- judging ----------------------------------------------------------------------------------------------------------


def _judge(
    options: Options, plans: list[Plan], results: list[ModelResult], rows: TaskRows, judged: pd.DataFrame, *, bar: Bar
) -> bool:
    """Judge every model that has new predictions or is judged in a new way; return whether there was one."""
    failed = [plan for plan, result in zip(plans, results, strict=True) if result.status != "ok"]
    for plan in failed:
        (plan.folder / artifacts.METRICS).unlink(missing_ok=True)
    good = [plan for plan in plans if plan not in failed]
    keys = {plan.name: _judgment_key(plan, options, judged) for plan in good}
    stale = [plan for plan in good if artifacts.read_run(plan.folder).get("judged") != keys[plan.name]]
    if any(plan.name == BASELINE for plan in stale):
        stale = good  # all are compared with it
    evaluations: dict[str, Evaluation] = {}
    for plan in stale:
        with bar(f"{plan.name}: intervals", options.settings.n_resamples) as done:
            evaluations[plan.name] = _evaluated(plan, options, rows, judged, done)
    if stale or failed:
        write_results(options.out, evaluations)
    for plan in stale:
        artifacts.write_run(plan.folder, {**artifacts.read_run(plan.folder), "judged": keys[plan.name]})
    return bool(stale or failed)


def _judgment_key(plan: Plan, options: Options, judged: pd.DataFrame) -> str:
    said = {
        "run": artifacts.read_run(plan.folder).get("run_id"),
        "rows": hashlib.sha256(judged.to_csv(index=False).encode()).hexdigest(),
        "settings": asdict(options.settings),
        "split": options.split,
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _evaluated(
    plan: Plan, options: Options, rows: TaskRows, judged: pd.DataFrame, done: Callable[[int], None]
) -> Evaluation:
    """Judge a model with the attributes that the dataset has now: a check may have measured skin tone meanwhile."""
    held = artifacts.read_predictions(plan.folder)
    scores = held[["sample_id", *artifacts.probability_columns(held.columns)]]
    predictions = judged.merge(scores, on="sample_id", how="inner", validate="one_to_one")
    sha256 = artifacts.write_predictions(plan.folder, predictions)
    run_facts = {**artifacts.read_run(plan.folder), "predictions_sha256": sha256}
    artifacts.write_run(plan.folder, run_facts)
    facts = Facts(
        run_id=str(run_facts["run_id"]),
        model=plan.name,
        seed=options.seed,
        created_utc=str(run_facts["ended_utc"]),
        predictions_sha256=sha256,
        dataset_version=rows.origin.dataset_version,
        split=rows.origin.split,
        split_version=rows.origin.split_version,
    )
    return evaluate_predictions(predictions, rows.task, facts, options.settings, progress=done)
