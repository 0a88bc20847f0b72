"""One battery over every adapter, on small collections in the layout that the publisher's download really has.

``fakes/NAME`` holds the tables; ``pictures.txt`` names the pictures, which are drawn when a test asks for them.
What is special to an adapter is tested in ``test_adapter_rules.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import sources
from curate.dataset import load_dataset
from curate.ingest.pour import Request
from curate.ingest.run import Plan, ingest
from curate.ingest.writing import Summary
from schemas import vocabulary
from schemas.errors import DataFault, Fault, Unavailable, UserError
from schemas.tables import COLUMNS
from sources.source import Options, Row

FAKES = Path(__file__).parent / "fakes"


@dataclass(frozen=True)
class Layout:
    """What a fake holds: rows, its main table with the column that names the picture, and tables that it needs."""

    rows: int
    table: str = ""
    key: str = ""
    needs: tuple[str, ...] = ()


LAYOUTS = {
    "bcn20000": Layout(4, "bcn_20k_train.csv", "bcn_filename"),
    "ddi": Layout(2, "ddi_metadata.csv", "DDI_file"),
    "derm7pt": Layout(6, "meta.csv", "derm"),
    "dermamnist": Layout(4),
    "fitzpatrick17k": Layout(3, "fitzpatrick17k.csv", "md5hash"),
    "ham10000": Layout(2, "HAM10000_metadata.csv", "image_id"),
    "isic2019": Layout(5, "ISIC_2019_Training_Metadata.csv", "image", ("ISIC_2019_Training_GroundTruth.csv",)),
    "isic2020": Layout(5, "ISIC_2020_Training_GroundTruth_v2.csv", "image_name"),
    "isic2024": Layout(3, "train-metadata.csv", "isic_id"),
    "isic_csv": Layout(3, "metadata.csv", "isic_id"),
    "mednode": Layout(3),
    "midas": Layout(3, "release_midas.xlsx", "midas_file_name"),
    "milk10k": Layout(6, "MILK10k_Training_Metadata.csv", "isic_id", ("MILK10k_Training_GroundTruth.csv",)),
    "pad_ufes20": Layout(2, "metadata.csv", "img_id"),
    "ph2": Layout(2, "PH2_dataset.xlsx", "Image Name"),
    "scin": Layout(4, "scin_cases.csv", "case_id", ("scin_labels.csv",)),
}
each_adapter = pytest.mark.parametrize("name", sorted(LAYOUTS))
each_with_a_table = pytest.mark.parametrize("name", sorted(name for name, layout in LAYOUTS.items() if layout.table))
each_with_files = pytest.mark.parametrize("name", sorted(LAYOUTS.keys() - {"dermamnist"}))
Fake = Callable[[str], Path]
Change = Callable[[Path, Callable[[str], str]], None]


def read(name: str, folder: Path, **options: bool) -> list[Row | Fault]:
    return list(sources.load(name).rows(Options(location=str(folder), **options)))


def rows_of(found: list[Row | Fault]) -> list[Row]:
    return [each for each in found if isinstance(each, Row)]


def pour(name: str, folder: Path, into: Path) -> Summary:
    return ingest(
        Plan(sources.load(name), Options(location=str(folder)), Request(), strict=True),
        into,
        arguments={"location": str(folder)},
    )


def first_picture(name: str) -> str:
    return (FAKES / name / "pictures.txt").read_text(encoding="utf-8").split("\n")[0]


@each_adapter
def test_the_whole_layout_is_read_with_all_its_pictures(name: str, fake: Fake) -> None:
    found = read(name, fake(name))
    assert [str(each) for each in found if isinstance(each, Fault)] == []
    assert len(found) == LAYOUTS[name].rows
    assert all(row.image is not None and len(row.image.open()) > 50 for row in rows_of(found))


@each_adapter
def test_a_second_ingest_of_the_same_files_makes_no_version(name: str, fake: Fake, tmp_path: Path) -> None:
    folder, into = fake(name), tmp_path / "dataset"
    first = pour(name, folder, into)
    samples = load_dataset(into).samples()
    assert len(samples) == LAYOUTS[name].rows
    assert set(samples["image_status"]) == {"stored"}
    assert not first.outcome.events.unmapped
    second = pour(name, folder, into)
    assert not second.committed
    assert second.version == first.version


@each_adapter
def test_every_code_is_one_of_the_vocabulary(name: str, fake: Fake) -> None:
    lists = {column.name: set(vocabulary.codes(column.codes)) for column in COLUMNS["samples"] if column.codes}
    columns = {column.name for column in COLUMNS["samples"]}
    for row in rows_of(read(name, fake(name))):
        assert set(row.fields) <= columns
        assert not row.unmapped
        for column, value in row.fields.items():
            values = value if isinstance(value, list) else [value]
            if column in lists:
                assert set(values) - {None} <= lists[column], column


@each_adapter
def test_an_empty_folder_says_what_is_missing_and_where_it_is_found(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(name, tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert sources.load(name).sheet.how_to_get in str(caught.value)


@each_adapter
def test_without_a_location_the_user_is_told_where_to_get_the_files(name: str) -> None:
    with pytest.raises(Unavailable, match="Then name the folder"):
        list(sources.load(name).rows(Options()))


@each_with_a_table
def test_a_table_of_another_kind_is_refused_with_the_columns_it_lacks(name: str, fake: Fake, change: Change) -> None:
    folder, layout = fake(name), LAYOUTS[name]
    change(next(folder.rglob(layout.table)), lambda text: text.replace(layout.key, "something", 1))
    with pytest.raises(DataFault, match=f"has no column.*{layout.key}"):
        read(name, folder)


def needed() -> Iterator[tuple[str, str]]:
    return ((name, table) for name, layout in LAYOUTS.items() for table in layout.needs)


@pytest.mark.parametrize(("name", "table"), sorted(needed()))
def test_a_further_table_that_is_missing_is_named(name: str, table: str, fake: Fake) -> None:
    folder = fake(name)
    next(folder.rglob(table)).unlink()
    with pytest.raises(UserError, match=table):
        read(name, folder)


@each_with_a_table
def test_a_missing_picture_is_counted_and_its_row_stays(name: str, fake: Fake) -> None:
    folder = fake(name)
    (folder / first_picture(name)).unlink()
    found = read(name, folder)
    assert len(rows_of(found)) == LAYOUTS[name].rows
    assert any(row.image is None for row in rows_of(found))


@each_with_files
def test_a_picture_that_no_row_names_is_named(name: str, fake: Fake) -> None:
    folder = fake(name)
    (folder / "holiday.png").write_bytes((folder / first_picture(name)).read_bytes())
    faults = [each for each in read(name, folder) if isinstance(each, Fault)]
    assert [(fault.rule, str(fault.place)) for fault in faults] == [("I13", "holiday.png")]


@each_with_a_table
def test_a_picture_that_two_rows_name_keeps_its_second_row_out(
    name: str, fake: Fake, change: Change, tmp_path: Path
) -> None:
    folder = fake(name)
    change(next(folder.rglob(LAYOUTS[name].table)), lambda text: text + text.rstrip("\n").split("\n")[-1] + "\n")
    with pytest.raises(DataFault) as caught:
        pour(name, folder, tmp_path / "dataset")
    assert {fault.rule for fault in caught.value.faults} == {"K01"}


@each_with_files
def test_metadata_alone_opens_no_picture(name: str, fake: Fake) -> None:
    folder = fake(name)
    for file in (FAKES / name / "pictures.txt").read_text(encoding="utf-8").split("\n"):
        if file:
            (folder / file).write_bytes(b"")
    found = read(name, folder, metadata_only=True)
    assert len(found) == LAYOUTS[name].rows


@each_adapter
def test_the_fact_sheet_says_what_a_user_needs(name: str) -> None:
    sheet = sources.load(name).sheet
    assert sheet.licence in vocabulary.codes("licence")
    assert sheet.access in vocabulary.codes("access")
    assert sheet.citation
    assert sheet.known_problems
    assert sheet.composition.get("images") == sheet.declared_images
    assert sheet.how_to_get.endswith(".")
