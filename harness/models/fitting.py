"""One model fitted and asked, inside its worker: a job file and tables in, a shard of probabilities and facts out."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.loading.table import PackedTable
from harness.metrics.predictions import SUM_TOLERANCE
from harness.models import catalogue
from harness.models.catalogue import Target
from harness.protocol import Budget, Context, Model
from harness.training.recipe import Recipe
from harness.workers import InvalidOutput, report_to

if TYPE_CHECKING:
    from torch import nn

ENTRY = "harness.models.fitting:work"
JOB, SHARD, FACTS = "job.json", "predictions.rank0.parquet", "facts.json"
PREDICTED = ("val", "test")
CHECKPOINTS = "checkpoints"


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker has to do; ``job.json`` of its folder.

    Parameters
    ----------
    target : Target
        The model.
    recipe : Recipe
        How a network is trained.
    classes : tuple of str
        Names of the classes.
    positive : str or None
        Of a binary task.
    seed, threads : int
        Seed, and processor threads.
    device : str
        ``cpu`` or ``cuda:0``.
    config_hash : str
        Of the run.
    run_folder, cache_dir : str
        Folder of the model, which keeps the checkpoints; folder kept between runs.
    weights : str or None
        File of starting weights.
    max_seconds : float or None
        Wall time that the model may use.
    metadata_columns : tuple of str
        Columns of the tables' metadata.
    params : mapping
        For the model.
    """

    target: Target
    recipe: Recipe
    classes: tuple[str, ...]
    positive: str | None
    seed: int
    threads: int
    device: str
    config_hash: str
    run_folder: str
    cache_dir: str
    weights: str | None
    max_seconds: float | None
    metadata_columns: tuple[str, ...]
    params: Mapping[str, object]

    def write(self, folder: Path) -> None:
        """Write ``job.json``."""
        (folder / JOB).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Job:
        """Return the job of a folder."""
        held = json.loads((folder / JOB).read_text(encoding="utf-8"))
        recipe = Recipe(**{**held["recipe"], "betas": tuple(held["recipe"]["betas"])})
        lists = {name: tuple(held[name]) for name in ("classes", "metadata_columns")}
        return cls(**{**held, **lists, "target": catalogue.from_json(held["target"]), "recipe": recipe})


def work(folder: Path) -> None:
    """Fit the model of a job and write its probabilities for validation and test.

    Parameters
    ----------
    folder : Path
        Holds ``job.json`` and the tables ``train.parquet``, ``val.parquet``, ``test.parquet``; the last has no labels.

    Raises
    ------
    InvalidOutput
        The model is none, or returned something else than probabilities.
    """
    job = Job.read(folder)
    context = _context(job, folder)
    tables = {name: PackedTable.open(folder / f"{name}.parquet") for name in ("train", *PREDICTED)}
    if job.target.architecture is not None:
        model = _network_model(job)
    else:
        model = as_model(catalogue.load(job.target), job, context)
    model.fit(tables["train"], tables["val"], context)
    parts = []
    for name in PREDICTED:
        table = tables[name].hidden()
        found = checked(model.predict_proba(table), len(table), len(job.classes), part=name)
        columns = {f"p_{number}": found[:, number] for number in range(len(job.classes))}
        parts.append(pd.DataFrame({"part": name, "row": np.arange(len(table)), "id": table.ids, **columns}))
    pd.concat(parts, ignore_index=True).to_parquet(folder / SHARD)
    (folder / FACTS).write_text(json.dumps(_facts(model)), encoding="utf-8")


def checked(found: object, n: int, n_classes: int, *, part: str) -> npt.NDArray[np.float64]:
    """Return probabilities as float64, or raise with the rule that they break and the rows.

    Parameters
    ----------
    found : object
        What ``predict_proba`` returned.
    n, n_classes : int
        Rows and columns that it must have.
    part : str
        Name of the predicted part, for the message.

    Raises
    ------
    InvalidOutput
        No numbers, another shape, not finite, outside 0..1, or rows that do not sum to 1.
    """
    try:
        values = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidOutput(f"predict_proba returned no numbers for {part} but {type(found).__name__}") from error
    if values.shape != (n, n_classes):
        raise InvalidOutput(f"predict_proba returned shape {values.shape} for {part} in place of {(n, n_classes)}")
    rules = (
        ("are not finite", ~np.isfinite(values).all(axis=1)),
        ("lie outside 0 to 1", ((values < 0) | (values > 1)).any(axis=1)),
        (f"do not sum to 1 within {SUM_TOLERANCE:g}", np.abs(values.sum(axis=1) - 1) > SUM_TOLERANCE),
    )
    for rule, broken in rules:
        if broken.any():
            first = ", ".join(str(row) for row in np.flatnonzero(broken)[:5])
            raise InvalidOutput(f"{int(broken.sum())} of {n} rows of {part} {rule}: rows {first}")
    return values


