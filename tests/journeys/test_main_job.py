"""The main job as a user types it in an empty folder: ingest, check, split, check, run, verify; then once more."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import pytest

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
SCHEMA = Path(__file__).parents[2] / "harness" / "metrics_schema.json"
INGEST = "curate ingest sample --limit 160 --into demo"
CHECK = "curate check demo --embedder classical"
SPLIT = "curate split demo --name default --fractions 0.6,0.2,0.2"
RUN = (
    "harness run --data demo --split default --task malignant --model metadata-only --weights none "
    "--budget smoke --epochs 1 --image-size 32 --device cpu --threads 1 --out run"
)
VERIFY = "curate verify demo"


@dataclass
class Desk:
    """A folder and what was typed there.

    Parameters
    ----------
    folder : Path
        Working folder.
    done : dict
        Command to its outcome, of the first time.
    """

    folder: Path
    done: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run one command line."""
        program, *words = line.split()
        environment = os.environ | {
            "DERMACURATE_CACHE": str(self.folder / "cache"),
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "160",
        }
        return subprocess.run(
            [BIN / program, *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def hashes(self, name: str) -> Mapping[str, str]:
        """Return every file below a folder with the hash of its bytes."""
        files = sorted(path for path in (self.folder / name).rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def versions(self) -> list[str]:
        """Return the commands that made the versions of the dataset."""
        rows = json.loads(self.type("curate table demo log --format json").stdout)
        return [row["command"] for row in rows]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A folder in which the main job was done once."""
    at = Desk(tmp_path_factory.mktemp("desk"))
    for line in (INGEST, CHECK, SPLIT, f"{CHECK} --fail-on tone_conflict", RUN, VERIFY):
        at.done[line] = at.type(line)
    yield at
    shutil.rmtree(at.folder)


def test_every_step_ends_well_and_says_the_next_one(desk: Desk) -> None:
    assert {line: (done.returncode, done.stderr[-500:]) for line, done in desk.done.items() if done.returncode} == {}
    assert "Next: curate check demo" in desk.done[INGEST].stdout
    assert "Next: curate findings demo" in desk.done[CHECK].stdout
    assert "Next: harness run --data demo --split default" in desk.done[SPLIT].stdout
    assert "Report: run/report.html" in desk.done[RUN].stderr
    assert "Sound: 160 rows" in desk.done[VERIFY].stdout
    assert not any("Traceback" in done.stderr for done in desk.done.values())


def test_the_planted_copies_and_leaks_are_found(desk: Desk) -> None:
    shown = [line.split("│")[1:-1] for line in desk.done[CHECK].stdout.splitlines() if line.count("│") == 6]
    counted = {words[0].strip(): [int(word) for word in words[1:]] for words in shown if words[1].strip().isdigit()}
    for kind in ("exact", "leak"):
        planted, found, missed, wrong = counted[kind]
        assert planted > 0
        assert (found, missed, wrong) == (planted, 0, 0)


def test_the_split_of_ours_cuts_no_group_that_is_known(desk: Desk) -> None:
    rows = json.loads(desk.type("curate findings demo --kind leak --format json").stdout)
    assert rows
    assert {row["evidence"] is not None and "source_split:sample" in row["message"] for row in rows} == {True}


def test_the_numbers_of_both_models_follow_the_schema_and_have_intervals(desk: Desk) -> None:
    metrics = json.loads((desk.folder / "run" / "metrics.json").read_text(encoding="utf-8"))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert set(metrics["runs"]) == {"baseline", "metadata-only"}
    for run in metrics["runs"].values():
        jsonschema.validate(run, schema)
        (auroc,) = [one for one in run["values"] if (one["metric"], one["group_id"]) == ("auroc", "overall")]
        assert 0 <= auroc["lo"] <= auroc["value"] <= auroc["hi"] <= 1
    assert metrics["runs"]["metadata-only"]["comparisons"]
    for report in ("report.html", "report.md"):
        assert "metadata-only" in (desk.folder / "run" / report).read_text(encoding="utf-8")


def test_everything_typed_again_changes_nothing(desk: Desk) -> None:
    versions, images, run = desk.versions(), desk.hashes("demo/images"), desk.hashes("run")
    again = {line: desk.type(line) for line in (INGEST, CHECK, SPLIT, RUN)}
    assert [done.returncode for done in again.values()] == [0, 0, 0, 0]
    assert "0 added, 0 changed, 160 unchanged" in again[INGEST].stdout
    for line in (CHECK, SPLIT):
        assert "Nothing new" in again[line].stdout
    assert again[RUN].stdout.count("done before") == 2
    assert (desk.versions(), desk.hashes("demo/images"), desk.hashes("run")) == (versions, images, run)
    assert versions == ["ingest", "check", "split", "check"]


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("curate check nowhere", 5, "'nowhere' does not exist"),
        ("curate verify run", 5, "'run' is no dataset"),
        ("curate ingest sample --into run", 5, "'run' holds something else"),
        ("curate check demo --split defualt", 3, "'defualt' is no split of this dataset. Its splits: default"),
        ("curate findings demo --kind leek", 3, "Did you mean leak"),
        ("curate check demo --only leakage --fail-on leak", 10, "findings of kind leak are marked"),
        (RUN.replace("default", "defualt").replace("--out run", "--out new"), 3, "'defualt' is no split"),
        (RUN.replace("malignant", "malignent").replace("--out run", "--out new"), 3, "'malignent' is no task"),
        (RUN.replace("metadata-only", "metadata").replace("--out run", "--out new"), 3, "'metadata' is no model"),
        (RUN.replace("--data demo", "--data nowhere").replace("--out run", "--out new"), 5, "'nowhere' does not exist"),
        ("curate check", 2, "Missing argument"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code_and_leaves_nothing(
    desk: Desk, line: str, code: int, words: str
) -> None:
    done = desk.type(line)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    errors = [each for each in done.stderr.splitlines() if each.startswith("Error: ")]
    assert words in done.stderr
    assert len(errors) == 1 or code == 2
    assert sorted(path.name for path in desk.folder.iterdir()) == ["cache", "demo", "run"]


def test_a_dataset_of_a_newer_program_is_left_alone(desk: Desk) -> None:
    shutil.copytree(desk.folder / "demo", desk.folder.parent / "newer", dirs_exist_ok=True)
    file = desk.folder.parent / "newer" / "dataset.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(facts | {"schema_version": facts["schema_version"] + 1}), encoding="utf-8")
    for line in (f"curate check {file.parent}", f"curate ingest sample --limit 2 --into {file.parent}"):
        done = desk.type(line)
        assert (done.returncode, "Traceback" in done.stderr) == (5, False)
        assert "Upgrade" in done.stderr
    shutil.rmtree(file.parent)
