"""Clustered standard errors of the area: the definition by all pairs, and the special case of independent rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import delong


def by_pairs(y_true: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Placement values from every pair of a positive and a negative (DeLong 1988, equations 3 to 5)."""
    kernel = (score[y_true][:, None] > score[~y_true]) + 0.5 * (score[y_true][:, None] == score[~y_true])
    return kernel.mean(axis=1), kernel.mean(axis=0)


@st.composite
def case(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = draw(st.integers(6, 50))
    y = draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda each: 2 <= sum(each) <= len(each) - 2))
    scores = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=n, max_size=n))
    return np.array(y), np.array([a for a, _ in scores]) / 9, np.array([b for _, b in scores]) / 9


@settings(deadline=None, max_examples=25)
@given(case())
def test_independent_rows_give_delong_s_error_and_covariance(rows: tuple[np.ndarray, np.ndarray, np.ndarray]):
    y_true, one, other = rows
    cluster = np.arange(len(y_true))
    placed, placed_other = by_pairs(y_true, one), by_pairs(y_true, other)
    variance = sum(np.var(each, ddof=1) / len(each) for each in placed)
    first, second = delong.placements(y_true, one, cluster), delong.placements(y_true, other, cluster)
    assert delong.standard_error(first) == pytest.approx(math.sqrt(variance), abs=1e-9)
    of_difference = sum(
        np.var(each - another, ddof=1) / len(each) for each, another in zip(placed, placed_other, strict=True)
    )
    assert delong.difference_error(first, second) == pytest.approx(math.sqrt(of_difference), abs=1e-9)


def test_one_patient_of_either_class_has_no_error():
    y_true = np.array([True, True, False, False])
    placed = delong.placements(y_true, np.array([0.9, 0.4, 0.5, 0.1]), np.array([0, 0, 1, 2]))
    assert math.isnan(delong.standard_error(placed))


def test_a_model_does_not_differ_from_itself():
    rng = np.random.default_rng(1)
    y_true, score, cluster = rng.random(50) < 0.4, rng.random(50), rng.integers(0, 20, 50)
    placed = delong.placements(y_true, score, cluster)
    assert delong.difference_error(placed, placed) == 0.0
