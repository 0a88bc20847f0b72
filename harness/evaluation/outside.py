"""Anyone's predictions judged on a split of a dataset, written as a run folder with one model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from harness import artifacts
from harness.evaluation.folder import beside_baseline
from harness.evaluation.judge import Evaluation, Facts, Settings, evaluate_predictions
from harness.evaluation.prediction_file import match, read
from harness.loading.attributes import evaluation_rows
from harness.loading.rows import TaskRows
from harness.metrics.predictions import check
from harness.metrics.resampling import Progress
from harness.metrics.tables import resamples_table, tables
from schemas import __version__
from schemas.errors import DataFault
from schemas.tasks import task as task_of

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be judged, on what, and where the results go.

    Parameters
    ----------
    data : Path
        Dataset.
    split, task : str
        Names.
    predictions : Path
        File, or folder of a model.
    out : Path
        Run folder; models that lie there stay.
    settings : Settings
        How to judge.
    curated : bool
        With decisions applied.
    at : int, optional
        Version of the dataset.
    force : bool
        Replace a model of the same name in `out`.
    keep_resamples : bool
        Write every resampled value too.
    """

    data: Path
    split: str
    task: str
    predictions: Path
    out: Path
    settings: Settings
    curated: bool = True
    at: int | None = None
    force: bool = False
    keep_resamples: bool = False

    @property
    def model(self) -> str:
        """Name of the model: of the file without its ending, or of the folder."""
        resolved = self.predictions.resolve()
        return _NOT_IN_A_NAME.sub("-", resolved.name if resolved.is_dir() else resolved.stem).strip("-.") or "model"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a request.

    Parameters
    ----------
    evaluation : Evaluation
        The numbers.
    folder : Path
        Where the model's files lie.
    ignored : int
        Rows of the file that were not judged: of train, left out by the task, not in the split.
    left_out : dict
        Reason -> rows of the split that the task leaves out.
    """

    evaluation: Evaluation
    folder: Path
    ignored: int
    left_out: Mapping[str, int]


def evaluate_file(request: Request, *, progress: Progress | None = None) -> Done:
    """Judge predictions made elsewhere and write them as a model of a run folder.

    Parameters
    ----------
    request : Request
        What, on what, where to.
    progress : callable, optional
        Called with the number of resamples done since the last call.

    Raises
    ------
    DataFault
        The file does not fit the split and task, or the model is there already. Nothing is written then.
    """
    folder = request.out / request.model
    if (folder / artifacts.METRICS).exists() and not request.force:
        raise DataFault(
            f"{folder} holds a finished model already", remedy="Name another --out, or pass --force to replace it."
        )
    task = task_of(request.task)
    read_rows = read(request.predictions, task)
    rows = evaluation_rows(
        request.data, request.split, task, by=request.settings.by, curated=request.curated, at=request.at
    )
    matched = match(read_rows, rows.frame, str(request.predictions))
    check(matched.predictions, task, name=str(request.predictions))
    started, config = artifacts.utc_now(), _config(request, rows)
    content = artifacts.predictions_bytes(matched.predictions)
    facts = Facts(
        run_id=artifacts.run_id(started, request.model, request.settings.seed, config),
        model=request.model,
        seed=request.settings.seed,
        created_utc=f"{started:%Y-%m-%dT%H:%M:%SZ}",
        predictions_sha256=hashlib.sha256(content).hexdigest(),
        dataset_version=rows.origin.dataset_version,
        split=request.split,
        split_version=rows.origin.split_version,
    )
    evaluation = evaluate_predictions(matched.predictions, task, facts, request.settings, progress=progress)
    # Everything that can be refused is refused by now: nothing is written before.
    compared = beside_baseline(request.out, {request.model: evaluation})[request.model]
    artifacts.write_bytes(folder / artifacts.PREDICTIONS, content)
    artifacts.write_run(
        folder,
        {
            "status": "ok",
            "run_id": facts.run_id,
            "model": request.model,
            "command": "evaluate",
            "config": config,
            "config_hash": artifacts.config_hash(config),
            "dataset": asdict(rows.origin),
            "left_out": rows.left_out,
            "rows_ignored": matched.ignored,
            "package_version": __version__,
            "started_utc": facts.created_utc,
        },
    )
    artifacts.write_metrics(folder, compared.metrics, tables(compared.metrics))
    if request.keep_resamples:
        artifacts.write_table(folder / artifacts.RESAMPLES, resamples_table(compared.draws))
    artifacts.combine(request.out)
    return Done(compared, folder, matched.ignored, rows.left_out)


def _config(request: Request, rows: TaskRows) -> dict[str, object]:
    return {
        "data": str(request.data),
        "split": request.split,
        "task": request.task,
        "task_version": rows.task.version,
        "predictions": str(request.predictions),
        "view": rows.origin.view,
        "at": rows.origin.dataset_version,
        "settings": asdict(request.settings),
    }
