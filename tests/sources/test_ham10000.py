from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import sources
from schemas.errors import DataFault, Fault, Unavailable, UserError
from sources.source import Options, Row

HEADER = "lesion_id,image_id,dx,dx_type,age,sex,localization,dataset\n"
LINE = "HAM_0000118,ISIC_0027419,bkl,histo,80.0,male,scalp,vidir_modern\n"


def read(location: Path | None, **options: object) -> list[Row | Fault]:
    return list(sources.load("ham10000").rows(Options(str(location) if location else None, **options)))


def rows(location: Path, **options: object) -> list[Row]:
    found = read(location, **options)
    assert [each for each in found if isinstance(each, Fault)] == []
    return [each for each in found if isinstance(each, Row)]


def table(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "HAM10000_metadata.csv"
    path.write_text(header + "".join(lines))
    return path


def test_a_row_of_the_table_is_coded_and_kept_letter_by_letter(tmp_path: Path) -> None:
    (row,) = rows(table(tmp_path, LINE), metadata_only=True)
    assert row.fields["source_image_id"] == row.fields["isic_id"] == "ISIC_0027419"
    assert row.fields["lesion_id"] == "ham10000:HAM_0000118"
    assert (row.fields["age_years"], row.fields["age_method"]) == (80, "rounded_5_capped_85")
    assert row.fields["site_path"] == "Head and neck:Head:Scalp"
    assert row.fields["confirm_type"] == "histopathology"
    assert (row.fields["diagnosis_kind"], row.fields["image_type"]) == ("group", "dermoscopic")
    assert row.raw["age"] == "80.0"
    assert str(row.place) == "HAM10000_metadata.csv, row 2"


def test_age_zero_is_an_age_and_an_empty_cell_is_none(tmp_path: Path) -> None:
    found = rows(table(tmp_path, LINE.replace("80.0", "0"), LINE.replace("80.0", "")), metadata_only=True)
    assert [row.fields.get("age_years") for row in found] == [0, None]


def test_values_without_a_code_are_unmapped_and_not_guessed(tmp_path: Path) -> None:
    line = LINE.replace("bkl", "melanoma").replace("scalp", "head")
    (row,) = rows(table(tmp_path, line), metadata_only=True)
    assert row.unmapped == {"diagnosis_path": "melanoma", "site_path": "head"}
    assert row.fields["diagnosis_kind"] == "unmapped"


def test_an_id_with_an_ending_is_the_same_id(tmp_path: Path) -> None:
    (row,) = rows(table(tmp_path, LINE.replace("ISIC_0027419", "ISIC_0027419.jpg")), metadata_only=True)
    assert row.fields["source_image_id"] == "ISIC_0027419"


def test_an_age_that_is_no_number_names_row_column_and_value(tmp_path: Path) -> None:
    (fault,) = read(table(tmp_path, LINE.replace("80.0", "8S")), metadata_only=True)
    assert isinstance(fault, Fault)
    assert str(fault).startswith("HAM10000_metadata.csv, row 2, column age: '8S'")


def test_what_is_not_there_is_said_with_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"doi:10\.7910"):
        read(None)
    with pytest.raises(UserError, match=r"holds no HAM10000_metadata\.csv"):
        read(tmp_path)
    with pytest.raises(DataFault, match="has no column dx"):
        read(table(tmp_path, header="lesion_id,image_id,dx_type,age,sex,localization\n"), metadata_only=True)


@pytest.mark.real
@pytest.mark.parametrize("name", ["HAM10000_metadata.csv", "HAM10000_metadata_with_dataset.csv"])
def test_the_published_table_has_its_published_counts(name: str, shared: Path) -> None:
    found = rows(shared / "data/tables" / name, metadata_only=True)
    assert len(found) == len({row.fields["source_image_id"] for row in found}) == 10_015
    assert len({row.fields["lesion_id"] for row in found}) == 7_470
    assert Counter(row.raw["dx"] for row in found)["akiec"] == 327
    # schema.md, section 12
    assert sum(row.fields["diagnosis_path"] is not None for row in found) == 9_688
    assert sum(row.fields["site_path"] is not None for row in found) == 9_774
    assert sum(row.fields.get("age_years") is not None for row in found) == 9_958
    assert not any(row.unmapped for row in found)


@pytest.mark.real
def test_folder_and_zip_give_the_same_rows_and_pictures(shared: Path) -> None:
    folder = rows(shared / "data/images/ham10000")
    packed = {row.fields["source_image_id"]: row for row in rows(shared / "data/images/ham10000_200x150.zip")}
    assert len(folder) == 900
    assert len(packed) == 6_715
    for row in folder[:20]:
        other = packed[row.fields["source_image_id"]]
        assert row.image is not None
        assert other.image is not None
        assert row.image.open() == other.image.open()
        assert row.fields == other.fields
