"""`harness run`, `models`, `tasks`, `check-plugin` as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = [sys.executable, "-c", "from harness.cli.main import main; main()"]
BROKEN = """
import numpy as np
class Net:
    def fit(self, train, valid, context): raise RuntimeError("no\\nluck")
    def predict_proba(self, images): return np.full((len(images), 2), 0.5)
class Half(Net):
    def fit(self, train, valid, context): pass
"""


def harness(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HARNESS, *map(str, words)], capture_output=True, text=True, check=False)


def test_models_are_listed_for_programs() -> None:
    done = harness("models", "--format", "json")
    assert done.returncode == 0
    assert {"resnet18", "prior", "metadata-only"} <= {row["model"] for row in json.loads(done.stdout)}


def test_tasks_are_listed_with_their_classes() -> None:
    done = harness("tasks", "--format", "json")
    rows = {row["task"]: row for row in json.loads(done.stdout)}
    assert rows["malignant"]["classes"] == "benign, malignant"
    assert rows["diagnosis7"]["kind"] == "multiclass"


def test_a_model_that_fails_ends_with_4_after_the_others_have_run(clinic: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(BROKEN, encoding="utf-8")
    done = harness(
        "run", "--data", clinic, "--split", "default", "--task", "malignant", "--baseline", "none", "--weights", "none",
        "--model", f"{tmp_path}/own.py:Net", "--model", f"{tmp_path}/own.py:Half", "--budget", "smoke",
        "--threads", "1", "--out", tmp_path / "run", "--format", "json",
    )  # fmt: skip
    assert done.returncode == 4
    assert [row["status"] for row in json.loads(done.stdout)] == ["failed", "ok"]
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: Net failed: RuntimeError: no.")
    assert "Traceback" not in done.stderr
    assert "RuntimeError: no" in (tmp_path / "run" / "Net" / "worker.log").read_text(encoding="utf-8")
    assert (tmp_path / "run" / "report.html").exists()
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert list(metrics["runs"]) == ["Half"]


def test_missing_weights_end_with_4_before_anything_is_trained(
    clinic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMACURATE_WEIGHTS_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("DERMACURATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    done = harness(
        "run",
        "--data",
        clinic,
        "--split",
        "default",
        "--task",
        "malignant",
        "--out",
        tmp_path / "run",
        "--device",
        "cpu",
    )
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    for part in ("resnet18-f37072fd.pth", str(tmp_path / "cache" / "weights"), "--weights PATH", "--weights none"):
        assert part in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_check_plugin_prints_one_line_per_check_and_ends_with_10(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(BROKEN, encoding="utf-8")
    done = harness("check-plugin", f"{tmp_path}/own.py:Half")
    lines = done.stdout.splitlines()
    assert done.returncode == 10
    assert lines[0].startswith("P01 pass")
    assert any(line.startswith("P03 fail: predict_proba returned shape (40, 2)") for line in lines)
