"""Profiles: strict where people write them, complete and readable where they are drafted."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import DataFault, UserError
from sources.profile import draft, read_profile

PROFILES = Path(__file__).parent / "profiles"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("images: [Фото]\ncolums: {sex: Пол}\n", 2, "Did you mean columns?"),
        ("images: [Фото]\ncolumns:\n  sexe: Пол\n", 3, "Did you mean sex?"),
        ("images: [Фото]\ncolumns:\n  site: {colum: Где}\n", 3, "Did you mean column?"),
        ("images: [Фото]\nids: {patient: {column: ФИО, pseudonym: false}}\n", 2, "cannot be switched off"),
        ("images: [Фото]\ncolumns:\n  age: {column: A, pattern: '(\\d+'}\n", 3, "no regular expression"),
        ("images: [Фото]\ncolumns:\n  age: {column: A, pattern: '\\d+'}\n", 3, "one group"),
        ("images: [Фото]\nheader_row: первая\n", 2, "no number"),
        ("images: [Фото]\nheader_rows: [2, 5]\n", 2, "follow each other"),
        ("images: [Фото]\ncolumns:\n  size: {column: d, unit: inch}\n", 3, "none of mm, cm"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_remedy(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(DataFault) as raised:
        read_profile(written(tmp_path, text))
    assert raised.value.place is not None
    assert (raised.value.place.file, raised.value.place.row) == ("p.yaml", line)
    assert says in str(raised.value)


def test_a_profile_without_pictures_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="names no column of pictures"):
        read_profile(written(tmp_path, "columns: {sex: Пол}\n"))


def test_a_profile_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_profile(tmp_path / "absent.yaml")


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_ready_profiles_are_read(path: Path) -> None:
    assert read_profile(path).format in {"ru_table/1", "ru_folders/1"}


def test_diagnoses_are_read_in_the_order_of_their_ranks(tmp_path: Path) -> None:
    text = "images: [Фото]\ncolumns:\n  diagnosis:\n  - {column: А, rank: 2, certainty: suspected}\n  - {column: Б, rank: 1}\n"  # noqa: E501 - a row of a table as people type it
    read = read_profile(written(tmp_path, text))
    assert [(each.column.names, each.certainty) for each in read.diagnoses] == [
        (("Б",), "definite"),
        (("А",), "suspected"),
    ]


def table(tmp_path: Path, text: str) -> str:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_draft_reads_back_as_a_profile(tmp_path: Path) -> None:
    file = table(tmp_path, 'Диагноз: какой?;"Пол #1";Фото, файл\nНевус;м;a.jpg\n')
    read = read_profile(written(tmp_path, draft(file)))
    assert [each.column.names for each in read.diagnoses] == [("Диагноз: какой?",)]
    assert read.images[0].names == ("Фото, файл",)


def test_a_draft_says_which_column_is_preliminary_and_which_decides(tmp_path: Path) -> None:
    text = "Предварительный диагноз;Решение консилиума;Макро;Дерматоскопия\nневус?;невус;a.jpg;b.jpg\n"
    read = read_profile(written(tmp_path, draft(table(tmp_path, text.replace("Решение", "Заключение")))))
    assert [(each.column.names[0], each.certainty, each.confirm) for each in read.diagnoses] == [
        ("Заключение консилиума", "definite", "консилиум"),
        ("Предварительный диагноз", "suspected", None),
    ]
    assert [each.type for each in read.images] == ["clinical: close-up", "dermoscopic"]


def test_a_draft_quotes_examples_but_nobody(tmp_path: Path) -> None:
    rows = ("Тестов И.И.;+79000000001;Невус;Тестов_1.jpg", "Пробин П.П.;+79000000002;Базалиома;b.jpg")
    text = "\n".join(("ФИО;Телефон;Диагноз;Фото", *rows, ""))
    drafted = draft(table(tmp_path, text))
    assert "Невус | Базалиома" in drafted
    assert not [secret for secret in ("Тестов", "Пробин", "9000000001") if secret in drafted]


def test_a_name_says_less_than_what_the_cells_hold(tmp_path: Path) -> None:
    text = "Код;Очаг;Дополнение;Имя файла\nС44.3;нос;8090/3;a.jpg\nD22.5;спина;8720/0;b.jpg\nL82;щека;;c.jpg\n"
    read = read_profile(written(tmp_path, draft(table(tmp_path, text))))
    assert {meaning: column.names for meaning, column in read.columns.items()} == {
        "icd10": ("Код",),
        "site": ("Очаг",),
        "icdo3": ("Дополнение",),
    }


def test_age_and_sex_are_taken_out_of_one_text(tmp_path: Path) -> None:
    text = "Пол, возраст;Диагноз;Фото\nж, 45 лет;Невус;a.jpg\nм, 7 лет;Невус;b.jpg\n"
    read = read_profile(written(tmp_path, draft(table(tmp_path, text))))
    assert read.columns["age"].pattern is not None
    assert read.columns["sex"].pattern is not None


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="holds no table and no picture"):
        draft(str(tmp_path))
    with pytest.raises(DataFault, match="no column of pictures"):
        draft(table(tmp_path, "Диагноз;Пол\nНевус;м\n"))
