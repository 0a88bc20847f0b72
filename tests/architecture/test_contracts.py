"""The walls between the rooms stand, and the machine that checks them sees a hole."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("schemas", "sources", "curate", "harness")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    # PYTHONSAFEPATH is off on purpose: the rooms of FOLDER must win over the installed ones.
    return subprocess.run(
        [str(program), "importlinter.toml", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "importlinter.toml", tmp_path)
    return tmp_path


def test_no_module_breaks_a_contract(copy: Path) -> None:
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("schemas/errors.py", "import curate.dataset", "Rooms: schemas <- sources <- curate <- harness"),
        ("harness/evaluation.py", "import curate.view", "The harness enters curate by one door"),
        ("harness/loading.py", "import sources", "The harness enters curate by one door"),
        ("sources/ham10000.py", "import sources.pad_ufes20", "No source knows another source"),
        ("curate/ingest/__init__.py", "import sources.ham10000", "never one source by name"),
        ("curate/checks/leakage.py", "import curate.checks.duplicates", "No check knows another check"),
        ("curate/dataset.py", "import curate.splits", "Inside curate: data flows one way"),
        ("curate/splits.py", "import fiftyone", "Only curate.review talks to FiftyOne"),
        ("curate/verify.py", "import httpx2", "Only sources.transport opens the network"),
        ("curate/view.py", "import deltalake", "Only curate.store knows Delta Lake"),
        ("harness/metrics/ranking.py", "import harness.training", "Inside harness"),
        ("schemas/tables.py", "import torch", "schemas and sources stay light"),
    ],
)
def test_a_planted_violation_is_caught(copy: Path, module: str, line: str, contract: str) -> None:
    file = copy / module
    if not file.is_file():
        file = file.with_suffix("") / "__init__.py"
    file.write_text(file.read_text(encoding="utf-8") + f"\n\ndef planted() -> None:\n    {line}\n", encoding="utf-8")
    done = lint_imports(copy)
    assert done.returncode == 1
    broken = [shown for shown in done.stdout.splitlines() if " BROKEN" in shown]
    assert any(contract in shown for shown in broken), done.stdout


def test_a_module_without_a_place_in_the_layers_is_caught(copy: Path) -> None:
    (copy / "curate" / "elsewhere.py").write_text('"""Nobody placed this."""\n', encoding="utf-8")
    assert lint_imports(copy).returncode == 1
