from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from schemas.errors import DataFault, Fault, UserError
from sources.reading.images import Pictures, list_files
from sources.source import ImageRef


def put(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_folders_and_the_archives_in_them_are_listed_without_litter(tmp_path: Path) -> None:
    put(tmp_path / "b/2.jpg")
    put(tmp_path / "a/1.JPG")
    put(tmp_path / "a/._1.JPG")
    put(tmp_path / ".DS_Store")
    put(tmp_path / "a/Thumbs.db")
    with zipfile.ZipFile(tmp_path / "part.zip", "w") as packed:
        packed.writestr("in/3.png", b"3")
        packed.writestr("__MACOSX/in/._3.png", b"")
    found = list_files(str(tmp_path))
    assert [file.path for file in found.files] == ["a/1.JPG", "b/2.jpg", "part.zip/in/3.png"]
    assert [file.ref.open() for file in found.files] == [b"x", b"x", b"3"]
    assert [file.path for file in list_files(str(tmp_path), archives=False).files] == ["a/1.JPG", "b/2.jpg"]


def test_an_archive_as_location_is_a_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        packed.writestr("x/1.jpg", b"1")
    assert [file.path for file in list_files(str(tmp_path / "all.zip")).files] == ["x/1.jpg"]


def test_a_hostile_archive_below_a_folder_is_a_fault_and_as_location_an_error(tmp_path: Path) -> None:
    put(tmp_path / "1.jpg")
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        packed.writestr("../out.jpg", b"1")
    found = list_files(str(tmp_path))
    assert [file.path for file in found.files] == ["1.jpg"]
    assert [fault.rule for fault in found.faults] == ["I03"]
    with pytest.raises(DataFault, match="leaves the folder"):
        list_files(str(tmp_path / "bad.zip"))


def test_a_location_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match="'/nowhere/at/all' does not exist"):
        list_files("/nowhere/at/all")


def test_masks_are_no_pictures(tmp_path: Path) -> None:
    for name in ("1.jpg", "1_segmentation.png", "1_mask.PNG", "notes.txt"):
        put(tmp_path / name)
    assert [file.path for file in list_files(str(tmp_path)).pictures()] == ["1.jpg"]


def test_pictures_are_found_by_stem_whatever_the_ending_and_case(tmp_path: Path) -> None:
    put(tmp_path / "deep/PAT_1.jpg", b"p")
    pictures = Pictures(list_files(str(tmp_path)).files)
    for name in ("PAT_1", "PAT_1.png", "pat_1.JPG"):
        found = pictures.find(name)
        assert isinstance(found, ImageRef)
        assert found.open() == b"p"
    assert pictures.find("PAT_2") is None


def test_copies_of_one_file_are_one_picture_and_two_different_ones_a_fault(tmp_path: Path) -> None:
    put(tmp_path / "a/1.jpg", b"same")
    put(tmp_path / "b/1.jpg", b"same")
    put(tmp_path / "a/2.jpg", b"one")
    put(tmp_path / "b/2.png", b"another")
    pictures = Pictures(list_files(str(tmp_path)).files)
    assert isinstance(pictures.find("1"), ImageRef)
    assert isinstance(pictures.find("2"), Fault)
    exact = pictures.find("2.png")
    assert isinstance(exact, ImageRef)
    assert exact.open() == b"another"


def test_pictures_that_nobody_asked_for_are_named(tmp_path: Path) -> None:
    put(tmp_path / "1.jpg")
    put(tmp_path / "2.jpg")
    pictures = Pictures(list_files(str(tmp_path)).files)
    pictures.find("1")
    assert [(fault.rule, str(fault.place)) for fault in pictures.unnamed(table="t.csv")] == [("I13", "2.jpg")]
