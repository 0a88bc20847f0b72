"""`harness run`: the baseline and any model on the same rows, judged alike, resumable, repeatable."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness import artifacts
from harness.experiment import Options, run
from harness.metrics.evaluated import Settings
from harness.training.checkpoint import BEST
from schemas.errors import DataFault, DatasetConflict, UserError

MODELS = textwrap.dedent(
    """
    import json, os
    import numpy as np

    class Darkness:
        '''The darker the middle, the more malignant.'''
        def fit(self, train, valid, context):
            self.context = context
            seen = {"columns": list(train.metadata), "ids": valid.ids, "groups": train.groups.tolist(),
                    "files": sorted(os.listdir(context.work_dir))}
            (context.cache_dir / "seen.json").write_text(json.dumps(seen))
            context.report(1, epoch=1, note=context.rng("x").random())
        def predict_proba(self, images):
            middle = [image[image.shape[0] // 2, image.shape[1] // 2].mean() / 255 for image in images]
            noise = self.context.rng("noise").normal(0, 0.01, len(middle))
            p = np.clip(1 - np.array(middle) + noise, 0, 1)
            return np.stack([1 - p, p], axis=1)

    class Crashes(Darkness):
        def fit(self, train, valid, context): os._exit(3)

    class Wrong(Darkness):
        def predict_proba(self, images): return np.full((len(images), 2), np.nan)

    class Peeks(Darkness):
        def predict_proba(self, images): return np.eye(2)[images.labels]
    """
)
FEW = Settings(n_resamples=100)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    file = tmp_path / "own_models.py"
    file.write_text(MODELS, encoding="utf-8")
    return file


@pytest.fixture
def options(clinic: Path, models: Path, tmp_path: Path) -> Options:
    """Ask for a model of numpy alone, which runs in a second."""
    return Options(
        data=clinic, split="default", task="malignant", out=tmp_path / "run", models=(f"{models}:Darkness",),
        baseline="none", weights="none", budget="smoke", image_size_px=32, epochs=1, threads=1, settings=FEW,
    )  # fmt: skip


def values(out: Path, model: str) -> pd.DataFrame:
    return artifacts.read_predictions(out / model)


def seen(own_cache: Path) -> dict[str, object]:
    newest = max((own_cache / "models").glob("file-Darkness-*/seen.json"), key=lambda file: file.stat().st_mtime_ns)
    found: dict[str, object] = json.loads(newest.read_text(encoding="utf-8"))
    return found


def test_every_row_of_validation_and_test_is_predicted_once_and_judged(options: Options, clinic: Path) -> None:
    done = run(options)
    predictions = values(options.out, "Darkness")
    counts = {role: len(done.rows.part(role)) for role in ("val", "test")}
    assert predictions["split"].value_counts().to_dict() == counts
    assert predictions["sample_id"].is_unique
    assert artifacts.attribute_columns(predictions)[:3] == ["sex", "age_band", "skin_tone"]
    metrics = artifacts.read_metrics(options.out / "Darkness")
    auroc = next(row for row in metrics["values"] if row["metric"] == "auroc" and row["group_id"] == "overall")  # type: ignore[attr-defined]
    assert auroc["value"] > 0.95
    facts = artifacts.read_run(options.out / "Darkness")
    assert (facts["status"], facts["budget"], facts["seed"]) == ("ok", "smoke", 0)
    assert facts["data"]["left_out"] == {"indeterminate": 8}  # type: ignore[index]
    assert (options.out / "Darkness" / "train_log.parquet").exists()
    assert not (options.out / "Darkness" / "work").exists()


@pytest.mark.slow
def test_a_model_sees_the_metadata_that_was_allowed(options: Options, own_cache: Path) -> None:
    run(replace(options, metadata=("age", "sex")))
    assert seen(own_cache)["columns"] == ["age", "sex"]


def test_a_model_sees_no_public_id_no_test_label_and_no_column_that_was_not_allowed(
    options: Options, own_cache: Path
) -> None:
    run(options)
    found = seen(own_cache)
    assert found["columns"] == []
    assert not any("mel" in name or "clinic" in name for name in found["ids"])  # type: ignore[attr-defined]
    assert found["files"] == [
        "events.jsonl",
        "job.json",
        "test.parquet",
        "train.parquet",
        "val.parquet",
        "worker.log",
    ] or (found["files"] == [".turn", "job.json", "test.parquet", "train.parquet", "val.parquet", "worker.log"])
    run(replace(options, metadata=("age", "sex"), out=options.out / "other"))
    assert seen(own_cache)["columns"] == ["age", "sex"]


def test_a_second_run_skips_what_is_done(options: Options) -> None:
    run(options)
    before = {file: file.stat().st_mtime_ns for file in options.out.rglob("*") if file.is_file()}
    again = run(options)
    assert [model.reused for model in again.models] == [True]
    assert not again.changed
    assert {file: file.stat().st_mtime_ns for file in options.out.rglob("*") if file.is_file()} == before


@pytest.mark.slow
def test_two_runs_give_identical_predictions(options: Options) -> None:
    run(options)
    run(replace(options, out=options.out / "again"))
    one, other = (folder / "Darkness" / "predictions.parquet" for folder in (options.out, options.out / "again"))
    assert one.read_bytes() == other.read_bytes()
    run(replace(options, seed=1, out=options.out / "seed1"))
    assert not np.allclose(values(options.out, "Darkness")["p_1"], values(options.out / "seed1", "Darkness")["p_1"])


@pytest.mark.slow
def test_another_judgment_keeps_the_predictions_and_renews_the_numbers(options: Options) -> None:
    run(options)
    scores = values(options.out, "Darkness")["p_1"]
    done = run(replace(options, settings=replace(FEW, by=("biopsied",))))
    assert done.models[0].reused
    assert done.changed
    again = values(options.out, "Darkness")
    assert again["p_1"].equals(scores)
    assert "biopsied" in again


@pytest.mark.slow
def test_other_options_need_force_or_another_folder(options: Options) -> None:
    run(options)
    with pytest.raises(DataFault, match=r"finished run with other options: seed differ.*--force"):
        run(replace(options, seed=1))
    assert not run(replace(options, seed=1, force=True)).models[0].reused


def test_a_folder_of_something_else_is_left_alone(options: Options) -> None:
    (options.out / "Darkness").mkdir(parents=True)
    (options.out / "Darkness" / "thesis.tex").write_text("precious", encoding="utf-8")
    with pytest.raises(DataFault, match="holds something else than a run"):
        run(replace(options, force=True))
    assert (options.out / "Darkness" / "thesis.tex").exists()


def test_broken_models_are_outcomes_and_the_next_one_is_judged(options: Options, models: Path) -> None:
    names = ("Crashes", "Wrong", "Peeks", "Darkness")
    done = run(replace(options, models=tuple(f"{models}:{name}" for name in names)))
    assert [(model.name, model.status) for model in done.models] == list(
        zip(names, ("failed", "invalid_output", "failed", "ok"), strict=True)
    )
    said = ("ended itself with code 3", "are not finite: rows 0, 1, 2, 3, 4", "LabelsHidden")
    assert all(reason in model.reason for reason, model in zip(said, done.failures, strict=True))
    assert artifacts.read_run(options.out / "Wrong")["status"] == "invalid_output"
    assert list(artifacts.read_json(options.out / artifacts.METRICS)["runs"]) == ["Darkness"]  # type: ignore[call-overload]
    # The labels of the test part stand in no file that a worker is given.
    work = options.out / "Crashes" / "work"
    assert "label" in pd.read_parquet(work / "val.parquet")
    assert set(pd.read_parquet(work / "test.parquet")) == {"id", "group", "pack", "offset", "height", "width"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"split": "defualt"}, "is no split"),
        ({"split": "benign"}, "has no image of class malignant"),
        ({"task": "malign"}, "is no task"),
        ({"models": ("plugin:nowhere",)}, "is no model"),
        ({"models": ()}, "nothing to run"),
        ({"metadata": ("biopsied",)}, "may not be given to a model"),
        ({"weights": "no.pth", "baseline": "auto"}, "no such file of weights"),
        ({"epochs": 0}, "is not a number of epochs"),
        ({"data": Path("nowhere")}, "nowhere"),
    ],
)
def test_what_cannot_be_run_is_one_line_before_anything_is_written(
    options: Options, change: dict[str, object], said: str
) -> None:
    with pytest.raises((UserError, DatasetConflict)) as caught:
        run(replace(options, **change))  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not options.out.exists()


@pytest.mark.slow
def test_baseline_and_model_stand_side_by_side_and_a_baseline_is_taken_over(options: Options, tmp_path: Path) -> None:
    both = replace(options, baseline="auto")
    done = run(both)
    assert [(model.name, model.status) for model in done.models] == [("baseline", "ok"), ("Darkness", "ok")]
    compared = artifacts.read_metrics(options.out / "Darkness")["comparisons"]
    assert any(row["metric"] == "auroc" and row["group_id"] == "overall" for row in compared)  # type: ignore[attr-defined]
    facts = artifacts.read_run(options.out / "baseline")
    assert facts["model"] == "resnet18 (random initialization)"
    assert [file.name for file in (options.out / "baseline" / "checkpoints").iterdir()] == [BEST]
    taken = run(replace(both, out=tmp_path / "second", baseline=str(options.out / "baseline")))
    assert [model.reused for model in taken.models] == [True, False]
    with pytest.raises(DataFault, match=r"is another baseline.*recipe\.epochs"):
        run(replace(both, out=tmp_path / "third", epochs=2, baseline=str(options.out / "baseline")))


@pytest.mark.slow
def test_a_killed_run_ends_with_the_predictions_of_a_whole_one(options: Options, tmp_path: Path) -> None:
    asked = replace(options, baseline="auto", models=(), epochs=3)
    run(asked)
    cut = replace(asked, out=tmp_path / "cut")
    program = (
        "from pathlib import PosixPath; from harness.experiment import *; from harness.metrics.evaluated import *;"
        f"run({cut!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    checkpoint = cut.out / "baseline" / "checkpoints" / "last.safetensors"
    deadline = time.monotonic() + 300
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert artifacts.read_run(cut.out / "baseline")["status"] == "running"
    run(cut)
    assert values(cut.out, "baseline")["p_1"].equals(values(asked.out, "baseline")["p_1"])
