from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from curate.cli.main import app
from curate.dataset import create_dataset, load_dataset
from curate.store.writer import Writer
from schemas.errors import DatasetConflict

Folder = Callable[..., Path]
CURATE = Path(sys.executable).with_name("curate")


def curate(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CURATE, *map(str, words)], capture_output=True, text=True, check=False)


def ingest(*words: object) -> Result:
    return CliRunner().invoke(app, ["ingest", *(str(word) for word in words)])


@pytest.mark.slow
def test_a_killed_ingest_leaves_the_version_before_and_the_next_one_completes(folder: Folder, tmp_path: Path) -> None:
    root = tmp_path / "d"
    assert curate("ingest", "folder", folder(40, name="first"), "--into", root, "--limit", 5).returncode == 0
    command = [CURATE, "ingest", "folder", tmp_path / "first", "--into", root]
    for seconds in (1.5, 2.5, 3.5):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(seconds)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        assert len(load_dataset(root).samples()) in {5, 40}
        assert curate("verify", root).returncode == 0
    assert curate("ingest", "folder", tmp_path / "first", "--into", root).returncode == 0
    assert len(load_dataset(root).samples()) == 40
    assert curate("verify", root).returncode == 0


def test_a_second_ingest_into_the_same_new_folder_does_not_undo_the_first(folder: Folder, tmp_path: Path) -> None:
    root = folder(2)
    held = create_dataset(tmp_path / "d")
    with held.writer("ingest", {}):
        result = ingest("folder", root, "--into", tmp_path / "d")
        assert isinstance(result.exception, DatasetConflict)
        assert (tmp_path / "d/dataset.json").exists()
    assert ingest("folder", root, "--into", tmp_path / "d").exit_code == 0


def test_ctrl_c_right_after_the_commit_keeps_the_version_and_its_pictures(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Writer.commit

    def interrupted(self: Writer, message: str, **counts: int) -> int:
        commit(self, message, **counts)
        raise KeyboardInterrupt

    monkeypatch.setattr(Writer, "commit", interrupted)
    ingest("folder", folder(2), "--into", tmp_path / "d")
    dataset = load_dataset(tmp_path / "d")
    assert dataset.version == 1
    assert dataset.image("folder:1").shape == (140, 160, 3)
