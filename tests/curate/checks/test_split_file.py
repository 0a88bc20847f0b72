"""A foreign split: which names it may use, and what is said where it does not fit the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from curate.checks.split_file import read_split
from schemas.errors import DataFault, UserError


def view(*ids: str, status: Mapping[str, str] | None = None, excluded: tuple[str, ...] = ()) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample_id": ids,
            "source_image_id": [each.split(":")[1] for each in ids],
            "row_status": [(status or {}).get(each, "active") for each in ids],
            "excluded": [each in excluded for each in ids],
        }
    )


SAMPLES = view("clinic:a", "clinic:b", "clinic:c")


def file_of(tmp_path: Path, text: str, name: str = "mine.csv") -> Path:
    file = tmp_path / name
    file.write_bytes(text.encode())
    return file


def parts(file: Path, samples: pd.DataFrame = SAMPLES) -> set[tuple[str, str]]:
    rows = read_split(file, samples).rows
    assert set(rows["split_name"]) == {file.name}
    return set(zip(rows["sample_id"], rows["role"], strict=True))


A_AND_B = {("clinic:a", "train"), ("clinic:b", "test")}


@pytest.mark.parametrize(
    "text",
    [
        "sample_id,role\nclinic:a,train\nclinic:b,test\n",
        "image,split\na,train\nb,test\n",
        "image,split\na.jpg,train\nimages/b.png,test\n",
        "split,image\ntrain,C:\\images\\a.jpg\ntest,b\n",
        "\ufeffsample_id;role\r\nclinic:a; train\r\nclinic:b;test\r\n",
        "sample_id\trole\nclinic:a\ttrain\nclinic:b\ttest\n",
        'sample_id,note,role\n"clinic:a","two,\nlines",train\nclinic:b,,test\n',
        "sample_id,role\n\nclinic:a,train\n,\nclinic:b,test\n",
    ],
)
def test_samples_are_found_by_their_id_or_by_the_name_of_their_image(tmp_path: Path, text: str) -> None:
    assert parts(file_of(tmp_path, text)) == A_AND_B


def test_folds_are_parts(tmp_path: Path) -> None:
    file = file_of(tmp_path, "image,fold\na,0\nb,1\n")
    assert parts(file) == {("clinic:a", "fold 0"), ("clinic:b", "fold 1")}


def test_the_order_of_lines_changes_nothing(tmp_path: Path) -> None:
    lines = ["a,train", "b,test", "c,val", "a,test"]
    one = read_split(file_of(tmp_path, "\n".join(["image,role", *lines])), SAMPLES)
    other = read_split(file_of(tmp_path, "\n".join(["image,role", *reversed(lines)])), SAMPLES)
    assert one.rows.equals(other.rows)
    assert one.notes == other.notes


def test_a_sample_in_two_parts_has_a_row_in_each(tmp_path: Path) -> None:
    file = file_of(tmp_path, "image,role\na,train\nb,test\na,test\nc,val\n")
    assert parts(file) == {*A_AND_B, ("clinic:a", "test"), ("clinic:c", "val")}
    assert read_split(file, SAMPLES).notes == ("mine.csv: 1 samples stand in two parts (clinic:a).",)


def test_a_split_that_fits_needs_no_words(tmp_path: Path) -> None:
    assert read_split(file_of(tmp_path, "image,role\na,train\nb,test\nc,val\n"), SAMPLES).notes == ()


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        ("b,test\nc,val\nx,test", "1 names are no image of this dataset (x)."),
        ("b,test", "1 samples of this dataset are in no part (clinic:c)."),
        ("b,test\nc,", "1 samples of this dataset are in no part (clinic:c)."),
        ("b,test\nc,val\nc,val", "1 samples stand in several lines of one part (clinic:c)."),
        ("b,test\nc,val\nx,holdout", "1 parts hold no image that was looked at (holdout)."),
        ("b,test\nc,val\nv,x\nw,x\nx,x\ny,x", "4 names are no image of this dataset (v, w, x and 1 more)."),
    ],
)
def test_what_does_not_fit_is_counted_with_examples(tmp_path: Path, lines: str, note: str) -> None:
    assert f"mine.csv: {note}" in read_split(file_of(tmp_path, f"image,role\na,train\n{lines}\n"), SAMPLES).notes


def test_withdrawn_and_excluded_samples_are_named_and_need_no_part(tmp_path: Path) -> None:
    samples = view("clinic:a", "clinic:b", "clinic:c", status={"clinic:b": "withdrawn"}, excluded=("clinic:c",))
    notes = read_split(file_of(tmp_path, "image,role\na,train\nb,train\n"), samples).notes
    assert notes == ("mine.csv: 1 samples are withdrawn or excluded and were not looked at (clinic:b).",)


def test_an_image_name_of_two_sources_is_asked_for_by_sample_id(tmp_path: Path) -> None:
    samples = view("clinic:a", "archive:a", "clinic:b")
    file = file_of(tmp_path, "image,role\na.jpg,train\nb,test\n")
    assert parts(file, samples) == {("clinic:b", "test")}
    assert "mine.csv: 1 names are image ids of several sources: write sample ids (a.jpg)." in (
        read_split(file, samples).notes
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("picture,role\na,train\n", ["mine.csv, row 1", "has no column sample_id or image", "picture, role"]),
        ("image,rolle\na,train\n", ["mine.csv, row 1", "has no column role or split or fold", "Rename 'rolle'"]),
        ("", ["mine.csv, row 1", "has no column"]),
        ("image,role\nx,train\n", ["mine.csv", "puts no image of this dataset into a part"]),
        ("image,role\na,\n", ["mine.csv", "puts no image of this dataset into a part"]),
    ],
)
def test_a_file_that_is_no_split_is_refused(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(DataFault) as caught:
        read_split(file_of(tmp_path, text), SAMPLES)
    for word in words:
        assert word in str(caught.value)


def test_text_that_is_not_utf8_is_said(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes("image,role\nснимок,train\n".encode("cp1251"))
    with pytest.raises(DataFault, match="no table in UTF-8"):
        read_split(file, SAMPLES)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no file"):
        read_split(tmp_path / "none.csv", SAMPLES)
