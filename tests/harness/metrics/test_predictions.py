"""What predictions must be, and the units and clusters of their rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from harness.metrics.predictions import check, clusters, to_units
from schemas.errors import DataFault
from schemas.tasks import task

Make = Callable[..., pd.DataFrame]
MALIGNANT = task("malignant")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("p_1", np.nan, "missing or infinite in 1 rows: made:00003"),
        ("p_1", np.inf, "missing or infinite"),
        ("p_1", 1.2, "outside 0..1"),
        ("p_0", 0.9, "do not sum to 1"),
        ("sample_id", "made:00000", "stands twice"),
    ],
)
def test_one_bad_row_refuses_the_whole_and_is_named(predictions: Make, column: str, value: object, said: str):
    frame = predictions(20, validation=0)
    frame["p_1"] = 0.5
    frame["p_0"] = 0.5
    frame.loc[3, column] = value
    with pytest.raises(DataFault, match=said):
        check(frame, MALIGNANT)


def test_a_missing_class_column_is_named(predictions: Make):
    with pytest.raises(DataFault, match="column p_1"):
        check(predictions(20).drop(columns="p_1"), MALIGNANT)


def test_a_patient_is_the_cluster_then_the_lesion_then_the_row():
    frame = pd.DataFrame(
        {
            "sample_id": ["a", "b", "c", "d", "e"],
            "patient_id": pd.array(["p", "p", None, None, None], dtype="str"),
            "lesion_id": pd.array(["x", "y", "x", "x", None], dtype="str"),
        }
    )
    found = clusters(frame)
    assert found.rows_by == {"patient": 2, "lesion": 2, "row": 1}
    assert found.count == 3
    assert found.code[0] == found.code[1]
    assert found.code[2] == found.code[3]


def images() -> pd.DataFrame:
    score = np.array([0.2, 0.6, 0.9, 0.1])
    return pd.DataFrame(
        {
            "sample_id": ["d", "a", "b", "c"],
            "split": "test",
            "y_true": [1, 1, 0, 0],
            "p_0": 1 - score,
            "p_1": score,
            "patient_id": pd.array(["p", "p", "p", None], dtype="str"),
            "lesion_id": pd.array(["x", "x", "y", None], dtype="str"),
            "site": pd.array(["trunk", "trunk", "acral", "acral"], dtype="str"),
        }
    )


def test_images_are_put_in_the_order_of_their_ids():
    assert to_units(images(), "image", MALIGNANT)["sample_id"].tolist() == ["a", "b", "c", "d"]


def test_a_lesion_has_the_mean_score_of_its_images():
    units = to_units(images(), "lesion", MALIGNANT).set_index("sample_id")
    assert units.index.tolist() == ["c", "x", "y"]
    assert units.loc["x", "p_1"] == pytest.approx(0.4)
    assert units.loc["x", "y_true"] == 1


def test_a_patient_has_the_highest_score_and_is_positive_if_any_image_is():
    units = to_units(images(), "patient", MALIGNANT).set_index("sample_id")
    assert units.index.tolist() == ["c", "p"]
    assert (units.loc["p", "p_1"], units.loc["p", "p_0"]) == (0.9, pytest.approx(0.1))
    assert units.loc["p", "y_true"] == 1


def test_an_attribute_that_differs_within_a_unit_is_missing():
    units = to_units(images(), "patient", MALIGNANT).set_index("sample_id")
    assert pd.isna(units.loc["p", "site"])
    assert units.loc["c", "site"] == "acral"


def test_a_lesion_with_two_labels_is_an_error_that_names_it():
    frame = images().assign(y_true=[1, 0, 0, 0])
    with pytest.raises(DataFault, match="1 lesions have images of different labels: x"):
        to_units(frame, "lesion", MALIGNANT)


def test_a_patient_has_no_one_class_of_several():
    with pytest.raises(DataFault, match="patients have no one class"):
        to_units(images(), "patient", task("diagnosis7"))
