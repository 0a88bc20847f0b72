from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import sources
from schemas.errors import DataFault, Fault, UserError
from sources.source import Options, Row

MAPPING = """
table: reestr.csv
encoding: cp1251
columns:
  source_image_id: Снимок
  file: Файл
  patient_id: Пациент
  lesion_id: Очаг
  diagnosis_path: Диагноз
  age_years: Возраст
values:
  diagnosis_path: {невус: Nevus}
missing:
  age_years: ["-1"]
constants: {image_type: dermoscopic, licence: CC-BY-4.0, attribution: Our clinic}
lesion_ids: within_patient
"""
TABLE = "Снимок;Файл;Пациент;Очаг;Диагноз;Возраст;ФИО\nс1;1.jpg;7;1;невус;-1;Иванова М. П.\n"


def read(location: Path, **options: object) -> list[Row | Fault]:
    return list(sources.load("folder").rows(Options(str(location), **options)))


def only(location: Path, **options: object) -> Row:
    (row,) = [each for each in read(location, **options) if isinstance(each, Row)]
    return row


def beside(tmp_path: Path, table: str, *files: str) -> Path:
    (tmp_path / "metadata.csv").write_text(table, encoding="utf-8")
    for file in files:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def test_columns_of_the_schema_are_read_under_their_own_names(tmp_path: Path) -> None:
    table = "image,file,patient_id,lesion_id,fitzpatrick,site_path,external_ids,sites\n"
    cells = 'a,1.jpg,P1,L1,2,Back of hand,"{""md5"": ""f""}",Trunk|Upper extremity\n'
    row = only(beside(tmp_path, table + cells.replace("Back of hand", "Trunk"), "1.jpg"))
    assert row.fields["source_image_id"] == "a"
    assert (row.fields["patient_id"], row.fields["lesion_id"]) == ("folder:P1", "folder:L1")
    assert row.fields["skin_tones"] == [
        {"scale": "fitzpatrick", "value": "II", "rater": "table", "rater_role": "publisher", "gradable": True}
    ]
    assert row.fields["external_ids"] == [("md5", "f")]
    assert row.fields["sites"] == ["Trunk", "Upper extremity"]
    assert row.image is not None
    assert row.image.open() == b"x"


def test_a_file_is_found_by_path_without_regard_to_case_and_ending(tmp_path: Path) -> None:
    row = only(beside(tmp_path, "image,file\na,IMG/One.PNG\n", "img/one.jpg"))
    assert row.image is not None
    assert row.image.name == "img/one.jpg"


def test_a_table_without_a_file_column_names_pictures_by_id(tmp_path: Path) -> None:
    row = only(beside(tmp_path, "image\none\n", "deep/one.jpg"))
    assert row.image is not None


def test_a_table_without_ids_takes_the_path_as_id(tmp_path: Path) -> None:
    assert only(beside(tmp_path, "file\ndeep/1.jpg\n", "deep/1.jpg")).fields["source_image_id"] == "deep/1.jpg"


@pytest.mark.parametrize("file", ["../secret.jpg", "/etc/passwd", "a/../../b.jpg", "..\\b.jpg"])
def test_a_path_that_leaves_the_folder_opens_nothing(file: str, tmp_path: Path) -> None:
    row = only(beside(tmp_path, f"image,file\na,{file}\n"))
    assert row.image is not None
    with pytest.raises(OSError, match="leaves the folder"):
        row.image.open()


def test_a_file_inside_an_archive_below_the_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "part.zip", "w") as packed:
        packed.writestr("in/1.jpg", b"packed")
    row = only(beside(tmp_path, "image,file\na,part.zip/in/1.jpg\n"))
    assert row.image is not None
    assert row.image.open() == b"packed"


def test_pictures_that_no_row_names_are_faults(tmp_path: Path) -> None:
    found = read(beside(tmp_path, "image,file\na,1.jpg\n", "1.jpg", "2.jpg"))
    assert [(each.rule, str(each.place)) for each in found if isinstance(each, Fault)] == [("I13", "2.jpg")]


def test_a_mapping_reads_a_russian_table_and_leaves_names_out(tmp_path: Path) -> None:
    (tmp_path / "reestr.csv").write_bytes(TABLE.encode("cp1251"))
    (tmp_path / "1.jpg").write_bytes(b"x")
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    found = read(tmp_path, mapping=tmp_path / "m.yaml")
    (row,) = [each for each in found if isinstance(each, Row)]
    assert row.fields["source_image_id"] == "с1"
    assert row.fields["lesion_id"] == "folder:7/1"
    assert row.fields["diagnosis_path"] == "Benign:Benign melanocytic proliferations:Nevus"
    assert "age_years" not in row.fields
    assert (row.fields["image_type"], row.fields["licence"]) == ("dermoscopic", "CC-BY-4.0")
    assert "Иванова" not in str(row)
    assert [(each.rule, each.severity, each.column) for each in found if isinstance(each, Fault)] == [
        ("R05", "note", "ФИО")
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colums: {}", "row 1: 'colums' is no key here. Did you mean columns?"),
        ("columns:\n  sexx: a", "row 2: 'sexx' is no key here. Did you mean sex?"),
        ("columns: [a]", "row 1: is not a list of `key: value`"),
        ("lesion_ids: sometimes", "'sometimes' is neither unique nor within_patient"),
        ("columns: {sex: a", "is no YAML"),
        ("columns: {sex: Geschlecht}", "has no column 'Geschlecht'"),
    ],
)
def test_a_wrong_mapping_is_named_by_line_before_any_row_is_read(text: str, said: str, tmp_path: Path) -> None:
    root = beside(tmp_path, "image,file\na,1.jpg\n")
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(DataFault) as caught:
        read(root, mapping=tmp_path / "m.yaml")
    assert said in str(caught.value)


def test_a_folder_without_pictures_and_no_location_say_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no picture"):
        read(tmp_path)
    with pytest.raises(UserError, match="needs a LOCATION"):
        list(sources.load("folder").rows(Options()))


def test_a_file_name_with_a_persons_name_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "Иванова М. П..jpg").write_bytes(b"x")
    (fault,) = read(tmp_path)
    assert isinstance(fault, Fault)
    assert (fault.rule, fault.severity) == ("R05", "error")
