"""One model of a run: its folder, its worker, and what is kept of them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import yaml

from harness import artifacts
from harness.experiment.options import Options, Plan
from harness.loading.pixels import Place
from harness.loading.rows import ROLES, TaskRows, metadata_frame, patients_of
from harness.loading.table import patient_codes, salted, table_frame
from harness.models.fitting import CHECKPOINTS, ENTRY, FACTS, PREDICTED, SHARD, Job, checked
from harness.workers import LOG, InvalidOutput, Limits, Outcome, read_events, run_worker
from schemas import __version__, cache

WORK, TRAIN_LOG, CONFIG, ENVIRONMENT = "work", "train_log.parquet", "config.yaml", "environment.txt"
# Beside its own time a model gets this for starting, and for hearing that it should stop.
SECONDS_TO_START = 60.0
GRACE = 1.2
# Of the memory that is free when a model starts.
MEMORY_SHARE = 0.9
PACKAGES = ("torch", "torchvision", "numpy", "pandas", "scikit-learn", "pillow")


@dataclass(frozen=True, slots=True)
class Material:
    """What all models of a run share.

    Parameters
    ----------
    rows : TaskRows
        Rows of all parts, training drawn.
    evaluated : DataFrame
        Keys and attributes of the rows to be judged, as ``predictions.parquet`` has them.
    places : mapping of str to Place
        Decoded pictures.
    """

    rows: TaskRows
    evaluated: pd.DataFrame
    places: Mapping[str, Place]


def fit(
    plan: Plan, material: Material, options: Options, *, on_event: Callable[[Mapping[str, object]], None] | None = None
) -> Outcome:
    """Fit one model in a worker and keep its predictions.

    Parameters
    ----------
    plan : Plan
        The model.
    material : Material
        Rows and pictures.
    options : Options
        Of the run.
    on_event : callable, optional
        Called with what the worker reports.

    Returns
    -------
    Outcome
        ``run.json`` of the folder says the same.
    """
    work = plan.folder / WORK
    if not options.resume and plan.folder.exists():
        shutil.rmtree(plan.folder)
    work.mkdir(parents=True, exist_ok=True)
    started = artifacts.utc_now()
    facts = {**_facts(plan, material, options), "started_utc": f"{started:%Y-%m-%dT%H:%M:%SZ}"}
    facts["run_id"] = artifacts.run_id(started, plan.name, options.seed, plan.config)
    artifacts.write_run(plan.folder, {**facts, "status": "running"})
    _write_surroundings(plan, options)
    salt = hashlib.sha256(f"{plan.config_hash} names".encode()).hexdigest()
    try:
        _write_job(plan, material, options, salt)
        outcome = run_worker(ENTRY, work, limits=_limits(plan, options), on_event=on_event)
    except KeyboardInterrupt:
        artifacts.write_run(plan.folder, {**facts, "status": "interrupted", "reason": "stopped with Ctrl-C"})
        raise
    return _close(plan, material, facts, outcome, salt)


def _close(plan: Plan, material: Material, facts: dict[str, object], outcome: Outcome, salt: str) -> Outcome:
    """Keep what a worker left and say in ``run.json`` how it ended."""
    work = plan.folder / WORK
    if outcome.status == "ok":
        try:
            predictions = _collected(work, material, len(material.rows.task.classes), salt)
            artifacts.write_predictions(plan.folder, predictions)
            facts |= json.loads((work / FACTS).read_text(encoding="utf-8"))
        except InvalidOutput as error:
            outcome = replace(outcome, status="invalid_output", reason=str(error))
    events = read_events(work)
    if events:
        log = pd.DataFrame(events).drop_duplicates("step", keep="last").sort_values("step")
        artifacts.write_table(plan.folder / TRAIN_LOG, pa.Table.from_pandas(log, preserve_index=False))
    if (work / LOG).exists():
        (work / LOG).replace(plan.folder / LOG)
    ended = {"status": outcome.status, "reason": outcome.reason, "detail": outcome.detail, "seconds": outcome.seconds}
    artifacts.write_run(plan.folder, {**facts, **ended, "ended_utc": f"{artifacts.utc_now():%Y-%m-%dT%H:%M:%SZ}"})
    if outcome.status == "ok":
        shutil.rmtree(work)
        # They hold the optimizer's state, three times the weights, and nothing will go on from them.
        for name in ("last", "previous"):
            (plan.folder / CHECKPOINTS / f"{name}.safetensors").unlink(missing_ok=True)
    return outcome


def _facts(plan: Plan, material: Material, options: Options) -> dict[str, object]:
    rows, recipe = material.rows, plan.recipe
    trained = plan.target.architecture is not None
    return {
        "model": plan.title,
        "name": plan.name,
        "command": list(options.command),
        "target": asdict(plan.target),
        "config": dict(plan.config),
        "config_hash": plan.config_hash,
        "seed": options.seed,
        "budget": recipe.budget,
        "recipe": recipe.name,
        "recipe_id": recipe.recipe_id,
        "image_size_px": recipe.image_size_px,
        "weights": plan.weights.title if trained else None,
        "weights_sha256": plan.weights.sha256 or None,
        "imbalance": "none",
        "metadata_columns": list(plan.metadata),
        "device": plan.device,
        "threads": options.threads,
        "dataset": asdict(rows.origin),
        "split_sha256": rows.origin.split_sha256,
        "data": {"roles": {role: _counts(rows, role) for role in ROLES}, "left_out": rows.left_out},
        "synthetic": bool((rows.frame["manipulation"] == "synthetic").any()),
        "package_version": __version__,
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def _counts(rows: TaskRows, role: str) -> dict[str, object]:
    part = rows.part(role)
    binary = rows.task.kind == "binary"
    return {
        "images": len(part),
        "patients": int(patients_of(part).nunique()),
        "positive": int((part["y_true"] == 1).sum()) if binary else None,
    }


def _write_surroundings(plan: Plan, options: Options) -> None:
    settings = {key: value for key, value in asdict(options).items() if key != "command"}
    plain = json.loads(json.dumps(settings, default=str))
    artifacts.write_bytes(plan.folder / CONFIG, yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).encode())
    installed = sorted({f"{each.name}=={each.version}" for each in importlib.metadata.distributions()}, key=str.lower)
    artifacts.write_bytes(plan.folder / ENVIRONMENT, "".join(f"{line}\n" for line in installed).encode())


def _write_job(plan: Plan, material: Material, options: Options, salt: str) -> None:
    work, task = plan.folder / WORK, material.rows.task
    codes = dict(
        zip(material.rows.frame["sample_id"], patient_codes(patients_of(material.rows.frame), salt), strict=True)
    )
    for role in ROLES:
        part = material.rows.part(role)
        part = part.assign(group=part["sample_id"].map(codes))
        metadata = metadata_frame(part, plan.metadata)
        # The labels of the test part are in no file that a model can read.
        table = table_frame(part, material.places, metadata, salt=salt, labels=role != "test")
        table.to_parquet(work / f"{role}.parquet")
    store = cache.folder("models") / f"{plan.target.kind}-{plan.target.name}-{plan.target.fingerprint or 'own'}"
    store.mkdir(parents=True, exist_ok=True)
    Job(
        target=plan.target,
        recipe=plan.recipe,
        classes=task.classes,
        positive=task.classes[1] if task.kind == "binary" else None,
        seed=options.seed,
        threads=options.threads,
        device=plan.device,
        config_hash=plan.config_hash,
        run_folder=str(plan.folder.resolve()),
        cache_dir=str(store),
        weights=_weights_file(plan, options),
        max_seconds=plan.max_seconds,
        metadata_columns=plan.metadata,
        params=dict(options.params),
    ).write(work)


def _weights_file(plan: Plan, options: Options) -> str | None:
    """Return the file of weights: a network's own, for a plugin the one that the user named."""
    if plan.target.architecture is not None:
        return str(plan.weights.file) if plan.weights.file is not None else None
    named = Path(options.weights).expanduser()
    return str(named.resolve()) if options.weights not in {"imagenet", "none"} and named.is_file() else None


