"""The models that come with the harness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from harness.models.baseline import network
from harness.models.catalogue import resolve
from harness.models.fitting import checked
from harness.models.metadata_only import Encoding, MetadataOnly
from harness.models.prior import Prior
from harness.protocol import Context
from harness.testing import check_model, drawn_table
from harness.workers import InvalidOutput
from schemas.errors import UserError

CONTEXT = Context(seed=0, classes=("benign", "malignant"), cache_dir=Path(), work_dir=Path())
RESNET = resolve("resnet18")


@pytest.mark.parametrize("model", [Prior, MetadataOnly], ids=["prior", "metadata-only"])
def test_they_pass_the_conformance_battery(model: type) -> None:
    assert [check for check in check_model(model) if check.status == "fail"] == []


def test_the_prior_is_the_share_of_each_class() -> None:
    train = drawn_table(50, n_classes=2, seed=0)
    model = Prior()
    model.fit(train, train, CONTEXT)
    np.testing.assert_allclose(model.predict_proba(train)[0], [0.5, 0.5])


def test_metadata_is_encoded_as_training_defines_it() -> None:
    train = pd.DataFrame({"age": [20.0, 40.0, np.nan], "sex": ["female", "male", None]})
    seen = Encoding(train)(pd.DataFrame({"age": [30.0, np.nan, 40.0], "sex": ["female", None, "other"]}))
    np.testing.assert_allclose(
        seen,
        # age, age missing, female, male, sex missing, sex unseen
        [[0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 1, 0], [1, 0, 0, 0, 0, 1]],
    )


def test_a_seed_decides_every_random_weight() -> None:
    torch.manual_seed(5)
    one = network(RESNET, n_classes=2, weights=None, seed=0).state_dict()
    torch.manual_seed(6)
    again = network(RESNET, n_classes=2, weights=None, seed=0).state_dict()
    other = network(RESNET, n_classes=2, weights=None, seed=1).state_dict()
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["conv1.weight"], other["conv1.weight"])
    assert one["fc.weight"].shape == (2, 512)
    assert not one["fc.bias"].any()


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_weights_of_a_file_are_the_networks_start(tmp_path: Path, ending: str) -> None:
    from torchvision import models

    theirs = models.resnet18(num_classes=1000).state_dict()
    file = tmp_path / f"own.{ending}"
    torch.save(theirs, file) if ending == "pth" else save_file(theirs, file)
    mine = network(RESNET, n_classes=3, weights=file, seed=0).state_dict()
    assert torch.equal(mine["layer4.1.conv2.weight"], theirs["layer4.1.conv2.weight"])
    assert mine["fc.weight"].shape == (3, 512)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(UserError, match="holds no weights of resnet18"):
        network(RESNET, n_classes=2, weights=tmp_path / "other.pth", seed=0)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([[0.5, 0.5]], "shape"),
        ([[np.nan, 0.5], [0.5, 0.5]], "not finite: rows 0"),
        ([[0.5, 0.5], [1.5, -0.5]], "outside 0 to 1: rows 1"),
        ([[0.5, 0.5], [0.5, 0.4]], "do not sum to 1"),
        ("no", "no numbers"),
    ],
)
def test_what_is_no_probability_is_named_with_its_rows(found: object, said: str) -> None:
    with pytest.raises(InvalidOutput, match=said):
        checked(found, 2, 2, part="test")
