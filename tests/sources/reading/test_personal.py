from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sources.reading.personal import personal_text, refused_column


@pytest.mark.parametrize(
    "name",
    [
        "Patient Name", "patient_name", "surname", "ФИО", "Ф.И.О.", "фамилия", "date_of_birth", "DOB", "Дата рождения",
        "дата осмотра", "Адрес проживания", "phone", "Телефон", "e-mail", "СНИЛС", "паспорт", "MRN", "№ карты",
        "gps_latitude", "race_ethnicity_two_or_more", "background_father", "has_piped_water", "device serial number",
    ],
)  # fmt: skip
def test_columns_that_say_who_a_person_is_are_refused(name: str) -> None:
    assert refused_column(name) is not None


@pytest.mark.parametrize(
    "name",
    [
        "image", "image_name", "file", "patient_id", "lesion_id", "age", "age_years", "sex", "diagnosis", "anatom_site",
        "fitzpatrick", "диагноз", "возраст", "пол", "локализация", "код пациента", "номер очага", "traced",
    ],
)  # fmt: skip
def test_columns_of_the_field_are_not(name: str) -> None:
    assert refused_column(name) is None


@pytest.mark.parametrize(
    "text",
    [
        "Иванова М. П.", "снимок Петров И.И..jpg", "Мария Ивановна 1.jpg", "Ivanova_M.P..jpg", "12.03.2019",
        "2019-03-12 scan.jpg", "IMG_20190312_101010.jpg", "+7 (912) 345-67-89", "8 912 345-67-89", "a.b@clinic.ru",
        "112-233-445 95",
    ],
)  # fmt: skip
def test_texts_that_say_who_a_person_is_are_seen(text: str) -> None:
    assert personal_text(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "ISIC_0024306", "PAT_1516_1765_530.png", "imya_снимок №1.jpg", "images/plain.jpg", "HAM_0003301", "80.0",
        "45.5", "7,3 мм", "DSC_0001.JPG", "невус спина слева", "scan 12-03", "1.2.840.10008.5.1.4",
        "Trunk:Posterior trunk",
    ],
)  # fmt: skip
def test_ids_and_measures_are_not(text: str) -> None:
    assert personal_text(text) is None


@pytest.mark.real
@pytest.mark.parametrize(
    "table", ["HAM10000_metadata.csv", "PAD-UFES-20_metadata.csv", "MILK10k_Training_Metadata.csv"]
)
def test_no_cell_of_a_published_table_is_taken_for_a_person(table: str, shared: Path) -> None:
    with (shared / "data/tables" / table).open(encoding="utf-8", newline="") as lines:
        found = {cell for row in csv.reader(lines) for cell in row if personal_text(cell)}
    assert found == set()
