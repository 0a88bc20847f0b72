"""The conformance battery: a good model passes, and each fault is found by the check that looks for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from harness.protocol import Context, ImageTable
from harness.testing import check_model, drawn_table

Floats = npt.NDArray[np.float64]


class Good:
    """The class whose training images are nearest in mean color."""

    def fit(self, train: ImageTable, valid: ImageTable, context: Context) -> None:
        self.k = len(context.classes)
        labels, colors = train.labels, self.colors(train)
        self.centers = np.stack([colors[labels == number].mean(axis=0) for number in range(self.k)])

    def predict_proba(self, images: ImageTable) -> Floats:
        distance = np.linalg.norm(self.colors(images)[:, None] - self.centers[None], axis=2)
        weight = np.exp(-distance / 10)
        return weight / weight.sum(axis=1, keepdims=True)

    def colors(self, images: ImageTable) -> Floats:
        found = [image.mean(axis=(0, 1)) for batch in images.batches(8) for image in batch]
        return np.array(found).reshape(len(found), 3)


class CannotBeImported(Good):
    def __init__(self) -> None:
        raise OSError("no license file")


class TwoClassesOnly(Good):
    def predict_proba(self, images: ImageTable) -> Floats:
        return super().predict_proba(images)[:, :2]


class NotNormalized(Good):
    def predict_proba(self, images: ImageTable) -> Floats:
        found = super().predict_proba(images)
        return found * 0.9 if self.k == 2 else found


class SwappedColumns(Good):
    def fit(self, train: ImageTable, valid: ImageTable, context: Context) -> None:
        super().fit(train, valid, context)
        if self.centers[0].sum() < self.centers[1].sum():
            self.centers = self.centers[::-1]


class NormalizesOverTheTable(Good):
    def colors(self, images: ImageTable) -> Floats:
        found = super().colors(images)
        return found - found.mean(axis=0) if len(found) else found


class SortsTheImages(Good):
    def predict_proba(self, images: ImageTable) -> Floats:
        found = super().predict_proba(images)
        return found[np.argsort(found[:, 0], kind="stable")]


class DrawsWhilePredicting(Good):
    def predict_proba(self, images: ImageTable) -> Floats:
        found = super().predict_proba(images)
        shift = np.random.default_rng().uniform(0, 0.01, len(found)) * np.sign(0.5 - found[:, 0])
        found[:, 0] += shift
        found[:, 1] -= shift
        return found


class ChangesItsInput(Good):
    def colors(self, images: ImageTable) -> Floats:
        found = super().colors(images)
        if len(images):
            images[0][0, 0] += 1
        return found


class UnseededFit(Good):
    def fit(self, train: ImageTable, valid: ImageTable, context: Context) -> None:
        super().fit(train, valid, context)
        self.centers = self.centers + np.random.default_rng().normal(0, 0.01, self.centers.shape)


class NeedsBothClassesInValidation(Good):
    def fit(self, train: ImageTable, valid: ImageTable, context: Context) -> None:
        super().fit(train, valid, context)
        if len(set(valid.labels.tolist())) < self.k:
            raise ValueError("one class")


class StacksWithoutResizing(Good):
    def colors(self, images: ImageTable) -> Floats:
        for image in (images[row] for row in range(len(images))):
            if min(image.shape[:2]) < 16:
                raise ValueError("too small")
        return super().colors(images)


class FailsOnNothing(Good):
    def predict_proba(self, images: ImageTable) -> Floats:
        _ = images[0]
        return super().predict_proba(images)


class WantsKnownSex(Good):
    def predict_proba(self, images: ImageTable) -> Floats:
        if "never seen" in set(images.metadata["sex"].dropna()):
            raise KeyError("never seen")
        return super().predict_proba(images)


class ForgetsOnSave(Good):
    def save(self, folder: Path) -> None:
        np.save(folder / "centers.npy", self.centers.round(-1))

    @classmethod
    def load(cls, folder: Path, context: Context) -> ForgetsOnSave:
        model = cls()
        model.k, model.centers = len(context.classes), np.load(folder / "centers.npy")
        return model


class PeeksAtLabels(Good):
    def predict_proba(self, images: ImageTable) -> Floats:
        try:
            return np.eye(self.k)[images.labels]
        except RuntimeError:
            return super().predict_proba(images)


def tiny_network(context: Context) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=4), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(32, len(context.classes)),
    )  # fmt: skip


def failed(model: object) -> list[str]:
    return [check.id for check in check_model(model) if check.status == "fail"]


def test_a_good_model_passes_every_check() -> None:
    checks = check_model(Good)
    assert {check.id for check in checks if check.status == "skip"} == {"P19"}
    assert {check.status for check in checks} == {"pass", "skip"}


@pytest.mark.parametrize(
    ("model", "check"),
    [
        (3, "P02"),
        (CannotBeImported, "P02"),
        (TwoClassesOnly, "P03"),
        (NotNormalized, "P04"),
        (SwappedColumns, "P05"),
        (NormalizesOverTheTable, "P06"),
        (SortsTheImages, "P07"),
        (DrawsWhilePredicting, "P08"),
        (ChangesItsInput, "P09"),
        (UnseededFit, "P10"),
        (NeedsBothClassesInValidation, "P11"),
        (StacksWithoutResizing, "P12"),
        (FailsOnNothing, "P13"),
        (WantsKnownSex, "P14"),
        (ForgetsOnSave, "P19"),
        (PeeksAtLabels, "P23"),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", str(value)),
)
def test_each_fault_is_found_by_its_check(model: object, check: str) -> None:
    found = {each.id: each for each in check_model(model)}
    assert found[check].status == "fail"
    assert found[check].remedy
    assert "\n" not in found[check].remedy


def test_a_network_is_trained_by_the_recipe_and_passes() -> None:
    torch.manual_seed(123)
    assert failed(tiny_network) == []


def test_drawn_images_are_a_function_of_their_seed() -> None:
    one, again, other = (drawn_table(12, n_classes=3, seed=seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(one.images, again.images, strict=True))
    assert not np.array_equal(one.images[0], other.images[0])
    assert np.bincount(one.labels).tolist() == [4, 4, 4]
