from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from curate.store import images


def test_a_file_lies_under_its_hash(tmp_path: Path) -> None:
    sha256 = images.put(tmp_path, b"picture", "jpeg")
    assert sha256 == hashlib.sha256(b"picture").hexdigest()
    assert (tmp_path / "images" / sha256[:2] / f"{sha256}.jpeg").read_bytes() == b"picture"


def test_a_file_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    path = images.path_of(tmp_path, images.put(tmp_path, b"picture", "jpeg"), "jpeg")
    before = path.stat()
    images.put(tmp_path, b"picture", "jpeg")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_damaged_file_is_healed_by_putting_it_again(tmp_path: Path) -> None:
    path = images.path_of(tmp_path, images.put(tmp_path, b"picture", "jpeg"), "jpeg")
    path.write_bytes(b"pictura")
    images.put(tmp_path, b"picture", "jpeg")
    assert path.read_bytes() == b"picture"


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="directory"):
        images.write_whole(tmp_path / "taken", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
