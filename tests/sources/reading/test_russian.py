"""Cells of Russian tables: expected values are written out by hand from design/sources/russian_sources.md."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import vocabulary
from sources.reading import russian, russian_site


@pytest.mark.parametrize("text", ["", " ", "-", "—", "н/д", "Б/Д", "не указано", "\u00a0"])
def test_a_cell_that_says_nothing_is_null_and_not_unmapped(text: str) -> None:
    assert russian.is_empty(text)
    assert russian.sex(text) == russian.Value()
    assert russian.age(text) == russian.Age()
    assert russian_site.site(text) == russian_site.Site()


@pytest.mark.parametrize(
    ("text", "code"), [("М", "male"), ("M", "male"), ("жен.", "female"), ("Мужской", "male"), ("ж", "female")]
)
def test_sex_is_read_with_latin_and_cyrillic_letters(text: str, code: str) -> None:
    assert russian.sex(text).code == code


def test_a_bare_one_is_no_sex_without_a_profile() -> None:
    assert russian.sex("1") == russian.Value(unmapped=True)


@pytest.mark.parametrize(
    ("text", "years", "method"),
    [
        ("45", 45, "exact"),
        ("45,0", 45, "exact"),
        ("45 лет", 45, "text"),
        ("21 год", 21, "text"),
        ("33 года", 33, "text"),
        ("31г.", 31, "text"),
        ("45 л.", 45, "text"),
        ("6 мес.", 0, "text"),
        ("1 г. 3 мес.", 1, "text"),
        ("18 мес", 1, "text"),
        ("3 недели", 0, "text"),
    ],
)
def test_an_age_is_read_in_completed_years(text: str, years: int, method: str) -> None:
    assert russian.age(text) == russian.Age(years=years, method=method)


@pytest.mark.parametrize("text", [">85", "старше 85 лет"])
def test_an_open_age_gives_its_lower_end_and_no_point(text: str) -> None:
    assert russian.age(text) == russian.Age(low=85, method="over")


@pytest.mark.parametrize("text", ["145", "сорок", "4S", "-3", "1965 г.р."])
def test_what_is_no_age_is_unmapped(text: str) -> None:
    assert russian.age(text).unmapped


@given(st.integers(min_value=0, max_value=120))
def test_every_age_in_words_comes_back(years: int) -> None:
    word = (
        "лет" if 11 <= years % 100 <= 14 or years % 10 in {0, 5, 6, 7, 8, 9} else "год" if years % 10 == 1 else "года"
    )
    assert russian.age(f"{years} {word}").years == years


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("II", "II"),
        ("2", "II"),
        ("III тип", "III"),
        ("II–III", "II-III"),
        ("I — II", "I-II"),
        ("1/2", "I-II"),
        ("II или III", "II-III"),
        ("светлый (I-II)", "I-II"),
        ("тип II по Фицпатрику", "II"),
    ],
)
def test_a_pair_of_skin_types_stays_a_pair(text: str, code: str) -> None:
    assert russian.phototype(text).code == code


def test_what_a_spreadsheet_made_of_two_three_is_not_guessed() -> None:
    assert russian.phototype("02.мар") == russian.Value(unmapped=True)


def test_every_skin_type_of_the_vocabulary_is_a_code_of_the_schema() -> None:
    read = {russian.phototype(row["term"]).code for row in vocabulary.read("ru_phototype")} - {None}
    assert read <= set(vocabulary.codes("fitzpatrick"))


@pytest.mark.parametrize(
    ("text", "path", "side"),
    [
        ("спина", "Trunk:Posterior trunk", None),
        ("голень (слева)", "Lower extremity:Lower leg", "left"),
        ("правый висок", "Head and neck:Head:Face:Temple", "right"),
        ("кожа щеки", "Head and neck:Head:Face:Cheek", None),
        ("ВЧГ", "Head and neck:Head:Scalp", None),
        ("стопа (лев.)", "Lower extremity:Foot", "left"),
    ],
)
def test_a_site_is_read_with_its_side(text: str, path: str, side: str | None) -> None:
    assert russian_site.site(text) == russian_site.Site(path, side)


def test_a_word_that_names_no_place_is_unmapped() -> None:
    assert russian_site.site("кожа") == russian_site.Site(unmapped=True)


@pytest.mark.parametrize(
    ("text", "side"), [("слева", "left"), ("прав.", "right"), ("по средней линии", "midline"), ("П", "right")]
)
def test_a_column_of_sides_is_read(text: str, side: str) -> None:
    assert russian_site.laterality(text).code == side


@pytest.mark.parametrize(
    ("text", "millimeters"),
    [("7,3 мм", 7.3), ("7,3", 7.3), ("0,8×0,6 см", 8.0), ("14,5х10,1", 14.5), ("2,0 см", 20.0), ("12*8", 12.0)],
)
def test_the_largest_diameter_is_taken_in_millimeters(text: str, millimeters: float) -> None:
    assert russian.size_mm(text) == pytest.approx(millimeters)


@pytest.mark.parametrize(("text", "value"), [("1,5", 1.5), ("1\u00a0200,5", 1200.5), ("12", 12.0), ("много", None)])
def test_a_number_has_a_decimal_comma(text: str, value: float | None) -> None:
    assert russian.number(text) == value


@pytest.mark.parametrize(
    "text", ["05.03.2021", "5.3.21", "2021-03-05", "05/03/2021", "5 марта 2021 г.", "05.03.2021 00:00:00"]
)
def test_a_date_is_read_day_first(text: str) -> None:
    assert russian.date(text) == dt.date(2021, 3, 5)


def test_may_is_no_march_and_a_day_that_is_none_is_no_date() -> None:
    assert russian.date("12 мая 2021 г.") == dt.date(2021, 5, 12)
    assert russian.date("31.02.2021") is None


def test_a_two_digit_year_after_29_lies_in_the_last_century() -> None:
    assert russian.date("1.2.65") == dt.date(1965, 2, 1)


@pytest.mark.parametrize(
    ("text", "code"), [("С44.3", "C44.3"), ("C 44,3", "C44.3"), ("D22.5", "D22.5"), ("L 90.8", "L90.8"), ("нет", None)]
)
def test_a_code_typed_with_a_cyrillic_letter_is_the_same_code(text: str, code: str | None) -> None:
    assert russian.icd10(text) == code


def test_a_confirmation_that_was_refused_or_is_awaited_is_null() -> None:
    assert russian.confirmation("ПГИ").code == "histopathology"
    assert russian.confirmation("ожидается") == russian.Value()


def test_the_kind_of_picture_is_read_with_the_kind_of_light() -> None:
    assert russian.image_type("макро") == (russian.Value("clinical: close-up"), None)
    assert russian.image_type("иммерсия") == (russian.Value("dermoscopic"), "contact non-polarized")


@pytest.mark.parametrize(
    ("text", "path", "side"),
    [
        ("спина, под лопаткой", "Trunk:Posterior trunk:Mid back", None),
        ("правая голень, передняя поверхность", "Lower extremity:Lower leg:Shin", "right"),
        ("туловище (спина)", "Trunk:Posterior trunk", None),
        ("III палец левой кисти", "Upper extremity:Hand:Fingers and thumb", "left"),
        ("л. щека", "Head and neck:Head:Face:Cheek", "left"),
        ("Голень П", "Lower extremity:Lower leg", "right"),
        ("левая голень, н/3", "Lower extremity:Lower leg", "left"),
        ("спина/поясница", "Trunk:Posterior trunk", None),
    ],
)
def test_places_are_composed_and_several_are_what_they_share(text: str, path: str, side: str | None) -> None:
    assert russian_site.site(text) == russian_site.Site(path, side)


@pytest.mark.parametrize("text", ["около носа", "щека и стопа"])
def test_what_is_near_a_place_or_far_apart_is_no_place(text: str) -> None:
    assert russian_site.site(text).path is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Гистологическое заключение №123", "histopathology"),
        ("Консилиум врачей-онкологов", "single image expert consensus"),
        ("ожидает гистологию", None),
        ("биопсия назначена", None),
        ("без гистологии", None),
    ],
)
def test_a_method_is_known_by_its_stem_and_a_plan_is_none(text: str, code: str | None) -> None:
    assert russian.confirmation(text) == russian.Value(code)


def test_a_disease_in_the_column_of_methods_is_left_to_a_person() -> None:
    assert russian.confirmation("невус без атипии").unmapped


@pytest.mark.parametrize(
    ("text", "code"), [("II фототип по Фицпатрику", "II"), ("тип III–IV", "III-IV"), ("2-й", "II")]
)
def test_a_skin_type_is_found_among_words(text: str, code: str) -> None:
    assert russian.phototype(text).code == code


@pytest.mark.parametrize("text", ["I-IV", "VII", "02.мар", "4-2"])
def test_what_is_no_pair_of_neighbors_is_not_guessed(text: str) -> None:
    assert russian.phototype(text).unmapped
