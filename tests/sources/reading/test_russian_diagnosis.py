"""Diagnoses in Russian: rules by hand, and the answer keys of the tables beside the checkout where they are."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from schemas import vocabulary
from sources.reading import russian, russian_site
from sources.reading.russian_diagnosis import Diagnosis, diagnosis, nearest
from sources.reading.tables import Record, read_table

BCC = "Malignant:Malignant adnexal epithelial proliferations - Follicular:Basal cell carcinoma"
MELANOMA = "Malignant:Malignant melanocytic proliferations (Melanoma):Melanoma, NOS"
NEVUS = "Benign:Benign melanocytic proliferations:Nevus"
SEBORRHEIC = "Benign:Benign epidermal proliferations:Seborrheic keratosis"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Базалиома", BCC),
        ("базально-клеточный рак", BCC),
        ("БКР", BCC),
        ("Базалиома кожи щеки", BCC),
        ("Кератоз себорейный", SEBORRHEIC),
        ("множественные себорейные кератозы", SEBORRHEIC),
        ("СК", SEBORRHEIC),
        ("меланома pT2a, Кларк III", MELANOMA),
        ("невус ", NEVUS),
    ],
)
def test_a_stated_diagnosis_is_definite(text: str, path: str) -> None:
    found = diagnosis(text)
    assert (found.path, found.certainty) == (path, "definite")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("БКР?", BCC),
        ("?БКР", BCC),
        ("подозрение на меланому", MELANOMA),
        ("меланома (?)", MELANOMA),
        ("нельзя исключить меланому", MELANOMA),
        ("меланома не исключена", MELANOMA),
        ("susp. меланома", MELANOMA),
        ("меланома под вопросом", MELANOMA),
    ],
)
def test_a_mark_of_doubt_keeps_the_path_and_says_suspected(text: str, path: str) -> None:
    found = diagnosis(text)
    assert (found.path, found.certainty) == (path, "suspected")


def test_a_preliminary_column_is_suspected_without_a_mark() -> None:
    assert diagnosis("невус", preliminary=True).certainty == "suspected"


@pytest.mark.parametrize(
    "text", ["невус / себорейный кератоз?", "невус или себорейный кератоз", "1. невус 2. СК", "1) невус 2) СК"]
)
def test_alternatives_are_a_group_and_never_one_of_them(text: str) -> None:
    found = diagnosis(text)
    assert (found.kind, found.certainty, set(found.candidates)) == ("group", "differential", {NEVUS, SEBORRHEIC})
    assert found.path == "Benign"


def test_alternatives_of_different_malignancy_have_no_common_path() -> None:
    found = diagnosis("БКР или невус")
    assert found.path is None
    assert vocabulary.malignancy_of(found.path, found.candidates, found.kind) == "mixed"


def test_two_names_of_one_disease_are_no_alternatives() -> None:
    assert diagnosis("дерматофиброма (гистиоцитома)").certainty == "definite"


def test_what_is_denied_is_kept_apart_and_never_the_diagnosis() -> None:
    found = diagnosis("невус, признаков меланомы не выявлено")
    assert (found.path, found.certainty) == (NEVUS, "definite")
    assert "excluded" in {label.certainty for label in found.labels}


def test_what_was_before_is_history() -> None:
    found = diagnosis("рубец после иссечения базалиомы")
    assert found.path is not None
    assert found.path.endswith("Scar")
    assert diagnosis("меланома в анамнезе").path is None


@pytest.mark.parametrize("text", ["образование", "новообразование кожи", "ак", "фыва"])
def test_what_no_table_has_is_unmapped_and_never_guessed(text: str) -> None:
    assert diagnosis(text).unmapped
    assert diagnosis(text).path is None


def test_an_empty_cell_is_no_diagnosis() -> None:
    assert diagnosis("") == Diagnosis()


def test_every_term_of_the_vocabulary_leads_to_its_own_node() -> None:
    wrong = [
        row["term"]
        for row in vocabulary.read("ru_diagnosis")
        if row["status"] in {"exact", "broader"} and diagnosis(row["term"]).path != row["code"]
    ]
    assert wrong == []


@pytest.mark.real
def test_the_journal_with_doubt_and_alternatives_is_read_as_its_answer_key_says(shared: Path) -> None:
    folder = shared / "data" / "tables_ru"
    with (folder / "d3_konsilium.key.csv").open(encoding="utf-8-sig", newline="") as lines:
        key = {row["image_file"]: row for row in csv.DictReader(lines)}
    table = read_table(folder / "d3_konsilium" / "konsilium.tsv", header_holds="№")
    wrong = []
    for record in table.records():
        assert isinstance(record, Record)
        expected = key[record.cells["Фото (дерматоскоп)"]]
        final, first = record.cells["Заключение консилиума"], record.cells["Предв. диагноз"]
        found = diagnosis(first, preliminary=True) if russian.is_empty(final) else diagnosis(final)
        path = found.path if found.certainty != "differential" else None
        if (path or "", found.certainty or "") != (expected["diagnosis_path"], expected["certainty"]):
            wrong.append((final or first, path, found.certainty, expected["diagnosis_path"], expected["certainty"]))
    assert wrong == []


@pytest.mark.real
def test_the_journal_of_a_clinic_is_read_as_its_answer_key_says(shared: Path) -> None:
    folder = shared / "data" / "tables_ru"
    with (folder / "d1_poliklinika.key.csv").open(encoding="utf-8-sig", newline="") as lines:
        key = {row["image_file"]: row for row in csv.DictReader(lines)}
    table = read_table(folder / "d1_poliklinika" / "priem_2021.csv", header_holds="Диагноз")
    wrong = []
    for record in table.records():
        if not isinstance(record, Record):
            continue
        expected, cells = key[record.cells["Снимок"]], record.cells
        found = (
            diagnosis(cells["Диагноз"]).path or "",
            russian.icd10(cells["Код"]) or "",
            russian_site.site(cells["Очаг"]).path or "",
            russian.sex(cells["Пол"]).code,
        )
        if found != tuple(expected[name] for name in ("diagnosis_path", "icd10", "site_path", "sex")):
            wrong.append((cells["Снимок"], found))
        assert russian.size_mm(cells["Размер"]) == pytest.approx(float(expected["diameter_mm"]))
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Пигментный невус без признаков малигнизации", NEVUS),
        ("БАЗАЛИОМА КОЖИ НОСА", BCC),
        ("C44.3 Базалиома", BCC),
        ("БКР, 8090/3", BCC),
        ("базалиома, солидная форма", BCC),
    ],
)
def test_codes_forms_and_denials_beside_a_name_do_not_change_it(text: str, path: str) -> None:
    found = diagnosis(text)
    assert (found.path, found.certainty) == (path, "definite")


@pytest.mark.parametrize(
    "text", ["Дисплостический невус", "Мелонома", "невус с признаками малигнизации", "Невус с озлокачествлением"]
)
def test_a_misspelling_or_a_word_that_changes_the_disease_is_never_mapped(text: str) -> None:
    assert diagnosis(text).unmapped


def test_what_is_misspelt_has_near_terms_to_choose_from() -> None:
    assert nearest("Дисплостический невус")[0] == "диспластический невус"


@pytest.mark.parametrize("text", ["не меланома", "данных за меланому нет", "меланома исключена"])
def test_what_is_denied_is_no_diagnosis(text: str) -> None:
    assert diagnosis(text).path is None


def test_two_questions_are_two_alternatives() -> None:
    assert set(diagnosis("Невус? Меланома?").candidates) == {NEVUS, MELANOMA}
