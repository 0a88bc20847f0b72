"""The training loop: the same bits every time, after any interruption, with any number of loader workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from harness.testing import DrawnTable, drawn_table
from harness.training.inputs import Preprocessing, logits, training_batches
from harness.training.loop import Plan, Training, parameter_groups, rate, validation_auroc
from harness.training.recipe import Recipe, resolve

TRAIN, VALID = drawn_table(70, n_classes=2, seed=0), drawn_table(40, n_classes=2, seed=1)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=4), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Dropout(0.2), nn.Linear(32, 2),
    )  # fmt: skip


def plan(folder: Path, recipe: Recipe) -> Plan:
    return Plan(recipe, Preprocessing(32), 0, "cpu", 0, "hash", folder)


def trained(
    folder: Path,
    recipe: Recipe,
    *,
    stop_after: int | None = None,
    log: Callable[..., None] = lambda step, **numbers: None,
) -> torch.Tensor:
    steps = iter(range(1_000_000))
    body = network()
    training = Training(
        body, (TRAIN, VALID), plan(folder, recipe), report=log,
        should_stop=lambda: stop_after is not None and next(steps) >= stop_after,
    )  # fmt: skip
    training.run()
    return logits(body, VALID, Preprocessing(32), device="cpu")


SMOKE = resolve("smoke", epochs=3, image_size_px=32)
SMALL = resolve("small", epochs=4, image_size_px=32)  # with average and early stopping


@pytest.mark.parametrize("recipe", [SMOKE, SMALL], ids=["smoke", "small"])
def test_two_trainings_give_equal_bits(tmp_path: Path, recipe: Recipe) -> None:
    assert torch.equal(trained(tmp_path / "one", recipe), trained(tmp_path / "two", recipe))


@pytest.mark.parametrize("recipe", [SMOKE, SMALL], ids=["smoke", "small"])
@pytest.mark.parametrize("stop_after", [0, 1, 2, 4])
def test_an_interrupted_training_ends_with_the_bits_of_a_whole_one(
    tmp_path: Path, recipe: Recipe, stop_after: int
) -> None:
    whole = trained(tmp_path / "whole", recipe)
    trained(tmp_path / "cut", recipe, stop_after=stop_after)
    assert torch.equal(trained(tmp_path / "cut", recipe), whole)


def test_a_checkpoint_inside_an_epoch_is_taken_up_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(tmp_path / "whole", SMALL)
    monkeypatch.setattr("harness.training.loop.SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    trained(tmp_path / "cut", SMALL, stop_after=3)
    assert torch.equal(trained(tmp_path / "cut", SMALL), whole)


def test_every_epoch_is_reported_and_the_easy_task_is_learned(tmp_path: Path) -> None:
    lines: list[dict[str, float]] = []
    trained(tmp_path, resolve("smoke", epochs=12, image_size_px=32), log=lambda step, **numbers: lines.append(numbers))
    assert [line["epoch"] for line in lines] == list(range(1, 13))
    assert lines[-1]["validation_auroc"] > 0.9
    assert lines[-1]["train_loss"] < lines[0]["train_loss"]


@pytest.mark.slow
def test_the_number_of_loader_workers_changes_no_bit() -> None:
    batches = [[3, 1, 4], [1, 5, 9]]
    given = [
        list(training_batches(TRAIN, batches, size_px=32, preset="angle-light", seed=0, epoch=2, workers=workers))
        for workers in (0, 2)
    ]
    for (one, labels), (other, again) in zip(*given, strict=True):
        assert torch.equal(one, other)
        assert torch.equal(labels, again)


def test_the_rate_warms_up_for_an_epoch_and_falls_to_zero() -> None:
    rates = [rate(step, 10, SMOKE) for step in range(30)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == pytest.approx(1.0)
    assert rates[20] == pytest.approx(0.5)
    assert rates[29] < 0.01
    assert rates[9:] == sorted(rates[9:], reverse=True)


def test_only_weights_of_convolutions_and_linear_layers_decay_and_the_head_learns_faster() -> None:
    body = network()
    groups = parameter_groups(body, resolve("small"))
    of = {id(parameter): group for group in groups for parameter in group["params"]}  # type: ignore[attr-defined]
    names = dict(body.named_parameters())
    assert {name for name, each in names.items() if of[id(each)]["weight_decay"]} == {"0.weight", "6.weight"}
    assert {name for name, each in names.items() if of[id(each)]["lr"] == 3e-4} == {"6.weight", "6.bias"}


def test_the_validation_area_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 60), rng.integers(0, 6, 60) / 10
    both = np.stack([1 - scores, scores], axis=1)
    assert validation_auroc(labels, both) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    three, shares = rng.integers(0, 3, 90), rng.dirichlet(np.ones(3), 90)
    expected = roc_auc_score(three, shares, multi_class="ovr", average="macro")
    assert validation_auroc(three, shares) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(validation_auroc(np.zeros(5, dtype=np.int64), both[:5]))


def test_a_training_with_one_class_in_validation_keeps_the_last_epoch(tmp_path: Path) -> None:
    rows = np.flatnonzero(VALID.labels == 0)
    one_class = DrawnTable([VALID.images[row] for row in rows], VALID.labels[rows])
    training = Training(
        network(), (TRAIN, one_class), plan(tmp_path, SMALL), report=lambda step, **numbers: None, should_stop=bool
    )
    assert training.run().epoch == SMALL.epochs
