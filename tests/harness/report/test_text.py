"""What the report says, and what it must not say."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report import text
from harness.report.numbers import Judged, RunFolder, read_run
from harness.report.rows import ComparisonRow, DifferenceRow, Metrics
from harness.report.wording import interval, number, signed


def edited(run: RunFolder, name: str, **parts: object) -> RunFolder:
    """Give the run with some keys of one model's metrics replaced."""
    models = []
    for model in run.models:
        metrics: Metrics = copy.copy(model.metrics)
        if model.name == name:
            metrics.update(parts)  # type: ignore[typeddict-item]
        models.append(Judged(model.name, metrics, model.facts, model.folder))
    return RunFolder(run.path, tuple(models), run.unjudged)


def compared(difference: float, lo: float, hi: float, verdict: str) -> list[ComparisonRow]:
    row = {"other_run_id": "b", "group_id": "overall", "metric": "auroc", "threshold": None, "p": 0.5}
    return [{**row, "difference": difference, "lo": lo, "hi": hi, "verdict": verdict}]  # type: ignore[list-item,typeddict-item]


def gap(hi_simultaneous: float) -> list[dict[str, object]]:
    difference: DifferenceRow = {
        "group_id": "sex=female",
        "estimate": hi_simultaneous - 0.1,
        "lo": hi_simultaneous - 0.2,
        "hi": hi_simultaneous - 0.01,
        "lo_simultaneous": hi_simultaneous - 0.3,
        "hi_simultaneous": hi_simultaneous,
        "p": 0.01,
        "p_holm": 0.02,
        "p_holm_run": 0.1,
        "detectable": 0.2,
    }
    row = {"attribute": "sex", "metric": "auroc", "threshold": None, "max_min_gap": 0.1, "gap_expected_by_chance": 0.1}
    return [{**row, "gap_p": 0.5, "worst_group": "sex=female", "n_groups": 2, "differences": [difference]}]


def verdict_of(run: RunFolder, name: str) -> text.VerdictText:
    return next(verdict for verdict in text.verdicts(run) if verdict.model == name)


def sentence(verdict: text.VerdictText, word: str) -> str:
    return dict(verdict.sentences)[word]


@pytest.fixture(scope="module")
def run(finished_run: Path) -> RunFolder:
    return read_run(finished_run)


@pytest.mark.parametrize(
    ("verdict", "tone", "word"),
    [
        ("better", "better", "Better than"),
        ("worse", "worse", "Worse than"),
        ("no_difference_shown", "none", "No difference"),
    ],
)
def test_the_headline_says_what_the_paired_interval_shows(run: RunFolder, verdict: str, tone: str, word: str) -> None:
    said = verdict_of(edited(run, "weak_net", comparisons=compared(-0.03, -0.1, 0.04, verdict)), "weak_net")
    assert (said.tone, said.headline[: len(word)]) == (tone, word)


def test_the_result_comes_with_difference_interval_images_patients_and_positives(run: RunFolder) -> None:
    said = sentence(
        verdict_of(edited(run, "weak_net", comparisons=compared(-0.031, -0.1, 0.04, "worse")), "weak_net"), "Result"
    )
    data = run.lead.metrics["data"]
    counts = f"{data['n']} images of {data['n_clusters']} patients, {data['n_pos']} malignant"
    assert "−0.031 (95 % interval −0.100 to +0.040)" in said
    assert counts in said


def test_a_smoke_run_is_never_said_to_beat_the_baseline(run: RunFolder) -> None:
    assert text.is_smoke(run)
    assert not [said for said in text.verdicts(run) if "the baseline" in said.headline]


def test_images_of_the_built_in_source_are_called_synthetic(run: RunFolder) -> None:
    assert text.is_synthetic(run)


@settings(max_examples=60)
@given(hi=st.floats(-0.5, 0.5, allow_nan=False))
def test_a_group_is_called_lower_exactly_where_its_simultaneous_interval_lies_below_zero(
    run: RunFolder, hi: float
) -> None:
    said = sentence(verdict_of(edited(run, "weak_net", gaps=gap(hi)), "weak_net"), "Groups")
    assert ("is lower in the group sex: female" in said) == (hi < 0)
    assert ("No group is shown to do worse" in said) == (hi >= 0)


def test_the_gravest_warning_stands_in_the_verdict_and_all_are_listed(run: RunFolder) -> None:
    found = [
        {"code": "small_groups", "message": "3 groups are small"},
        {"code": "no_validation_split", "message": "no validation rows"},
    ]
    changed = edited(run, "weak_net", warnings=found)
    assert sentence(verdict_of(changed, "weak_net"), "Warning") == "No validation rows."
    assert {"weak_net: 3 groups are small.", "weak_net: No validation rows."} <= set(text.warnings(changed))


def test_a_model_without_a_baseline_is_judged_alone(run: RunFolder) -> None:
    alone = RunFolder(run.path, run.contenders[:1], ())
    (said,) = text.verdicts(alone)
    assert (said.tone, said.headline) == ("plain", "Judged alone, beside no other model")


@given(value=st.floats(-1e6, 1e6, allow_nan=False))
def test_a_number_is_printed_with_a_true_minus_and_no_negative_zero(value: float) -> None:
    shown = number(value)
    assert "-" not in shown
    assert float(shown.replace("−", "-")) == pytest.approx(value, abs=5.1e-4)
    assert shown != "−0.000"
    assert signed(value).startswith(("+", "−", "0.000"))


def test_intervals_with_a_negative_end_are_written_in_words() -> None:
    assert interval(0.25, 0.75) == "0.250–0.750"
    assert interval(-0.25, 0.75) == "−0.250 to 0.750"
    assert interval(None, 0.75) == ""
