"""Rules for small numbers, limit by limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.metrics import estimable
from harness.metrics.estimable import Support

ENOUGH = Support(n_pos=200, n_neg=2000, clusters_pos=100, clusters_neg=900, n=2200, clusters=1000, min_positives=10)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("ok", None)),
        ({"n_pos": 20, "clusters_pos": 10}, ("ok", None)),
        ({"n_pos": 19}, ("low_precision", "too_few_positives")),
        ({"n_neg": 19}, ("low_precision", "too_few_negatives")),
        ({"clusters_pos": 9}, ("low_precision", "too_few_patients")),
        ({"n_pos": 9}, ("not_estimable", "too_few_positives")),
        ({"n_neg": 9}, ("not_estimable", "too_few_negatives")),
        ({"clusters_neg": 4}, ("not_estimable", "too_few_patients")),
        ({"n_pos": 25, "min_positives": 30}, ("not_estimable", "too_few_positives")),
        ({"n_pos": 10, "min_positives": 0}, ("low_precision", "too_few_positives")),
    ],
)
def test_both_classes(change: dict[str, int], expected: tuple[str, str | None]):
    verdict = estimable.both_classes(replace(ENOUGH, **change))
    assert (verdict.status, verdict.reason) == expected


@pytest.mark.parametrize(
    ("negatives", "status"), [(100, "ok"), (99, "low_precision"), (50, "low_precision"), (49, "not_estimable")]
)
def test_a_sensitivity_at_95_percent_specificity_needs_negatives_above_it(negatives: int, status: str):
    assert estimable.negatives_beyond(replace(ENOUGH, n_neg=negatives), 0.95).status == status


@pytest.mark.parametrize(("sensitivity", "positives"), [(0.95, 80), (0.9, 40), (0.8, 20)])
def test_a_specificity_at_a_sensitivity_needs_positives_below_it(sensitivity: float, positives: int):
    assert estimable.positives_beyond(replace(ENOUGH, n_pos=positives), sensitivity).status == "ok"
    below = estimable.positives_beyond(replace(ENOUGH, n_pos=positives - 1), sensitivity)
    assert below.status == "low_precision"


@pytest.mark.parametrize(
    ("n", "status"), [(80, "ok"), (79, "low_precision"), (40, "low_precision"), (39, "not_estimable")]
)
def test_the_partial_area_needs_many_positives(n: int, status: str):
    assert estimable.positives(replace(ENOUGH, n_pos=n), ok=80, low=40).status == status


@pytest.mark.parametrize(
    ("rows", "patients", "expected"),
    [
        (20, 10, ("ok", None)),
        (19, 10, ("low_precision", "too_few")),
        (20, 9, ("low_precision", "too_few")),
        (5, 3, ("low_precision", "too_few")),
        (4, 3, ("not_estimable", "too_few")),
        (5, 2, ("not_estimable", "too_few")),
        (0, 0, ("not_estimable", "empty_denominator")),
    ],
)
def test_a_proportion_needs_rows_and_patients(rows: int, patients: int, expected: tuple[str, str | None]):
    verdict = estimable.proportion(rows, patients)
    assert (verdict.status, verdict.reason) == expected


@pytest.mark.parametrize(
    ("n", "status"), [(50, "ok"), (49, "low_precision"), (20, "low_precision"), (19, "not_estimable")]
)
def test_the_calibration_model_needs_both_classes(n: int, status: str):
    assert estimable.calibration_model(replace(ENOUGH, n_pos=n)).status == status
    assert estimable.calibration_model(replace(ENOUGH, n_neg=n)).status == status


def test_sums_over_rows_need_twenty_rows_of_five_patients():
    assert estimable.enough_rows(replace(ENOUGH, n=20, clusters=5)).status == "ok"
    assert estimable.enough_rows(replace(ENOUGH, n=19)).reason == "too_few_rows"
    assert estimable.enough_rows(replace(ENOUGH, clusters=4)).reason == "too_few_rows"
    assert estimable.decomposable(replace(ENOUGH, n=149)).reason == "too_few_rows"
