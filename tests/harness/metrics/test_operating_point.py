"""Operating points against a search over every threshold, and thresholds from validation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import METRICS
from harness.metrics.operating_point import named_thresholds

BY_NAME = {metric.name: metric for metric in METRICS}
rows = st.lists(st.tuples(st.booleans(), st.integers(0, 15)), min_size=4, max_size=80).filter(
    lambda each: 0 < sum(y for y, _ in each) < len(each)
)


def arrays(case: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([y for y, _ in case]), np.array([s for _, s in case]) / 15


@settings(deadline=None, max_examples=25)
@given(rows)
def test_picked_points_equal_a_search_over_all_thresholds(case: list[tuple[bool, int]]):
    y_true, score = arrays(case)
    positives, negatives = y_true.sum(), (~y_true).sum()
    for share in (0.95, 0.9):
        allowed = math.floor((1 - share) * negatives + 1e-9)
        hits = [
            (y_true & (score >= t)).sum() / positives
            for t in [*score, np.inf]
            if (~y_true & (score >= t)).sum() <= allowed
        ]
        assert BY_NAME[f"sens_at_spec_{share * 100:.0f}"](y_true, score) == pytest.approx(max(hits), abs=1e-12)
    for share in (0.8, 0.9, 0.95):
        needed = math.ceil(share * positives - 1e-9)
        rest = [(~y_true & (score < t)).sum() / negatives for t in score if (y_true & (score >= t)).sum() >= needed]
        assert BY_NAME[f"spec_at_sens_{share * 100:.0f}"](y_true, score) == pytest.approx(max(rest), abs=1e-12)


def test_one_false_positive_of_twenty_keeps_a_specificity_of_95_percent():
    y_true = np.array([True] * 2 + [False] * 20)
    score = np.array([0.9, 0.7, 0.8] + [0.1] * 19)
    assert BY_NAME["sens_at_spec_95"](y_true, score) == 1.0
    assert BY_NAME["sens_at_spec_95"](y_true, np.array([0.9, 0.7, 0.8, 0.8] + [0.1] * 18)) == 0.5


@settings(deadline=None, max_examples=25)
@given(rows)
def test_a_validation_threshold_keeps_its_promise_on_validation_and_the_next_one_does_not(case: list[tuple[bool, int]]):
    y_true, score = arrays(case)
    found = {each.name: each.value for each in named_thresholds(y_true, score)}
    observed = np.unique(score)

    def specificity(t: float) -> float:
        return (score[~y_true] < t).mean()

    def sensitivity(t: float) -> float:
        return (score[y_true] >= t).mean()

    for name, share in (("val_spec95", 0.95), ("val_spec90", 0.9)):
        assert specificity(found[name]) >= share - 1e-9
        lower = observed[observed < found[name]]
        assert not len(lower) or specificity(lower[-1]) < share
    for name, share in (("val_sens90", 0.9), ("val_sens95", 0.95)):
        assert sensitivity(found[name]) >= share - 1e-9
        higher = observed[observed > found[name]]
        assert not len(higher) or sensitivity(higher[0]) < share
    best = max(sensitivity(t) + specificity(t) for t in observed)
    assert sensitivity(found["val_youden"]) + specificity(found["val_youden"]) == pytest.approx(best, abs=1e-12)


def test_of_equal_youden_thresholds_the_larger_is_taken():
    found = {each.name: each.value for each in named_thresholds(np.array([True, False]), np.array([0.5, 0.5]))}
    assert found["val_youden"] == 0.5
    y_true, score = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1])
    found = {each.name: each.value for each in named_thresholds(y_true, score)}
    assert found["val_youden"] == 0.9


def test_no_score_reaches_a_specificity_where_negatives_share_the_top():
    found = {each.name: each for each in named_thresholds(np.array([True, False]), np.array([0.5, 0.5]))}
    assert math.isinf(found["val_spec95"].value)
    assert "nothing is called positive" in found["val_spec95"].rule


def test_without_validation_only_fixed_thresholds_have_a_value():
    found = named_thresholds(np.zeros(0, dtype=bool), np.zeros(0), (0.3,))
    assert [each.name for each in found if each.missing is None] == ["half", "user:0.3"]
    assert {each.missing for each in found} == {None, "no_validation_split"}


def test_user_thresholds_keep_all_their_digits_in_the_name():
    found = named_thresholds(np.zeros(0, dtype=bool), np.zeros(0), (0.3, 0.3000001, 0.3))
    assert [each.name for each in found if each.chosen_on == "user"] == ["user:0.3", "user:0.3000001"]
