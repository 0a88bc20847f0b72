"""Kills, races and leftovers: a reader sees whole versions only."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from curate.dataset import Dataset, create_dataset, load_dataset
from curate.store import tables, versions
from schemas.errors import DatasetConflict
from schemas.tables import from_rows

Make = Callable[..., Dataset]
Row = Callable[..., dict[str, object]]

# Writes versions of 50 rows each into samples and findings, as fast as it can; prints a line when it has begun.
ENDLESS_WRITER = """
import sys, uuid
from curate.dataset import load_dataset
from schemas.tables import from_rows
dataset = load_dataset(sys.argv[1])
row = dataset.read("samples").to_pylist(maps_as_pydicts="strict")[0]
finding = {"kind": "blur", "severity": "note", "marked": True, "evidence_sha256": "e", "status": "open", "message": "m",
           "detector": "d", "detector_version": "1", "run_id": "r", "first_version": 1, "last_version": 1}
with dataset.writer("endless", {}) as writer:
    print("begun", flush=True)
    while True:
        names = [uuid.uuid4().hex for _ in range(50)]
        rows = [row | {"sample_id": f"clinic:{name}", "source_image_id": name} for name in names]
        claims = [finding | {"finding_id": f"blur-{name}", "sample_ids": [f"clinic:{name}"]} for name in names]
        for name in names[:5]:
            writer.put_image(name.encode(), "png")
        writer.append("samples", from_rows("samples", rows))
        writer.append("findings", from_rows("findings", claims))
        writer.commit("fifty more", rows_added=50)
