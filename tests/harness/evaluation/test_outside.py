"""Predictions made elsewhere, judged on a real dataset: the run folder, bad files, repeated runs, the command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from harness import artifacts
from harness.evaluation.judge import Settings
from harness.evaluation.outside import Done, Request, evaluate_file
from schemas.errors import DataFault


def evaluate(dataset: Path, predictions: Path, out: Path, *, force: bool = False, by: tuple[str, ...] = ()) -> Done:
    settings = Settings(n_resamples=100, by=by)
    return evaluate_file(Request(dataset, "default", "malignant", predictions, out, settings, force=force))


def write(scores: pd.DataFrame, path: Path) -> Path:
    scores.to_csv(path, index=False)
    return path


def harness(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the installed command, in the environment of the tests."""
    command = Path(sys.executable).parent / "harness"
    return subprocess.run([str(command), *map(str, words)], capture_output=True, text=True, check=False)


def test_a_csv_becomes_a_run_folder_with_one_model(dataset: Path, scores: pd.DataFrame, tmp_path: Path):
    evaluate(dataset, write(scores, tmp_path / "mine.csv"), tmp_path / "run", by=("device",))
    combined = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (combined["schema_version"], list(combined["runs"])) == (1, ["mine"])
    metrics = combined["runs"]["mine"]
    jsonschema.validate(metrics, artifacts.metrics_schema())
    stored = pd.read_parquet(tmp_path / "run" / "mine" / "predictions.parquet")
    assert set(stored["split"]) == {"val", "test"}
    attributes = ["sex", "age_band", "skin_tone", "ita_class", "site", "source", "image_type", "device"]
    assert list(stored.columns) == [*artifacts.KEYS, "p_0", "p_1", *attributes]
    assert stored["sex"].isna().any(), "what a source calls unknown is missing"
    assert set(stored["ita_class"].dropna()) == {"very_light", "light", "intermediate", "tan", "brown", "dark"}
    for group in metrics["groups"]:
        rows = stored[stored["split"] == "test"]
        for part in group["group_id"].split(";") if group["group_id"] != "overall" else ():
            attribute, level = part.split("=", 1)
            rows = rows[rows[attribute].fillna("(missing)") == level]
        assert (group["n"], group["n_pos"]) == (len(rows), rows["y_true"].sum())
    facts = artifacts.read_run(tmp_path / "run" / "mine")
    assert facts["status"] == "ok"
    assert facts["left_out"] == {"indeterminate": 30}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame[frame["sample_id"] != "clinic:0007"], "1 rows are missing (1 of test): clinic:0007"),
        (lambda frame: frame[frame["sample_id"] != "clinic:0004"], "1 rows are missing (1 of val): clinic:0004"),
        (lambda frame: pd.concat([frame, frame[frame["sample_id"] == "clinic:0007"]]), "stand twice: clinic:0007"),
        (lambda frame: frame.drop(columns="malignant"), "row 1, column malignant: there is no such column"),
        (lambda frame: frame.rename(columns={"sample_id": "image"}), "column sample_id: there is no such column"),
        (lambda frame: frame.assign(malignant=frame["malignant"].astype("str").str.replace(".", ",")), "is no number"),
        (
            lambda frame: frame.assign(malignant=frame["malignant"].where(frame.index != 7)),
            "missing or infinite in 1 rows",
        ),
        (lambda frame: frame.assign(malignant=frame["malignant"] * 3), "outside 0..1"),
        (lambda frame: frame.assign(benign=frame["malignant"]), "do not sum to 1"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_leaves_nothing(
    dataset: Path, scores: pd.DataFrame, tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], said: str
):
    file = write(change(scores), tmp_path / "mine.csv")
    with pytest.raises(DataFault) as caught:
        evaluate(dataset, file, tmp_path / "run")
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_without_any_validation_row_thresholds_are_not_estimable(dataset: Path, scores: pd.DataFrame, tmp_path: Path):
    numbers = scores["sample_id"].str[-4:].astype(int)
    only_test = scores[numbers // 3 % 4 >= 2]
    done = evaluate(dataset, write(only_test, tmp_path / "mine.csv"), tmp_path / "run")
    assert "no_validation_split" in str(done.evaluation.metrics["warnings"])


def test_rows_of_train_are_counted_and_ignored(dataset: Path, scores: pd.DataFrame, tmp_path: Path):
    numbers = scores["sample_id"].str[-4:].astype(int)
    changed = scores.assign(malignant=scores["malignant"].mask(numbers // 3 % 4 == 0, 99.0))
    extra = pd.DataFrame({"sample_id": ["other:1"], "benign": [0.5], "malignant": [0.5]})
    done = evaluate(dataset, write(pd.concat([changed, extra]), tmp_path / "mine.csv"), tmp_path / "run")
    kept = len(pd.read_parquet(tmp_path / "run" / "mine" / "predictions.parquet"))
    assert done.ignored == 301 - kept
    assert done.left_out == {"indeterminate": 30}


def test_shuffled_parquet_and_csv_give_equal_values(dataset: Path, scores: pd.DataFrame, tmp_path: Path):
    one = evaluate(dataset, write(scores, tmp_path / "a.csv"), tmp_path / "run")
    scores.sample(frac=1, random_state=0).to_parquet(tmp_path / "b.parquet")
    other = evaluate(dataset, tmp_path / "b.parquet", tmp_path / "run")
    again = evaluate(dataset, tmp_path / "run" / "a", tmp_path / "again")
    for section in ("values", "gaps", "curves", "groups"):
        assert one.evaluation.metrics[section] == other.evaluation.metrics[section]
        assert one.evaluation.metrics[section] == again.evaluation.metrics[section]


def test_a_finished_model_is_replaced_only_when_told_to(dataset: Path, scores: pd.DataFrame, tmp_path: Path):
    file = write(scores, tmp_path / "mine.csv")
    evaluate(dataset, file, tmp_path / "run")
    with pytest.raises(DataFault, match=r"holds a finished model already.*--force"):
        evaluate(dataset, file, tmp_path / "run")
    evaluate(dataset, file, tmp_path / "run", force=True)


def test_a_model_beside_a_baseline_is_compared_with_it(dataset: Path, scores: pd.DataFrame, tmp_path: Path):
    evaluate(dataset, write(scores.assign(malignant=0.5, benign=0.5), tmp_path / "baseline.csv"), tmp_path / "run")
    evaluate(dataset, write(scores, tmp_path / "mine.csv"), tmp_path / "run")
    combined = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert list(combined["runs"]) == ["baseline", "mine"]
    rows = combined["runs"]["mine"]["comparisons"]
    area = next(row for row in rows if (row["group_id"], row["metric"]) == ("overall", "auroc"))
    assert area["other_run_id"] == combined["runs"]["baseline"]["run"]["run_id"]


def test_a_baseline_on_other_rows_is_refused_before_anything_is_written(
    dataset: Path, scores: pd.DataFrame, tmp_path: Path
):
    evaluate(dataset, write(scores, tmp_path / "baseline.csv"), tmp_path / "run")
    settings = Settings(n_resamples=100, unit="patient")
    request = Request(dataset, "default", "malignant", write(scores, tmp_path / "mine.csv"), tmp_path / "run", settings)
    with pytest.raises(DataFault, match="only on the same unit"):
        evaluate_file(request)
    assert not (tmp_path / "run" / "mine").exists()


def test_resamples_are_kept_when_asked_for(dataset: Path, scores: pd.DataFrame, tmp_path: Path):
    settings = Settings(n_resamples=100)
    file = write(scores, tmp_path / "mine.csv")
    evaluate_file(Request(dataset, "default", "malignant", file, tmp_path / "run", settings, keep_resamples=True))
    kept = pd.read_parquet(tmp_path / "run" / "mine" / artifacts.RESAMPLES)
    area = kept[(kept["group_id"] == "overall") & (kept["metric"] == "auroc")]
    assert area["resample"].tolist() == list(range(100))
    assert not kept["group_id"].str.startswith("rest").any()


@pytest.mark.slow
def test_the_command_prints_groups_and_writes_a_report(dataset: Path, scores: pd.DataFrame, tmp_path: Path):
    file = write(scores, tmp_path / "mine.csv")
    words = ("--data", dataset, "--split", "default", "--predictions", file, "--out", tmp_path / "run")
    done = harness("evaluate", *words, "--task", "malignant", "--resamples", 100, "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("group,n,positives,patients,auroc")
    assert (tmp_path / "run" / "report.html").exists()
    refused = harness("evaluate", *words, "--task", "melanom")
    assert (refused.returncode, len(refused.stderr.strip().splitlines())) == (3, 1), refused.stderr


def test_a_column_that_is_none_is_refused(dataset: Path, scores: pd.DataFrame, tmp_path: Path):
    with pytest.raises(DataFault, match="'colour' is no column"):
        evaluate(dataset, write(scores, tmp_path / "mine.csv"), tmp_path / "run", by=("colour",))
    with pytest.raises(DataFault, match="more than a pair"):
        evaluate(dataset, tmp_path / "mine.csv", tmp_path / "run", by=("sex*site*source",))


def test_the_python_function_gives_the_numbers_of_the_command(dataset: Path, scores: pd.DataFrame, tmp_path: Path):
    import curate
    import harness as package

    evaluate(dataset, write(scores, tmp_path / "mine.csv"), tmp_path / "run")
    view = curate.load_dataset(dataset).view(split="default")
    frame = package.evaluate(scores, view, task="malignant", n_resamples=100)
    stored = pd.read_parquet(tmp_path / "run" / "metrics.parquet")
    assert np.array_equal(frame["value"], stored["value"], equal_nan=True)
    assert np.array_equal(frame["lo"], stored["lo"], equal_nan=True)