def _limits(plan: Plan, options: Options) -> Limits:
    seconds = None if plan.max_seconds is None else GRACE * plan.max_seconds + SECONDS_TO_START
    free = _free_memory_bytes()
    return Limits(options.threads, seconds, int(MEMORY_SHARE * free) if free else None)


def _free_memory_bytes() -> int | None:
    """Return the memory that can be had without swapping, None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _collected(work: Path, material: Material, n_classes: int, salt: str) -> pd.DataFrame:
    """Return the predictions of a shard beside keys and attributes; every row once, or `InvalidOutput`."""
    shard = pd.read_parquet(work / SHARD)
    names = [f"p_{number}" for number in range(n_classes)]
    parts = []
    for role in PREDICTED:
        asked, found = material.rows.part(role), shard[shard["part"] == role].sort_values("row", kind="stable")
        if list(found["row"]) != list(range(len(asked))) or list(found["id"]) != salted(list(asked["sample_id"]), salt):
            raise InvalidOutput(f"the shard of {role} does not hold each row once")
        values = checked(found[names].to_numpy(), len(asked), n_classes, part=role)
        scores = pd.DataFrame(values, columns=names).assign(sample_id=asked["sample_id"].to_numpy())
        parts.append(scores)
    predicted = pd.concat(parts, ignore_index=True)
    return material.evaluated.merge(predicted, on="sample_id", how="inner", validate="one_to_one")
