"""Paired differences of two models on the same rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from harness.evaluation import Evaluation, Facts, Settings, evaluate_predictions, paired_differences
from schemas.errors import DataFault
from schemas.tasks import task

Make = Callable[..., pd.DataFrame]


def judge(frame: pd.DataFrame, **settings: object) -> Evaluation:
    facts = Facts("base", "m", 0, "2026-01-01T00:00:00Z", "0" * 64, 7, "default", "default@3")
    return evaluate_predictions(frame, task("malignant"), facts, Settings(**{"n_resamples": 200, **settings}))


def noisier(frame: pd.DataFrame, share: float) -> pd.DataFrame:
    noise = np.random.default_rng(9).random(len(frame))
    score = np.round((1 - share) * frame["p_1"] + share * noise, 3)
    return frame.assign(p_1=score, p_0=1 - score)


def overall(rows: list[dict]) -> dict[tuple[str, str | None], dict]:
    return {(row["metric"], row["threshold"]): row for row in rows if row["group_id"] == "overall"}


def test_a_model_against_its_noisy_self_is_better_in_every_direction(predictions: Make):
    frame = predictions(600)
    good, bad = judge(frame), judge(noisier(frame, 0.7))
    found, mirrored = overall(paired_differences(good, bad)), overall(paired_differences(bad, good))
    for metric in ("auroc", "ap", "brier", "logloss", "sens_at_spec_90", "auroc_diff_obuchowski"):
        assert found[metric, None]["verdict"] == "better", metric
        assert mirrored[metric, None]["verdict"] == "worse", metric
        assert found[metric, None]["difference"] == pytest.approx(-mirrored[metric, None]["difference"])
    assert found["brier", None]["difference"] < 0
    assert found["auroc", None]["difference"] > 0


def test_the_paired_interval_is_tighter_than_two_models_apart(predictions: Make):
    """Scores that hardly differ: an unpaired error would be the root of the sum of both squares."""
    frame = predictions(600)
    one, other = judge(frame), judge(noisier(frame, 0.05))
    row = overall(paired_differences(one, other))["auroc", None]
    apart = np.sqrt(sum(np.var(each.draws["overall", "auroc", None, None], ddof=1) for each in (one, other)))
    assert (row["hi"] - row["lo"]) / 2 < apart


def test_bootstrap_and_closed_form_intervals_of_the_difference_agree(predictions: Make):
    frame = predictions(900, patients=250)
    found = overall(paired_differences(judge(frame, n_resamples=2000), judge(noisier(frame, 0.4), n_resamples=2000)))
    one, other = found["auroc", None], found["auroc_diff_obuchowski", None]
    assert one["difference"] == pytest.approx(other["difference"], abs=1e-12)
    assert one["hi"] - one["lo"] == pytest.approx(other["hi"] - other["lo"], rel=0.1)


def test_a_model_is_never_called_equal_to_itself(predictions: Make):
    one = judge(predictions())
    found = overall(paired_differences(one, one))
    assert found["auroc", None]["verdict"] == "no_difference_shown"
    assert (found["auroc", None]["difference"], found["auroc", None]["p"]) == (0, 1)


def test_groups_of_single_attributes_are_compared_too(predictions: Make):
    frame = predictions(600)
    groups = {row["group_id"] for row in paired_differences(judge(frame), judge(noisier(frame, 0.3)))}
    assert {"overall", "sex=female", "sex=male"} <= groups


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(index=0), "same test rows; 1 differ, made:00000 first"),
        (lambda frame: frame.assign(y_true=frame["y_true"].where(frame.index != 4, 1 - frame["y_true"])), "made:00004"),
    ],
)
def test_other_rows_or_labels_are_refused(predictions: Make, change: Callable[[pd.DataFrame], pd.DataFrame], said: str):
    frame = predictions()
    with pytest.raises(DataFault, match=said):
        paired_differences(judge(frame), judge(change(frame)))


def test_other_settings_are_refused_by_name(predictions: Make):
    frame = predictions()
    with pytest.raises(DataFault, match="same resamples"):
        paired_differences(judge(frame), judge(frame, seed=1))