def _context(job: Job, folder: Path) -> Context:
    deadline = None if job.max_seconds is None else time.monotonic() + job.max_seconds

    def weights(name: str) -> Path:
        if job.weights is None:
            raise FileNotFoundError(f"No weights were given for {name}: name a file with --weights PATH.")
        return Path(job.weights)

    return Context(
        seed=job.seed,
        classes=job.classes,
        positive=job.positive,
        device=job.device,
        num_workers=job.threads,
        precision=job.recipe.precision,
        budget=Budget(max_seconds=job.max_seconds, max_epochs=job.recipe.epochs),
        cache_dir=Path(job.cache_dir),
        work_dir=folder,
        metadata_columns=job.metadata_columns,
        params=job.params,
        weights=weights,
        report=report_to(folder),
        should_stop=lambda: deadline is not None and time.monotonic() > deadline,
    )


def as_model(found: object, job: Job, context: Context) -> Model:
    """Return what a name led to as a model; a network is put into the recipe's hands.

    Parameters
    ----------
    found : object
        A class or an object with ``fit`` and ``predict_proba``, or a function that builds a model or a network.
    job : Job
        Recipe, seed, place of the checkpoints.
    context : Context
        For the function.

    Raises
    ------
    InvalidOutput
        It is neither.
    """
    if not hasattr(found, "predict_proba"):
        found = _called(found, job, context)
    elif isinstance(found, type):
        found = found()
    if isinstance(found, Model):
        return found
    import torch

    if not isinstance(found, torch.nn.Module):
        raise InvalidOutput(
            f"is neither a model (fit, predict_proba) nor a torch module but {type(found).__name__}",
            value=job.target.given,
        )
    return _trained(found, job)


def _called(factory: object, job: Job, context: Context) -> object:
    if not callable(factory):
        raise InvalidOutput("is neither a model nor a function that builds one", value=job.target.given)
    import torch

    from harness.protocol import stream

    with torch.random.fork_rng():
        torch.manual_seed(int(stream(job.seed, "init").integers(2**63)))
        return cast("Callable[[Context], object]", factory)(context)


def _network_model(job: Job) -> Model:
    from harness.models.baseline import network
    from harness.models.frozen import FrozenFeatures
    from harness.training.inputs import Preprocessing

    _set_threads(job)
    body = network(
        job.target,
        n_classes=len(job.classes),
        weights=Path(job.weights) if job.weights is not None else None,
        seed=job.seed,
    )
    if job.target.frozen:
        return FrozenFeatures(body, job.target.place, Preprocessing(job.recipe.image_size_px))
    return _trained(body, job)


def _set_threads(job: Job) -> None:
    import torch

    torch.set_num_threads(job.threads)


def _trained(body: nn.Module, job: Job) -> Model:
    from harness.models.recipe_model import RecipeModel
    from harness.training.inputs import preprocessing_of
    from harness.training.loop import Plan

    _set_threads(job)
    plan = Plan(
        recipe=job.recipe,
        wanted=preprocessing_of(body, job.recipe.image_size_px),
        seed=job.seed,
        device=job.device,
        workers=0 if job.device == "cpu" else job.threads,
        config_hash=job.config_hash,
        checkpoints=Path(job.run_folder) / CHECKPOINTS,
    )
    return RecipeModel(body, plan)


def _facts(model: object) -> dict[str, object]:
    """Return what a model says about itself, as far as JSON can hold it, and the memory that was used."""
    info = getattr(model, "info", None)
    said = info() if callable(info) else {}
    known = {str(key): value for key, value in dict(said).items() if isinstance(value, str | int | float | bool)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kibibytes on Linux, bytes on macOS.
    return {**known, "peak_memory_mb": round(peak / (2**20 if sys.platform == "darwin" else 2**10))}
