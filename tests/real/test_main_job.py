"""The main job on real pictures of two collections in one dataset: what publishers recorded judges the product."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

pytestmark = [pytest.mark.real, pytest.mark.slow]

BIN = Path(sys.executable).parent
SCHEMA = Path(__file__).parents[2] / "harness" / "metrics_schema.json"


@pytest.fixture(scope="module")
def desk(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which HAM10000 and PAD-UFES-20 were curated together and judged."""
    folder = tmp_path_factory.mktemp("real")
    images, weights = shared / "data" / "images", shared / "data" / "weights" / "mobilenet_v2_imagenet_tf2.pth"
    check = ["curate", "check", "data", "--embedder", f"mobilenet_v2={weights}"]
    for words in (
        ["curate", "ingest", "ham10000", str(images / "ham10000"), "--limit", "250", "--into", "data"],
        ["curate", "ingest", "pad_ufes20", str(images / "padufes20"), "--limit", "150", "--into", "data"],
        check,
        ["curate", "split", "data", "--name", "default", "--fractions", "0.6,0.2,0.2"],
        check,
        [
            *("harness", "run", "--data", "data", "--split", "default", "--task", "malignant", "--out", "run"),
            *("--model", "metadata-only", "--weights", "none", "--budget", "smoke", "--epochs", "1"),
            *("--image-size", "32", "--device", "cpu", "--threads", "1"),
        ],
        ["curate", "verify", "data"],
    ):
        done = type_line(folder, *words)
        assert done.returncode == 0, f"{words}: {done.stderr[-2000:]}"
    return folder


def type_line(folder: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one command line."""
    environment = os.environ | {"DERMACURATE_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [BIN / program, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def rows(folder: Path, *words: str) -> list[dict[str, object]]:
    done = type_line(folder, "curate", *words, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_both_collections_lie_in_one_dataset_with_their_pictures(desk: Path) -> None:
    samples = rows(desk, "table", "data", "samples", "--columns", "source,image_status,diagnosis_path")
    stored = [row["source"] for row in samples if row["image_status"] == "stored"]
    assert {source: stored.count(source) for source in set(stored)} == {"ham10000": 250, "pad_ufes20": 150}
    assert all(row["diagnosis_path"] for row in samples)


def test_the_pixels_alone_find_most_second_photos_that_the_publisher_recorded(desk: Path) -> None:
    lesion = {row["sample_id"]: row["lesion_id"] for row in rows(desk, "table", "data", "samples")}
    found = {
        frozenset((str(row["sample_id"]), str(row["other_sample_id"])))
        for kind in ("exact", "same_photo", "same_lesion")
        for row in rows(desk, "findings", "data", "--kind", kind)
    }
    ham = [sample for sample in lesion if str(sample).startswith("ham10000:")]
    recorded = {
        frozenset((str(a), str(b)))
        for a in ham
        for b in ham
        if str(a) < str(b) and lesion[a] == lesion[b] and lesion[a] is not None
    }
    assert recorded
    # Second exposures of HAM10000 are found with recall .95 at precision .99 (design/curation.md 3.7); few pairs here.
    assert len(found & recorded) >= 0.7 * len(recorded)
    across = {pair for pair in found if len({sample.split(":")[0] for sample in pair}) == 2}
    assert across == set()


def test_the_split_leaks_nothing(desk: Path) -> None:
    done = type_line(desk, "curate", "check", "data", "--only", "leakage", "--split", "default", "--fail-on", "leak")
    assert done.returncode == 0, done.stderr


def test_the_report_is_there_and_the_numbers_follow_the_schema(desk: Path) -> None:
    metrics = json.loads((desk / "run" / "metrics.json").read_text(encoding="utf-8"))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert set(metrics["runs"]) == {"baseline", "metadata-only"}
    for run in metrics["runs"].values():
        jsonschema.validate(run, schema)
    assert (desk / "run" / "report.html").stat().st_size > 10_000
    assert (desk / "run" / "report.md").is_file()


def test_a_second_check_says_nothing_new(desk: Path, shared: Path) -> None:
    weights = shared / "data" / "weights" / "mobilenet_v2_imagenet_tf2.pth"
    done = type_line(desk, "curate", "check", "data", "--embedder", f"mobilenet_v2={weights}")
    assert "Nothing new" in done.stdout
