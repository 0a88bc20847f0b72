"""Differences between groups: a planted one is found, one that is not there is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.metrics.asking import ask, contrasts
from harness.metrics.evaluated import Settings, evaluated_set
from harness.metrics.gaps import Gap, adjust_over_run, attribute_gaps
from harness.metrics.resampling import resample
from harness.metrics.values import job
from schemas.tasks import task

Make = Callable[..., pd.DataFrame]


def gaps_of(frame: pd.DataFrame, attribute: str) -> dict[tuple[str, str | None], Gap]:
    settings = Settings(n_resamples=400)
    case = evaluated_set(frame, task("malignant"), settings)
    judged = {group.group_id: ask(case, group) for group in case.groups}
    compared = contrasts(case, judged)[attribute]
    jobs = [job(found) for found in judged.values()] + [job([each.rest], only_gaps=True) for each in compared]
    draws = resample(jobs, n_clusters=case.clusters.count, n_resamples=400, seed=0)
    return {
        (gap.metric, gap.threshold): gap for gap in adjust_over_run(attribute_gaps(attribute, compared, draws, 0.95))
    }


def test_a_group_whose_scores_are_noise_is_shown_to_be_worse(predictions: Make):
    frame = predictions(1500, patients=400)
    noise = np.random.default_rng(1).random(len(frame))
    spoiled = frame["skin_tone"] == "dark"
    frame["p_1"] = np.where(spoiled, noise, frame["p_1"])
    frame["p_0"] = 1 - frame["p_1"]
    gap = gaps_of(frame, "skin_tone")["auroc", None]
    assert gap.worst_group == "skin_tone=dark"
    assert gap.p < 0.05
    assert gap.max_min_gap > gap.expected_by_chance
    worst = next(each for each in gap.differences if each.group_id == "skin_tone=dark")
    assert worst.estimate < 0
    assert worst.hi_simultaneous < 0
    assert worst.p_holm < 0.01


@pytest.mark.slow
def test_a_shuffled_attribute_shows_no_difference_in_most_seeds(predictions: Make):
    """Simultaneous intervals at 95 %: at most 3 of 20 seeds may claim a gap that is not there."""
    claimed = 0
    for seed in range(20):
        gap = gaps_of(predictions(500, seed=seed)[lambda frame: frame["skin_tone"] != "dark"], "skin_tone")[
            "auroc", None
        ]
        claimed += any(each.lo_simultaneous > 0 or each.hi_simultaneous < 0 for each in gap.differences)
    assert claimed <= 3


def test_the_simultaneous_interval_holds_the_pointwise_one_and_both_hold_the_estimate(predictions: Make):
    for gap in gaps_of(predictions(900), "site").values():
        for each in gap.differences:
            assert each.lo_simultaneous <= each.lo <= each.estimate + 1e-9, gap.metric
            assert each.hi_simultaneous >= each.hi >= each.estimate - 1e-9, gap.metric


def test_groups_without_positives_take_no_part_and_one_group_makes_no_gap(predictions: Make):
    frame = predictions(400)
    frame.loc[frame["sex"] == "male", "y_true"] = 0
    gap = gaps_of(frame, "sex")["auroc", None]
    assert (gap.n_groups, gap.differences, gap.worst_group) == (0, (), None)


def test_holm_over_the_run_adds_up_all_attributes(predictions: Make):
    first = gaps_of(predictions(900), "site")["auroc", None]
    second = replace(first, attribute="copy")
    adjusted = adjust_over_run([first, second])
    p_values = sorted(each.p for each in first.differences for _ in range(2))
    smallest = min(each.p_holm_run for gap in adjusted for each in gap.differences)
    assert smallest == pytest.approx(min(1.0, p_values[0] * len(p_values)))
    assert all(each.p_holm_run >= each.p_holm - 1e-12 for gap in adjusted for each in gap.differences)
