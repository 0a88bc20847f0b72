"""The run folder: what is written comes back, equal results are equal bytes, a newer file is refused."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from harness import artifacts
from harness.evaluation import Facts, Settings, evaluate_folder, evaluate_predictions, write_results
from schemas.errors import DataFault, DatasetConflict
from schemas.tasks import task

Make = Callable[..., pd.DataFrame]


def judged(out: Path, model: str, frame: pd.DataFrame) -> None:
    sha256 = artifacts.write_predictions(out / model, frame)
    facts = Facts(f"run-{model}", model, 0, "2026-01-01T00:00:00Z", sha256, 7, "default", "default@3")
    settings = Settings(n_resamples=100, thresholds=(0.3,), by=("sex*site",))
    evaluation = evaluate_predictions(artifacts.read_predictions(out / model), task("malignant"), facts, settings)
    write_results(out, {model: evaluation})


def test_predictions_come_back_in_the_order_of_their_ids(predictions: Make, tmp_path: Path):
    frame = predictions(50, validation=20)
    artifacts.write_predictions(tmp_path, frame.sample(frac=1, random_state=0))
    back = artifacts.read_predictions(tmp_path)
    expected = frame.sort_values(["split", "sample_id"]).reset_index(drop=True)[list(back.columns)]
    pd.testing.assert_frame_equal(back, expected, check_dtype=False)


def test_equal_predictions_are_equal_bytes_whatever_their_order(predictions: Make, tmp_path: Path):
    frame = predictions(50)
    one = artifacts.write_predictions(tmp_path / "a", frame)
    assert one == artifacts.write_predictions(tmp_path / "b", frame.sample(frac=1, random_state=0))


def test_judging_a_folder_again_gives_the_same_bytes(predictions: Make, tmp_path: Path):
    judged(tmp_path, "m", predictions())
    before = {file.name: file.read_bytes() for file in (tmp_path / "m").iterdir()}
    write_results(tmp_path, {"m": evaluate_folder(tmp_path / "m")})
    assert {file.name: file.read_bytes() for file in (tmp_path / "m").iterdir()} == before
    assert "NaN" not in before["metrics.json"].decode()


def test_the_combined_files_hold_every_model_the_baseline_first(predictions: Make, tmp_path: Path):
    frame = predictions()
    judged(tmp_path, "another", frame)
    judged(tmp_path, "baseline", frame)
    combined = json.loads((tmp_path / "metrics.json").read_text())
    assert set(combined["runs"]) == {"another", "baseline"}
    assert [folder.name for folder in artifacts.model_folders(tmp_path)] == ["baseline", "another"]
    table = pd.read_parquet(tmp_path / "metrics.parquet")
    assert list(table["model"].unique()) == ["baseline", "another"]
    assert len(table) == sum(len(each["values"]) for each in combined["runs"].values())


def test_metrics_of_a_newer_program_are_refused_by_name(tmp_path: Path):
    artifacts.write_json(tmp_path / "metrics.json", {"schema_version": 2})
    with pytest.raises(DatasetConflict, match="schema version 2, this program reads 1"):
        artifacts.read_metrics(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_broken_file_is_a_fault_that_names_it(tmp_path: Path, content: bytes):
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(DataFault, match=r"run\.json"):
        artifacts.read_run(tmp_path)


def test_a_folder_without_predictions_is_a_fault(tmp_path: Path):
    with pytest.raises(DataFault, match="there are no predictions"):
        artifacts.read_predictions(tmp_path)


def test_nan_is_never_written_and_the_old_file_stays(tmp_path: Path):
    artifacts.write_run(tmp_path, {"status": "running"})
    with pytest.raises(ValueError, match="JSON compliant"):
        artifacts.write_run(tmp_path, {"status": float("nan")})
    assert artifacts.read_run(tmp_path) == {"status": "running"}
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_files_are_as_readable_as_any_other(tmp_path: Path):
    artifacts.write_run(tmp_path, {})
    (tmp_path / "plain").write_bytes(b"")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("run.json", "plain")]
    assert modes[0] == modes[1]


def test_a_run_is_named_by_time_model_seed_and_options():
    started = datetime(2026, 11, 23, 8, tzinfo=UTC)
    name = artifacts.run_id(started, "resnet18", 0, {"a": 1, "b": 2})
    assert name.startswith("20261123T080000-resnet18-s0-")
    assert name == artifacts.run_id(started, "resnet18", 0, {"b": 2, "a": 1})
    assert name != artifacts.run_id(started, "resnet18", 0, {"a": 1})
