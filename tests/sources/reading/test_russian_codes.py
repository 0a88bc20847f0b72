"""Codes as Russian tables type them."""

from __future__ import annotations

import pytest

from schemas import vocabulary
from sources.reading.russian_codes import icd10_codes, icd10_meaning, icdo3_codes, icdo3_meaning


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("С44.3", ("C44.3",)),
        ("C 44,3", ("C44.3",)),
        ("D225", ("D22.5",)),
        ("L70.0 Вульгарные угри", ("L70.0",)),
        ("Парапсориаз L41", ("L41",)),
        ("L21.0-Себорея головы", ("L21.0",)),
        ("С44,С46", ("C44", "C46")),
        ("МКБ-10: С43", ("C43",)),
        ("(С44._)", ("C44",)),
        ("П001", ()),
        ("8090/3", ()),
        ("", ()),
    ],
)
def test_letters_of_either_keyboard_are_one_code(text: str, codes: tuple[str, ...]) -> None:
    assert icd10_codes(text) == codes


@pytest.mark.parametrize("text", ["8090/3", "М8090/3", "M8090 / 3", "8090-3"])
def test_morphology_is_read_in_every_spelling(text: str) -> None:
    assert icdo3_codes(text) == ("8090/3",)


def test_a_code_is_never_deeper_than_it_says() -> None:
    assert icd10_meaning("C44.3").path == "Malignant"
    assert icd10_meaning("D48.5").path == "Indeterminate"
    assert icd10_meaning("L85.8").path is None
    assert icd10_meaning("L82.1").path == icd10_meaning("L82").path
    assert icd10_meaning("L82.1").known


def test_the_fourth_digit_gives_the_region_and_a_code_that_is_none_is_told() -> None:
    assert icd10_meaning("C43.5").site_path == "Trunk"
    assert not icd10_meaning("D22.8").known
    assert icd10_meaning("D22.8").path == icd10_meaning("D22").path


def test_an_unknown_morphology_still_says_how_it_behaves() -> None:
    assert [icdo3_meaning(f"9999/{digit}").path for digit in "0123"] == [
        "Benign",
        "Indeterminate",
        "Malignant",
        "Malignant",
    ]


def test_every_path_and_region_is_a_node_of_its_tree() -> None:
    rows = [*vocabulary.read("icd10_ru"), *vocabulary.read("icdo_ru")]
    assert {row["path"] for row in rows if row["path"]} <= set(vocabulary.codes("diagnosis"))
    assert {row["site_path"] for row in vocabulary.read("icd10_ru") if row["site_path"]} <= set(
        vocabulary.codes("site")
    )
