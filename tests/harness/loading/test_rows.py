"""Rows of a task and split: who is where, what is left out, and what a model may never see."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from harness.loading.rows import METADATA, check_rows, draw_training, metadata_frame, patients_of, task_rows
from schemas.errors import DataFault, UserError
from schemas.tables import COLUMNS
from schemas.tasks import task

MALIGNANT = task("malignant")


def test_rows_that_the_task_leaves_out_are_counted(clinic: Path) -> None:
    rows = task_rows(clinic, "default", MALIGNANT)
    assert rows.left_out == {"indeterminate": 8}
    assert len(rows.frame) == 120 - 8


def test_the_order_of_rows_depends_on_the_sample_id_alone(clinic: Path) -> None:
    ids = list(task_rows(clinic, "default", MALIGNANT).frame["sample_id"])
    assert ids == sorted(ids, key=lambda sample_id: hashlib.sha256(sample_id.encode()).hexdigest())


def test_a_fold_is_tested_on_and_the_next_one_validates(clinic: Path) -> None:
    first, last = task_rows(clinic, "folds/0", MALIGNANT), task_rows(clinic, "folds/3", MALIGNANT)
    assert set(first.part("test")["fold"]) == {0}
    assert set(first.part("val")["fold"]) == {1}
    assert set(first.part("train")["fold"]) == {2, 3}
    assert set(last.part("val")["fold"]) == {0}


def test_folds_without_a_number_name_the_numbers(clinic: Path) -> None:
    with pytest.raises(DataFault, match="folds/0 to folds/3"):
        task_rows(clinic, "folds", MALIGNANT)


def test_an_unknown_split_names_those_that_exist(clinic: Path) -> None:
    with pytest.raises(UserError, match="default"):
        task_rows(clinic, "defualt", MALIGNANT)


def test_validation_without_positives_is_a_fault(clinic: Path) -> None:
    with pytest.raises(DataFault, match="split benign, part val: has no image of class malignant"):
        check_rows(task_rows(clinic, "benign", MALIGNANT))


@pytest.mark.parametrize("limit", [10, 25, 40])
def test_drawn_training_rows_are_whole_patients_in_the_proportion_of_their_classes(clinic: Path, limit: int) -> None:
    whole = task_rows(clinic, "default", MALIGNANT)
    drawn = draw_training(whole, limit, seed=0)
    train, all_train = drawn.part("train"), whole.part("train")
    assert limit - 4 < len(train) <= limit
    for patient, images in train.groupby(patients_of(train)):
        assert len(images) == (patients_of(all_train) == patient).sum()
    assert abs(train["y_true"].mean() - all_train["y_true"].mean()) < 0.12
    pd.testing.assert_frame_equal(drawn.part("test"), whole.part("test"))


def test_another_seed_draws_other_patients(clinic: Path) -> None:
    whole = task_rows(clinic, "default", MALIGNANT)
    one, other = (set(draw_training(whole, 20, seed).part("train")["sample_id"]) for seed in (0, 1))
    assert one != other


LEAKY = [column.name for column in COLUMNS["samples"] if column.name not in METADATA]


@pytest.mark.parametrize("column", [*LEAKY, "label_path", "y_true"])
def test_no_other_column_than_age_sex_and_site_is_given_to_a_model(clinic: Path, column: str) -> None:
    part = task_rows(clinic, "default", MALIGNANT).part("train")
    with pytest.raises(DataFault, match="may not be given to a model"):
        metadata_frame(part, [column])


def test_what_is_said_to_be_unknown_counts_as_missing(clinic: Path) -> None:
    part = task_rows(clinic, "default", MALIGNANT).part("train")
    held = metadata_frame(part, ["age", "sex", "site"])
    assert list(held) == ["age", "sex", "site"]
    assert held["sex"].isna().sum() == (part["sex"] == "unknown").sum() > 0
    assert set(held["sex"].dropna()) == {"female", "male"}
