"""Runs of checks on real datasets: what they write, what they leave alone, and what a second run adds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from curate.checks import Checked, Request, run_checks
from curate.dataset import Dataset, create_dataset, load_dataset
from curate.verify import verify
from schemas.errors import UserError
from schemas.finding import finding_id
from schemas.tables import from_rows

Make = Callable[..., Dataset]
Row = Callable[..., dict[str, object]]
OTHERS = ["clinic:1", "other:9"]
ACROSS = finding_id("same_lesion", None, OTHERS)
LEAK = finding_id("leak", "source_split:clinic", ["clinic:1", "clinic:2"])


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DERMACURATE_CACHE", str(tmp_path / "cache"))


def run(dataset: Dataset, *only: str, **options: object) -> Checked:
    request = Request(only=only, **options)  # type: ignore[arg-type]
    return run_checks(dataset, request, arguments={"only": list(only)})


def table(dataset: Dataset) -> pd.DataFrame:
    return load_dataset(dataset.root).findings().set_index("finding_id")


def claims(dataset: Dataset) -> dict[str, tuple[object, ...]]:
    """What the table says, without who wrote it and when."""
    columns = ["kind", "sample_ids", "field", "score", "marked", "status", "message", "evidence"]
    return {str(row[0]): tuple(map(str, row[1:])) for row in table(dataset)[columns].itertuples()}


@pytest.fixture
def leaking(row: Row) -> list[dict[str, object]]:
    """Rows of one patient in train and test, and of one that stays."""
    return [
        row("1", patient_id="clinic:p1", source_split="train"),
        row("2", patient_id="clinic:p1", source_split="test"),
        row("3", patient_id="clinic:p2", source_split="test"),
        row("4", source_split="train"),
    ]


def test_findings_are_written_as_one_version_and_a_second_run_adds_none(
    dataset_of: Make, leaking: list[dict[str, object]]
) -> None:
    dataset = dataset_of(leaking)
    first = run(dataset, "leakage")
    assert (first.written, first.version, dataset.version) == (True, 2, 2)
    assert [row["finding_id"] for row in first.findings] == [LEAK]
    second = run(load_dataset(dataset.root), "leakage")
    assert (second.written, second.version) == (False, 2)
    assert second.findings == first.findings
    assert load_dataset(dataset.root).version == 2


def test_rows_in_two_steps_give_what_they_give_at_once(dataset_of: Make, leaking: list[dict[str, object]]) -> None:
    stepwise = dataset_of(leaking[:2], name="stepwise")
    run(stepwise, "leakage", "duplicates")
    stepwise = dataset_of(leaking[2:], name="stepwise")
    run(stepwise, "leakage", "duplicates")
    at_once = dataset_of(leaking, name="at_once")
    run(at_once, "leakage", "duplicates")
    assert claims(stepwise) == claims(at_once)


def test_a_dataset_without_any_row_has_nothing_to_find(tmp_path: Path) -> None:
    dataset = create_dataset(tmp_path / "empty")
    checked = run(dataset)
    assert (checked.findings, checked.written, checked.version) == ([], False, 0)


def test_rows_without_pictures_need_no_weights_and_are_counted(
    dataset_of: Make, leaking: list[dict[str, object]], tmp_path: Path
) -> None:
    checked = run(dataset_of(leaking), embedder=f"mobilenet_v2={tmp_path / 'none.pth'}")
    assert (checked.skipped, checked.computed) == (4, 0)
    assert LEAK in {row["finding_id"] for row in checked.findings}


def test_leakage_alone_loads_no_network_library(dataset_of: Make, leaking: list[dict[str, object]]) -> None:
    root = dataset_of(leaking).root
    program = (
        "import sys\n"
        "from curate.checks import Request, run_checks\n"
        "from curate.dataset import load_dataset\n"
        "run_checks(load_dataset(sys.argv[1]), Request(only=['leakage']), arguments={})\n"
        "heavy = {'torch', 'onnxruntime', 'sklearn', 'fiftyone', 'cleanlab'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(root)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_run_on_one_split_leaves_the_findings_of_others_alone(
    dataset_of: Make, leaking: list[dict[str, object]], tmp_path: Path
) -> None:
    dataset = dataset_of(leaking)
    run(dataset, "leakage")
    file = tmp_path / "mine.csv"
    file.write_text("image,role\n1,train\n2,train\n3,test\n4,test\n")
    clean = run(dataset, "leakage", split=file)
    assert (clean.findings, clean.written) == ([], False)
    assert table(dataset)["status"].to_dict() == {LEAK: "open"}
    file.write_text("image,role\n1,train\n2,test\n3,test\n4,test\n")
    leaks = run(dataset, "leakage", split=str(file))
    assert [row["field"] for row in leaks.findings] == ["mine.csv"]
    assert sorted(table(dataset)["field"]) == ["mine.csv", "source_split:clinic"]
    assert not run(dataset, "leakage").written
    assert set(table(dataset)["status"]) == {"open"}


def test_a_leak_that_is_no_longer_there_is_gone(dataset_of: Make, row: Row, leaking: list[dict[str, object]]) -> None:
    dataset = dataset_of(leaking)
    run(dataset, "leakage")
    with dataset.writer("test", {}) as writer:
        moved = [{**each, "source_split": "train"} for each in leaking]
        writer.replace("samples", from_rows("samples", moved))
        writer.commit("all in one part")
    checked = run(dataset, "leakage")
    assert (checked.findings, checked.written) == ([], True)
    assert table(dataset).loc[LEAK, "status"] == "gone"


def test_a_decided_finding_is_stale_when_its_evidence_has_changed(
    dataset_of: Make, leaking: list[dict[str, object]]
) -> None:
    dataset = dataset_of(leaking)
    run(dataset, "leakage")
    said = pd.DataFrame(
        [{"finding_id": LEAK, "sample_ids": ["clinic:1", "clinic:2"], "action": "accept", "reviewer": "R"}]
    )
    dataset.commit(message="accepted", decisions=said)
    run(dataset, "leakage")
    assert table(dataset).loc[LEAK, "status"] == "decided"
    with dataset.writer("test", {}) as writer:
        by_lesion = [{**each, "patient_id": None, "lesion_id": each.get("patient_id")} for each in leaking]
        writer.replace("samples", from_rows("samples", by_lesion))
        writer.commit("another proof")
    run(dataset, "leakage")
    assert table(dataset).loc[LEAK, "status"] == "stale"
    assert [claim for claim in verify(load_dataset(dataset.root)).faults if claim.rule.startswith("D")] == []


def picture(seed: int) -> bytes:
    image = np.random.default_rng(seed).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    return cv2.imencode(".png", image)[1].tobytes()


def test_copies_are_found_and_measured_once_and_a_leak_needs_no_id(dataset_of_files: Make) -> None:
    files = {"1": picture(1), "2": picture(1), "3": picture(3)}
    parts = {"1": {"source_split": "train"}, "2": {"source_split": "test"}, "3": {"source_split": "test"}}
    dataset = dataset_of_files(files, parts)
    first = run(dataset, "duplicates", "leakage", embedder="classical")
    assert sorted(str(row["kind"]) for row in first.findings if row["marked"]) == ["exact", "leak"]
    assert [(rate.images, rate.by_ids, rate.with_pixels) for rate in first.leaks] == [(2, 0, 1)]
    assert first.computed == 2
    second = run(load_dataset(dataset.root), "duplicates", "leakage", embedder="classical")
    assert (second.computed, second.written) == (0, False)
    assert run(dataset, "leakage").findings == [row for row in first.findings if row["kind"] == "leak"]


def test_a_restricted_comparison_leaves_pairs_across_sources_alone(dataset_of_files: Make) -> None:
    dataset = dataset_of_files({"1": picture(1), "2": picture(1)})
    run(dataset, "duplicates", embedder="classical")
    (copy,) = dataset.read("findings").to_pylist()
    across = copy | {"finding_id": ACROSS, "kind": "same_lesion", "sample_ids": OTHERS}
    with dataset.writer("test", {}) as writer:
        writer.append("findings", from_rows("findings", [across]))
        writer.commit("a pair of two sources")
    run(dataset, "duplicates", embedder="classical", within="source")
    assert set(table(dataset)["status"]) == {"open"}
    run(dataset, "duplicates", embedder="classical")
    assert table(dataset).loc[ACROSS, "status"] == "gone"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"only": ["leekage"]}, ["'leekage' is no check", "Did you mean leakage?"]),
        ({"only": ["xyz"]}, ["'xyz' is no check", "duplicates, leakage"]),
        ({"split": "mine"}, ["'mine' is no split of this dataset", "`curate split` makes one"]),
    ],
)
def test_unknown_names_are_refused_with_near_ones(
    dataset_of: Make, leaking: list[dict[str, object]], options: dict[str, object], words: Sequence[str]
) -> None:
    dataset = dataset_of(leaking)
    with pytest.raises(UserError) as caught:
        run_checks(dataset, Request(**options), arguments={})  # type: ignore[arg-type]
    for word in words:
        assert word in str(caught.value)
    assert load_dataset(dataset.root).version == 1