"""


def start_writer(root: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS_WRITER, str(root)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.slow
def test_a_killed_writer_leaves_whole_versions_and_no_lock(dataset_of: Make, row: Row) -> None:
    root = dataset_of([row("1")]).root
    moments = random.Random(7)
    for survived in range(5):
        process = start_writer(root)
        time.sleep(moments.uniform(0.0, 0.8))
        kill(process)
        dataset = load_dataset(root)
        samples, findings = len(dataset.samples()), len(dataset.findings())
        assert samples == dataset.log()["rows_added"].sum()
        assert findings == samples - 1 + survived
        with dataset.writer("next", {}) as writer:
            writer.append("findings", from_rows("findings", [finding(f"next-{survived}")]))
            writer.commit("after the kill")
        after = load_dataset(root)
        assert (len(after.samples()), len(after.findings())) == (samples, findings + 1)
    for version, rows in load_dataset(root).log().set_index("version")["rows_added"].cumsum().items():
        assert len(load_dataset(root, at=version).samples()) == rows


def finding(name: str) -> dict[str, object]:
    return {
        "finding_id": f"blur-{name}",
        "kind": "blur",
        "severity": "note",
        "sample_ids": ["clinic:1"],
        "marked": True,
        "evidence_sha256": "e",
        "status": "open",
        "message": "m",
        "detector": "d",
        "detector_version": "1",
        "run_id": "r",
        "first_version": 1,
        "last_version": 1,
    }


def test_a_second_writer_is_told_who_holds_the_dataset_and_a_kill_frees_it(dataset_of: Make, row: Row) -> None:
    root = dataset_of([row("1")]).root
    process = start_writer(root)
    try:
        with pytest.raises(DatasetConflict, match=f"endless, process {process.pid} on ") as caught:
            load_dataset(root).writer("second", {}).__enter__()
        assert caught.value.exit_code == 5
        load_dataset(root).samples()
    finally:
        kill(process)
    with load_dataset(root).writer("second", {}):
        pass


@pytest.mark.parametrize("name", ["writer.lock", "writer.json"])
def test_a_folder_that_cannot_be_written_is_a_conflict(tmp_path: Path, name: str) -> None:
    dataset = create_dataset(tmp_path / "new")
    (dataset.root / name).unlink()
    (dataset.root / name).mkdir()
    with pytest.raises(DatasetConflict, match="cannot be written"), dataset.writer("test", {}):
        pass


def test_rows_of_a_killed_run_are_not_seen_and_do_not_come_back(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    # What a run killed before its log row leaves: a commit in one table, and a table that no version names.
    dead = tables.arranged(from_rows("samples", [row("dead")]), "samples")
    tables.write(dataset.root, "samples", dead, append=True)
    tables.write(dataset.root, "findings", tables.arranged(from_rows("findings", [finding("dead")]), "findings"))
    (dataset.root / "tables" / "embeddings" / "half").mkdir(parents=True)
    notes = dataset.root / "tables" / "notes" / "mine.txt"
    notes.parent.mkdir()
    notes.write_text("no table of ours")
    assert load_dataset(dataset.root).samples()["sample_id"].tolist() == ["clinic:1"]
    assert len(load_dataset(dataset.root).findings()) == 0
    with dataset.writer("next", {}) as writer:
        writer.append("samples", from_rows("samples", [row("2")]))
        writer.append("findings", from_rows("findings", [finding("alive")]))
        writer.commit("next")
    assert load_dataset(dataset.root).samples()["sample_id"].tolist() == ["clinic:1", "clinic:2"]
    assert load_dataset(dataset.root).findings()["finding_id"].tolist() == ["blur-alive"]
    assert not (dataset.root / "tables" / "embeddings" / "half").exists()
    assert notes.read_text() == "no table of ours"


def test_a_log_that_was_made_but_never_written_is_a_dataset_without_versions(tmp_path: Path, row: Row) -> None:
    dataset = create_dataset(tmp_path / "new")
    tables.write(dataset.root, "log", from_rows("log", []))
    assert load_dataset(dataset.root).version == 0
    with dataset.writer("first", {}) as writer:
        writer.append("samples", from_rows("samples", [row("1")]))
        assert writer.commit("first") == 1


def test_two_writers_cannot_make_the_same_version(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    parent = versions.find(dataset.root)
    change = versions.Change("run", "race", {}, "second")
    versions.commit(dataset.root, parent, parent.tables, change)
    with pytest.raises(DatasetConflict, match="version 2"):
        versions.commit(dataset.root, parent, parent.tables, change)
    assert load_dataset(dataset.root).log()["version"].tolist() == [1, 2]


def test_of_two_writers_at_the_same_moment_one_makes_the_version(dataset_of: Make, row: Row) -> None:
    root = dataset_of([row("1")]).root
    for number in range(2, 8):
        parent = versions.find(root)
        start = threading.Barrier(2)

        def race(name: str, parent: versions.Version = parent, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                versions.commit(root, parent, parent.tables, versions.Change(name, "race", {}, name))
            except DatasetConflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(race, ["a", "b"])) == [False, True]
        assert load_dataset(root).version == number
    assert load_dataset(root).log()["version"].tolist() == list(range(1, 8))


def test_what_was_read_before_another_command_wrote_cannot_be_written_back(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    stale = load_dataset(dataset.root)
    with dataset.writer("first", {}) as writer:
        writer.append("samples", from_rows("samples", [row("2")]))
        writer.commit("first")
    with pytest.raises(DatasetConflict, match="Run the command again"), stale.writer("second", {}):
        pass


def test_a_lost_table_file_is_a_conflict_that_names_the_version(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    for file in (dataset.root / "tables" / "samples").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(DatasetConflict, match=r"Version 1 names samples@\d+") as caught:
        load_dataset(dataset.root).samples()
    assert "\n" not in str(caught.value)


def test_a_damaged_log_is_a_conflict(dataset_of: Make, row: Row) -> None:
    dataset = dataset_of([row("1")])
    for file in (dataset.root / "tables" / "log" / "_delta_log").glob("*.json"):
        file.write_text("no json")
    with pytest.raises(DatasetConflict, match="version list"):
        load_dataset(dataset.root)
