"""The loop of the fixed recipe: AdamW, warm-up and cosine, clipping, checkpoints, resume, the same bits every time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from harness.metrics.blocks import cut
from harness.metrics.ranking import auroc
from harness.protocol import ImageTable, stream
from harness.training import checkpoint
from harness.training.checkpoint import Progress
from harness.training.inputs import Preprocessing, logits, training_batches
from harness.training.recipe import Recipe

# With fewer positives in validation the best epoch would be chosen by noise.
MIN_POSITIVES_TO_STOP_EARLY = 20
SECONDS_BETWEEN_CHECKPOINTS = 300.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How one network is trained.

    Parameters
    ----------
    recipe : Recipe
        The numbers.
    wanted : Preprocessing
        Size and normalization of the images.
    seed : int
        Seed of the run.
    device : str
        ``cpu`` or ``cuda:0``.
    workers : int
        Loader processes.
    config_hash : str
        Of the run, so that only its own checkpoints are taken up.
    checkpoints : Path
        Folder for them.
    """

    recipe: Recipe
    wanted: Preprocessing
    seed: int
    device: str
    workers: int
    config_hash: str
    checkpoints: Path


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it: the epoch whose weights the network now holds, and why training ended."""

    epoch: int
    epochs_trained: int
    validation_auroc: float
    reason: str


@contextmanager
def deterministic() -> Iterator[None]:
    """Ask torch for algorithms that give equal bits, and for none chosen by a race."""
    torch.use_deterministic_algorithms(mode=True)
    # Filling fresh memory with NaN finds faults of torch itself, and takes a quarter of the time at this size.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(mode=False)


def parameter_groups(network: nn.Module, recipe: Recipe) -> list[dict[str, object]]:
    """Return AdamW's groups: head or rest, decayed (weights of convolutions and linear layers) or not.

    Parameters
    ----------
    network : torch.nn.Module
        With ``head_parameters()``, or its last linear layer is the head.
    recipe : Recipe
        Rates and decay.
    """
    head = {id(parameter) for parameter in _head(network)}
    decayed = {
        id(layer.weight)
        for layer in network.modules()
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d)
    }
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in network.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in head, id(parameter) in decayed), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": recipe.lr_head if is_head else recipe.lr_rest,
            "peak_lr": recipe.lr_head if is_head else recipe.lr_rest,
            "weight_decay": recipe.weight_decay if decays else 0.0,
        }
        for (is_head, decays), parameters in groups.items()
    ]


def _head(network: nn.Module) -> list[nn.Parameter]:
    own = getattr(network, "head_parameters", None)
    if callable(own):
        return list(own())
    linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    return list(linear[-1].parameters()) if linear else []


def rate(step: int, steps_per_epoch: int, recipe: Recipe) -> float:
    """Return the share of the peak rate at a step: linear warm-up, then cosine to zero.

    Parameters
    ----------
    step : int
        Steps done since the start, from 0.
    steps_per_epoch : int
        Batches of an epoch.
    recipe : Recipe
        Epochs and warm-up.
    """
    warm, total = recipe.warmup_epochs * steps_per_epoch, recipe.epochs * steps_per_epoch
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


def validation_auroc(labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.floating]) -> float:
    """Return the area under the ROC curve; of several classes the mean over those present, each against the rest.

    Parameters
    ----------
    labels : int64 array, shape (n,)
        Class numbers.
    probabilities : float array, shape (n, K)
        Scores of the classes.

    Returns
    -------
    float
        NaN where no class has both images of it and of others.
    """
    classes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    one_cluster, weight = np.zeros(len(labels), dtype=np.intp), np.ones((1, 1))
    areas = []
    for number in classes:
        positive = labels == number
        if positive.any() and not positive.all():
            blocks = cut(positive, probabilities[:, number].astype(np.float64), one_cluster, 1)
            n_pos = np.array([float(positive.sum())])
            areas.append(float(auroc(blocks.counts(weight, n_pos, len(labels) - n_pos))[0]))
    return float(np.mean(areas)) if areas else math.nan


class Training:
    """Training of one network, from the newest checkpoint of its run where there is one.

    Parameters
    ----------
    network : torch.nn.Module
        Freshly built; on return of `run` it holds the weights to predict with.
    train, valid : ImageTable
        Images with labels.
    plan : Plan
        How to train.
    report : callable
        ``report(step, **numbers)``, called after every epoch.
    should_stop : callable
        Asked after every step.
    """

    def __init__(
        self,
        network: nn.Module,
        tables: tuple[ImageTable, ImageTable],
        plan: Plan,
        *,
        report: Callable[..., None],
        should_stop: Callable[[], bool],
    ) -> None:
        self.network = network.to(plan.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.train, self.valid = tables
        self.plan, self.recipe = plan, plan.recipe
        self.report, self.should_stop = report, should_stop
        self.optimizer = torch.optim.AdamW(parameter_groups(network, self.recipe), betas=self.recipe.betas)
        self.average = _copy(self.network) if self.recipe.ema else {}
        self.steps_per_epoch = max(1, len(self.train) // self.recipe.batch)
        self.progress = Progress(config_hash=plan.config_hash)
        self.started = self.saved = time.monotonic()
        self._resume()

    def run(self) -> Trained:
        """Train to the end and return what was reached."""
        reason = "all epochs trained"
        with deterministic():
            while self.progress.epoch < self.recipe.epochs:
                if not self._epoch():
                    reason = "the time was used up"
                    break
                if self._patience_is_over():
                    reason = "no better validation AUROC"
                    break
        return self._finish(reason)

    def _epoch(self) -> bool:
        """Train one epoch, or what is left of it; False when the budget ended inside it."""
        epoch = self.progress.epoch
        rows = self._order(epoch)
        batches = training_batches(
            self.train,
            rows[self.progress.step :],
            size_px=self.plan.wanted.size_px,
            preset=self.recipe.augment,
            seed=self.plan.seed,
            epoch=epoch,
            workers=self.plan.workers,
        )
        for images, labels in batches:
            loss = self._step(epoch, images.to(self.plan.device), labels.to(self.plan.device))
            self.progress = replace(self.progress, step=self.progress.step + 1, loss_sum=self.progress.loss_sum + loss)
            if self.should_stop():
                return False
            if time.monotonic() - self.saved > SECONDS_BETWEEN_CHECKPOINTS:
                self._save()
        self._validate(epoch + 1)
        self._save()
        return True

    def _order(self, epoch: int) -> list[list[int]]:
        """Return the rows of every batch of an epoch: a permutation, cut to whole batches."""
        rows = stream(self.plan.seed, "order", epoch).permutation(len(self.train)).tolist()
        size = min(self.recipe.batch, len(rows))
        return [rows[step * size : (step + 1) * size] for step in range(self.steps_per_epoch)]

    def _step(self, epoch: int, images: torch.Tensor, labels: torch.Tensor) -> float:
        self.network.train()
        done = epoch * self.steps_per_epoch + self.progress.step
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak_lr"] * rate(done, self.steps_per_epoch, self.recipe)
        mixed = torch.autocast("cuda", torch.bfloat16) if self.recipe.precision == "bf16" else nullcontext()
        # Dropout draws from the global generator: it is set for this step and put back.
        with torch.random.fork_rng(enabled=True):
            torch.manual_seed(int(stream(self.plan.seed, "dropout", done).integers(2**63)))
            with mixed:
                loss = nn.functional.cross_entropy(self.network(self.plan.wanted.normalize(images)), labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        self.optimizer.step()
        self._update_average(done)
        return float(loss.detach())

    @torch.no_grad()
    def _update_average(self, done: int) -> None:
        keep = min(0.999, (1 + done) / (10 + done))
        for name, value in self.network.state_dict().items() if self.average else ():
            if value.is_floating_point() and "running_" not in name:
                self.average[name].lerp_(value, 1 - keep)
            else:
                self.average[name].copy_(value)

    def _validate(self, epoch: int) -> None:
        """Judge the weights of a finished epoch, and keep them where they are the ones to predict with."""
        with self._averaged():
            found = logits(self.network, self.valid, self.plan.wanted, device=self.plan.device)
            labels = torch.from_numpy(np.array(self.valid.labels))
            loss = float(nn.functional.cross_entropy(found, labels))
            area = validation_auroc(self.valid.labels, found.softmax(dim=1).numpy())
            best = (self.progress.best_auroc, -self.progress.best_loss)
            if not self._stops_early() or (area, -loss) > best:
                checkpoint.save_weights(self.plan.checkpoints / checkpoint.BEST, self.network.state_dict())
                self.progress = replace(self.progress, best_epoch=epoch, best_auroc=area, best_loss=loss)
        seconds = self.progress.seconds + time.monotonic() - self.started
        self.report(
            epoch * self.steps_per_epoch,
            epoch=epoch,
            seconds=seconds,
            lr=self.optimizer.param_groups[0]["lr"],
            train_loss=self.progress.loss_sum / self.steps_per_epoch,
            validation_loss=loss,
            validation_auroc=area,
            ema=float(self.recipe.ema),
        )
        self.progress = replace(self.progress, epoch=epoch, step=0, loss_sum=0.0)

    def _stops_early(self) -> bool:
        positives = np.bincount(self.valid.labels, minlength=2)[1:].min(initial=len(self.valid))
        return self.recipe.patience is not None and positives >= MIN_POSITIVES_TO_STOP_EARLY

    def _patience_is_over(self) -> bool:
        if self.recipe.patience is None or not self._stops_early():
            return False
        return self.progress.epoch - self.progress.best_epoch >= self.recipe.patience

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Put the average in place of the weights, and the weights back."""
        if not self.average:
            yield
            return
        own = _copy(self.network)
        self.network.load_state_dict(self.average)
        try:
            yield
        finally:
            self.network.load_state_dict(own)

    def _save(self) -> None:
        now = time.monotonic()
        seconds = self.progress.seconds + now - self.started
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.items()}
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": torch.as_tensor(value) for name, value in state.items()}
        checkpoint.save(self.plan.checkpoints, tensors, replace(self.progress, seconds=seconds))
        self.saved = now

    def _resume(self) -> None:
        found = checkpoint.newest(self.plan.checkpoints, self.plan.config_hash)
        if found is None:
            return
        tensors, self.progress = found
        self.network.load_state_dict(_under("network.", tensors))
        self.average = {name: value.to(self.plan.device) for name, value in _under("average.", tensors).items()}
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in _under("optimizer.", tensors).items():
            number, _, key = name.partition(".")
            state.setdefault(int(number), {})[key] = value
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})

    def _finish(self, reason: str) -> Trained:
        """Put the chosen weights into the network; without a finished epoch, those of the last step."""
        best = self.plan.checkpoints / checkpoint.BEST
        if self.progress.best_epoch:
            self.network.load_state_dict(checkpoint.load_weights(best))
        else:
            checkpoint.save_weights(best, self.network.state_dict())
        return Trained(
            epoch=self.progress.best_epoch,
            epochs_trained=self.progress.epoch,
            validation_auroc=self.progress.best_auroc,
            reason=reason,
        )


def _under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _copy(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
