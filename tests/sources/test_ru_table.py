"""Russian tables of shapes written here, read by drafted and by corrected profiles."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

from schemas.errors import DataFault, Fault, UserError
from sources.profile import draft
from sources.reading.pseudonyms import key_file
from sources.ru_table import SOURCE
from sources.source import Options, Row

BCC = "Malignant:Malignant adnexal epithelial proliferations - Follicular:Basal cell carcinoma"
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma):Melanoma, NOS"
NEVUS = "Benign:Benign melanocytic proliferations:Nevus"

JOURNAL = """ГБУЗ Учебный диспансер;;;;;;;;;
Отчёт за 2022 год;;;;;;;;;
п/п;Ф.И.О. пациента;Дата рожд.;Пол;Дата осмотра;Клинический диагноз;МКБ-10;Локализация очага;Наибольший размер, см;Файл
1;Тестов И.И.;05.03.1965;м;12 мая 2022 г.;БКР?;С44.3;висок слева;0,8х0,6;a1.jpg
2;Проверкина А.А.;1990 г.р.;Ж;5.3.22;меланоцитарный невус;D 22,5;спина;1,5;a2.jpg
3;Проверкина А.А.;1990 г.р.;Ж;5.3.22;Мелонома;;;;a3.jpg
Всего: 3
Исполнитель Петрова О.Н., тел. 22-33-44
"""


def picture(path: Path, level: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = io.BytesIO()
    Image.new("RGB", (32, 32), (level, 80, 60)).save(data, "JPEG")
    path.write_bytes(data.getvalue())


@pytest.fixture(autouse=True)
def _own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMACURATE_PSEUDONYM_KEY", str(tmp_path / "key" / "pseudonym.key"))


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    folder = tmp_path / "clinic"
    for number in (1, 2, 3):
        picture(folder / "foto" / f"a{number}.JPG", number)
    (folder / "zhurnal.csv").write_bytes(JOURNAL.encode("cp1251"))
    return folder


def read(location: Path, profile: str | None = None) -> tuple[dict[str, Row], list[Fault]]:
    file = location.parent / "profile.yaml" if location.is_file() else location / "profile.yaml"
    file.write_text(profile if profile is not None else draft(str(location)), encoding="utf-8")
    made: Iterator[Row | Fault] = SOURCE.rows(Options(location=str(location), profile=file))
    every = list(made)
    rows = {str(row.fields["source_image_id"]): row for row in every if isinstance(row, Row)}
    return rows, [fault for fault in every if isinstance(fault, Fault)]


def everything(rows: dict[str, Row], faults: list[Fault]) -> str:
    return " ".join([*(repr(row) for row in rows.values()), *map(str, faults), *map(repr, faults)])


def test_a_draft_reads_a_journal_without_a_word_of_correction(clinic: Path) -> None:
    rows, _ = read(clinic / "zhurnal.csv")
    first, second = rows["a1.jpg"].fields, rows["a2.jpg"].fields
    assert (first["diagnosis_path"], first["diagnosis_certainty"], first["icd10"]) == (BCC, "suspected", ["C44.3"])
    assert (first["sex"], first["age_years"], first["diameter_mm"]) == ("male", 57, 8.0)
    assert (first["site_path"], first["laterality"]) == ("Head and neck:Head:Face:Temple", "left")
    assert (second["diagnosis_path"], second["icd10"], second["age_years"]) == (NEVUS, ["D22.5"], 32)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "koi8-r", "utf-16"])
def test_every_encoding_of_russian_programs_gives_the_same_rows(clinic: Path, encoding: str) -> None:
    expected, _ = read(clinic / "zhurnal.csv")
    (clinic / "zhurnal.csv").write_bytes(JOURNAL.encode(encoding))
    found, faults = read(clinic / "zhurnal.csv")
    assert {key: row.fields for key, row in found.items()} == {key: row.fields for key, row in expected.items()}
    assert any("was read as" in fault.what for fault in faults)


def test_a_value_that_no_table_has_is_kept_and_named_and_never_guessed(clinic: Path) -> None:
    rows, _ = read(clinic / "zhurnal.csv")
    assert "diagnosis_path" not in rows["a3.jpg"].fields
    assert rows["a3.jpg"].fields["diagnosis_kind"] == "unmapped"
    assert rows["a3.jpg"].unmapped["diagnosis_path"] == "Мелонома"


def test_an_unmapped_diagnosis_comes_with_near_terms_and_the_line_to_add(clinic: Path) -> None:
    _, faults = read(clinic / "zhurnal.csv")
    (note,) = [fault for fault in faults if fault.rule == "K06"]
    assert (note.severity, note.value) == ("note", "Мелонома")
    assert 'values: {diagnosis: {"Мелонома": "меланома"}}' in str(note.remedy)


def test_totals_and_signatures_are_skipped_and_counted(clinic: Path) -> None:
    rows, faults = read(clinic / "zhurnal.csv")
    assert len(rows) == 3
    assert ["2 rows are totals" in fault.what for fault in faults if fault.rule == "K04"].count(True) == 1


def test_nothing_of_a_person_leaves_the_source(clinic: Path) -> None:
    text = everything(*read(clinic / "zhurnal.csv"))
    assert not [secret for secret in ("Тестов", "Проверкин", "Петров", "05.03.1965", "22-33-44") if secret in text]
    assert key_file().stat().st_mode & 0o777 == 0o600


def test_one_person_is_one_patient_and_nobody_can_try_who(clinic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _ = read(clinic / "zhurnal.csv")
    who = [rows[f"a{number}.jpg"].fields["patient_id"] for number in (1, 2, 3)]
    assert who[1] == who[2] != who[0]
    again, _ = read(clinic / "zhurnal.csv")
    assert [again[f"a{number}.jpg"].fields["patient_id"] for number in (1, 2, 3)] == who
    monkeypatch.setenv("DERMACURATE_PSEUDONYM_KEY", str(clinic / "other.key"))
    other, _ = read(clinic / "zhurnal.csv")
    assert other["a1.jpg"].fields["patient_id"] != who[0]


def test_sheets_of_other_years_may_name_and_order_columns_otherwise(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "2021"
    first.append(["Пол", "Диагноз", "Фото"])
    first.append(["м", "Базалиома", "y1.jpg"])
    second = book.create_sheet("2022")
    second.append(["Снимок", "Заключение", "М/Ж"])
    second.append(["y2.jpg", "Меланома", "жен"])
    path = tmp_path / "years.xlsx"
    book.save(path)
    rows, _ = read(path)
    assert (rows["y1.jpg"].fields["diagnosis_path"], rows["y1.jpg"].fields["sex"]) == (BCC, "male")
    assert (rows["y2.jpg"].fields["diagnosis_path"], rows["y2.jpg"].fields["sex"]) == (MELANOMA, "female")


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_identical_rows_are_one_and_different_ones_a_conflict_without_a_choice(tmp_path: Path) -> None:
    path = table(tmp_path, "Диагноз;Пол;Фото\nНевус;м;a.jpg\nНевус;м;a.jpg\nНевус;м;b.jpg\nМеланома;м;b.jpg\n")
    rows, faults = read(path)
    assert rows["a.jpg"].fields["diagnosis_path"] == NEVUS
    assert "diagnosis_path" not in rows["b.jpg"].fields
    assert set(rows["b.jpg"].fields["diagnosis_candidates"]) == {NEVUS, MELANOMA}  # type: ignore[call-overload]
    assert next(fault.severity for fault in faults if fault.rule == "K01") == "note"
    assert "conflict" in [fault.severity for fault in faults if fault.rule == "K01"]


def test_a_text_and_a_code_that_differ_in_malignancy_are_a_conflict(tmp_path: Path) -> None:
    rows, faults = read(table(tmp_path, "Диагноз;МКБ;Фото\nМеланома;D22.5;a.jpg\nневус;D22.5;b.jpg\n"))
    assert rows["a.jpg"].fields["diagnosis_path"] == MELANOMA
    assert [fault.sample_ids for fault in faults if fault.severity == "conflict"] == [("ru_table:a.jpg",)]


def test_histology_comes_before_the_clinic_and_confirms(tmp_path: Path) -> None:
    text = "Клинический диагноз;Гистология;Фото\nНевус;Меланома, Бреслоу 1,2 мм;a.jpg\nНевус;ожидается;b.jpg\n"
    rows, _ = read(table(tmp_path, text))
    first, second = rows["a.jpg"].fields, rows["b.jpg"].fields
    assert (first["diagnosis_path"], first["confirm_type"], first["breslow_mm"]) == (MELANOMA, "histopathology", 1.2)
    assert (second["diagnosis_path"], second["diagnosis_certainty"]) == (NEVUS, "definite")
    assert second.get("confirm_type") != "histopathology"


def test_a_code_alone_gives_no_more_than_it_says_and_the_region(tmp_path: Path) -> None:
    rows, _ = read(table(tmp_path, "Диагноз;МКБ;Фото\n;С44.3;a.jpg\n;С44;b.jpg\nБазалиома;;c.jpg\n"))
    assert rows["a.jpg"].fields["diagnosis_path"] == "Malignant"
    assert rows["a.jpg"].fields["site_path"] == "Head and neck:Head:Face"
    assert "site_path" not in rows["b.jpg"].fields


def test_a_file_name_with_a_name_becomes_a_hash(tmp_path: Path) -> None:
    path = table(tmp_path, "ФИО;Диагноз;Фото\nСидоркин П.П.;Невус;Сидоркин_спина.jpg\n")
    rows, faults = read(path)
    assert "идоркин" not in everything(rows, faults)
    assert all(key.endswith(".jpg") for key in rows)


def test_a_row_stays_without_a_picture_that_is_not_there(clinic: Path) -> None:
    (clinic / "foto" / "a2.JPG").unlink()
    picture(clinic / "foto" / "extra.jpg", 9)
    rows, faults = read(clinic / "zhurnal.csv")
    assert "a2.jpg" in rows
    assert {fault.rule: fault.severity for fault in faults if fault.rule in {"I03", "I13"}} == {
        "I03": "note",
        "I13": "note",
    }


def test_a_profile_gives_meaning_to_what_the_vocabulary_lacks(clinic: Path) -> None:
    profile = draft(str(clinic / "zhurnal.csv")) + "values: {diagnosis: {Мелонома: меланома}}\n"
    rows, _ = read(clinic / "zhurnal.csv", profile)
    assert rows["a3.jpg"].fields["diagnosis_path"] == MELANOMA
    assert not rows["a3.jpg"].unmapped


def test_a_shifted_row_is_a_fault_and_not_a_patient(tmp_path: Path) -> None:
    _, faults = read(table(tmp_path, "Диагноз;Пол;Фото\nНевус;м;a.jpg\nНевус;родинка;м;b.jpg\nНевус;ж;c.jpg\n"))
    assert [(fault.rule, fault.place.row) for fault in faults if fault.severity == "error" and fault.place] == [
        ("K04", 3)
    ]


def test_without_a_profile_the_next_command_is_named(clinic: Path) -> None:
    with pytest.raises(UserError, match="curate profile"):
        list(SOURCE.rows(Options(location=str(clinic / "zhurnal.csv"))))


def test_a_profile_of_another_table_is_refused(clinic: Path) -> None:
    with pytest.raises(DataFault, match="no header that holds"):
        read(clinic / "zhurnal.csv", "columns: {sex: Geschlecht}\nimages: [Bild]\n")
