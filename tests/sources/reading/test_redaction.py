"""What says who a person is, in texts of Russian tables."""

from __future__ import annotations

import pytest

from sources.reading.redaction import REDACTED, Redactor, is_person, is_snils, personal_kind


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("контакт: +79000003962", f"контакт: {REDACTED}"),
        ("8(900)0004594", REDACTED),
        ("8-900-000-47-05", REDACTED),
        ("+7 (900) 000-95-46", REDACTED),
        ("полис 1234567890123456", REDACTED),
        ("направил Петров П.П.", f"направил {REDACTED}"),
        ("И.П. Кузнецов", REDACTED),
        ("мама Анна Петровна", f"мама {REDACTED}"),
        ("ул. Ленина, д. 5, кв. 7", REDACTED),
        ("осмотр 12.03.2021", f"осмотр {REDACTED}"),
        ("test@example.ru", REDACTED),
    ],
)
def test_what_has_the_form_of_personal_data_is_taken_out(text: str, left: str) -> None:
    redact = Redactor()
    assert redact(text) == left
    assert redact.count == 1
    assert personal_kind(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Болезнь Боуэна",
        "Невус Шпица",
        "2х1 мм",
        "голень (слева)",
        "pT2aN0M0, Кларк III, Бреслоу 1,2 мм",
        "8090/3",
        "С44.3",
    ],
)
def test_medicine_stays(text: str) -> None:
    redact = Redactor(["Боуэн А.А.", "Голень О.О."])
    assert redact(text) == text
    assert redact.count == 0


@pytest.mark.parametrize("text", ["сказать Сидоровой", "СИДОРОВА", "Sidorova_spina.jpg", "у сидорову"])
def test_a_surname_of_the_table_is_found_in_every_case_and_in_latin_letters(text: str) -> None:
    assert "idorov" not in Redactor(["Сидорова Мария Петровна"])(text).casefold().replace("сидоров", "idorov")


def test_check_digits_tell_a_number_of_the_pension_fund() -> None:
    # 112-233-445 95 is the example of the fund's own rule.
    assert is_snils("112-233-445 95")
    assert is_snils("11223344595")
    assert not is_snils("112-233-445 96")
    assert not is_snils("123")


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Условный Ф.С.", True),
        ("Иванов Иван", True),
        ("ИВАНОВ ИВАН ИВАНОВИЧ", True),
        ("Базалиома", False),
        ("Себорейный кератоз", False),
        ("П001", False),
        ("спина", False),
    ],
)
def test_a_person_is_told_from_a_disease(text: str, person: bool) -> None:
    assert is_person(text) is person
