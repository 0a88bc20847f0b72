"""What a run is asked to do, and what it becomes for one model: resolved, hashed, compared with what lies there."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from harness import artifacts
from harness.artifacts import BASELINE
from harness.loading.rows import METADATA, TaskRows, metadata_frame, patients_of
from harness.metrics.evaluated import Settings
from harness.models import catalogue, weights
from harness.models.catalogue import Target
from harness.models.weights import Weights
from harness.training import recipe as recipes
from harness.training.recipe import AugmentName, BudgetName, Recipe
from schemas import __version__
from schemas.errors import DataFault, Unavailable, UserError

# A model that hangs must end some day; a real smoke run takes a minute or two.
SMOKE_SECONDS = 1200.0


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that `harness run` takes.

    Parameters
    ----------
    data, out : Path
        Dataset, and folder to write.
    split, task : str
        Names; ``NAME/2`` takes a fold.
    models : tuple of str
        Models beside the baseline, as `harness.models.catalogue.resolve` takes them.
    baseline : str
        ``auto`` trains it or takes the finished one, ``none`` leaves it out, a path names a finished one elsewhere.
    arch : str
        Network of the baseline.
    weights : str
        ``imagenet``, ``none`` or a file.
    budget : str, optional
        Size of the recipe; ``full`` with a GPU and ``small`` without where not given.
    epochs, image_size_px, augment : optional
        Changes of the recipe.
    seed : int
        Of everything drawn.
    curated : bool
        With decisions applied.
    metadata : tuple of str
        Columns that models may see beside pixels.
    params : mapping
        For the models.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    threads : int
        Processor threads; their number changes bits.
    max_minutes : float, optional
        Wall time of each model.
    resume : bool
        Go on from checkpoints of an unfinished run.
    force : bool
        Replace models that lie there.
    settings : Settings
        How predictions are judged.
    command : tuple of str
        The command line, for the record.
    """

    data: Path
    split: str
    task: str
    out: Path
    models: tuple[str, ...] = ()
    baseline: str = "auto"
    arch: str = "resnet18"
    weights: str = "imagenet"
    budget: BudgetName | None = None
    epochs: int | None = None
    image_size_px: int | None = None
    augment: AugmentName | None = None
    seed: int = 0
    curated: bool = True
    metadata: tuple[str, ...] = ()
    params: Mapping[str, object] = field(default_factory=dict)
    device: str = "auto"
    threads: int = 2
    max_minutes: float | None = None
    resume: bool = True
    force: bool = False
    settings: Settings = field(default_factory=Settings)
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One model of a run, resolved.

    Parameters
    ----------
    name : str
        Of its folder.
    target : Target
        The model.
    weights : Weights
        Where it starts from.
    recipe : Recipe
        How it is trained.
    device : str
        ``cpu`` or ``cuda:0``.
    metadata : tuple of str
        Columns that it may see.
    max_seconds : float or None
        Wall time.
    config : mapping
        Everything that changes its predictions; its hash is the identity of the run.
    folder : Path
        Where it is written.
    """

    name: str
    target: Target
    weights: Weights
    recipe: Recipe
    device: str
    metadata: tuple[str, ...]
    max_seconds: float | None
    config: Mapping[str, object]
    folder: Path

    @property
    def config_hash(self) -> str:
        """SHA-256 of `config`."""
        return artifacts.config_hash(self.config)

    @property
    def title(self) -> str:
        """The model for people; a network without pre-training says so."""
        random = self.target.architecture is not None and self.weights.file is None
        return f"{self.target.given} (random initialization)" if random else self.target.given


def device_of(asked: str) -> str:
    """Return ``cpu`` or ``cuda:0``.

    Raises
    ------
    Unavailable
        A GPU is asked for and there is none.
    """
    # Importing torch takes seconds: it is asked only where the system knows of a GPU.
    hinted = Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None
    if asked == "cpu" or (asked == "auto" and not hinted):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda:0"
    if asked == "auto":
        return "cpu"
    raise Unavailable("torch finds no GPU", value=asked, remedy="Give --device cpu.")


def recipe_of(options: Options, device: str) -> Recipe:
    """Return the recipe that the options ask for."""
    return recipes.resolve(
        options.budget or ("small" if device == "cpu" else "full"),
        device=device,
        epochs=options.epochs,
        image_size_px=options.image_size_px,
        augment=options.augment,
    )


def targets_of(options: Options) -> list[tuple[str, Target]]:
    """Return the models by folder name, the baseline first.

    Raises
    ------
    UserError
        An unknown model, or nothing to do.
    """
    asked = [catalogue.resolve(given) for given in options.models]
    if options.baseline == "none":
        if not asked:
            raise UserError("there is nothing to run: no --model, and --baseline none")
        return catalogue.distinct(asked, taken=[BASELINE])
    return [(BASELINE, catalogue.resolve(options.arch)), *catalogue.distinct(asked, taken=[BASELINE])]


def plans_of(options: Options, targets: list[tuple[str, Target]], recipe: Recipe, rows: TaskRows) -> list[Plan]:
    """Return every model of a run, resolved; weights are fetched here, before anything is trained."""
    device, data = device_of(options.device), data_digest(rows)
    plans = []
    for name, target in targets:
        start = weights.resolve(options.weights, target)
        only_metadata = target.name == "metadata-only" and not options.metadata
        seen = tuple(METADATA) if only_metadata else options.metadata
        config: dict[str, object] = {
            "data": {"rows_sha256": data, "metadata": _metadata_digest(rows, seen)},
            "task": {"name": rows.task.name, "version": rows.task.version},
            "model": _identity(target),
            "weights": {"choice": start.choice, "sha256": start.sha256},
            "recipe": asdict(recipe),
            "seed": options.seed,
            "device": device.partition(":")[0],
            "threads": options.threads,
            "params": dict(options.params),
            "max_minutes": options.max_minutes,
            "package_version": __version__,
        }
        plans.append(
            Plan(
                name=name,
                target=target,
                weights=start,
                recipe=recipe,
                device=device,
                metadata=seen,
                max_seconds=_seconds(options, recipe),
                config=config,
                folder=options.out / name,
            )
        )
    return plans


def _identity(target: Target) -> dict[str, object]:
    """Return what makes a model the same model; where its file lies does not."""
    place = os.path.basename(target.place) if target.kind == "file" else target.place  # noqa: PTH119 - file:attribute
    return {
        "kind": target.kind,
        "place": place,
        "frozen": target.frozen,
        "version": target.version,
        "fingerprint": target.fingerprint,
    }


def _seconds(options: Options, recipe: Recipe) -> float | None:
    if options.max_minutes is not None:
        return options.max_minutes * 60
    return SMOKE_SECONDS if recipe.budget == "smoke" else None


def data_digest(rows: TaskRows) -> str:
    """Return a hash of what models learn from and are asked about: images, labels, parts, patients."""
    frame = rows.frame
    columns = zip(
        frame["sample_id"], frame["split"], frame["y_true"], frame["stored_sha256"], patients_of(frame), strict=True
    )
    lines = sorted("\t".join(str(value) for value in row) for row in columns)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _metadata_digest(rows: TaskRows, columns: tuple[str, ...]) -> str:
    if not columns:
        return ""
    held = metadata_frame(rows.frame, columns).set_axis(pd.Index(rows.frame["sample_id"])).sort_index()
    return hashlib.sha256(held.to_csv().encode()).hexdigest()


def lies_finished(plan: Plan, *, force: bool) -> bool:
    """Tell whether a model is done already; make room for it where it is not.

    Raises
    ------
    DataFault
        Another run, or something else, lies in its folder and `force` is not given.
    """
    if not plan.folder.exists() or not any(plan.folder.iterdir()):
        return False
    facts = artifacts.read_run(plan.folder)
    same = facts.get("config_hash") == plan.config_hash
    if same and not force:
        return facts.get("status") == "ok" and (plan.folder / artifacts.PREDICTIONS).exists()
    if not facts:
        raise DataFault(f"{plan.folder} holds something else than a run", remedy="Name another --out.")
    if not force:
        state = "a finished" if facts.get("status") == "ok" else "an unfinished"
        raise DataFault(
            f"{plan.folder} holds {state} run with other options: {', '.join(differences(facts, plan))} differ",
            remedy="Name another --out, or pass --force to replace it.",
        )
    shutil.rmtree(plan.folder)
    return False


def differences(facts: Mapping[str, object], plan: Plan) -> list[str]:
    """Return the names of the options in which a run differs from a plan."""
    held = facts.get("config")
    if not isinstance(held, Mapping) or facts.get("command") == "evaluate":
        return ["the kind of run"]
    found = []
    for name, value in plan.config.items():
        theirs = held.get(name)
        if isinstance(value, Mapping) and isinstance(theirs, Mapping):
            found += [f"{name}.{key}" for key in value if _plain(value[key]) != _plain(theirs.get(key))]
        elif _plain(value) != _plain(theirs):
            found.append(name)
    return found or ["the options"]


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
