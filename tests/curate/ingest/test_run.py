from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from curate.dataset import load_dataset

Folder = Callable[..., Path]
CURATE = Path(sys.executable).with_name("curate")


def curate(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CURATE, *map(str, words)], capture_output=True, text=True, check=False)


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
